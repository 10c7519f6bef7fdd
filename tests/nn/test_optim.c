/* test_optim.c - Adam, clipping and value normalisation against numbers on paper. */
#include "nn/optim.h"

#include "support/heap_count.h"
#include "support/torture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void step(sl_adam *adam, double lr, double eps, double scale, const float *grads, float *params) {
    sl_adam_rates rates = sl_adam_begin(adam, lr, eps, scale);
    sl_adam_step(&rates, adam->n, grads, adam->m, adam->v, params);
}

// the first step moves every parameter by lr against the sign of its gradient; a zero gradient moves nothing
static void test_adam_first_step(void **state) {
    (void)state;
    sl_adam adam;
    assert_int_equal(sl_adam_init(&adam, 3), SL_OK);
    float params[3] = {1.0f, 1.0f, 1.0f}, grads[3] = {0.5f, -20.0f, 0.0f};
    step(&adam, 0.1, 1e-8, 1, grads, params);
    assert_true(fabsf(params[0] - 0.9f) < 1e-6f);
    assert_true(fabsf(params[1] - 1.1f) < 1e-6f);
    assert_true(params[2] == 1.0f);
    assert_int_equal(adam.t, 1);
    sl_adam_fini(&adam);
    assert_null(adam.m);
}

// against the paper's algorithm 1 in double precision, gradients that change sign and size
static void test_adam_equals_paper(void **state) {
    (void)state;
    enum { N = 37, STEPS = 50 };
    sl_adam adam;
    assert_int_equal(sl_adam_init(&adam, N), SL_OK);
    float params[N], grads[N];
    double p[N], m[N] = {0}, v[N] = {0};
    for (int i = 0; i < N; i++) p[i] = params[i] = 0.1f * (float)i;
    for (int t = 1; t <= STEPS; t++) {
        for (int i = 0; i < N; i++) {
            grads[i] = (float)(sin(0.7 * i + 0.3 * t) * pow(10, i % 5 - 3));
            double g = (double)grads[i];
            m[i] = 0.9 * m[i] + 0.1 * g;
            v[i] = 0.999 * v[i] + 0.001 * g * g;
            p[i] -= 0.01 * (m[i] / (1 - pow(0.9, t))) / (sqrt(v[i] / (1 - pow(0.999, t))) + 1e-5);
        }
        // half by half, and each gradient by way of its double
        for (int i = 0; i < N; i++) grads[i] *= 2;
        sl_adam_rates rates = sl_adam_begin(&adam, 0.01, 1e-5, 0.5);
        sl_adam_step(&rates, 20, grads, adam.m, adam.v, params);
        sl_adam_step(&rates, N - 20, grads + 20, adam.m + 20, adam.v + 20, params + 20);
    }
    for (int i = 0; i < N; i++) assert_true(fabs((double)params[i] - p[i]) < 1e-5);
    sl_adam_fini(&adam);
}

static void test_clip(void **state) {
    (void)state;
    // not longer than allowed: untouched
    assert_true(sl_grad_clip(5.0, 5.5) == 1.0 && sl_grad_clip(5.0, 5.0) == 1.0 && sl_grad_clip(5.0, 0) == 1.0);
    assert_true(fabs(sl_grad_clip(5.0, 1.0) - 0.2) < 1e-6);
}

// three parts of a vector that is longer than what lies side by side, against sums in double
static void test_sum(void **state) {
    (void)state;
    enum { N = 2501, STRIDE = 2510, PARTS = 3 };
    static float grads[PARTS * STRIDE], sum[N];
    double square = 0;
    for (int k = 0; k < PARTS * STRIDE; k++) grads[k] = (float)sin(0.1 * k);
    for (int k = 0; k < N; k++) {
        sum[k] = (grads[k] + grads[STRIDE + k]) + grads[2 * STRIDE + k];
        square += (double)sum[k] * (double)sum[k];
    }
    float behind = grads[N];
    assert_true(fabs(sl_grad_sum(PARTS, STRIDE, N, grads) - square) < 1e-9 * square);
    assert_memory_equal(grads, sum, sizeof sum);
    assert_true(grads[N] == behind);
    static const int at[] = {0, 1023, 1024, 2496, N - 1};
    for (size_t k = 0; k < sizeof at / sizeof at[0]; k++) {
        for (int w = 0; w < 2; w++) {
            sum[at[k]] = w ? (float)NAN : (float)INFINITY;
            assert_false(isfinite(sl_grad_sum(1, N, N, sum)) != 0);
        }
        sum[at[k]] = 0;
    }
}

