/* sample.h - a distillation batch: whole episodes side by side, under the students' masks, with the teacher's targets
 * and the distilled advantages (eq. 1 and 2, the frozen teacher's critic). Made once for a number of episodes, filled
 * again and again. Arrays lie as net/batch.h wants them. One thread. */
#ifndef SL_COORDINATOR_SAMPLE_H
#define SL_COORDINATOR_SAMPLE_H

#include "net/batch.h"
#include "net/episode_record.h"
#include "setup/setup.h"

typedef struct sl_sample sl_sample;

/* H: the teacher's embedding. */
SL_MUST_CHECK sl_status sl_sample_create(const sl_setup *setup, int B, int H, sl_sample **out);
void sl_sample_destroy(sl_sample **self);
/* Takes episode b of the batch as students under the experiment's links would have seen it, whose fates follow from
 * the stream links, masked with obs_mask (N, O); b = 0, 1, ... in order. The targets are those of the true states.
 * SL_MISMATCH: it is of another environment or team. */
SL_MUST_CHECK sl_status sl_sample_set(sl_sample *self, int b, const sl_episode *episode, const float *obs_mask,
                                      const sl_rng *links);
/* After all B were set: all but the states and recurrent states, T the longest. Rows of T lie behind each other, so
 * that a batch shorter than max_steps is a prefix. Borrowed until the next set. */
const sl_batch *sl_sample_finish(sl_sample *self);

#endif
