/* world.h - what the fleet's tests share: an environment whose observations depend on all actions so far, and
 * the actions that toy policies take in it when nothing lies between. */
#ifndef SL_FLEET_WORLD_H
#define SL_FLEET_WORLD_H

#include "fleet/fleet.h"
#include "fleet/toy_policy.h"

enum { WORLD_N = 3, WORLD_T = 12 };

typedef struct world {
    uint64_t state;
    float obs[WORLD_N][TOY_O];
    uint8_t avail[WORLD_N][TOY_A];
} world;

static inline void world_observe(world *self) {
    uint64_t x = self->state;
    for (int n = 0; n < WORLD_N; n++) {
        for (int i = 0; i < TOY_O; i++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            self->obs[n][i] = (float)(int32_t)(x >> 40) / 1024;
        }
        // one action is illegal, never the first
        for (int i = 0; i < TOY_A; i++) self->avail[n][i] = i == 0 || i != (int)(x >> 60) % TOY_A;
    }
}

static inline void world_reset(world *self, uint64_t seed) {
    self->state = seed;
    world_observe(self);
}

static inline void world_step(world *self, const int32_t *actions) {
    for (int n = 0; n < WORLD_N; n++) self->state = self->state * 31 + (uint64_t)actions[n] + 7;
    world_observe(self);
}

/* the actions (n_episodes, WORLD_T, WORLD_N) of agents that live in the same room */
static inline void world_expect(int n_episodes, int32_t *actions) {
    for (int e = 0; e < n_episodes; e++) {
        world w;
        toy_policy agents[WORLD_N];
        world_reset(&w, (uint64_t)e + 1);
        for (int t = 0; t < WORLD_T; t++, actions += WORLD_N) {
            for (int n = 0; n < WORLD_N; n++) actions[n] = toy_decide(&agents[n], w.obs[n], w.avail[n], t == 0);
            world_step(&w, actions);
        }
    }
}

/* a tick of all slots, of a new episode or of the one that goes on */
static inline sl_status world_tick(sl_fleet *fleet, const float *obs, const uint8_t *avail, bool episode_start,
                                   int32_t *actions, sl_act *acts) {
    if (episode_start) sl_fleet_begin(fleet);
    return sl_fleet_tick(fleet, obs, avail, NULL, actions, acts);
}

#endif
