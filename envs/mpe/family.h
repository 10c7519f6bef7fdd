/* family.h - the particle environments as a family: see envs/family.h. */
#ifndef SL_ENVS_MPE_FAMILY_H
#define SL_ENVS_MPE_FAMILY_H

#include "envs/family.h"

extern const sl_env_family sl_mpe_family;

#endif
