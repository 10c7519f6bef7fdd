/* program.h - the best velocity left of lines. Inside envs/combat/ only; any thread. */
#ifndef SL_ENVS_COMBAT_PROGRAM_H
#define SL_ENVS_COMBAT_PROGRAM_H

#include "envs/combat/plane.h"

/* The velocity of at most max_speed closest to goal that all lines allow; where none does, the least violation, with
 * the first n_walls kept hard. */
vec sl_combat_best_velocity(const lines *l, int n_walls, vec goal, double max_speed);

#endif
