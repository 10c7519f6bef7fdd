/* layers.c - linear layers, activations and layer norm over rows. Called by net.c, one thread a workspace. */
#include "common/fmath.h"
#include "nn/blas.h"
#include "nn/gemm.h"
#include "nn/net_parts.h"

#include <math.h>
#include <string.h>

static void activate(int n, sl_activation act, float *restrict y) {
    if (act == SL_ACT_RELU) {
        // a NaN passes, so that it is seen
        for (int j = 0; j < n; j++) y[j] = y[j] < 0.0f ? 0.0f : y[j];
    } else {
        for (int j = 0; j < n; j++) y[j] = sl_tanhf(y[j]);
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
    for (size_t r = 0; r < (size_t)R; r++) activate(O, *act, y + r * ld);
}

void sl_column_sums(int R, int C, const float *x, float *restrict sums) {
    for (int r = 0; r < R; r++) {
        const float *restrict row = x + (size_t)r * (size_t)C;
        for (int j = 0; j < C; j++) sums[j] += row[j];
    }
}

void sl_activation_backward(int R, int H, sl_activation act, const float *y, float *dy, float *restrict db) {
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

void sl_norm_forward(int R, int H, const float *x, const float *w, const float *b, float *y, float *stats) {
    for (int r = 0; r < R; r++) {
        const float *restrict in = x + (size_t)r * (size_t)H;
        float *restrict out = y + (size_t)r * (size_t)H;
        float sum = 0, squares = 0;
        for (int j = 0; j < H; j++) sum += in[j];
        float mean = sum / (float)H;
        for (int j = 0; j < H; j++) squares += (in[j] - mean) * (in[j] - mean);
        float scale = 1.0f / sqrtf(squares / (float)H + SL_NORM_EPS);
        for (int j = 0; j < H; j++) out[j] = (in[j] - mean) * scale * w[j] + b[j];
        stats[2 * r] = mean;
        stats[2 * r + 1] = scale;
    }
}

void sl_norm_backward(int R, int H, const float *x, const float *stats, const float *w, float *dy, float *restrict dw,
                      float *restrict db) {
    for (int r = 0; r < R; r++) {
        const float *restrict in = x + (size_t)r * (size_t)H;
        float *restrict d = dy + (size_t)r * (size_t)H;
        float mean = stats[2 * r], scale = stats[2 * r + 1];
        // with xhat = (x - mean) scale and g = dy w: dx = scale (g - mean(g) - xhat mean(g xhat))
        float sum = 0, sum_xhat = 0;
        for (int j = 0; j < H; j++) {
            float xhat = (in[j] - mean) * scale;
            dw[j] += d[j] * xhat;
            db[j] += d[j];
            sum += d[j] * w[j];
            sum_xhat += d[j] * w[j] * xhat;
        }
        float shift = sum / (float)H, tilt = sum_xhat / (float)H;
        for (int j = 0; j < H; j++) d[j] = scale * (d[j] * w[j] - shift - (in[j] - mean) * scale * tilt);
    }
}
