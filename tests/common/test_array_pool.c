/* test_array_pool.c - as many arrays as an experiment asks for, and every allocation of them failed once. */
#include "common/array_pool.h"

#include "common/status.h"
#include "support/torture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MANY = 100000, SOME = 200 };

static void there_is_no_last_array(void **state) {
    (void)state;
    sl_array_pool arrays = {0};
    int32_t *first = NULL, *last = NULL;
    for (int i = 0; i < MANY; i++) {
        last = sl_array_pool_take(&arrays, 2, sizeof(int32_t));
        assert_non_null(last);
        assert_int_equal(last[0] | last[1], 0);
        last[0] = i;
        if (!first) first = last;
    }
    assert_int_equal(first[0], 0);
    assert_int_equal(last[0], MANY - 1);
    assert_null(sl_array_pool_take(&arrays, 0, sizeof(int32_t)));
    assert_false(arrays.failed);
    sl_array_pool_fini(&arrays);
}

static sl_status take_some(void *context) {
    sl_array_pool *arrays = context;
    *arrays = (sl_array_pool){0};
    for (int i = 0; i < SOME; i++) (void)sl_array_pool_take(arrays, 3, 1);
    bool failed = arrays->failed;
    sl_array_pool_fini(arrays);
    return failed ? sl_fail(SL_MEMORY, NULL, "no memory") : SL_OK;
}

static void what_cannot_be_had_is_noted(void **state) {
    (void)state;
    sl_array_pool arrays;
    assert_true(sl_torture(take_some, &arrays) > SOME);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_no_last_array),
        cmocka_unit_test(what_cannot_be_had_is_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
