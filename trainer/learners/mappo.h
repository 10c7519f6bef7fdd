/* mappo.h - MAPPO (Yu et al. 2022): PPO with a central critic for a team of decentral actors. Two ways to act: one
 * actor shared by all agents (the teacher), or one an agent, each of its own size (method direct). The learner's work
 * is split over a pool: slice s of every minibatch has its own activations and gradient, and gradients are summed in
 * slice order, so that equal seeds give equal bits with any number of threads. */
#ifndef SL_TRAINER_LEARNERS_MAPPO_H
#define SL_TRAINER_LEARNERS_MAPPO_H

#include "trainer/learner.h"

/* "mappo", by the options teacher.ppo. Learning rate and entropy bonus anneal linearly; the value statistics of a
 * teacher that it starts from count as a thousand batches. */
extern const sl_learner_class sl_mappo_class;

/* Means over the last epoch's minibatches; gradient norms of the last minibatch, before clipping. */
typedef struct sl_mappo_stats {
    double policy_loss, value_loss, entropy, kl, clip_fraction, actor_norm, critic_norm, lr;
    int64_t skipped; /* steps so far that were skipped: loss or gradient not finite */
} sl_mappo_stats;

/* One minibatch's loss and gradient without a step, for tests: chunks (n) of the batch, gradients of actor and critic
 * added up over slices. progress 0. Returns L_PPO - c_H H + c_V L_V. */
double sl_mappo_loss(sl_learner *learner, const sl_batch *batch, int n_chunks, const int *chunks, float *actor_grads,
                     float *critic_grads);

#endif
