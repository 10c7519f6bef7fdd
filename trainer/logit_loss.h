/* logit_loss.h - what a student learns on its logits, row by row and in one pass: eq. 3 to 5 (PPO on the distilled
 * advantages, entropy), eq. 7 (divergence from the teacher) and eq. 8 (cross entropy with its best action), with
 * their gradient. R rows, A actions. A weight of 0 switches its term off, and what it alone reads is not read. Any
 * thread. */
#ifndef SL_TRAINER_LOGIT_LOSS_H
#define SL_TRAINER_LOGIT_LOSS_H

#include "trainer/ppo_loss.h"

typedef struct sl_logit_weights {
    double ppo, clip, entropy; /* eq. 3 to 5 */
    double kl, tau;            /* eq. 7 */
    double ce;                 /* eq. 8 */
} sl_logit_weights;

typedef struct sl_logit_rows {
    int R, A;              /* A at most SL_CATEGORICAL_MAX */
    const uint8_t *avail;  /* (R, A), or NULL = all legal */
    const float *teacher;  /* (R, A): its logits */
    const float *weight;   /* (R): a row's share of the mean; one of 0 may hold anything */
    const int32_t *action; /* (R), as the next two only with ppo: the one taken */
    const float *old_logp; /* (R): log pi_b of it */
    const float *advantage;
} sl_logit_rows;

/* Weighted means over the rows, each without its weight of the loss. */
typedef struct sl_logit_sums {
    sl_ppo_sums ppo;          /* without the value's */
    double kl, ce, agreement; /* agreement: share of the rows whose most probable action is the teacher's */
} sl_logit_sums;

/* Writes dlogits (R, A), the gradient of ppo L_PPO - entropy H + kl L_KL + ce L_CE with the logits (R, A); adds to
 * sums. */
void sl_logit_loss(const sl_logit_rows *rows, const sl_logit_weights *weights, const float *logits, float *dlogits,
                   sl_logit_sums *sums);

#endif
