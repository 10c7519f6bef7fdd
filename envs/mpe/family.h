/* family.h - the particle environments as a family: see envs/family.h. */
#ifndef SL_ENVS_MPE_FAMILY_H
#define SL_ENVS_MPE_FAMILY_H

#include "envs/family.h"

extern const sl_env_family sl_mpe_family;
/* How episodes are recorded and replayed (docs/recordings.md): every entity is placed where the recorded reset put
 * it, then the physics runs with the recorded actions. */
extern const struct sl_recording_class sl_mpe_recording;

#endif
