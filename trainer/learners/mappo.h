/* mappo.h - MAPPO (Yu et al. 2022): PPO with a central critic for a team of decentral actors. Two ways to act: one
 * actor shared by all agents (the teacher), or one a agent, each of its own size (method direct). The learner's work
 * is split over a pool: slice s of every minibatch has its own activations and gradient, and gradients are summed in
 * slice order, so that equal seeds and equal thread counts give equal bits. Nothing is allocated after create. */
#ifndef SL_TRAINER_LEARNERS_MAPPO_H
#define SL_TRAINER_LEARNERS_MAPPO_H

#include "common/pool.h"
#include "nn/policy.h"
#include "trainer/batch.h"

typedef struct sl_mappo_def {
    const sl_setup *setup;  /* borrowed for the life of the learner */
    const sl_exp_ppo *ppo;  /* the same */
    bool separate;          /* false: setup->teacher for all agents; true: setup->students[i] for agent i */
    sl_rng init, minibatch; /* streams: initial parameters, permutations */
    int block_rows;         /* rows that a slice takes at a time; 0 = the default, which fits its caches */
} sl_mappo_def;

/* Means over the last epoch's minibatches; gradient norms of the last minibatch, before clipping. */
typedef struct sl_mappo_stats {
    double policy_loss, value_loss, entropy, kl, clip_fraction, actor_norm, critic_norm, lr;
    int64_t skipped; /* steps so far that were skipped: loss or gradient not finite */
} sl_mappo_stats;

typedef struct sl_mappo sl_mappo;

SL_MUST_CHECK sl_status sl_mappo_create(const sl_mappo_def *def, sl_pool *pool, sl_mappo **out); /* SL_MEMORY */
void sl_mappo_destroy(sl_mappo **self);
/* What this learner needs of a batch. Borrowed for the life of self. */
const sl_batch_need *sl_mappo_need(const sl_mappo *self);
/* All epochs on one batch. progress in [0, 1] anneals the learning rate and the entropy bonus linearly. */
void sl_mappo_update(sl_mappo *self, const sl_batch *batch, double progress, sl_mappo_stats *stats);

/* Parameters, borrowed: the actor's (or the students', one after the other) and the critic's; *n floats. */
float *sl_mappo_actor(const sl_mappo *self, size_t *n);
float *sl_mappo_critic(const sl_mappo *self, size_t *n);
/* Critic output * std + mean is in reward units. */
void sl_mappo_value_stats(const sl_mappo *self, double *mean, double *std);
/* Everything that the next update depends on. load: SL_MISMATCH. */
/* Before the first update: starts from a teacher of the same shapes. Its value statistics count as a thousand
 * batches. */
void sl_mappo_start_from(sl_mappo *self, const sl_policy *teacher);
SL_MUST_CHECK sl_status sl_mappo_save(const sl_mappo *self, sl_tensors *file);
SL_MUST_CHECK sl_status sl_mappo_load(sl_mappo *self, const sl_tensors *file);

/* One minibatch's loss and gradient without a step, for tests: chunks (n) of the batch, gradients of actor and critic
 * added up over slices. progress 0. Returns L_PPO - c_H H + c_V L_V. */
double sl_mappo_loss(sl_mappo *self, const sl_batch *batch, int n_chunks, const int *chunks, float *actor_grads,
                     float *critic_grads);

#endif
