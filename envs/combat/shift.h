/* shift.h - starts that differ from episode to episode (the option spawn_shift). Inside envs/combat/ only. */
#ifndef SL_ENVS_COMBAT_SHIFT_H
#define SL_ENVS_COMBAT_SHIFT_H

#include "common/rng.h"
#include "envs/combat/map.h"

/* The bounds of all groups for shifts of at most so many cells along each axis. */
void sl_combat_bound_shifts(sl_combat_map *map, double most);
/* Positions (x, y) of all units with every group moved by a random shift within its bounds. */
void sl_combat_shift(const sl_combat_map *map, sl_rng *stream, float *x, float *y);

#endif
