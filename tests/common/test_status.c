/* test_status.c - the error line of a thread, its codes and the exit codes that docs promise. */
#include "common/status.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void a_failure_keeps_its_line_and_hint(void **state) {
    (void)state;
    assert_int_equal(sl_fail(SL_CORRUPT, "look again", "%s has %d bytes", "file", 3), SL_CORRUPT);
    assert_string_equal(sl_error_what(), "file has 3 bytes");
    assert_string_equal(sl_error_hint(), "look again");
    // the next failure takes both away
    assert_int_equal(sl_fail(SL_IO, NULL, "other"), SL_IO);
    assert_string_equal(sl_error_what(), "other");
    assert_null(sl_error_hint());
}

static void a_failure_may_quote_the_one_before(void **state) {
    (void)state;
    (void)sl_fail(SL_IO, "first hint", "inner");
    (void)sl_fail(SL_IO, sl_error_hint(), "outer: %s", sl_error_what());
    assert_string_equal(sl_error_what(), "outer: inner");
    assert_string_equal(sl_error_hint(), "first hint");
}

static void a_failure_outlives_its_cleanup(void **state) {
    (void)state;
    sl_error first, none;
    (void)sl_fail(SL_IO, "first hint", "first");
    sl_error_save(&first);
    (void)sl_fail(SL_NO_SPACE, NULL, "second");
    sl_error_save(&none);
    sl_error_restore(&first);
    assert_string_equal(sl_error_what(), "first");
    assert_string_equal(sl_error_hint(), "first hint");
    sl_error_restore(&none);
    assert_string_equal(sl_error_what(), "second");
    assert_null(sl_error_hint());
}

static void a_long_line_is_cut(void **state) {
    (void)state;
    char text[2000];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    (void)sl_fail(SL_IO, text, "%s", text);
    assert_in_range(strlen(sl_error_what()), 100, 511);
    assert_in_range(strlen(sl_error_hint()), 100, 255);
}

static void what_it_quotes_cannot_move_the_cursor(void **state) {
    (void)state;
    (void)sl_fail(SL_IO, "a\tb\u2028c", "%s", "caf\u00e9 \x1b[2J \x7f \x9b+ \xc2\x9b \u202e \n end");
    assert_string_equal(sl_error_what(), "caf\u00e9 ?[2J ? ?+ ?? ??? ? end");
    assert_string_equal(sl_error_hint(), "a?b???c");
}

static void *fail_elsewhere(void *argument) {
    (void)argument;
    const char *before = sl_error_what();
    int clean = before[0] == '\0' && !sl_error_hint();
    (void)sl_fail(SL_IO, NULL, "elsewhere");
    return clean ? NULL : "dirty";
}

static void each_thread_has_its_own_line(void **state) {
    (void)state;
    (void)sl_fail(SL_IO, NULL, "here");
    pthread_t thread;
    void *result = "unset";
    assert_int_equal(pthread_create(&thread, NULL, fail_elsewhere, NULL), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_null(result);
    assert_string_equal(sl_error_what(), "here");
}

static void every_code_has_a_name_and_an_exit_code(void **state) {
    (void)state;
    static const int exit_codes[SL_STATUS_COUNT] = {0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 7, 9};
    for (int i = 0; i < SL_STATUS_COUNT; i++) {
        assert_int_equal(sl_status_exit_code((sl_status)i), exit_codes[i]);
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(sl_status_name((sl_status)i), sl_status_name((sl_status)k));
        }
    }
    // codes come from peers as well
    assert_string_equal(sl_status_name((sl_status)999), "unknown");
    assert_int_equal(sl_status_exit_code((sl_status)-1), 1);
}

static int n_calls;

static sl_status fail_then_count(sl_status status) {
    SL_TRY(status);
    n_calls++;
    return SL_OK;
}

static void try_returns_what_failed(void **state) {
    (void)state;
    n_calls = 0;
    assert_int_equal(fail_then_count(SL_TIMEOUT), SL_TIMEOUT);
    assert_int_equal(n_calls, 0);
    assert_int_equal(fail_then_count(SL_OK), SL_OK);
    assert_int_equal(n_calls, 1);
}

static void print_writes_the_line_and_the_hint(void **state) {
    (void)state;
    int ends[2], kept = dup(STDERR_FILENO);
    char text[200] = "";
    assert_int_equal(pipe(ends), 0);
    fflush(stderr);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    (void)sl_fail(SL_CONFIG, "try this", "that failed");
    sl_error_print("starling");
    fflush(stderr);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    assert_true(read(ends[0], text, sizeof text - 1) > 0);
    close(ends[0]);
    close(ends[1]);
    close(kept);
    assert_string_equal(text, "starling: that failed\n  hint: try this\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_keeps_its_line_and_hint),
        cmocka_unit_test(a_failure_may_quote_the_one_before),
        cmocka_unit_test(a_failure_outlives_its_cleanup),
        cmocka_unit_test(a_long_line_is_cut),
        cmocka_unit_test(what_it_quotes_cannot_move_the_cursor),
        cmocka_unit_test(each_thread_has_its_own_line),
        cmocka_unit_test(every_code_has_a_name_and_an_exit_code),
        cmocka_unit_test(try_returns_what_failed),
        cmocka_unit_test(print_writes_the_line_and_the_hint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
