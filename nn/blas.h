/* blas.h - the one door to OpenBLAS: float32 products with checked dimensions. Matrices are row-major. BLAS runs
 * single-threaded (blas_start.h); callers slice the batch over their own threads. */
#ifndef SL_NN_BLAS_H
#define SL_NN_BLAS_H

#include <stdbool.h>

/* C (m, n) = A (m, k) * B (k, n) + beta * C. Leading dimensions in elements, >= the row length. */
void sl_blas_nn(int m, int n, int k, const float *A, int lda, const float *B, int ldb, float beta, float *C, int ldc);
/* C (m, n) = A (m, k) * B^T, B (n, k). */
void sl_blas_nt(int m, int n, int k, const float *A, int lda, const float *B, int ldb, float beta, float *C, int ldc);
/* C (m, n) = A^T * B, A (k, m), B (k, n). */
void sl_blas_tn(int m, int n, int k, const float *A, int lda, const float *B, int ldb, float beta, float *C, int ldc);
/* Whether this CPU can run the kernel of gemm.h and the shape suits it: OpenBLAS packs both matrices, which pays when
 * every side is 512 or more. */
bool sl_gemm_suits(int m, int n, int k);

#endif
