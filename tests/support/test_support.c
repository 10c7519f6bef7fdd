/* test_support.c - the helpers of the other tests: a counter that does not count would make their zeros empty. */
#include "common/alloc.h"
#include "support/heap_count.h"
#include "support/temp_folder.h"
#include "support/torture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void heap_count_sees_libraries(void **state) {
    (void)state;
    if (!sl_heap_is_counted()) skip();
    uint64_t before = sl_heap_count();
    void *memory = sl_alloc(100);
    assert_int_equal(sl_heap_count() - before, 1);
    sl_free(memory);
    // a call that allocates inside the C library
    before = sl_heap_count();
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *stream = open_memstream(&text, &n_bytes);
    assert_non_null(stream);
    fclose(stream);
    free(text);
    assert_true(sl_heap_count() > before);
}

static sl_status take_three(void *context) {
    int *n_runs = context;
    *n_runs += 1;
    void *memory[3] = {sl_alloc(1), sl_alloc(2), sl_alloc(3)};
    sl_status status = memory[0] && memory[1] && memory[2] ? SL_OK : SL_MEMORY;
    for (int i = 0; i < 3; i++) sl_free(memory[i]);
    return status;
}

static void torture_fails_each_allocation(void **state) {
    (void)state;
    int n_runs = 0;
    assert_int_equal(sl_torture(take_three, &n_runs), 3);
    assert_int_equal(n_runs, 4);
}

static void temp_folder_is_removed_with_its_files(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    FILE *file = fopen(sl_temp_folder_file(&folder, "a"), "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(access(sl_temp_folder_file(&folder, "a"), F_OK), 0);
    sl_temp_folder_remove(&folder);
    assert_int_not_equal(access(folder.path, F_OK), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heap_count_sees_libraries),
        cmocka_unit_test(torture_fails_each_allocation),
        cmocka_unit_test(temp_folder_is_removed_with_its_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
