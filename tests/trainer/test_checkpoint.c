/* test_checkpoint.c - checkpoints: the newest good one is taken, the newest two are kept, bad ones cost a line. */
#include "trainer/checkpoint.h"

#include "common/alloc.h"
#include "common/log.h"
#include "storage/file.h"
#include "storage/tensors_file.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static void save(const char *run, int64_t n, const char *config_hash) {
    sl_tensors *file = NULL;
    assert_int_equal(sl_tensors_create(&file), SL_OK);
    int64_t values[100];
    for (int k = 0; k < 100; k++) values[k] = n + k;
    assert_int_equal(sl_tensors_add(file, "values", SL_I64, 1, (const int64_t[]){100}, values), SL_OK);
    assert_int_equal(sl_tensors_add(file, "bytes", SL_U8, 1, (const int64_t[]){3}, "abc"), SL_OK);
    assert_int_equal(sl_checkpoint_save(run, n, config_hash, file), SL_OK);
    sl_tensors_destroy(&file);
}

/* The number of the checkpoint that load takes, 0 when it takes none. */
static int64_t load(const char *run, sl_status expected) {
    sl_tensors *file = NULL;
    int64_t n = 0;
    assert_int_equal(sl_checkpoint_load(run, hash, &n, &file), expected);
    if (!file) return 0;
    const sl_tensor *values;
    assert_int_equal(sl_tensors_find(file, "values", SL_I64, 100, &values), SL_OK);
    assert_int_equal(((const int64_t *)values->data)[99], n + 99);
    sl_tensors_destroy(&file);
    return n;
}

static const char *path_of(const sl_temp_folder *folder, int n) {
    char name[64];
    (void)snprintf(name, sizeof name, "checkpoints/checkpoint-%d.safetensors", n);
    return sl_temp_folder_file(folder, name);
}

// whoever copied checkpoints into the folder: the newest is found among any number of them
static void the_newest_is_found_among_many(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    save(folder.path, 1000, hash);
    for (int n = 1; n < 1000; n += 3) assert_int_equal(sl_file_replace(path_of(&folder, n), "old", 3), SL_OK);
    for (int n = 1001; n < 1004; n++) {
        save(folder.path, n, hash);
        assert_int_equal(load(folder.path, SL_OK), n);
    }
    assert_int_equal(sl_checkpoint_clear(folder.path), SL_OK);
    assert_int_equal(load(folder.path, SL_OK), 0);
    assert_int_not_equal(access(path_of(&folder, 1), F_OK), 0);
    sl_temp_folder_remove(&folder);
}

static void the_newest_two_are_kept(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    assert_int_equal(load(folder.path, SL_OK), 0);
    // more than nine, so that names do not sort like numbers
    for (int n = 1; n <= 11; n++) save(folder.path, n, hash);
    assert_int_equal(load(folder.path, SL_OK), 11);
    for (int n = 1; n <= 11; n++) assert_int_equal(access(path_of(&folder, n), F_OK) == 0, n >= 10);
    assert_int_equal(sl_checkpoint_clear(folder.path), SL_OK);
    assert_int_equal(load(folder.path, SL_OK), 0);
    sl_temp_folder_remove(&folder);
}

/* Rewrites checkpoint n: cut to `keep` bytes (all when negative), with the byte at `flip` inverted. */
static void damage(const char *path, long keep, long flip) {
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    assert_int_equal(sl_file_read(path, 1 << 20, &bytes, &n_bytes), SL_OK);
    if (flip >= 0) bytes[flip < (long)n_bytes ? (size_t)flip : n_bytes - 1] ^= 0xff;
    assert_int_equal(sl_file_replace(path, bytes, keep < 0 ? n_bytes : (size_t)keep), SL_OK);
    sl_free(bytes);
}

static void a_bad_one_costs_a_line_and_the_older_is_taken(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    const struct { long keep, flip; } cases[] = {{0, -1}, {20, -1}, {700, -1}, {-1, 3}, {-1, 40}, {-1, 1 << 20}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        assert_int_equal(sl_checkpoint_clear(folder.path), SL_OK);
        save(folder.path, 4, hash);
        save(folder.path, 5, hash);
        damage(path_of(&folder, 5), cases[k].keep, cases[k].flip);
        assert_int_equal(load(folder.path, SL_OK), 4);
    }
    // one of another experiment is as bad as a damaged one
    assert_int_equal(sl_checkpoint_clear(folder.path), SL_OK);
    save(folder.path, 6, hash);
    save(folder.path, 7, "another");
    assert_int_equal(load(folder.path, SL_OK), 6);
    sl_temp_folder_remove(&folder);
}

static void all_bad_is_an_error_not_a_new_start(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    save(folder.path, 1, "another");
    assert_int_equal(load(folder.path, SL_MISMATCH), 0);
    assert_non_null(strstr(sl_error_what(), "checkpoint-1"));
    assert_non_null(sl_error_hint());
    save(folder.path, 2, hash);
    damage(path_of(&folder, 2), 100, -1);
    assert_int_equal(load(folder.path, SL_CORRUPT), 0);
    assert_non_null(strstr(sl_error_what(), "checkpoint-2"));
    // a student's file under a checkpoint's name
    sl_tensors *file = NULL;
    assert_int_equal(sl_checkpoint_clear(folder.path), SL_OK);
    assert_int_equal(sl_tensors_create(&file), SL_OK);
    assert_int_equal(sl_tensors_save(file, path_of(&folder, 3)), SL_OK);
    sl_tensors_destroy(&file);
    assert_int_equal(load(folder.path, SL_MISMATCH), 0);
    sl_temp_folder_remove(&folder);
}

int main(void) {
    sl_log_init("test", SL_LOG_ERROR, false);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_is_found_among_many),
        cmocka_unit_test(the_newest_two_are_kept),
        cmocka_unit_test(a_bad_one_costs_a_line_and_the_older_is_taken),
        cmocka_unit_test(all_bad_is_an_error_not_a_new_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
