/* gemm.c - see gemm.h. A register tile is MR rows by NV vectors of 16 columns: NV = 4 loads of B and MR broadcasts of
 * A feed 4 MR fused multiply-adds, so that the two multipliers, not the load ports, are the limit. Like wide.c it is
 * compiled for AVX-512 in every build for x86-64; sl_gemm_suits (blas.c) asks the CPU before it is entered. */
#include "nn/gemm.h"

#include "common/assert.h"

#if defined(__AVX512F__)
#include <immintrin.h>

enum { LANES = 16, PANEL = 64, DEPTH = 256 };

// the loops over a tile must unroll, for the tile to live in registers
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#define TWICE  _Pragma("clang loop unroll_count(2)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#define TWICE  _Pragma("GCC unroll 2")
#endif

// what one register tile works on
typedef struct block {
    int k;
    const float *A;
    size_t a_row, a_col;
    const float *B;
    size_t ldb;
    const float *bias;
    bool add, relu;
    float *C;
    size_t ldc;
    __mmask16 last; /* columns of the last vector that exist */
} block;

static inline __m512 load(bool whole, __mmask16 last, bool is_last, const float *from) {
    return whole || !is_last ? _mm512_loadu_ps(from) : _mm512_maskz_loadu_ps(last, from);
}

// whole: the last vector has all its columns; a masked load in the loop would take a multiplier's slot
static inline __attribute__((always_inline)) void tile(const block *p, const int MR, const int NV, const bool whole) {
    __m512 c[16][4];
    const __mmask16 last = p->last;
    const size_t ldc = p->ldc, ldb = p->ldb, a_row = p->a_row, a_col = p->a_col;
    if (p->add) {
        UNROLL
        for (int i = 0; i < MR; i++) {
            UNROLL
            for (int v = 0; v < NV; v++) c[i][v] = load(whole, last, v == NV - 1, p->C + (size_t)i * ldc + v * LANES);
        }
    } else {
        const float *bias = p->bias;
        UNROLL
        for (int v = 0; v < NV; v++) {
            const __m512 start = bias ? load(whole, last, v == NV - 1, bias + v * LANES) : _mm512_setzero_ps();
            UNROLL
            for (int i = 0; i < MR; i++) c[i][v] = start;
        }
    }
    const float *a = p->A, *b = p->B;
    const int k = p->k;
    // two steps at a time: the loop's own instructions, too, take the multipliers' slots
    TWICE
    for (int l = 0; l < k; l++) {
        __m512 row[4];
        UNROLL
        for (int v = 0; v < NV; v++) row[v] = load(whole, last, v == NV - 1, b + v * LANES);
        UNROLL
        for (int i = 0; i < MR; i++) {
            const __m512 one = _mm512_set1_ps(a[(size_t)i * a_row]);
            UNROLL
            for (int v = 0; v < NV; v++) c[i][v] = _mm512_fmadd_ps(one, row[v], c[i][v]);
        }
        a += a_col;
        b += ldb;
    }
    const bool relu = p->relu;
    UNROLL
    for (int i = 0; i < MR; i++) {
        UNROLL
        for (int v = 0; v < NV; v++) {
            // this order of operands lets a NaN through
            const __m512 y = relu ? _mm512_max_ps(_mm512_setzero_ps(), c[i][v]) : c[i][v];
            float *to = p->C + (size_t)i * ldc + v * LANES;
            if (whole || v < NV - 1)
                _mm512_storeu_ps(to, y);
            else
                _mm512_mask_storeu_ps(to, last, y);
        }
    }
}

#define SL_TILE(MR, NV)                                                                                              \
    static void tile_##MR##x##NV(const block *p) {                                                                   \
        if (p->last == 0xffff)                                                                                       \
            tile(p, MR, NV, true);                                                                                   \
        else                                                                                                         \
            tile(p, MR, NV, false);                                                                                  \
    }
