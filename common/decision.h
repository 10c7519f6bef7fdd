/* decision.h - the arithmetic of a decision, the same bits on every machine (docs/decisions/0014-arithmetic.md). nn/
 * decides by it in simulation, agent/ on the device; sums of fused multiply-adds run in four accumulators, so that no
 * chain is long, and the outputs lie side by side in vectors, so that none is summed across. Needs
 * -ffp-contract=off. Any thread. */
#ifndef SL_COMMON_DECISION_H
#define SL_COMMON_DECISION_H

#include "common/decision_vec.h"
#include "common/fmath.h"

#include <math.h>
#include <stddef.h>

/* The version of this arithmetic, as a policy's file names it. 1 multiplied and added apart, in index order. */
enum { SL_ARITHMETIC = 2, SL_ACCUMULATORS = 4 };

#define SL_DECISION_INLINE static inline __attribute__((always_inline))

// n_vecs is a constant where it is called, so that all the sums stay in registers
SL_DECISION_INLINE void sl_decision_block(const float *restrict x, int n, const float *restrict w, size_t stride,
                                          int n_vecs, const float *restrict bias, float *restrict y) {
    enum { LANES = SL_DECISION_LANES };
    sl_decision_vec sum[SL_ACCUMULATORS][SL_DECISION_VECTORS];
    for (int v = 0; v < n_vecs; v++) {
        sum[0][v] = *(const sl_decision_vec *)(bias + v * LANES);
        sum[1][v] = sum[2][v] = sum[3][v] = (sl_decision_vec){0};
    }
    int i = 0;
    for (; i + SL_ACCUMULATORS <= n; i += SL_ACCUMULATORS)
#pragma GCC unroll 4
        for (int k = 0; k < SL_ACCUMULATORS; k++, w += stride)
#pragma GCC unroll 6
            for (int v = 0; v < n_vecs; v++)
                sum[k][v] = SL_DECISION_FMA(x[i + k], *(const sl_decision_vec *)(w + v * LANES), sum[k][v]);
#pragma GCC unroll 3
    for (int k = 0; k < SL_ACCUMULATORS - 1; k++, w += stride) {
        if (i + k >= n) break;
        for (int v = 0; v < n_vecs; v++)
            sum[k][v] = SL_DECISION_FMA(x[i + k], *(const sl_decision_vec *)(w + v * LANES), sum[k][v]);
    }
    for (int v = 0; v < n_vecs; v++)
        *(sl_decision_vec *)(y + v * LANES) = (sum[0][v] + sum[1][v]) + (sum[2][v] + sum[3][v]);
}

/* y_j = (s0 + s1) + (s2 + s3), where s0 = bias_j, s1 = s2 = s3 = 0, and for i = 0, 1, ... s_(i mod 4) =
 * fma(x_i, w_ij, s_(i mod 4)). n_out, a constant and a multiple of 16: outputs j; rows of w are stride apart. */
SL_DECISION_INLINE void sl_decision_linear(const float *restrict x, int n, const float *restrict w, size_t stride,
                                           int n_out, const float *restrict bias, float *restrict y) {
    enum { LANES = SL_DECISION_LANES, BLOCK = SL_DECISION_VECTORS };
    const int n_vecs = n_out / LANES, rest = n_vecs % BLOCK;
    for (int v = 0; v + BLOCK <= n_vecs; v += BLOCK)
        sl_decision_block(x, n, w + v * LANES, stride, BLOCK, bias + v * LANES, y + v * LANES);
    const int done = (n_vecs - rest) * LANES;
    if (rest) sl_decision_block(x, n, w + done, stride, rest, bias + done, y + done);
}

/* The sum of sixteen partial sums, of which the i-th has the numbers i, i + 16, ...: halves onto halves. */
static inline float sl_decision_total(const float part[16]) {
    float eight[8], four[4];
    for (int i = 0; i < 8; i++) eight[i] = part[i] + part[i + 8];
    for (int i = 0; i < 4; i++) four[i] = eight[i] + eight[i + 4];
    return (four[0] + four[2]) + (four[1] + four[3]);
}

/* mean = s / n, where s is the total of sixteen partial sums of x, and scale = 1 / sqrt(q / n + 1e-5), where q is
 * that of fma(d, d, .) with d = x - mean. */
static inline void sl_decision_moments(int n, const float *x, float *mean, float *scale) {
    float sum[16] = {0}, square[16] = {0};
    int whole = n / 16 * 16;
    for (int i = 0; i < whole; i += 16)
        for (int l = 0; l < 16; l++) sum[l] += x[i + l];
    for (int l = 0; whole + l < n; l++) sum[l] += x[whole + l];
    float m = *mean = sl_decision_total(sum) / (float)n;
    for (int i = 0; i < whole; i += 16)
        for (int l = 0; l < 16; l++) square[l] = sl_fmaf(x[i + l] - m, x[i + l] - m, square[l]);
    for (int l = 0; whole + l < n; l++) square[l] = sl_fmaf(x[whole + l] - m, x[whole + l] - m, square[l]);
    *scale = 1.0f / sqrtf(sl_decision_total(square) / (float)n + 1e-5f);
}

/* x = fma((x - mean) * scale, gain, bias), in place. */
static inline void sl_decision_norm(int n, const float *restrict gain, const float *restrict bias,
                                    float *restrict x) {
    float mean, scale;
    sl_decision_moments(n, x, &mean, &scale);
    for (int i = 0; i < n; i++) x[i] = sl_fmaf((x[i] - mean) * scale, gain[i], bias[i]);
}

/* One step of n units of a GRU: r = sigmoid(a_r + b_r), z = sigmoid(a_z + b_z), m = tanh(fma(r, b_n, a_n)),
 * h = fma(z, h - m, m). a, of the input, and b, of the state, hold r, z and n of these units, gate floats apart. */
static inline void sl_decision_gates(int n, const float *restrict a, const float *restrict b, size_t gate,
                                     float *restrict h) {
    for (size_t j = 0; j < (size_t)n; j++) {
        float r = sl_sigmoidf(a[j] + b[j]);
        float z = sl_sigmoidf(a[gate + j] + b[gate + j]);
        float m = sl_tanhf(sl_fmaf(r, b[2 * gate + j], a[2 * gate + j]));
        h[j] = sl_fmaf(z, h[j] - m, m);
    }
}

/* relu: x > 0 ? x : 0; else tanh. */
static inline void sl_decision_activate(int n, int use_tanh, float *x) {
    if (use_tanh) {
        for (int j = 0; j < n; j++) x[j] = sl_tanhf(x[j]);
    } else {
        for (int j = 0; j < n; j++) x[j] = x[j] > 0.0f ? x[j] : 0.0f;
    }
}

#endif
