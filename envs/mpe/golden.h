/* golden.h - the half of a replay that knows the particle environments. Inside envs/; one thread. */
#ifndef SL_ENVS_MPE_GOLDEN_H
#define SL_ENVS_MPE_GOLDEN_H

#include "envs/recording/golden.h"
#include "envs/recording/golden_lines.h"

typedef struct sl_golden_mpe sl_golden_mpe;

/* From a header line whose env is name. SL_MISMATCH: an option that is not here; SL_CORRUPT, SL_MEMORY. */
SL_MUST_CHECK sl_status sl_golden_mpe_create(const sl_golden_lines *lines, const json_t *header, const char *name,
                                             sl_golden_mpe **out);
void sl_golden_mpe_destroy(sl_golden_mpe **self);
/* A line of the kind "reset" or "step"; a step fills event but for its kind. */
SL_MUST_CHECK sl_status sl_golden_mpe_line(sl_golden_mpe *self, const sl_golden_lines *lines, const json_t *object,
                                           bool is_step, sl_golden_event *event);
const sl_env *sl_golden_mpe_env(const sl_golden_mpe *self);
void sl_golden_mpe_result(const sl_golden_mpe *self, sl_golden_result *out);

#endif
