/* test_limiter.c - Reverb's rate limiter: its constructor's checks and its two gates. */
#include "coordinator/limiter.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_constructor_checks(void **state) {
    (void)state;
    sl_limiter limiter;
    assert_int_equal(sl_limiter_init(&limiter, 0, 0, 0), SL_CONFIG);
    assert_int_equal(sl_limiter_init(&limiter, -1, 1, 1), SL_CONFIG);
    assert_int_equal(sl_limiter_init(&limiter, (double)NAN, 1, 1), SL_CONFIG);
    // an error buffer below max(1, samples_per_insert) could block for ever
    assert_int_equal(sl_limiter_init(&limiter, 0.5, 1, 0.9), SL_CONFIG);
    assert_int_equal(sl_limiter_init(&limiter, 4, 1, 3.9), SL_CONFIG);
    assert_int_equal(sl_limiter_init(&limiter, 4, 1, (double)NAN), SL_CONFIG);
    assert_int_equal(sl_limiter_init(&limiter, 0.5, 1, 1), SL_OK);
    assert_int_equal(sl_limiter_init(&limiter, 4, 1, 4), SL_OK);
    // without a ratio the buffer does not matter
    assert_int_equal(sl_limiter_init(&limiter, 0, 1, 0), SL_OK);
}

static void test_min_size_only(void **state) {
    (void)state;
    sl_limiter limiter;
    assert_int_equal(sl_limiter_init(&limiter, 0, 3, 0), SL_OK);
    for (int i = 0; i < 3; i++) {
        assert_false(sl_limiter_may_sample(&limiter));
        assert_true(sl_limiter_may_insert(&limiter));
        limiter.inserts++;
    }
    limiter.samples = 1000000;
    assert_true(sl_limiter_may_sample(&limiter));
    limiter.samples = 0;
    limiter.inserts = 1000000;
    assert_true(sl_limiter_may_insert(&limiter));
    // what left does not count
    limiter.deletes = 999998;
    assert_false(sl_limiter_may_sample(&limiter));
}

/* Two samples an insert, error buffer 4, from 2 items on: inserts * 2 - samples stays in [0, 8]. */
static void test_ratio(void **state) {
    (void)state;
    sl_limiter limiter;
    assert_int_equal(sl_limiter_init(&limiter, 2, 2, 4), SL_OK);
    limiter.inserts = 2;
    for (int i = 0; i < 4; i++) {
        assert_true(sl_limiter_may_sample(&limiter));
        limiter.samples++;
    }
    assert_false(sl_limiter_may_sample(&limiter));
    for (int i = 0; i < 4; i++) {
        assert_true(sl_limiter_may_insert(&limiter));
        limiter.inserts++;
    }
    // 6 * 2 - 4 = 8
    assert_false(sl_limiter_may_insert(&limiter));
    assert_true(sl_limiter_may_sample(&limiter));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constructor_checks),
        cmocka_unit_test(test_min_size_only),
        cmocka_unit_test(test_ratio),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
