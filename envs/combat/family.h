/* family.h - the battles as a family: see envs/family.h. */
#ifndef SL_ENVS_COMBAT_FAMILY_H
#define SL_ENVS_COMBAT_FAMILY_H

#include "envs/family.h"

extern const sl_env_family sl_combat_family;
/* How battles are recorded and replayed (docs/recordings.md): before each step the recorded units are loaded, so that
 * a difference cannot grow, then the recorded actions are played in the recorded order. */
extern const struct sl_recording_class sl_combat_recording;

#endif
