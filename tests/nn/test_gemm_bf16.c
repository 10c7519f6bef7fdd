/* The bf16 products against a scalar reference, bit for bit, in the order of sums that each kind of CPU defines; and
 * against float32 within the bound that rounding allows. */
#include "common/alloc.h"
#include "common/rng.h"
#include "nn/gemm_bf16.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

// nearest even; what is below the normal range becomes 0
static float rounded(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (fabsf(x) < 0x1p-126f)
        bits &= 0x80000000u;
    else
        bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// one element over a depth of 32: the strides are those of the factors
static float add_step(sl_bf16_kind kind, float sum, int k, const float *a, size_t a_step, const float *b,
                      size_t b_step) {
    float even = 0, odd = 0;
    for (int l = 0; l < 32; l += 2) {
        float a0 = l < k ? rounded(a[(size_t)l * a_step]) : 0,
              a1 = l + 1 < k ? rounded(a[(size_t)(l + 1) * a_step]) : 0;
        float b0 = l < k ? rounded(b[(size_t)l * b_step]) : 0,
              b1 = l + 1 < k ? rounded(b[(size_t)(l + 1) * b_step]) : 0;
        if (kind == SL_BF16_AMX) {
            even = fmaf(a0, b0, even);
            odd = fmaf(a1, b1, odd);
        } else {
            sum = fmaf(a0, b0, fmaf(a1, b1, sum));
        }
    }
    return kind == SL_BF16_AMX ? sum + (even + odd) : sum;
}

typedef struct product {
    int m, n, k, lda, ldb, ldc;
    float *A, *B, *C, *want, *bias;
} product;

enum { MARGIN = 3 };

static float *numbers(sl_rng *rng, int rows, int cols) {
    size_t n = (size_t)rows * (size_t)cols;
    float *x = sl_alloc_array(n, sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++) x[i] = (float)sl_rng_normal(rng);
    return x;
}

// A (k, m) when turned
static void setup(product *p, int m, int n, int k, bool turned) {
    sl_rng rng = sl_rng_seed((uint64_t)(m + 1000 * n + 1000000 * k));
    *p = (product){.m = m, .n = n, .k = k, .lda = (turned ? m : k) + MARGIN, .ldb = n + MARGIN, .ldc = n + MARGIN};
    p->A = numbers(&rng, turned ? k : m, p->lda);
    p->B = numbers(&rng, k, p->ldb);
    p->C = numbers(&rng, m, p->ldc);
    p->want = numbers(&rng, m, p->ldc);
    p->bias = numbers(&rng, 1, n);
    memcpy(p->want, p->C, (size_t)m * (size_t)p->ldc * sizeof *p->C);
}

static void teardown(product *p) {
    float *all[] = {p->A, p->B, p->C, p->want, p->bias};
    for (int i = 0; i < 5; i++) sl_free(all[i]);
}

static void reference(sl_bf16_kind kind, product *p, bool turned, const float *bias, bool add, bool relu) {
    size_t a_row = turned ? 1 : (size_t)p->lda, a_step = turned ? (size_t)p->lda : 1, ldb = (size_t)p->ldb;
    for (int i = 0; i < p->m; i++) {
        for (int j = 0; j < p->n; j++) {
            float *c = &p->want[i * p->ldc + j];
            float sum = add ? *c : bias ? bias[j] : 0;
            for (int l = 0; l < p->k; l += 32)
                sum = add_step(kind, sum, p->k - l, p->A + (size_t)i * a_row + (size_t)l * a_step, a_step,
                               p->B + (size_t)l * ldb + j, ldb);
            *c = relu && sum < 0 ? 0 : sum;
        }
    }
}

// all of C, the margin included: nothing else may be written
static void assert_same(const product *p) {
    int n = p->m * p->ldc;
    for (int i = 0; i < n; i++) {
        if (memcmp(&p->C[i], &p->want[i], sizeof *p->C) == 0) continue;
        fail_msg("%d x %d x %d: element (%d, %d) is %a, not %a", p->m, p->n, p->k, i / p->ldc, i % p->ldc,
                 (double)p->C[i], (double)p->want[i]);
    }
}

static sl_bf16 *packed(const product *p, bool turned) {
    sl_bf16 *to = sl_alloc_array(sl_bf16_packed_len(p->k, p->n), sizeof *to);
    assert_non_null(to);
    if (!turned) {
        sl_bf16_pack(p->k, p->n, p->B, p->ldb, false, to);
        return to;
    }
    float *other = sl_alloc_array((size_t)p->n * (size_t)p->k, sizeof *other);
    assert_non_null(other);
    for (int l = 0; l < p->k; l++)
        for (int j = 0; j < p->n; j++) other[j * p->k + l] = p->B[l * p->ldb + j];
    sl_bf16_pack(p->k, p->n, other, p->k, true, to);
    sl_free(other);
    return to;
}

static void run(sl_bf16_kind kind, product *p, const sl_bf16 *B, const float *bias, bool add, bool relu) {
    sl_gemm_bf16_run(kind, &(sl_gemm_bf16){.m = p->m,
                                           .n = p->n,
                                           .k = p->k,
                                           .A = p->A,
                                           .lda = p->lda,
                                           .B = B,
                                           .bias = bias,
                                           .add = add,
                                           .relu = relu,
                                           .C = p->C,
                                           .ldc = p->ldc});
}

static const int sizes[] = {1, 2, 5, 16, 17, 24, 31, 32, 33, 48, 65, 100};
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };

