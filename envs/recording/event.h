/* event.h - what a line of a recording told, and how far what it says and this library are apart. Plain data. */
#ifndef SL_ENVS_RECORDING_EVENT_H
#define SL_ENVS_RECORDING_EVENT_H

#include "envs/env.h"

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

#endif
