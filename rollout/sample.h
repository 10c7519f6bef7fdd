/* sample.h - a distillation batch: whole episodes side by side, as students see them, with the teacher's targets and
 * the distilled advantages (eq. 1 and 2, the frozen teacher's critic), of all that only what setup/lessons.h wants.
 * Its arrays lie as they are sent (net/batch.h): recorded episodes are unpacked into them, students that play write
 * into them step by step (rollout/visits.h). Made once for B episodes, filled again and again: begin, then all B,
 * then finish. */
#ifndef SL_ROLLOUT_SAMPLE_H
#define SL_ROLLOUT_SAMPLE_H

#include "net/batch.h"
#include "net/episode_record.h"
#include "setup/lessons.h"

typedef struct sl_sample sl_sample;

/* setup is borrowed for life. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_sample_create(const sl_setup *setup, int B, sl_sample **out);
void sl_sample_destroy(sl_sample **self);
void sl_sample_begin(sl_sample *self);
/* Takes recorded episode b as students under the experiment's links would have seen it, whose fates follow from the
 * stream links, masked with obs_mask (N, O). The targets are those of the true states. SL_MISMATCH: it is of another
 * environment or team. One thread. */
SL_MUST_CHECK sl_status sl_sample_set(sl_sample *self, int b, const sl_episode *episode, const float *obs_mask,
                                      const sl_rng *links);

/* A step of all B, to be written; NULL: not wanted. Behind an episode's end anything may be written. */
typedef struct sl_sample_rows {
    float *obs;                         /* (B, N, P) as students see it */
    uint8_t *avail;                     /* (B, N, A) as students are told */
    int32_t *action;                    /* (B, N) */
    float *logp;                        /* (B, N) */
    float *alive;                       /* (B, N) */
    float *logits, *z;                  /* (B, N, A), (B, N, Z): the teacher's */
    float *value, *last_value, *reward; /* (B, M): last_value behind a truncated step */
} sl_sample_rows;

/* Distinct episodes on distinct threads. */
sl_sample_rows sl_sample_at(sl_sample *self, int t);
/* Adds a step's rewards (N) of episode b. */
void sl_sample_reward(sl_sample *self, int t, int b, const double *reward);
/* The logits of n actions that are not legal, which the teacher never plays whatever the students are told. */
void sl_sample_forbid(int64_t n, const uint8_t *avail, float *logits);
typedef struct sl_sample_end {
    int T;
    bool terminated, dies, knows_won, won; /* dies: alive was written with what may be 0 */
} sl_sample_end;
void sl_sample_close(sl_sample *self, int b, const sl_sample_end *end);

/* After all B: T is the longest. Rows of T lie behind each other, so that a batch shorter than max_steps is a prefix.
 * Borrowed until the next begin. */
const sl_batch *sl_sample_finish(sl_sample *self);

#endif
