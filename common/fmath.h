/* fmath.h - exp, log, tanh, sigmoid in float32 that give the same bits on every machine: additions, multiplications,
 * divisions and integer shifts only, no libm, selections instead of branches, so that gcc and clang vectorise the
 * loops that call them. Training and agents share them, so that both pick the same action. Needs -ffp-contract=off.
 * Polynomials are minimax fits of the relative error. tests/common/test_fmath.c checks, against the exact functions:
 * exp, log, tanh, sigmoid 3e-7 relative wherever the result is a normal number. NaN stays NaN. */
#ifndef SL_COMMON_FMATH_H
#define SL_COMMON_FMATH_H

#include <stdint.h>
#include <string.h>

/* e^x, x clamped to [-87, 88]: 2^n * e^r, |r| <= ln2/2, polynomial of degree 6. */
static inline float sl_expf(float x) {
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    // adding 1.5 * 2^23 rounds to the nearest integer in the low bits of the float
    float shifted = x * 1.44269504088896341f + 12582912.0f;
    float n = shifted - 12582912.0f;
    // ln2 in two parts keeps r exact
    float r = x - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    float p = 1.3814613131e-3f;
    p = p * r + 8.3687098281e-3f;
    p = p * r + 4.1668387364e-2f;
    p = p * r + 1.6666520690e-1f;
    p = p * r + 4.9999993452e-1f;
    p = (p * r) * r + r + 1.0f;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 127u) << 23;
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
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

/* 1 / (1 + e^-x). */
static inline float sl_sigmoidf(float x) {
    return 1.0f / (1.0f + sl_expf(-x));
}

/* tanh(x): an odd polynomial below 0.625, 1 - 2 / (1 + e^(2x)) above, where nothing cancels. */
static inline float sl_tanhf(float x) {
    float x2 = x * x;
    float p = -5.7049795943e-3f;
    p = p * x2 + 2.0639080895e-2f;
    p = p * x2 - 5.3739713230e-2f;
    p = p * x2 + 1.3331442177e-1f;
    p = p * x2 - 3.3333281941e-1f;
    float near = x + x * (x2 * p);
    float far = 1.0f - 2.0f / (1.0f + sl_expf(2.0f * x));
    return x2 < 0.390625f ? near : far;
}

#endif
