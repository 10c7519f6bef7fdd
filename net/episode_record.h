/* episode_record.h - one recorded expert episode (proto/buffer.proto) as a plain struct, with encode and decode: the
 * record of the expert buffer's log. T steps, N agents, O observation, A actions, S state, H embedding. */
#ifndef SL_NET_EPISODE_RECORD_H
#define SL_NET_EPISODE_RECORD_H

#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sl_episode {
    int T, N, O, A, S, H;
    uint64_t index;      /* of the episode in the recording: its seed is split(record stream, index) */
    bool terminated;     /* else truncated at T */
    bool knows_won, won; /* won says something only with knows_won */
    double ret;          /* undiscounted, summed over agents */
    const float *obs; /* (T + 1, N, O) unmasked; the last row is the state after the last step, for the bootstrap */
    const float
        *obs_mask;        /* (N, O) the students' mask of this episode, 0 or 1: masked observation = obs * obs_mask */
    const float *state;   /* (T + 1, S), or NULL when the state is the observation */
    const uint8_t *avail; /* (T, N, A), or NULL */
    const int32_t *action; /* (T, N) */
    const float *logp;     /* (T, N) of the teacher that acted */
    const float *value;    /* (T + 1, M), reward units, M = 1 or N */
    int M;
    const float *reward; /* (T, N) */
    const float *alive;  /* (T, N), or NULL = all 1 */
    const float *logits; /* (T, N, A) teacher */
    const float *z;      /* (T, N, H) teacher */
} sl_episode;

enum { SL_EPISODE_MAX_BYTES = 1 << 30 }; /* of a record in the log */

/* What encode may come to for an episode of these shapes; of the pointers only those that may be NULL matter. */
size_t sl_episode_most_bytes(const sl_episode *shape);
/* bytes for sl_free. */
SL_MUST_CHECK sl_status sl_episode_encode(const sl_episode *episode, uint8_t **bytes, size_t *n_bytes);
/* Fills out with pointers into memory, which is for sl_free by the caller. SL_CORRUPT names the field. */
SL_MUST_CHECK sl_status sl_episode_decode(const uint8_t *bytes, size_t n_bytes, sl_episode *out, void **memory);

#endif
