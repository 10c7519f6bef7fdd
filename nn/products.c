/* products.c - see products.h. */
#include "nn/products.h"

#include "common/assert.h"
#include "nn/blas.h"
#include "nn/layers.h"

void sl_product_linear(sl_bf16_kind kind, int R, int I, int O, const float *x, const float *W, const sl_bf16 *packed,
                       const float *b, const sl_activation *act, float *y, int ldy) {
    if (kind == SL_BF16_NONE) {
        sl_linear_forward(R, I, O, x, W, b, act, y, ldy);
        return;
    }
    sl_gemm_bf16_run(kind, &(sl_gemm_bf16){.m = R,
                                           .n = O,
                                           .k = I,
                                           .A = x,
                                           .lda = I,
                                           .B = packed,
                                           .bias = b,
                                           .relu = act && *act == SL_ACT_RELU,
                                           .C = y,
                                           .ldc = ldy});
    if (!act || *act == SL_ACT_RELU) return;
    SL_ASSERT(ldy == O);
    sl_activation_forward((size_t)R * (size_t)O, *act, y);
}

void sl_product_nn(sl_bf16_kind kind, int m, int n, int k, const float *A, int lda, const float *B,
                   const sl_bf16 *packed, float beta, float *C, int ldc) {
    if (kind == SL_BF16_NONE) {
        sl_blas_nn(m, n, k, A, lda, B, n, beta, C, ldc);
        return;
    }
    sl_gemm_bf16_run(
        kind, &(sl_gemm_bf16){
                  .m = m, .n = n, .k = k, .A = A, .lda = lda, .B = packed, .add = beta != 0.0f, .C = C, .ldc = ldc});
}

void sl_product_tn(sl_bf16_kind kind, int m, int n, int k, const float *A, int lda, const float *B, int ldb, float *C,
                   int ldc) {
    if (kind != SL_BF16_NONE)
        sl_gemm_bf16_tn(kind, m, n, k, A, lda, B, ldb, C, ldc);
    else
        sl_blas_tn(m, n, k, A, lda, B, ldb, 1.0f, C, ldc);
}
