/* gather.c - copies runs of rows. A row of the source starts at ((t * B + b) * n + first) * width. */
#include "trainer/gather.h"

#include <string.h>

/* The source row of unit u at its step l, counted in (t, b). */
static inline size_t source_row(const sl_window *window, int l, int u) {
    int B = window->batch->B, unit = window->units[u];
    int c = unit / B, b = unit - c * B;
    return (size_t)(c * window->chunk + l) * (size_t)B + (size_t)b;
}

/* Source rows of a group start at (row * n + first), or at row when one row serves all. */
static inline size_t group_start(const sl_group *group, size_t row) {
    return group->n == 1 ? row : row * (size_t)group->n + (size_t)group->first;
}

void sl_gather_input(const sl_window *window, const sl_group *group, const float *source, int width, int used,
                     int n_id, float *x) {
    for (int l = 0; l < window->L; l++) {
        for (int u = 0; u < window->U; u++) {
            const float *from = source + group_start(group, source_row(window, l, u)) * (size_t)width;
            // the group's rows lie one behind the other: one copy
            if (n_id == 0 && used == width) {
                size_t run = (size_t)group->G * (size_t)width;
                memcpy(x, from, run * sizeof *x);
                x += run;
                continue;
            }
            for (int g = 0; g < group->G; g++, x += used + n_id) {
                memcpy(x, from + (size_t)g * (size_t)width, (size_t)used * sizeof *x);
                for (int k = 0; k < n_id; k++) x[used + k] = k == group->first + g ? 1.0f : 0.0f;
            }
        }
    }
}

void sl_gather_critic(const sl_window *window, int own, float *x) {
    const sl_batch *batch = window->batch;
    size_t S = (size_t)batch->S, N = (size_t)batch->N, n_own = (size_t)own, O = (size_t)batch->O;
    for (int l = 0; l < window->L; l++)
        for (int u = 0; u < window->U; u++) {
            size_t row = source_row(window, l, u);
            for (size_t n = 0; n < N; n++, x += S + n_own + N) {
                memset(x, 0, (S + n_own + N) * sizeof *x);
                x[S + n_own + n] = 1.0f;
                if (batch->alive && batch->alive[row * N + n] == 0.0f) continue;
                memcpy(x, batch->state + row * S, S * sizeof *x);
                if (own) memcpy(x + S, batch->critic_obs + (row * N + n) * O, n_own * sizeof *x);
            }
        }
}

void sl_gather_not_first(const sl_window *window, int G, float *not_first) {
    for (int l = 0; l < window->L; l++)
        for (int u = 0; u < window->U; u++) {
            float value = window->batch->not_first[source_row(window, l, u)];
            for (int g = 0; g < G; g++) *not_first++ = value;
        }
}

void sl_gather_hidden(const sl_window *window, const sl_group *group, const float *hidden, int width, int H,
                      float *h0) {
    for (int u = 0; u < window->U; u++) {
        const float *from = hidden + group_start(group, (size_t)window->units[u]) * (size_t)width;
        for (int g = 0; g < group->G; g++, from += width, h0 += H) memcpy(h0, from, (size_t)H * sizeof *h0);
    }
}

void sl_gather_floats(const sl_window *window, const sl_group *group, const float *source, float *out) {
    int stride = group->n == 1 ? 0 : 1;
    for (int l = 0; l < window->L; l++)
        for (int u = 0; u < window->U; u++) {
            const float *from = source + group_start(group, source_row(window, l, u));
            for (int g = 0; g < group->G; g++) *out++ = from[g * stride];
        }
}

void sl_gather_ints(const sl_window *window, const sl_group *group, const int32_t *source, int32_t *out) {
    for (int l = 0; l < window->L; l++)
        for (int u = 0; u < window->U; u++) {
            const int32_t *from = source + group_start(group, source_row(window, l, u));
            for (int g = 0; g < group->G; g++) *out++ = from[g];
        }
}

void sl_gather_bytes(const sl_window *window, const sl_group *group, const uint8_t *source, int width, int used,
                     uint8_t *out) {
    for (int l = 0; l < window->L; l++)
        for (int u = 0; u < window->U; u++) {
            const uint8_t *from = source + group_start(group, source_row(window, l, u)) * (size_t)width;
            for (int g = 0; g < group->G; g++, from += width, out += used) memcpy(out, from, (size_t)used);
        }
}
