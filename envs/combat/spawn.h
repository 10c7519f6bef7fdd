/* spawn.h - where the units of a group stand when a battle begins, and where they may. Inside envs/combat/ only. */
#ifndef SL_ENVS_COMBAT_SPAWN_H
#define SL_ENVS_COMBAT_SPAWN_H

#include "envs/combat/map.h"

/* Positions of the units [begin, end) in rows about a point; sign is 1 for allies and -1 for enemies. */
void sl_combat_spawn(sl_combat_map *map, int begin, int end, double x, double y, double sign);
/* What a unit at (x, y) may not do at a start, but for rounding: leave the map, stand in a wall (the index of one, or
 * -1), touch unit j at (at_x, at_y). */
bool sl_combat_is_inside(const sl_combat_map *map, int u, double x, double y);
int sl_combat_find_wall(const sl_combat_map *map, int u, double x, double y);
bool sl_combat_touches(const sl_combat_map *map, int u, double x, double y, int j, double at_x, double at_y);

#endif
