/* synthetic.h - made-up setups and batches for the learners' tests, random observations, actions, advantages and
 * teacher targets in the layout of trainer/batch.h, and learners of them. */
#ifndef SL_TESTS_TRAINER_SYNTHETIC_H
#define SL_TESTS_TRAINER_SYNTHETIC_H

#include "trainer/learner.h"

typedef struct sl_synthetic_def {
    int T, B, N, O, A;
    int hidden, critic_hidden, teacher_hidden; /* student i has hidden + 2 i; the critic's, the teacher's */
    sl_cell cell;
    int chunk;
    bool team, agent_id, layer_norm, direct, bf16;
    bool critic_own;             /* each critic row reads its agent's observation, from a tensor of their own */
    bool with_avail, with_alive; /* some illegal actions; the last steps of some copies do not count */
    bool mapped; /* the teacher's embedding comes under its maps (setup/lessons.h); else whole, as its role map may
                    move */
    uint64_t seed;
} sl_synthetic_def;

typedef struct sl_synthetic {
    sl_synthetic_def def;
    sl_setup setup;
    sl_experiment experiment; /* of setup; threads and the options of all learners */
    sl_exp_ppo *ppo;          /* its own */
    sl_exp_distill *distill;
    sl_batch batch;
    void *owned[16];
    int n_owned;
} sl_synthetic;

sl_synthetic_def sl_synthetic_default_def(void);
void sl_synthetic_init(sl_synthetic *self, const sl_synthetic_def *def);
void sl_synthetic_fini(sl_synthetic *self);
/* The batch as the coordinator's message, which borrows it. */
void sl_synthetic_message(const sl_synthetic *self, sl_learn_message *out);

/* A learner of such data, which knows the same seed. */
typedef struct sl_synthetic_learner {
    sl_synthetic data;
    sl_pool *pool;
    sl_learner *learner;
} sl_synthetic_learner;
void sl_synthetic_learner_create(sl_synthetic_learner *self, const char *name, const sl_synthetic_def *def,
                                 int n_threads, int block_rows);
void sl_synthetic_learner_destroy(sl_synthetic_learner *self);
void sl_synthetic_learner_update(sl_synthetic_learner *self, double progress);
/* Adds normal noise, so that the small initial head does not hide the body's gradient. */
void sl_synthetic_disturb(size_t n, float *params, double deviation, uint64_t seed);
/* The largest relative error of n_directions directional derivatives: along random subsets of the gradient, central
 * differences of loss(context), whose parameters are params (n). */
double sl_gradient_error(size_t n, float *params, const float *grads, double (*loss)(void *context), void *context,
                         double step, int n_directions);

#endif
