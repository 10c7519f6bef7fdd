/* test_plane.c - velocities are rounded as the reference's types round them: float32 after every operation of float32
 * numbers, float64 otherwise, inner products of float64 fused. A compiler that drops a rounding shows here. */
#include "common/rng.h"
#include "envs/combat/plane.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { TRIALS = 20000 };

static vec draw(sl_rng *stream, bool single) {
    double x = sl_rng_between(stream, -5.0, 5.0), y = sl_rng_between(stream, -5.0, 5.0);
    return single ? (vec){(double)(float)x, (double)(float)y, true} : (vec){x, y, false};
}

static void assert_vec(vec got, double x, double y, bool single) {
    assert_true(got.x == x && got.y == y && got.single == single);
}

// volatile: every operation by itself, whatever the compiler
static void singles_are_rounded_each_time(void **state) {
    (void)state;
    sl_rng stream = sl_rng_seed(1);
    int n_rounded = 0;
    for (int k = 0; k < TRIALS; k++) {
        vec a = draw(&stream, true), b = draw(&stream, true);
        double factor = sl_rng_between(&stream, -5.0, 5.0);
        volatile float ax = (float)a.x, ay = (float)a.y, bx = (float)b.x, by = (float)b.y, s = (float)factor, x, y, r;
        x = ax + bx, y = ay + by;
        assert_vec(add(a, b), (double)x, (double)y, true);
        x = ax - bx, y = ay - by;
        assert_vec(sub(a, b), (double)x, (double)y, true);
        n_rounded += (double)x != a.x - b.x;
        x = s * ax, y = s * ay;
        assert_vec(scale(factor, a), (double)x, (double)y, true);
        x = ax * bx, y = ay * by, r = x + y;
        assert_true(dot(a, b).v == (double)r && dot(a, b).single);
        x = ax * by, y = ay * bx, r = x - y;
        assert_true(det(a, b).v == (double)r && det(a, b).single);
        r = ax / bx;
        assert_true(quotient((num){a.x, true}, (num){b.x, true}) == (double)r);
        x = ax * ax, y = ay * ay, r = x + y, r = sqrtf(r), x = ax / r, y = ay / r;
        assert_vec(unit(a), (double)x, (double)y, true);
    }
    // the numbers are such that it matters
    assert_true(n_rounded > TRIALS / 10);
}

static void one_double_makes_doubles(void **state) {
    (void)state;
    sl_rng stream = sl_rng_seed(2);
    for (int k = 0; k < TRIALS; k++) {
        vec a = draw(&stream, k % 2), b = draw(&stream, false);
        volatile double x = a.x - b.x, y = a.y - b.y;
        assert_vec(sub(a, b), x, y, false);
        x = a.x * b.y, y = a.y * b.x, x = x - y;
        assert_true(det(a, b).v == x && !det(b, a).single);
        assert_true(quotient((num){a.x, k % 2}, (num){b.x, false}) == a.x / b.x);
    }
}

// (1 + e)(1 - e) - 1 is -e^2, and 0 where the product is rounded before it is added
static void inner_products_are_fused(void **state) {
    (void)state;
    double e = 0x1p-52;
    vec a = {-1.0, 1.0 + e, false}, b = {1.0, 1.0 - e, false};
    assert_true(dot(a, b).v == -e * e);
    volatile double x = a.x * b.x, y = a.y * b.y;
    assert_true(x + y == 0.0);
    // determinants are not
    assert_true(det((vec){1.0 + e, 1.0, false}, (vec){1.0, 1.0 - e, false}).v == 0.0);
}

static void no_length_is_no_direction(void **state) {
    (void)state;
    assert_vec(unit((vec){0.0, 0.0, false}), 1.0, 0.0, false);
    assert_vec(unit((vec){-0.0, 0.0, true}), 1.0, 0.0, true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(singles_are_rounded_each_time),
        cmocka_unit_test(one_double_makes_doubles),
        cmocka_unit_test(inner_products_are_fused),
        cmocka_unit_test(no_length_is_no_direction),
    };
    return cmocka_run_group_tests_name("plane", tests, NULL, NULL);
}
