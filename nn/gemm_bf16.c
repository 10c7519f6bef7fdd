/* gemm_bf16.c - see gemm_bf16.h: packing, blocking, and the block on AVX512-BF16. This file is compiled for that in
 * every build for x86-64; sl_bf16_get_kind (bf16_kind.c) asks the CPU before it is entered. */
#include "nn/gemm_bf16.h"

#include "common/assert.h"
#include "nn/gemm_bf16_kernel.h"

#include <string.h>

#if defined(__AVX512BF16__)
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

enum { TILE = SL_BF16_TILE, SIDE = SL_BF16_SIDE };

static int tiles_of(int n, int width) {
    return (n + width - 1) / width;
}

/* ---- packing ---- */

// 16 x 16 dwords turned in registers
INLINE void turn(__m512i v[16]) {
    __m512i t[16];
    UNROLL
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(v[i], v[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(v[i], v[i + 1]);
    }
    UNROLL
    for (int i = 0; i < 16; i += 4) {
        v[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        v[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        v[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        v[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    UNROLL
    for (int i = 0; i < 4; i++) {
        t[i] = _mm512_shuffle_i32x4(v[i], v[i + 4], 0x88);
        t[i + 4] = _mm512_shuffle_i32x4(v[i], v[i + 4], 0xdd);
        t[i + 8] = _mm512_shuffle_i32x4(v[i + 8], v[i + 12], 0x88);
        t[i + 12] = _mm512_shuffle_i32x4(v[i + 8], v[i + 12], 0xdd);
    }
    UNROLL
    for (int i = 0; i < 8; i++) {
        v[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
        v[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
    }
}

// pairs of neighbours in a row: 16 rows of 32 columns
INLINE void read_rows(int rows, int cols, const float *from, size_t ld, __m512i v[16]) {
    uint32_t some = cols >= 32 ? 0xffffffffu : (1u << cols) - 1;
    const __mmask16 low = (__mmask16)some, high = (__mmask16)(some >> 16);
    UNROLL
    for (int i = 0; i < 16; i++) {
        const float *row = from + (i < rows ? (size_t)i * ld : 0);
        __m512 a = _mm512_maskz_loadu_ps(i < rows ? low : 0, row);
        __m512 b = _mm512_maskz_loadu_ps(i < rows ? high : 0, row + 16);
        v[i] = (__m512i)_mm512_cvtne2ps_pbh(b, a);
    }
}

// pairs of neighbours in a column: 32 rows of 16 columns
INLINE void read_columns(int rows, int cols, const float *from, size_t ld, __m512i v[16]) {
    const __mmask16 some = (__mmask16)(cols >= 16 ? 0xffff : (1 << cols) - 1);
    const __m512i interleave = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7,
                                                22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    UNROLL
    for (int i = 0; i < 16; i++) {
        const float *row = from + (2 * i < rows ? (size_t)(2 * i) * ld : 0);
        __m512 a = _mm512_maskz_loadu_ps(2 * i < rows ? some : 0, row);
        __m512 b = _mm512_maskz_loadu_ps(2 * i + 1 < rows ? some : 0, 2 * i + 1 < rows ? row + ld : row);
        v[i] = _mm512_permutexvar_epi16(interleave, (__m512i)_mm512_cvtne2ps_pbh(b, a));
    }
}

INLINE void write(const __m512i v[16], sl_bf16 *to) {
    UNROLL
    for (int i = 0; i < 16; i++) _mm512_storeu_si512(to + 32 * i, v[i]);
}

// tiles of rows [0, m) x depth [0, k) of a left factor, row tile after row tile
static void pack_left(int m, int k, const float *from, size_t ld, sl_bf16 *to) {
    for (int i = 0; i < m; i += 16) {
        for (int l = 0; l < k; l += 32, to += TILE) {
            __m512i v[16];
            read_rows(m - i, k - l, from + (size_t)i * ld + l, ld, v);
            write(v, to);
        }
    }
}

static void pack_left_turned(int m, int k, const float *from, size_t ld, sl_bf16 *to) {
    for (int i = 0; i < m; i += 16) {
        for (int l = 0; l < k; l += 32, to += TILE) {
            __m512i v[16];
            read_columns(k - l, m - i, from + (size_t)l * ld + i, ld, v);
            turn(v);
            write(v, to);
        }
    }
}

// tiles of depth [0, k) x columns [0, n) of a right factor, column tile after column tile, an even number of them
static void pack_right(int k, int n, const float *from, size_t ld, sl_bf16 *to) {
    for (int j = 0; j < n; j += 16) {
        for (int l = 0; l < k; l += 32, to += TILE) {
            __m512i v[16];
            read_columns(k - l, n - j, from + (size_t)l * ld + j, ld, v);
            write(v, to);
        }
    }
}

static void pack_right_turned(int k, int n, const float *from, size_t ld, sl_bf16 *to) {
    for (int j = 0; j < n; j += 16) {
        for (int l = 0; l < k; l += 32, to += TILE) {
            __m512i v[16];
            read_rows(n - j, k - l, from + (size_t)j * ld + l, ld, v);
            turn(v);
            write(v, to);
        }
    }
}

size_t sl_bf16_packed_len(int k, int n) {
    return (size_t)(2 * tiles_of(n, SIDE)) * (size_t)tiles_of(k, 32) * TILE;
}

void sl_bf16_pack(int k, int n, const float *from, int ld, bool turned, sl_bf16 *to) {
    // the column tile that only fills up the last block
    size_t used = (size_t)tiles_of(n, 16) * (size_t)tiles_of(k, 32) * TILE;
    memset(to + used, 0, (sl_bf16_packed_len(k, n) - used) * sizeof *to);
    if (turned)
        pack_right_turned(k, n, from, (size_t)ld, to);
    else
        pack_right(k, n, from, (size_t)ld, to);
}

/* ---- one block ---- */

// 8 rows of 32 columns: a broadcast pair feeds two products, in the order of the depth
INLINE void strip(const sl_bf16_block *p, const sl_bf16 *a, const float *from, float *C) {
    __m512 c[8][2];
    UNROLL
    for (int i = 0; i < 8; i++) {
        c[i][0] = from ? _mm512_loadu_ps(from + (size_t)i * p->ld_start) : _mm512_setzero_ps();
        c[i][1] = from ? _mm512_loadu_ps(from + (size_t)i * p->ld_start + 16) : _mm512_setzero_ps();
    }
    const sl_bf16 *b = p->b;
    for (int l = 0; l < p->steps; l++, a += TILE, b += TILE) {
        for (int pair = 0; pair < 16; pair++) {
            const __m512bh b0 = (__m512bh)_mm512_loadu_si512(b + 32 * pair);
            const __m512bh b1 = (__m512bh)_mm512_loadu_si512(b + p->b_next + 32 * pair);
            UNROLL
            for (int i = 0; i < 8; i++) {
                int32_t two;
                memcpy(&two, a + 32 * i + 2 * pair, sizeof two);
                const __m512bh one = (__m512bh)_mm512_set1_epi32(two);
                c[i][0] = _mm512_dpbf16_ps(c[i][0], one, b0);
                c[i][1] = _mm512_dpbf16_ps(c[i][1], one, b1);
            }
        }
    }
    UNROLL
    for (int i = 0; i < 8; i++) {
        _mm512_storeu_ps(C + (size_t)i * p->ldc, c[i][0]);
        _mm512_storeu_ps(C + (size_t)i * p->ldc + 16, c[i][1]);
    }
}

void sl_bf16_block_avx512(const sl_bf16_block *p) {
    for (int half = 0; half < 2 * p->row_tiles; half++) {
        size_t row = 8 * (size_t)half;
        const sl_bf16 *a = p->a + (size_t)(half / 2) * p->a_next + (size_t)(half % 2) * (TILE / 2);
        strip(p, a, p->start ? p->start + row * p->ld_start : NULL, p->C + row * p->ldc);
    }
}

/* ---- the product ---- */

typedef void block_run(const sl_bf16_block *p);

static block_run *begin(sl_bf16_kind kind) {
    SL_ASSERT(kind != SL_BF16_NONE);
    if (kind == SL_BF16_AVX512) return sl_bf16_block_avx512;
    sl_bf16_amx_open();
    return sl_bf16_block_amx;
}

static void end(sl_bf16_kind kind) {
    if (kind == SL_BF16_AMX) sl_bf16_amx_close();
}

static int least(int a, int b) {
    return a < b ? a : b;
}

static void relu_block(int m, int n, float *C, size_t ldc) {
    for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j += 16) {
            const __mmask16 some = (__mmask16)(n - j >= 16 ? 0xffff : (1 << (n - j)) - 1);
            float *c = C + (size_t)i * ldc + j;
            // this order of operands lets a NaN through
            _mm512_mask_storeu_ps(c, some, _mm512_max_ps(_mm512_setzero_ps(), _mm512_maskz_loadu_ps(some, c)));
        }
    }
}

// a block at the edge is worked on in a buffer: its rows and columns that do not exist are thrown away
static void run_edge(block_run *run, sl_bf16_block p, int m, int n) {
    _Alignas(64) float whole[SIDE * SIDE];
    float *C = p.C;
    size_t ldc = p.ldc, bytes = (size_t)n * sizeof *whole;
    if (p.start) {
        memset(whole, 0, sizeof whole);
        for (int i = 0; i < m; i++) memcpy(whole + i * SIDE, p.start + (size_t)i * p.ld_start, bytes);
        p.start = whole;
        p.ld_start = SIDE;
    }
    p.C = whole;
    p.ldc = SIDE;
    run(&p);
    for (int i = 0; i < m; i++) memcpy(C + (size_t)i * ldc, whole + i * SIDE, bytes);
}

// m, n: rows and columns of C from here on
static void run_block(block_run *run, sl_bf16_block *p, int m, int n) {
    p->row_tiles = m > 16 ? 2 : 1;
    if (n >= SIDE && (m >= SIDE || m == 16))
        run(p);
    else
        run_edge(run, *p, least(m, SIDE), least(n, SIDE));
}

enum { ROWS = 64, DEPTH = 512 };

// rows i.. over one slice of the depth: column blocks outside, so that their tiles stay in the L1 cache
static void run_panel(const sl_gemm_bf16 *g, block_run *run, int i, int l, sl_bf16 *left) {
    int rows = least(g->m - i, ROWS), depth = least(g->k - l, DEPTH);
    bool add = l > 0 || g->add, relu = g->relu && l + DEPTH >= g->k;
    size_t steps = (size_t)tiles_of(g->k, 32), ldc = (size_t)g->ldc;
    pack_left(rows, depth, g->A + (size_t)i * (size_t)g->lda + l, (size_t)g->lda, left);
    sl_bf16_block p = {.steps = tiles_of(depth, 32), .b_next = steps * TILE, .ldc = ldc};
    p.a_next = (size_t)p.steps * TILE;
    p.ld_start = add ? ldc : 0;
    for (int j = 0; j < g->n; j += SIDE) {
        p.b = g->B + ((size_t)(j / 16) * steps + (size_t)(l / 32)) * TILE;
        for (int r = 0; r < rows; r += SIDE) {
            p.a = left + (size_t)(r / 16) * p.a_next;
            p.C = g->C + (size_t)(i + r) * ldc + j;
            p.start = add ? p.C : g->bias ? g->bias + j : NULL;
            run_block(run, &p, rows - r, g->n - j);
            if (relu) relu_block(least(rows - r, SIDE), least(g->n - j, SIDE), p.C, ldc);
        }
    }
}

void sl_gemm_bf16_run(sl_bf16_kind kind, const sl_gemm_bf16 *g) {
    _Alignas(64) sl_bf16 left[ROWS * DEPTH];
    SL_ASSERT(g->m >= 0 && g->n >= 0 && g->k >= 1 && g->lda >= g->k && g->ldc >= g->n);
    block_run *run = begin(kind);
    for (int i = 0; i < g->m; i += ROWS) {
        for (int l = 0; l < g->k; l += DEPTH) run_panel(g, run, i, l, left);
    }
    end(kind);
}

enum { TN_ROWS = 256, TN_DEPTH = 256 };

void sl_gemm_bf16_tn(sl_bf16_kind kind, int m, int n, int k, const float *A, int lda, const float *B, int ldb,
                     float *C, int ldc) {
    _Alignas(64) sl_bf16 left[TN_ROWS * TN_DEPTH], right[SIDE * TN_DEPTH];
    SL_ASSERT(C && m >= 0 && n >= 0 && k >= 0 && lda >= m && ldb >= n && ldc >= n);
    block_run *run = begin(kind);
    for (int l = 0; l < k; l += TN_DEPTH) {
        int depth = least(k - l, TN_DEPTH);
        sl_bf16_block p = {.steps = tiles_of(depth, 32), .ldc = (size_t)ldc, .ld_start = (size_t)ldc};
        p.a_next = p.b_next = (size_t)p.steps * TILE;
        p.b = right;
        for (int i = 0; i < m; i += TN_ROWS) {
            int rows = least(m - i, TN_ROWS);
            pack_left_turned(rows, depth, A + (size_t)l * (size_t)lda + i, (size_t)lda, left);
            for (int j = 0; j < n; j += SIDE) {
                sl_bf16_pack(depth, least(n - j, SIDE), B + (size_t)l * (size_t)ldb + j, ldb, false, right);
                for (int r = 0; r < rows; r += SIDE) {
                    p.a = left + (size_t)(r / 16) * p.a_next;
                    p.C = C + (size_t)(i + r) * (size_t)ldc + j;
                    p.start = p.C;
                    run_block(run, &p, rows - r, n - j);
                }
            }
        }
    }
    end(kind);
}
#else
size_t sl_bf16_packed_len(int k, int n) {
    (void)k, (void)n;
    return 0;
}

void sl_bf16_pack(int k, int n, const float *from, int ld, bool turned, sl_bf16 *to) {
    (void)k, (void)n, (void)from, (void)ld, (void)turned, (void)to;
    SL_ASSERT(!"no bf16 in this build: sl_bf16_get_kind said so");
}

void sl_gemm_bf16_run(sl_bf16_kind kind, const sl_gemm_bf16 *g) {
    (void)kind, (void)g;
    SL_ASSERT(!"no bf16 in this build: sl_bf16_get_kind said so");
}

void sl_gemm_bf16_tn(sl_bf16_kind kind, int m, int n, int k, const float *A, int lda, const float *B, int ldb,
                     float *C, int ldc) {
    (void)kind, (void)m, (void)n, (void)k, (void)A, (void)lda, (void)B, (void)ldb, (void)C, (void)ldc;
    SL_ASSERT(!"no bf16 in this build: sl_bf16_get_kind said so");
}
#endif
