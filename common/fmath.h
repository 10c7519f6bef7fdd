/* fmath.h - exp, tanh, sigmoid in float32 that give the same bits on every machine: additions,
 * multiplications and integer shifts only, no libm, no branches, so that compilers can vectorise the loops
 * that call them. Used by nn/ and by agent/, which must pick the same action. Needs -ffp-contract=off.
 * Error against the exact function: see tests/common/test_fmath.c for the bound that is checked. */
#ifndef SL_COMMON_FMATH_H
#define SL_COMMON_FMATH_H

#include <stdint.h>
#include <string.h>

/* e^x, x clamped to [-87, 88]: 2^n * e^r, |r| <= ln2/2, degree-6 polynomial. */
static inline float sl_expf(float x) {
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    // adding 1.5 * 2^23 rounds to the nearest integer in the low bits of the float
    float shifted = x * 1.44269504088896341f + 12582912.0f;
    float n = shifted - 12582912.0f;
    // ln2 in two parts keeps r exact
    float r = x - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    float p = 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 127u) << 23;
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

/* 1 / (1 + e^-x). */
static inline float sl_sigmoidf(float x) {
    return 1.0f / (1.0f + sl_expf(-x));
}

/* tanh(x) = 1 - 2 / (1 + e^(2x)). Absolute error near one ulp of 1, which is what a gate needs. */
static inline float sl_tanhf(float x) {
    return 1.0f - 2.0f / (1.0f + sl_expf(2.0f * x));
}

#endif
