/* tile.h - inside the losses: some rows of few numbers, turned so that a column's numbers lie behind each other and
 * loops over rows become vectors. Column a of row l stands at a * sl_tile_rows(A) + l. */
#ifndef SL_TRAINER_TILE_H
#define SL_TRAINER_TILE_H

#include "common/fmath.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

enum { SL_TILE_FLOATS = 2048, SL_TILE_ROWS = 64 };
#define SL_TILE_IMPOSSIBLE (-1e10f) /* the log-probability of what is not legal */

/* Rows of a tile with A columns, A at most half of SL_TILE_FLOATS. */
static inline int sl_tile_rows(int A) {
    return SL_TILE_FLOATS / A < SL_TILE_ROWS ? SL_TILE_FLOATS / A : SL_TILE_ROWS;
}

static inline void sl_tile_load(int n, int A, const float *restrict rows, float *restrict tile) {
    int W = sl_tile_rows(A);
    for (int a = 0; a < A; a++)
        for (int l = 0; l < n; l++) tile[a * W + l] = rows[l * A + a];
}

/* Rows += tile. */
static inline void sl_tile_add(int n, int A, const float *restrict tile, float *restrict rows) {
    int W = sl_tile_rows(A);
    for (int l = 0; l < n; l++)
        for (int a = 0; a < A; a++) rows[l * A + a] += tile[a * W + l];
}

/* 1 where the action is legal; avail NULL: all are. */
static inline void sl_tile_load_legal(int n, int A, const uint8_t *restrict avail, float *restrict legal) {
    int W = sl_tile_rows(A);
    for (int a = 0; a < A; a++)
        for (int l = 0; l < n; l++) legal[a * W + l] = avail ? (float)avail[l * A + a] : 1.0f;
}

/* Softmax of x * inverse_tau over what is legal: log-probabilities, and probabilities, of what is impossible 0. */
static inline void sl_tile_softmax(int n, int A, const float *restrict x, const float *restrict legal,
                                   float inverse_tau, float *restrict logp, float *restrict p) {
    float most[SL_TILE_ROWS], sum[SL_TILE_ROWS], log_sum[SL_TILE_ROWS];
    int W = sl_tile_rows(A);
    for (int l = 0; l < n; l++) most[l] = -INFINITY, sum[l] = 0;
    for (int a = 0; a < A; a++)
        for (int l = 0; l < n; l++) {
            float v = legal[a * W + l] != 0.0f ? x[a * W + l] : -INFINITY;
            most[l] = v > most[l] ? v : most[l];
        }
    for (int a = 0; a < A; a++)
        for (int l = 0; l < n; l++) {
            float v = (x[a * W + l] - most[l]) * inverse_tau, e = sl_expf(v);
            logp[a * W + l] = legal[a * W + l] != 0.0f ? v : SL_TILE_IMPOSSIBLE;
            p[a * W + l] = logp[a * W + l] < 0.5f * SL_TILE_IMPOSSIBLE ? 0.0f : e;
            sum[l] += p[a * W + l];
        }
    for (int l = 0; l < n; l++) log_sum[l] = sl_logf(sum[l]), sum[l] = 1.0f / sum[l];
    for (int a = 0; a < A; a++)
        for (int l = 0; l < n; l++) {
            bool is_legal = legal[a * W + l] != 0.0f;
            logp[a * W + l] = is_legal ? logp[a * W + l] - log_sum[l] : SL_TILE_IMPOSSIBLE;
            p[a * W + l] = p[a * W + l] == 0.0f ? 0.0f : p[a * W + l] * sum[l];
        }
}

/* The first most probable legal column of each row, 0 where there is none. */
static inline void sl_tile_argmax(int n, int A, const float *restrict x, const float *restrict legal,
                                  int32_t *restrict best) {
    float most[SL_TILE_ROWS];
    int W = sl_tile_rows(A);
    for (int l = 0; l < n; l++) most[l] = -INFINITY, best[l] = 0;
    for (int a = 0; a < A; a++)
        for (int l = 0; l < n; l++) {
            bool better = legal[a * W + l] != 0.0f && x[a * W + l] > most[l];
            most[l] = better ? x[a * W + l] : most[l];
            best[l] = better ? a : best[l];
        }
}

#endif
