/* test_run_progress.c - stage and progress events: what is kept of them, and that odd ones do no harm. */
#include "starling/run/run_progress.h"

#include "support/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static sl_run_progress progress;

static void give(const char *text) {
    json_error_t error;
    json_t *event = json_loads(text, 0, &error);
    assert_non_null(event);
    sl_run_progress_event(&progress, event);
    json_decref(event);
}

static void begin(void) {
    sl_run_progress_init(&progress, false);
    progress.quiet = true;
}

static void test_stages(void **state) {
    (void)state;
    begin();
    give("{\"event\":\"stage\",\"stage\":\"teacher\",\"state\":\"start\"}");
    assert_int_equal(progress.n_stages, 1);
    assert_true(progress.stages[0].started > 0);
    // a restarted trainer starts its stage again: one stage, its time goes on
    give("{\"event\":\"stage\",\"stage\":\"teacher\",\"state\":\"start\"}");
    give("{\"event\":\"stage\",\"stage\":\"teacher\",\"state\":\"done\",\"seconds\":1}");
    give("{\"event\":\"stage\",\"stage\":\"distill\",\"state\":\"start\"}");
    assert_int_equal(progress.n_stages, 2);
    assert_true(progress.stages[0].seconds > 0);
    assert_true(progress.stages[0].started <= 0);
    json_t *timing = sl_run_progress_timing(&progress), *seconds = json_object_get(timing, "stage_seconds");
    assert_non_null(json_object_get(seconds, "teacher"));
    assert_null(json_object_get(seconds, "distill"));
    assert_int_equal(json_object_size(json_object_get(timing, "overlap")), 0);
    json_decref(timing);
    // what the last progress says, of a stage that is over
    give("{\"event\":\"progress\",\"stage\":\"distill\",\"done\":1,\"total\":2,\"overlap\":0.5}");
    give("{\"event\":\"progress\",\"stage\":\"distill\",\"done\":2,\"total\":2,\"overlap\":0.25}");
    give("{\"event\":\"stage\",\"stage\":\"distill\",\"state\":\"done\",\"seconds\":1}");
    timing = sl_run_progress_timing(&progress);
    double share = json_number_value(json_object_get(json_object_get(timing, "overlap"), "distill"));
    assert_true(share > 0.2499 && share < 0.2501);
    assert_null(json_object_get(json_object_get(timing, "overlap"), "teacher"));
    json_decref(timing);
}

static void test_says_what_is_waited_for(void **state) {
    (void)state;
    char text[256];
    sl_run_progress_init(&progress, false);
    sl_run_progress_news news = {.stage = "fly", .unit = "episodes", .done = 3, .total = 100, .per_second = 7};
    news.eta_seconds = 61, news.won = -1, news.note = "waiting for slots 0, 1";
    sl_capture_begin();
    sl_run_progress_update(&progress, &news);
    (void)sl_capture_end(text, sizeof text);
    assert_string_equal(text, "fly                  3%  3/100 episodes  waiting for slots 0, 1\n");
    // what is waited for is whole, at the count's cost
    progress.last_line = 0;
    news.done = 82, news.note = "waiting for slot 2 at tcp://192.168.100.200:55555";
    sl_capture_begin();
    sl_run_progress_update(&progress, &news);
    (void)sl_capture_end(text, sizeof text);
    assert_string_equal(text, "fly                 82%  waiting for slot 2 at tcp://192.168.100.200:55555\n");
    progress.last_line = 0;
    news.done = 3, news.note = "waiting for slots 0, 1";
    sl_capture_begin();
    sl_run_progress_update(&progress, &news);
    (void)sl_capture_end(text, sizeof text);
    // the same again, a while later: one who waits for hours fills no log
    progress.last_line -= 30;
    sl_capture_begin();
    sl_run_progress_update(&progress, &news);
    (void)sl_capture_end(text, sizeof text);
    assert_string_equal(text, "");
    progress.last_line -= 31;
    news.done = 0, news.note = "waiting for slot 1 at tcp://127.0.0.1:5555";
    sl_capture_begin();
    sl_run_progress_update(&progress, &news);
    (void)sl_capture_end(text, sizeof text);
    assert_string_equal(text, "fly                waiting for slot 1 at tcp://127.0.0.1:5555\n");
    progress.last_line = 0;
    news.done = 3, news.note = "";
    sl_capture_begin();
    sl_run_progress_update(&progress, &news);
    (void)sl_capture_end(text, sizeof text);
    assert_string_equal(text, "fly                  3%  3/100 episodes  7/s  ETA 1:01\n");
}

