/* test_latency.c - percentiles of the histogram against sorted samples, its ends, and an empty one. */
#include "common/latency.h"

#include "common/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { N = 20000 };

static int by_value(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void percentiles_are_exact_to_a_bin(void **state) {
    (void)state;
    static int64_t samples[N];
    static sl_latency latency;
    sl_rng rng = sl_rng_seed(4);
    // eight decades, evenly in the logarithm
    for (int i = 0; i < N; i++) {
        int64_t ns = 1;
        for (uint32_t k = sl_rng_below(&rng, 27); k > 0; k--) ns *= 2;
        samples[i] = ns + (int64_t)(sl_rng_uniform(&rng) * (double)ns);
        sl_latency_add(&latency, samples[i]);
    }
    qsort(samples, N, sizeof *samples, by_value);
    assert_true(latency.n == N && latency.max_ns == samples[N - 1]);
    assert_true(sl_latency_percentile(&latency, 1) <= (double)latency.max_ns);
    for (int percent = 1; percent <= 100; percent++) {
        double exact = (double)samples[N * percent / 100 - 1], got = sl_latency_percentile(&latency, percent / 100.0);
        assert_true(got >= 0.968 * exact - 0.5 && got <= 1.032 * exact + 0.5);
    }
}

static void the_ends_are_kept(void **state) {
    (void)state;
    static sl_latency latency;
    assert_true(sl_latency_percentile(&latency, 0.5) == 0);
    sl_latency_add(&latency, -5);
    assert_true(sl_latency_percentile(&latency, 1) == 0 && latency.max_ns == 0);
    // the middle of its bin is 101.5
    static sl_latency few;
    sl_latency_add(&few, 101);
    assert_true(sl_latency_percentile(&few, 0.99) == 101);
    sl_latency_add(&latency, INT64_MAX);
    assert_true(latency.max_ns == INT64_MAX && latency.n == 2);
    assert_true(sl_latency_percentile(&latency, 1) > 1e12);
}

static void what_came_later_is_told_apart(void **state) {
    (void)state;
    static sl_latency latency, earlier;
    for (int i = 0; i < 100; i++) sl_latency_add(&latency, 1000000);
    earlier = latency;
    for (int i = 0; i < 10; i++) sl_latency_add(&latency, 100 + i / 9);
    sl_latency_subtract(&latency, &earlier);
    assert_int_equal(latency.n, 10);
    assert_int_equal(latency.sum_ns, 9 * 100 + 101);
    assert_true(sl_latency_percentile(&latency, 0.5) < 110 && sl_latency_percentile(&latency, 1) < 110);
    sl_latency_subtract(&latency, &latency);
    assert_true(latency.n == 0 && sl_latency_percentile(&latency, 0.5) == 0);
}

static void samples_are_counted_at_a_bound(void **state) {
    (void)state;
    static sl_latency latency;
    const int64_t ns[] = {0, 15, 16, 1023, 1024, 1535, 1536, 1 << 20};
    for (int i = 0; i < 8; i++) sl_latency_add(&latency, ns[i]);
    assert_int_equal(sl_latency_count_below(&latency, 0), 0);
    assert_int_equal(sl_latency_count_below(&latency, 16), 2);
    assert_int_equal(sl_latency_count_below(&latency, 1024), 4);
    assert_int_equal(sl_latency_count_below(&latency, 1536), 6);
    assert_int_equal(sl_latency_count_below(&latency, 1 << 20), 7);
    assert_int_equal(sl_latency_count_below(&latency, INT64_MAX), 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_are_exact_to_a_bin),
        cmocka_unit_test(the_ends_are_kept),
        cmocka_unit_test(what_came_later_is_told_apart),
        cmocka_unit_test(samples_are_counted_at_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
