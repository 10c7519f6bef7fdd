/* test_eval_links.c - starling eval under links, and a run that is trained under them: what is told, what is refused,
 * and that a run's own links count where no flag says otherwise. */
#include "starling/runner.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define SPREAD "eval " SL_SOURCE_DIR "/models/mpe/spread --episodes 40 "

// the object that a command prints; for json_decref
static json_t *object_of(const char *words) {
    expect_json(words, 0);
    json_t *object = json_loads(output, 0, NULL);
    assert_non_null(object);
    return object;
}

static void assert_same_returns(const char *a, const char *b, bool same) {
    json_t *left = object_of(a), *right = object_of(b);
    assert_int_equal(json_equal(json_object_get(left, "returns"), json_object_get(right, "returns")), same);
    json_decref(left);
    json_decref(right);
}

static double number(const json_t *object, const char *a, const char *b, const char *c) {
    const json_t *at = json_object_get(object, a);
    if (b) at = json_object_get(at, b);
    if (c) at = json_object_get(at, c);
    if (!json_is_number(at)) fail_msg("no number %s.%s.%s", a, b ? b : "", c ? c : "");
    return json_number_value(at);
}

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void nothing_late_is_as_without_links(void **state) {
    (void)state;
    assert_same_returns(SPREAD "--policy students --json", SPREAD "--policy students --links none --json", true);
    assert_same_returns(SPREAD "--policy students --json", SPREAD "--policy students --links ideal --json", true);
    assert_same_returns(SPREAD "--policy teacher --json", SPREAD "--policy teacher --links ideal --json", true);
    json_t *object = object_of(SPREAD "--policy students --links ideal --json");
    assert_string_equal(json_string_value(json_object_get(object, "links")), "none");
    assert_null(json_object_get(object, "ages"));
    json_decref(object);
}

static void links_are_told_in_steps(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    const char *path = sl_temp_folder_file(&folder, "late.yaml");
    char words[600];
    write_file(path, "links: {delay: fixed 3 steps}\n");
    (void)snprintf(words, sizeof words, SPREAD "--policy students --links %s --divergence --json", path);
    json_t *object = object_of(words);
    assert_string_equal(json_string_value(json_object_get(object, "links")), "fixed 3 steps");
    assert_string_equal(json_string_value(json_object_get(object, "execution")), "onboard");
    assert_true(number(object, "step_ms", NULL, NULL) == 100);
    assert_true(number(object, "ages", "observation", "p50") == 3 &&
                number(object, "ages", "observation", "max") == 3);
    // three of 25 steps before the first message
    assert_true(number(object, "ages", "observation", "never") == 0.12 &&
                number(object, "misses", "rate", NULL) == 0.12);
    assert_true(number(object, "divergence", NULL, NULL) > 0);
    json_decref(object);
    // there and back again
    (void)snprintf(words, sizeof words, SPREAD "--policy teacher --links %s --json", path);
    object = object_of(words);
    assert_string_equal(json_string_value(json_object_get(object, "execution")), "remote");
    assert_true(number(object, "ages", "observation", "p50") == 3 && number(object, "ages", "action", "p50") == 6);
    assert_true(number(object, "misses", "fallbacks", NULL) == 40 * 3 * 6);
    json_decref(object);
    (void)snprintf(words, sizeof words, SPREAD "--policy students --links %s --execution remote", path);
    assert_int_equal(run("2>/dev/null", words), 0);
    assert_non_null(strstr(output, "links: fixed 3 steps, remote\n"));
    assert_non_null(strstr(output, "the fallback"));
    sl_temp_folder_remove(&folder);
}

