/* batch.h - what the learners want of a batch (net/batch.h), checked once, so that they may index by it; and the
 * score of its episodes. */
#ifndef SL_TRAINER_BATCH_H
#define SL_TRAINER_BATCH_H

#include "net/batch.h"
#include "setup/setup.h"

/* What a stage must be given. */
typedef struct sl_batch_need {
    int T, B; /* T: exact, or the most when distilling */
    int chunk;
    bool critic;          /* state, target and value */
    int H, critic_H;      /* > 0: that recurrent state is wanted, with rows of this length */
    bool distills;        /* a distillation batch: logits wanted */
    bool ppo;             /* of those: log-probabilities, actions and advantages; of others always */
    int Z;                /* > 0: the teacher's embedding, with rows of this length */
    const int *n_actions; /* (N) of each acting network: actions are checked against it */
} sl_batch_need;

/* The needed tensors, and of those that may be absent what is there; for a critic state and critic_obs are obs where
 * they are absent. SL_MISMATCH or SL_CORRUPT, naming the tensor: absent, of another type or shape, or an action out
 * of range. */
SL_MUST_CHECK sl_status sl_batch_read(const sl_learn_message *message, const sl_setup *setup,
                                      const sl_batch_need *need, sl_batch *out);
/* Means over the finished episodes: of the return (sl_env_return), the steps, and the share that was won. NaN: no
 * episodes, or not known. */
typedef struct sl_batch_score {
    double mean_return, length, won;
} sl_batch_score;
sl_batch_score sl_batch_get_score(const sl_batch *self, const sl_env_spec *spec);

#endif
