/* optim.c - Adam, gradient clipping, value normalisation. The trainer's main thread. */
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

void sl_adam_step(sl_adam *self, float lr, float eps, const float *grads, float *params) {
    self->t++;
    // m_hat = m / (1 - b1^t), v_hat = v / (1 - b2^t), folded into two factors
    float step = (float)((double)lr / (1.0 - pow(beta1, (double)self->t)));
    float unbias = (float)(1.0 / sqrt(1.0 - pow(beta2, (double)self->t)));
    const float b1 = (float)beta1, b2 = (float)beta2, c1 = (float)(1.0 - beta1), c2 = (float)(1.0 - beta2);
    float *restrict m = self->m, *restrict v = self->v, *restrict p = params;
    const float *restrict g = grads;
    for (size_t i = 0; i < self->n; i++) {
        m[i] = b1 * m[i] + c1 * g[i];
        v[i] = b2 * v[i] + c2 * g[i] * g[i];
        p[i] -= step * m[i] / (sqrtf(v[i]) * unbias + eps);
    }
}

double sl_grad_norm(size_t n, const float *grads) {
    // sixteen running sums: a fixed order that vectorises
    double lane[16] = {0};
    size_t whole = n / 16 * 16;
    for (size_t i = 0; i < whole; i += 16) {
        for (size_t l = 0; l < 16; l++) lane[l] += (double)grads[i + l] * (double)grads[i + l];
    }
    for (size_t i = whole; i < n; i++) lane[i - whole] += (double)grads[i] * (double)grads[i];
    double sum = 0;
    for (size_t l = 0; l < 16; l++) sum += lane[l];
    return sqrt(sum);
}

double sl_grad_clip(size_t n, double max_norm, float *grads) {
    double norm = sl_grad_norm(n, grads);
    if (max_norm > 0 && norm > max_norm) {
        // 1e-6 as in torch's clip_grad_norm_
        float scale = (float)(max_norm / (norm + 1e-6));
        for (size_t i = 0; i < n; i++) grads[i] *= scale;
    }
    return norm;
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
