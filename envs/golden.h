/* golden.h - recorded trajectories (JSON lines, plain or .gz; format in docs/recordings.md): replays one against
 * this library and measures the difference. Used by `starling env check` and by tests. */
#ifndef SL_ENVS_GOLDEN_H
#define SL_ENVS_GOLDEN_H

#include "envs/env.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sl_golden_result {
    char env[SL_ENV_NAME_SIZE];
    long steps;
    double max_abs_obs, max_abs_state, max_abs_reward; /* max_abs_state: entity positions and velocities; combat:
                                                          the joint state */
    long mismatched_steps;                             /* steps with any value beyond the tolerance */
    bool flags_equal;                                  /* and legal-action masks */
    bool within_tolerance; /* obs and state 1e-6, reward 1e-9, flags equal, on every step. Combat: obs and state 1e-5,
                              and 0.5 % of the steps may miss these */
} sl_golden_result;

/* SL_NOT_FOUND, SL_IO, SL_MEMORY; SL_CORRUPT with the line and what is wrong in it; SL_MISMATCH when it was made with
 * an environment or an option that is not here. Being out of tolerance is not an error. */
SL_MUST_CHECK sl_status sl_golden_check(const char *path, sl_golden_result *out);
/* The same for JSON lines in memory; name stands in messages. */
SL_MUST_CHECK sl_status sl_golden_check_bytes(const char *name, const uint8_t *bytes, size_t n_bytes,
                                              sl_golden_result *out);

#endif
