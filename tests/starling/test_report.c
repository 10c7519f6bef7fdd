/* test_report.c - scores, the flight's comparison and report.json, by hand. */
#include "starling/report/report.h"
#include "starling/run/output.h"

#include "common/alloc.h"
#include "starling/report/statistics.h"
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
static sl_evaluation make_flown(int E, double base) {
    sl_evaluation results = {.n_episodes = E, .n_agents = 2, .seconds = 1};
    results.returns = sl_alloc_array((size_t)E * 2, sizeof *results.returns);
    results.lengths = sl_alloc_array((size_t)E, sizeof *results.lengths);
    assert_non_null(results.returns);
    assert_non_null(results.lengths);
    for (int e = 0; e < E; e++) {
        results.returns[2 * e] = base + e;
        results.returns[2 * e + 1] = 2 * (base + e);
        results.lengths[e] = 25;
    }
    return results;
}

static void test_score(void **state) {
    (void)state;
    // totals 3, 6, 9: mean 6, sd 3, half-width 4.30 * 3 / sqrt(3)
    sl_evaluation results = make_flown(3, 1);
    sl_env_spec spec = {.n_agents = 2};
    sl_score score;
    assert_int_equal(sl_score_of(&spec, &results, &score), SL_OK);
    assert_near(score.mean, 6);
    assert_near(score.sd, 3);
    assert_near(score.ci95, 0.95 * sqrt(2 / (1 - 0.95 * 0.95)) * 3 / sqrt(3));
    assert_near(score.min, 3);
    assert_near(score.max, 9);
    assert_near(score.length, 25);
    assert_true(score.win_rate < 0);
    results.won = sl_alloc_copy((const uint8_t[]){1, 0, 1}, 3);
    assert_int_equal(sl_score_of(&spec, &results, &score), SL_OK);
    assert_near(score.win_rate, 2.0 / 3);
    assert_near(score.win_low, sl_wilson95(2, 3).low);
    assert_near(score.win_high, sl_wilson95(2, 3).high);
    // where all are paid the team's reward, one agent's returns count: 1, 2, 3
    spec.shared_reward = true;
    assert_int_equal(sl_score_of(&spec, &results, &score), SL_OK);
    assert_near(score.mean, 2);
    assert_near(score.sd, 1);
    assert_near(score.max, 3);
    sl_evaluation_fini(&results);
}

static void test_flight_differs(void **state) {
    (void)state;
    sl_evaluation students = make_flown(5, 1), flight = make_flown(3, 1);
    assert_int_equal(sl_flight_differs(&students, &flight), 0);
    // one bit of one agent in one episode
    flight.returns[3] = nextafter(flight.returns[3], 1e9);
    assert_int_equal(sl_flight_differs(&students, &flight), 1);
    flight.returns[4] += 1;
    assert_int_equal(sl_flight_differs(&students, &flight), 2);
    sl_evaluation_fini(&students);
    sl_evaluation_fini(&flight);
}

static sl_policy make_policy(int hidden, double flops) {
    sl_policy policy = {.def = {.in_dim = 4, .hidden = hidden, .out_dim = 2, .n_layers = 1}};
    policy.profile.flops = flops;
    policy.profile.n_bytes = hidden * 4;
    policy.profile.hidden = hidden;
    return policy;
}

static sl_links links;

// a run of two agents, made by hand, under no links; sl_free takes it back
static sl_run *make_run(sl_experiment *experiment) {
    sl_run *run = sl_alloc(sizeof *run);
    assert_non_null(run);
    static char name[] = "hand";
    experiment->name = name;
    experiment->seed = 7;
    run->experiment = experiment;
    static sl_env_spec spec = {.name = "mpe/hand", .n_agents = 2};
    run->spec = &spec;
    links = (sl_links){.text = "none"};
    static sl_setup setup = {.links = &links};
    run->setup = &setup;
    run->has_teacher = true;
    run->teacher = make_policy(64, 3000);
    run->n_students = 2;
    static sl_policy students[2];
    run->students = students;
    run->students[0] = make_policy(16, 100);
    run->students[1] = make_policy(32, 200);
    return run;
}

static double number(const json_t *report, const char *dotted) {
    double x = NAN;
    if (!sl_json_find_number(report, dotted, &x)) fail_msg("no %s", dotted);
    return x;
}

