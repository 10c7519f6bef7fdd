/* opponent.h - the battle as its enemies see it, and what their policy says. Inside envs/combat/ only. */
#ifndef SL_ENVS_COMBAT_OPPONENT_H
#define SL_ENVS_COMBAT_OPPONENT_H

#include "envs/combat/state.h"

/* The map with its sides swapped, turned by half a turn. */
void sl_combat_mirror_map(const sl_combat_map *map, sl_combat_map *out);
/* A legal action (n_enemies) for each enemy, as it sees it. */
void sl_combat_ask_opponent(const sl_combat *m, const sl_battle *b, int32_t *actions);

#endif
