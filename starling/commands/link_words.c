/* link_words.c - see link_words.h. */
#include "starling/commands/link_words.h"

#include "common/alloc.h"
#include "experiment/links_text.h"
#include "starling/run/links_choice.h"
#include "starling/run/output.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

static const char name_hint[] = "'starling links list' has the presets; --delay and --loss do without one";

static bool says(const char *text) {
    return text && text[0];
}

// a bad word of a flag is a matter of usage
static sl_status as_usage(sl_status status) {
    sl_error error;
    if (status != SL_CONFIG) return status;
    sl_error_save(&error);
    return sl_fail(SL_USAGE, error.hint[0] ? error.hint : NULL, "%s", error.what);
}

// one more channel: words over base
static sl_status add(sl_named_channels *self, const char *of, const sl_link_words *words,
                     const sl_channel_def *base) {
    sl_named_channel *channel = &self->channels[self->n];
    SL_TRY(sl_channel_parse(of, words, base, &channel->def));
    (void)snprintf(channel->of, sizeof channel->of, "%s", of);
    channel->words = *words;
    self->n++;
    return SL_OK;
}

static sl_status add_section(sl_named_channels *self) {
    SL_TRY(sl_experiment_load_links(self->name, &self->section));
    SL_TRY(add(self, "links", &self->section.words, NULL));
    if (self->section.n_rules > SL_LINKS_MAX_RULES)
        return sl_fail(SL_CONFIG, NULL, "%s: more than %d rules", self->name, SL_LINKS_MAX_RULES);
    for (unsigned r = 0; r < self->section.n_rules; r++) {
        char of[32];
        (void)snprintf(of, sizeof of, "links.rules[%u]", r);
        SL_TRY(add(self, of, &self->section.rules[r].words, &self->channels[0].def));
    }
    return SL_OK;
}

static sl_status add_flags(sl_named_channels *self, const sl_link_preset *preset, const sl_link_flags *flags) {
    sl_link_words words = {0};
    if (preset) words = (sl_link_words){.preset = (char *)preset->name};
    words.delay = (char *)flags->delay, words.loss = (char *)flags->loss;
    SL_TRY(as_usage(add(self, "links", &words, NULL)));
    if (!says(flags->delay) && !says(flags->loss)) self->channels[0].preset = preset;
    return SL_OK;
}

static sl_status fill(sl_named_channels *self, const char *name, const sl_link_flags *flags) {
    const sl_link_preset *preset = name ? sl_links_find_preset(name) : NULL;
    bool has_words = says(flags->delay) || says(flags->loss);
    if (!name && !has_words) return sl_fail(SL_USAGE, name_hint, "needs NAME, or --delay or --loss");
    if (!name || preset) return add_flags(self, preset, flags);
    if (access(name, F_OK) != 0) return sl_links_fail_unknown("NAME", name);
    if (has_words) return sl_fail(SL_USAGE, "change the file", "--delay and --loss do not go with a file");
    return add_section(self);
}

sl_status sl_named_channels_create(const char *name, const sl_link_flags *flags, sl_named_channels **out) {
    sl_named_channels *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for links");
    self->name = name ? name : "";
    sl_status status = fill(self, name, flags);
    if (status == SL_OK)
        *out = self;
    else
        sl_named_channels_destroy(&self);
    return status;
}

void sl_named_channels_destroy(sl_named_channels **self) {
    if (!*self) return;
    for (int k = 0; k < (*self)->n; k++) sl_channel_def_fini(&(*self)->channels[k].def);
    sl_links_def_fini(&(*self)->section);
    sl_free(*self);
    *self = NULL;
}

static void print_word(const char *key, const char *text) {
    if (says(text)) sl_print_wrapped(stdout, 13, "  %-10s %s\n", key, text);
}

static void print_rule(const sl_link_rule *rule) {
    static const char *const directions[] = {"both", "observation", "action"};
    print_word("agents", rule->agents);
    print_word("direction", directions[rule->direction]);
    print_word("blocks", rule->blocks);
}

void sl_named_channels_print(const sl_named_channels *self) {
    for (int k = 0; k < self->n; k++) {
        const sl_named_channel *channel = &self->channels[k];
        const sl_link_preset *preset = channel->preset;
        const sl_link_words *words = &channel->words;
        if (preset)
            sl_print_wrapped(stdout, 2, "%s: %s\n", preset->name, preset->summary);
        else
            sl_print_wrapped(stdout, 2, "%s%s%s\n", self->name, self->name[0] ? ": " : "", channel->of);
        if (k > 0) print_rule(&self->section.rules[k - 1]);
        if (!preset) print_word("preset", words->preset);
        print_word("delay", preset ? preset->delay : words->delay);
        print_word("loss", preset ? preset->loss : words->loss);
        print_word("order", preset ? preset->order : words->order);
        print_word("outages", words->outages);
        if (words->duplicate > 0.0) printf("  %-10s %g\n", "duplicate", words->duplicate);
        if (words->rate > 0.0) printf("  %-10s %g\n", "rate", words->rate);
        if (preset) print_word("source", preset->source);
    }
}

static json_t *text_or_null(const char *text) {
    return says(text) ? json_string(text) : json_null();
}

json_t *sl_named_channel_json(const sl_named_channel *self) {
    const sl_link_preset *preset = self->preset;
    const sl_link_words *words = &self->words;
    bool failed = false;
    json_t *object = json_object();
    SL_JSON_SET(object, &failed, {"of", json_string(self->of)}, {"preset", text_or_null(words->preset)},
                {"delay", text_or_null(preset ? preset->delay : words->delay)},
                {"loss", text_or_null(preset ? preset->loss : words->loss)},
                {"order", json_string(self->def.reorders ? "reorder" : "fifo")},
                {"duplicate", sl_json_number(self->def.duplicate)}, {"rate", sl_json_number(self->def.rate)},
                {"outages", text_or_null(words->outages)},
                {"source", preset ? json_string(preset->source) : json_null()},
                {"unit", json_string(self->def.delay.in_steps ? "steps" : "ms")});
    if (!failed) return object;
    json_decref(object);
    return NULL;
}
