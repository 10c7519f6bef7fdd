/* gather.c - copies runs of rows. A row of the source starts at ((t * B + b) * n + first) * width. */
#include "trainer/gather.h"

#include <string.h>

/* The source row of chunk k at its step l, counted in (t, b). */
static inline size_t source_row(const sl_chunks *chunks, int l, int k) {
    int B = chunks->batch->B, chunk = chunks->index[k];
    int c = chunk / B, b = chunk - c * B;
    return (size_t)(c * chunks->chunk + l) * (size_t)B + (size_t)b;
}

/* The first of the rows in the source, (row * n + first), or at row when one row serves all. */
static inline size_t first_row(const sl_rows *rows, size_t row) {
    return rows->n == 1 ? row : row * (size_t)rows->n + (size_t)rows->first;
}

void sl_gather_input(const sl_chunks *chunks, const sl_rows *rows, const float *source, int width, int used, int n_id,
                     float *x) {
    for (int l = 0; l < chunks->L; l++) {
        for (int k = 0; k < chunks->n; k++) {
            const float *from = source + first_row(rows, source_row(chunks, l, k)) * (size_t)width;
            // the rows lie one behind the other: one copy
            if (n_id == 0 && used == width) {
                size_t run = (size_t)rows->G * (size_t)width;
                memcpy(x, from, run * sizeof *x);
                x += run;
                continue;
            }
            for (int g = 0; g < rows->G; g++, x += used + n_id) {
                memcpy(x, from + (size_t)g * (size_t)width, (size_t)used * sizeof *x);
                for (int i = 0; i < n_id; i++) x[used + i] = i == rows->first + g ? 1.0f : 0.0f;
            }
        }
    }
}

void sl_gather_critic(const sl_chunks *chunks, int own, float *x) {
    const sl_batch *batch = chunks->batch;
    size_t S = (size_t)batch->S, N = (size_t)batch->N, n_own = (size_t)own, O = (size_t)batch->O;
    for (int l = 0; l < chunks->L; l++)
        for (int k = 0; k < chunks->n; k++) {
            size_t row = source_row(chunks, l, k);
            for (size_t n = 0; n < N; n++, x += S + n_own + N) {
                memset(x, 0, (S + n_own + N) * sizeof *x);
                x[S + n_own + n] = 1.0f;
                if (batch->alive && batch->alive[row * N + n] == 0.0f) continue;
                memcpy(x, batch->state + row * S, S * sizeof *x);
                if (own) memcpy(x + S, batch->critic_obs + (row * N + n) * O, n_own * sizeof *x);
            }
        }
}

void sl_gather_not_first(const sl_chunks *chunks, int G, float *not_first) {
    for (int l = 0; l < chunks->L; l++)
        for (int k = 0; k < chunks->n; k++) {
            float value = chunks->batch->not_first[source_row(chunks, l, k)];
            for (int g = 0; g < G; g++) *not_first++ = value;
        }
}

void sl_gather_hidden(const sl_chunks *chunks, const sl_rows *rows, const float *hidden, int width, int H,
                      float *h0) {
    for (int k = 0; k < chunks->n; k++) {
        const float *from = hidden + first_row(rows, (size_t)chunks->index[k]) * (size_t)width;
        for (int g = 0; g < rows->G; g++, from += width, h0 += H) memcpy(h0, from, (size_t)H * sizeof *h0);
    }
}

void sl_gather_floats(const sl_chunks *chunks, const sl_rows *rows, const float *source, float *out) {
    int stride = rows->n == 1 ? 0 : 1;
    for (int l = 0; l < chunks->L; l++)
        for (int k = 0; k < chunks->n; k++) {
            const float *from = source + first_row(rows, source_row(chunks, l, k));
            for (int g = 0; g < rows->G; g++) *out++ = from[g * stride];
        }
}

void sl_gather_ints(const sl_chunks *chunks, const sl_rows *rows, const int32_t *source, int32_t *out) {
    for (int l = 0; l < chunks->L; l++)
        for (int k = 0; k < chunks->n; k++) {
            const int32_t *from = source + first_row(rows, source_row(chunks, l, k));
            for (int g = 0; g < rows->G; g++) *out++ = from[g];
        }
}

void sl_gather_bytes(const sl_chunks *chunks, const sl_rows *rows, const uint8_t *source, int width, int used,
                     uint8_t *out) {
    for (int l = 0; l < chunks->L; l++)
        for (int k = 0; k < chunks->n; k++) {
            const uint8_t *from = source + first_row(rows, source_row(chunks, l, k)) * (size_t)width;
            for (int g = 0; g < rows->G; g++, from += width, out += used) memcpy(out, from, (size_t)used);
        }
}
