/* options.h - the command line of starling-coordinator. main thread, once. */
#ifndef SL_COORDINATOR_OPTIONS_H
#define SL_COORDINATOR_OPTIONS_H

#include "common/flags.h"
#include "experiment/experiment.h"
#include "net/keyring.h"

/* Texts are borrowed from argv; NULL: not given. */
typedef struct sl_coordinator_options {
    const char *experiment, *run, *connect, *fleet, *record, *metrics;
    sl_slot_set reserved;
    int n_threads;  /* 0: the experiment's */
    bool has_clock; /* else the experiment's */
    sl_exp_clock clock;
    double hz; /* 0: the experiment's */
    bool stays;
    sl_key_flags keys;
    sl_common_flags common;
} sl_coordinator_options;

/* SL_USAGE names the flag. out->common.done: nothing more is to be done. */
SL_MUST_CHECK sl_status sl_coordinator_options_parse(int argc, char **argv, sl_coordinator_options *out);

#endif
