/* recording.h - the combat half of a replay: before each step the recorded units are loaded, so that a
 * difference cannot grow, then the recorded actions are played in the recorded order. Inside envs/; one thread. */
#ifndef SL_ENVS_COMBAT_RECORDING_H
#define SL_ENVS_COMBAT_RECORDING_H

#include "envs/combat/combat.h"
#include "envs/recording/lines.h"
#include "envs/recording/recording.h"

/* What a recording tells of a unit, in this order, and the names in its header. */
enum {
    SL_COMBAT_FIELD_ALIVE,
    SL_COMBAT_FIELD_HP,
    SL_COMBAT_FIELD_SHIELD,
    SL_COMBAT_FIELD_X,
    SL_COMBAT_FIELD_Y,
    SL_COMBAT_FIELD_VX,
    SL_COMBAT_FIELD_VY,
    SL_COMBAT_FIELD_COOLDOWN,
    SL_COMBAT_FIELD_DELAY,
    SL_COMBAT_FIELD_TARGET,
    SL_COMBAT_FIELDS
};
extern const char *const sl_combat_field_names[SL_COMBAT_FIELDS];
void sl_combat_get_fields(const sl_battle *b, int u, double fields[SL_COMBAT_FIELDS]);

typedef struct sl_combat_recording sl_combat_recording;

/* From a header line whose env is name. SL_MISMATCH: another map or layout; SL_CORRUPT, SL_MEMORY. */
SL_MUST_CHECK sl_status sl_combat_recording_create(const sl_recording_lines *lines, const json_t *header,
                                                   const char *name, sl_combat_recording **out);
void sl_combat_recording_destroy(sl_combat_recording **self);
/* A line of the kind "reset" or "step"; a step fills event but for its kind. */
SL_MUST_CHECK sl_status sl_combat_recording_line(sl_combat_recording *self, const sl_recording_lines *lines,
                                                 const json_t *object, bool is_step, sl_recording_event *event);
const sl_env *sl_combat_recording_env(const sl_combat_recording *self);
void sl_combat_recording_result(const sl_combat_recording *self, sl_recording_result *out);

#endif
