/* test_version_file.c - a number that only rises: through restarts, races of processes and damage. */
#include "storage/version_file.h"
#include "support/temp_folder.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY "801E8DA32735402A"

static sl_temp_folder folder;

static int set_up(void **state) {
    folder = sl_temp_folder_create();
    *state = (void *)sl_temp_folder_file(&folder, "v");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    sl_temp_folder_remove(&folder);
    return 0;
}

static sl_status raise_to(const char *path, int64_t version, int64_t *out) {
    *out = version;
    return sl_version_file_raise(path, KEY, out);
}

static void only_rises(void **state) {
    char path[SL_TEMP_PATH + 8];
    int64_t v = 0;
    memcpy(path, *state, strlen(*state) + 1);
    assert_int_equal(sl_version_file_read(path, KEY, &v), SL_NOT_FOUND);
    assert_int_equal(raise_to(path, 0, &v), SL_OK);
    assert_int_equal(v, 1);
    assert_int_equal(raise_to(path, 0, &v), SL_OK);
    assert_int_equal(v, 2);
    assert_int_equal(raise_to(path, 7, &v), SL_OK);
    assert_int_equal(raise_to(path, 7, &v), SL_OK);
    assert_int_equal(raise_to(path, 6, &v), SL_MISMATCH);
    assert_string_equal(sl_error_what(), "version 6 is older than 7, the newest of key " KEY);
    assert_int_equal(sl_version_file_read(path, KEY, &v), SL_OK);
    assert_int_equal(v, 7);
    assert_int_equal(raise_to(path, SL_VERSION_MAX, &v), SL_OK);
    assert_int_equal(sl_version_file_read(path, KEY, &v), SL_OK);
    assert_int_equal(v, SL_VERSION_MAX);
    assert_int_equal(raise_to(path, 0, &v), SL_FULL);
}

/* What it was is not known any more, so nothing is taken and the file stays. */
static void damage_is_refused(void **state) {
    char path[SL_TEMP_PATH + 8], bytes[300];
    int64_t v = 0;
    memcpy(path, *state, strlen(*state) + 1);
    assert_int_equal(raise_to(path, 42, &v), SL_OK);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t n = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    for (size_t i = 0; i < n; i++) {
        bytes[i] ^= 1;
        (void)sl_temp_folder_write(&folder, "v", bytes, n);
        assert_int_equal(raise_to(path, 50, &v), SL_CORRUPT);
        bytes[i] ^= 1;
        (void)sl_temp_folder_write(&folder, "v", bytes, i);
        assert_int_equal(raise_to(path, 50, &v), SL_CORRUPT);
    }
    assert_non_null(strstr(sl_error_what(), "v is damaged"));
    (void)sl_temp_folder_write(&folder, "v", bytes, n);
    assert_int_equal(sl_version_file_read(path, "0000000000000000", &v), SL_CORRUPT);
    assert_non_null(strstr(sl_error_what(), "is of key " KEY ", not of 0000000000000000"));
    assert_int_equal(sl_version_file_read(path, KEY, &v), SL_OK);
    assert_int_equal(v, 42);
}

enum { THREADS = 4, RAISES = 12 };

static void *raise_often(void *path) {
    for (int i = 0; i < RAISES; i++) {
        int64_t v;
        if (raise_to(path, 0, &v) != SL_OK) return path;
    }
    return NULL;
}

static void none_is_given_twice(void **state) {
    char path[SL_TEMP_PATH + 8];
    pthread_t threads[THREADS];
    int64_t v = 0;
    memcpy(path, *state, strlen(*state) + 1);
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, raise_often, path), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(sl_version_file_read(path, KEY, &v), SL_OK);
    assert_int_equal(v, THREADS * RAISES);
}

static void what_cannot_be_kept_is_an_error(void **state) {
    (void)state;
    int64_t v;
    assert_int_equal(raise_to(sl_temp_folder_file(&folder, "none/v"), 1, &v), SL_NOT_FOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_rises, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damage_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(none_is_given_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_kept_is_an_error, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
