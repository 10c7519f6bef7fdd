/* test_parameter_group.c - the step at the end of a minibatch, against the formulas written out in double. */
#include "trainer/parameter_group.h"

#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

enum { N = 5, SLICES = 3 };
static const double LR = 0.01, EPS = 1e-5, MAX_NORM = 2.0;

/* What the steps should come to. */
typedef struct twin {
    double p[N], m[N], v[N];
    int t;
} twin;

/* Kingma and Ba's Algorithm 1 on a gradient scaled to max_norm (0: no limit); returns the norm before. */
static double step_by_hand(twin *w, const double *gradient, double max_norm) {
    double square = 0, g[N];
    for (int i = 0; i < N; i++) square += gradient[i] * gradient[i];
    double norm = sqrt(square), scale = max_norm > 0 && norm > max_norm ? max_norm / norm : 1;
    w->t++;
    for (int i = 0; i < N; i++) {
        g[i] = gradient[i] * scale;
        w->m[i] = 0.9 * w->m[i] + 0.1 * g[i];
        w->v[i] = 0.999 * w->v[i] + 0.001 * g[i] * g[i];
        double m_hat = w->m[i] / (1 - pow(0.9, w->t)), v_hat = w->v[i] / (1 - pow(0.999, w->t));
        w->p[i] -= LR * m_hat / (sqrt(v_hat) + EPS);
    }
    return norm;
}

// gradients of step t: slice s adds its own part, and the sum of all is what counts
static void fill_slices(sl_parameter_group *self, int t, double *sum) {
    memset(sum, 0, N * sizeof *sum);
    for (int s = 0; s < SLICES; s++) {
        sl_parameter_group_zero(self, s);
        for (int i = 0; i < N; i++) {
            float g = (float)((i - 2) * (s + 1) * 0.25 + t * 0.125);
            sl_parameter_group_slice(self, s)[i] += g;
            sum[i] += (double)g;
        }
    }
}

static void expect_params(const float *params, const twin *w) {
    for (int i = 0; i < N; i++) {
        if (!(fabs((double)params[i] - w->p[i]) < 1e-6))
            fail_msg("parameter %d is %.9g instead of %.9g", i, (double)params[i], w->p[i]);
    }
}

static void start(sl_parameter_group *self, float *params, twin *w) {
    *w = (twin){0};
    for (int i = 0; i < N; i++) w->p[i] = (double)(params[i] = (float)(0.5 * i - 1.0));
    assert_int_equal(sl_parameter_group_init(self, N, params, SLICES), SL_OK);
}

static void steps_are_adams(void **state) {
    (void)state;
    float params[N + 2];
    params[N] = params[N + 1] = 42.0f;
    sl_parameter_group self;
    twin w;
    double sum[N];
    int n_clipped = 0;
    start(&self, params, &w);
    for (int t = 0; t < 20; t++) {
        // with the limit and without
        double limit = t % 2 ? MAX_NORM : 0;
        fill_slices(&self, t, sum);
        sl_parameter_group_step(&self, "net", LR, EPS, limit);
        double norm = step_by_hand(&w, sum, limit);
        n_clipped += limit > 0 && norm > limit;
        assert_true(fabs(self.norm - norm) < 1e-5);
        expect_params(params, &w);
        assert_int_equal(self.adam.t, t + 1);
    }
    // both ways were gone, and nothing behind the parameters was touched
    assert_in_range(n_clipped, 1, 19);
    assert_true(params[N] == 42.0f && params[N + 1] == 42.0f && self.skipped == 0);
    sl_parameter_group_fini(&self);
}

static void what_is_not_finite_is_skipped(void **state) {
    (void)state;
    float params[N], before[N];
    sl_parameter_group self;
    twin w;
    double sum[N];
    start(&self, params, &w);
    fill_slices(&self, 1, sum);
    sl_parameter_group_step(&self, "net", LR, EPS, MAX_NORM);
    (void)step_by_hand(&w, sum, MAX_NORM);
    memcpy(before, params, sizeof before);
    for (int k = 0; k < 2; k++) {
        fill_slices(&self, 2, sum);
        sl_parameter_group_slice(&self, SLICES - 1)[3] = k ? (float)NAN : (float)INFINITY;
        sl_parameter_group_step(&self, "net", LR, EPS, MAX_NORM);
        assert_memory_equal(params, before, sizeof before);
        assert_true(self.skipped == k + 1 && self.adam.t == 1);
    }
    // the next step is as if they had not been
    fill_slices(&self, 3, sum);
    sl_parameter_group_step(&self, "net", LR, EPS, MAX_NORM);
    (void)step_by_hand(&w, sum, MAX_NORM);
    expect_params(params, &w);
    sl_parameter_group_fini(&self);
}

static void saved_and_loaded_goes_on_the_same(void **state) {
    (void)state;
    float params[N], others[N], wrong[N + 1] = {0};
    sl_parameter_group self, other, wider;
    twin w;
    double sum[N];
    start(&self, params, &w);
    start(&other, others, &w);
    for (int t = 0; t < 3; t++) {
        fill_slices(&self, t, sum);
        sl_parameter_group_step(&self, "a", LR, EPS, MAX_NORM);
    }
    self.skipped = 7;
    sl_tensors *file = NULL;
    assert_int_equal(sl_tensors_create(&file), SL_OK);
    assert_int_equal(sl_parameter_group_save(&self, "a", file), SL_OK);
    assert_int_equal(sl_parameter_group_load(&other, "a", file), SL_OK);
    assert_true(other.skipped == 7 && other.adam.t == 3);
    for (int t = 3; t < 6; t++) {
        fill_slices(&self, t, sum);
        sl_parameter_group_step(&self, "a", LR, EPS, MAX_NORM);
        fill_slices(&other, t, sum);
        sl_parameter_group_step(&other, "a", LR, EPS, MAX_NORM);
    }
    assert_memory_equal(params, others, sizeof params);
    // another name, another size: nothing is taken
    assert_int_not_equal(sl_parameter_group_load(&other, "b", file), SL_OK);
    assert_int_equal(sl_parameter_group_init(&wider, N + 1, wrong, 1), SL_OK);
    assert_int_equal(sl_parameter_group_load(&wider, "a", file), SL_MISMATCH);
    assert_true(wrong[0] == 0.0f && wider.adam.t == 0);
    sl_tensors_destroy(&file);
    sl_parameter_group_fini(&self);
    sl_parameter_group_fini(&other);
    sl_parameter_group_fini(&wider);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_adams),
        cmocka_unit_test(what_is_not_finite_is_skipped),
        cmocka_unit_test(saved_and_loaded_goes_on_the_same),
    };
    return cmocka_run_group_tests_name("parameter_group", tests, NULL, NULL);
}
