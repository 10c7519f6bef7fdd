/* toy_policy.h - a recurrent policy in a few lines for the fleet's tests: its action depends on every observation of
 * the episode and on their order, so that a lost, repeated or reordered one changes all that follows. */
#ifndef SL_TESTS_TOY_POLICY_H
#define SL_TESTS_TOY_POLICY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { TOY_O = 6, TOY_A = 5 };

typedef struct toy_policy {
    uint32_t h;
} toy_policy;

static inline int32_t toy_decide(void *context, const float *obs, const uint8_t *avail, bool episode_start) {
    toy_policy *self = context;
    if (episode_start) self->h = 1;
    for (int i = 0; i < TOY_O; i++) {
        uint32_t bits;
        memcpy(&bits, &obs[i], sizeof bits);
        self->h = (self->h ^ bits) * 16777619U + 1;
    }
    int32_t action = (int32_t)((self->h >> 8) % TOY_A);
    for (int i = 0; avail && !avail[action] && i < TOY_A; i++) action = (action + 1) % TOY_A;
    return action;
}

#endif
