/* behaviour.h - behaviour policies: how actions follow from the networks' outputs. A request of the learn link names
 * one of the table in behaviours.c; another one is one more line there. Any thread, rows are independent. */
#ifndef SL_ROLLOUT_BEHAVIOUR_H
#define SL_ROLLOUT_BEHAVIOUR_H

#include "common/rng.h"
#include "common/status.h"

#include <stdint.h>

typedef struct sl_behaviour {
    const char *name;
    /* Actions (R) of R rows of A logits; avail (R, A) or NULL = all legal; rngs (R): row r draws from rngs[r] alone.
     * logp (R, A): log-probabilities under the behaviour. A row without legal actions gives action 0. */
    void (*choose)(int R, int A, const float *logits, const uint8_t *avail, sl_rng *rngs, int32_t *actions,
                   float *logp);
} sl_behaviour;

/* Ends with an entry without a name. */
extern const sl_behaviour sl_behaviours[];

/* The behaviour of that name. SL_MISMATCH: there is none; the hint lists them. */
SL_MUST_CHECK sl_status sl_behaviour_find(const char *name, const sl_behaviour **out);
/* One sample a row from the softmax of the logits. */
void sl_behaviour_softmax(int R, int A, const float *logits, const uint8_t *avail, sl_rng *rngs, int32_t *actions,
                          float *logp);
/* The first most probable action; draws nothing. */
void sl_behaviour_greedy(int R, int A, const float *logits, const uint8_t *avail, sl_rng *rngs, int32_t *actions,
                         float *logp);

#endif
