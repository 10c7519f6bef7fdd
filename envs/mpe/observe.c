/* observe.c - observations, states and action masks of a tile, from rows of lanes to the caller's (V, N, O). */
#include "envs/mpe/observe.h"

#include <string.h>

enum { L = SL_ENV_LANES };

/* Four lanes side by side, anywhere in memory. Written out, because compilers vectorise these loops across features.
 */
typedef double four __attribute__((vector_size(32), aligned(8), may_alias));
typedef float quad __attribute__((vector_size(16), aligned(4), may_alias));

// a feature of four lanes: one subtraction and one rounding to float32
static inline quad feature(const sl_mpe_term *term, const double *lanes) {
    four difference = *(const four *)(lanes + term->minuend) - *(const four *)(lanes + term->subtrahend);
    return __builtin_convertvector(difference, quad);
}

// four features of four lanes, transposed in registers, to a row a copy
static inline void write_block(const sl_mpe_term *terms, const double *lanes, float *row, size_t stride) {
    quad a = feature(terms, lanes), b = feature(terms + 1, lanes);
    quad c = feature(terms + 2, lanes), d = feature(terms + 3, lanes);
    quad ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    quad cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *(quad *)row = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
    *(quad *)(row + stride) = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
    *(quad *)(row + 2 * stride) = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
    *(quad *)(row + 3 * stride) = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}

static inline void write_zeros(float *row, size_t stride) {
    for (int l = 0; l < 4; l++) *(quad *)(row + (size_t)l * stride) = (quad){0};
}

/* What four copies see, whole rows one agent after the other: their strides may be a power of two, and then the rows
 * of all lanes would fall into the same few lines of the cache. out: the first copy's row. */
static void write_four(const sl_mpe *m, const double *lanes, float *out) {
    int O = m->base.spec.obs_dim;
    size_t stride = (size_t)m->base.spec.state_dim;
    for (int i = 0; i < m->N; i++, out += O) {
        const sl_mpe_term *terms = m->terms + i * m->max_obs;
        int n_live = m->n_live[i];
        for (int o = 0; o < O; o += 4) {
            // the last block ends with the row, and may write some features twice
            int at = o + 4 <= O ? o : O - 4;
            if (at < n_live) {
                write_block(terms + at, lanes, out + at, stride);
            } else {
                write_zeros(out + at, stride);
            }
        }
    }
}

static void write_one(const sl_mpe *m, const double *lanes, float *out) {
    int O = m->base.spec.obs_dim;
    for (int i = 0; i < m->N; i++, out += O) {
        const sl_mpe_term *terms = m->terms + i * m->max_obs;
        int n_live = m->n_live[i];
        for (int o = 0; o < n_live; o++) {
            out[o] = (float)(lanes[terms[o].minuend] - lanes[terms[o].subtrahend]);
        }
        memset(out + n_live, 0, (size_t)(O - n_live) * sizeof *out);
    }
}

// out: (V, N, O), or the same numbers as the state (V, N * O)
static void write_lanes(const sl_mpe *m, int tile, unsigned lanes, float *out) {
    const double *row = sl_mpe_tile(m, tile)[0];
    size_t stride = (size_t)m->base.spec.state_dim;
    out += (size_t)(tile * L) * stride;
    for (int lane = 0; lane < L; lane += 4, out += 4 * stride) {
        unsigned wanted = lanes >> lane & 15u;
        if (wanted == 15u && m->base.spec.obs_dim >= 4) {
            write_four(m, row + lane, out);
            continue;
        }
        for (int l = 0; l < 4; l++) {
            if (wanted >> l & 1u) write_one(m, row + lane + l, out + (size_t)l * stride);
        }
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

void sl_mpe_write(const sl_mpe *m, int tile, unsigned lanes, const sl_env_out *out) {
    int v0 = tile * L;
    if (out->avail) write_avail(&m->base.spec, v0, lanes, out->avail);
    for (int l = 0; l < L && out->alive; l++) {
        if (lanes >> l & 1u) memset(out->alive + (size_t)(v0 + l) * (size_t)m->N, 1, (size_t)m->N);
    }
    // what is derived is part of the state: it may not depend on what the caller wants to see
    if (m->scenario->observe) m->scenario->observe(m, sl_mpe_tile(m, tile));
    if (out->obs) write_lanes(m, tile, lanes, out->obs);
    if (out->state) write_lanes(m, tile, lanes, out->state);
}
