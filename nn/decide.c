/* decide.c - the decision path: one step, row by row, every sum in index order, so that a student decides alike here,
 * in agent/ and on another machine. decide.h states the order of operations. Any thread. */
#include "nn/decide.h"

#include "common/assert.h"
#include "common/fmath.h"
#include "nn/lanes.h"
#include "nn/layers.h"

#include <math.h>
#include <string.h>

// y_j = b_j, then += x_i W_ij for ascending i; four vectors of j at a time stay in registers
static void linear(int I, int O, const float *restrict x, const float *restrict W, const float *restrict b,
                   float *restrict y) {
    enum { WIDE = 4 * SL_LANES };
    size_t ld = (size_t)O;
    int j = 0;
    for (; j + WIDE <= O; j += WIDE) {
        const float *w = W + j;
        sl_vec16 s0 = SL_LOAD16(b + j), s1 = SL_LOAD16(b + j + SL_LANES);
        sl_vec16 s2 = SL_LOAD16(b + j + 2 * SL_LANES), s3 = SL_LOAD16(b + j + 3 * SL_LANES);
        for (int i = 0; i < I; i++, w += ld) {
            s0 += x[i] * SL_LOAD16(w);
            s1 += x[i] * SL_LOAD16(w + SL_LANES);
            s2 += x[i] * SL_LOAD16(w + 2 * SL_LANES);
            s3 += x[i] * SL_LOAD16(w + 3 * SL_LANES);
        }
        SL_STORE16(y + j, s0);
        SL_STORE16(y + j + SL_LANES, s1);
        SL_STORE16(y + j + 2 * SL_LANES, s2);
        SL_STORE16(y + j + 3 * SL_LANES, s3);
    }
    for (; j + SL_LANES <= O; j += SL_LANES) {
        const float *w = W + j;
        sl_vec16 s = SL_LOAD16(b + j);
        for (int i = 0; i < I; i++, w += ld) s += x[i] * SL_LOAD16(w);
        SL_STORE16(y + j, s);
    }
    for (; j < O; j++) {
        float s = b[j];
        for (int i = 0; i < I; i++) s += x[i] * W[(size_t)i * ld + (size_t)j];
        y[j] = s;
    }
}

// mean and 1 / sqrt(variance + eps), both sums in index order
static void norm_stats(int n, const float *x, float *mean, float *scale) {
    float sum = 0, squares = 0;
    for (int i = 0; i < n; i++) sum += x[i];
    *mean = sum / (float)n;
    for (int i = 0; i < n; i++) squares += (x[i] - *mean) * (x[i] - *mean);
    *scale = 1.0f / sqrtf(squares / (float)n + SL_NORM_EPS);
}

static void norm(int n, const float *w, const float *b, float *x) {
    float mean, scale;
    norm_stats(n, x, &mean, &scale);
    for (int i = 0; i < n; i++) x[i] = (x[i] - mean) * scale * w[i] + b[i];
}

// the first layer with the input's norm applied on the way: the input may be longer than scratch
static void linear_normed(int I, int O, const float *x, const float *norm_w, const float *norm_b, const float *W,
                          const float *b, float *restrict y) {
    float mean, scale;
    norm_stats(I, x, &mean, &scale);
    memcpy(y, b, (size_t)O * sizeof *y);
    for (int i = 0; i < I; i++) {
        float normed = (x[i] - mean) * scale * norm_w[i] + norm_b[i];
        for (int j = 0; j < O; j++) y[j] += normed * W[(size_t)i * (size_t)O + (size_t)j];
    }
}

static void activate(int n, sl_activation act, float *y) {
    if (act == SL_ACT_RELU) {
        for (int j = 0; j < n; j++) y[j] = y[j] > 0.0f ? y[j] : 0.0f;
    } else {
        for (int j = 0; j < n; j++) y[j] = sl_tanhf(y[j]);
    }
}

static void gru(int H, const float *p, const sl_net_offsets *at, const float *x, float *restrict h,
                float *restrict gi, float *restrict gh) {
    linear(H, 3 * H, x, p + at->w_ih, p + at->b_ih, gi);
    linear(H, 3 * H, h, p + at->w_hh, p + at->b_hh, gh);
    for (int j = 0; j < H; j++) {
        float r = sl_sigmoidf(gi[j] + gh[j]);
        float z = sl_sigmoidf(gi[H + j] + gh[H + j]);
        float n = sl_tanhf(gi[2 * H + j] + r * gh[2 * H + j]);
        h[j] = (1.0f - z) * n + z * h[j];
    }
}

static void decide_row(const sl_net_def *def, const sl_net_offsets *at, const float *p, const float *x, float *h,
                       float *out, float *scratch) {
    int H = def->hidden, I = def->in_dim;
    float *y = scratch, *next = scratch + H, *gi = scratch + 2 * H, *gh = gi + 3 * H;
    for (int l = 0; l < def->n_layers; l++) {
        const float *W = p + at->layer[l].w, *b = p + at->layer[l].b;
        if (l > 0)
            linear(H, H, y, W, b, next);
        else if (def->layer_norm)
            linear_normed(I, H, x, p + at->in_norm_w, p + at->in_norm_b, W, b, next);
        else
            linear(I, H, x, W, b, next);
        activate(H, def->activation, next);
        if (def->layer_norm) norm(H, p + at->layer[l].norm_w, p + at->layer[l].norm_b, next);
        float *kept = y;
        y = next;
        next = kept;
    }
    if (def->cell == SL_CELL_GRU) {
        SL_ASSERT(h != NULL);
        gru(H, p, at, y, h, gi, gh);
        memcpy(y, h, (size_t)H * sizeof *y);
        if (def->layer_norm) norm(H, p + at->cell_norm_w, p + at->cell_norm_b, y);
    }
    linear(H, def->out_dim, y, p + at->head_w, p + at->head_b, out);
}

void sl_net_decide(const sl_net_def *def, const float *params, int B, const float *x, float *h, float *out,
                   float *scratch) {
    sl_net_offsets at = sl_net_get_offsets(def);
    size_t I = (size_t)def->in_dim, H = (size_t)def->hidden, A = (size_t)def->out_dim;
    for (size_t b = 0; b < (size_t)B; b++) {
        decide_row(def, &at, params, x + b * I, h ? h + b * H : NULL, out + b * A, scratch);
    }
}
