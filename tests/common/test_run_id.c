/* test_run_id.c - drawn numbers differ and none is "none". */
#include "common/run_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void numbers_differ_and_are_never_none(void **state) {
    (void)state;
    uint64_t ids[100];
    for (int i = 0; i < 100; i++) {
        assert_int_equal(sl_run_id_draw(&ids[i]), SL_OK);
        assert_true(ids[i] != 0);
        for (int k = 0; k < i; k++) assert_true(ids[i] != ids[k]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(numbers_differ_and_are_never_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
