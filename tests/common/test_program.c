/* test_program.c - the program finds its own file. The way without /proc is the same file by another name. */
#include "common/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void finds_its_own_file(void **state) {
    (void)state;
    char path[SL_PROGRAM_BYTES] = "";
    assert_true(sl_program_self(path));
    assert_int_equal(path[0], '/');
    const char *name = strrchr(path, '/') + 1;
    assert_string_equal(name, "test_common_program");
    assert_int_equal(access(path, X_OK), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_its_own_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
