/* gather.h - from an advantage batch to the rows of one block: a window is a set of units of equal length, a unit is
 * one chunk of steps of one copy with all its agents. A feed-forward network's units are single steps. Block rows are
 * ordered (L, U, G): step in the chunk, unit, row in the group; a sequence is (unit, row). Learner threads call these
 * on their own buffers. */
#ifndef SL_TRAINER_GATHER_H
#define SL_TRAINER_GATHER_H

#include "trainer/batch.h"

typedef struct sl_window {
    const sl_batch *batch;
    int chunk;        /* steps of a full unit */
    int L, U;         /* steps of these units, number of units */
    const int *units; /* (U): unit = c * B + b, its steps are c * chunk .. c * chunk + L - 1 of copy b */
} sl_window;

/* Rows [first, first + G) of the n that the source has for each step of a copy. n = 1 with G > 1 repeats the row. */
typedef struct sl_group {
    int n, first, G;
} sl_group;

/* x (L, U, G, used + n_id): the first `used` of `width` source features of the group's own rows (n = 1 only with
 * G = 1), then the row's one-hot index of n_id. */
void sl_gather_input(const sl_window *window, const sl_group *group, const float *source, int width, int used,
                     int n_id, float *x);
/* The critic's rows, x (L, U, M, S + own + N): the joint state, the agent's observation where own is O (0: not read),
 * the one-hot index; of the dead the index alone (death masking). M is N. */
void sl_gather_critic(const sl_window *window, int own, float *x);
/* not_first (L, U, G) from the batch's (T, B). */
void sl_gather_not_first(const sl_window *window, int G, float *not_first);
/* h0 (U, G, H) from hidden (C, B, n, width), H <= width. */
void sl_gather_hidden(const sl_window *window, const sl_group *group, const float *hidden, int width, int H,
                      float *h0);
/* One number a row: out (L, U, G). */
void sl_gather_floats(const sl_window *window, const sl_group *group, const float *source, float *out);
void sl_gather_ints(const sl_window *window, const sl_group *group, const int32_t *source, int32_t *out);
/* out (L, U, G, used) from (T, B, n, width). */
void sl_gather_bytes(const sl_window *window, const sl_group *group, const uint8_t *source, int width, int used,
                     uint8_t *out);

#endif
