/* options.h - the options that a recording was made with, as its header's key "options". Inside envs/; one thread. */
#ifndef SL_ENVS_RECORDING_OPTIONS_H
#define SL_ENVS_RECORDING_OPTIONS_H

#include "envs/family.h"
#include "envs/recording/recording_class.h"

/* Over the defaults in options, where the header has the key; of an opponent's policy not the policy. SL_MISMATCH: an
 * option or a switch that is not here; SL_CORRUPT. */
SL_MUST_CHECK sl_status sl_recording_read_options(const sl_recording_lines *lines, const json_t *header,
                                                  sl_env_options *options);
/* Those that differ from the defaults and have no key of their own; for json_decref. */
json_t *sl_recording_write_options(const sl_env_options *options, const sl_env_family *family);

#endif
