/* gemm.c - see gemm.h. A register tile is MR rows by NV vectors of 16 columns: NV = 4 loads of B and MR broadcasts of
 * A feed 4 MR fused multiply-adds, so that the two multipliers, not the load ports, are the limit. This file alone is
 * compiled for AVX-512 in every build for x86-64; sl_gemm_suits (blas.c) asks the CPU before it is entered. */
#include "nn/gemm.h"

#include "common/assert.h"

#if defined(__AVX512F__)
#include <immintrin.h>

enum { LANES = 16, PANEL = 64, DEPTH = 128 };

// the loops over a tile must unroll, for the tile to live in registers
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 12")
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

static inline __attribute__((always_inline)) void tile(const block *p, const int MR, const int NV) {
    __m512 c[12][4];
    const __mmask16 last = p->last, all = 0xffff;
    const size_t ldc = p->ldc, ldb = p->ldb, a_row = p->a_row, a_col = p->a_col;
    UNROLL
    for (int i = 0; i < MR; i++) {
        UNROLL
        for (int v = 0; v < NV; v++) {
            const __mmask16 some = v == NV - 1 ? last : all;
            const float *from = p->add ? p->C + (size_t)i * ldc : p->bias;
            c[i][v] = from ? _mm512_maskz_loadu_ps(some, from + v * LANES) : _mm512_setzero_ps();
        }
    }
    const float *a = p->A, *b = p->B;
    for (int l = 0; l < p->k; l++) {
        __m512 row[4];
        UNROLL
        for (int v = 0; v < NV; v++) row[v] = _mm512_maskz_loadu_ps(v == NV - 1 ? last : all, b + v * LANES);
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
            _mm512_mask_storeu_ps(p->C + (size_t)i * ldc + v * LANES, v == NV - 1 ? last : all, y);
        }
    }
}

#define SL_TILE(MR, NV)                                                                                              \
    static void tile_##MR##x##NV(const block *p) {                                                                   \
        tile(p, MR, NV);                                                                                             \
    }
SL_TILE(12, 1)
SL_TILE(4, 1)
SL_TILE(1, 1)
SL_TILE(12, 2)
SL_TILE(4, 2)
SL_TILE(1, 2)
SL_TILE(8, 3)
SL_TILE(4, 3)
SL_TILE(1, 3)
SL_TILE(6, 4)
SL_TILE(4, 4)
SL_TILE(2, 4)
SL_TILE(1, 4)

typedef struct kernel {
    int rows;
    void (*run)(const block *p);
} kernel;
// for 1..4 vectors of columns: tiles from many rows to one
static const kernel kernels[4][4] = {
    {{12, tile_12x1}, {4, tile_4x1}, {1, tile_1x1}, {1, tile_1x1}},
    {{12, tile_12x2}, {4, tile_4x2}, {1, tile_1x2}, {1, tile_1x2}},
    {{8, tile_8x3}, {4, tile_4x3}, {1, tile_1x3}, {1, tile_1x3}},
    {{6, tile_6x4}, {4, tile_4x4}, {2, tile_2x4}, {1, tile_1x4}},
};

// all rows of one panel of columns over one slice of the depth
static void panel(block p, int m, int n_vectors) {
    const kernel *list = kernels[n_vectors - 1];
    int i = 0;
    for (int size = 0; size < 4; size++) {
        for (; i + list[size].rows <= m; i += list[size].rows) {
            list[size].run(&p);
            p.A += (size_t)list[size].rows * p.a_row;
            p.C += (size_t)list[size].rows * p.ldc;
        }
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
