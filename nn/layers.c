/* layers.c - linear layers, activations and layer norm over rows. */
#include "nn/layers.h"

#include "common/assert.h"
#include "common/fmath.h"
#include "nn/blas.h"
#include "nn/gemm.h"
#include "nn/lanes.h"
#include "nn/wide.h"

#include <math.h>
#include <string.h>

void sl_activation_forward(size_t n, sl_activation act, float *y) {
    if (act == SL_ACT_RELU) {
        // a NaN passes, so that it is seen
        for (size_t j = 0; j < n; j++) y[j] = y[j] < 0.0f ? 0.0f : y[j];
    } else if (sl_wide_suits()) {
        sl_wide_tanh(n, y);
    } else {
        for (size_t j = 0; j < n; j++) y[j] = sl_tanhf(y[j]);
    }
}

void sl_linear_forward(int R, int I, int O, const float *x, const float *W, const float *b, const sl_activation *act,
                       float *y, int ldy) {
    size_t ld = (size_t)ldy;
    bool relu = act && *act == SL_ACT_RELU, own = sl_gemm_suits(R, O, I);
    if (own) {
        sl_gemm_run(&(sl_gemm){.m = R,
                               .n = O,
                               .k = I,
                               .A = x,
                               .a_row = (size_t)I,
                               .a_col = 1,
                               .B = W,
                               .b_row = (size_t)O,
                               .b_col = 1,
                               .bias = b,
                               .relu = relu,
                               .C = y,
                               .ldc = ld});
    } else {
        for (size_t r = 0; r < (size_t)R; r++) memcpy(y + r * ld, b, (size_t)O * sizeof *b);
        sl_blas_nn(R, O, I, x, I, W, O, 1.0f, y, ldy);
    }
    if (!act || (relu && own)) return;
    SL_ASSERT(ldy == O);
    sl_activation_forward((size_t)R * ld, *act, y);
}

void sl_column_sums(int R, int C, const float *x, float *restrict sums) {
    for (int r = 0; r < R; r++) {
        const float *restrict row = x + (size_t)r * (size_t)C;
        for (int j = 0; j < C; j++) sums[j] += row[j];
    }
}

void sl_activation_backward(int R, int H, sl_activation act, const float *y, float *dy, float *restrict db) {
    if (sl_wide_suits()) {
        sl_wide_activation_backward(R, H, act == SL_ACT_RELU, y, dy, db);
        return;
    }
    for (int r = 0; r < R; r++) {
        const float *restrict out = y + (size_t)r * (size_t)H;
        float *restrict d = dy + (size_t)r * (size_t)H;
        if (act == SL_ACT_RELU) {
            for (int j = 0; j < H; j++) {
                float g = out[j] > 0.0f ? d[j] : 0.0f;
                d[j] = g;
                db[j] += g;
            }
        } else {
            for (int j = 0; j < H; j++) {
                float g = d[j] * (1.0f - out[j] * out[j]);
                d[j] = g;
                db[j] += g;
            }
        }
    }
}

// a 4 x 4 block in registers: element by element, the power-of-two strides of weights would thrash the cache
static void transpose_block(const float *from, size_t ld, float *to, size_t ld_to) {
    sl_vec4 a, b, c, d;
    memcpy(&a, from, sizeof a);
    memcpy(&b, from + ld, sizeof b);
    memcpy(&c, from + 2 * ld, sizeof c);
    memcpy(&d, from + 3 * ld, sizeof d);
    sl_vec4 ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    sl_vec4 cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    a = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
    b = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
    c = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
    d = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
    memcpy(to, &a, sizeof a);
    memcpy(to + ld_to, &b, sizeof b);
    memcpy(to + 2 * ld_to, &c, sizeof c);
    memcpy(to + 3 * ld_to, &d, sizeof d);
}

void sl_transpose(int rows, int cols, const float *from, int ld, float *to) {
    size_t R = (size_t)rows, C = (size_t)cols, step = (size_t)ld, R4 = R / 4 * 4, C4 = C / 4 * 4;
    for (size_t j = 0; j < C4; j += 4) {
        for (size_t i = 0; i < R4; i += 4) transpose_block(from + i * step + j, step, to + j * R + i, R);
    }
    // what blocks leave over: the last rows, then the last columns
    for (size_t i = R4; i < R; i++) {
        for (size_t j = 0; j < C; j++) to[j * R + i] = from[i * step + j];
    }
    for (size_t j = C4; j < C; j++) {
        for (size_t i = 0; i < R4; i++) to[j * R + i] = from[i * step + j];
    }
}

