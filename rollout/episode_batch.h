/* episode_batch.h - V episodes played side by side from their first step to their last, kept whole: what the expert
 * buffer records (the teacher acts) and what student-source distillation learns from (the students act under their
 * masks and links, and the teacher labels the states that they visit). Episode e is a function of its stream
 * split(stream, e) and of the parameters alone. The pool's threads share the copies by slices; nothing is allocated
 * after create. */
#ifndef SL_ROLLOUT_EPISODE_BATCH_H
#define SL_ROLLOUT_EPISODE_BATCH_H

#include "common/pool.h"
#include "net/episode_record.h"
#include "rollout/teacher.h"

typedef struct sl_episode_batch sl_episode_batch;

/* setup, pool and teacher are borrowed for life. */
SL_MUST_CHECK sl_status sl_episode_batch_create(const sl_setup *setup, sl_pool *pool, int V,
                                                const sl_teacher *teacher, bool students_act, sl_episode_batch **out);
void sl_episode_batch_destroy(sl_episode_batch **self);
/* The students, one after the other; only where they act. */
void sl_episode_batch_set_students(sl_episode_batch *self, const float *params);
/* Plays episodes [first, first + V), the teacher being set: sampled actions, labels, values of the teacher's critic.
 */
void sl_episode_batch_play(sl_episode_batch *self, const sl_rng *stream, uint64_t first);
/* The episode of copy v; its arrays are borrowed until the next play. */
const sl_episode *sl_episode_batch_get(const sl_episode_batch *self, int v);

#endif
