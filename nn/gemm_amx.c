/* gemm_amx.c - the block of gemm_bf16_kernel.h on AMX tiles: four sums of 16 x 16; a step loads two tiles of either
 * factor for four products. This file alone is compiled for AMX in every build for x86-64; it is entered only after
 * sl_bf16_get_kind has asked CPU and operating system. */
#include "nn/gemm_bf16_kernel.h"

#include "common/assert.h"

// clang knows the second name only
#if defined(__AMX_BF16__) || defined(__AMXBF16__)
#include <immintrin.h>

// tiles 0 to 3 are sums, 4 and 5 of the left factor, 6 and 7 of the right, all full; constant, since gcc's intrinsic
// does not say that it reads the whole of it
static const struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} config = {.palette = 1, .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64}, .rows = {16, 16, 16, 16, 16, 16, 16, 16}};

// nor do those of tiles say what they read and write
#define FENCE() __asm__ volatile("" ::: "memory")

void sl_bf16_amx_open(void) {
    _tile_loadconfig(&config);
}

void sl_bf16_amx_close(void) {
    _tile_release();
}

static void start(const sl_bf16_block *p) {
    size_t bytes = p->ld_start * sizeof(float);
    if (!p->start) {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
        return;
    }
    _tile_loadd(0, p->start, bytes);
    _tile_loadd(1, p->start + 16, bytes);
    if (p->row_tiles < 2) return;
    _tile_loadd(2, p->start + 16 * p->ld_start, bytes);
    _tile_loadd(3, p->start + 16 * p->ld_start + 16, bytes);
}

static void run_one(const sl_bf16_block *p) {
    const sl_bf16 *a = p->a, *b = p->b;
    for (int l = 0; l < p->steps; l++, a += SL_BF16_TILE, b += SL_BF16_TILE) {
        _tile_loadd(4, a, 64);
        _tile_loadd(6, b, 64);
        _tile_loadd(7, b + p->b_next, 64);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
    }
}

static void run_two(const sl_bf16_block *p) {
    const sl_bf16 *a = p->a, *b = p->b;
    size_t a_next = p->a_next, b_next = p->b_next;
    for (int l = 0; l < p->steps; l++, a += SL_BF16_TILE, b += SL_BF16_TILE) {
        _tile_loadd(4, a, 64);
        _tile_loadd(6, b, 64);
        _tile_loadd(5, a + a_next, 64);
        _tile_loadd(7, b + b_next, 64);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
}

void sl_bf16_block_amx(const sl_bf16_block *p) {
    size_t bytes = p->ldc * sizeof(float);
    FENCE();
    start(p);
    if (p->row_tiles < 2)
        run_one(p);
    else
        run_two(p);
    _tile_stored(0, p->C, bytes);
    _tile_stored(1, p->C + 16, bytes);
    if (p->row_tiles == 2) {
        _tile_stored(2, p->C + 16 * p->ldc, bytes);
        _tile_stored(3, p->C + 16 * p->ldc + 16, bytes);
    }
    FENCE();
}
#else
void sl_bf16_amx_open(void) {
    SL_ASSERT(!"no tiles in this build: sl_bf16_get_kind said so");
}

void sl_bf16_block_amx(const sl_bf16_block *p) {
    (void)p;
    SL_ASSERT(!"no tiles in this build: sl_bf16_get_kind said so");
}

void sl_bf16_amx_close(void) {
    SL_ASSERT(!"no tiles in this build: sl_bf16_get_kind said so");
}
#endif
