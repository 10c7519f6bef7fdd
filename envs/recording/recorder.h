/* recorder.h - records what one copy of an environment goes through, in the format that recording.h reads (docs/
 * recordings.md). The writer makes the resets and steps itself, since it has to know what happens inside of them;
 * they are those of sl_env_reset and sl_env_step. Nothing is allocated by resets and steps but by zlib at the first.
 * One thread. */
#ifndef SL_ENVS_RECORDING_RECORDER_H
#define SL_ENVS_RECORDING_RECORDER_H

#include "envs/env.h"

typedef struct sl_env_recorder_def {
    const char
        *path; /* is replaced when it exists; compressed when it ends in ".gz"; borrowed for the writer's life */
    const char *name; /* of the environment and its options, as sl_env_create was given them */
    const sl_env_options *options;
    const char *policy; /* these two are noted for people */
    uint64_t seed;
} sl_env_recorder_def;

typedef struct sl_env_recorder sl_env_recorder;

/* env has one copy and is borrowed for the writer's life. Writes the header. SL_NOT_FOUND: no such folder;
 * SL_CONFIG: its family has no recordings; SL_NO_SPACE, SL_IO, SL_MEMORY. */
SL_MUST_CHECK sl_status sl_env_recorder_open(const sl_env_recorder_def *def, sl_env *env, sl_env_recorder **out);
/* Writes what is left and says whether all of it was written; the writer is gone in any case. NULL-safe. */
SL_MUST_CHECK sl_status sl_env_recorder_close(sl_env_recorder **self);
/* As sl_env_reset and sl_env_step (and _continuous) of the copy, and a line each. SL_NO_SPACE, SL_IO; SL_NOT_FINITE:
 * a number that JSON does not have; SL_FULL: a line longer than readers take. */
SL_MUST_CHECK sl_status sl_env_recorder_reset(sl_env_recorder *self, int64_t episode, sl_env_out *out);
SL_MUST_CHECK sl_status sl_env_recorder_step(sl_env_recorder *self, const int32_t *actions, sl_env_out *out);
SL_MUST_CHECK sl_status sl_env_recorder_step_continuous(sl_env_recorder *self, const float *actions, sl_env_out *out);

#endif
