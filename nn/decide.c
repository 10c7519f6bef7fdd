/* decide.c - the decision path: one step, row by row, in the arithmetic of common/decision.h, so that a student
 * decides alike here, in agent/ and on another machine. Any thread. */
#include "nn/decide.h"

#include "common/assert.h"
#include "common/decision.h"

#include <string.h>

// the widths that are compiled: as many vectors as the registers hold, and what is left
static void linear(int I, int O, const float *restrict x, const float *restrict W, const float *restrict b,
                   float *restrict y) {
    size_t ld = (size_t)O;
    int j = 0;
    for (; j + 96 <= O; j += 96) sl_decision_linear(x, I, W + j, ld, 96, b + j, y + j);
    for (; j + 64 <= O; j += 64) sl_decision_linear(x, I, W + j, ld, 64, b + j, y + j);
    for (; j + 16 <= O; j += 16) sl_decision_linear(x, I, W + j, ld, 16, b + j, y + j);
    for (; j < O; j++) {
        float sum[SL_ACCUMULATORS] = {b[j]};
        const float *w = W + j;
        for (int i = 0; i < I; i++, w += ld) sum[i % SL_ACCUMULATORS] = sl_fmaf(x[i], *w, sum[i % SL_ACCUMULATORS]);
        y[j] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    }
}

/* the first layer with the input's norm applied on the way: the input may be longer than scratch, of which this takes
 * four sums an output */
static void linear_normed(int I, int O, const float *x, const float *norm_w, const float *norm_b, const float *W,
                          const float *b, float *restrict y, float *restrict scratch) {
    float mean, scale;
    size_t n = (size_t)O;
    sl_decision_moments(I, x, &mean, &scale);
    memset(scratch, 0, SL_ACCUMULATORS * n * sizeof *scratch);
    memcpy(scratch, b, n * sizeof *scratch);
    for (int i = 0; i < I; i++, W += n) {
        float normed = sl_fmaf((x[i] - mean) * scale, norm_w[i], norm_b[i]);
        float *restrict sum = scratch + (size_t)(i % SL_ACCUMULATORS) * n;
        for (size_t j = 0; j < n; j++) sum[j] = sl_fmaf(normed, W[j], sum[j]);
    }
    for (size_t j = 0; j < n; j++) y[j] = (scratch[j] + scratch[n + j]) + (scratch[2 * n + j] + scratch[3 * n + j]);
}

static void decide_row(const sl_net_def *def, const sl_net_offsets *at, const float *p, const float *x, float *h,
                       float *out, float *scratch) {
    int H = def->hidden, I = def->in_dim;
    float *y = scratch, *next = scratch + H, *a = scratch + 2 * H, *b = a + 3 * H;
    for (int l = 0; l < def->n_layers; l++) {
        const float *W = p + at->layer[l].w, *bias = p + at->layer[l].b;
        if (l > 0)
            linear(H, H, y, W, bias, next);
        else if (def->layer_norm)
            linear_normed(I, H, x, p + at->in_norm_w, p + at->in_norm_b, W, bias, next, a);
        else
            linear(I, H, x, W, bias, next);
        sl_decision_activate(H, def->activation == SL_ACT_TANH, next);
        if (def->layer_norm) sl_decision_norm(H, p + at->layer[l].norm_w, p + at->layer[l].norm_b, next);
        float *kept = y;
        y = next;
        next = kept;
    }
    if (def->cell == SL_CELL_GRU) {
        SL_ASSERT(h != NULL);
        linear(H, 3 * H, y, p + at->w_ih, p + at->b_ih, a);
        linear(H, 3 * H, h, p + at->w_hh, p + at->b_hh, b);
        sl_decision_gates(H, a, b, (size_t)H, h);
        memcpy(y, h, (size_t)H * sizeof *y);
        if (def->layer_norm) sl_decision_norm(H, p + at->cell_norm_w, p + at->cell_norm_b, y);
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
