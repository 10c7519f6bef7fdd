/* sweep.h - many seeds of a simulated fleet on all cores. What comes out does not depend on the number of threads.
 * main thread. */
#ifndef SL_SIMULATE_SWEEP_H
#define SL_SIMULATE_SWEEP_H

#include "simulate/seed.h"

enum { SL_SWEEP_BROKEN = 100, SL_SWEEP_SEEDS = 10000000, SL_SWEEP_THREADS = 256 };

typedef struct sl_sweep_broken {
    uint64_t seed;
    sl_promise promise;
    char text[240];
} sl_sweep_broken;

typedef struct sl_sweep {
    uint64_t n_seeds, n_broken;
    sl_sweep_broken broken[SL_SWEEP_BROKEN]; /* the first ones, by seed */
    sl_simulated sum;                        /* counts and seconds summed, stalest and recovery the largest */
} sl_sweep;

typedef struct sl_sweep_def {
    sl_simulation simulation; /* folder: an empty one, for all threads; keys, trace: NULL */
    uint64_t first, last;
    int n_threads;
    /* Called now and then. Not SL_OK ends the sweep with that. NULL = never. */
    sl_status (*progress)(void *context, const sl_sweep *so_far);
    void *context;
} sl_sweep_def;

/* Also a single seed, with a trace, on this thread alone. As sl_simulate_seed; *out is written on success only. */
SL_MUST_CHECK sl_status sl_sweep_run(const sl_sweep_def *def, sl_sweep *out);

#endif
