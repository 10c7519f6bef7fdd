/* test_report.c - scores, the flight's comparison and report.json, by hand. */
#include "starling/report.h"

#include "common/alloc.h"
#include "starling/statistics.h"
#include "storage/file.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static void assert_near(double a, double b) {
    if (fabs(a - b) > 1e-6) fail_msg("%.17g is not %.17g", a, b);
}

// E episodes of two agents: the first gets base + e, the second twice that
static sl_flown make_flown(int E, double base) {
    sl_flown flown = {.n_episodes = E, .n_agents = 2, .seconds = 1};
    flown.returns = sl_alloc_array((size_t)E * 2, sizeof *flown.returns);
    flown.lengths = sl_alloc_array((size_t)E, sizeof *flown.lengths);
    assert_non_null(flown.returns);
    assert_non_null(flown.lengths);
    for (int e = 0; e < E; e++) {
        flown.returns[2 * e] = base + e;
        flown.returns[2 * e + 1] = 2 * (base + e);
        flown.lengths[e] = 25;
    }
    return flown;
}

static void test_score(void **state) {
    (void)state;
    // totals 3, 6, 9: mean 6, sd 3, half-width 1.96 * 3 / sqrt(3)
    sl_flown flown = make_flown(3, 1);
    sl_env_spec spec = {.n_agents = 2};
    sl_score score;
    assert_int_equal(sl_score_of(&spec, &flown, &score), SL_OK);
    assert_near(score.mean, 6);
    assert_near(score.sd, 3);
    assert_near(score.ci95, 1.96 * 3 / sqrt(3));
    assert_near(score.min, 3);
    assert_near(score.max, 9);
    assert_near(score.length, 25);
    assert_true(score.win_rate < 0);
    flown.won = sl_alloc_copy((const uint8_t[]){1, 0, 1}, 3);
    assert_int_equal(sl_score_of(&spec, &flown, &score), SL_OK);
    assert_near(score.win_rate, 2.0 / 3);
    assert_near(score.win_low, sl_wilson95(2, 3).low);
    assert_near(score.win_high, sl_wilson95(2, 3).high);
    // where all are paid the team's reward, one agent's returns count: 1, 2, 3
    spec.shared_reward = true;
    assert_int_equal(sl_score_of(&spec, &flown, &score), SL_OK);
    assert_near(score.mean, 2);
    assert_near(score.sd, 1);
    assert_near(score.max, 3);
    sl_flown_fini(&flown);
}

static void test_flight_differs(void **state) {
    (void)state;
    sl_flown students = make_flown(5, 1), flight = make_flown(3, 1);
    assert_int_equal(sl_flight_differs(&students, &flight), 0);
    // one bit of one agent in one episode
    flight.returns[3] = nextafter(flight.returns[3], 1e9);
    assert_int_equal(sl_flight_differs(&students, &flight), 1);
    flight.returns[4] += 1;
    assert_int_equal(sl_flight_differs(&students, &flight), 2);
    sl_flown_fini(&students);
    sl_flown_fini(&flight);
}

static sl_policy make_policy(int hidden, double flops) {
    sl_policy policy = {.def = {.in_dim = 4, .hidden = hidden, .out_dim = 2, .n_layers = 1}};
    policy.profile.flops = flops;
    policy.profile.n_bytes = hidden * 4;
    policy.profile.hidden = hidden;
    return policy;
}

// a run of two agents, made by hand; sl_free takes it back
static sl_run *make_run(sl_experiment *experiment) {
    sl_run *run = sl_alloc(sizeof *run);
    assert_non_null(run);
    static char name[] = "hand";
    experiment->name = name;
    experiment->seed = 7;
    run->experiment = experiment;
    static sl_env_spec spec = {.name = "mpe/hand", .n_agents = 2};
    run->spec = &spec;
    run->has_teacher = true;
    run->teacher = make_policy(64, 3000);
    run->n_students = 2;
    run->students[0] = make_policy(16, 100);
    run->students[1] = make_policy(32, 200);
    return run;
}

