/* wide.c - see wide.h. Compiled for AVX-512 in every build for x86-64, as gemm.c; sl_wide_suits asks the CPU. */
#include "nn/wide.h"

#include "common/assert.h"
#include "nn/layers.h"

#if defined(__AVX512F__)
#include <immintrin.h>
#include <math.h>

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 4")
#endif

enum { LANES = 16 };
typedef __m512 vec;

static inline vec all_of(float x) {
    return _mm512_set1_ps(x);
}

static inline vec load(__mmask16 some, const float *from) {
    return _mm512_maskz_loadu_ps(some, from);
}

// of n columns the lanes that exist in the vector that begins at j
static inline __mmask16 lanes_at(int j, int n) {
    return n - j >= LANES ? 0xffff : (__mmask16)((1u << (n - j)) - 1u);
}

// e^x = scale (1 + p), |x| <= 80: x = n ln2 + r, and p = e^r - 1 keeps its relative accuracy where r is small
static inline vec exp_parts(vec x, vec *scale) {
    // adding 1.5 * 2^23 rounds to the nearest integer in the low bits of the float
    const vec round = all_of(12582912.0f);
    const vec shifted = _mm512_fmadd_ps(x, all_of(1.44269504088896341f), round);
    const vec n = _mm512_sub_ps(shifted, round);
    const vec r = _mm512_fnmadd_ps(n, all_of(0.693147180559945309f), x);
    vec q = all_of(1.3814613131e-3f);
    q = _mm512_fmadd_ps(q, r, all_of(8.3687098281e-3f));
    q = _mm512_fmadd_ps(q, r, all_of(4.1668387364e-2f));
    q = _mm512_fmadd_ps(q, r, all_of(1.6666520690e-1f));
    q = _mm512_fmadd_ps(q, r, all_of(4.9999993452e-1f));
    const __m512i bits = _mm512_slli_epi32(_mm512_castps_si512(shifted), 23);
    *scale = _mm512_castsi512_ps(_mm512_add_epi32(bits, _mm512_set1_epi32(127 << 23)));
    return _mm512_fmadd_ps(_mm512_mul_ps(q, r), r, r);
}

// within [-limit, limit]; this order of operands lets a NaN through
static inline vec clamp(vec x, float limit) {
    return _mm512_min_ps(all_of(limit), _mm512_max_ps(all_of(-limit), x));
}

// an estimate of 14 bits and one step of Newton's: a third of a division's time
static inline vec inverse(vec d) {
    const vec x = _mm512_rcp14_ps(d);
    return _mm512_fmadd_ps(_mm512_fnmadd_ps(d, x, all_of(1.0f)), x, x);
}

// tanh x = t / (t + 2) with t = e^2x - 1 = scale p + (scale - 1); 1 beyond 9
static inline vec tanh_of(vec x) {
    vec scale;
    const vec p = exp_parts(clamp(_mm512_add_ps(x, x), 18.5f), &scale);
    const vec t = _mm512_fmadd_ps(scale, p, _mm512_sub_ps(scale, all_of(1.0f)));
    return _mm512_mul_ps(t, inverse(_mm512_add_ps(t, all_of(2.0f))));
}

// 1 / (1 + e^-x)
static inline vec sigmoid_of(vec x) {
    vec scale;
    const vec p = exp_parts(clamp(_mm512_sub_ps(_mm512_setzero_ps(), x), 80.0f), &scale);
    return inverse(_mm512_add_ps(_mm512_fmadd_ps(scale, p, scale), all_of(1.0f)));
}

void sl_wide_tanh(size_t n, float *y) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) _mm512_storeu_ps(y + i, tanh_of(_mm512_loadu_ps(y + i)));
    if (i == n) return;
    const __mmask16 some = lanes_at(0, (int)(n - i));
    _mm512_mask_storeu_ps(y + i, some, tanh_of(load(some, y + i)));
}

/* ---- the gradient through an activation: sums of columns stay in registers for a block of rows ---- */

static inline __attribute__((always_inline)) void activation_block(int rows, size_t H, __mmask16 some, bool relu,
                                                                   const float *y, float *dy, float *db) {
    vec even = load(some, db), odd = _mm512_setzero_ps();
    for (int r = 0; r < rows; r++, y += H, dy += H) {
        const vec out = load(some, y), d = load(some, dy);
        // d (1 - y^2), or d where y > 0
        const vec g = relu ? _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(out, _mm512_setzero_ps(), _CMP_GT_OQ), d)
                           : _mm512_fnmadd_ps(_mm512_mul_ps(d, out), out, d);
        _mm512_mask_storeu_ps(dy, some, g);
        const vec sum = _mm512_add_ps(even, g);
        even = odd;
        odd = sum;
    }
    _mm512_mask_storeu_ps(db, some, _mm512_add_ps(even, odd));
}

