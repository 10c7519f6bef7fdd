/* test_groups.c - several reports to one table: groups, scales, intervals. */
#include "starling/report/groups.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

static void assert_near(double a, double b) {
    if (fabs(a - b) > 1e-9) fail_msg("%.17g is not %.17g", a, b);
}

// a distillation run: random -80, teacher -20, students as given
static json_t *make_full(const char *experiment, int seed, double students) {
    double normalised = (students + 80) / 60;
    json_t *report = json_pack(
        "{s:s,s:s,s:i,s:{s:{s:{s:f},s:f},s:{s:{s:f},s:f,s:f},s:{s:{s:f},s:f,s:f,s:f,s:f}}}", "experiment", experiment,
        "env", "mpe/simple_spread_v3", "seed", seed, "policies", "random", "return", "mean", -80.0, "normalised", 0.0,
        "teacher", "return", "mean", -20.0, "normalised", 1.0, "flops_per_step", 6000.0, "students", "return", "mean",
        students, "normalised", normalised, "retention", normalised, "flops_per_step", 200.0, "bytes", 1234.0);
    assert_non_null(report);
    return report;
}

// a direct run: no teacher, so no normalised score of its own
static json_t *make_direct(int seed, const char *env, double students) {
    json_t *report = json_pack("{s:s,s:s,s:i,s:{s:{s:{s:f}}}}", "experiment", "direct", "env", env, "seed", seed,
                               "policies", "students", "return", "mean", students);
    assert_non_null(report);
    return report;
}

static const sl_group *find(const sl_groups *groups, const char *experiment, const char *policy) {
    for (int i = 0; i < groups->n; i++) {
        const sl_group *g = &groups->items[i];
        if (strcmp(g->experiment, experiment) == 0 && strcmp(g->policy, policy) == 0) return g;
    }
    fail_msg("no group %s %s", experiment, policy);
    return NULL;
}

static void drop(int n, json_t **reports) {
    for (int i = 0; i < n; i++) json_decref(reports[i]);
}

static void test_grouping(void **state) {
    (void)state;
    json_t *reports[] = {make_full("full", 1, -22), make_direct(1, "mpe/simple_spread_v3", -50),
                         make_full("full", 2, -24), make_full("other", 1, -30), make_full("full", 3, -26)};
    sl_groups groups;
    assert_int_equal(sl_groups_make(5, reports, &groups), SL_OK);
    // experiments in the order of their first run, policies in the report's order
    assert_int_equal(groups.n, 7);
    assert_string_equal(groups.items[0].experiment, "full");
    assert_string_equal(groups.items[0].policy, "random");
    assert_string_equal(groups.items[2].policy, "students");
    assert_string_equal(groups.items[3].experiment, "direct");
    assert_string_equal(groups.items[4].experiment, "other");
    const sl_group *students = find(&groups, "full", "students");
    assert_int_equal(students->n, 3);
    assert_near(students->measured[SL_MEASURE_RETURN].mean, -24);
    // -22, -24, -26: sd 2, Student's t with two degrees of freedom 4.3026527
    assert_near(students->measured[SL_MEASURE_RETURN].low, -24 - 4.302652729749462 * 2 / sqrt(3));
    assert_near(students->measured[SL_MEASURE_RETURN].high, -24 + 4.302652729749462 * 2 / sqrt(3));
    assert_true(students->has[SL_MEASURE_NORMALISED] && students->has[SL_MEASURE_RETENTION]);
    assert_false(students->has[SL_MEASURE_WIN_RATE]);
    assert_near(students->measured[SL_MEASURE_NORMALISED].mean, 56.0 / 60);
    assert_near(students->flops, 200);
    assert_near(students->bytes, 1234);
    // the direct run takes the other runs' scale: (-50 + 80) / 60
    const sl_group *direct = find(&groups, "direct", "students");
    assert_true(direct->has[SL_MEASURE_NORMALISED]);
    assert_near(direct->measured[SL_MEASURE_NORMALISED].mean, 0.5);
    assert_false(direct->has[SL_MEASURE_RETENTION]);
    assert_null(direct->why_not[SL_MEASURE_RETENTION]);
    // a single seed has no interval
    assert_true(isnan(direct->measured[SL_MEASURE_RETURN].low) && isnan(direct->measured[SL_MEASURE_RETURN].high) &&
                isnan(direct->measured[SL_MEASURE_NORMALISED].low));
    sl_groups_fini(&groups);
    drop(5, reports);
}

