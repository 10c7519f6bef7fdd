/* bench.h - how fast an environment steps: random legal actions, observations, masks and state where the environment
 * has them, rewards, and resets all included. Used by `starling env bench`. The copies are split into chunks over a
 * pool; a thread takes its chunk through SL_ENV_BENCH_STEPS steps between two meetings with the others. */
#ifndef SL_ENVS_BENCH_H
#define SL_ENVS_BENCH_H

#include "envs/env.h"

enum { SL_ENV_BENCH_STEPS = 25 };

typedef struct sl_env_bench_result {
    double env_steps_per_second;   /* steps of one copy */
    double agent_steps_per_second; /* the same times N */
    double seconds, cpu_seconds;   /* cpu: at work, of all threads; a busy machine does not lengthen it */
    double n_bytes;                /* of memory that came to be used, all in all; NaN: the system does not say */
    int64_t env_steps;
    double mean_return; /* as sl_env_return, of the episodes that ended; 0 when none did */
    uint64_t checksum;  /* of the final state: equal for equal env_steps and V, whatever the number of threads */
} sl_env_bench_result;

/* Runs for at least the given seconds, at least one round. SL_CONFIG as sl_env_create, or threads out of range;
 * SL_MEMORY, SL_IO. */
SL_MUST_CHECK sl_status sl_env_bench(const char *name, const sl_env_options *options, int V, int threads,
                                     double seconds, sl_env_bench_result *out);

#endif
