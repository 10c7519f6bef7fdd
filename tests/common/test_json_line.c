/* test_json_line.c - lines byte for byte, and read back by another reader of JSON when they are full. */
#include "common/json_line.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <jansson.h>

#include <cmocka.h>

static void assert_line(sl_json_line *line, const char *want) {
    sl_json_line_end(line);
    assert_int_equal(line->n, strlen(want));
    assert_memory_equal(line->bytes, want, line->n);
}

static void fields_come_in_order(void **state) {
    (void)state;
    sl_json_line line = {0}, empty = {0};
    sl_json_line_text(&line, "event", "a \"b\"\\\n\x1f \xc3\xa4\xff");
    sl_json_line_whole(&line, "whole", INT64_MIN);
    sl_json_line_number(&line, "rate", 2.25, 1);
    sl_json_line_number(&line, "unknown", (double)NAN, 1);
    sl_json_line_number(&line, "endless", (double)INFINITY, 1);
    sl_json_line_number(&line, "share", -1.0 / 3, 4);
    assert_line(&line, "{\"event\":\"a \\\"b\\\"\\\\\\u000a\\u001f \xc3\xa4\\ufffd\",\"whole\":-9223372036854775808,"
                       "\"rate\":2.2,\"share\":-0.3333}\n");
    assert_line(&empty, "{}\n");
}

typedef struct counted {
    uint64_t seen, lost, unsaid;
} counted;

static void counters_have_their_table_s_names(void **state) {
    (void)state;
    static const sl_metric metrics[] = {
        SL_METRIC("seen", counted, seen, SL_METRIC_COUNTER, "things", "things seen"),
        SL_METRIC("lost", counted, lost, SL_METRIC_COUNTER, "things", "things lost"),
        SL_METRIC("unsaid", counted, unsaid, SL_METRIC_COUNTER, "things", "not in the line"),
    };
    const sl_metric_table table = SL_METRIC_TABLE(metrics);
    const counted c = {9007199254740992, 0, 7};
    sl_json_line line = {0};
    sl_json_line_counters(&line, &table, 2, &c);
    assert_line(&line, "{\"seen\":9007199254740992,\"lost\":0}\n");
}

static void all_of_a_table_is_told_in_base_units(void **state) {
    (void)state;
    static struct {
        uint64_t seen;
        double lag, unknown;
        sl_latency trip, none;
    } c = {3, 1.5e6, (double)NAN, {.n = 0}, {.n = 0}};
    const sl_metric metrics[] = {
        {"seen", "things", "things seen", SL_METRIC_COUNTER, SL_METRIC_U64, 0},
        {"lag", "ns", "how late", SL_METRIC_GAUGE, SL_METRIC_F64, (size_t)((char *)&c.lag - (char *)&c)},
        {"unknown", "", "no number", SL_METRIC_GAUGE, SL_METRIC_F64, (size_t)((char *)&c.unknown - (char *)&c)},
        {"trip", "ns", "there and back", SL_METRIC_SUMMARY, SL_METRIC_LATENCY,
         (size_t)((char *)&c.trip - (char *)&c)},
        {"none", "ns", "no times", SL_METRIC_SUMMARY, SL_METRIC_LATENCY, (size_t)((char *)&c.none - (char *)&c)},
    };
    const sl_metric_table table = SL_METRIC_TABLE(metrics);
    for (int i = 0; i < 10; i++) sl_latency_add(&c.trip, 8);
    sl_json_line line = {0};
    sl_json_line_metrics(&line, &table, &c);
    assert_line(&line, "{\"seen\":3,\"lag\":0.0015,\"trip_p50\":8e-09,\"trip_p99\":8e-09,\"trip_max\":8e-09}\n");
}

// whatever the length of the text, and whatever comes behind it
static void a_full_line_is_a_whole_object(void **state) {
    (void)state;
    static char text[3000];
    static const char *const pieces[] = {"x", "\"", "\x01", "\xff", "\xf0\x9f\x90\xa6"};
    for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++) {
        size_t n = strlen(pieces[k]);
        for (size_t length = 0; length + n < sizeof text; length += n) {
            memcpy(text + length, pieces[k], n + 1);
            sl_json_line line = {0};
            sl_json_line_text(&line, "text", text);
            sl_json_line_text(&line, "more", "text");
            sl_json_line_number(&line, "number", 1e300, 3);
            sl_json_line_whole(&line, "last", 1);
            sl_json_line_end(&line);
            assert_true(line.n <= SL_JSON_LINE_BYTES && line.bytes[line.n - 1] == '\n');
            json_error_t error;
            json_t *object = json_loadb(line.bytes, line.n, JSON_REJECT_DUPLICATES, &error);
            if (!object) fail_msg("%zu bytes: %s", length + n, error.text);
            if (length < 200) assert_int_equal(json_object_size(object), 4);
            json_decref(object);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_come_in_order),
        cmocka_unit_test(counters_have_their_table_s_names),
        cmocka_unit_test(all_of_a_table_is_told_in_base_units),
        cmocka_unit_test(a_full_line_is_a_whole_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
