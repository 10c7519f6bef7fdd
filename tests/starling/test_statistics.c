/* test_statistics.c - means and intervals against numbers worked out by hand. */
#include "starling/report/statistics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

static void assert_near(double a, double b) {
    if (fabs(a - b) > 1e-12) fail_msg("%.17g is not %.17g", a, b);
}

static void test_by_hand(void **state) {
    (void)state;
    // 2, 4, 9: mean 5, squares 9 + 1 + 16 = 26, sd = sqrt(13)
    const double x[] = {2, 4, 9};
    assert_near(sl_mean(3, x), 5);
    assert_near(sl_sd(3, x), sqrt(13));
    // with two degrees of freedom t = p sqrt(2 / (1 - p^2)), p = 0.95
    assert_near(sl_ci95(3, x), 0.95 * sqrt(2 / (1 - 0.95 * 0.95)) * sqrt(13.0 / 3));
    assert_near(sl_mean(0, x), 0);
    // one value has no spread that could be known
    assert_true(isnan(sl_sd(1, x)) && isnan(sl_ci95(1, x)) && isnan(sl_ci95(0, x)));
}

// from the tables of the distribution (0.975 quantile), and in closed form where there is one
static void test_student(void **state) {
    (void)state;
    const double pi = acos(-1);
    assert_near(sl_student95(1), tan(0.475 * pi));
    assert_near(sl_student95(2), 0.95 * sqrt(2 / (1 - 0.95 * 0.95)));
    // with four: sin(theta) (1 + cos(theta)^2 / 2) = s (3 - s^2) / 2 = 0.95 at s = 2 cos((pi + acos(0.95)) / 3)
    double s = 2 * cos((pi + acos(0.95)) / 3);
    assert_near(sl_student95(4), sqrt(4 * s * s / (1 - s * s)));
    const struct {
        int df;
        double t;
    } tables[] = {{1, 12.7062}, {2, 4.3027},  {3, 3.1824},  {4, 2.7764},  {5, 2.5706},  {6, 2.4469},
                  {7, 2.3646},  {9, 2.2622},  {10, 2.2281}, {19, 2.0930}, {20, 2.0860}, {29, 2.0452},
                  {30, 2.0423}, {60, 2.0003}, {98, 1.9845}, {99, 1.9842}, {120, 1.9799}};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        if (fabs(sl_student95(tables[i].df) - tables[i].t) > 5.1e-5)
            fail_msg("%d: %.6f", tables[i].df, sl_student95(tables[i].df));
    }
    // many are normal
    assert_true(fabs(sl_student95(100000) - 1.959964) < 5e-5);
}

// where Student's distribution ends and the normal begins
static void test_many_episodes(void **state) {
    (void)state;
    double x[100];
    for (int i = 0; i < 100; i++) x[i] = i % 2;
    assert_near(sl_ci95(99, x), sl_student95(98) * sl_sd(99, x) / sqrt(99));
    assert_near(sl_ci95(100, x), 1.96 * sl_sd(100, x) / 10);
}

static void test_over_seeds(void **state) {
    (void)state;
    sl_rng rng = sl_rng_seed(1), same = sl_rng_seed(1);
    sl_interval i, j;
    double x[20];
    for (int k = 0; k < 20; k++) x[k] = k * k;
    assert_int_equal(sl_mean_over_seeds(1, x + 3, 1000, &rng, &i), SL_OK);
    assert_near(i.mean, 9);
    assert_true(isnan(i.low) && isnan(i.high));
    // 4 and 16: mean 10, sd sqrt(72), standard error 6, and 12.7 of them
    assert_int_equal(sl_mean_over_seeds(2, (const double[]){4, 16}, 1000, &rng, &i), SL_OK);
    assert_near(i.mean, 10);
    assert_near(i.low, 10 - 6 * tan(0.475 * acos(-1)));
    assert_near(i.high, 10 + 6 * tan(0.475 * acos(-1)));
    assert_int_equal(sl_mean_over_seeds(19, x, 1000, &rng, &i), SL_OK);
    assert_near(i.high - i.mean, sl_student95(18) * sl_sd(19, x) / sqrt(19));
    // twenty are many: the bootstrap's own numbers
    assert_int_equal(sl_mean_over_seeds(20, x, 1000, &rng, &i), SL_OK);
    assert_int_equal(sl_bootstrap_mean(20, x, 1000, &same, &j), SL_OK);
    assert_memory_equal(&i, &j, sizeof i);
    assert_int_equal(sl_mean_over_seeds(0, x, 1000, &rng, &i), SL_OK);
    assert_near(i.mean, 0);
}

