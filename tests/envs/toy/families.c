/* families.c - the house's table and the toy: linked instead of envs/families.c. */
#include "envs/combat/family.h"
#include "envs/mpe/family.h"
#include "toy/toy.h"
#include <stddef.h>

const sl_env_family *const sl_env_families[] = {&sl_mpe_family, &sl_combat_family, &sl_toy_family, NULL};
