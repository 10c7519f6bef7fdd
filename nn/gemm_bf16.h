/* gemm_bf16.h - internal to nn/, but for what it says of the CPU: products whose factors are rounded to bfloat16 and
 * whose sums are float32, on AMX tiles or AVX512-BF16. Factors are packed in tiles of 16 x 16 pairs, which both
 * kernels read; weights once for many products (sl_bf16_pack), the rest as it comes. Bits are those of the CPU's
 * kind: see docs/decisions/0013-bf16.md. Any thread. */
#ifndef SL_NN_GEMM_BF16_H
#define SL_NN_GEMM_BF16_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint16_t sl_bf16;

typedef enum sl_bf16_kind { SL_BF16_NONE, SL_BF16_AVX512, SL_BF16_AMX } sl_bf16_kind;

/* The best of this CPU; asks the operating system for the use of tiles, which a process must do before it multiplies.
 */
sl_bf16_kind sl_bf16_get_kind(void);
/* What the CPU has of what bf16 needs, for a line that refuses it: "AVX-512 without BF16". */
const char *sl_bf16_describe_cpu(void);

/* Elements of a packed (k, n) factor. */
size_t sl_bf16_packed_len(int k, int n);
/* The right factor B (k, n) = from (k, n), or from (n, k) turned; rows of from are ld apart. Rounded to nearest even,
 * what is below the normal range to 0. to: best at a multiple of 64 bytes. */
void sl_bf16_pack(int k, int n, const float *from, int ld, bool turned, sl_bf16 *to);

/* C (m, n) = epilogue(start + A (m, k) B): start is bias (n), C with `add`, or 0. A row's bits are the same whichever
 * rows stand beside it. */
typedef struct sl_gemm_bf16 {
    int m, n, k;
    const float *A;
    int lda;
    const sl_bf16 *B; /* packed */
    const float *bias;
    bool add, relu;
    float *C;
    int ldc;
} sl_gemm_bf16;
void sl_gemm_bf16_run(sl_bf16_kind kind, const sl_gemm_bf16 *g);
/* C (m, n) += A^T B, A (k, m), B (k, n). */
void sl_gemm_bf16_tn(sl_bf16_kind kind, int m, int n, int k, const float *A, int lda, const float *B, int ldb,
                     float *C, int ldc);

#endif