static void test_wilson_by_hand(void **state) {
    (void)state;
    // 8 of 10 (Wilson's own arithmetic): middle (0.8 + z2 / 20) / (1 + z2 / 10), z2 = 1.96^2 = 3.8416
    sl_interval i = sl_wilson95(8, 10);
    double middle = (0.8 + 3.8416 / 20) / 1.38416, half = 1.96 / 1.38416 * sqrt(0.016 + 3.8416 / 400);
    assert_near(i.mean, 0.8);
    assert_near(i.low, middle - half);
    assert_near(i.high, middle + half);
    assert_true(i.low > 0.4901 && i.low < 0.4902 && i.high > 0.9433 && i.high < 0.9434);
    // all and none: one end is exact, the other z2 / (n + z2) away
    i = sl_wilson95(1000, 1000);
    assert_near(i.mean, 1);
    assert_near(i.low, 1000 / 1003.8416);
    assert_true(i.high >= 1 && i.high <= 1);
    i = sl_wilson95(0, 50);
    assert_true(i.low >= 0 && i.low <= 0);
    assert_near(i.high, 3.8416 / 53.8416);
    i = sl_wilson95(0, 0);
    assert_near(i.mean + i.low + i.high, 0);
}

static void test_percentile(void **state) {
    (void)state;
    double x[] = {30, 10, 40, 20};
    sl_sort(4, x);
    assert_near(x[0], 10);
    // nearest rank: ceil(p / 100 * 4)
    assert_near(sl_percentile(4, x, 0), 10);
    assert_near(sl_percentile(4, x, 25), 10);
    assert_near(sl_percentile(4, x, 26), 20);
    assert_near(sl_percentile(4, x, 50), 20);
    assert_near(sl_percentile(4, x, 99), 40);
    assert_near(sl_percentile(4, x, 100), 40);
}

static void test_bootstrap_by_hand(void **state) {
    (void)state;
    sl_rng rng = sl_rng_seed(1);
    sl_interval i;
    // one value: every resample is that value
    assert_int_equal(sl_bootstrap_mean(1, (const double[]){7}, 1000, &rng, &i), SL_OK);
    assert_near(i.mean, 7);
    assert_near(i.low, 7);
    assert_near(i.high, 7);
    // two values: the mean is 0, 1/2, 1 with probability 1/4, 1/2, 1/4; both tails hold more than 2.5 %
    assert_int_equal(sl_bootstrap_mean(2, (const double[]){0, 1}, 10000, &rng, &i), SL_OK);
    assert_near(i.mean, 0.5);
    assert_near(i.low, 0);
    assert_near(i.high, 1);
    // 0, 0, 0, 4: the mean is binomial(4, 1/4): 0 with 31.6 %, at most 2 with 94.9 %, at most 3 with 99.6 %
    assert_int_equal(sl_bootstrap_mean(4, (const double[]){0, 0, 0, 4}, 10000, &rng, &i), SL_OK);
    assert_near(i.mean, 1);
    assert_near(i.low, 0);
    assert_near(i.high, 3);
}

static void test_bootstrap_repeats(void **state) {
    (void)state;
    const double x[] = {-25.1, -24.3, -26.0, -24.9, -25.5};
    sl_rng a = sl_rng_seed(3), b = sl_rng_seed(3);
    sl_interval i, j;
    assert_int_equal(sl_bootstrap_mean(5, x, 2000, &a, &i), SL_OK);
    assert_int_equal(sl_bootstrap_mean(5, x, 2000, &b, &j), SL_OK);
    assert_memory_equal(&i, &j, sizeof i);
    assert_true(i.low < i.mean && i.mean < i.high);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),           cmocka_unit_test(test_student),
        cmocka_unit_test(test_many_episodes),     cmocka_unit_test(test_over_seeds),
        cmocka_unit_test(test_wilson_by_hand),    cmocka_unit_test(test_percentile),
        cmocka_unit_test(test_bootstrap_by_hand), cmocka_unit_test(test_bootstrap_repeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
