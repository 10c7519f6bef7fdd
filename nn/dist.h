/* dist.h - the categorical head with illegal actions masked out, and the losses on rows of logits. R rows, A <= 1024
 * actions. avail (R, A) or NULL = all legal; an illegal action has probability 0 and gradient 0. Softmax subtracts
 * the maximum. Nothing is allocated; any thread, rows are independent. */
#ifndef SL_NN_DIST_H
#define SL_NN_DIST_H

#include "common/rng.h"

#include <stdint.h>

enum { SL_CATEGORICAL_MAX = 1024 };

/* logp (R, A) = log softmax over the legal actions; illegal: -1e10. */
void sl_categorical_log_softmax(int R, int A, const float *logits, const uint8_t *avail, float *logp);
/* One sample a row from log-probabilities; rngs (R): row r draws once from rngs[r]. A row without legal actions gives
 * action 0, here and below. */
void sl_categorical_sample(int R, int A, const float *logp, sl_rng *rngs, int32_t *actions);
/* The first most probable legal action of each row: greedy decisions. */
void sl_categorical_argmax(int R, int A, const float *logits, const uint8_t *avail, int32_t *actions);
/* dlogits (R, A) += dlogp[r] * d logp(action_r) / dlogits, for losses on the log-probability of a taken action. */
void sl_categorical_backward(int R, int A, const float *logp, const int32_t *actions, const float *dlogp,
                             float *dlogits);
/* entropy (R) of each row; dlogits += scale[r] * d H / d logits when dlogits is not NULL. */
void sl_categorical_entropy(int R, int A, const float *logp, const float *scale, float *entropy, float *dlogits);
/* Huber with threshold delta: returns loss, writes derivative. */
static inline float sl_huber(float error, float delta, float *derivative) {
    float magnitude = error < 0 ? -error : error;
    int inside = magnitude <= delta;
    *derivative = inside ? error : (error < 0 ? -delta : delta);
    return inside ? 0.5f * error * error : delta * (magnitude - 0.5f * delta);
}

#endif
