/* flags.c - see flags.h. */
#include "common/flags.h"

#include "common/assert.h"
#include "common/vitals.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_LEVEL, LOG_JSON, HELP, VERSION, HEALTH, N_COMMON };
// what getopt answers for the first of the table, beyond every character
enum { FIRST = 256 };

static sl_status take_common(const sl_flags_def *def, int which, sl_common_flags *out) {
    if (which == LOG_LEVEL) return sl_log_level_parse(optarg, &out->log_level);
    if (which == LOG_JSON) out->log_json = true;
    if (which == HELP) (void)fputs(def->help, stdout);
    if (which == VERSION) (void)printf("%s %s\n", def->program, SL_VERSION);
    if (which == HEALTH) SL_TRY(sl_vitals_health());
    if (which == HELP || which == VERSION || which == HEALTH) out->done = true;
    return SL_OK;
}

// "server-key": STARLING_SERVER_KEY
static const char *look_up(const char *flag, char variable[64]) {
    int n = snprintf(variable, 64, "STARLING_%s", flag);
    for (int i = 0; i < n; i++) variable[i] = (char)(variable[i] == '-' ? '_' : toupper((unsigned char)variable[i]));
    const char *value = getenv(variable);
    return value && *value ? value : NULL;
}

static sl_status take_switch(const char *variable, const char *value, bool *out) {
    if (strcmp(value, "1") != 0 && strcmp(value, "0") != 0)
        return sl_fail(SL_USAGE, "1 sets it", "the environment's %s is 0 or 1, not '%s'", variable, value);
    *out = value[0] == '1';
    return SL_OK;
}

static sl_status take_environment(const sl_flags_def *def, const bool *is_given, sl_common_flags *out) {
    char variable[64];
    const char *value = is_given[LOG_LEVEL] ? NULL : look_up("log-level", variable);
    if (value) SL_TRY(sl_log_level_parse(value, &out->log_level));
    value = is_given[LOG_JSON] ? NULL : look_up("log-json", variable);
    if (value) SL_TRY(take_switch(variable, value, &out->log_json));
    for (int k = 0; k < def->n; k++) {
        const sl_flag *flag = &def->flags[k];
        value = is_given[N_COMMON + k] ? NULL : look_up(flag->name, variable);
        if (value && flag->text) *flag->text = value;
        if (value && flag->given) SL_TRY(take_switch(variable, value, flag->given));
    }
    return SL_OK;
}

sl_status sl_flags_parse(const sl_flags_def *def, int argc, char **argv, sl_common_flags *out) {
    static const struct option common[N_COMMON] = {{"log-level", required_argument, NULL, FIRST + LOG_LEVEL},
                                                   {"log-json", no_argument, NULL, FIRST + LOG_JSON},
                                                   {"help", no_argument, NULL, FIRST + HELP},
                                                   {"version", no_argument, NULL, FIRST + VERSION},
                                                   {"health", no_argument, NULL, FIRST + HEALTH}};
    struct option known[N_COMMON + SL_FLAGS_MAX + 1] = {{NULL, 0, NULL, 0}};
    SL_ASSERT(def->n <= SL_FLAGS_MAX);
    for (int k = 0; k < N_COMMON; k++) known[k] = common[k];
    for (int k = 0; k < def->n; k++) {
        int takes = def->flags[k].text ? required_argument : no_argument;
        known[N_COMMON + k] = (struct option){def->flags[k].name, takes, NULL, FIRST + N_COMMON + k};
    }
    bool is_given[N_COMMON + SL_FLAGS_MAX] = {false};
    *out = (sl_common_flags){.log_level = SL_LOG_INFO};
    opterr = 0;
    for (int answer; (answer = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (answer < FIRST) return sl_fail(SL_USAGE, def->hint, "%s '%s'", def->unknown, argv[optind - 1]);
        is_given[answer - FIRST] = true;
        if (answer < FIRST + N_COMMON) {
            SL_TRY(take_common(def, answer - FIRST, out));
            continue;
        }
        const sl_flag *flag = &def->flags[answer - FIRST - N_COMMON];
        if (flag->text) *flag->text = optarg;
        if (flag->given) *flag->given = true;
    }
    if (optind < argc) return sl_fail(SL_USAGE, def->hint, "unexpected argument '%s'", argv[optind]);
    return take_environment(def, is_given, out);
}
