/* options.c - flags, checks, help. */
#include "agent/options.h"

#include "agent/program.h"
#include "net/endpoint.h"
#include "net/fleet_message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char help[] = "usage: " SL_AGENT_PROGRAM " --connect ENDPOINT (--model FILE | --cache DIR)\n"
                           "       [--trust FILE] [--slot N] [--stay]\n"
                           "       [--key FILE [--server-key FILE] | --insecure]\n"
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
                           "  --trust FILE        fly only what this public key (sign.pub) has signed, and\n"
                           "                      nothing older than DIR remembers: --cache is needed, also\n"
                           "                      with --model, beside whose FILE lies FILE.minisig\n"
                           "  --slot N            the slot that is wanted, from 0 (default: any free one)\n"
                           "  --stay              after a flight wait for the next one\n"
                           "  --impatient         where every slot is held end with exit code 7, and do not\n"
                           "                      stand by\n"
                           "  --key FILE          this agent's secret certificate; made by 'starling keys'\n"
                           "  --server-key FILE   the coordinator's public one, unless --key's names it\n"
                           "  --insecure          no keys, though ENDPOINT is not of this machine\n"
                           "  --bench SECONDS     measure the time of a decision (FILE, or random weights)\n"
                           "                      and print one JSON object\n"
                           "  --log-level LEVEL   debug, info, warn or error (default: info)\n"
                           "  --log-json          log one JSON object a line\n"
                           "  --health            say whether the agent that STARLING_HEALTH was given to is\n"
                           "                      at work: exit code 0, or 9\n"
                           "  --help, --version\n"
                           "\n"
                           "Events are printed on stdout, one JSON object a line; the log goes to stderr.\n"
                           "SIGTERM: says goodbye, exits 0.\n";

// "any" is for templates that need a word
static sl_status parse_slot(const char *text, int *out) {
    char *end;
    if (strcmp(text, "any") == 0) return SL_OK;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < 0 || value >= SL_FLEET_MAX_SLOTS)
        return sl_fail(SL_USAGE, NULL, "--slot is a whole number from 0 to %d or 'any', not '%s'",
                       SL_FLEET_MAX_SLOTS - 1, text);
    *out = (int)value;
    return SL_OK;
}

static sl_status parse_seconds(const char *text, double *out) {
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (errno || end == text || *end || !(value >= 0.01 && value <= 3600.0))
        return sl_fail(SL_USAGE, NULL, "--bench takes seconds from 0.01 to 3600, not '%s'", text);
    *out = value;
    return SL_OK;
}

sl_status sl_agent_options_parse(int argc, char **argv, sl_agent_options *out) {
    const char *slot = NULL, *seconds = NULL;
    *out = (sl_agent_options){.slot = -1};
    const sl_flag flags[] = {{"connect", &out->connect, NULL},
                             {"model", &out->model, NULL},
                             {"cache", &out->cache, NULL},
                             {"trust", &out->trust, NULL},
                             {"slot", &slot, NULL},
                             {"stay", NULL, &out->stays},
                             {"impatient", NULL, &out->is_impatient},
                             {"key", &out->keys.key, NULL},
                             {"server-key", &out->keys.server_key, NULL},
                             {"insecure", NULL, &out->keys.insecure},
                             {"bench", &seconds, NULL}};
    const sl_flags_def def = {
        SL_AGENT_PROGRAM, help, "see --help", "unknown flag, or a value is missing:", 11, flags};
    sl_status status = sl_flags_parse(&def, argc, argv, &out->common);
    // whoever asks for help has it, whatever stands behind
    if (status != SL_OK || out->common.done) return out->common.done ? SL_OK : status;
    if (slot) SL_TRY(parse_slot(slot, &out->slot));
    if (seconds) return parse_seconds(seconds, &out->bench_seconds);
    if (!out->connect) return sl_fail(SL_USAGE, "see --help", "--connect ENDPOINT is missing");
    if (out->trust && !out->cache)
        return sl_fail(SL_USAGE, "see --help", "--trust needs --cache DIR, to remember the newest version in");
    if (!out->trust && !out->model == !out->cache)
        return sl_fail(SL_USAGE, "see --help", "give either --model FILE or --cache DIR");
    return sl_endpoint_check_flag("--connect", out->connect, false);
}
