/* behaviour.c - see behaviour.h. */
#include "rollout/behaviour.h"

#include "nn/dist.h"

#include <stdio.h>
#include <string.h>

sl_status sl_behaviour_find(const char *name, const sl_behaviour **out) {
    char names[256] = "";
    size_t used = 0;
    for (const sl_behaviour *b = sl_behaviours; b->name; b++) {
        if (strcmp(b->name, name) == 0) {
            *out = b;
            return SL_OK;
        }
        int n = snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", b->name);
        if (n > 0 && used + (size_t)n < sizeof names) used += (size_t)n;
    }
    return sl_fail(SL_MISMATCH, names, "there is no behaviour policy '%.64s'", name);
}

void sl_behaviour_softmax(int R, int A, const float *logits, const uint8_t *avail, sl_rng *rngs, int32_t *actions,
                          float *logp) {
    sl_categorical_log_softmax(R, A, logits, avail, logp);
    sl_categorical_sample(R, A, logp, rngs, actions);
}

void sl_behaviour_greedy(int R, int A, const float *logits, const uint8_t *avail, sl_rng *rngs, int32_t *actions,
                         float *logp) {
    (void)rngs;
    sl_categorical_argmax(R, A, logits, avail, actions);
    for (int64_t i = 0; i < (int64_t)R * A; i++) logp[i] = i % A == actions[i / A] ? 0.0f : -1e10f;
}
