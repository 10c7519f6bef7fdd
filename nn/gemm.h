/* gemm.h - internal to nn/: the product for the narrow matrices of small networks, where OpenBLAS spends its time on
 * packing (and its SkylakeX small-matrix kernels call malloc). Blocks of C stay in AVX-512 registers, bias and ReLU
 * are applied on the way out. Any thread. */
#ifndef SL_NN_GEMM_H
#define SL_NN_GEMM_H

#include <stdbool.h>
#include <stddef.h>

/* C (m, n) = epilogue(start + A (m, k) B (k, n)); element (i, l) of A is A[i * a_row + l * a_col], B likewise. */
typedef struct sl_gemm {
    int m, n, k;
    const float *A;
    size_t a_row, a_col;
    const float *B;
    size_t b_row, b_col;
    const float *bias; /* (n): where sums start; NULL = 0 */
    bool add;          /* sums start at C (then bias is NULL) */
    bool relu;
    float *C;
    size_t ldc;
} sl_gemm;

void sl_gemm_run(const sl_gemm *g);

#endif
