/* launcher.h - starling-agent: finds out which size of agent a fleet needs, starts starling-agent-<H> with the flags
 * that it was given, and does so again when another one took the slot, or after a flight. main thread, once. */
#ifndef SL_AGENT_LAUNCHER_H
#define SL_AGENT_LAUNCHER_H

#include "common/flags.h"
#include "net/endpoint.h"
#include "net/keyring.h"

#include <signal.h>

enum { SL_LAUNCHER_PATH = 1024 };

typedef struct sl_launcher_options {
    const char *connect, *trust; /* borrowed from argv */
    char cache[SL_LAUNCHER_PATH];
    char endpoint[SL_ENDPOINT_BYTES]; /* connect, completed; "" = to be discovered */
    const char *slot_text;
    int slot; /* -1: any */
    bool stays, discovers;
    sl_key_flags keys;
    sl_common_flags common;
} sl_launcher_options;

/* SL_USAGE names the flag. */
SL_MUST_CHECK sl_status sl_launcher_parse(int argc, char **argv, sl_launcher_options *out);
/* Until an agent's end is the end: its exit code, 0 after a flight without --stay. SL_INTERRUPTED after *stop, when
 * the agent has left; what asking and starting come to. */
SL_MUST_CHECK sl_status sl_launcher_run(const sl_launcher_options *options, const volatile sig_atomic_t *stop,
                                        int *exit_code);

#endif