void sl_wide_activation_backward(int R, int H, bool relu, const float *y, float *dy, float *db) {
    enum { BLOCK = 32 };
    const size_t n = (size_t)H;
    for (int r = 0; r < R; r += BLOCK) {
        const int rows = R - r < BLOCK ? R - r : BLOCK;
        const size_t at = (size_t)r * n;
        for (int j = 0; j < H; j += LANES) {
            const __mmask16 some = lanes_at(j, H);
            if (relu)
                activation_block(rows, n, some, true, y + at + j, dy + at + j, db + j);
            else
                activation_block(rows, n, some, false, y + at + j, dy + at + j, db + j);
        }
    }
}

static void gates_row(int H, float *g, const float *gh, const float *hm, float *h, float not_first, float *next_hm) {
    for (int j = 0; j < H; j += LANES) {
        const __mmask16 some = lanes_at(j, H);
        const vec hidden_n = load(some, gh + 2 * H + j);
        const vec r = sigmoid_of(_mm512_add_ps(load(some, g + j), load(some, gh + j)));
        const vec z = sigmoid_of(_mm512_add_ps(load(some, g + H + j), load(some, gh + H + j)));
        const vec n = tanh_of(_mm512_fmadd_ps(r, hidden_n, load(some, g + 2 * H + j)));
        // (1 - z) n + z h
        const vec out = _mm512_fmadd_ps(z, _mm512_sub_ps(load(some, hm + j), n), n);
        _mm512_mask_storeu_ps(g + j, some, r);
        _mm512_mask_storeu_ps(g + H + j, some, z);
        _mm512_mask_storeu_ps(g + 2 * H + j, some, n);
        _mm512_mask_storeu_ps(g + 3 * H + j, some, hidden_n);
        _mm512_mask_storeu_ps(h + j, some, out);
        if (next_hm) _mm512_mask_storeu_ps(next_hm + j, some, _mm512_mul_ps(all_of(not_first), out));
    }
}

void sl_wide_gates_forward(int R, int H, float *gates, const float *gh, const float *hm, float *h,
                           const float *next_not_first, float *next_hm) {
    size_t n = (size_t)H;
    for (size_t r = 0; r < (size_t)R; r++) {
        gates_row(H, gates + 4 * n * r, gh + 3 * n * r, hm + n * r, h + n * r,
                  next_not_first ? next_not_first[r] : 1.0f, next_hm ? next_hm + n * r : NULL);
    }
}

/* ---- layer norm: a row lives in NV registers ---- */

static inline __attribute__((always_inline)) void norm_forward(int R, int H, const float *x, const float *w,
                                                               const float *b, float *y, float *stats, const int NV) {
    const __mmask16 last = lanes_at((NV - 1) * LANES, H), all = 0xffff;
    const float share = 1.0f / (float)H;
    vec weight[4], shift[4];
    UNROLL
    for (int v = 0; v < NV; v++) {
        weight[v] = load(v == NV - 1 ? last : all, w + v * LANES);
        shift[v] = load(v == NV - 1 ? last : all, b + v * LANES);
    }
    for (int i = 0; i < R; i++, x += H, y += H, stats += 2) {
        vec row[4], sum = _mm512_setzero_ps(), squares = _mm512_setzero_ps();
        UNROLL
        for (int v = 0; v < NV; v++) {
            row[v] = load(v == NV - 1 ? last : all, x + v * LANES);
            sum = _mm512_add_ps(sum, row[v]);
        }
        const float mean = _mm512_reduce_add_ps(sum) * share;
        UNROLL
        for (int v = 0; v < NV; v++) {
            row[v] = _mm512_maskz_sub_ps(v == NV - 1 ? last : all, row[v], all_of(mean));
            squares = _mm512_fmadd_ps(row[v], row[v], squares);
        }
        const float scale = 1.0f / sqrtf(_mm512_reduce_add_ps(squares) * share + SL_NORM_EPS);
        UNROLL
        for (int v = 0; v < NV; v++) {
            const vec out = _mm512_fmadd_ps(_mm512_mul_ps(row[v], all_of(scale)), weight[v], shift[v]);
            _mm512_mask_storeu_ps(y + v * LANES, v == NV - 1 ? last : all, out);
        }
        stats[0] = mean;
        stats[1] = scale;
    }
}

