/* walls.h - the velocities that walls forbid. Inside envs/combat/ only; any thread. */
#ifndef SL_ENVS_COMBAT_WALLS_H
#define SL_ENVS_COMBAT_WALLS_H

#include "envs/combat/plane.h"

/* The lines of a wall that is less than a second away, after those of the walls before it. All float64. */
void sl_combat_avoid_wall(const sl_combat_wall *w, vec position, vec velocity, double radius, bool offset_fix,
                          lines *l);

#endif
