/* test_table.c - tables for people, character by character. */
#include "starling/report/table.h"
#include "starling/run/output.h"

#include "support/torture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static const char *const titles[] = {"policy", "return", "n"};

static void test_columns(void **state) {
    (void)state;
    sl_table *table = NULL;
    assert_int_equal(sl_table_create(3, 1, titles, &table), SL_OK);
    assert_int_equal(sl_table_add_row(table), SL_OK);
    sl_table_set(table, 0, "random");
    sl_table_set(table, 1, "%.1f \u00b1 %.1f", -77.6, 1.2);
    assert_int_equal(sl_table_add_row(table), SL_OK);
    sl_table_set(table, 0, "a longer name");
    sl_table_set(table, 2, "%d", 1000);
    char *text = NULL;
    size_t n = 0;
    FILE *file = open_memstream(&text, &n);
    sl_table_print(table, file);
    assert_int_equal(fclose(file), 0);
    assert_string_equal(text, "policy              return     n\n"
                              "--------------------------------\n"
                              "random         -77.6 \u00b1 1.2     -\n"
                              "a longer name            -  1000\n");
    free(text);
    sl_table_destroy(&table);
    assert_null(table);
}

static void test_empty_columns_are_hidden(void **state) {
    (void)state;
    for (int filled = 0; filled < 2; filled++) {
        sl_table *table = NULL;
        assert_int_equal(sl_table_create(3, 1, titles, &table), SL_OK);
        sl_table_hide_empty(table, 1);
        for (int r = 0; r < 2; r++) {
            assert_int_equal(sl_table_add_row(table), SL_OK);
            sl_table_set(table, 0, "row %d", r);
            if (filled && r == 0) sl_table_set(table, 1, "-7");
            sl_table_set(table, 2, "10");
        }
        char *text = NULL;
        size_t n = 0;
        FILE *file = open_memstream(&text, &n);
        sl_table_print(table, file);
        assert_int_equal(fclose(file), 0);
        assert_string_equal(text, filled ? "policy  return   n\n"
                                           "------------------\n"
                                           "row 0       -7  10\n"
                                           "row 1        -  10\n"
                                         : "policy   n\n"
                                           "----------\n"
                                           "row 0   10\n"
                                           "row 1   10\n");
        free(text);
        sl_table_destroy(&table);
    }
}

static void test_long_cells_are_cut(void **state) {
    (void)state;
    sl_table *table = NULL;
    assert_int_equal(sl_table_create(1, 1, titles, &table), SL_OK);
    assert_int_equal(sl_table_add_row(table), SL_OK);
    sl_table_set(table, 0, "%0200d", 7);
    char *text = NULL;
    size_t n = 0;
    FILE *file = open_memstream(&text, &n);
    sl_table_print(table, file);
    assert_int_equal(fclose(file), 0);
    // three lines: title, rule, cell of 80 characters: 95 zeros, cut in their middle
    assert_int_equal(n, 6 + 80 + 80 + 3);
    assert_non_null(strstr(text, "\n000000000000000000000000000000000000000...00"));
    free(text);
    sl_table_destroy(&table);
}

// 12 columns of 12 characters beside a name of 40: the name gives way, and the columns come in several blocks
static void test_wide_tables_are_split(void **state) {
    (void)state;
    const char *const wide[] = {"name", "kind", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "c10", "c11"};
    sl_table *table = NULL;
    assert_int_equal(sl_table_create(12, 2, wide, &table), SL_OK);
    sl_table_hide_empty(table, 11);
    assert_int_equal(sl_table_add_row(table), SL_OK);
    sl_table_set(table, 0,
                 "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9 a name of sixty-five characters, which ends with "
                 "these\u00e9");
    sl_table_set(table, 1, "some");
    for (int c = 2; c < 11; c++) sl_table_set(table, c, c == 4 ? "%060d" : "%012d", c);
    char *text = NULL;
    size_t n = 0;
    FILE *file = open_memstream(&text, &n);
    sl_table_print(table, file);
    assert_int_equal(fclose(file), 0);
    int n_lines = 0;
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1, n_lines++)
        if (sl_text_width(line, (size_t)(end - line)) > 80) fail_msg("wide: %.*s", (int)(end - line), line);
    // c2 and c3, c4, four more, the last two: three lines each with an empty one between; each number is there
    assert_int_equal(n_lines, 4 * 3 + 3);
    for (int c = 2; c < 11; c++) {
        char number[80];
        (void)snprintf(number, sizeof number, c == 4 ? "%060d" : "%012d", c);
        assert_non_null(strstr(text, number));
    }
    assert_non_null(strstr(text, "\u00e9\u00e9\u00e9\u00e9\u00e9..."));
    assert_non_null(strstr(text, "ese\u00e9  some  "));
    assert_null(strstr(text, "c11"));
    free(text);
    sl_table_destroy(&table);
}

static void test_text_columns(void **state) {
    (void)state;
    sl_table *table = NULL;
    assert_int_equal(sl_table_create(3, 2, titles, &table), SL_OK);
    assert_int_equal(sl_table_add_row(table), SL_OK);
    sl_table_set(table, 0, "a");
    sl_table_set(table, 1, "b");
    sl_table_set(table, 2, "10");
    char *text = NULL;
    size_t n = 0;
    FILE *file = open_memstream(&text, &n);
    sl_table_print(table, file);
    assert_int_equal(fclose(file), 0);
    assert_string_equal(text, "policy  return   n\n"
                              "------------------\n"
                              "a       b       10\n");
    free(text);
    sl_table_destroy(&table);
}

static sl_status life(void *context) {
    (void)context;
    sl_table *table = NULL;
    SL_TRY(sl_table_create(3, 1, titles, &table));
    sl_status status = SL_OK;
    for (int r = 0; r < 20 && status == SL_OK; r++) status = sl_table_add_row(table);
    sl_table_destroy(&table);
    return status;
}

static void test_torture(void **state) {
    (void)state;
    assert_true(sl_torture(life, NULL) >= 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_text_columns),
        cmocka_unit_test(test_wide_tables_are_split),
        cmocka_unit_test(test_empty_columns_are_hidden),
        cmocka_unit_test(test_long_cells_are_cut),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