static void test_report(void **state) {
    (void)state;
    static sl_experiment experiment;
    sl_run *run = make_run(&experiment);
    sl_scores scores = {{{0}}};
    // means: random 3, teacher 63, students and fleet 33
    scores.results[SL_SCORED_RANDOM] = make_flown(1, 1);
    scores.results[SL_SCORED_TEACHER] = make_flown(1, 21);
    scores.results[SL_SCORED_STUDENTS] = make_flown(1, 11);
    scores.results[SL_SCORED_FLEET] = make_flown(1, 11);
    scores.results[SL_SCORED_FLEET].n_ticks = 3;
    scores.results[SL_SCORED_FLEET].tick_ns = sl_alloc_copy((const int64_t[]){3000000, 1000000, 2000000}, 24);
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
    assert_null(json_object_get(report, "links"));
    // another duration changes the timing and nothing else
    scores.results[SL_SCORED_TEACHER].seconds = 99;
    assert_int_equal(sl_report_make(run, &scores, NULL, NULL, 77, &later), SL_OK);
    assert_false(json_equal(report, later));
    assert_int_equal(json_object_del(report, "timing"), 0);
    assert_int_equal(json_object_del(later, "timing"), 0);
    assert_true(json_equal(report, later));
    json_decref(later);
    // what is late is told
    static sl_channel_def late = {.delay = {.in_steps = true, .a = 3}};
    links = (sl_links){.n_channels = 1, .channels = &late, .text = "fixed 3 steps"};
    assert_int_equal(sl_report_make(run, &scores, NULL, NULL, 10, &later), SL_OK);
    assert_string_equal(json_string_value(json_object_get(later, "links")), "fixed 3 steps");
    assert_string_equal(json_string_value(json_object_get(later, "execution")), "onboard");
    assert_string_equal(json_string_value(json_object_get(later, "links_teacher")), "fresh");
    json_decref(report);
    json_decref(later);
    experiment.links.teaches_stale = true;
    assert_int_equal(sl_report_make(run, &scores, NULL, NULL, 10, &later), SL_OK);
    assert_string_equal(json_string_value(json_object_get(later, "links_teacher")), "stale");
    json_decref(later);
    sl_scores_fini(&scores);
    sl_free(run);
}

// a report of a teacher that is no better than random play; means: random 33, teacher and students as given
static json_t *report_of(double teacher, double students, int E) {
    static sl_experiment experiment;
    sl_run *run = make_run(&experiment);
    sl_scores scores = {{{0}}};
    scores.results[SL_SCORED_RANDOM] = make_flown(E, 11 - (E - 1) / 2.0);
    scores.results[SL_SCORED_TEACHER] = make_flown(E, teacher / 3 - (E - 1) / 2.0);
    scores.results[SL_SCORED_STUDENTS] = make_flown(E, students / 3 - (E - 1) / 2.0);
    json_t *report = NULL;
    assert_int_equal(sl_report_make(run, &scores, NULL, NULL, 10, &report), SL_OK);
    sl_scores_fini(&scores);
    sl_free(run);
    return report;
}

static void expect_reason(const json_t *report, const char *policy, const char *key, const char *reason) {
    const json_t *object = json_object_get(json_object_get(report, "policies"), policy);
    char name[64];
    (void)snprintf(name, sizeof name, "%s_reason", key);
    assert_true(json_is_null(json_object_get(object, key)));
    const char *text = json_string_value(json_object_get(object, name));
    if (!text || strcmp(text, reason) != 0) fail_msg("%s: '%s'", key, text ? text : "no reason");
}

