/* options.c - see options.h. */
#include "coordinator/options.h"

#include "experiment/clock.h"
#include "net/endpoint.h"

#include <stdlib.h>
#include <string.h>

static const char help[] = "usage: starling-coordinator --experiment FILE --run DIR --connect ENDPOINT\n"
                           "                            [--fleet ENDPOINT] [--record FILE] [--stay]\n"
                           "                            [--reserve SLOTS] [--threads N]\n"
                           "                            [--clock C] [--hz X]\n"
                           "                            [--key FILE --allow DIR | --insecure]\n"
                           "                            [--metrics ENDPOINT]\n"
                           "Hosts the environments and the expert buffer, and works for the trainer that\n"
                           "listens at ENDPOINT.\n\n"
                           "  --experiment FILE   the resolved experiment of the run\n"
                           "  --run DIR           the run's folder\n"
                           "  --connect ENDPOINT  the trainer's endpoint, tcp://host:port\n"
                           "  --fleet ENDPOINT    where agents connect; default: the experiment's\n"
                           "                      fleet.endpoint\n"
                           "  --record FILE       writes the episodes of a flight there, .jsonl or .jsonl.gz\n"
                           "  --stay              after the trainer, or starling, look for the next one\n"
                           "  --reserve SLOTS     only agents that name these slots get them, \"0-2,5\"\n"
                           "  --threads N         workers, 1 to 256; default: the experiment's threads,\n"
                           "                      on which the results of training depend\n"
                           "  --clock C           of flights: lockstep, virtual or realtime; default: the\n"
                           "                      experiment's fleet.clock\n"
                           "  --hz X              steps a second, above 0 and up to 10000: of realtime, and\n"
                           "                      what a delay in ms means; default: fleet.hz\n"
                           "  --key FILE          its secret certificate, for both links; made by\n"
                           "                      'starling keys'\n"
                           "  --allow DIR         the public certificates of the agents that may connect;\n"
                           "                      reread while it runs\n"
                           "  --server-key FILE   the trainer's public one, unless --key's names it\n"
                           "  --insecure          no keys, though an endpoint is not of this machine\n"
                           "  --metrics ENDPOINT  serves pages there, for Prometheus and starling top:\n"
                           "                      HOST:PORT, or a port alone, of this machine\n"
                           "  --log-level L       debug, info, warn or error\n"
                           "  --log-json          log lines as JSON objects\n"
                           "  --health            say whether the one with the same STARLING_HEALTH is at\n"
                           "                      work: exit code 0, or 9\n"
                           "  --help, --version\n";

static sl_status parse_threads(const char *text, int *out) {
    char *end = NULL;
    long n = strtol(text, &end, 10);
    if (end == text || *end || n < 1 || n > 256)
        return sl_fail(SL_USAGE, "a whole number from 1 to 256", "--threads cannot be '%s'", text);
    *out = (int)n;
    return SL_OK;
}

static sl_status parse_rate(const char *text, double *out) {
    char *end = NULL;
    double rate = strtod(text, &end);
    if (end == text || *end || !(rate > 0 && rate <= SL_EXP_MAX_HZ))
        return sl_fail(SL_USAGE, "a number above 0 and up to 10000", "--hz cannot be '%s'", text);
    *out = rate;
    return SL_OK;
}

sl_status sl_coordinator_options_parse(int argc, char **argv, sl_coordinator_options *out) {
    const char *reserve = NULL, *threads = NULL, *clock = NULL, *hz = NULL;
    *out = (sl_coordinator_options){0};
    const sl_flag flags[] = {{"experiment", &out->experiment, NULL},
                             {"run", &out->run, NULL},
                             {"connect", &out->connect, NULL},
                             {"fleet", &out->fleet, NULL},
                             {"record", &out->record, NULL},
                             {"key", &out->keys.key, NULL},
                             {"allow", &out->keys.allow, NULL},
                             {"server-key", &out->keys.server_key, NULL},
                             {"insecure", NULL, &out->keys.insecure},
                             {"metrics", &out->metrics, NULL},
                             {"stay", NULL, &out->stays},
                             {"reserve", &reserve, NULL},
                             {"threads", &threads, NULL},
                             {"clock", &clock, NULL},
                             {"hz", &hz, NULL}};
    const sl_flags_def def = {"starling-coordinator", help, "see --help", "unknown or incomplete flag", 15, flags};
    SL_TRY(sl_flags_parse(&def, argc, argv, &out->common));
    if (!out->common.done && (!out->experiment || !out->run || !out->connect))
        return sl_fail(SL_USAGE, "see --help", "--experiment, --run and --connect are needed");
    if (reserve && sl_slot_set_parse(reserve, &out->reserved) != SL_OK)
        return sl_fail(SL_USAGE, "slots such as 0-2,5", "--reserve cannot be '%s'", reserve);
    if (threads) SL_TRY(parse_threads(threads, &out->n_threads));
    out->has_clock = clock != NULL;
    if (clock) SL_TRY(sl_exp_clock_parse(clock, &out->clock));
    if (hz) SL_TRY(parse_rate(hz, &out->hz));
    SL_TRY(sl_endpoint_check_flag("--connect", out->connect, false));
    return sl_endpoint_check_flag("--fleet", out->fleet, true);
}
