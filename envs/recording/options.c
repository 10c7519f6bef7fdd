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

static sl_status read_real(const sl_recording_lines *lines, const char *key, const json_t *value, int high,
                           double *out) {
    double number = json_number_value(value);
    if (!json_is_number(value) || !(number >= 0.0 && number <= high)) {
        return sl_recording_bad(lines, "option %s is not a number from 0 to %d", key, high);
    }
    *out = number;
    return SL_OK;
}

static sl_status read_option(const sl_recording_lines *lines, const char *key, const json_t *value,
                             sl_env_options *options) {
    if (strcmp(key, "N") == 0)
        return sl_recording_int(lines, value, "option N", 1, SL_MAX_AGENTS, &options->n_agents);
    if (strcmp(key, "max_steps") == 0) {
        return sl_recording_int(lines, value, "option max_steps", 1, 1000000, &options->max_steps);
    }
    if (strcmp(key, "local_ratio") == 0) return read_real(lines, key, value, 1, &options->local_ratio);
    if (strcmp(key, "spawn_shift") == 0) return read_real(lines, key, value, 8, &options->spawn_shift);
    if (strcmp(key, "switches") == 0) return read_switches(lines, value, options);
    if (strcmp(key, "opponent") == 0) {
        if (!json_is_string(value) || strcmp(json_string_value(value), "policy") != 0) {
            return sl_recording_bad(lines, "option opponent is not \"policy\"");
        }
        options->opponent = SL_OPPONENT_POLICY;
        return SL_OK;
    }
    return sl_fail(SL_MISMATCH, "N, local_ratio, max_steps, spawn_shift, switches and opponent are known",
                   "%s:%ld: unknown option '%.32s'", lines->name, lines->number, key);
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

json_t *sl_recording_write_options(const sl_env_options *def, const sl_recording_class *class) {
    const char *names[SL_ENV_SWITCHES];
    json_t *table = json_object(), *switches = json_array();
    int n = sl_env_list_switches(def, names), n_kept = 0;
    for (int k = 0; k < n; k++) {
        if (is_own(class, names[k])) continue;
        (void)json_array_append_new(switches, json_string(names[k]));
        n_kept++;
    }
    if (n_kept > 0) (void)json_object_set(table, "switches", switches);
    json_decref(switches);
    if (def->n_agents) (void)json_object_set_new(table, "N", json_integer(def->n_agents));
    if (def->local_ratio >= 0.0) {
        (void)json_object_set_new(table, "local_ratio", json_real(def->local_ratio));
    }
    if (def->spawn_shift > 0.0) {
        (void)json_object_set_new(table, "spawn_shift", json_real(def->spawn_shift));
    }
    if (!is_own(class, "max_steps") && def->max_steps) {
        (void)json_object_set_new(table, "max_steps", json_integer(def->max_steps));
    }
    if (def->opponent == SL_OPPONENT_POLICY) {
        (void)json_object_set_new(table, "opponent", json_string("policy"));
    }
    return table;
}