static void test_odd_events(void **state) {
    (void)state;
    begin();
    give("{}");
    give("{\"event\":7,\"stage\":[]}");
    give("{\"event\":\"stage\",\"stage\":\"teacher\",\"state\":null}");
    give("{\"event\":\"progress\",\"stage\":\"teacher\"}");
    give("{\"event\":\"progress\",\"stage\":\"teacher\",\"done\":\"x\",\"total\":-3,\"per_second\":{},\"eta_"
         "seconds\":1e300}");
    give("{\"event\":\"ready\",\"endpoint\":\"x\"}");
    assert_int_equal(progress.n_stages, 0);
    // more stages than there are, and longer names than fit
    for (int i = 0; i < SL_MAX_STAGES + 5; i++) {
        char text[256];
        (void)snprintf(text, sizeof text,
                       "{\"event\":\"stage\",\"stage\":\"a-stage-with-quite-a-long-name-of-its-own-%d\","
                       "\"state\":\"start\"}",
                       i);
        give(text);
    }
    assert_true(progress.n_stages <= SL_MAX_STAGES);
}

static void test_lines(void **state) {
    (void)state;
    char text[512];
    sl_run_progress_init(&progress, false);
    progress.terminal = false;
    sl_capture_begin();
    give("{\"event\":\"progress\",\"stage\":\"teacher\",\"done\":50,\"total\":200,\"unit\":\"steps\",\"return\":"
         "19.4,\"won\":0.9666}");
    progress.last_line = 0;
    give("{\"event\":\"progress\",\"stage\":\"teacher\",\"done\":50,\"total\":200,\"unit\":\"steps\",\"return\":"
         "-22.4,\"eta_seconds\":61}");
    (void)sl_capture_end(text, sizeof text);
    assert_string_equal(text, "teacher             25%  50/200 steps  return 19.40  won 97 %\n"
                              "teacher             25%  50/200 steps  return -22.40  ETA 1:01\n");
    // where 79 columns do not hold all, the rate is the first to go, and the time that is left the last
    sl_capture_begin();
    progress.last_line = 0;
    give("{\"event\":\"progress\",\"stage\":\"teacher\",\"done\":2250000,\"total\":5000000,\"unit\":\"steps\","
         "\"return\":"
         "15.234,\"won\":0.78,\"per_second\":9600,\"eta_seconds\":754}");
    progress.last_line = 0;
    give("{\"event\":\"progress\",\"stage\":\"evaluate "
         "heuristic\",\"done\":999900,\"total\":999900,\"unit\":\"episodes\","
         "\"return\":-1234.567,\"won\":1,\"per_second\":9600,\"eta_seconds\":754}");
    (void)sl_capture_end(text, sizeof text);
    assert_string_equal(text, "teacher             45%  2.25M/5.00M steps  return 15.23  won 78 %  ETA 12:34\n"
                              "evaluate heuristic 100%  999.9k/999.9k episodes  return -1234.57  ETA 12:34\n");
}

// the fourth of eight points, half done
static void widen(void *context, sl_run_progress_news *news) {
    assert_ptr_equal(context, &progress);
    assert_int_equal(news->done, 3);
    *news = (sl_run_progress_news){.stage = "study", .unit = "points", .done = 3, .total = 8, .per_second = -1};
    news->eta_seconds = 125, news->won = -1;
}

static void test_part_of_something_longer(void **state) {
    (void)state;
    char text[256];
    sl_run_progress_init(&progress, false);
    progress.widen = widen;
    progress.widen_context = &progress;
    sl_run_progress_news news = {.stage = "point", .unit = "episodes", .done = 3, .total = 6, .won = -1};
    sl_capture_begin();
    sl_run_progress_start(&progress, "point");
    sl_run_progress_update(&progress, &news);
    sl_run_progress_done(&progress, "point");
    // the next part begins, which is no reason for another line
    sl_run_progress_start(&progress, "point");
    sl_run_progress_update(&progress, &news);
    (void)sl_capture_end(text, sizeof text);
    assert_string_equal(text, "study               38%  3/8 points  ETA 2:05\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stages), cmocka_unit_test(test_says_what_is_waited_for),
                                       cmocka_unit_test(test_odd_events), cmocka_unit_test(test_lines),
                                       cmocka_unit_test(test_part_of_something_longer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
