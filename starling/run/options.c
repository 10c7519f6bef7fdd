/* options.c - see options.h. */
#include "starling/run/options.h"

#include "common/log.h"
#include "common/nearest.h"
#include "starling/run/output.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const sl_option common_options[] = {
    {"log-level", SL_OPTION_TEXT, "L", "debug, info, warn or error", NULL, 0, 0},
    {"log-json", SL_OPTION_SWITCH, NULL, "log one JSON object a line", NULL, 0, 0},
    {"version", SL_OPTION_SWITCH, NULL, "print the version", NULL, 0, 0},
    {"help", SL_OPTION_SWITCH, NULL, "print this", NULL, 0, 0},
};
enum { N_COMMON = sizeof common_options / sizeof common_options[0], LOG_LEVEL = 0, LOG_JSON, VERSION, HELP };

static void print_options(int n, const sl_option *options) {
    for (int i = 0; i < n; i++) {
        char left[64];
        (void)snprintf(left, sizeof left, "--%s%s%s", options[i].name, options[i].value ? " " : "",
                       options[i].value ? options[i].value : "");
        sl_print_wrapped(stdout, 25, "  %-22s %s\n", left, options[i].help);
    }
}

static void print_help(const sl_usage *usage) {
    sl_print_wrapped(stdout, 8, "usage: %s [options]%s%s\n\n", usage->path, usage->arguments[0] ? " " : "",
                     usage->arguments);
    sl_print_wrapped(stdout, 0, "%s\n", usage->text);
    printf("\noptions:\n");
    print_options(usage->n_options, usage->options);
    print_options(N_COMMON, common_options);
}

static sl_status parse_number(const sl_option *option, const char *text) {
    char hint[96], *end = NULL;
    (void)snprintf(hint, sizeof hint, "%s from %.16g to %.16g",
                   option->kind == SL_OPTION_INT ? "a whole number" : "a number", option->min, option->max);
    errno = 0;
    if (option->kind == SL_OPTION_INT) {
        long long value = strtoll(text, &end, 10);
        bool inside = value >= (long long)option->min && value <= (long long)option->max;
        if (end != text && !*end && errno == 0 && inside) {
            *(int64_t *)option->out = (int64_t)value;
            return SL_OK;
        }
    } else {
        double value = strtod(text, &end);
        if (end != text && !*end && isfinite(value) && value >= option->min && value <= option->max) {
            *(double *)option->out = value;
            return SL_OK;
        }
    }
    return sl_fail(SL_USAGE, hint, "--%s cannot be '%s'", option->name, text);
}

static sl_status take_option(const sl_option *option, const char *text) {
    switch (option->kind) {
    case SL_OPTION_SWITCH:
        *(bool *)option->out = true;
        return SL_OK;
    case SL_OPTION_TEXT:
        *(const char **)option->out = text;
        return SL_OK;
    case SL_OPTION_INT:
    case SL_OPTION_REAL:
        return parse_number(option, text);
    case SL_OPTION_LIST:
        break;
    }
    sl_text_list *list = option->out;
    if (list->n == SL_LIST_MAX)
        return sl_fail(SL_USAGE, NULL, "--%s is given more than %d times", option->name, SL_LIST_MAX);
    list->items[list->n++] = text;
    return SL_OK;
}

// the refusal of what getopt_long answered '?' to: an unknown name, or a switch with a value
static sl_status refuse(int n, const struct option *longs, const char *word) {
    if (strncmp(word, "--", 2) != 0)
        return sl_fail(SL_USAGE, "options are written out: see --help", "unknown option '-%c'",
                       optopt ? optopt : '?');
    char name[65];
    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    const char *names[SL_OPTIONS_MAX + N_COMMON];
    for (int i = 0; i < n; i++) {
        names[i] = longs[i].name;
        if (strcmp(name, names[i]) == 0) return sl_fail(SL_USAGE, NULL, "--%s takes no value", name);
    }
    char hint[96] = "see --help";
    const char *near = sl_nearest_name(name, n, names);
    if (near) (void)snprintf(hint, sizeof hint, "did you mean --%s?", near);
    return sl_fail(SL_USAGE, hint, "unknown option '--%s'", name);
}

