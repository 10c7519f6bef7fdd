/* family.h - the battles as a family: see envs/family.h. */
#ifndef SL_ENVS_COMBAT_FAMILY_H
#define SL_ENVS_COMBAT_FAMILY_H

#include "envs/family.h"

extern const sl_env_family sl_combat_family;

#endif
