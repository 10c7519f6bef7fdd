/* test_memory.c - what the system says of this process's memory. */
#include "common/memory.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

enum { MUCH = 64 << 20 };

static void the_peak_stays_until_it_is_forgotten(void **state) {
    (void)state;
    double before = sl_memory_resident();
    // a system without /proc
    if (isnan(before)) skip();
    // not from the heap, which may keep what is freed
    void *much = mmap(NULL, MUCH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(much != MAP_FAILED);
    memset(much, 1, MUCH);
    double held = sl_memory_resident();
    assert_true(held > before + 0.9 * MUCH);
    assert_int_equal(munmap(much, MUCH), 0);
    assert_true(sl_memory_resident() < held - 0.9 * MUCH);
    assert_true(sl_memory_peak() > before + 0.9 * MUCH);
    sl_memory_forget_peak();
    assert_true(sl_memory_peak() < before + 0.9 * MUCH);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_peak_stays_until_it_is_forgotten)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
