/* record.h - stage 2: the frozen teacher's episodes into the expert buffer. Episode e follows from split(record
 * stream, e) and the teacher alone, so that recording goes on at the count after a kill. One thread, which owns the
 * pool. */
#ifndef SL_COORDINATOR_RECORD_H
#define SL_COORDINATOR_RECORD_H

#include "common/pool.h"
#include "coordinator/buffer.h"
#include "rollout/progress.h"
#include "rollout/teacher.h"
#include "setup/setup.h"

typedef struct sl_recorder sl_recorder;

/* Opens the buffer: run/buffer/expert.log, or that of the run folder record.from, to which nothing is added. setup,
 * pool and teacher are borrowed for life. */
SL_MUST_CHECK sl_status sl_recorder_create(const sl_setup *setup, sl_pool *pool, const char *run,
                                           const sl_teacher *teacher, sl_recorder **out);
void sl_recorder_destroy(sl_recorder **self);
sl_buffer *sl_recorder_buffer(sl_recorder *self);
/* To be asked when the teacher was set. SL_MISMATCH: the log was recorded by another one (its first episode is played
 * again). */
SL_MUST_CHECK sl_status sl_recorder_check_teacher(sl_recorder *self);
/* Inserts episodes until n were inserted or the limiter holds back; records what the log lacks. SL_NOT_FOUND: the
 * buffer of record.from has fewer. */
SL_MUST_CHECK sl_status sl_recorder_fill(sl_recorder *self, uint64_t n, const sl_progress *progress);
/* Inserts until one more may be sampled. */
SL_MUST_CHECK sl_status sl_recorder_allow_sample(sl_recorder *self);
/* The mask under which the students see the episode: the recorded one, or with record.from this experiment's own,
 * drawn from the episode's stream; obs_mask (N, O), borrowed until the next call. */
const float *sl_recorder_obs_mask(sl_recorder *self, const sl_episode *episode);

#endif
