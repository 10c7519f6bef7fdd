/* batch.h - an advantage batch as the learners read it: named pointers into a BATCH message, checked once. Shapes as
 * in net/learn_message.h: T steps, B copies or episodes, N agents, O observation, A actions, S state, M critic rows a
 * step, C chunks. Borrowed from the message, so valid until the learn client's next call. */
#ifndef SL_TRAINER_BATCH_H
#define SL_TRAINER_BATCH_H

#include "net/learn_message.h"
#include "setup/setup.h"

typedef struct sl_batch {
    int T, B, N, O, A, S, M, C;
    int H, critic_H, teacher_H;  /* row lengths of hidden, critic_hidden, teacher_z; 0 = absent */
    const float *obs;            /* (T, B, N, O) */
    const float *state;          /* (T, B, S); NULL where no critic is learned */
    const float *critic_obs;     /* (T, B, N, O); NULL where no critic is learned */
    const uint8_t *avail;        /* (T, B, N, A), or NULL */
    const int32_t *action;       /* (T, B, N) */
    const float *logp;           /* (T, B, N) */
    const float *advantage;      /* (T, B, M) */
    const float *target, *value; /* (T, B, M), or NULL where no critic is learned */
    const float *not_first;      /* (T, B) */
    const float *alive;          /* (T, B, N), or NULL = all 1 */
    const float *hidden;         /* (C, B, N, H), or NULL */
    const float *critic_hidden;  /* (C, B, M, critic_H), or NULL */
    const float *teacher_logits; /* (T, B, N, A), or NULL */
    const float *teacher_z;      /* (T, B, N, teacher_H), or NULL */
    const sl_env_spec *spec;     /* borrowed from the setup */
    int n_episodes;
    const double *episode_return;  /* (n_episodes, N) of episodes finished in this batch, or NULL */
    const int32_t *episode_length; /* (n_episodes), or NULL */
    const uint8_t *episode_won;    /* (n_episodes), or NULL where nobody says */
} sl_batch;

/* What a stage must be given. */
typedef struct sl_batch_need {
    int T, B; /* T: exact, or the most when distilling */
    int chunk;
    bool critic;          /* state, target and value */
    int H, critic_H;      /* > 0: that recurrent state is wanted, with rows of this length */
    int teacher_H;        /* > 0: a distillation batch: logits and z wanted */
    const int *n_actions; /* (N) of each acting network: actions are checked against it */
} sl_batch_need;

/* SL_MISMATCH or SL_CORRUPT, naming the tensor: absent, of another shape, or an action out of range. */
SL_MUST_CHECK sl_status sl_batch_read(const sl_learn_message *message, const sl_setup *setup,
                                      const sl_batch_need *need, sl_batch *out);
/* Means over the finished episodes: of the return (sl_env_return), the steps, and the share that was won. NaN: no
 * episodes, or not known. */
typedef struct sl_batch_score {
    double mean_return, length, won;
} sl_batch_score;
sl_batch_score sl_batch_get_score(const sl_batch *self);

#endif
