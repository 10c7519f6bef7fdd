/* distill.h - the students' learner: N students, each its own network, size and mask, follow the teacher's logits,
 * relations and roles and the advantages of the teacher's critic: L = w_ppo L_PPO + L_KD - c_H H (eq. 5 and 6), one
 * number for the team, a mean over the alive rows (step, episode, agent); of eq. 9 over the alive pairs of each step.
 * No critic is learned. Episodes are split over a pool as in mappo.h. */
#ifndef SL_TRAINER_LEARNERS_DISTILL_H
#define SL_TRAINER_LEARNERS_DISTILL_H

#include "trainer/learner.h"

/* "distill", by the options distill. The learning rate anneals linearly. */
extern const sl_learner_class sl_distill_class;

/* Unweighted terms, means over the last epoch; norm of student 0's gradient at the last step, before clipping. */
typedef struct sl_distill_stats {
    double loss; /* eq. 5, weighted and summed */
    double ppo, kl, ce, sr, role, entropy;
    double agreement;               /* share of rows where student and teacher prefer the same action */
    double ratio_kl, clip_fraction; /* of the students against the policy that acted, when w_ppo > 0 */
    double grad_norm, lr;
    int64_t skipped;
} sl_distill_stats;

/* For tests: loss and gradients over the whole batch without a step. grads: the students' parameters, then each
 * student's maps (its (common_dim, H) of eq. 9, then its (role_dim, H) of eq. 11), then W_T (role_dim, H_teacher). */
double sl_distill_loss(sl_learner *learner, const sl_batch *batch, float *grads);
/* The same vector of parameters, to read or to change; grads and this have *n floats. For tests. */
float *sl_distill_all_params(const sl_learner *learner, size_t *n);

#endif
