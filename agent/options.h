/* options.h - the agent's command line. main thread, once. */
#ifndef SL_AGENT_OPTIONS_H
#define SL_AGENT_OPTIONS_H

#include "common/flags.h"
#include "net/keyring.h"

typedef struct sl_agent_options {
    const char *connect;      /* the fleet's endpoint; paths and endpoints are borrowed from argv */
    const char *model;        /* a student's file, or NULL: what the coordinator's slot names, kept in cache */
    const char *cache;        /* with a model only beside trust */
    const char *trust;        /* a public key, whose signed students alone are flown; NULL: any is */
    int slot;                 /* -1: any */
    bool stays, is_impatient; /* as sl_session_def has them */
    double bench_seconds;     /* > 0: measure instead of flying */
    sl_key_flags keys;
    sl_common_flags common;
} sl_agent_options;

/* SL_USAGE names the flag. */
SL_MUST_CHECK sl_status sl_agent_options_parse(int argc, char **argv, sl_agent_options *out);

#endif
