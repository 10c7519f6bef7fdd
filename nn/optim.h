/* optim.h - Adam (Kingma and Ba 2015) on flat parameter vectors, gradient clipping, and running value normalisation
 * (PopArt's statistics without the rescaling, as in the MAPPO reference). Single owner; parts of a step may run
 * on distinct threads. */
#ifndef SL_NN_OPTIM_H
#define SL_NN_OPTIM_H

#include "common/status.h"

#include <stddef.h>
#include <stdint.h>

typedef struct sl_adam {
    size_t n;
    float *m, *v; /* (n) owned; saved with checkpoints */
    int64_t t;    /* steps done */
} sl_adam;

SL_MUST_CHECK sl_status sl_adam_init(sl_adam *self, size_t n);
void sl_adam_fini(sl_adam *self);
/* What one step multiplies by: the gradient by scale, and Adam's rate with its corrections for early steps. */
typedef struct sl_adam_rates {
    float scale, step, unbias, eps;
} sl_adam_rates;
/* Counts the step. */
sl_adam_rates sl_adam_begin(sl_adam *self, double lr, double eps, double scale);
/* Any part (n) of the vectors: params -= lr * m_hat / (sqrt(v_hat) + eps), betas 0.9, 0.999. The same bits however
 * the vectors are parted. */
void sl_adam_step(const sl_adam_rates *rates, size_t n, const float *grads, float *m, float *v, float *params);

/* Sums n_parts gradients, `stride` floats apart, into the first of them (n), in their order; returns the sum's square
 * of its L2 norm, NaN or inf when any entry is. */
double sl_grad_sum(int n_parts, size_t stride, size_t n, float *grads);
/* What scales a gradient of this norm to max_norm when it is larger, else 1. max_norm <= 0: no clipping. */
double sl_grad_clip(double norm, double max_norm);

/* Debiased running mean and variance of value targets, decay 0.99999 per update (MAPPO's ValueNorm). */
typedef struct sl_value_norm {
    double mean, mean_sq, debias;
} sl_value_norm;
void sl_value_norm_update(sl_value_norm *self, size_t n, const float *targets);
/* As after n updates that all had this mean and deviation. */
void sl_value_norm_set(sl_value_norm *self, double mean, double std, int n);
void sl_value_norm_stats(const sl_value_norm *self, float *mean,
                         float *std); /* 0, 1 before the first update; std >= 0.1 */

#endif
