/* golden.h - the combat half of a replay: before each step the recorded units are loaded, so that a
 * difference cannot grow, then the recorded actions are played in the recorded order. Inside envs/; one thread. */
#ifndef SL_ENVS_COMBAT_GOLDEN_H
#define SL_ENVS_COMBAT_GOLDEN_H

#include "envs/combat/combat.h"
#include "envs/recording/golden.h"
#include "envs/recording/golden_lines.h"

/* What a recording tells of a unit, in this order, and the names in its header. */
enum {
    SL_GOLDEN_ALIVE,
    SL_GOLDEN_HP,
    SL_GOLDEN_SHIELD,
    SL_GOLDEN_X,
    SL_GOLDEN_Y,
    SL_GOLDEN_VX,
    SL_GOLDEN_VY,
    SL_GOLDEN_COOLDOWN,
    SL_GOLDEN_DELAY,
    SL_GOLDEN_TARGET,
    SL_GOLDEN_FIELDS
};
extern const char *const sl_golden_fields[SL_GOLDEN_FIELDS];
void sl_golden_get_unit(const sl_battle *b, int u, double fields[SL_GOLDEN_FIELDS]);

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
