/* observe.c - observations, states and action masks of a tile, from rows of lanes to the caller's (V, N, O). */
#include "envs/mpe/observe.h"

#include <string.h>

enum { L = SL_ENV_LANES, ALL_LANES = (1 << L) - 1 };

/* Lanes side by side, anywhere in memory. Written out, because compilers vectorise these loops across features. */
typedef double doubles __attribute__((vector_size(64), aligned(8), may_alias));
typedef float floats __attribute__((vector_size(32), aligned(4), may_alias));
typedef float quad __attribute__((vector_size(16), aligned(4), may_alias));

// features of one agent as rows of lanes: one subtraction and one rounding to float32 each
static void gather(const sl_mpe_term *terms, int O, sl_mpe_row *rows, float (*features)[L]) {
    for (int o = 0; o < O; o++) {
        const double *a = rows[terms[o].minuend], *b = rows[terms[o].subtrahend];
        for (int l = 0; l < L; l += 8) {
            doubles difference = *(const doubles *)(a + l) - *(const doubles *)(b + l);
            *(floats *)(features[o] + l) = __builtin_convertvector(difference, floats);
        }
    }
}

// features [first, O) of some lanes to one row a copy, number by number
static void scatter_some(int first, int O, size_t stride, unsigned lanes, float (*features)[L], float *out) {
    for (int l = 0; l < L; l++) {
        if (!(lanes >> l & 1u)) continue;
        float *row = out + (size_t)l * stride;
        for (int o = first; o < O; o++) row[o] = features[o][l];
    }
}

// the same for every lane, in blocks of 4 x 4 that are transposed in registers: compilers left alone take twice as
// long
static void scatter_all(int O, size_t stride, float (*features)[L], float *out) {
    int o = 0;
    for (; o + 4 <= O; o += 4) {
        for (int l = 0; l < L; l += 4) {
            const quad *a = (const quad *)&features[o][l], *b = (const quad *)&features[o + 1][l];
            const quad *c = (const quad *)&features[o + 2][l], *d = (const quad *)&features[o + 3][l];
            quad ab_low = __builtin_shufflevector(*a, *b, 0, 4, 1, 5),
                 ab_high = __builtin_shufflevector(*a, *b, 2, 6, 3, 7);
            quad cd_low = __builtin_shufflevector(*c, *d, 0, 4, 1, 5),
                 cd_high = __builtin_shufflevector(*c, *d, 2, 6, 3, 7);
            float *row = out + (size_t)l * stride + o;
            *(quad *)row = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
            *(quad *)(row + stride) = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
            *(quad *)(row + 2 * stride) = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
            *(quad *)(row + 3 * stride) = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
        }
    }
    scatter_some(o, O, stride, ALL_LANES, features, out);
}

static void scatter(int O, size_t stride, unsigned lanes, float (*features)[L], float *out) {
    if (lanes == ALL_LANES) {
        scatter_all(O, stride, features, out);
    } else {
        scatter_some(0, O, stride, lanes, features, out);
    }
}

static void write_avail(const sl_env_spec *spec, int v0, unsigned lanes, uint8_t *avail) {
    int A = spec->n_actions, N = spec->n_agents;
    for (int l = 0; l < L; l++) {
        if (!(lanes >> l & 1u)) continue;
        for (int i = 0; i < N; i++) {
            uint8_t *row = avail + ((size_t)(v0 + l) * (size_t)N + (size_t)i) * (size_t)A;
            for (int a = 0; a < A; a++) row[a] = a < spec->agents[i].n_actions;
        }
    }
}

void sl_mpe_write(const sl_mpe *m, int tile, unsigned lanes, sl_mpe_row *scratch, const sl_env_out *out) {
    const sl_env_spec *spec = &m->base.spec;
    sl_mpe_row *rows = sl_mpe_tile(m, tile);
    int v0 = tile * L, O = spec->obs_dim;
    size_t stride = (size_t)spec->state_dim;
    if (out->avail) write_avail(spec, v0, lanes, out->avail);
    for (int l = 0; l < L && out->alive; l++) {
        if (lanes >> l & 1u) memset(out->alive + (size_t)(v0 + l) * (size_t)m->N, 1, (size_t)m->N);
    }
    // what is derived is part of the state: it may not depend on what the caller wants to see
    if (m->scenario->observe) m->scenario->observe(m, rows);
    if (!out->obs && !out->state) return;
    float(*features)[L] = (float(*)[L])scratch; /* (O) */
    for (int i = 0; i < m->N; i++) {
        gather(m->terms + i * m->max_obs, O, rows, features);
        // the state is the same (V, N * O) numbers
        size_t offset = (size_t)v0 * stride + (size_t)i * (size_t)O;
        if (out->obs) scatter(O, stride, lanes, features, out->obs + offset);
        if (out->state) scatter(O, stride, lanes, features, out->state + offset);
    }
}
