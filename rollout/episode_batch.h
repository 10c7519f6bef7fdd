/* episode_batch.h - V episodes of the teacher, played side by side from their first step to their last and kept
 * whole: what the expert buffer records. Episode e is a function of its stream split(stream, e) and of the parameters
 * alone. The pool's threads share the copies by slices; nothing is allocated after create. */
#ifndef SL_ROLLOUT_EPISODE_BATCH_H
#define SL_ROLLOUT_EPISODE_BATCH_H

#include "common/pool.h"
#include "net/episode_record.h"
#include "rollout/teacher.h"

typedef struct sl_episode_batch sl_episode_batch;

/* setup, pool and teacher are borrowed for life. */
SL_MUST_CHECK sl_status sl_episode_batch_create(const sl_setup *setup, sl_pool *pool, int V,
                                                const sl_teacher *teacher, sl_episode_batch **out);
void sl_episode_batch_destroy(sl_episode_batch **self);
/* Plays episodes [first, first + V), the teacher being set: sampled actions, labels, values of the teacher's critic.
 */
void sl_episode_batch_play(sl_episode_batch *self, const sl_rng *stream, uint64_t first);
/* The episode of copy v; its arrays are borrowed until the next play. */
const sl_episode *sl_episode_batch_get(const sl_episode_batch *self, int v);

#endif
