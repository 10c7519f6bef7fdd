/* test_group_step.c - the step at the end of a minibatch, against the formulas written out in double. */
#include "trainer/group_step.h"

#include "common/alloc.h"
#include "support/torture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

enum { N = 5, SLICES = 3, MANY = 40000 };
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

/* One network and its step. */
typedef struct field {
    sl_pool *pool;
    sl_parameter_group group;
    sl_group_step *step;
} field;

static void start(field *f, float *params, twin *w) {
    *w = (twin){0};
    for (int i = 0; i < N; i++) w->p[i] = (double)(params[i] = (float)(0.5 * i - 1.0));
    sl_parameter_group *group = &f->group;
    assert_int_equal(sl_pool_create(2, &f->pool), SL_OK);
    assert_int_equal(sl_parameter_group_init(group, "net", N, params, SLICES), SL_OK);
    assert_int_equal(sl_group_step_create(f->pool, 1, &group, &f->step), SL_OK);
}

static void end(field *f) {
    sl_group_step_destroy(&f->step);
    assert_null(f->step);
    sl_group_step_destroy(&f->step);
    sl_parameter_group_fini(&f->group);
    sl_pool_destroy(&f->pool);
}

static void step(field *f, double max_norm) {
    const sl_group_step_options options = {LR, EPS, max_norm};
    sl_group_step_run(f->step, &options);
}

static void steps_are_adams(void **state) {
    (void)state;
    float params[N + 2];
    params[N] = params[N + 1] = 42.0f;
    field f;
    twin w;
    double sum[N];
    int n_clipped = 0;
    start(&f, params, &w);
    for (int t = 0; t < 20; t++) {
        // with the limit and without
        double limit = t % 2 ? MAX_NORM : 0;
        fill_slices(&f.group, t, sum);
        step(&f, limit);
        double norm = step_by_hand(&w, sum, limit);
        n_clipped += limit > 0 && norm > limit;
        assert_true(fabs(f.group.norm - norm) < 1e-5);
        expect_params(params, &w);
        assert_int_equal(f.group.adam.t, t + 1);
    }
    // both ways were gone, and nothing behind the parameters was touched
    assert_in_range(n_clipped, 1, 19);
    assert_true(params[N] == 42.0f && params[N + 1] == 42.0f && f.group.skipped == 0);
    end(&f);
}

static void what_is_not_finite_is_skipped(void **state) {
    (void)state;
    float params[N], before[N];
    field f;
    twin w;
    double sum[N];
    start(&f, params, &w);
    fill_slices(&f.group, 1, sum);
    step(&f, MAX_NORM);
    (void)step_by_hand(&w, sum, MAX_NORM);
    memcpy(before, params, sizeof before);
    for (int k = 0; k < 2; k++) {
        fill_slices(&f.group, 2, sum);
        sl_parameter_group_slice(&f.group, SLICES - 1)[3] = k ? (float)NAN : (float)INFINITY;
        step(&f, MAX_NORM);
        assert_memory_equal(params, before, sizeof before);
        assert_true(f.group.skipped == k + 1 && f.group.adam.t == 1);
    }
    // the next step is as if they had not been
    fill_slices(&f.group, 3, sum);
    step(&f, MAX_NORM);
    (void)step_by_hand(&w, sum, MAX_NORM);
    expect_params(params, &w);
    end(&f);
}

/* Three networks of very different sizes, of which the last moves every other time. */
typedef struct family {
    sl_pool *pool;
    sl_parameter_group groups[3];
    float *params;
    sl_group_step *step;
} family;

static const size_t sizes[3] = {MANY, 70, 9000};

static sl_status family_init(family *f, int n_threads) {
    sl_parameter_group *groups[3];
    size_t at = 0;
    *f = (family){.params = sl_alloc_array(MANY + 70 + 9000, sizeof(float))};
    if (!f->params) return SL_MEMORY;
    SL_TRY(sl_pool_create(n_threads, &f->pool));
    for (int g = 0; g < 3; g++) {
        groups[g] = &f->groups[g];
        SL_TRY(sl_parameter_group_init(groups[g], "one", sizes[g], f->params + at, SLICES));
        at += sizes[g];
    }
    return sl_group_step_create(f->pool, 3, groups, &f->step);
}

static void family_fini(family *f) {
    sl_group_step_destroy(&f->step);
    for (int g = 0; g < 3; g++) sl_parameter_group_fini(&f->groups[g]);
    sl_pool_destroy(&f->pool);
    sl_free(f->params);
}

static void run_family(family *f, double norms[3]) {
    for (int t = 0; t < 6; t++) {
        f->groups[2].moves = t % 2 == 0;
        for (int g = 0; g < 3; g++)
            for (size_t k = 0; k < SLICES * sizes[g]; k++)
                f->groups[g].grads[k] = (float)sin(0.37 * (double)k + t + g) * (float)(g + 1);
        const sl_group_step_options options = {LR, EPS, 40};
        sl_group_step_run(f->step, &options);
    }
    for (int g = 0; g < 3; g++) norms[g] = f->groups[g].norm;
}

static void threads_change_nothing(void **state) {
    (void)state;
    family one;
    double norms[3], others[3];
    assert_int_equal(family_init(&one, 1), SL_OK);
    run_family(&one, norms);
    // only who moves steps, and each is clipped by its own norm
    assert_true(one.groups[0].adam.t == 6 && one.groups[2].adam.t == 3);
    assert_true(norms[0] > 40 && norms[1] < 40 && norms[1] > 0);
    for (int n_threads = 2; n_threads <= 4; n_threads++) {
        family many;
        assert_int_equal(family_init(&many, n_threads), SL_OK);
        run_family(&many, others);
        assert_memory_equal(many.params, one.params, (MANY + 70 + 9000) * sizeof(float));
        assert_memory_equal(others, norms, sizeof norms);
        family_fini(&many);
    }
    family_fini(&one);
}

static void a_long_norm_is_that_of_all_blocks(void **state) {
    (void)state;
    family f;
    assert_int_equal(family_init(&f, 2), SL_OK);
    for (int s = 0; s < SLICES; s++)
        for (int k = 0; k < MANY; k++) sl_parameter_group_slice(&f.groups[0], s)[k] = (float)(s + 1);
    const sl_group_step_options options = {LR, EPS, 0};
    sl_group_step_run(f.step, &options);
    // 1 + 2 + 3 in each of 40,000
    assert_true(fabs(f.groups[0].norm - 1200) < 1e-9);
    assert_true(f.groups[1].norm == 0);
    family_fini(&f);
}

static sl_status make_family(void *context) {
    family *f = context;
    sl_status status = family_init(f, 1);
    family_fini(f);
    return status;
}

static void each_failing_allocation_is_survived(void **state) {
    (void)state;
    family f;
    assert_true(sl_torture(make_family, &f) > 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_adams),
        cmocka_unit_test(what_is_not_finite_is_skipped),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(a_long_norm_is_that_of_all_blocks),
        cmocka_unit_test(each_failing_allocation_is_survived),
    };
    return cmocka_run_group_tests_name("group_step", tests, NULL, NULL);
}
