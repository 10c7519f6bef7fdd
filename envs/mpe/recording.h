/* recording.h - the half of a replay that knows the particle environments. Inside envs/; one thread. */
#ifndef SL_ENVS_MPE_RECORDING_H
#define SL_ENVS_MPE_RECORDING_H

#include "envs/recording/lines.h"
#include "envs/recording/recording.h"

typedef struct sl_mpe_recording sl_mpe_recording;

/* From a header line whose env is name. SL_MISMATCH: an option that is not here; SL_CORRUPT, SL_MEMORY. */
SL_MUST_CHECK sl_status sl_mpe_recording_create(const sl_recording_lines *lines, const json_t *header,
                                                const char *name, sl_mpe_recording **out);
void sl_mpe_recording_destroy(sl_mpe_recording **self);
/* A line of the kind "reset" or "step"; a step fills event but for its kind. */
SL_MUST_CHECK sl_status sl_mpe_recording_line(sl_mpe_recording *self, const sl_recording_lines *lines,
                                              const json_t *object, bool is_step, sl_recording_event *event);
const sl_env *sl_mpe_recording_env(const sl_mpe_recording *self);
void sl_mpe_recording_result(const sl_mpe_recording *self, sl_recording_result *out);

#endif
