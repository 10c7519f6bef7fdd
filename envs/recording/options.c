/* options.c - see options.h. */
#include "envs/recording/options.h"

#include <stdio.h>
#include <string.h>

static sl_status read_switches(const sl_recording_lines *lines, const json_t *list, sl_env_options *options) {
    if (!json_is_array(list)) return sl_recording_bad(lines, "option switches is not an array");
    for (size_t k = 0; k < json_array_size(list); k++) {
        const char *word = json_string_value(json_array_get(list, k));
        if (!word) return sl_recording_bad(lines, "entry %zu of option switches is not a string", k);
        if (sl_env_set_switch(options, word) == SL_OK) continue;
        return sl_fail(SL_MISMATCH, "was it made with another version?", "%s:%ld: unknown switch '%.32s'",
                       lines->name, lines->number, word);
    }
    return SL_OK;
}

static sl_status read_number(const sl_recording_lines *lines, const sl_env_option *option, const json_t *value,
                             sl_env_value *out) {
    char what[64];
    const char *word = sl_env_option_word(option);
    double low, high, number = json_number_value(value);
    sl_env_option_range(option, &low, &high);
    if (option->kind == SL_ENV_INT) {
        (void)snprintf(what, sizeof what, "option %s", word);
        return sl_recording_int(lines, value, what, low < 0 ? (int)low : 1, (int)high, &out->whole);
    }
    if (!json_is_number(value) || !(number >= low && number <= high)) {
        return sl_recording_bad(lines, "option %s is not a number from %g to %g", word, low, high);
    }
    out->real = number;
    return SL_OK;
}

static sl_status read_option(const sl_recording_lines *lines, const char *key, const json_t *value,
                             sl_env_options *options) {
    char known[256] = "";
    if (strcmp(key, "switches") == 0) return read_switches(lines, value, options);
    if (strcmp(key, "opponent") == 0) {
        if (!json_is_string(value) || strcmp(json_string_value(value), SL_OPPONENT_POLICY) != 0) {
            return sl_recording_bad(lines, "option opponent is not \"policy\"");
        }
        sl_env_at(options, "opponent")->text = SL_OPPONENT_POLICY;
        return SL_OK;
    }
    for (int k = 0; k < sl_env_n_options(); k++) {
        const sl_env_option *option = sl_env_option_at(k);
        if (!sl_env_option_is_number(option)) continue;
        const char *word = sl_env_option_word(option);
        if (strcmp(word, key) == 0) return read_number(lines, option, value, &options->values[k]);
        size_t n = strlen(known);
        (void)snprintf(known + n, sizeof known - n, "%s, ", word);
    }
    strncat(known, "switches and opponent are known", sizeof known - strlen(known) - 1);
    return sl_fail(SL_MISMATCH, known, "%s:%ld: unknown option '%.32s'", lines->name, lines->number, key);
}

sl_status sl_recording_read_options(const sl_recording_lines *lines, const json_t *header, sl_env_options *options) {
    const json_t *table = json_object_get(header, "options");
    if (!table) return SL_OK;
    if (!json_is_object(table)) return sl_recording_bad(lines, "key 'options' is not an object");
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)table, key, value) SL_TRY(read_option(lines, key, value, options));
    return SL_OK;
}

static bool is_own(const sl_recording_class *class, const char *option) {
    const char *const *own = class->own_options;
    while (own && *own && strcmp(*own, option) != 0) own++;
    return own && *own;
}

static void write_number(const sl_env_option *option, const sl_env_options *options, json_t *table) {
    sl_env_value value = sl_env_get(options, option->name);
    bool whole = option->kind == SL_ENV_INT;
    (void)json_object_set_new(table, sl_env_option_word(option),
                              whole ? json_integer(value.whole) : json_real(value.real));
}

json_t *sl_recording_write_options(const sl_env_options *options, const sl_env_family *family) {
    const char *words[SL_ENV_MAX_OPTIONS];
    json_t *table = json_object(), *switches = json_array();
    int n = sl_env_list_switches(options, words), n_kept = 0;
    for (int k = 0; k < n; k++) {
        if (is_own(family->recording, words[k])) continue;
        (void)json_array_append_new(switches, json_string(words[k]));
        n_kept++;
    }
    if (n_kept > 0) (void)json_object_set(table, "switches", switches);
    json_decref(switches);
    for (int k = 0; k < family->n_options; k++) {
        const sl_env_option *option = &family->options[k];
        if (!sl_env_option_is_number(option) || is_own(family->recording, option->name)) continue;
        if (!sl_env_is_default(options, option->name)) write_number(option, options, table);
    }
    // of texts, one that is no switch: an opponent's policy
    for (int k = 0; k < family->n_options; k++) {
        const sl_env_option *option = &family->options[k];
        if (option->kind != SL_ENV_TEXT) continue;
        const char *text = sl_env_get(options, option->name).text;
        if (strcmp(text, SL_OPPONENT_POLICY) == 0) (void)json_object_set_new(table, option->name, json_string(text));
    }
    return table;
}
