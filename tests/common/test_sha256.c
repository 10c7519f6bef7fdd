/* test_sha256.c - what is taken for the text of a SHA-256. */
#include "common/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define HEX63 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

static void only_64_lower_case_digits_are_one(void **state) {
    (void)state;
    static const char *const others[] = {"",        HEX63,     HEX63 "00", HEX63 "f/..",   HEX63 "g",
                                         HEX63 "F", "/" HEX63, HEX63 "\n", "../" HEX63 "0"};
    assert_true(sl_sha256_is_text(HEX63 "f"));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) assert_false(sl_sha256_is_text(others[i]));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_64_lower_case_digits_are_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
