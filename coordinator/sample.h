/* sample.h - a distillation batch: whole episodes side by side, under the students' masks, with the teacher's targets
 * and the distilled advantages (eq. 1 and 2, the frozen teacher's critic). Made once for a number of episodes, filled
 * again and again. Arrays lie as net/learn_message.h wants them. One thread. */
#ifndef SL_COORDINATOR_SAMPLE_H
#define SL_COORDINATOR_SAMPLE_H

#include "net/episode_record.h"
#include "setup/setup.h"

/* Borrowed views; rows of T lie behind each other, so that a batch shorter than max_steps is a prefix. */
typedef struct sl_sample_data {
    int T, B, N, O, A, M, H;
    const float *obs;     /* (T, B, N, O) masked */
    const uint8_t *avail; /* (T, B, N, A) or NULL */
    const int32_t *action;
    const float *logp;                       /* (T, B, N) of the policy that acted */
    const float *advantage, *target, *value; /* (T, B, M) */
    const float *not_first;                  /* (T, B) */
    const float *alive;                      /* (T, B, N), or NULL when all is alive to the end */
    const float *teacher_logits, *teacher_z; /* (T, B, N, A), (T, B, N, H) */
    const double *episode_return;            /* (B, N) */
    const int32_t *episode_length;           /* (B) */
    const uint8_t *episode_won;              /* (B), or NULL: of some episode it is not known */
} sl_sample_data;

typedef struct sl_sample sl_sample;

/* H: the teacher's embedding. */
SL_MUST_CHECK sl_status sl_sample_create(const sl_setup *setup, int B, int H, sl_sample **out);
void sl_sample_destroy(sl_sample **self);
/* Takes episode b of the batch, masked with obs_mask (N, O); b = 0, 1, ... in order. SL_MISMATCH: it is of another
 * environment or team. */
SL_MUST_CHECK sl_status sl_sample_set(sl_sample *self, int b, const sl_episode *episode, const float *obs_mask);
/* After all B were set. */
const sl_sample_data *sl_sample_finish(sl_sample *self);

#endif