static double number(const json_t *report, const char *dotted) {
    double x = NAN;
    if (!sl_report_number(report, dotted, &x)) fail_msg("no %s", dotted);
    return x;
}

static void test_report(void **state) {
    (void)state;
    static sl_experiment experiment;
    sl_run *run = make_run(&experiment);
    sl_scores scores = {{{0}}};
    // means: random 3, teacher 63, students and fleet 33
    scores.flown[SL_SCORED_RANDOM] = make_flown(1, 1);
    scores.flown[SL_SCORED_TEACHER] = make_flown(1, 21);
    scores.flown[SL_SCORED_STUDENTS] = make_flown(1, 11);
    scores.flown[SL_SCORED_FLEET] = make_flown(1, 11);
    scores.flown[SL_SCORED_FLEET].n_ticks = 3;
    scores.flown[SL_SCORED_FLEET].tick_ns = sl_alloc_copy((const int64_t[]){3000000, 1000000, 2000000}, 24);
    json_t *report = NULL, *later = NULL;
    assert_int_equal(sl_report_make(run, &scores, NULL, NULL, 10, &report), SL_OK);
    assert_near(number(report, "policies.students.normalised"), 0.5);
    assert_near(number(report, "policies.students.retention"), 0.5);
    assert_near(number(report, "policies.teacher.normalised"), 1);
    assert_near(number(report, "policies.random.normalised"), 0);
    assert_near(number(report, "policies.teacher.flops_per_step"), 6000);
    assert_near(number(report, "policies.students.flops_per_step"), 300);
    assert_near(number(report, "flops_ratio"), 20);
    assert_near(number(report, "policies.students.bytes"), 192);
    assert_near(number(report, "flight.episodes_equal"), 1);
    assert_near(number(report, "timing.fleet_ms_per_step.mean"), 2);
    assert_near(number(report, "timing.fleet_ms_per_step.p99"), 3);
    assert_null(json_object_get(json_object_get(report, "policies"), "heuristic"));
    // another duration changes the timing and nothing else
    scores.flown[SL_SCORED_TEACHER].seconds = 99;
    assert_int_equal(sl_report_make(run, &scores, NULL, NULL, 77, &later), SL_OK);
    assert_false(json_equal(report, later));
    assert_int_equal(json_object_del(report, "timing"), 0);
    assert_int_equal(json_object_del(later, "timing"), 0);
    assert_true(json_equal(report, later));
    json_decref(report);
    json_decref(later);
    sl_scores_fini(&scores);
    sl_free(run);
}

static void set_won(sl_flown *flown, int n_won) {
    flown->won = sl_alloc_array((size_t)flown->n_episodes, 1);
    assert_non_null(flown->won);
    for (int e = 0; e < n_won; e++) flown->won[e] = 1;
}

