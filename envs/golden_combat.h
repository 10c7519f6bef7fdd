/* golden_combat.h - the combat half of a replay: before each step the recorded units are loaded, so that a
 * difference cannot grow, then the recorded actions are played in the recorded order. Inside envs/; one thread. */
#ifndef SL_ENVS_GOLDEN_COMBAT_H
#define SL_ENVS_GOLDEN_COMBAT_H

#include "envs/golden.h"
#include "envs/golden_lines.h"

typedef struct sl_golden_combat sl_golden_combat;

/* From a header line whose env is name. SL_MISMATCH: another map or layout; SL_CORRUPT, SL_MEMORY. */
SL_MUST_CHECK sl_status sl_golden_combat_create(const sl_golden_lines *lines, const json_t *header, const char *name,
                                                sl_golden_combat **out);
void sl_golden_combat_destroy(sl_golden_combat **self);
/* A line of the kind "reset" or "step"; a step fills event but for its kind. */
SL_MUST_CHECK sl_status sl_golden_combat_line(sl_golden_combat *self, const sl_golden_lines *lines,
                                              const json_t *object, bool is_step, sl_golden_event *event);
const sl_env *sl_golden_combat_env(const sl_golden_combat *self);
void sl_golden_combat_result(const sl_golden_combat *self, sl_golden_result *out);

#endif
