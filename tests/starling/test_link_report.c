/* test_link_report.c - what links did, as JSON and in lines: percentiles of ages, misses, divergence, and nothing
 * where nothing was late. */
#include "starling/report/link_report.h"
#include "starling/run/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static sl_links links = {.execution = SL_EXECUTION_REMOTE, .step_ms = 20, .text = "fixed 3 steps, loss 0.1"};

static sl_link_counts example(void) {
    sl_link_counts counts = {
        .decisions = 200, .misses = 30, .longest_run = 4, .fallbacks = 7, .divergent = 50, .compared = 200};
    counts.observation_ages[3] = 150;
    counts.observation_ages[8] = 49;
    counts.observation_ages[SL_LINKS_AGES - 1] = 1;
    counts.action_ages[6] = 200;
    return counts;
}

static double number(const json_t *object, const char *path) {
    double value = -1;
    if (!sl_json_find_number(object, path, &value)) fail_msg("no number %s", path);
    return value;
}

static void numbers_are_told_in_steps_and_ms(void **state) {
    (void)state;
    sl_link_counts counts = example();
    sl_evaluation results = {.link_counts = &counts};
    json_t *object = json_object();
    bool failed = false;
    sl_link_report_set(&links, &results, object, &failed);
    assert_false(failed);
    assert_string_equal(json_string_value(json_object_get(object, "links")), "fixed 3 steps, loss 0.1");
    assert_string_equal(json_string_value(json_object_get(object, "execution")), "remote");
    assert_true(number(object, "step_ms") == 20);
    assert_true(number(object, "ages.observation.p50") == 3 && number(object, "ages.observation.p50_ms") == 60);
    assert_true(number(object, "ages.observation.p90") == 8 && number(object, "ages.observation.p99") == 8);
    // among those that never came
    const json_t *observation = json_object_get(json_object_get(object, "ages"), "observation");
    assert_true(json_is_null(json_object_get(observation, "p99_9")));
    assert_true(number(object, "ages.observation.max") == 8 && number(object, "ages.observation.never") == 0.005);
    assert_true(number(object, "ages.action.max_ms") == 120 && number(object, "ages.action.never") == 0);
    assert_true(number(object, "misses.rate") == 0.15 && number(object, "misses.longest_run") == 4 &&
                number(object, "misses.fallbacks") == 7);
    assert_true(number(object, "divergence") == 0.25);
    json_decref(object);
}

static void what_was_not_counted_is_not_told(void **state) {
    (void)state;
    sl_link_counts counts = {.decisions = 3};
    sl_evaluation results = {.link_counts = &counts};
    json_t *object = json_object();
    bool failed = false;
    sl_link_report_set(&links, &results, object, &failed);
    // no action had an age, and nothing was compared
    const json_t *action = json_object_get(json_object_get(object, "ages"), "action");
    assert_true(json_is_null(json_object_get(action, "p50")) && json_is_null(json_object_get(action, "max")));
    assert_null(json_object_get(object, "divergence"));
    json_decref(object);
    object = json_object();
    sl_link_report_set(NULL, &(sl_evaluation){0}, object, &failed);
    assert_string_equal(json_string_value(json_object_get(object, "links")), "none");
    assert_int_equal(json_object_size(object), 1);
    json_decref(object);
    assert_false(failed);
}

static void lines_say_the_same(void **state) {
    (void)state;
    sl_link_counts counts = example();
    sl_evaluation results = {.link_counts = &counts};
    char text[1024] = "";
    FILE *file = fmemopen(text, sizeof text, "w");
    assert_non_null(file);
    sl_link_report_print(file, &links, &results);
    (void)fclose(file);
    assert_string_equal(text, "links: fixed 3 steps, loss 0.1, remote\n"
                              "age of what was decided on, in steps of 20 ms: p50 3, p90 8, p99 8, p99.9 never\n"
                              "  came, max 8; 0.5% never came\n"
                              "age of what was applied, in steps of 20 ms: p50 6, p90 6, p99 6, p99.9 6, max 6;\n"
                              "  0.0% never came\n"
                              "nothing newer had come in 15.0% of cases, 4 steps in a row at most; the fallback\n"
                              "  acted 7 times\n"
                              "the links changed 25.0% of decisions\n");
    // nothing ever came
    counts = (sl_link_counts){.observation_ages[SL_LINKS_AGES - 1] = 25, .fallbacks = 1};
    memset(text, 0, sizeof text);
    file = fmemopen(text, sizeof text, "w");
    assert_non_null(file);
    sl_link_report_print(file, &links, &results);
    (void)fclose(file);
    assert_non_null(strstr(text, "\nage of what was decided on: none, it never came\n"));
    assert_non_null(strstr(text, "acted 1 time\n"));
    assert_null(strstr(text, "nan"));
    counts = example();
    // what a realtime clock saw
    memset(text, 0, sizeof text);
    file = fmemopen(text, sizeof text, "w");
    assert_non_null(file);
    results.clock.step_ms = 10;
    sl_link_report_print(file, NULL, &results);
    (void)fclose(file);
    assert_true(strncmp(text, "age of what was decided on, in steps of 10 ms: p50 3", 52) == 0);
    memset(text, 0, sizeof text);
    file = fmemopen(text, sizeof text, "w");
    assert_non_null(file);
    sl_link_report_print(file, NULL, &(sl_evaluation){0});
    (void)fclose(file);
    assert_string_equal(text, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_told_in_steps_and_ms),
        cmocka_unit_test(what_was_not_counted_is_not_told),
        cmocka_unit_test(lines_say_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