static void test_no_ratio_to_a_bad_teacher(void **state) {
    (void)state;
    const char *const below = "the teacher is not above random play";
    const char *const chance = "the teacher is above random play by no more than chance";
    const struct {
        double teacher;
        int E;
        const char *reason;       // NULL: there are ratios
    } cases[] = {{30, 1, below},  // 142.9 % and -1248 % came out here
                 {33, 1, below},  // equal: a division by zero
                 {36, 1, NULL},   // one episode has no noise that could be known
                 {36, 3, chance}, // 3 * (0, 1, 2): sd 3, half-widths 7.45, and 10.5 of the difference
                 {43.2, 3, chance}, {45, 3, NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *report = report_of(cases[i].teacher, 27, cases[i].E);
        const char *const policies[] = {"random", "teacher", "students"};
        for (int p = 0; p < 3 && cases[i].reason; p++)
            expect_reason(report, policies[p], "normalised", cases[i].reason);
        if (cases[i].reason) {
            expect_reason(report, "students", "retention", cases[i].reason);
        } else {
            assert_near(number(report, "policies.students.retention"), -6 / (cases[i].teacher - 33));
            assert_null(json_object_get(json_object_get(json_object_get(report, "policies"), "students"),
                                        "retention_reason"));
        }
        json_decref(report);
    }
}

static void test_one_episode_has_no_interval(void **state) {
    (void)state;
    json_t *report = report_of(63, 33, 1);
    const json_t *students = json_object_get(json_object_get(report, "policies"), "students");
    const json_t *score = json_object_get(students, "return");
    assert_near(json_number_value(json_object_get(score, "mean")), 33);
    assert_true(json_is_null(json_object_get(score, "ci95")));
    assert_true(json_is_null(json_object_get(score, "sd")));
    json_decref(report);
    char text[SL_SCORE_TEXT];
    sl_score one = {.mean = -23.685, .ci95 = NAN, .win_rate = -1};
    assert_string_equal(sl_score_text(&one, 1, 3, text), "return -23.68 (1 episode, seed 3)");
    sl_score many = {.mean = 20, .ci95 = 0.5, .win_rate = 0.98, .win_low = 0.97, .win_high = 0.9875};
    assert_string_equal(sl_score_text(&many, 1000, 1, text),
                        "return 20.00 \u00b1 0.50 (95% CI, 1000 episodes, seed 1), won 98.0% [97.0, 98.8]");
}

static void set_won(sl_evaluation *results, int n_won) {
    results->won = sl_alloc_array((size_t)results->n_episodes, 1);
    assert_non_null(results->won);
    for (int e = 0; e < n_won; e++) results->won[e] = 1;
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
        scores.results[rows[i].which] = make_flown(10, rows[i].base);
        set_won(&scores.results[rows[i].which], rows[i].n_won);
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
    assert_false(sl_json_find_number(report, "policies.teacher.retention", &x));
    json_decref(report);
    // of a teacher that never wins nothing can be retained, but of its return
    memset(scores.results[SL_SCORED_TEACHER].won, 0, 10);
    assert_int_equal(sl_report_make(run, &scores, NULL, NULL, 10, &report), SL_OK);
    expect_reason(report, "students", "retention", "the teacher wins nothing");
    expect_reason(report, "students", "win_rate_normalised", "the teacher wins nothing");
    assert_near(number(report, "policies.students.return_retention"), 0.5);
    json_decref(report);
    // nor of one that wins as often as random play does
    scores.results[SL_SCORED_TEACHER].won[4] = 1;
    assert_int_equal(sl_report_make(run, &scores, NULL, NULL, 10, &report), SL_OK);
    expect_reason(report, "students", "retention", "the teacher wins no more often than random play");
    expect_reason(report, "random", "win_rate_normalised", "the teacher wins no more often than random play");
    json_decref(report);
    sl_scores_fini(&scores);
    sl_free(run);
}

static void test_report_file(void **state) {
    (void)state;
    static sl_experiment experiment;
    sl_run *run = make_run(&experiment);
    sl_scores scores = {{{0}}};
    scores.results[SL_SCORED_RANDOM] = make_flown(2, 1);
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
    // what is printed may not move the cursor
    assert_int_equal(load_text(&folder, "{\"format\":1,\"experiment\":\"\\u001b[2J\",\"env\":\"b\",\"method\":\"c\","
                                        "\"seed\":1,\"policies\":{}}"),
                     SL_CORRUPT);
    assert_non_null(strstr(sl_error_what(), "'experiment' is missing or no plain text"));
    sl_temp_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_score),
        cmocka_unit_test(test_flight_differs),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_report_of_wins),
        cmocka_unit_test(test_report_file),
        cmocka_unit_test(test_bad_reports),
        cmocka_unit_test(test_no_ratio_to_a_bad_teacher),
        cmocka_unit_test(test_one_episode_has_no_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
