/* options.h - which environment, with which options, a recording was made with. Inside envs/; one thread. */
#ifndef SL_ENVS_RECORDING_OPTIONS_H
#define SL_ENVS_RECORDING_OPTIONS_H

#include "envs/env.h"
#include "envs/recording/lines.h"

/* The full name of a header's env: particle environments go without their "mpe/". SL_MISMATCH: not here. */
SL_MUST_CHECK sl_status sl_recording_find_env(const sl_recording_lines *lines, const json_t *header,
                                              char name[static SL_ENV_NAME_SIZE]);
/* A header's key "options", where there is one, over the defaults in options; of an opponent's policy not the
 * opponent policy. SL_MISMATCH: an option or a switch that is not here; SL_CORRUPT. */
SL_MUST_CHECK sl_status sl_recording_read_options(const sl_recording_lines *lines, const json_t *header,
                                                  sl_env_options *options);
/* One copy. SL_MISMATCH: the environment refuses the options; SL_NOT_FOUND: the file of its map is not here. */
SL_MUST_CHECK sl_status sl_recording_open_env(const sl_recording_lines *lines, const char *name,
                                              const sl_env_options *options, sl_env **out);

#endif
