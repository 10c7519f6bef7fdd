/* test_blas.c - the three products, own kernel and OpenBLAS, against the naive twin over every edge of a tile. */
#include "nn/blas.h"
#include "nn/blas_start.h"

#include "common/rng.h"
#include "nn/gemm.h"
#include "nn/gru.h"
#include "nn/layers.h"
#include "support/heap_count.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

// the naive twin of the three products: trans_a, trans_b as in BLAS
static void multiply(int trans_a, int trans_b, int m, int n, int k, const float *A, int lda, const float *B, int ldb,
                     float beta, float *C, int ldc) {
    for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int l = 0; l < k; l++) {
                float a = trans_a ? A[l * lda + i] : A[i * lda + l];
                float b = trans_b ? B[j * ldb + l] : B[l * ldb + j];
                sum += (double)a * (double)b;
            }
            // as in BLAS, beta = 0 does not read C
            C[i * ldc + j] = (float)(beta == 0.0f ? sum : sum + (double)beta * (double)C[i * ldc + j]);
        }
    }
}

enum { SIDE = 600, ROOM = SIDE * SIDE };
static float A[ROOM], B[ROOM], C[ROOM], want[ROOM], before[ROOM];

static void fill(float *x, sl_rng *rng) {
    for (int i = 0; i < ROOM; i++) x[i] = (float)sl_rng_between(rng, -1, 1);
}

// runs one product of each kind; gaps after each row must stay untouched
static void compare(int m, int n, int k, float beta, int gap) {
    for (int kind = 0; kind < 3; kind++) {
        bool ta = kind == 2, tb = kind == 1;
        int lda = (ta ? m : k) + gap, ldb = (tb ? k : n) + gap, ldc = n + gap;
        // the rows of the result and two behind them
        int n_seen = (m + 2) * ldc < ROOM ? (m + 2) * ldc : ROOM;
        memcpy(C, before, (size_t)n_seen * sizeof *C);
        memcpy(want, before, (size_t)n_seen * sizeof *want);
        if (kind == 0) sl_blas_nn(m, n, k, A, lda, B, ldb, beta, C, ldc);
        if (kind == 1) sl_blas_nt(m, n, k, A, lda, B, ldb, beta, C, ldc);
        if (kind == 2) sl_blas_tn(m, n, k, A, lda, B, ldb, beta, C, ldc);
        multiply(ta, tb, m, n, k, A, lda, B, ldb, beta, want, ldc);
        for (int i = 0; i < n_seen; i++) {
            double off = fabs((double)C[i] - (double)want[i]);
            if (!(off <= 1e-6 * (k + 4))) {
                fail_msg("kind %d, %d x %d x %d, beta %g: entry %d is off by %g", kind, m, n, k, (double)beta, i,
                         off);
            }
        }
    }
}

static void test_products_equal_ref(void **state) {
    (void)state;
    sl_rng rng = sl_rng_seed(5);
    fill(A, &rng);
    fill(B, &rng);
    fill(before, &rng);
    static const int cols[] = {1, 5, 16, 17, 33, 47, 64, 65, 130}, depths[] = {1, 7, 128, 200};
    // a tile of every height
    for (int rows = 1; rows <= 19; rows++) {
        for (size_t j = 0; j < sizeof cols / sizeof cols[0]; j++) {
            for (size_t l = 0; l < sizeof depths / sizeof depths[0]; l++) {
                compare(rows, cols[j], depths[l], (float)(l % 2), rows % 3);
            }
        }
    }
    compare(70, 5, 300, 1.0f, 3);
    compare(512, 513, 514, 0.0f, 1);
    compare(33, 20, 9, 0.5f, 0);
}

// beta 0 does not read C: what lies there may be NaN
static void test_beta_zero_ignores_result(void **state) {
    (void)state;
    for (int i = 0; i < ROOM; i++) C[i] = NAN;
    sl_blas_nn(7, 33, 5, A, 5, B, 33, 0.0f, C, 33);
    for (int i = 0; i < 7 * 33; i++) assert_true(C[i] == C[i]);
    for (int i = 0; i < ROOM; i++) C[i] = NAN;
    sl_blas_tn(40, 3, 5, A, 40, B, 3, 0.0f, C, 3);
    for (int i = 0; i < 40 * 3; i++) assert_true(C[i] == C[i]);
}

