/* actions.h - which orders a unit may be given. Inside envs/combat/ only; any thread. */
#ifndef SL_ENVS_COMBAT_ACTIONS_H
#define SL_ENVS_COMBAT_ACTIONS_H

#include "envs/combat/state.h"

#include <math.h>

/* Directions of movement: north, south, east, west. */
static const int sl_combat_step_x[4] = {0, 0, 1, -1}, sl_combat_step_y[4] = {1, -1, 0, 0};
static const double SL_COMBAT_SHOT_RANGE = 6.0;

/* Within r of one another, as the reference finds it in float32. */
static inline bool sl_combat_near(const sl_battle *b, int u, int t, double r) {
    float dx = fabsf(b->x[t] - b->x[u]), dy = fabsf(b->y[t] - b->y[u]), sum = dx + dy, limit = (float)r;
    float xx = dx * dx, yy = dy * dy, square = xx + yy;
    return (dx <= limit) & (dy <= limit) & (((double)sum <= r) | ((double)square <= r * r));
}

static inline bool sl_combat_can_move(const sl_combat *m, const sl_battle *b, int u, int direction) {
    float x = b->x[u] + (float)sl_combat_step_x[direction], y = b->y[u] + (float)sl_combat_step_y[direction];
    if (!(x >= 0.0f && y >= 0.0f && x < (float)m->map.width && y < (float)m->map.height)) return false;
    return m->map.open[(int)y][(int)x];
}

static inline bool sl_combat_can_attack(const sl_battle *b, int u, int target) {
    return sl_combat_has(*b->alive, target) && sl_combat_near(b, u, target, SL_COMBAT_SHOT_RANGE);
}

#endif
