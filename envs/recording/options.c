/* options.c - see options.h. */
#include "envs/recording/options.h"

#include <stdio.h>
#include <string.h>

sl_status sl_recording_find_env(const sl_recording_lines *lines, const json_t *header,
                                char name[static SL_ENV_NAME_SIZE]) {
    const char *env;
    SL_TRY(sl_recording_string(lines, header, "env", &env));
    int n = snprintf(name, SL_ENV_NAME_SIZE, "%s%s", strchr(env, '/') ? "" : "mpe/", env);
    if (n > 0 && n < SL_ENV_NAME_SIZE && sl_env_is_known(name)) return SL_OK;
    return sl_fail(SL_MISMATCH, "`starling env list` shows the names",
                   "%s: a recording of '%.80s', which is not here", lines->name, name);
}

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

// an option that the environment refuses is a recording of something else
sl_status sl_recording_open_env(const sl_recording_lines *lines, const char *name, const sl_env_options *options,
                                sl_env **out) {
    sl_rng stream = sl_rng_seed(0);
    sl_status status = sl_env_create(name, options, 1, &stream, out);
    if (status == SL_CONFIG) return sl_fail(SL_MISMATCH, NULL, "%s: %s", lines->name, sl_error_what());
    if (status == SL_NOT_FOUND || status == SL_IO) {
        return sl_fail(status, "a recording names the file of its map: look from the folder where it was made",
                       "%s: a battle on the map %s", lines->name, sl_error_what());
    }
    return status;
}