// by processes on the virtual clock
static void what_is_flown_is_what_was_evaluated(void **state) {
    (void)state;
    static const char *const links[] = {"--links 4g", "--links rlrd-wifi --execution remote"};
    for (int i = 0; i < 2; i++) {
        char words[600];
        (void)snprintf(words, sizeof words, SPREAD "--policy students --json %s", links[i]);
        json_t *evaluated = object_of(words);
        (void)snprintf(words, sizeof words, "fly " SL_SOURCE_DIR "/models/mpe/spread --episodes 40 --json %s",
                       links[i]);
        json_t *flown = object_of(words);
        assert_string_equal(json_string_value(json_object_get(flown, "clock")), "virtual");
        static const char *const same[] = {"returns", "links", "execution", "ages", "misses"};
        for (int k = 0; k < 5; k++)
            assert_true(json_equal(json_object_get(evaluated, same[k]), json_object_get(flown, same[k])));
        json_decref(evaluated);
        json_decref(flown);
    }
    assert_int_equal(run("2>/dev/null", "fly " SL_SOURCE_DIR "/models/mpe/spread --episodes 2 --links 4g"), 0);
    assert_non_null(strstr(output, "\nvirtual, 100 ms a step: 5.0 s in the world's time, flown "));
    json_t *flown = object_of("fly " SL_SOURCE_DIR "/models/mpe/spread --episodes 1 --clock realtime --hz 50 --json");
    assert_string_equal(json_string_value(json_object_get(flown, "clock")), "realtime");
    assert_true(number(flown, "timing", "realtime", "step_ms") == 20 && number(flown, "step_ms", NULL, NULL) == 20);
    assert_non_null(json_object_get(json_object_get(flown, "ages"), "observation"));
    // counts are whole numbers, times are not
    const json_t *realtime = json_object_get(json_object_get(flown, "timing"), "realtime");
    static const char *const counts[] = {"overruns", "late", "skipped"};
    for (int i = 0; i < 3; i++) assert_true(json_is_integer(json_object_get(realtime, counts[i])));
    assert_true(json_is_real(json_object_get(realtime, "drift_ms")));
    json_decref(flown);
}

static void what_is_wrong_has_its_exit_code(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    const char *path = sl_temp_folder_file(&folder, "late.yaml");
    char words[600];
    expect_error(SPREAD "--policy students --links rlrd-wfi", 2, "--links cannot be 'rlrd-wfi'");
    expect_hint("did you mean 'rlrd-wifi'?");
    expect_error(SPREAD "--policy students --links 4g --execution central", 2, "--execution cannot be 'central'");
    expect_error(SPREAD "--policy random --links 4g", 2, "--links is for policies with networks");
    expect_error(SPREAD "--policy students --divergence", 2, "--divergence: nothing is late");
    expect_error("fly " SL_SOURCE_DIR "/models/mpe/spread --links 4g --clock lockstep", 2,
                 "--clock cannot be 'lockstep' under links");
    expect_error("fly " SL_SOURCE_DIR "/models/mpe/spread --clock wall", 2, "--clock cannot be 'wall'");
    expect_error("fly " SL_SOURCE_DIR "/models/mpe/spread --hz -5", 2, "--hz cannot be '-5'");
    expect_error("fly " SL_SOURCE_DIR "/models/mpe/spread --hz nan", 2, "--hz cannot be 'nan'");
    expect_error(SPREAD "--policy students --links no/such.yaml", 4, "there is no file 'no/such.yaml'");
    write_file(path, "links: {dealy: fixed 3 steps}\n");
    (void)snprintf(words, sizeof words, SPREAD "--policy students --links %s", path);
    expect_error(words, 3, "unknown key 'links.dealy'");
    write_file(path, "links: {delay: fixed -3 steps}\n");
    expect_error(words, 3, "key 'links.delay': 'fixed -3 steps'");
    write_file(path, "links: {delay: fixed 25 steps}\n");
    expect_error(words, 3, "key 'links.delay': 'fixed 25 steps'");
    // a whole experiment will do, if it has the section
    write_file(path, "env: {name: mpe/simple_spread_v3}\n");
    expect_error(words, 3, "late.yaml: has no section 'links'");
    assert_non_null(strstr(output, "starling eval: --links /"));
    expect_hint("links: {} for none");
    write_file(path, "env: {name: mpe/simple_spread_v3}\nlinks: {}\n");
    (void)snprintf(words, sizeof words, SPREAD "--policy students --links %s --json", path);
    assert_same_returns(SPREAD "--policy students --json", words, true);
    sl_temp_folder_remove(&folder);
}

