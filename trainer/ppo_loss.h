/* ppo_loss.h - PPO's losses on rows, with their gradients (Schulman et al. 2017; Yu et al. 2022). R rows, A actions.
 * weight (R) is each row's share of the mean: 1 / rows that count, or 0 for a row that does not. Sums are added to,
 * so that blocks and slices can be put together. Any thread. */
#ifndef SL_TRAINER_PPO_LOSS_H
#define SL_TRAINER_PPO_LOSS_H

#include <stddef.h>
#include <stdint.h>

/* Weighted means over a minibatch. */
typedef struct sl_ppo_sums {
    double policy_loss, entropy, kl, clipped; /* clipped: share of rows whose ratio left the range */
    double value_loss;
} sl_ppo_sums;

typedef struct sl_ppo_rows {
    int R, A;
    const uint8_t *avail;   /* (R, A), or NULL */
    const int32_t *action;  /* (R) */
    const float *old_logp;  /* (R): log pi_b */
    const float *advantage; /* (R), normalised */
    const float *weight;    /* (R) */
} sl_ppo_rows;

/* dlogits (R, A) += d [ c_ppo * L_PPO - c_entropy * H ] / dlogits, with
 * L_PPO = -E[min(rho A, clip(rho, 1 - clip, 1 + clip) A)], rho = pi(a) / pi_b(a) (eq. 3-4). A coefficient of 0 skips
 * its term's gradient. scratch: 3 * R floats. logp (R, A) are the new log-probabilities. */
void sl_ppo_actor_loss(const sl_ppo_rows *rows, const float *logp, double c_ppo, double c_entropy, double clip,
                       float *scratch, float *dlogits, sl_ppo_sums *sums);
/* Value loss as in the MAPPO reference: max(huber(target - v), huber(target - v_clipped)), where v_clipped stays
 * within clip of the value at roll-out. All in normalised units. dv (R) = c_value * d loss / dv. */
void sl_ppo_value_loss(int R, const float *v, const float *old_v, const float *target, const float *weight,
                       double c_value, double clip, double huber_delta, float *dv, sl_ppo_sums *sums);
/* out (R, M) = (advantage - mean) / (std + 1e-5) over the rows that count: alive (R, N), or NULL = all. M is 1 (the
 * row counts once per alive agent) or N. */
void sl_advantage_normalise(size_t R, int M, int N, const float *advantage, const float *alive, float *out);

#endif
