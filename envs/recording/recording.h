/* recording.h - recorded trajectories (JSON lines, plain or .gz; format in docs/recordings.md): replays one against
 * this library and measures the difference. Used by `starling env check`, by `env play --replay` and by tests. */
#ifndef SL_ENVS_RECORDING_RECORDING_H
#define SL_ENVS_RECORDING_RECORDING_H

#include "envs/env.h"

/* How far what it says and this library are apart. */
typedef struct sl_recording_result {
    char env[SL_ENV_NAME_SIZE];
    long steps;
    double max_abs_obs, max_abs_state, max_abs_reward; /* max_abs_state: entity positions and velocities; combat:
                                                          the joint state */
    bool has_units;                                    /* it tells the units after every step: */
    double max_abs_units;                              /* of any field of one; else 0 */
    long mismatched_steps;                             /* steps with any value beyond the tolerance */
    bool flags_equal;                                  /* and legal-action masks */
    bool within_tolerance; /* obs and state 1e-6, reward 1e-9, flags equal, on every step; units after a step as
                              combat/recording.c says */
} sl_recording_result;

/* What a line told. */
typedef struct sl_recording_event {
    enum { SL_RECORDING_END, SL_RECORDING_RESET, SL_RECORDING_STEP } kind;
    /* of a step: */
    const int32_t *actions; /* (N) borrowed until the next event; NULL: they are continuous */
    double reward;          /* as recorded, counted as sl_env_return does */
    bool terminated, truncated, won;
} sl_recording_event;

typedef struct sl_recording sl_recording;

/* Reads the header; path is borrowed for the life of *out and stands in messages. SL_NOT_FOUND (also: the file of its
 * map), SL_IO, SL_MEMORY; SL_CORRUPT with the line and what is wrong in it; SL_MISMATCH when it was made with an
 * environment or an option that is not here. */
SL_MUST_CHECK sl_status sl_recording_open(const char *path, sl_recording **out);
void sl_recording_close(sl_recording **self);
/* Replays the next line: the environment is then as after it. At the end SL_CORRUPT when there was no step. */
SL_MUST_CHECK sl_status sl_recording_next(sl_recording *self, sl_recording_event *out);
const sl_env *sl_recording_env(const sl_recording *self);                         /* one copy */
void sl_recording_get_result(const sl_recording *self, sl_recording_result *out); /* of the lines so far */

/* All of it. Being out of tolerance is not an error. */
SL_MUST_CHECK sl_status sl_recording_check(const char *path, sl_recording_result *out);

#endif
