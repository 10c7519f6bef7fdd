/* test_metrics.c - CSV files: rows, empty fields, and what a resumed run cuts. */
#include "trainer/metrics.h"

#include "common/alloc.h"
#include "storage/file.h"
#include "support/capture.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

static void assert_csv(const sl_temp_folder *folder, const char *expected) {
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    assert_int_equal(sl_file_read(sl_temp_folder_file(folder, "metrics/teacher.csv"), 1 << 20, &bytes, &n_bytes),
                     SL_OK);
    assert_string_equal((const char *)bytes, expected);
    sl_free(bytes);
}

static struct numbers { double a, b; } numbers;
static const sl_metric a = SL_METRIC("a", struct numbers, a, SL_METRIC_GAUGE, "", "one");
static const sl_metric b = SL_METRIC("b", struct numbers, b, SL_METRIC_GAUGE, "", "two");
static const sl_metric c = SL_METRIC("c", struct numbers, b, SL_METRIC_GAUGE, "", "three");

static sl_metrics *open_columns(const sl_temp_folder *folder, const sl_metric *second, int64_t keep) {
    const sl_metrics_column columns[] = {{&a, &numbers}, {second, &numbers}};
    sl_metrics *metrics = NULL;
    assert_int_equal(sl_metrics_open(folder->path, "teacher", 2, columns, keep, &metrics), SL_OK);
    return metrics;
}

static sl_metrics *open_at(const sl_temp_folder *folder, int64_t keep) {
    return open_columns(folder, &b, keep);
}

static sl_status write_row(sl_metrics *metrics, int64_t update, double first, double second) {
    numbers = (struct numbers){first, second};
    return sl_metrics_row(metrics, update);
}

static void rows_after_the_checkpoint_are_cut(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    sl_metrics *metrics = open_at(&folder, 0);
    for (int k = 1; k <= 12; k++) assert_int_equal(write_row(metrics, k, k == 2 ? (double)NAN : 0.5 * k, -k), SL_OK);
    sl_metrics_close(&metrics);
    metrics = open_at(&folder, 3);
    assert_csv(&folder, "update,a,b\n1,0.5,-1\n2,,-2\n3,1.5,-3\n");
    assert_int_equal(write_row(metrics, 4, 1, 2), SL_OK);
    sl_metrics_close(&metrics);
    assert_csv(&folder, "update,a,b\n1,0.5,-1\n2,,-2\n3,1.5,-3\n4,1,2\n");
    // a row that a crash cut in the middle goes, and a start from nothing begins a new file
    const char torn[] = "update,a,b\n1,0.5,-1\n2,";
    assert_int_equal(sl_file_replace(sl_temp_folder_file(&folder, "metrics/teacher.csv"), torn, sizeof torn - 1),
                     SL_OK);
    metrics = open_at(&folder, 2);
    sl_metrics_close(&metrics);
    assert_csv(&folder, "update,a,b\n1,0.5,-1\n");
    metrics = open_at(&folder, 0);
    sl_metrics_close(&metrics);
    assert_csv(&folder, "update,a,b\n");
    sl_temp_folder_remove(&folder);
}

static void a_file_with_other_columns_is_begun_anew(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    sl_metrics *metrics = open_at(&folder, 0);
    assert_int_equal(write_row(metrics, 1, 1, 2), SL_OK);
    sl_metrics_close(&metrics);
    metrics = open_columns(&folder, &c, 1);
    sl_metrics_close(&metrics);
    assert_csv(&folder, "update,a,c\n");
    sl_temp_folder_remove(&folder);
}

// rows are not measured again: what is missing is said
static void lost_rows_are_said(void **state) {
    (void)state;
    char said[400];
    sl_temp_folder folder = sl_temp_folder_create();
    sl_capture_begin();
    sl_metrics *metrics = open_at(&folder, 5);
    (void)sl_capture_end(said, sizeof said);
    assert_non_null(strstr(said, "metrics/teacher.csv: the rows of 5 updates are lost"));
    for (int k = 6; k <= 9; k++) assert_int_equal(write_row(metrics, k, 1, 2), SL_OK);
    sl_metrics_close(&metrics);
    sl_capture_begin();
    metrics = open_at(&folder, 9);
    sl_metrics_close(&metrics);
    assert_int_equal(sl_capture_end(said, sizeof said), 0);
    sl_capture_begin();
    metrics = open_at(&folder, 12);
    sl_metrics_close(&metrics);
    (void)sl_capture_end(said, sizeof said);
    assert_non_null(strstr(said, "metrics/teacher.csv: rows before update 13 are lost"));
    sl_temp_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_after_the_checkpoint_are_cut),
        cmocka_unit_test(lost_rows_are_said),
        cmocka_unit_test(a_file_with_other_columns_is_begun_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