static bool has_none(void) {
    if (sl_bf16_get_kind() != SL_BF16_NONE) return false;
    printf("skipped: this CPU has %s\n", sl_bf16_describe_cpu());
    return true;
}

// every kind up to the CPU's best
static void check_products(sl_bf16_kind kind) {
    for (int s = 0; s < N_SIZES * N_SIZES; s++) {
        int m = sizes[s % N_SIZES], n = sizes[s / N_SIZES], k = sizes[(s * 7 + s / N_SIZES) % N_SIZES];
        // some are deeper than one slice of the depth
        if (s % 16 == 3) k += 512;
        product p;
        setup(&p, m, n, k, false);
        bool add = s % 3 == 1, relu = s % 2;
        const float *bias = s % 3 == 2 ? p.bias : NULL;
        sl_bf16 *B = packed(&p, s % 5 > 2);
        run(kind, &p, B, bias, add, relu);
        reference(kind, &p, false, bias, add, relu);
        assert_same(&p);
        sl_free(B);
        teardown(&p);
    }
}

static void equals_the_reference_bit_for_bit(void **state) {
    (void)state;
    if (has_none()) skip();
    for (int kind = SL_BF16_AVX512; kind <= (int)sl_bf16_get_kind(); kind++) check_products((sl_bf16_kind)kind);
}

static void check_gradients(sl_bf16_kind kind) {
    for (int s = 0; s < N_SIZES * N_SIZES; s++) {
        int m = sizes[s % N_SIZES], n = sizes[s / N_SIZES], k = sizes[(s * 7 + s / N_SIZES) % N_SIZES];
        if (s % 16 == 3) k += 256;
        if (s % 16 == 4) m += 256;
        product p;
        setup(&p, m, n, k, true);
        sl_gemm_bf16_tn(kind, m, n, k, p.A, p.lda, p.B, p.ldb, p.C, p.ldc);
        reference(kind, &p, true, NULL, true, false);
        assert_same(&p);
        teardown(&p);
    }
}

static void gradients_equal_the_reference_bit_for_bit(void **state) {
    (void)state;
    if (has_none()) skip();
    for (int kind = SL_BF16_AVX512; kind <= (int)sl_bf16_get_kind(); kind++) check_gradients((sl_bf16_kind)kind);
}

// each factor is rounded by at most 2^-9 of itself, a sum of k by k 2^-24
static void is_near_float32(void **state) {
    (void)state;
    if (has_none()) skip();
    product p;
    setup(&p, 100, 70, 300, false);
    sl_bf16 *B = packed(&p, false);
    run(sl_bf16_get_kind(), &p, B, NULL, false, false);
    double worst = 0, bound = 2 * 0x1p-9 + 0x1p-18 + 300 * 0x1p-24;
    for (int i = 0; i < p.m; i++) {
        for (int j = 0; j < p.n; j++) {
            double exact = 0, size = 0;
            for (int l = 0; l < p.k; l++) {
                double term = (double)p.A[i * p.lda + l] * (double)p.B[l * p.ldb + j];
                exact += term;
                size += fabs(term);
            }
            double error = fabs((double)p.C[i * p.ldc + j] - exact) / size;
            if (error > worst) worst = error;
        }
    }
    assert_true(worst <= bound);
    // and rounding did take place
    assert_true(worst > 1e-5);
    sl_free(B);
    teardown(&p);
}

static void a_nan_is_seen(void **state) {
    (void)state;
    int best = (int)sl_bf16_get_kind();
    if (has_none()) skip();
    for (int kind = SL_BF16_AVX512; kind <= best; kind++) {
        product p;
        setup(&p, 40, 40, 40, false);
        p.A[3 * p.lda + 7] = NAN;
        sl_bf16 *B = packed(&p, false);
        run((sl_bf16_kind)kind, &p, B, p.bias, false, true);
        for (int j = 0; j < p.n; j++) assert_true(isnan(p.C[3 * p.ldc + j]) != 0);
        assert_true(isfinite(p.C[4 * p.ldc]) != 0);
        sl_free(B);
        teardown(&p);
    }
}

// a refusal names what there is
static void says_what_the_cpu_has(void **state) {
    (void)state;
    bool has = strstr(sl_bf16_describe_cpu(), "AVX512-BF16") != NULL;
    assert_int_equal(has, sl_bf16_get_kind() != SL_BF16_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_reference_bit_for_bit),
        cmocka_unit_test(gradients_equal_the_reference_bit_for_bit),
        cmocka_unit_test(is_near_float32),
        cmocka_unit_test(a_nan_is_seen),
        cmocka_unit_test(says_what_the_cpu_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