static void expect_clock(const char *folder, const char *flags, const char *clock) {
    char words[600];
    (void)snprintf(words, sizeof words, "fly %s --episodes 2 --json %s", folder, flags);
    json_t *object = object_of(words);
    assert_string_equal(json_string_value(json_object_get(object, "clock")), clock);
    json_decref(object);
}

static void a_run_is_under_its_own_links(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char run_folder[400], words[900], other[900], path[500];
    (void)snprintf(run_folder, sizeof run_folder, "%s", sl_temp_folder_file(&folder, "run"));
    (void)snprintf(words, sizeof words,
                   "train " SL_SOURCE_DIR
                   "/experiments/mpe/spread-smoke.yaml --out %s --set 'links.delay=fixed 3 steps' "
                   "--set mask.age=true",
                   run_folder);
    assert_int_equal(run("2>/dev/null", words), 0);
    // the other rows are fresh
    assert_non_null(strstr(output, "\nlinks of students and fleet: fixed 3 steps, onboard\n"));
    (void)snprintf(path, sizeof path, "%s/report.json", run_folder);
    json_t *report = json_load_file(path, 0, NULL);
    assert_non_null(report);
    assert_string_equal(json_string_value(json_object_get(report, "links")), "fixed 3 steps");
    assert_string_equal(json_string_value(json_object_get(report, "execution")), "onboard");
    double mean = json_number_value(json_object_get(
        json_object_get(json_object_get(json_object_get(report, "policies"), "students"), "return"), "mean"));
    json_decref(report);
    (void)snprintf(words, sizeof words, "eval %s --policy students --json", run_folder);
    json_t *object = object_of(words);
    assert_string_equal(json_string_value(json_object_get(object, "links")), "fixed 3 steps");
    assert_true(number(object, "return_mean", NULL, NULL) == mean);
    json_decref(object);
    (void)snprintf(other, sizeof other, "eval %s --policy students --links none --json", run_folder);
    assert_same_returns(words, other, false);
    // by the clock that the flight's own links ask for
    expect_clock(run_folder, "", "virtual");
    expect_clock(run_folder, "--links none", "lockstep");
    expect_clock(run_folder, "--links none --clock lockstep", "lockstep");
    expect_clock(run_folder, "--links none --clock virtual", "virtual");
    (void)snprintf(other, sizeof other, "fly %s --clock lockstep", run_folder);
    expect_error(other, 2, "--clock cannot be 'lockstep' under links");
    // its teacher learned without them
    (void)snprintf(words, sizeof words, "eval %s --policy teacher --json", run_folder);
    (void)snprintf(other, sizeof other, "eval %s --policy teacher --links none --json", run_folder);
    assert_same_returns(words, other, true);
    // what is not trained is evaluated
    (void)snprintf(words, sizeof words, "eval %s --policy students --execution remote --json", run_folder);
    object = object_of(words);
    assert_string_equal(json_string_value(json_object_get(object, "execution")), "remote");
    json_decref(object);
    (void)snprintf(words, sizeof words,
                   "train " SL_SOURCE_DIR "/experiments/mpe/spread-smoke.yaml --out %s-remote --set "
                   "'links.delay=fixed 3 steps' --set links.execution=remote",
                   run_folder);
    expect_error(words, 3, "key 'links.execution': nothing is trained with 'remote'");
    (void)snprintf(words, sizeof words,
                   "train " SL_SOURCE_DIR "/experiments/mpe/spread-smoke.yaml --out %s-stale "
                   "--set 'links.delay=fixed 3 steps' --set links.teacher=stale",
                   run_folder);
    assert_int_equal(run("2>/dev/null", words), 0);
    assert_non_null(strstr(output, "\nlinks of teacher, students and fleet: fixed 3 steps, onboard\n"));
    sl_temp_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_late_is_as_without_links),    cmocka_unit_test(links_are_told_in_steps),
        cmocka_unit_test(what_is_flown_is_what_was_evaluated), cmocka_unit_test(what_is_wrong_has_its_exit_code),
        cmocka_unit_test(a_run_is_under_its_own_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
