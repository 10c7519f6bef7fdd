/* battle.h - the rules: what a step does to a battle. Inside envs/combat/ only; any thread, one copy each. */
#ifndef SL_ENVS_COMBAT_BATTLE_H
#define SL_ENVS_COMBAT_BATTLE_H

#include "envs/combat/state.h"

/* The execution order of one tick, for recordings: given, or n < 0 on entry: drawn as ever, and told. */
typedef struct sl_combat_order {
    int n;
    uint8_t unit[SL_COMBAT_MAX_UNITS];
} sl_combat_order;

/* One step of one copy; orders NULL or one a tick. Returns the reward of the team. */
double sl_combat_step(const sl_combat *m, const sl_battle *b, const int32_t *actions, sl_combat_order *orders);

#endif