static sl_status take_common(const sl_usage *usage, int which, const char *text, sl_args *args) {
    if (which == LOG_LEVEL) args->log_level = text;
    if (which == LOG_JSON) args->log_json = true;
    if (which == VERSION) printf("starling %s\n", SL_VERSION);
    if (which == HELP) print_help(usage);
    if (which == VERSION || which == HELP) args->done = true;
    return SL_OK;
}

// an environment may be that of several commands: where agents connect is told to who starts the coordinator, where a
// coordinator connects to who does not
static bool is_meant(const sl_usage *usage, const char *name) {
    const char *coordinator = NULL;
    bool has_choice = false;
    for (int i = 0; i < usage->n_options; i++) {
        if (strcmp(usage->options[i].name, "coordinator") != 0) continue;
        coordinator = *(const char *const *)usage->options[i].out;
        has_choice = true;
    }
    bool is_remote = coordinator && strcmp(coordinator, "remote") == 0;
    if (strcmp(name, "bind") == 0) return !is_remote;
    if (strcmp(name, "listen") == 0) return is_remote || !has_choice;
    return true;
}

// for containers, units and jobs, which have their say in the environment
static sl_status take_environment(const sl_usage *usage, const bool *is_given) {
    static const char *const variables[][2] = {{"keys", "STARLING_KEYS"},
                                               {"bind", "STARLING_BIND"},
                                               {"connect", "STARLING_CONNECT"},
                                               {"listen", "STARLING_LISTEN"},
                                               {"metrics", "STARLING_METRICS"}};
    for (int i = 0; i < usage->n_options; i++) {
        for (size_t v = 0; v < sizeof variables / sizeof variables[0]; v++) {
            if (is_given[i] || strcmp(usage->options[i].name, variables[v][0]) != 0) continue;
            const char *value = getenv(variables[v][1]);
            bool counts = value && *value && is_meant(usage, variables[v][0]);
            if (counts) SL_TRY(take_option(&usage->options[i], value));
        }
    }
    return SL_OK;
}

static sl_status take_all(const sl_usage *usage, int argc, char **argv, sl_args *args) {
    struct option longs[SL_OPTIONS_MAX + N_COMMON + 1];
    int n = 0;
    for (int i = 0; i < usage->n_options + N_COMMON; i++) {
        const sl_option *o = i < usage->n_options ? &usage->options[i] : &common_options[i - usage->n_options];
        longs[n++] = (struct option){o->name, o->value ? required_argument : no_argument, NULL, 0};
    }
    longs[n] = (struct option){NULL, 0, NULL, 0};
    // 0 makes glibc forget an earlier command line
    optind = 0;
    opterr = 0;
    bool is_given[SL_OPTIONS_MAX] = {false};
    for (;;) {
        int which = -1;
        int answer = getopt_long(argc, argv, ":", longs, &which);
        if (answer == -1) return take_environment(usage, is_given);
        const char *word = argv[optind > 0 ? optind - 1 : 0];
        if (answer == ':') return sl_fail(SL_USAGE, "see --help", "%s needs a value", word);
        if (answer != 0) return refuse(n, longs, word);
        if (which >= usage->n_options) {
            SL_TRY(take_common(usage, which - usage->n_options, optarg, args));
            if (args->done) return SL_OK;
        } else {
            is_given[which] = true;
            SL_TRY(take_option(&usage->options[which], optarg));
        }
    }
}

sl_status sl_options_parse(const sl_usage *usage, int argc, char **argv, sl_args *out) {
    sl_args args = {.learn = sl_link_learn_def("tcp://127.0.0.1:*")};
    SL_TRY(take_all(usage, argc, argv, &args));
    args.v = argv + optind;
    args.n = argc - optind;
    if (!args.done) {
        sl_log_level level = SL_LOG_INFO;
        if (args.log_level) SL_TRY(sl_log_level_parse(args.log_level, &level));
        sl_log_init("starling", level, args.log_json);
        if (args.n < usage->min_args) return sl_fail(SL_USAGE, "see --help", "needs %s", usage->arguments);
        if (args.n > usage->max_args)
            return sl_fail(SL_USAGE, "see --help", "one argument too many: '%s'", args.v[usage->max_args]);
    }
    *out = args;
    return SL_OK;
}
