/* test_metric.c - a table finds the numbers of a struct, whatever their type. */
#include "common/metric.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef struct counted {
    int before;
    uint64_t seen;
    int64_t below;
    double seconds, unknown;
    sl_latency trip;
} counted;

static const sl_metric metrics[] = {
    SL_METRIC("seen", counted, seen, SL_METRIC_COUNTER, "things", "things seen"),
    SL_METRIC("below", counted, below, SL_METRIC_GAUGE, "", "may be negative"),
    SL_METRIC("seconds", counted, seconds, SL_METRIC_GAUGE, "seconds", "wall time"),
    SL_METRIC("unknown", counted, unknown, SL_METRIC_GAUGE, "", "there is no number"),
    SL_METRIC("trip", counted, trip, SL_METRIC_SUMMARY, "ns", "there and back"),
};
static const sl_metric_table table = SL_METRIC_TABLE(metrics);

static void a_table_finds_the_numbers(void **state) {
    (void)state;
    static const counted c = {-1, 9007199254740992, -3, 0.25, (double)NAN, {.n = 5}};
    const double want[] = {9007199254740992.0, -3, 0.25};
    assert_int_equal(table.n, 5);
    for (int k = 0; k < 3; k++) assert_true(sl_metric_get(&table.metrics[k], &c) == want[k]);
    assert_true(isnan(sl_metric_get(&table.metrics[3], &c)));
    assert_true(sl_metric_get(&table.metrics[4], &c) == 5);
    assert_string_equal(table.metrics[1].name, "below");
    assert_string_equal(table.metrics[2].unit, "seconds");
}

static void what_came_in_between_is_the_difference(void **state) {
    (void)state;
    static counted before = {.seen = 3, .below = -1, .seconds = 1}, now;
    for (int i = 0; i < 3; i++) sl_latency_add(&before.trip, 1000000);
    now = before;
    now.seen = 10;
    now.below = -7;
    now.seconds = 4;
    sl_latency_add(&now.trip, 100);
    sl_metric_subtract(&table, &now, &before);
    assert_true(now.seen == 7 && now.trip.n == 1 && sl_latency_percentile(&now.trip, 0.5) < 110);
    // gauges stay
    assert_true(now.below == -7 && now.seconds == 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_finds_the_numbers),
        cmocka_unit_test(what_came_in_between_is_the_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
