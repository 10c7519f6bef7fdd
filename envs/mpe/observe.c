/* observe.c - observations, states and action masks of a tile, from rows of lanes to the caller's (V, N, O). */
#include "envs/mpe/mpe.h"

#include <string.h>

enum { L = SL_ENV_LANES };

// features of one agent as rows of lanes: one subtraction and one rounding to float32 each
static void gather(const sl_mpe_term *terms, int O, sl_mpe_row *rows, float (*restrict features)[L]) {
    for (int o = 0; o < O; o++) {
        const double *a = rows[terms[o].minuend], *b = rows[terms[o].subtrahend];
        for (int l = 0; l < L; l++) features[o][l] = (float)(a[l] - b[l]);
    }
}

// rows of lanes to one row a copy
static void scatter(int O, size_t stride, unsigned lanes, float (*restrict features)[L], float *restrict out) {
    for (int l = 0; l < L; l++) {
        if (!(lanes >> l & 1u)) continue;
        float *row = out + (size_t)l * stride;
        for (int o = 0; o < O; o++) row[o] = features[o][l];
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
    const sl_env_spec *spec = &m->base.spec;
    sl_mpe_row *rows = sl_mpe_tile(m, tile);
    int v0 = tile * L, O = spec->obs_dim;
    size_t stride = (size_t)spec->state_dim;
    if (out->avail) write_avail(spec, v0, lanes, out->avail);
    // what is derived is part of the state: it may not depend on what the caller wants to see
    if (m->scenario->observe) m->scenario->observe(m, rows);
    if (!out->obs && !out->state) return;
    float features[SL_MPE_MAX_OBS][L];
    for (int i = 0; i < m->N; i++) {
        gather(m->terms + i * SL_MPE_MAX_OBS, O, rows, features);
        // the state is the same (V, N * O) numbers
        size_t offset = (size_t)v0 * stride + (size_t)i * (size_t)O;
        if (out->obs) scatter(O, stride, lanes, features, out->obs + offset);
        if (out->state) scatter(O, stride, lanes, features, out->state + offset);
    }
}
