/* products.h - internal to nn/: the products of net.c in the precision of the workspace. SL_BF16_NONE is float32
 * (blas.h, layers.h), which reads the weights; the other kinds are bf16 (gemm_bf16.h), which reads them packed. Any
 * thread. */
#ifndef SL_NN_PRODUCTS_H
#define SL_NN_PRODUCTS_H

#include "nn/gemm_bf16.h"
#include "nn/layout.h"

/* y (R, O; rows ldy apart) = act(x (R, I) W + b); act NULL = none. */
void sl_product_linear(sl_bf16_kind kind, int R, int I, int O, const float *x, const float *W, const sl_bf16 *packed,
                       const float *b, const sl_activation *act, float *y, int ldy);
/* C (m, n) = A (m, k) B (k, n) + beta C, beta 0 or 1. */
void sl_product_nn(sl_bf16_kind kind, int m, int n, int k, const float *A, int lda, const float *B,
                   const sl_bf16 *packed, float beta, float *C, int ldc);
/* C (m, n) += A^T B, A (k, m), B (k, n). */
void sl_product_tn(sl_bf16_kind kind, int m, int n, int k, const float *A, int lda, const float *B, int ldb, float *C,
                   int ldc);

#endif
