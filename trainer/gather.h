/* gather.h - from an advantage batch to the rows of one block of sequence chunks. A chunk is a run of steps of one
 * copy with all its agents; those of a feed-forward network are single steps. Block rows are ordered (L, n, G): step
 * in the chunk, chunk, row of the step; a sequence is (chunk, row). Learner threads call these on their own buffers.
 */
#ifndef SL_TRAINER_GATHER_H
#define SL_TRAINER_GATHER_H

#include "trainer/batch.h"

/* Chunks of equal length. */
typedef struct sl_chunks {
    const sl_batch *batch;
    int chunk;        /* steps of a whole chunk */
    int L, n;         /* steps of these chunks, number of them */
    const int *index; /* (n): c * B + b is steps c * chunk .. c * chunk + L - 1 of copy b */
} sl_chunks;

/* Rows [first, first + G) of the n that the source has for each step of a copy. n = 1 with G > 1 repeats the row. */
typedef struct sl_rows {
    int n, first, G;
} sl_rows;

/* x (L, n, G, used + n_id): the first `used` of `width` source features of these rows (n = 1 only with G = 1),
 * then the row's one-hot index of n_id. */
void sl_gather_input(const sl_chunks *chunks, const sl_rows *rows, const float *source, int width, int used, int n_id,
                     float *x);
/* The critic's rows, x (L, n, M, S + own + N): the joint state, the agent's observation where own is O (0: not read),
 * the one-hot index; of the dead the index alone (death masking). M is N. */
void sl_gather_critic(const sl_chunks *chunks, int own, float *x);
/* not_first (L, n, G) from the batch's (T, B). */
void sl_gather_not_first(const sl_chunks *chunks, int G, float *not_first);
/* h0 (n, G, H) from hidden (C, B, n, width), H <= width. */
void sl_gather_hidden(const sl_chunks *chunks, const sl_rows *rows, const float *hidden, int width, int H, float *h0);
/* One number a row: out (L, n, G). */
void sl_gather_floats(const sl_chunks *chunks, const sl_rows *rows, const float *source, float *out);
void sl_gather_ints(const sl_chunks *chunks, const sl_rows *rows, const int32_t *source, int32_t *out);
/* out (L, n, G, used) from (T, B, n, width). */
void sl_gather_bytes(const sl_chunks *chunks, const sl_rows *rows, const uint8_t *source, int width, int used,
                     uint8_t *out);

#endif
