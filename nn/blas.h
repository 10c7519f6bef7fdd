/* blas.h - the one door to OpenBLAS: float32 products with checked dimensions, and the start-up that picks its
 * fast kernels. Matrices are row-major. BLAS runs single-threaded; callers slice the batch over their own threads. */
#ifndef SL_NN_BLAS_H
#define SL_NN_BLAS_H

#include "common/status.h"

/* First thing in main() of a program that uses nn/: sets BLAS threads to 1 and, when the CPU is newer than the
 * library knows (it fell back to a generic core), re-executes the program once with OPENBLAS_CORETYPE set, with a
 * log line. argv as main got it. Returns when there is nothing (more) to do. */
void sl_blas_init(char **argv);
const char *sl_blas_core(void); /* "SkylakeX" */

/* C (m, n) = A (m, k) * B (k, n) + beta * C. Leading dimensions in elements, >= the row length. */
void sl_blas_nn(int m, int n, int k, const float *A, int lda, const float *B, int ldb, float beta, float *C, int ldc);
/* C (m, n) = A (m, k) * B^T, B (n, k). */
void sl_blas_nt(int m, int n, int k, const float *A, int lda, const float *B, int ldb, float beta, float *C, int ldc);
/* C (m, n) = A^T * B, A (k, m), B (k, n). */
void sl_blas_tn(int m, int n, int k, const float *A, int lda, const float *B, int ldb, float beta, float *C, int ldc);
/* The naive twin of the three, for tests: trans_a, trans_b as in BLAS. */
void sl_blas_ref(int trans_a, int trans_b, int m, int n, int k, const float *A, int lda, const float *B, int ldb,
                 float beta, float *C, int ldc);
/* GFLOP/s of this thread's sgemm at its best square size: the peak that shares are quoted of. Takes ~0.2 s. */
double sl_blas_peak_gflops(void);

#endif
