/* observe.h - what agents see, the joint state and the legal actions. Inside envs/combat/ only; any thread. */
#ifndef SL_ENVS_COMBAT_OBSERVE_H
#define SL_ENVS_COMBAT_OBSERVE_H

#include "envs/combat/state.h"

/* The longest observation: a unit shows at most a flag, a distance, two offsets, health, shields and type bits. */
enum { SL_COMBAT_MAX_ROW = 4 + SL_COMBAT_MAX_UNITS * (6 + SL_COMBAT_MAX_TYPES) };

/* What is the same for all who look at a battle, and what one of them sees. */
typedef struct sl_combat_view {
    double x[SL_COMBAT_MAX_UNITS], y[SL_COMBAT_MAX_UNITS];
    float hp[SL_COMBAT_MAX_UNITS], shield[SL_COMBAT_MAX_UNITS]; /* shares of the full */
    float distance[SL_COMBAT_MAX_UNITS], dx[SL_COMBAT_MAX_UNITS], dy[SL_COMBAT_MAX_UNITS];
    uint64_t seen, in_range;
} sl_combat_view;

void sl_combat_view_start(const sl_combat *m, const sl_battle *b, sl_combat_view *w);
/* The rows of a living ally, obs (O) zeros before, avail (A); either may be NULL. */
void sl_combat_write_agent(const sl_combat *m, const sl_battle *b, sl_combat_view *w, int u, float *obs,
                           uint8_t *avail);
/* All rows of copy v. */
void sl_combat_write(const sl_combat *m, const sl_battle *b, int v, const sl_env_out *out);

#endif
