/* families.c - the table of families. A new one is a folder and a line here (docs/environments.md). */
#include "envs/combat/family.h"
#include "envs/mpe/family.h"

#include <stddef.h>

const sl_env_family *const sl_env_families[] = {&sl_mpe_family, &sl_combat_family, NULL};
