/* gemm_bf16_kernel.h - internal to gemm_bf16*.c: the one block that differs between CPUs. */
#ifndef SL_NN_GEMM_BF16_KERNEL_H
#define SL_NN_GEMM_BF16_KERNEL_H

#include "nn/gemm_bf16.h"

/* A tile is 16 rows of 16 pairs of bf16: of the left factor 16 rows, of the right one 16 pairs of rows. */
enum { SL_BF16_TILE = 512, SL_BF16_SIDE = 32 };

/* C (32, 32), or (16, 32) with one row tile = start + the sum over `steps` tiles; start NULL is 0, ld_start 0 repeats
 * a row. a and b name the first tile, their second tile of the block lies a_next or b_next elements on. */
typedef struct sl_bf16_block {
    int steps, row_tiles;
    const sl_bf16 *a, *b;
    size_t a_next, b_next;
    const float *start;
    size_t ld_start;
    float *C;
    size_t ldc;
} sl_bf16_block;

void sl_bf16_block_avx512(const sl_bf16_block *p);
/* Tiles belong to a thread between open and close. */
void sl_bf16_amx_open(void);
void sl_bf16_block_amx(const sl_bf16_block *p);
void sl_bf16_amx_close(void);

#endif
