/* visits.h - the students' own episodes, which student-source distillation learns from: B of them, played side by
 * side from their first step to their last under the students' masks and links, while the teacher labels the states
 * that they visit. Everything is written where it is sent from (rollout/sample.h). Episode e is a function of its
 * stream split(stream, e) and of the parameters alone. The pool's threads share the copies by slices; nothing is
 * allocated after create. */
#ifndef SL_ROLLOUT_VISITS_H
#define SL_ROLLOUT_VISITS_H

#include "common/pool.h"
#include "rollout/sample.h"
#include "rollout/teacher.h"

typedef struct sl_visits sl_visits;

/* All are borrowed for life; the sample is of B episodes. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_visits_create(const sl_setup *setup, sl_pool *pool, int B, const sl_teacher *teacher,
                                         sl_sample *sample, sl_visits **out);
void sl_visits_destroy(sl_visits **self);
/* Plays episodes [first, first + B) with these students, one after the other in params, the teacher being set:
 * sampled actions, labels, values of the teacher's critic. The sample was begun, and is to be finished. */
void sl_visits_play(sl_visits *self, const float *params, const sl_rng *stream, uint64_t first);

#endif
