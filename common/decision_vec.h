/* decision_vec.h - floats side by side in the registers of the machine that is compiled for, with the fused
 * multiply-add; how many there are changes no bit of a decision. Private to decision.h. */
#ifndef SL_COMMON_DECISION_VEC_H
#define SL_COMMON_DECISION_VEC_H

#include "common/fmath.h"

#if defined(__AVX512F__) || (defined(__AVX2__) && defined(__FMA__))
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/* SL_DECISION_LANES floats side by side, SL_DECISION_VECTORS of which have room in the registers four times over.
 * NEON of 32-bit ARM is not exact: there, and where nothing is known, one float at a time. */
#if defined(__AVX512F__)
enum { SL_DECISION_LANES = 16, SL_DECISION_VECTORS = 6 };
typedef float sl_decision_vec __attribute__((vector_size(64), aligned(4), may_alias));
#define SL_DECISION_FMA(x, w, sum) ((sl_decision_vec)_mm512_fmadd_ps(_mm512_set1_ps(x), (__m512)(w), (__m512)(sum)))
#elif defined(__AVX2__) && defined(__FMA__)
enum { SL_DECISION_LANES = 8, SL_DECISION_VECTORS = 3 };
typedef float sl_decision_vec __attribute__((vector_size(32), aligned(4), may_alias));
#define SL_DECISION_FMA(x, w, sum) ((sl_decision_vec)_mm256_fmadd_ps(_mm256_set1_ps(x), (__m256)(w), (__m256)(sum)))
#elif defined(__aarch64__)
enum { SL_DECISION_LANES = 4, SL_DECISION_VECTORS = 6 };
typedef float sl_decision_vec __attribute__((vector_size(16), aligned(4), may_alias));
#define SL_DECISION_FMA(x, w, sum) ((sl_decision_vec)vfmaq_n_f32((float32x4_t)(sum), (float32x4_t)(w), (x)))
#else
enum { SL_DECISION_LANES = 1, SL_DECISION_VECTORS = SL_HAS_FMA ? 6 : 1 };
typedef float sl_decision_vec;
#define SL_DECISION_FMA(x, w, sum) sl_fmaf((x), (w), (sum))
#endif
_Static_assert(16 % SL_DECISION_LANES == 0, "sixteen outputs are whole vectors");

#endif
