/* test_exposition.c - tables as Prometheus' text: names, units, types, histograms, what has no number, a full buffer;
 * and promtool's opinion where it is installed. */
#include "telemetry/exposition.h"

#include "support/temp_folder.h"
#include "telemetry/process.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct counted {
    uint64_t seen;
    int64_t below;
    double lag, memory, unknown;
    sl_latency trip;
} counted;

static const sl_metric metrics[] = {
    SL_METRIC("seen", counted, seen, SL_METRIC_COUNTER, "things", "things seen"),
    SL_METRIC("below", counted, below, SL_METRIC_GAUGE, "", "may be negative"),
    SL_METRIC("lag", counted, lag, SL_METRIC_GAUGE, "ns", "how late"),
    SL_METRIC("memory", counted, memory, SL_METRIC_GAUGE, "bytes", "taken"),
    SL_METRIC("unknown", counted, unknown, SL_METRIC_GAUGE, "", "there is no number"),
    SL_METRIC("round_trip", counted, trip, SL_METRIC_SUMMARY, "ns", "there and back"),
};
static const sl_metric_table table = SL_METRIC_TABLE(metrics), gauges = {5, metrics};
static char bytes[32768];

static sl_page_text empty(size_t capacity) {
    memset(bytes, 0, sizeof bytes);
    return (sl_page_text){.bytes = bytes, .capacity = capacity};
}

static counted example(void) {
    counted c = {9007199254740992, -3, 2.5e9, 1e6, (double)NAN, {.n = 0}};
    for (int i = 0; i < 3; i++) sl_latency_add(&c.trip, 1000000);
    sl_latency_add(&c.trip, 30000000);
    return c;
}

static void a_table_becomes_text_in_base_units(void **state) {
    (void)state;
    sl_page_text out = empty(sizeof bytes);
    counted c = example();
    sl_exposition_add(&out, "toy", &gauges, &c, "stage", "teacher");
    assert_string_equal(bytes, "# HELP starling_toy_seen_total things: things seen\n"
                               "# TYPE starling_toy_seen_total counter\n"
                               "starling_toy_seen_total{stage=\"teacher\"} 9007199254740992\n"
                               "# HELP starling_toy_below may be negative\n"
                               "# TYPE starling_toy_below gauge\n"
                               "starling_toy_below{stage=\"teacher\"} -3\n"
                               "# HELP starling_toy_lag_seconds ns: how late\n"
                               "# TYPE starling_toy_lag_seconds gauge\n"
                               "starling_toy_lag_seconds{stage=\"teacher\"} 2.5\n"
                               "# HELP starling_toy_memory_bytes bytes: taken\n"
                               "# TYPE starling_toy_memory_bytes gauge\n"
                               "starling_toy_memory_bytes{stage=\"teacher\"} 1000000\n");
    assert_false(out.cut);
}

static void times_become_a_histogram(void **state) {
    (void)state;
    sl_page_text out = empty(sizeof bytes);
    counted c = example();
    const sl_metric_table last = {1, metrics + 5};
    sl_exposition_add(&out, "toy", &last, &c, NULL, NULL);
    assert_non_null(strstr(bytes, "# TYPE starling_toy_round_trip_seconds histogram\n"));
    // 786 us, 1.049 ms, 25.2 ms, 33.6 ms
    assert_non_null(strstr(bytes, "_bucket{le=\"0.000786432\"} 0\n"));
    assert_non_null(strstr(bytes, "_bucket{le=\"0.001048576\"} 3\n"));
    assert_non_null(strstr(bytes, "_bucket{le=\"0.025165824\"} 3\n"));
    assert_non_null(strstr(bytes, "_bucket{le=\"0.033554432\"} 4\n"));
    assert_non_null(strstr(bytes, "_bucket{le=\"+Inf\"} 4\nstarling_toy_round_trip_seconds_sum 0.033\n"
                                  "starling_toy_round_trip_seconds_count 4\n"));
}

static void rows_are_told_apart_by_their_index(void **state) {
    (void)state;
    sl_page_text out = empty(sizeof bytes);
    counted rows[2] = {{.seen = 4, .unknown = 1}, {.seen = 5, .unknown = (double)NAN}};
    sl_exposition_rows def = {"slot", 2, rows, sizeof *rows};
    const sl_metric_table first = {1, metrics}, unknown = {1, metrics + 4};
    sl_exposition_add_rows(&out, "toy", &first, &def);
    sl_exposition_add_rows(&out, "toy", &unknown, &def);
    assert_string_equal(bytes, "# HELP starling_toy_seen_total things: things seen\n"
                               "# TYPE starling_toy_seen_total counter\n"
                               "starling_toy_seen_total{slot=\"0\"} 4\n"
                               "starling_toy_seen_total{slot=\"1\"} 5\n"
                               "# HELP starling_toy_unknown there is no number\n"
                               "# TYPE starling_toy_unknown gauge\n"
                               "starling_toy_unknown{slot=\"0\"} 1\n");
}

// at every capacity: no byte behind it, a zero at the end, and whoever asks is told
static void a_full_buffer_says_so(void **state) {
    (void)state;
    counted c = example();
    for (size_t capacity = 1; capacity < 3000; capacity += 7) {
        sl_page_text out = empty(capacity);
        bytes[capacity] = 'x';
        sl_exposition_add(&out, "toy", &table, &c, NULL, NULL);
        assert_true(out.cut && out.n < capacity && bytes[out.n] == '\0' && bytes[capacity] == 'x');
    }
    sl_page_text out = empty(8);
    sl_page_text_add_bytes(&out, "1234567", 7);
    sl_page_text_add_bytes(&out, "8", 1);
    assert_true(out.cut && out.n == 7 && strcmp(bytes, "1234567") == 0);
}

static void promtool_takes_it(void **state) {
    (void)state;
    if (system("command -v promtool >/dev/null 2>&1") != 0) {
        (void)fputs("skipped: there is no promtool\n", stderr);
        skip();
    }
    sl_page_text out = empty(sizeof bytes);
    counted c = example();
    sl_process_numbers process = sl_process_measure(0);
    sl_exposition_add(&out, "toy", &table, &c, NULL, NULL);
    sl_exposition_add(&out, "process", &sl_process_metrics, &process, NULL, NULL);
    sl_temp_folder folder = sl_temp_folder_create();
    char command[512];
    (void)snprintf(command, sizeof command, "promtool check metrics <%s",
                   sl_temp_folder_write_text(&folder, "page", bytes));
    int code = system(command);
    sl_temp_folder_remove(&folder);
    assert_int_equal(code, 0);
}

static void the_process_is_measured(void **state) {
    (void)state;
    sl_process_numbers process = sl_process_measure(0);
    assert_true(process.cpu_seconds >= 0 && process.uptime_seconds > 0 && process.resident_bytes > 100000);
    assert_true(isnan(process.snapshot_age));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_becomes_text_in_base_units),
        cmocka_unit_test(times_become_a_histogram),
        cmocka_unit_test(rows_are_told_apart_by_their_index),
        cmocka_unit_test(a_full_buffer_says_so),
        cmocka_unit_test(promtool_takes_it),
        cmocka_unit_test(the_process_is_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
