/* options.c - getopt_long, checks, help. */
#include "agent/options.h"

#include "agent/program.h"
#include "net/endpoint.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] = "usage: " SL_AGENT_PROGRAM " --connect ENDPOINT (--model FILE | --cache DIR)\n"
                           "       [--slot N]\n"
                           "       " SL_AGENT_PROGRAM " --bench SECONDS [--model FILE]\n"
                           "\n"
                           "Flies one student of hidden size " SL_AGENT_SIZE ": joins the fleet at ENDPOINT, then\n"
                           "answers every observation with the action that its student finds best.\n"
                           "\n"
                           "  --connect ENDPOINT  the coordinator's fleet endpoint, such as\n"
                           "                      tcp://10.0.0.1:5555\n"
                           "  --model FILE        the student to fly, a .safetensors file\n"
                           "  --cache DIR         fly the student that the coordinator names for the slot;\n"
                           "                      fetched once and kept in DIR\n"
                           "  --slot N            the slot that is wanted, from 0 (default: any free one)\n"
                           "  --bench SECONDS     measure the time of a decision (FILE, or random weights)\n"
                           "                      and print one JSON object\n"
                           "  --log-level LEVEL   debug, info, warn or error (default: info)\n"
                           "  --log-json          log one JSON object a line\n"
                           "  --help, --version\n"
                           "\n"
                           "Events are printed on stdout, one JSON object a line; the log goes to stderr.\n"
                           "SIGTERM: says goodbye, exits 0.\n";

enum { CONNECT = 1, MODEL, CACHE, SLOT, BENCH, LOG_LEVEL, LOG_JSON, HELP, VERSION, MAX_SLOTS = 64 };

static const struct option flags[] = {
    {"connect", required_argument, NULL, CONNECT}, {"model", required_argument, NULL, MODEL},
    {"cache", required_argument, NULL, CACHE},     {"slot", required_argument, NULL, SLOT},
    {"bench", required_argument, NULL, BENCH},     {"log-level", required_argument, NULL, LOG_LEVEL},
    {"log-json", no_argument, NULL, LOG_JSON},     {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, VERSION},       {NULL, 0, NULL, 0},
};

static sl_status parse_slot(int *out) {
    char *end;
    errno = 0;
    long value = strtol(optarg, &end, 10);
    if (errno || end == optarg || *end || value < 0 || value >= MAX_SLOTS)
        return sl_fail(SL_USAGE, NULL, "--slot is a whole number from 0 to %d, not '%s'", MAX_SLOTS - 1, optarg);
    *out = (int)value;
    return SL_OK;
}

static sl_status parse_seconds(double *out) {
    char *end;
    errno = 0;
    double value = strtod(optarg, &end);
    if (errno || end == optarg || *end || !(value >= 0.01 && value <= 3600.0))
        return sl_fail(SL_USAGE, NULL, "--bench takes seconds from 0.01 to 3600, not '%s'", optarg);
    *out = value;
    return SL_OK;
}

static sl_status take(int flag, sl_agent_options *options) {
    switch (flag) {
    case CONNECT:
        options->connect = optarg;
        break;
    case MODEL:
        options->model = optarg;
        break;
    case CACHE:
        options->cache = optarg;
        break;
    case SLOT:
        return parse_slot(&options->slot);
    case BENCH:
        return parse_seconds(&options->bench_seconds);
    case LOG_LEVEL:
        return sl_log_level_parse(optarg, &options->log_level);
    case LOG_JSON:
        options->log_json = true;
        break;
    case HELP:
        fputs(help, stdout);
        options->done = true;
        break;
    case VERSION:
        puts(SL_AGENT_PROGRAM " " SL_VERSION);
        options->done = true;
        break;
    default:
        return sl_fail(SL_USAGE, "see --help", "unknown flag, or a value is missing: '%s'", optarg);
    }
    return SL_OK;
}

static sl_status check(const sl_agent_options *options) {
    if (options->done || options->bench_seconds > 0.0) return SL_OK;
    if (!options->connect) return sl_fail(SL_USAGE, "see --help", "--connect ENDPOINT is missing");
    if (!options->model == !options->cache)
        return sl_fail(SL_USAGE, "see --help", "give either --model FILE or --cache DIR");
    return sl_endpoint_check_flag("--connect", options->connect, false);
}

sl_status sl_agent_options_parse(int argc, char **argv, sl_agent_options *out) {
    sl_agent_options options = {.slot = -1, .log_level = SL_LOG_INFO};
    opterr = 0;
    for (;;) {
        int index = optind ? optind : 1;
        int flag = getopt_long(argc, argv, "", flags, NULL);
        if (flag == -1) break;
        if (flag == '?') optarg = argv[index < argc ? index : argc - 1];
        SL_TRY(take(flag, &options));
        if (options.done) break;
    }
    if (!options.done && optind < argc)
        return sl_fail(SL_USAGE, "see --help", "unexpected argument '%s'", argv[optind]);
    SL_TRY(check(&options));
    *out = options;
    return SL_OK;
}
