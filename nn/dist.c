/* dist.c - the masked categorical head and the losses on rows of logits. Any thread, rows are independent. */
#include "nn/dist.h"

#include "common/fmath.h"

#include <math.h>
#include <stddef.h>

static const float illegal_logp = -1e10f;

static int is_legal(const uint8_t *avail, int a) {
    return !avail || avail[a];
}

// log softmax of one row divided by tau
static void row_log_softmax(int A, const float *logits, const uint8_t *avail, float inverse_tau, float *logp) {
    float max = -INFINITY, sum = 0;
    for (int a = 0; a < A; a++) {
        if (is_legal(avail, a) && logits[a] > max) max = logits[a];
    }
    for (int a = 0; a < A; a++) {
        logp[a] = (logits[a] - max) * inverse_tau;
        if (is_legal(avail, a)) sum += sl_expf(logp[a]);
    }
    float log_sum = logf(sum);
    for (int a = 0; a < A; a++) logp[a] = is_legal(avail, a) ? logp[a] - log_sum : illegal_logp;
}

// the probability behind a log-probability, exactly 0 for an illegal action
static float probability(float logp) {
    return logp > 0.5f * illegal_logp ? sl_expf(logp) : 0.0f;
}

void sl_categorical_log_softmax(int R, int A, const float *logits, const uint8_t *avail, float *logp) {
    for (size_t r = 0; r < (size_t)R; r++) {
        size_t at = r * (size_t)A;
        row_log_softmax(A, logits + at, avail ? avail + at : NULL, 1.0f, logp + at);
    }
}

void sl_categorical_sample(int R, int A, const float *logp, sl_rng *rngs, int32_t *actions) {
    for (size_t r = 0; r < (size_t)R; r++) {
        const float *row = logp + r * (size_t)A;
        float left = (float)sl_rng_uniform(&rngs[r]);
        int32_t chosen = 0;
        // walk the distribution; what rounding leaves over goes to the last possible action
        for (int a = 0; a < A; a++) {
            float p = probability(row[a]);
            if (p <= 0.0f) continue;
            chosen = a;
            left -= p;
            if (left < 0.0f) break;
        }
        actions[r] = chosen;
    }
}

void sl_categorical_argmax(int R, int A, const float *logits, const uint8_t *avail, int32_t *actions) {
    for (size_t r = 0; r < (size_t)R; r++) {
        const float *row = logits + r * (size_t)A;
        const uint8_t *legal = avail ? avail + r * (size_t)A : NULL;
        int32_t best = -1;
        for (int a = 0; a < A; a++) {
            if (is_legal(legal, a) && (best < 0 || row[a] > row[best])) best = a;
        }
        actions[r] = best < 0 ? 0 : best;
    }
}

void sl_categorical_backward(int R, int A, const float *logp, const int32_t *actions, const float *dlogp,
                             float *dlogits) {
    for (size_t r = 0; r < (size_t)R; r++) {
        const float *row = logp + r * (size_t)A;
        float *d = dlogits + r * (size_t)A;
        // d logp(taken) / d logit_a = [a = taken] - p_a
        for (int a = 0; a < A; a++) d[a] += dlogp[r] * ((a == actions[r] ? 1.0f : 0.0f) - probability(row[a]));
    }
}

void sl_categorical_entropy(int R, int A, const float *logp, const float *scale, float *entropy, float *dlogits) {
    for (size_t r = 0; r < (size_t)R; r++) {
        const float *row = logp + r * (size_t)A;
        float h = 0;
        for (int a = 0; a < A; a++) {
            float p = probability(row[a]);
            h -= p > 0.0f ? p * row[a] : 0.0f;
        }
        entropy[r] = h;
        if (!dlogits) continue;
        // d H / d logit_a = -p_a (log p_a + H)
        float *d = dlogits + r * (size_t)A;
        for (int a = 0; a < A; a++) {
            float p = probability(row[a]);
            d[a] -= p > 0.0f ? scale[r] * p * (row[a] + h) : 0.0f;
        }
    }
}

void sl_kl_distill(int R, int A, const float *lt, const float *ls, const uint8_t *avail, float tau,
                   const float *scale, float *kl, float *dls) {
    for (size_t r = 0; r < (size_t)R; r++) {
        size_t at = r * (size_t)A;
        const uint8_t *legal = avail ? avail + at : NULL;
        float max_t = -INFINITY, max_s = -INFINITY, sum_t = 0, sum_s = 0;
        for (int a = 0; a < A; a++) {
            if (!is_legal(legal, a)) continue;
            if (lt[at + (size_t)a] > max_t) max_t = lt[at + (size_t)a];
            if (ls[at + (size_t)a] > max_s) max_s = ls[at + (size_t)a];
        }
        for (int a = 0; a < A; a++) {
            if (!is_legal(legal, a)) continue;
            sum_t += sl_expf((lt[at + (size_t)a] - max_t) / tau);
            sum_s += sl_expf((ls[at + (size_t)a] - max_s) / tau);
        }
        float log_t = logf(sum_t), log_s = logf(sum_s), sum = 0;
        for (int a = 0; a < A; a++) {
            if (!is_legal(legal, a)) continue;
            float logp_t = (lt[at + (size_t)a] - max_t) / tau - log_t;
            float logp_s = (ls[at + (size_t)a] - max_s) / tau - log_s;
            float p_t = sl_expf(logp_t);
            sum += p_t * (logp_t - logp_s);
            // tau^2 d KL / d ls = tau (p_s - p_t)
            if (dls) dls[at + (size_t)a] += scale[r] * tau * (sl_expf(logp_s) - p_t);
        }
        kl[r] = tau * tau * sum;
    }
}
