/* test_fmath.c - multiply-add, exp, log, tanh, sigmoid against the C library in double precision. */
#include "common/fmath.h"
#include "common/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static double worst_relative(float (*fast)(float), double (*exact)(double), float low, float high) {
    enum { POINTS = 2000000 };
    double worst = 0;
    for (int i = 0; i <= POINTS; i++) {
        float x = (float)(low + (high - low) * ((double)i / POINTS));
        double want = exact((double)x);
        double error = fabs((double)fast(x) - want);
        if (want != 0) error /= fabs(want);
        if (!(error <= worst)) worst = error;
    }
    return worst;
}

static float fast_exp(float x) {
    return sl_expf(x);
}
static float fast_log(float x) {
    return sl_logf(x);
}
static float fast_tanh(float x) {
    return sl_tanhf(x);
}
static float fast_sigmoid(float x) {
    return sl_sigmoidf(x);
}
static double exact_sigmoid(double x) {
    return 1.0 / (1.0 + exp(-x));
}

static void test_relative_errors(void **state) {
    (void)state;
    assert_true(worst_relative(fast_exp, exp, -87.0f, 88.0f) < 4e-7);
    assert_true(worst_relative(fast_exp, exp, -10.0f, 10.0f) < 2e-7);
    assert_true(worst_relative(fast_log, log, 1e-30f, 1e-3f) < 3e-7);
    assert_true(worst_relative(fast_log, log, 0.5f, 2.0f) < 3e-7);
    assert_true(worst_relative(fast_log, log, 1.0f, 1e6f) < 3e-7);
    assert_true(worst_relative(fast_tanh, tanh, -12.0f, 12.0f) < 2e-7);
    assert_true(worst_relative(fast_tanh, tanh, -1e-3f, 1e-3f) < 2e-7);
    assert_true(worst_relative(fast_sigmoid, exact_sigmoid, -80.0f, 80.0f) < 4e-7);
}

static float from_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint32_t to_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static void expect_fma(float x, float y, float z) {
    float want = fmaf(x, y, z), exact = sl_fmaf_exact(x, y, z), own = sl_fmaf(x, y, z);
    if (isnan(want) ? !isnan(exact) || !isnan(own) : to_bits(exact) != to_bits(want) || to_bits(own) != to_bits(want))
        fail_msg("fma(%a, %a, %a): %a and %a instead of %a", (double)x, (double)y, (double)z, (double)exact,
                 (double)own, (double)want);
}

/* The multiply-add without an instruction is that of the C library: of any floats, of such that nearly cancel, and
 * where a double in between would be rounded twice. */
static void test_fma(void **state) {
    (void)state;
    sl_rng rng = sl_rng_seed(5);
    const float special[] = {0.0f,      -0.0f, 1.0f,      -1.0f,      INFINITY,
                             -INFINITY, NAN,   0x1p-149f, -0x1p-126f, 0x1.fffffep127f};
    enum { N = sizeof special / sizeof special[0] };
    for (int i = 0; i < N * N * N; i++) expect_fma(special[i % N], special[i / N % N], special[i / N / N]);
    for (int i = 0; i < 2000000; i++) {
        float x = from_bits((uint32_t)sl_rng_u64(&rng)), y = from_bits((uint32_t)sl_rng_u64(&rng));
        expect_fma(x, y, from_bits((uint32_t)sl_rng_u64(&rng)));
        // a sum of the product's size, and one so small that it decides a tie alone
        float a = (float)sl_rng_between(&rng, -2.0, 2.0), b = (float)sl_rng_between(&rng, -2.0, 2.0);
        expect_fma(a, b, -a * b);
        expect_fma(a, b, nextafterf(a * b, 0.0f));
        expect_fma(1.0f + 0x1p-12f * (float)(i & 4095), 1.0f + 0x1p-12f, i & 1 ? 0x1p-60f : -0x1p-60f);
        expect_fma(a, 0x1p-130f, b * 0x1p-140f);
    }
    // the sum in double is half way between two floats, and was rounded to it
    expect_fma(1.0f, 1.0f + 0x1p-23f, 0x1p-24f);
    expect_fma(0x1.000002p0f, 0x1.000002p0f, 0x1p-24f);
    expect_fma(0x1.000002p0f, 0x1.fffffcp-1f, 0x1p-24f);
}

static void test_edges(void **state) {
    (void)state;
    assert_true(sl_expf(0.0f) == 1.0f);
    assert_true(sl_logf(1.0f) == 0.0f);
    assert_true(sl_tanhf(0.0f) == 0.0f);
    assert_true(sl_sigmoidf(0.0f) == 0.5f);
    assert_true(sl_tanhf(1e30f) == 1.0f);
    assert_true(sl_tanhf(-1e30f) == -1.0f);
    assert_true(sl_tanhf(-INFINITY) == -1.0f);
    assert_true(sl_sigmoidf(-1e30f) < 1e-37f);
    assert_true(sl_sigmoidf(1e30f) == 1.0f);
    assert_true(sl_expf(-1e30f) > 0.0f && sl_expf(-1e30f) < 2e-38f);
    assert_true(isfinite(sl_expf(1e30f)) != 0);
    assert_true(isnan(sl_expf(NAN)) != 0);
    assert_true(isnan(sl_logf(NAN)) != 0);
    assert_true(isnan(sl_tanhf(NAN)) != 0);
    assert_true(isnan(sl_sigmoidf(NAN)) != 0);
}

/* tanh is odd bit for bit, and monotone but for rounding where e's power of two changes. */
static void test_tanh_shape(void **state) {
    (void)state;
    for (int i = 0; i < 20000; i++) {
        float x = (float)i * 6e-4f;
        assert_true(sl_tanhf(-x) == -sl_tanhf(x));
    }
    float last = sl_tanhf(0.1732f);
    for (float x = 0.1732f; x < 0.1734f; x = nextafterf(x, 1.0f)) {
        float y = sl_tanhf(x);
        assert_true(y >= last - 3e-8f);
        last = y;
    }
}

/* a loop over an array, which the compiler vectorises, has the bits of single calls. */
static void test_vector_equals_scalar(void **state) {
    (void)state;
    enum { N = 4099 };
    static float x[N], loop[N];
    for (int i = 0; i < N; i++) x[i] = -20.0f + 0.00976f * (float)i;
    for (int i = 0; i < N; i++) loop[i] = sl_tanhf(x[i]) + sl_sigmoidf(x[i]) * sl_expf(x[i]);
    for (int i = 0; i < N; i++) {
        volatile float one = x[i];
        float t = sl_tanhf(one), s = sl_sigmoidf(one), e = sl_expf(one);
        assert_true(loop[i] == t + s * e);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_relative_errors),
        cmocka_unit_test(test_fma),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_tanh_shape),
        cmocka_unit_test(test_vector_equals_scalar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
