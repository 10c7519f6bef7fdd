/* test_rng.c - the generator against its published numbers, its splits, and the shape of its distributions. */
#include "common/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void xoshiro_gives_the_published_numbers(void **state) {
    (void)state;
    // the reference implementation's first ten outputs from the state 1, 2, 3, 4
    static const uint64_t expected[] = {41943041u,
                                        58720359u,
                                        3588806011781223u,
                                        3591011842654386u,
                                        9228616714210784205u,
                                        9973669472204895162u,
                                        14011001112246962877u,
                                        12406186145184390807u,
                                        15849039046786891736u,
                                        10450023813501588000u};
    sl_rng rng = {{1, 2, 3, 4}};
    for (int i = 0; i < 10; i++) assert_true(sl_rng_u64(&rng) == expected[i]);
}

/* Each of the six orders of three comes up about as often as the others. */
static void a_permutation_is_one_of_all(void **state) {
    (void)state;
    sl_rng rng = sl_rng_seed(3);
    int seen[27] = {0}, n_orders = 0;
    for (int k = 0; k < 6000; k++) {
        int order[3] = {7, 7, 7};
        sl_rng_permute(&rng, 3, order);
        seen[9 * order[0] + 3 * order[1] + order[2]]++;
    }
    for (int k = 0; k < 27; k++) {
        bool differ = k / 9 != k / 3 % 3 && k / 9 != k % 3 && k / 3 % 3 != k % 3;
        assert_true(differ ? seen[k] > 850 && seen[k] < 1150 : seen[k] == 0);
        n_orders += differ;
    }
    assert_int_equal(n_orders, 6);
}

static void seeding_is_splitmix(void **state) {
    (void)state;
    // SplitMix64 from 1234567
    sl_rng rng = sl_rng_seed(1234567);
    assert_true(rng.s[0] == 6457827717110365317u);
    assert_true(rng.s[1] == 3203168211198807973u);
    assert_true(rng.s[2] == 9817491932198370423u);
    // seed 0 is a seed like any other
    rng = sl_rng_seed(0);
    assert_true(rng.s[0] == 16294208416658607535u);
}

static void a_copied_stream_goes_on_as_the_original(void **state) {
    (void)state;
    sl_rng rng = sl_rng_seed(5);
    for (int i = 0; i < 100; i++) (void)sl_rng_normal(&rng);
    sl_rng copy = rng;
    for (int i = 0; i < 100; i++) assert_true(sl_rng_normal(&rng) == sl_rng_normal(&copy));
}

static void splits_leave_the_parent_and_differ(void **state) {
    (void)state;
    enum { N = 2000 };
    static uint64_t first[N];
    sl_rng parent = sl_rng_seed(7), before = parent;
    for (uint64_t key = 0; key < N; key++) {
        sl_rng child = sl_rng_split(&parent, key);
        first[key] = sl_rng_u64(&child);
        for (uint64_t other = 0; other < key; other++) assert_true(first[other] != first[key]);
    }
    assert_memory_equal(&parent, &before, sizeof parent);
    // the same key of another parent, and a grandchild by the same key, are other streams
    sl_rng stranger = sl_rng_seed(8), a = sl_rng_split(&parent, 3), b = sl_rng_split(&stranger, 3);
    sl_rng grandchild = sl_rng_split(&a, 3), again = sl_rng_split(&parent, 3);
    assert_memory_not_equal(&a, &b, sizeof a);
    assert_memory_not_equal(&a, &grandchild, sizeof a);
    assert_memory_equal(&a, &again, sizeof a);
}

static void names_split_as_well(void **state) {
    (void)state;
    sl_rng parent = sl_rng_seed(7);
    sl_rng a = sl_rng_split_name(&parent, "rollout"), b = sl_rng_split_name(&parent, "buffer");
    sl_rng c = sl_rng_split_name(&parent, "rollout");
    assert_memory_equal(&a, &c, sizeof a);
    assert_memory_not_equal(&a, &b, sizeof a);
}

// chi-squared of counts against an even spread; with 63 degrees of freedom 120 is passed once in 10^5
static double chi_squared(const int *counts, int n_bins, int n) {
    double expected = (double)n / n_bins, sum = 0.0;
    for (int i = 0; i < n_bins; i++) sum += (counts[i] - expected) * (counts[i] - expected) / expected;
    return sum;
}

static void numbers_are_evenly_spread(void **state) {
    (void)state;
    enum { BINS = 64, N = 640000 };
    int uniform[BINS] = {0}, below[BINS] = {0}, siblings[BINS] = {0};
    sl_rng rng = sl_rng_seed(11);
    for (int i = 0; i < N; i++) {
        double u = sl_rng_uniform(&rng);
        assert_true(u >= 0.0 && u < 1.0);
        uniform[(int)(u * BINS)]++;
        uint32_t k = sl_rng_below(&rng, BINS);
        assert_true(k < BINS);
        below[k]++;
        // the first number of consecutive children: what episode e of an evaluation starts with
        sl_rng child = sl_rng_split(&rng, (uint64_t)i);
        siblings[sl_rng_below(&child, BINS)]++;
    }
    assert_true(chi_squared(uniform, BINS, N) < 120);
    assert_true(chi_squared(below, BINS, N) < 120);
    assert_true(chi_squared(siblings, BINS, N) < 120);
}

static void bounds_are_kept(void **state) {
    (void)state;
    sl_rng rng = sl_rng_seed(13);
    for (int i = 0; i < 10000; i++) {
        double x = sl_rng_between(&rng, -1.0, 3.0);
        assert_true(x >= -1.0 && x < 3.0);
        assert_int_equal(sl_rng_below(&rng, 1), 0);
        assert_true(sl_rng_below(&rng, 3) < 3);
    }
}

static void normals_have_the_moments_of_normals(void **state) {
    (void)state;
    enum { N = 400000 };
    sl_rng rng = sl_rng_seed(17);
    double sums[5] = {0};
    int beyond_two = 0;
    for (int i = 0; i < N; i++) {
        double x = sl_rng_normal(&rng);
        assert_true(isfinite(x));
        for (int k = 1; k <= 4; k++) sums[k] += pow(x, k);
        beyond_two += fabs(x) > 2.0;
    }
    // five standard errors: sqrt(1/N), sqrt(2/N), sqrt(15/N), sqrt(96/N)
    assert_true(fabs(sums[1] / N) < 5 * sqrt(1.0 / N));
    assert_true(fabs(sums[2] / N - 1.0) < 5 * sqrt(2.0 / N));
    assert_true(fabs(sums[3] / N) < 5 * sqrt(15.0 / N));
    assert_true(fabs(sums[4] / N - 3.0) < 5 * sqrt(96.0 / N));
    assert_true(fabs((double)beyond_two / N - 0.0455) < 5 * sqrt(0.0455 / N));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xoshiro_gives_the_published_numbers),
        cmocka_unit_test(seeding_is_splitmix),
        cmocka_unit_test(a_permutation_is_one_of_all),
        cmocka_unit_test(a_copied_stream_goes_on_as_the_original),
        cmocka_unit_test(splits_leave_the_parent_and_differ),
        cmocka_unit_test(names_split_as_well),
        cmocka_unit_test(numbers_are_evenly_spread),
        cmocka_unit_test(bounds_are_kept),
        cmocka_unit_test(normals_have_the_moments_of_normals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