static inline __attribute__((always_inline)) void norm_backward(int R, int H, const float *x, const float *stats,
                                                                const float *w, float *dy, float *dw, float *db,
                                                                const int NV) {
    const __mmask16 last = lanes_at((NV - 1) * LANES, H), all = 0xffff;
    const float share = 1.0f / (float)H;
    vec weight[4], sum_w[4], sum_b[4];
    UNROLL
    for (int v = 0; v < NV; v++) {
        const __mmask16 some = v == NV - 1 ? last : all;
        weight[v] = load(some, w + v * LANES);
        sum_w[v] = load(some, dw + v * LANES);
        sum_b[v] = load(some, db + v * LANES);
    }
    for (int i = 0; i < R; i++, x += H, dy += H, stats += 2) {
        const vec scale = all_of(stats[1]), offset = all_of(-stats[0] * stats[1]);
        vec xhat[4], g[4], lanes = _mm512_setzero_ps(), lanes_xhat = _mm512_setzero_ps();
        UNROLL
        for (int v = 0; v < NV; v++) {
            const __mmask16 some = v == NV - 1 ? last : all;
            const vec d = load(some, dy + v * LANES);
            xhat[v] = _mm512_fmadd_ps(load(some, x + v * LANES), scale, offset);
            g[v] = _mm512_mul_ps(d, weight[v]);
            sum_w[v] = _mm512_fmadd_ps(d, xhat[v], sum_w[v]);
            sum_b[v] = _mm512_add_ps(sum_b[v], d);
            lanes = _mm512_add_ps(lanes, g[v]);
            lanes_xhat = _mm512_fmadd_ps(g[v], xhat[v], lanes_xhat);
        }
        const vec shift = all_of(_mm512_reduce_add_ps(lanes) * share);
        const vec tilt = all_of(_mm512_reduce_add_ps(lanes_xhat) * share);
        UNROLL
        for (int v = 0; v < NV; v++) {
            // scale (g - mean(g) - xhat mean(g xhat))
            const vec d = _mm512_fnmadd_ps(xhat[v], tilt, _mm512_sub_ps(g[v], shift));
            _mm512_mask_storeu_ps(dy + v * LANES, v == NV - 1 ? last : all, _mm512_mul_ps(scale, d));
        }
    }
    UNROLL
    for (int v = 0; v < NV; v++) {
        _mm512_mask_storeu_ps(dw + v * LANES, v == NV - 1 ? last : all, sum_w[v]);
        _mm512_mask_storeu_ps(db + v * LANES, v == NV - 1 ? last : all, sum_b[v]);
    }
}

void sl_wide_norm_forward(int R, int H, const float *x, const float *w, const float *b, float *y, float *stats) {
    SL_ASSERT(H >= 1 && H <= SL_WIDE_NORM_MAX);
    switch ((H + LANES - 1) / LANES) {
    case 1:
        norm_forward(R, H, x, w, b, y, stats, 1);
        break;
    case 2:
        norm_forward(R, H, x, w, b, y, stats, 2);
        break;
    case 3:
        norm_forward(R, H, x, w, b, y, stats, 3);
        break;
    default:
        norm_forward(R, H, x, w, b, y, stats, 4);
    }
}

void sl_wide_norm_backward(int R, int H, const float *x, const float *stats, const float *w, float *dy, float *dw,
                           float *db) {
    SL_ASSERT(H >= 1 && H <= SL_WIDE_NORM_MAX);
    switch ((H + LANES - 1) / LANES) {
    case 1:
        norm_backward(R, H, x, stats, w, dy, dw, db, 1);
        break;
    case 2:
        norm_backward(R, H, x, stats, w, dy, dw, db, 2);
        break;
    case 3:
        norm_backward(R, H, x, stats, w, dy, dw, db, 3);
        break;
    default:
        norm_backward(R, H, x, stats, w, dy, dw, db, 4);
    }
}
#else
void sl_wide_tanh(size_t n, float *y) {
    (void)n, (void)y;
    SL_ASSERT(!"no kernel in this build: sl_wide_suits said so");
}

void sl_wide_activation_backward(int R, int H, bool relu, const float *y, float *dy, float *db) {
    (void)R, (void)H, (void)relu, (void)y, (void)dy, (void)db;
    SL_ASSERT(!"no kernel in this build: sl_wide_suits said so");
}

void sl_wide_gates_forward(int R, int H, float *gates, const float *gh, const float *hm, float *h,
                           const float *next_not_first, float *next_hm) {
    (void)R, (void)H, (void)gates, (void)gh, (void)hm, (void)h, (void)next_not_first, (void)next_hm;
    SL_ASSERT(!"no kernel in this build: sl_wide_suits said so");
}

void sl_wide_norm_forward(int R, int H, const float *x, const float *w, const float *b, float *y, float *stats) {
    (void)R, (void)H, (void)x, (void)w, (void)b, (void)y, (void)stats;
    SL_ASSERT(!"no kernel in this build: sl_wide_suits said so");
}

void sl_wide_norm_backward(int R, int H, const float *x, const float *stats, const float *w, float *dy, float *dw,
                           float *db) {
    (void)R, (void)H, (void)x, (void)stats, (void)w, (void)dy, (void)dw, (void)db;
    SL_ASSERT(!"no kernel in this build: sl_wide_suits said so");
}
#endif