static void test_no_depth_is_zero(void **state) {
    (void)state;
    for (int i = 0; i < ROOM; i++) C[i] = 1.0f;
    sl_blas_nn(3, 4, 0, A, 1, B, 4, 0.0f, C, 4);
    for (int i = 0; i < 12; i++) assert_true(C[i] == 0.0f);
    assert_true(C[12] == 1.0f);
}

static void test_epilogue(void **state) {
    (void)state;
    if (!sl_gemm_suits(20, 37, 150)) skip();
    static float bias[37];
    for (int j = 0; j < 37; j++) bias[j] = 0.3f * (float)(j - 20);
    sl_gemm g = {.m = 20, .n = 37, .k = 150, .A = A, .a_row = 150, .a_col = 1, .B = B, .b_row = 37, .b_col = 1};
    g.bias = bias;
    g.relu = true;
    g.C = C;
    g.ldc = 37;
    sl_gemm_run(&g);
    multiply(0, 0, 20, 37, 150, A, 150, B, 37, 0.0f, want, 37);
    int cut = 0;
    for (int i = 0; i < 20 * 37; i++) {
        double y = (double)want[i] + (double)bias[i % 37];
        cut += y < 0;
        assert_true(fabs((double)C[i] - (y > 0 ? y : 0)) < 1e-4);
    }
    assert_true(cut > 100);
    // a NaN is not swallowed by the ReLU
    A[0] = NAN;
    sl_gemm_run(&g);
    assert_true(isnan(C[0]) != 0);
    A[0] = 0.5f;
}

// a linear layer so large that OpenBLAS takes it
static void test_large_layer(void **state) {
    (void)state;
    enum { M = 512 };
    const sl_activation relu = SL_ACT_RELU;
    static float bias[M];
    for (int j = 0; j < M; j++) bias[j] = 0.05f * (float)(j - 300);
    assert_false(sl_gemm_suits(M, M, M));
    sl_linear_forward(M, M, M, A, B, bias, &relu, C, M);
    multiply(0, 0, M, M, M, A, M, B, M, 0.0f, want, M);
    for (int i = 0; i < M * M; i++) {
        double y = (double)want[i] + (double)bias[i % M];
        assert_true(fabs((double)C[i] - (y > 0 ? y : 0)) < 1e-3);
    }
}

static void test_transpose(void **state) {
    (void)state;
    for (int rows = 1; rows < 11; rows++) {
        for (int cols = 1; cols < 11; cols++) {
            memset(C, 0, 200 * sizeof *C);
            sl_transpose(rows, cols, A, 13, C);
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < cols; j++) assert_true(C[j * rows + i] == A[i * 13 + j]);
            }
            assert_true(C[rows * cols] == 0.0f);
        }
    }
}

static void test_no_allocation(void **state) {
    (void)state;
    if (!sl_heap_is_counted()) skip();
    uint64_t count = sl_heap_count();
    for (int i = 0; i < 1000; i++) {
        sl_blas_nn(48, 64, 64, A, 64, B, 64, 0.0f, C, 64);
        sl_blas_nt(48, 64, 64, A, 64, B, 64, 0.0f, C, 64);
        sl_blas_tn(64, 5, 48, A, 64, B, 5, 1.0f, C, 5);
    }
    // OpenBLAS's own kernels for small matrices may allocate where ours are not built
    if (sl_gemm_suits(48, 64, 64)) assert_int_equal(sl_heap_count() - count, 0);
}

static void test_start_picks_fast_kernels(void **state) {
    (void)state;
    assert_non_null(sl_blas_core());
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
        assert_string_not_equal(sl_blas_core(), "Prescott");
        assert_string_not_equal(sl_blas_core(), "Haswell");
    }
#endif
    assert_true(sl_blas_peak_gflops() > 0.5);
}

int main(int argc, char **argv) {
    (void)argc;
    sl_blas_init(argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products_equal_ref), cmocka_unit_test(test_beta_zero_ignores_result),
        cmocka_unit_test(test_no_depth_is_zero),   cmocka_unit_test(test_epilogue),
        cmocka_unit_test(test_large_layer),        cmocka_unit_test(test_transpose),
        cmocka_unit_test(test_no_allocation),      cmocka_unit_test(test_start_picks_fast_kernels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
