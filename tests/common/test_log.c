/* test_log.c - the lines of the log, plain and JSON, read back from a pipe in the place of stderr. */
#include "common/log.h"
#include "support/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include <cmocka.h>

static void a_plain_line_has_time_level_program_text(void **state) {
    (void)state;
    char text[400];
    int hours, minutes, seconds, used = 0;
    sl_log_init("tester", SL_LOG_INFO, false);
    sl_capture_begin();
    SL_WARN("%d of %s", 3, "four");
    sl_capture_end(text, sizeof text);
    assert_int_equal(sscanf(text, "%2d:%2d:%2d%n", &hours, &minutes, &seconds, &used), 3);
    assert_int_equal(used, 8);
    assert_string_equal(text + used, " warn  tester: 3 of four\n");
    // and stays one line, whatever a peer wrote
    sl_capture_begin();
    SL_WARN("%s", "a\x1b[2K\u202e\nb");
    sl_capture_end(text, sizeof text);
    assert_string_equal(text + used, " warn  tester: a?[2K????b\n");
}

static void lower_levels_are_silent(void **state) {
    (void)state;
    char text[400];
    sl_log_init("tester", SL_LOG_WARN, false);
    sl_capture_begin();
    SL_DEBUGF("no");
    SL_INFO("no");
    SL_ERROR("yes");
    sl_capture_end(text, sizeof text);
    assert_non_null(strstr(text, "error tester: yes\n"));
    assert_null(strstr(text, "no"));
}

static void assert_json_text(const char *message) {
    char line[4096];
    sl_log_init("tester", SL_LOG_DEBUG, true);
    sl_capture_begin();
    SL_INFO("%s", message);
    size_t n = sl_capture_end(line, sizeof line);
    // one line, one object, and the message back as it was
    assert_ptr_equal(strchr(line, '\n'), line + n - 1);
    json_error_t error;
    json_t *object = json_loadb(line, n, JSON_REJECT_DUPLICATES, &error);
    if (!object) fail_msg("%s in %s", error.text, line);
    assert_string_equal(json_string_value(json_object_get(object, "level")), "info");
    assert_string_equal(json_string_value(json_object_get(object, "program")), "tester");
    assert_int_equal(strlen(json_string_value(json_object_get(object, "time"))), 24);
    const char *text = json_string_value(json_object_get(object, "text"));
    assert_non_null(text);
    assert_memory_equal(text, message, strlen(text));
    // a message that fits is whole
    if (strlen(message) < 300) assert_string_equal(text, message);
    json_decref(object);
}

static void json_text_is_escaped(void **state) {
    (void)state;
    assert_json_text("plain");
    assert_json_text("");
    assert_json_text("quote \" backslash \\ newline \n tab \t return \r escape \x1b bell \a unit \x1f");
    assert_json_text("\",\"level\":\"error");
    assert_json_text("umlaut \xc3\xa4, bird \xf0\x9f\x90\xa6");
}

static void a_long_json_line_stays_json(void **state) {
    (void)state;
    char message[1200];
    for (size_t length = 700; length < sizeof message; length += 7) {
        memset(message, length % 2 ? '\x01' : '"', length);
        message[length] = '\0';
        assert_json_text(message);
    }
}

// text from a peer or a file name may be anything: the line must still be JSON
static void bytes_that_are_not_utf8_do_not_break_the_line(void **state) {
    (void)state;
    static const char *const bad[] = {"a\xff z", "cut \xc3", "lone \x80", "overlong \xc0\x80",
                                      "surrogate \xed\xa0\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char line[2048];
        sl_log_init("tester", SL_LOG_DEBUG, true);
        sl_capture_begin();
        SL_INFO("%s", bad[i]);
        size_t n = sl_capture_end(line, sizeof line);
        json_error_t error;
        json_t *object = json_loadb(line, n, 0, &error);
        if (!object) fail_msg("%s: %s", error.text, line);
        json_decref(object);
    }
}

static void levels_are_read_by_name(void **state) {
    (void)state;
    static const char *const names[] = {"debug", "info", "warn", "error"};
    sl_log_level level = SL_LOG_DEBUG;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(sl_log_level_parse(names[i], &level), SL_OK);
        assert_int_equal(level, i);
    }
    assert_int_equal(sl_log_level_parse("loud", &level), SL_USAGE);
    assert_int_equal(sl_log_level_parse("", &level), SL_USAGE);
    assert_int_equal(level, SL_LOG_ERROR);
    assert_non_null(sl_error_hint());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_line_has_time_level_program_text),
        cmocka_unit_test(lower_levels_are_silent),
        cmocka_unit_test(json_text_is_escaped),
        cmocka_unit_test(a_long_json_line_stays_json),
        cmocka_unit_test(bytes_that_are_not_utf8_do_not_break_the_line),
        cmocka_unit_test(levels_are_read_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
