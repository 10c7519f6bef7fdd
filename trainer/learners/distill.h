/* distill.h - the students' learner (stage 2): N students, each its own network, size and mask, follow the teacher's
 * logits, relations and roles and their own distilled advantages: L = w_ppo L_PPO + L_KD - c_H H (eq. 5 and 6), one
 * number for the team, a mean over the alive rows (step, episode, agent). No critic is learned. Episodes are split
 * over a pool as in mappo.h; nothing is allocated after create. */
#ifndef SL_TRAINER_LEARNERS_DISTILL_H
#define SL_TRAINER_LEARNERS_DISTILL_H

#include "common/pool.h"
#include "trainer/batch.h"

typedef struct sl_distill_def {
    const sl_setup *setup;         /* borrowed for the life of the learner */
    const sl_exp_distill *options; /* the same */
    sl_rng init, minibatch, maps;  /* streams: students' parameters, permutations, the maps of eq. 9 and 11 */
    int block_rows;                /* rows of a student that a slice takes at a time; 0 = the default */
} sl_distill_def;

/* Unweighted terms, means over the last epoch; norm of student 0's gradient at the last step, before clipping. */
typedef struct sl_distill_stats {
    double loss; /* eq. 5, weighted and summed */
    double ppo, kl, ce, sr, role, entropy;
    double agreement;               /* share of rows where student and teacher prefer the same action */
    double ratio_kl, clip_fraction; /* of the students against the policy that acted, when w_ppo > 0 */
    double grad_norm, lr;
    int64_t skipped;
} sl_distill_stats;

typedef struct sl_distill sl_distill;

SL_MUST_CHECK sl_status sl_distill_create(const sl_distill_def *def, sl_pool *pool, sl_distill **out);
void sl_distill_destroy(sl_distill **self);
/* What this learner needs of a batch. Borrowed for the life of self. */
const sl_batch_need *sl_distill_need(const sl_distill *self);
/* All epochs on one batch. progress in [0, 1] anneals the learning rate linearly. */
void sl_distill_update(sl_distill *self, const sl_batch *batch, double progress, sl_distill_stats *stats);
/* The students' parameters, one after the other; *n floats. Borrowed. */
float *sl_distill_params(const sl_distill *self, size_t *n);
SL_MUST_CHECK sl_status sl_distill_save(const sl_distill *self, sl_tensors *file);
SL_MUST_CHECK sl_status sl_distill_load(sl_distill *self, const sl_tensors *file);

/* For tests: loss and gradients over the whole batch without a step. grads: the students' parameters, then each
 * student's maps (its (common_dim, H) of eq. 9, then its (role_dim, H) of eq. 11), then W_T (role_dim, H_teacher). */
double sl_distill_loss(sl_distill *self, const sl_batch *batch, float *grads);
/* The same vector of parameters, to read or to change; grads and this have *n floats. For tests. */
float *sl_distill_all_params(const sl_distill *self, size_t *n);

#endif
