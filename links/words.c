/* words.c - from the words of one channel to its definition: sl_channel_parse of links.h. */
#include "links/links.h"

#include "common/alloc.h"
#include "common/nearest.h"
#include "links/delay_words.h"
#include "links/reader.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool says(const char *text) {
    return text && text[0];
}

static sl_status parse_loss(const sl_reader *given, sl_loss *out) {
    static const char hint[] = "write one probability, or 'gilbert-elliott P_BAD P_GOOD [LOSE_GOOD LOSE_BAD]', "
                               "each in [0, 1]";
    sl_reader reader = *given;
    const char *word;
    size_t n = sl_reader_word(&reader, &word);
    bool bursts = sl_word_is(word, n, "gilbert-elliott");
    if (bursts) n = sl_reader_word(&reader, &word);
    double p[4] = {0.0, 0.0, 0.0, 1.0};
    int n_given = 0;
    for (; n > 0; n = sl_reader_word(&reader, &word), n_given++) {
        if (n_given == (bursts ? 4 : 1)) return sl_reader_refuse(given, hint, "there are too many words");
        if (!sl_word_number(word, n, &p[n_given])) return sl_reader_refuse(given, hint, "one word is no number");
        if (p[n_given] < 0.0 || p[n_given] > 1.0)
            return sl_reader_refuse(given, hint, "a probability is outside [0, 1]");
    }
    if (bursts ? n_given != 2 && n_given != 4 : n_given != 1)
        return sl_reader_refuse(given, hint, "a number is missing");
    *out = bursts ? (sl_loss){p[0], p[1], p[2], p[3]} : (sl_loss){.lose_good = p[0]};
    return SL_OK;
}

static sl_status parse_order(const sl_reader *reader, bool *reorders) {
    *reorders = strcmp(reader->text, "reorder") == 0;
    if (*reorders || strcmp(reader->text, "fifo") == 0) return SL_OK;
    return sl_reader_refuse(reader, "fifo: none overtakes another; reorder: each comes when it comes",
                            "is not fifo or reorder");
}

static sl_status parse_outages(const sl_reader *given, sl_channel_def *out) {
    static const char hint[] = "write at most 16 of BEGIN..END, in steps, the end not among them: '10..20 40..45'";
    sl_reader reader = *given;
    const char *word;
    out->n_outages = 0;
    for (size_t n; (n = sl_reader_word(&reader, &word)) > 0;) {
        sl_outage outage;
        if (out->n_outages == SL_LINKS_MAX_OUTAGES) return sl_reader_refuse(given, hint, "there are more than 16");
        if (!memchr(word, '.', n) || !sl_word_range(word, n, &outage.begin, &outage.end))
            return sl_reader_refuse(given, hint, "one word is not BEGIN..END");
        if (outage.end <= outage.begin) return sl_reader_refuse(given, hint, "an outage ends before it starts");
        out->outages[out->n_outages++] = outage;
    }
    return SL_OK;
}

static sl_status check_number(const char *where, const char *key, double value, double most, const char *range) {
    if (value >= 0.0 && value <= most) return SL_OK;
    return sl_fail(SL_CONFIG, "docs/links.md lists the keys", "key '%s.%s': %g is outside %s", where, key, value,
                   range);
}

static sl_status refuse_preset(const sl_reader *reader) {
    const char *names[32];
    char hint[256] = "";
    int n = 0;
    for (const sl_link_preset *p; n < 32 && (p = sl_links_preset(n));) names[n++] = p->name;
    const char *near = sl_nearest_name(reader->text, n, names);
    if (near) (void)snprintf(hint, sizeof hint, "did you mean '%s'?", near);
    for (int i = 0; i < n && !near; i++) {
        size_t at = strlen(hint);
        (void)snprintf(hint + at, sizeof hint - at, "%s%s", i == 0 ? "there are " : ", ", names[i]);
    }
    return sl_reader_refuse(reader, hint, "there is no such preset");
}

void sl_channel_def_fini(sl_channel_def *def) {
    sl_free(def->delay.values);
    sl_free(def->delay.weights);
    *def = (sl_channel_def){0};
}

// what words say becomes out's, whose delay is freed where another takes its place
static sl_status take_delay(const char *where, const char *text, sl_channel_def *out) {
    sl_reader reader = sl_reader_of(where, "delay", text);
    sl_delay delay;
    SL_TRY(sl_delay_parse(&reader, &delay));
    sl_free(out->delay.values);
    sl_free(out->delay.weights);
    out->delay = delay;
    return SL_OK;
}

static sl_status take_words(const char *where, const sl_link_words *words, sl_channel_def *out) {
    if (says(words->delay)) SL_TRY(take_delay(where, words->delay, out));
    if (says(words->loss)) {
        sl_reader reader = sl_reader_of(where, "loss", words->loss);
        SL_TRY(parse_loss(&reader, &out->loss));
    }
    if (says(words->order)) {
        sl_reader reader = sl_reader_of(where, "order", words->order);
        SL_TRY(parse_order(&reader, &out->reorders));
    }
    if (says(words->outages)) {
        sl_reader reader = sl_reader_of(where, "outages", words->outages);
        SL_TRY(parse_outages(&reader, out));
    }
    if (!isnan(words->duplicate)) {
        SL_TRY(check_number(where, "duplicate", words->duplicate, 1.0, "[0, 1]"));
        out->duplicate = words->duplicate;
    }
    if (!isnan(words->rate)) {
        SL_TRY(check_number(where, "rate", words->rate, 1e9, "[0, 1e9]"));
        out->rate = words->rate;
    }
    return SL_OK;
}

// a preset says everything: what stood before is gone
static sl_status take_preset(const char *where, const char *name, sl_channel_def *out) {
    sl_reader reader = sl_reader_of(where, "preset", name);
    const sl_link_preset *preset = sl_links_find_preset(name);
    if (!preset) return refuse_preset(&reader);
    sl_channel_def_fini(out);
    sl_delay delay = {0};
    reader = sl_reader_of(where, "delay", preset->delay);
    SL_TRY(sl_delay_parse(&reader, &delay));
    out->delay = delay;
    reader = sl_reader_of(where, "loss", preset->loss);
    SL_TRY(parse_loss(&reader, &out->loss));
    reader = sl_reader_of(where, "order", preset->order);
    return parse_order(&reader, &out->reorders);
}

static sl_status copy_array(const double *from, int n, double **out) {
    *out = from ? sl_alloc_copy(from, (size_t)n * sizeof *from) : NULL;
    return from && !*out ? sl_fail(SL_MEMORY, NULL, "no memory for a link's delays") : SL_OK;
}

sl_status sl_channel_parse(const char *where, const sl_link_words *words, const sl_channel_def *base,
                           sl_channel_def *out) {
    sl_channel_def def = base ? *base : (sl_channel_def){0};
    def.delay.values = def.delay.weights = NULL;
    sl_status status = SL_OK;
    if (base) status = copy_array(base->delay.values, base->delay.n, &def.delay.values);
    if (base && status == SL_OK) status = copy_array(base->delay.weights, base->delay.n, &def.delay.weights);
    if (status == SL_OK && says(words->preset)) status = take_preset(where, words->preset, &def);
    if (status == SL_OK) status = take_words(where, words, &def);
    if (status != SL_OK) {
        sl_channel_def_fini(&def);
        return status;
    }
    *out = def;
    return SL_OK;
}
