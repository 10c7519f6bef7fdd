/* test_output.c - text for people, broken at 80 characters. */
#include "starling/run/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define TEN     "123456789 "
#define SEVENTY TEN TEN TEN TEN TEN TEN TEN

static void expect_wrapped(int indent, const char *text, const char *wanted) {
    char *printed = NULL;
    size_t n = 0;
    FILE *file = open_memstream(&printed, &n);
    assert_non_null(file);
    sl_print_wrapped(file, indent, "%s", text);
    assert_int_equal(fclose(file), 0);
    assert_string_equal(printed, wanted);
    free(printed);
}

static void lines_are_broken_at_spaces(void **state) {
    (void)state;
    expect_wrapped(2, "short\n", "short\n");
    expect_wrapped(2, "", "");
    // 80 characters fit, 81 do not
    expect_wrapped(2, SEVENTY "1234567890\n", SEVENTY "1234567890\n");
    expect_wrapped(2, SEVENTY "12345678901\n",
                   "123456789 123456789 123456789 123456789 123456789 123456789 123456789\n  12345678901\n");
    // what is written in two bytes takes one column
    expect_wrapped(4, SEVENTY "\u00b1\u00b1\u00b1\u00b1\u00b1\u00b1\u00b1\u00b1\u00b1\u00b1 x",
                   SEVENTY "\u00b1\u00b1\u00b1\u00b1\u00b1\u00b1\u00b1\u00b1\u00b1\u00b1\n    x");
    // spaces within a line and at its start are kept, a line end starts anew
    expect_wrapped(4, "  a   b\n  " SEVENTY "c d\nend\n", "  a   b\n  " SEVENTY "c d\nend\n");
}

static void a_long_word_stays_whole(void **state) {
    (void)state;
    char text[200], wanted[200];
    memset(text, 'x', 100);
    (void)snprintf(text + 100, 100, " after\n");
    (void)snprintf(wanted, sizeof wanted, "%.100s\n  after\n", text);
    expect_wrapped(2, text, wanted);
    (void)memmove(text + 7, text, 108);
    memcpy(text, "before ", 7);
    (void)snprintf(wanted, sizeof wanted, "before\n  %.100s\n  after\n", text + 7);
    expect_wrapped(2, text, wanted);
}

static void every_seed_is_told(void **state) {
    (void)state;
    json_t *small = sl_json_seed(INT64_MAX), *large = sl_json_seed(UINT64_MAX);
    assert_true(json_integer_value(small) == INT64_MAX);
    assert_string_equal(json_string_value(large), "18446744073709551615");
    json_decref(small);
    json_decref(large);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_broken_at_spaces),
        cmocka_unit_test(a_long_word_stays_whole),
        cmocka_unit_test(every_seed_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
