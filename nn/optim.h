/* optim.h - Adam (Kingma and Ba 2015) on a flat parameter vector, gradient clipping, and running value normalisation
 * (PopArt's statistics without the rescaling, as in the MAPPO reference). Single owner. */
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
/* params -= lr * m_hat / (sqrt(v_hat) + eps), betas 0.9, 0.999. */
void sl_adam_step(sl_adam *self, float lr, float eps, const float *grads, float *params);

double sl_grad_norm(size_t n, const float *grads); /* L2, NaN or inf when any entry is */
/* Scales grads to max_norm when larger; returns the norm before. max_norm <= 0: no clipping. */
double sl_grad_clip(size_t n, double max_norm, float *grads);

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
