/* blas.c - the products behind checked dimensions: the own kernel of gemm.h for narrow matrices, OpenBLAS for large
 * ones and on machines without AVX-512. Any thread. */
#include "nn/blas.h"

#include "common/assert.h"
#include "nn/gemm.h"
#include "nn/wide.h"

#include <cblas.h>
#include <stdbool.h>

// a result with so few columns leaves most lanes of a vector empty
enum { NARROW = 8, BLAS_SIDE = 512 };

static void check(int m, int n, int k, int lda, int a_cols, int ldb, int b_cols, int ldc) {
    SL_ASSERT(m >= 0 && n >= 0 && k >= 0);
    SL_ASSERT(lda >= a_cols && ldb >= b_cols && ldc >= n);
}

bool sl_wide_suits(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512f");
#else
    return false;
#endif
}

bool sl_gemm_suits(int m, int n, int k) {
    return (m < BLAS_SIDE || n < BLAS_SIDE || k < BLAS_SIDE) && sl_wide_suits();
}

// whether the own kernel takes the product; it knows beta 0 and 1 only
static bool is_own(int m, int n, int k, float beta) {
    return (beta == 0.0f || beta == 1.0f) && sl_gemm_suits(m, n, k);
}

static void run_own(int m, int n, int k, const float *A, int a_row, int a_col, const float *B, int b_row, int b_col,
                    float beta, float *C, int ldc) {
    sl_gemm_run(&(sl_gemm){.m = m,
                           .n = n,
                           .k = k,
                           .A = A,
                           .a_row = (size_t)a_row,
                           .a_col = (size_t)a_col,
                           .B = B,
                           .b_row = (size_t)b_row,
                           .b_col = (size_t)b_col,
                           .add = beta == 1.0f,
                           .C = C,
                           .ldc = (size_t)ldc});
}

void sl_blas_nn(int m, int n, int k, const float *A, int lda, const float *B, int ldb, float beta, float *C,
                int ldc) {
    check(m, n, k, lda, k, ldb, n, ldc);
    if (is_own(m, n, k, beta))
        run_own(m, n, k, A, lda, 1, B, ldb, 1, beta, C, ldc);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0f, A, lda, B, ldb, beta, C, ldc);
}

void sl_blas_nt(int m, int n, int k, const float *A, int lda, const float *B, int ldb, float beta, float *C,
                int ldc) {
    check(m, n, k, lda, k, ldb, k, ldc);
    if (is_own(m, n, k, beta))
        run_own(m, n, k, A, lda, 1, B, 1, ldb, beta, C, ldc);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1.0f, A, lda, B, ldb, beta, C, ldc);
}

// C^T = B^T A block by block: for a narrow C the long side of A fills the vectors
static void tn_swapped(int m, int n, int k, const float *A, int lda, const float *B, int ldb, float beta, float *C,
                       int ldc) {
    enum { BLOCK = 64 };
    float turned[NARROW * BLOCK];
    for (int i = 0; i < m; i += BLOCK) {
        int rows = m - i < BLOCK ? m - i : BLOCK;
        run_own(n, rows, k, B, 1, ldb, A + i, lda, 1, 0.0f, turned, BLOCK);
        for (int r = 0; r < rows; r++) {
            float *c = C + (i + r) * ldc;
            for (int j = 0; j < n; j++) c[j] = turned[j * BLOCK + r] + (beta == 0.0f ? 0.0f : c[j]);
        }
    }
}

void sl_blas_tn(int m, int n, int k, const float *A, int lda, const float *B, int ldb, float beta, float *C,
                int ldc) {
    check(m, n, k, lda, m, ldb, n, ldc);
    if (!is_own(m, n, k, beta)) {
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, k, 1.0f, A, lda, B, ldb, beta, C, ldc);
    } else if (n <= NARROW && m > NARROW) {
        tn_swapped(m, n, k, A, lda, B, ldb, beta, C, ldc);
    } else {
        run_own(m, n, k, A, 1, lda, B, ldb, 1, beta, C, ldc);
    }
}
