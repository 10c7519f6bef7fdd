/* fmath.h - fused multiply-add, exp, log, tanh, sigmoid in float32 that give the same bits on every machine:
 * additions, multiplications, divisions, fused multiply-adds and integer shifts only, no libm, selections instead of
 * branches, so that gcc and clang vectorise the loops that call them. Training and agents share them, so that both
 * pick the same action. Needs -ffp-contract=off: what is fused is written out. Polynomials are minimax fits of the
 * relative error. tests/common/test_fmath.c checks, against the exact functions: exp, log, tanh, sigmoid 4e-7
 * relative wherever the result is a normal number, tanh 2e-7. NaN stays NaN. */
#ifndef SL_COMMON_FMATH_H
#define SL_COMMON_FMATH_H

#include <stdint.h>
#include <string.h>

/* The machine has an instruction for x * y + z with one rounding. */
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define SL_HAS_FMA 1
#else
#define SL_HAS_FMA 0
#endif

/* x * y + z rounded once, where there is no instruction for it: the product is exact in double, and a sum that is
 * rounded to odd there is rounded to float as if it were exact. Without branches, which would be guessed wrong half
 * of the time. */
static inline float sl_fmaf_exact(float x, float y, float z) {
    double product = (double)x * (double)y, addend = (double)z, sum = product + addend;
    double back = sum - product, error = (product - (sum - back)) + (addend - back);
    uint64_t bits, left_out;
    memcpy(&bits, &sum, sizeof bits);
    memcpy(&left_out, &error, sizeof left_out);
    // an even sum that is finite and not exact goes one step towards what it left out
    uint64_t towards = 1 - ((bits ^ left_out) >> 63 << 1);
    uint64_t inexact = ((left_out << 1) | (0 - (left_out << 1))) >> 63;
    uint64_t finite = ~((bits & 0x7ff0000000000000u) + 0x0010000000000000u) >> 63;
    bits += towards & (0 - (~bits & inexact & finite));
    memcpy(&sum, &bits, sizeof sum);
    return (float)sum;
}

static inline float sl_fmaf(float x, float y, float z) {
#if SL_HAS_FMA
    return __builtin_fmaf(x, y, z);
#else
    return sl_fmaf_exact(x, y, z);
#endif
}

/* e^x = 2^n e^r with |r| <= ln2/2, for x in [-87, 88]: 2^n to *scale, e^r - 1 is returned. */
static inline float sl_exp_reduced(float x, float *scale) {
    // adding 1.5 * 2^23 rounds to the nearest integer in the low bits of the float
    float shifted = sl_fmaf(x, 1.44269504088896341f, 12582912.0f);
    float n = shifted - 12582912.0f;
    // ln2's own rounding is the largest error, at the ends: a second part would be a step more in every chain
    float r = sl_fmaf(n, -0.693147180559945309f, x);
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 127u) << 23;
    memcpy(scale, &bits, sizeof *scale);
    // degree 6, in pairs: shorter than one after the other
    float r2 = r * r;
    float low = sl_fmaf(r, 1.6666520690e-1f, 4.9999993452e-1f);
    float high = sl_fmaf(r, 8.3687098281e-3f, 4.1668387364e-2f);
    float p = sl_fmaf(r2, sl_fmaf(r2, 1.3814613131e-3f, high), low);
    return sl_fmaf(p, r2, r);
}

/* e^x, x clamped to [-87, 88]. */
static inline float sl_expf(float x) {
    float scale;
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    float m = sl_exp_reduced(x, &scale);
    return sl_fmaf(scale, m, scale);
}

/* ln x for positive normal x (NaN for infinity): x = 2^n * m, m in [sqrt(1/2), sqrt(2)), polynomial in m - 1. */
static inline float sl_logf(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    // subtracting the bits of sqrt(1/2) splits the binades at sqrt(2)
    uint32_t above = bits - 0x3f3504f3u;
    float n = (float)((int32_t)above >> 23);
    bits = (above & 0x007fffffu) + 0x3f3504f3u;
    float m;
    memcpy(&m, &bits, sizeof m);
    float s = m - 1.0f;
    float p = -7.6344985795e-2f;
    p = p * s + 1.2761577957e-1f;
    p = p * s - 1.3160182053e-1f;
    p = p * s + 1.4201757851e-1f;
    p = p * s - 1.6623357364e-1f;
    p = p * s + 2.0001226883e-1f;
    p = p * s - 2.5000821034e-1f;
    p = p * s + 3.3333331708e-1f;
    float s2 = s * s;
    float tail = (p * s) * s2 - n * 2.12194440e-4f;
    // x - x is 0, and NaN where the bits above meant nothing
    return s + (tail - 0.5f * s2) + n * 0.693359375f + (x - x);
}

/* 1 / (1 + e^-x): with e = e^-|x|, of the two halves e / (1 + e) and 1 / (1 + e). */
static inline float sl_sigmoidf(float x) {
    float t = -__builtin_fabsf(x), scale;
    t = t < -87.0f ? -87.0f : t;
    float m = sl_exp_reduced(t, &scale);
    float e = sl_fmaf(scale, m, scale);
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

/* tanh(x) = -d / (2 + d) with d = e^(-2 |x|) - 1, which does not cancel near 0; the sign is x's. */
static inline float sl_tanhf(float x) {
    float t = -2.0f * __builtin_fabsf(x), scale;
    t = t < -87.0f ? -87.0f : t;
    float m = sl_exp_reduced(t, &scale);
    float d = sl_fmaf(scale, m, scale - 1.0f);
    return __builtin_copysignf(-d / (2.0f + d), x);
}

#endif