// sums of x and of (x - mean)^2 in sixteen running lanes, the rest one by one
static float norm_sum(int H, const float *x) {
    sl_vec16 lanes = {0};
    int j = 0;
    for (; j + SL_LANES <= H; j += SL_LANES) lanes += SL_LOAD16(x + j);
    float sum = sl_sum16(&lanes);
    for (; j < H; j++) sum += x[j];
    return sum;
}

static float norm_squares(int H, const float *x, float mean) {
    sl_vec16 lanes = {0};
    int j = 0;
    for (; j + SL_LANES <= H; j += SL_LANES) {
        sl_vec16 centred = SL_LOAD16(x + j) - mean;
        lanes += centred * centred;
    }
    float sum = sl_sum16(&lanes);
    for (; j < H; j++) sum += (x[j] - mean) * (x[j] - mean);
    return sum;
}

static void norm_row(int H, float mean, float scale, const float *restrict x, const float *restrict w,
                     const float *restrict b, float *restrict y) {
    for (int j = 0; j < H; j++) y[j] = (x[j] - mean) * scale * w[j] + b[j];
}

void sl_norm_forward(int R, int H, const float *x, const float *w, const float *b, float *y, float *stats) {
    if (H <= SL_WIDE_NORM_MAX && sl_wide_suits()) {
        sl_wide_norm_forward(R, H, x, w, b, y, stats);
        return;
    }
    size_t n = (size_t)H;
    for (size_t r = 0; r < (size_t)R; r++) {
        const float *row = x + r * n;
        float mean = norm_sum(H, row) / (float)H;
        float scale = 1.0f / sqrtf(norm_squares(H, row, mean) / (float)H + SL_NORM_EPS);
        norm_row(H, mean, scale, row, w, b, y + r * n);
        stats[2 * r] = mean;
        stats[2 * r + 1] = scale;
    }
}

// with xhat = (x - mean) scale and g = dy w: dx = scale (g - mean(g) - xhat mean(g xhat))
static void norm_backward_row(int H, float mean, float scale, const float *restrict x, const float *restrict w,
                              float *restrict d, float *restrict dw, float *restrict db) {
    sl_vec16 lanes = {0}, lanes_xhat = {0};
    int j = 0;
    for (; j + SL_LANES <= H; j += SL_LANES) {
        sl_vec16 dy = SL_LOAD16(d + j), xhat = (SL_LOAD16(x + j) - mean) * scale, g = dy * SL_LOAD16(w + j);
        SL_STORE16(dw + j, SL_LOAD16(dw + j) + dy * xhat);
        SL_STORE16(db + j, SL_LOAD16(db + j) + dy);
        lanes += g;
        lanes_xhat += g * xhat;
    }
    float sum = sl_sum16(&lanes), sum_xhat = sl_sum16(&lanes_xhat);
    for (; j < H; j++) {
        float xhat = (x[j] - mean) * scale, g = d[j] * w[j];
        dw[j] += d[j] * xhat;
        db[j] += d[j];
        sum += g;
        sum_xhat += g * xhat;
    }
    float shift = sum / (float)H, tilt = sum_xhat / (float)H;
    for (j = 0; j < H; j++) d[j] = scale * (d[j] * w[j] - shift - (x[j] - mean) * scale * tilt);
}

void sl_norm_backward(int R, int H, const float *x, const float *stats, const float *w, float *dy, float *dw,
                      float *db) {
    if (H <= SL_WIDE_NORM_MAX && sl_wide_suits()) {
        sl_wide_norm_backward(R, H, x, stats, w, dy, dw, db);
        return;
    }
    size_t n = (size_t)H;
    for (size_t r = 0; r < (size_t)R; r++) {
        norm_backward_row(H, stats[2 * r], stats[2 * r + 1], x + r * n, w, dy + r * n, dw, db);
    }
}
