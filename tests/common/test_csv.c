/* test_csv.c - rows of comma-separated values, character by character. */
#include "common/csv.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

// RFC 4180, section 2, rules 5 to 7
static void fields_are_quoted_as_the_rfc_says(void **state) {
    (void)state;
    char *text = NULL;
    size_t n = 0;
    sl_csv csv = {.file = open_memstream(&text, &n)};
    assert_non_null(csv.file);
    const char *const fields[] = {"plain", "",         "combat/3m[full,hold]", "say \"no\"", "two\nlines",
                                  "a\rb",  " spaces ", "it's; a\ttab"};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) sl_csv_text(&csv, fields[i]);
    sl_csv_end(&csv);
    sl_csv_text(&csv, ",");
    sl_csv_whole(&csv, -9007199254740993);
    sl_csv_number(&csv, 0.1);
    sl_csv_number(&csv, NAN);
    sl_csv_number(&csv, INFINITY);
    sl_csv_number(&csv, -1.0 / 3);
    sl_csv_end(&csv);
    assert_int_equal(fclose(csv.file), 0);
    assert_string_equal(text, "plain,,\"combat/3m[full,hold]\",\"say \"\"no\"\"\",\"two\nlines\",\"a\rb\", spaces ,"
                              "it's; a\ttab\n"
                              "\",\",-9007199254740993,0.1,,inf,-0.333333333\n");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(fields_are_quoted_as_the_rfc_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