/* Ten episodes each; means: random 16.5, teacher 76.5, students 46.5; won: 1, 9 and 6 of them. */
static void test_report_of_wins(void **state) {
    (void)state;
    static sl_experiment experiment;
    sl_run *run = make_run(&experiment);
    sl_scores scores = {{{0}}};
    const struct {
        sl_scored which;
        double base;
        int n_won;
    } rows[] = {{SL_SCORED_RANDOM, 1, 1}, {SL_SCORED_TEACHER, 21, 9}, {SL_SCORED_STUDENTS, 11, 6}};
    for (int i = 0; i < 3; i++) {
        scores.flown[rows[i].which] = make_flown(10, rows[i].base);
        set_won(&scores.flown[rows[i].which], rows[i].n_won);
    }
    json_t *report = NULL;
    assert_int_equal(sl_report_make(run, &scores, NULL, NULL, 10, &report), SL_OK);
    assert_near(number(report, "policies.teacher.win_rate"), 0.9);
    assert_near(number(report, "policies.students.win_rate"), 0.6);
    assert_near(number(report, "policies.students.win_rate_ci95.low"), sl_wilson95(6, 10).low);
    assert_near(number(report, "policies.students.win_rate_ci95.high"), sl_wilson95(6, 10).high);
    assert_near(number(report, "policies.students.normalised"), 0.5);
    assert_near(number(report, "policies.students.win_rate_normalised"), 5.0 / 8);
    assert_near(number(report, "policies.random.win_rate_normalised"), 0);
    assert_near(number(report, "policies.students.retention"), 6.0 / 9);
    assert_near(number(report, "policies.students.return_retention"), 0.5);
    double x;
    assert_false(sl_report_number(report, "policies.teacher.retention", &x));
    json_decref(report);
    // of a teacher that never wins nothing can be retained, but of its return
    memset(scores.flown[SL_SCORED_TEACHER].won, 0, 10);
    assert_int_equal(sl_report_make(run, &scores, NULL, NULL, 10, &report), SL_OK);
    assert_false(sl_report_number(report, "policies.students.retention", &x));
    assert_false(sl_report_number(report, "policies.students.win_rate_normalised", &x));
    assert_near(number(report, "policies.students.return_retention"), 0.5);
    json_decref(report);
    sl_scores_fini(&scores);
    sl_free(run);
}

static void test_report_file(void **state) {
    (void)state;
    static sl_experiment experiment;
    sl_run *run = make_run(&experiment);
    sl_scores scores = {{{0}}};
    scores.flown[SL_SCORED_RANDOM] = make_flown(2, 1);
    json_t *report = NULL, *again = NULL;
    assert_int_equal(sl_report_make(run, &scores, NULL, NULL, 10, &report), SL_OK);
    sl_temp_folder folder = sl_temp_folder_create();
    assert_int_equal(sl_report_save(report, sl_temp_folder_file(&folder, "report.json")), SL_OK);
    assert_int_equal(sl_report_load(folder.path, &again), SL_OK);
    assert_true(json_equal(report, again));
    json_decref(report);
    json_decref(again);
    sl_temp_folder_remove(&folder);
    sl_scores_fini(&scores);
    sl_free(run);
}

static sl_status load_text(const sl_temp_folder *folder, const char *text) {
    json_t *report = NULL;
    const char *path = sl_temp_folder_file(folder, "report.json");
    assert_int_equal(sl_file_replace(path, text, strlen(text)), SL_OK);
    sl_status status = sl_report_load(folder->path, &report);
    assert_null(report);
    return status;
}

static void test_bad_reports(void **state) {
    (void)state;
    json_t *report = NULL;
    sl_temp_folder folder = sl_temp_folder_create();
    assert_int_equal(sl_report_load("/nonexistent/run", &report), SL_NOT_FOUND);
    assert_int_equal(sl_report_load(folder.path, &report), SL_NOT_FOUND);
    assert_non_null(strstr(sl_error_what(), "has no report.json"));
    assert_int_equal(load_text(&folder, "{\"format\":1,"), SL_CORRUPT);
    assert_int_equal(load_text(&folder, "[]"), SL_CORRUPT);
    assert_int_equal(load_text(&folder, "{\"format\":9}"), SL_MISMATCH);
    assert_int_equal(load_text(&folder, "{\"format\":1,\"experiment\":\"a\",\"env\":\"b\"}"), SL_CORRUPT);
    assert_int_equal(
        load_text(&folder, "{\"format\":1,\"experiment\":\"a\",\"env\":\"b\",\"method\":\"c\",\"seed\":1}"),
        SL_CORRUPT);
    sl_temp_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_score),       cmocka_unit_test(test_flight_differs),
        cmocka_unit_test(test_report),      cmocka_unit_test(test_report_of_wins),
        cmocka_unit_test(test_report_file), cmocka_unit_test(test_bad_reports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
