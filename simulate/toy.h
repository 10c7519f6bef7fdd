/* toy.h - what a simulated fleet flies: an environment whose observations depend on all actions so far, and recurrent
 * policies in a few lines whose actions depend on every observation of the episode and on their order, so that a
 * lost, repeated, reordered or foreign one changes all that follows. */
#ifndef SL_SIMULATE_TOY_H
#define SL_SIMULATE_TOY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { SL_TOY_O = 4, SL_TOY_A = 5 };

/* h <- fnv(h, obs); action = h mod A, or the next legal one. */
typedef struct sl_toy_policy {
    uint32_t h;
} sl_toy_policy;

static inline int32_t sl_toy_decide(sl_toy_policy *self, const float *obs, const uint8_t *avail, bool episode_start) {
    if (episode_start) self->h = 1;
    for (int i = 0; i < SL_TOY_O; i++) {
        uint32_t bits;
        memcpy(&bits, &obs[i], sizeof bits);
        self->h = (self->h ^ bits) * 16777619U + 1;
    }
    int32_t action = (int32_t)((self->h >> 8) % SL_TOY_A);
    for (int i = 0; avail && !avail[action] && i < SL_TOY_A; i++) action = (action + 1) % SL_TOY_A;
    return action;
}

/* obs (n, O) and avail (n, A) of the environment's state. */
static inline void sl_toy_observe(uint64_t state, int n_agents, float *obs, uint8_t *avail) {
    uint64_t x = state;
    for (int n = 0; n < n_agents; n++) {
        for (int i = 0; i < SL_TOY_O; i++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            *obs++ = (float)(int32_t)(x >> 40) / 1024;
        }
        // one action is illegal, never the first: that is the fallback
        for (int i = 0; i < SL_TOY_A; i++) *avail++ = i == 0 || i != (int)(x >> 60) % SL_TOY_A;
    }
}

static inline uint64_t sl_toy_step(uint64_t state, int n_agents, const int32_t *actions) {
    for (int n = 0; n < n_agents; n++) state = state * 31 + (uint64_t)actions[n] + 7;
    return state;
}

#endif
