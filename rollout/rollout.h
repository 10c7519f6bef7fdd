/* rollout.h - V environments that are rolled on for T steps at a time by the learning policy: the teacher, or with
 * method direct the team of students under their masks. Episodes go on from one call to the next. Everything lies as
 * net/batch.h wants it. The pool's threads share the copies by slices; nothing is allocated
 * after create, and the numbers do not depend on how many threads there are. */
#ifndef SL_ROLLOUT_ROLLOUT_H
#define SL_ROLLOUT_ROLLOUT_H

#include "common/pool.h"
#include "net/batch.h"
#include "rollout/behaviour.h"
#include "rollout/snapshot.h"
#include "setup/setup.h"

typedef struct sl_rollout sl_rollout;

/* setup and pool are borrowed for life. The copies start at their first observation. */
SL_MUST_CHECK sl_status sl_rollout_create(const sl_setup *setup, sl_pool *pool, sl_rollout **out);
void sl_rollout_destroy(sl_rollout **self);
size_t sl_rollout_n_params(const sl_rollout *self); /* of all acting networks */
size_t sl_rollout_n_critic(const sl_rollout *self);
/* T more steps with these parameters, whose actions the behaviour chooses; the critic's output * value_std +
 * value_mean is in reward units. */
void sl_rollout_collect(sl_rollout *self, const float *params, const float *critic, double value_mean,
                        double value_std, const sl_behaviour *behaviour);
/* All of the last collect but the teacher's targets; borrowed until the next one. */
const sl_batch *sl_rollout_get(const sl_rollout *self);
/* Environments, masks, streams, recurrent states, running returns. SL_MISMATCH, SL_CORRUPT. */
SL_MUST_CHECK sl_status sl_rollout_visit(sl_rollout *self, sl_cursor *cursor);

#endif
