/* blas.c - the products: OpenBLAS behind checked dimensions, and the naive twin. Any thread. */
#include "nn/blas.h"

#include "common/assert.h"

#include <cblas.h>

static void check(int m, int n, int k, int lda, int a_cols, int ldb, int b_cols, int ldc) {
    SL_ASSERT(m >= 0 && n >= 0 && k >= 0);
    SL_ASSERT(lda >= a_cols && ldb >= b_cols && ldc >= n);
}

void sl_blas_nn(int m, int n, int k, const float *A, int lda, const float *B, int ldb, float beta, float *C,
                int ldc) {
    check(m, n, k, lda, k, ldb, n, ldc);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0f, A, lda, B, ldb, beta, C, ldc);
}

void sl_blas_nt(int m, int n, int k, const float *A, int lda, const float *B, int ldb, float beta, float *C,
                int ldc) {
    check(m, n, k, lda, k, ldb, k, ldc);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1.0f, A, lda, B, ldb, beta, C, ldc);
}

void sl_blas_tn(int m, int n, int k, const float *A, int lda, const float *B, int ldb, float beta, float *C,
                int ldc) {
    check(m, n, k, lda, m, ldb, n, ldc);
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, k, 1.0f, A, lda, B, ldb, beta, C, ldc);
}

void sl_blas_ref(int trans_a, int trans_b, int m, int n, int k, const float *A, int lda, const float *B, int ldb,
                 float beta, float *C, int ldc) {
    for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int l = 0; l < k; l++) {
                float a = trans_a ? A[l * lda + i] : A[i * lda + l];
                float b = trans_b ? B[j * ldb + l] : B[l * ldb + j];
                sum += (double)a * (double)b;
            }
            // as in BLAS, beta = 0 does not read C
            C[i * ldc + j] = (float)(beta == 0.0f ? sum : sum + (double)beta * (double)C[i * ldc + j]);
        }
    }
}
