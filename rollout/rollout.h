/* rollout.h - V environments that are rolled on for T steps at a time by the learning policy: the teacher, or with
 * method direct the team of students under their masks. Episodes go on from one call to the next. Everything lies as
 * the batch of net/learn_message.h wants it. The pool's threads share the copies by slices; nothing is allocated
 * after create, and the numbers do not depend on how many threads there are. */
#ifndef SL_ROLLOUT_ROLLOUT_H
#define SL_ROLLOUT_ROLLOUT_H

#include "common/pool.h"
#include "rollout/snapshot.h"
#include "setup/setup.h"

/* Borrowed views, valid until the next collect. */
typedef struct sl_rollout_data {
    int T, B, N, O, A, S, M, C;                       /* C = ceil(T / chunk) */
    int H, H_critic;                                  /* 0: not recurrent */
    int n_episodes;                                   /* finished in this call */
    const float *obs;                                 /* (T, B, N, O) as the actors saw it */
    const float *state;                               /* (T, B, S), or NULL when it is obs */
    const float *critic_obs;                          /* (T, B, N, O) as the critic saw it, or NULL: obs, or none */
    const float *alive;                               /* (T, B, N) or NULL */
    const uint8_t *avail;                             /* (T, B, N, A) as the actors saw it, or NULL */
    const int32_t *action;                            /* (T, B, N) */
    const float *logp;                                /* (T, B, N) */
    const float *advantage, *target, *value, *reward; /* (T, B, M) */
    const float *not_first;                           /* (T, B) */
    const uint8_t *terminated, *truncated;            /* (T, B) */
    const float *hidden;                              /* (C, B, N, H) */
    const float *critic_hidden;                       /* (C, B, M, H_critic) */
    const double *episode_return;                     /* (n_episodes, N), by time, then by copy */
    const int32_t *episode_length;                    /* (n_episodes) */
    const uint8_t *episode_won;                       /* (n_episodes), or NULL where there is nothing to win */
} sl_rollout_data;

typedef struct sl_rollout sl_rollout;

/* setup and pool are borrowed for life. The copies start at their first observation. */
SL_MUST_CHECK sl_status sl_rollout_create(const sl_setup *setup, sl_pool *pool, sl_rollout **out);
void sl_rollout_destroy(sl_rollout **self);
size_t sl_rollout_n_params(const sl_rollout *self); /* of all acting networks */
size_t sl_rollout_n_critic(const sl_rollout *self);
/* T more steps with these parameters; the critic's output * value_std + value_mean is in reward units. */
void sl_rollout_collect(sl_rollout *self, const float *params, const float *critic, double value_mean,
                        double value_std);
const sl_rollout_data *sl_rollout_get(const sl_rollout *self);
/* Environments, masks, streams, recurrent states, running returns. SL_MISMATCH, SL_CORRUPT. */
SL_MUST_CHECK sl_status sl_rollout_visit(sl_rollout *self, sl_cursor *cursor);

#endif
