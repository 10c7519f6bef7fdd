/* dist.c - the masked categorical head and the losses on rows of logits. The exponentials of a chunk of rows are
 * taken in one vectorised loop; what is left per row is a handful of operations. */
#include "nn/dist.h"

#include "common/assert.h"
#include "common/fmath.h"

#include <math.h>
#include <stddef.h>

enum { CHUNK = SL_CATEGORICAL_MAX };
static const float illegal_logp = -1e10f;

static int is_legal(const uint8_t *avail, size_t i) {
    return !avail || avail[i];
}

// rows whose actions fit a chunk's buffer
static size_t chunk_rows(int A) {
    SL_ASSERT(A >= 1 && A <= CHUNK);
    return (size_t)(CHUNK / A);
}

static size_t min_size(size_t a, size_t b) {
    return a < b ? a : b;
}

static void exp_all(size_t n, const float *restrict x, float *restrict y) {
    for (size_t i = 0; i < n; i++) y[i] = sl_expf(x[i]);
}

// p = the probabilities behind n log-probabilities, exactly 0 for an illegal action
static void probabilities(size_t n, const float *restrict logp, float *restrict p) {
    for (size_t i = 0; i < n; i++) {
        float e = sl_expf(logp[i]);
        p[i] = logp[i] < 0.5f * illegal_logp ? 0.0f : e;
    }
}

// log softmax of at most a chunk of rows, of logits times inverse_tau
static void chunk_log_softmax(size_t R, size_t A, const float *logits, const uint8_t *avail, float inverse_tau,
                              float *logp) {
    float e[CHUNK] = {0}, log_sum[CHUNK] = {0};
    for (size_t r = 0; r < R; r++) {
        float max = -INFINITY;
        for (size_t i = r * A; i < r * A + A; i++) {
            if (is_legal(avail, i) && logits[i] > max) max = logits[i];
        }
        for (size_t i = r * A; i < r * A + A; i++) {
            logp[i] = is_legal(avail, i) ? (logits[i] - max) * inverse_tau : illegal_logp;
        }
    }
    exp_all(R * A, logp, e);
    for (size_t r = 0; r < R; r++) {
        float sum = 0;
        for (size_t i = r * A; i < r * A + A; i++) sum += is_legal(avail, i) ? e[i] : 0.0f;
        log_sum[r] = sum;
    }
    for (size_t r = 0; r < R; r++) log_sum[r] = sl_logf(log_sum[r]);
    for (size_t r = 0; r < R; r++) {
        for (size_t i = r * A; i < r * A + A; i++) {
            if (is_legal(avail, i)) logp[i] -= log_sum[r];
        }
    }
}

void sl_categorical_log_softmax(int R, int A, const float *logits, const uint8_t *avail, float *logp) {
    size_t step = chunk_rows(A), width = (size_t)A;
    for (size_t r = 0; r < (size_t)R; r += step) {
        size_t at = r * width;
        chunk_log_softmax(min_size(step, (size_t)R - r), width, logits + at, avail ? avail + at : NULL, 1.0f,
                          logp + at);
    }
}

void sl_categorical_sample(int R, int A, const float *logp, sl_rng *rngs, int32_t *actions) {
    float p[CHUNK];
    size_t step = chunk_rows(A), width = (size_t)A;
    for (size_t r = 0; r < (size_t)R; r++) {
        size_t in_chunk = r % step;
        if (in_chunk == 0) probabilities(min_size(step, (size_t)R - r) * width, logp + r * width, p);
        const float *row = p + in_chunk * width;
        // walk the distribution; what rounding leaves over goes to the last possible action
        float left = (float)sl_rng_uniform(&rngs[r]);
        int32_t chosen = 0;
        for (int32_t a = 0; a < A; a++) {
            if (row[a] <= 0.0f) continue;
            chosen = a;
            left -= row[a];
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
        for (int32_t a = 0; a < A; a++) {
            if (is_legal(legal, (size_t)a) && (best < 0 || row[a] > row[best])) best = a;
        }
        actions[r] = best < 0 ? 0 : best;
    }
}

void sl_categorical_backward(int R, int A, const float *logp, const int32_t *actions, const float *dlogp,
                             float *dlogits) {
    float p[CHUNK];
    size_t step = chunk_rows(A), width = (size_t)A;
    for (size_t r = 0; r < (size_t)R; r++) {
        size_t in_chunk = r % step, at = r * width;
        if (in_chunk == 0) probabilities(min_size(step, (size_t)R - r) * width, logp + at, p);
        // d logp(taken) / d logit_a = [a = taken] - p_a
        float d = dlogp[r];
        for (size_t a = 0; a < width; a++) dlogits[at + a] -= d * p[in_chunk * width + a];
        if (logp[at + (size_t)actions[r]] > 0.5f * illegal_logp) dlogits[at + (size_t)actions[r]] += d;
    }
}

void sl_categorical_entropy(int R, int A, const float *logp, const float *scale, float *entropy, float *dlogits) {
    float p[CHUNK] = {0}; // which costs nothing once a call, and lets a static analyser follow
    size_t step = chunk_rows(A), width = (size_t)A;
    for (size_t r = 0; r < (size_t)R; r++) {
        size_t in_chunk = r % step;
        if (in_chunk == 0) probabilities(min_size(step, (size_t)R - r) * width, logp + r * width, p);
        const float *row = logp + r * width, *row_p = p + in_chunk * width;
        float h = 0;
        for (size_t a = 0; a < width; a++) h -= row_p[a] * row[a];
        entropy[r] = h;
        if (!dlogits) continue;
        // d H / d logit_a = -p_a (log p_a + H)
        for (size_t a = 0; a < width; a++) dlogits[r * width + a] -= scale[r] * row_p[a] * (row[a] + h);
    }
}