#define SL_TILES6(NV)  SL_TILE(1, NV) SL_TILE(2, NV) SL_TILE(3, NV) SL_TILE(4, NV) SL_TILE(5, NV) SL_TILE(6, NV)
#define SL_TILES8(NV)  SL_TILES6(NV) SL_TILE(7, NV) SL_TILE(8, NV)
#define SL_TILES12(NV) SL_TILES8(NV) SL_TILE(9, NV) SL_TILE(10, NV) SL_TILE(11, NV) SL_TILE(12, NV)
#define SL_TILES16(NV) SL_TILES12(NV) SL_TILE(13, NV) SL_TILE(14, NV) SL_TILE(15, NV) SL_TILE(16, NV)
SL_TILES16(1)
SL_TILES12(2)
SL_TILES8(3)
SL_TILES6(4)

#define SL_NAMES6(NV)  tile_1x##NV, tile_2x##NV, tile_3x##NV, tile_4x##NV, tile_5x##NV, tile_6x##NV
#define SL_NAMES8(NV)  SL_NAMES6(NV), tile_7x##NV, tile_8x##NV
#define SL_NAMES12(NV) SL_NAMES8(NV), tile_9x##NV, tile_10x##NV, tile_11x##NV, tile_12x##NV
#define SL_NAMES16(NV) SL_NAMES12(NV), tile_13x##NV, tile_14x##NV, tile_15x##NV, tile_16x##NV

// for 1..4 vectors of columns: tiles of 1 to most rows
typedef struct kernel {
    int most;
    void (*run[16])(const block *p);
} kernel;
static const kernel kernels[4] = {
    {16, {SL_NAMES16(1)}}, {12, {SL_NAMES12(2)}}, {8, {SL_NAMES8(3)}}, {6, {SL_NAMES6(4)}}};

// all rows of one panel of columns over one slice of the depth, in tiles of as equal a height as can be
static void panel(block p, int m, int n_vectors) {
    const kernel *list = &kernels[n_vectors - 1];
    int n_tiles = (m + list->most - 1) / list->most;
    for (int t = 0, i = 0; t < n_tiles; t++) {
        int rows = (m - i) / (n_tiles - t);
        list->run[rows - 1](&p);
        p.A += (size_t)rows * p.a_row;
        p.C += (size_t)rows * p.ldc;
        i += rows;
    }
}

// copies a panel of B so that its rows are consecutive
static void pack(const float *B, size_t b_row, size_t b_col, int k, int n, float *to) {
    for (int l = 0; l < k; l++) {
        for (int j = 0; j < n; j++) to[l * PANEL + j] = B[(size_t)l * b_row + (size_t)j * b_col];
    }
}

void sl_gemm_run(const sl_gemm *g) {
    _Alignas(64) float packed[DEPTH * PANEL];
    for (int l = 0; l < g->k || l == 0; l += DEPTH) {
        int depth = g->k - l < DEPTH ? g->k - l : DEPTH;
        bool first = l == 0, last = l + DEPTH >= g->k;
        for (int j = 0; j < g->n; j += PANEL) {
            int n = g->n - j < PANEL ? g->n - j : PANEL;
            int n_vectors = (n + LANES - 1) / LANES;
            block p = {.k = depth, .a_row = g->a_row, .a_col = g->a_col, .ldb = g->b_row, .ldc = g->ldc};
            p.A = g->A + (size_t)l * g->a_col;
            p.B = g->B + (size_t)l * g->b_row + (size_t)j * g->b_col;
            p.C = g->C + j;
            p.bias = first && g->bias ? g->bias + j : NULL;
            p.add = !first || g->add;
            p.relu = last && g->relu;
            p.last = (__mmask16)(0xffff >> (n_vectors * LANES - n));
            if (g->b_col != 1) {
                pack(p.B, g->b_row, g->b_col, depth, n, packed);
                p.B = packed;
                p.ldb = PANEL;
            }
            panel(p, g->m, n_vectors);
        }
    }
}
#else
void sl_gemm_run(const sl_gemm *g) {
    (void)g;
    SL_ASSERT(!"no kernel in this build: sl_gemm_suits said so");
}
#endif