// win rates and both retentions over seeds; a measure that a seed lacks is left out
static void test_wins(void **state) {
    (void)state;
    json_t *reports[] = {make_full("full", 1, -22), make_full("full", 2, -24)};
    for (int i = 0; i < 2; i++) {
        json_t *students = json_object_get(json_object_get(reports[i], "policies"), "students");
        assert_int_equal(json_object_set_new(students, "win_rate", json_real(0.9 + 0.05 * i)), 0);
        if (i == 0) assert_int_equal(json_object_set_new(students, "return_retention", json_real(0.97)), 0);
    }
    sl_groups groups;
    assert_int_equal(sl_groups_make(2, reports, &groups), SL_OK);
    const sl_group *g = find(&groups, "full", "students");
    assert_true(g->has[SL_MEASURE_WIN_RATE] && !g->has[SL_MEASURE_RETURN_RETENTION]);
    assert_near(g->measured[SL_MEASURE_WIN_RATE].mean, 0.925);
    // 0.9 and 0.95: a standard error of 0.025, of which Student's t with one degree of freedom takes 12.7
    assert_near(g->measured[SL_MEASURE_WIN_RATE].low, 0.925 - 0.025 * tan(0.475 * acos(-1)));
    assert_near(g->measured[SL_MEASURE_WIN_RATE].high, 1);
    sl_groups_fini(&groups);
    json_t *students = json_object_get(json_object_get(reports[1], "policies"), "students");
    assert_int_equal(json_object_set_new(students, "return_retention", json_real(0.99)), 0);
    assert_int_equal(sl_groups_make(2, reports, &groups), SL_OK);
    g = find(&groups, "full", "students");
    assert_true(g->has[SL_MEASURE_RETURN_RETENTION]);
    assert_near(g->measured[SL_MEASURE_RETURN_RETENTION].mean, 0.98);
    assert_near(g->measured[SL_MEASURE_RETURN_RETENTION].high, 0.98 + 0.01 * tan(0.475 * acos(-1)));
    sl_groups_fini(&groups);
    drop(2, reports);
}

// one teacher below random play: what its report says of ratios does not count, and the reason is kept
static void test_a_bad_teacher_measures_nothing(void **state) {
    (void)state;
    json_t *reports[] = {make_full("full", 1, -22), make_full("full", 2, -24), make_full("good", 1, -22)};
    json_t *teacher = json_object_get(json_object_get(reports[1], "policies"), "teacher");
    assert_int_equal(json_object_set_new(json_object_get(teacher, "return"), "mean", json_real(-81)), 0);
    sl_groups groups;
    assert_int_equal(sl_groups_make(3, reports, &groups), SL_OK);
    const sl_group *g = find(&groups, "full", "students");
    assert_false(g->has[SL_MEASURE_NORMALISED] || g->has[SL_MEASURE_RETENTION]);
    assert_string_equal(g->why_not[SL_MEASURE_NORMALISED], "the teacher is not above random play");
    assert_string_equal(g->why_not[SL_MEASURE_RETENTION], "the teacher is not above random play");
    assert_null(g->why_not[SL_MEASURE_RETURN_RETENTION]);
    g = find(&groups, "good", "students");
    assert_true(g->has[SL_MEASURE_NORMALISED] && g->has[SL_MEASURE_RETENTION] && !g->why_not[SL_MEASURE_NORMALISED]);
    sl_groups_fini(&groups);
    drop(3, reports);
}

static void test_no_scale_of_another_environment(void **state) {
    (void)state;
    json_t *reports[] = {make_full("full", 1, -22), make_direct(1, "mpe/simple_tag_v3", -50)};
    sl_groups groups;
    assert_int_equal(sl_groups_make(2, reports, &groups), SL_OK);
    assert_false(find(&groups, "direct", "students")->has[SL_MEASURE_NORMALISED]);
    sl_groups_fini(&groups);
    drop(2, reports);
}

static void test_same_input_same_table(void **state) {
    (void)state;
    json_t *reports[] = {make_full("full", 1, -22.5), make_full("full", 2, -24.1), make_full("full", 3, -26.7),
                         make_full("full", 4, -23.3)};
    sl_groups a, b;
    assert_int_equal(sl_groups_make(4, reports, &a), SL_OK);
    assert_int_equal(sl_groups_make(4, reports, &b), SL_OK);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.items, b.items, (size_t)a.n * sizeof *a.items);
    sl_groups_fini(&a);
    sl_groups_fini(&b);
    drop(4, reports);
}

static void test_twins_are_refused(void **state) {
    (void)state;
    json_t *reports[] = {make_full("full", 1, -22), make_full("full", 2, -22), make_full("full", 1, -23)};
    sl_groups groups;
    assert_int_equal(sl_groups_make(3, reports, &groups), SL_MISMATCH);
    assert_string_equal(sl_error_what(), "'full' with seed 1 is given twice");
    drop(3, reports);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grouping),
        cmocka_unit_test(test_wins),
        cmocka_unit_test(test_no_scale_of_another_environment),
        cmocka_unit_test(test_a_bad_teacher_measures_nothing),
        cmocka_unit_test(test_same_input_same_table),
        cmocka_unit_test(test_twins_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
