/* avoid.h - units that keep clear of one another and of walls. Inside envs/combat/ only; any thread. */
#ifndef SL_ENVS_COMBAT_AVOID_H
#define SL_ENVS_COMBAT_AVOID_H

#include "envs/combat/state.h"

/* One tick: columns of positions in float64, velocities wanted and given. */
typedef struct sl_combat_scene {
    double x[SL_COMBAT_MAX_UNITS], y[SL_COMBAT_MAX_UNITS];
    double px[SL_COMBAT_MAX_UNITS], py[SL_COMBAT_MAX_UNITS];
    double vx[SL_COMBAT_MAX_UNITS], vy[SL_COMBAT_MAX_UNITS]; /* zeros before */
    uint64_t hunted;                                         /* who is some commanded unit's target */
    uint64_t attackers, movers, chasers; /* chasers: movers after a unit; they want a float32 velocity */
    uint64_t single; /* whose velocity is float32 in the reference: now, and then of those given */
} sl_combat_scene;

/* Velocities near the wanted ones that avoid units and walls for a second. Who is not a mover stands. */
void sl_combat_avoid(const sl_combat *m, const sl_battle *b, sl_combat_scene *s);

#endif
