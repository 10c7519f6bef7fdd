/* test_fnv1a.c - the hash of known texts, in one piece and in two. */
#include "common/fnv1a.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void known_texts_have_their_hashes(void **state) {
    (void)state;
    assert_true(sl_fnv1a(SL_FNV1A, "a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(sl_fnv1a(SL_FNV1A, "foobar", 6) == UINT64_C(0x85944171f73967e8));
    assert_true(sl_fnv1a(sl_fnv1a(SL_FNV1A, "foo", 3), "bar", 3) == sl_fnv1a(SL_FNV1A, "foobar", 6));
    assert_true(sl_fnv1a(SL_FNV1A, "", 0) == SL_FNV1A && sl_fnv1a(SL_FNV1A, NULL, 3) == SL_FNV1A);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(known_texts_have_their_hashes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
