/* links.c - starling links list | info | sample. */
#include "starling/commands/command.h"
#include "starling/commands/link_sample.h"
#include "starling/commands/link_words.h"
#include "starling/report/table.h"
#include "starling/run/output.h"

#include <math.h>
#include <stdio.h>

enum { BAR = 40, FEW = 1000 };

static json_t *json_of_preset(const sl_link_preset *preset) {
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "name", preset->name, "summary", preset->summary, "source",
                     preset->source, "delay", preset->delay, "loss", preset->loss, "order", preset->order);
}

static sl_status print_list(bool json) {
    if (!json) {
        for (int i = 0; sl_links_preset(i); i++)
            printf("%-22s %s\n", sl_links_preset(i)->name, sl_links_preset(i)->summary);
        return SL_OK;
    }
    bool failed = false;
    json_t *object = json_object(), *list = json_array();
    for (int i = 0; sl_links_preset(i); i++)
        if (json_array_append_new(list, json_of_preset(sl_links_preset(i))) != 0) failed = true;
    sl_json_set(object, "presets", list, &failed);
    return sl_json_print(object, failed);
}

sl_status sl_cmd_links_list(const char *path, int argc, char **argv) {
    bool json = false;
    const sl_option options[] = {{"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &json, 0, 0}};
    sl_usage usage = {path, "", "Lists the links that have a name, one a line.", 0, 0, 1, options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    return args.done ? SL_OK : print_list(json);
}

static json_t *json_of_figures(const sl_link_figures *f) {
    bool failed = false;
    json_t *object = json_object();
    SL_JSON_SET(object, &failed, {"mean", sl_json_number(f->mean)}, {"p50", sl_json_number(f->p50)},
                {"p90", sl_json_number(f->p90)}, {"p99", sl_json_number(f->p99)}, {"p999", sl_json_number(f->p999)},
                {"max", sl_json_number(f->most)}, {"loss_rate", sl_json_number(f->loss_rate)},
                {"mean_burst", sl_json_number(f->burst)});
    if (!failed) return object;
    json_decref(object);
    return NULL;
}

// a delay may be infinite: one of a power law of almost no shape
static json_t *json_of_bin(const sl_link_sample *sample, int b) {
    return json_pack("{s:o,s:o,s:f}", "from", sl_json_number(sample->from[b]), "to", sl_json_number(sample->to[b]),
                     "share", sample->share[b]);
}

static void set_number(sl_table *table, int column, double value, double factor, const char *unit) {
    if (!isfinite(value)) return;
    if (fabs(value * factor) >= 1000.0)
        sl_table_set(table, column, "%.0f%s", value * factor, unit);
    else
        sl_table_set(table, column, "%.4g%s", value * factor, unit);
}

// of: whose, where there are several
static sl_status add_row(sl_table *table, const char *of, const sl_channel_def *def, const char *what,
                         const sl_link_figures *f) {
    SL_TRY(sl_table_add_row(table));
    if (of) sl_table_set(table, 1, "%s", of);
    sl_table_set(table, 0, "%s, %s", what, def->delay.in_steps ? "steps" : "ms");
    const double numbers[] = {f->mean, f->p50, f->p90, f->p99, f->p999, f->most};
    for (int k = 0; k < 6; k++) set_number(table, 2 + k, numbers[k], 1.0, "");
    set_number(table, 8, f->loss_rate, 100.0, " %");
    set_number(table, 9, f->burst, 1.0, "");
    return SL_OK;
}

// samples: one a channel, or NULL: closed forms alone
static sl_status print_figures(const sl_named_channels *channels, const sl_link_sample *samples) {
    static const char *const titles[] = {"delay", "of", "mean", "p50", "p90", "p99", "p99.9", "max", "lost", "burst"};
    sl_table *table = NULL;
    SL_TRY(sl_table_create(10, 2, titles, &table));
    sl_table_hide_empty(table, 1);
    sl_status status = SL_OK;
    for (int k = 0; k < channels->n && status == SL_OK; k++) {
        const sl_named_channel *channel = &channels->channels[k];
        const char *of = channels->n > 1 ? channel->of : NULL;
        sl_link_figures closed = sl_link_closed_form(&channel->def);
        status = add_row(table, of, &channel->def, "closed form", &closed);
        if (status == SL_OK && samples) status = add_row(table, of, &channel->def, "measured", &samples[k].figures);
    }
    if (status == SL_OK) {
        printf("\n");
        sl_table_print(table, stdout);
    }
    sl_table_destroy(&table);
    return status;
}

static sl_status print_json(const sl_named_channels *channels, const sl_link_sample *samples, int64_t n,
                            int64_t seed) {
    bool failed = false;
    json_t *object = json_object(), *list = json_array();
    for (int k = 0; k < channels->n; k++) {
        json_t *entry = sl_named_channel_json(&channels->channels[k]);
        sl_link_figures closed = sl_link_closed_form(&channels->channels[k].def);
        sl_json_set(entry, "closed_form", json_of_figures(&closed), &failed);
        if (samples) {
            json_t *bins = json_array();
            for (int b = 0; b < samples[k].n_bins; b++)
                if (json_array_append_new(bins, json_of_bin(&samples[k], b)) != 0) failed = true;
            sl_json_set(entry, "measured", json_of_figures(&samples[k].figures), &failed);
            sl_json_set(entry, "histogram", bins, &failed);
        }
        if (json_array_append_new(list, entry) != 0) failed = true;
    }
    sl_json_set(object, "name", json_string(channels->name), &failed);
    if (samples) SL_JSON_SET(object, &failed, {"n", json_integer(n)}, {"seed", json_integer(seed)});
    sl_json_set(object, "channels", list, &failed);
    return sl_json_print(object, failed);
}

sl_status sl_cmd_links_info(const char *path, int argc, char **argv) {
    bool json = false;
    sl_link_flags flags = {0};
    const sl_option options[] = {SL_LINK_OPTIONS(&flags),
                                 {"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &json, 0, 0}};
    static const char text[] =
        "Shows a link: its words, its source, and the mean, percentiles and losses that follow "
        "from them. NAME is a preset or a file with a section 'links'.";
    sl_usage usage = {path, "[NAME]", text, 0, 1, 3, options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    sl_named_channels *channels = NULL;
    SL_TRY(sl_named_channels_create(args.n > 0 ? args.v[0] : NULL, &flags, &channels));
    sl_status status;
    if (json) {
        status = print_json(channels, NULL, 0, 0);
    } else {
        sl_named_channels_print(channels);
        status = print_figures(channels, NULL);
    }
    sl_named_channels_destroy(&channels);
    return status;
}

static void print_bars(const char *of, const sl_named_channel *channel, const sl_link_sample *sample) {
    double most = 0.0;
    for (int b = 0; b < sample->n_bins; b++)
        if (sample->share[b] > most) most = sample->share[b];
    printf("\n%s%sshare of delays in %s\n", of, of[0] ? ": " : "", channel->def.delay.in_steps ? "steps" : "ms");
    for (int b = 0; b < sample->n_bins; b++) {
        char bar[BAR + 1] = "";
        int n = (int)(sample->share[b] / most * BAR + 0.5);
        // what happened at all is seen
        if (n == 0 && sample->share[b] > 0.0) n = 1;
        for (int k = 0; k < n; k++) bar[k] = '#';
        char range[40];
        if (sample->has_values)
            (void)snprintf(range, sizeof range, "%.4g", sample->from[b]);
        else
            (void)snprintf(range, sizeof range, "%.4g to %.4g", sample->from[b], sample->to[b]);
        printf("  %20s %6.2f %% %s\n", range, 100.0 * sample->share[b], bar);
    }
}

static sl_status sample_all(const sl_named_channels *channels, bool json, int64_t n, int64_t seed) {
    static sl_link_sample samples[1 + SL_LINKS_MAX_RULES];
    for (int k = 0; k < channels->n; k++)
        SL_TRY(sl_link_measure(&channels->channels[k].def, n, (uint64_t)seed, &samples[k]));
    if (json) return print_json(channels, samples, n, seed);
    sl_named_channels_print(channels);
    SL_TRY(print_figures(channels, samples));
    for (int k = 0; k < channels->n; k++)
        print_bars(channels->n > 1 ? channels->channels[k].of : "", &channels->channels[k], &samples[k]);
    if (n < FEW) sl_print_wrapped(stdout, 2, "\n%lld are few for p99.9: --n says more\n", (long long)n);
    return SL_OK;
}

sl_status sl_cmd_links_sample(const char *path, int argc, char **argv) {
    bool json = false;
    int64_t n = 100000, seed = 1;
    sl_link_flags flags = {0};
    const sl_option options[] = {SL_LINK_OPTIONS(&flags),
                                 {"n", SL_OPTION_INT, "N", "how many messages (100000)", &n, 1, 10000000},
                                 {"seed", SL_OPTION_INT, "N", "of the draws (1)", &seed, 0, 9007199254740992.0},
                                 {"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &json, 0, 0}};
    static const char text[] =
        "Draws the delays and losses of messages over a link and prints them beside their closed "
        "forms, with a histogram. NAME is a preset or a file with a section 'links'.";
    sl_usage usage = {path, "[NAME]", text, 0, 1, 5, options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    sl_named_channels *channels = NULL;
    SL_TRY(sl_named_channels_create(args.n > 0 ? args.v[0] : NULL, &flags, &channels));
    sl_status status = sample_all(channels, json, n, seed);
    sl_named_channels_destroy(&channels);
    return status;
}
