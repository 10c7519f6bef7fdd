/* test_fmath.c - exp, log, tanh, sigmoid against the C library in double precision. */
#include "common/fmath.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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
    assert_true(worst_relative(fast_exp, exp, -87.0f, 88.0f) < 3e-7);
    assert_true(worst_relative(fast_exp, exp, -0.5f, 0.5f) < 2e-7);
    assert_true(worst_relative(fast_log, log, 1e-30f, 1e-3f) < 3e-7);
    assert_true(worst_relative(fast_log, log, 0.5f, 2.0f) < 3e-7);
    assert_true(worst_relative(fast_log, log, 1.0f, 1e6f) < 3e-7);
    assert_true(worst_relative(fast_tanh, tanh, -12.0f, 12.0f) < 3e-7);
    assert_true(worst_relative(fast_tanh, tanh, -1e-3f, 1e-3f) < 3e-7);
    assert_true(worst_relative(fast_sigmoid, exact_sigmoid, -80.0f, 80.0f) < 3e-7);
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

/* tanh is odd bit for bit near zero and monotone across the seam of its two halves. */
static void test_tanh_shape(void **state) {
    (void)state;
    for (int i = 0; i < 1000; i++) {
        float x = (float)i * 6e-4f;
        assert_true(sl_tanhf(-x) == -sl_tanhf(x));
    }
    float last = sl_tanhf(0.6249f);
    for (float x = 0.6249f; x < 0.6251f; x = nextafterf(x, 1.0f)) {
        float y = sl_tanhf(x);
        assert_true(y >= last - 1.2e-7f);
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
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_tanh_shape),
        cmocka_unit_test(test_vector_equals_scalar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
