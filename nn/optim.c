/* optim.c - Adam, gradient clipping, value normalisation. The learner's threads. */
#include "nn/optim.h"

#include "common/alloc.h"

#include <math.h>
#include <string.h>

static const double beta1 = 0.9, beta2 = 0.999;

sl_status sl_adam_init(sl_adam *self, size_t n) {
    float *m = sl_alloc_array(n, sizeof *m), *v = sl_alloc_array(n, sizeof *v);
    if (!m || !v) {
        sl_free(m);
        sl_free(v);
        return sl_fail(SL_MEMORY, NULL, "no memory for the optimiser of %zu parameters", n);
    }
    *self = (sl_adam){.n = n, .m = m, .v = v, .t = 0};
    return SL_OK;
}

void sl_adam_fini(sl_adam *self) {
    sl_free(self->m);
    sl_free(self->v);
    memset(self, 0, sizeof *self);
}

sl_adam_rates sl_adam_begin(sl_adam *self, double lr, double eps, double scale) {
    self->t++;
    // m_hat = m / (1 - b1^t), v_hat = v / (1 - b2^t), folded into two factors
    return (sl_adam_rates){.scale = (float)scale,
                           .step = (float)(lr / (1.0 - pow(beta1, (double)self->t))),
                           .unbias = (float)(1.0 / sqrt(1.0 - pow(beta2, (double)self->t))),
                           .eps = (float)eps};
}

void sl_adam_step(const sl_adam_rates *rates, size_t n, const float *grads, float *m_out, float *v_out,
                  float *params) {
    const float b1 = (float)beta1, b2 = (float)beta2, c1 = (float)(1.0 - beta1), c2 = (float)(1.0 - beta2);
    const sl_adam_rates by = *rates;
    float *restrict m = m_out, *restrict v = v_out, *restrict p = params;
    const float *restrict g = grads;
    for (size_t i = 0; i < n; i++) {
        float gradient = g[i] * by.scale;
        m[i] = b1 * m[i] + c1 * gradient;
        v[i] = b2 * v[i] + c2 * gradient * gradient;
        p[i] -= by.step * m[i] / (sqrtf(v[i]) * by.unbias + by.eps);
    }
}

double sl_grad_sum(int n_parts, size_t stride, size_t n, float *grads) {
    // by so many that the sum stays in the nearest cache, with sixteen running squares: a fixed order that vectorises
    enum { TILE = 1024, LANES = 16 };
    double lane[LANES] = {0};
    for (size_t at = 0; at < n; at += TILE) {
        size_t len = n - at < TILE ? n - at : TILE, whole = len / LANES * LANES;
        float *restrict sum = grads + at;
        for (int p = 1; p < n_parts; p++) {
            const float *restrict part = sum + (size_t)p * stride;
            for (size_t i = 0; i < len; i++) sum[i] += part[i];
        }
        for (size_t i = 0; i < whole; i += LANES)
            for (size_t l = 0; l < LANES; l++) lane[l] += (double)sum[i + l] * (double)sum[i + l];
        for (size_t i = whole; i < len; i++) lane[i - whole] += (double)sum[i] * (double)sum[i];
    }
    double square = 0;
    for (size_t l = 0; l < LANES; l++) square += lane[l];
    return square;
}

double sl_grad_clip(double norm, double max_norm) {
    // 1e-6 as in torch's clip_grad_norm_
    return max_norm > 0 && norm > max_norm ? max_norm / (norm + 1e-6) : 1.0;
}

static const double value_decay = 0.99999;

void sl_value_norm_set(sl_value_norm *self, double mean, double std, int n) {
    double weight = 1 - pow(value_decay, n);
    *self = (sl_value_norm){.mean = weight * mean, .mean_sq = weight * (std * std + mean * mean), .debias = weight};
}

void sl_value_norm_update(sl_value_norm *self, size_t n, const float *targets) {
    const double decay = value_decay;
    if (n == 0) return;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)targets[i];
        squares += (double)targets[i] * (double)targets[i];
    }
    self->mean = decay * self->mean + (1 - decay) * sum / (double)n;
    self->mean_sq = decay * self->mean_sq + (1 - decay) * squares / (double)n;
    self->debias = decay * self->debias + (1 - decay);
}

void sl_value_norm_stats(const sl_value_norm *self, float *mean, float *std) {
    *mean = 0;
    *std = 1;
    if (self->debias <= 0) return;
    double m = self->mean / self->debias;
    double variance = self->mean_sq / self->debias - m * m;
    *mean = (float)m;
    *std = (float)sqrt(variance > 1e-2 ? variance : 1e-2);
}
