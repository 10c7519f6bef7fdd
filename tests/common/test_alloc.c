/* test_alloc.c - the gate to the heap and the scratch arena. */
#include "common/alloc.h"
#include "support/torture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void memory_is_aligned_and_zeroed(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 63, 64, 65, 1000, 1 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        // twice, so that the second is likely to get memory that was used
        for (int k = 0; k < 2; k++) {
            uint8_t *memory = sl_alloc(sizes[i]);
            assert_non_null(memory);
            assert_int_equal((uintptr_t)memory % 64, 0);
            for (size_t at = 0; at < sizes[i]; at++) assert_int_equal(memory[at], 0);
            memset(memory, 0xaa, sizes[i]);
            sl_free(memory);
        }
    }
    sl_free(NULL);
}

static void sizes_that_overflow_give_null(void **state) {
    (void)state;
    assert_null(sl_alloc(SIZE_MAX));
    assert_null(sl_alloc(SIZE_MAX - 62));
    assert_null(sl_alloc_array(SIZE_MAX / 2, 3));
    assert_null(sl_alloc_array((size_t)1 << 33, (size_t)1 << 32));
    void *none = sl_alloc_array(0, 8);
    assert_non_null(none);
    sl_free(none);
}

static void copies_are_equal_and_apart(void **state) {
    (void)state;
    char text[] = "text";
    char *copy = sl_alloc_string(text);
    assert_non_null(copy);
    text[0] = 'n';
    assert_string_equal(copy, "text");
    sl_free(copy);
    uint8_t *bytes = sl_alloc_copy("\x01\x00\x02", 3);
    assert_non_null(bytes);
    assert_memory_equal(bytes, "\x01\x00\x02", 3);
    sl_free(bytes);
}

static void allocations_are_counted_and_fail_on_demand(void **state) {
    (void)state;
    uint64_t before = sl_alloc_count();
    sl_alloc_fail_at(2);
    void *first = sl_alloc(1), *second = sl_alloc(1), *third = sl_alloc(1);
    assert_non_null(first);
    assert_null(second);
    assert_non_null(third);
    // one that failed was not made
    assert_int_equal(sl_alloc_count() - before, 2);
    sl_free(first);
    sl_free(third);
}

// two blocks, the second taken only when the first is there
static sl_status two_blocks(void *context) {
    (void)context;
    void *first = sl_alloc(100), *second = first ? sl_alloc(100) : NULL;
    bool all = first && second;
    sl_free(first);
    sl_free(second);
    return all ? SL_OK : sl_fail(SL_MEMORY, NULL, "no memory for two blocks");
}

static void a_failed_allocation_is_an_error(void **state) {
    (void)state;
    assert_int_equal(sl_torture(two_blocks, NULL), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_aligned_and_zeroed),
        cmocka_unit_test(sizes_that_overflow_give_null),
        cmocka_unit_test(copies_are_equal_and_apart),
        cmocka_unit_test(allocations_are_counted_and_fail_on_demand),
        cmocka_unit_test(a_failed_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
