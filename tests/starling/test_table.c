/* test_table.c - tables for people, character by character. */
#include "starling/table.h"

#include "support/torture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

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
    sl_table_set(table, 0, "%0200d", 1);
    char *text = NULL;
    size_t n = 0;
    FILE *file = open_memstream(&text, &n);
    sl_table_print(table, file);
    assert_int_equal(fclose(file), 0);
    // three lines: title padded, rule, cell of 95 characters
    assert_int_equal(n, 3 * (SL_TABLE_CELL - 1) + 3 - (SL_TABLE_CELL - 1 - 6));
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
        cmocka_unit_test(test_empty_columns_are_hidden),
        cmocka_unit_test(test_long_cells_are_cut),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