static void test_value_norm_set(void **state) {
    (void)state;
    // 1,000 batches of 3 and 7 one by one, and said at once
    static const float batch[] = {3, 7};
    sl_value_norm slow = {0}, quick = {0};
    for (int k = 0; k < 1000; k++) sl_value_norm_update(&slow, 2, batch);
    sl_value_norm_set(&quick, 5, 2, 1000);
    assert_true(fabs(slow.mean - quick.mean) < 1e-9 && fabs(slow.mean_sq - quick.mean_sq) < 1e-9);
    assert_true(fabs(slow.debias - quick.debias) < 1e-12);
    float mean, std;
    sl_value_norm_stats(&quick, &mean, &std);
    assert_true(fabs((double)mean - 5) < 1e-5 && fabs((double)std - 2) < 1e-5);
}

static void test_value_norm(void **state) {
    (void)state;
    sl_value_norm norm = {0};
    float mean, std;
    sl_value_norm_stats(&norm, &mean, &std);
    assert_true(mean == 0.0f && std == 1.0f);
    // one batch: its own mean and deviation, however slow the decay
    const float first[4] = {2.0f, 4.0f, 4.0f, 6.0f};
    sl_value_norm_update(&norm, 4, first);
    sl_value_norm_stats(&norm, &mean, &std);
    assert_true(fabsf(mean - 4.0f) < 1e-4f && fabsf(std - sqrtf(2.0f)) < 1e-4f);
    // a second batch weighs nearly the same: mean of all eight numbers
    const float second[4] = {10.0f, 12.0f, 12.0f, 14.0f};
    sl_value_norm_update(&norm, 4, second);
    sl_value_norm_stats(&norm, &mean, &std);
    assert_true(fabsf(mean - 8.0f) < 1e-3f && fabsf(std - sqrtf(18.0f)) < 1e-3f);
    // constant targets: the deviation stays away from zero
    sl_value_norm flat = {0};
    const float same[2] = {3.0f, 3.0f};
    sl_value_norm_update(&flat, 2, same);
    sl_value_norm_stats(&flat, &mean, &std);
    assert_true(fabsf(std - 0.1f) < 1e-6f);
    sl_value_norm_update(&flat, 0, same);
    assert_true(isfinite(flat.mean) != 0);
}

static void test_no_allocation(void **state) {
    (void)state;
    if (!sl_heap_is_counted()) skip();
    sl_adam adam;
    assert_int_equal(sl_adam_init(&adam, 100), SL_OK);
    float params[100] = {0}, grads[100] = {1.0f};
    uint64_t count = sl_heap_count();
    for (int i = 0; i < 10000; i++) {
        double norm = sqrt(sl_grad_sum(1, 100, 100, grads));
        step(&adam, 1e-3, 1e-5, sl_grad_clip(norm, 0.5), grads, params);
    }
    assert_int_equal(sl_heap_count() - count, 0);
    sl_adam_fini(&adam);
}

static sl_status make_adam(void *context) {
    (void)context;
    sl_adam adam = {0};
    SL_TRY(sl_adam_init(&adam, 10));
    sl_adam_fini(&adam);
    return SL_OK;
}

static void test_torture(void **state) {
    (void)state;
    assert_int_equal(sl_torture(make_adam, NULL), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adam_first_step),
        cmocka_unit_test(test_adam_equals_paper),
        cmocka_unit_test(test_clip),
        cmocka_unit_test(test_sum),
        cmocka_unit_test(test_value_norm),
        cmocka_unit_test(test_value_norm_set),
        cmocka_unit_test(test_no_allocation),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
