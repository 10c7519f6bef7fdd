/* test_manifest.c - a folder's files are known again, and others in their place are not taken for them. */
#include "common/alloc.h"
#include "storage/file.h"
#include "storage/manifest.h"
#include "support/temp_folder.h"
#include "support/torture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static sl_temp_folder folder;

static int setup(void **state) {
    (void)state;
    folder = sl_temp_folder_create();
    return sl_file_make_folder(sl_temp_folder_file(&folder, "students")) == SL_OK ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    sl_temp_folder_remove(&folder);
    return 0;
}

static void put(const char *name, const char *text) {
    assert_int_equal(sl_file_replace(sl_temp_folder_file(&folder, name), text, strlen(text)), SL_OK);
}

static sl_manifest *open_manifest(void) {
    sl_manifest *manifest = NULL;
    assert_int_equal(sl_manifest_open(folder.path, &manifest), SL_OK);
    return manifest;
}

static void a_folder_without_one_is_taken_as_it_is(void **state) {
    (void)state;
    sl_manifest *manifest = open_manifest();
    assert_false(sl_manifest_has(manifest, "a"));
    assert_int_equal(sl_manifest_check(manifest, "a"), SL_OK);
    assert_int_equal(sl_manifest_note(manifest, "a"), SL_NOT_FOUND);
    sl_manifest_close(&manifest);
    assert_null(manifest);
    sl_manifest_close(&manifest);
}

static void files_are_known_again(void **state) {
    (void)state;
    put("a", "one");
    put("students/b", "two");
    sl_manifest *manifest = open_manifest();
    assert_int_equal(sl_manifest_note(manifest, "a"), SL_OK);
    assert_int_equal(sl_manifest_note(manifest, "students/b"), SL_OK);
    assert_int_equal(sl_manifest_save(manifest), SL_OK);
    sl_manifest_close(&manifest);
    manifest = open_manifest();
    assert_true(sl_manifest_has(manifest, "a") && sl_manifest_has(manifest, "students/b"));
    assert_int_equal(sl_manifest_check(manifest, "a"), SL_OK);
    assert_int_equal(sl_manifest_check(manifest, "students/b"), SL_OK);
    // swapped, of the same length
    put("a", "two");
    assert_int_equal(sl_manifest_check(manifest, "a"), SL_CORRUPT);
    assert_non_null(strstr(sl_error_what(), sl_temp_folder_file(&folder, "a")));
    sl_manifest_forget(manifest, "a");
    assert_int_equal(sl_manifest_check(manifest, "a"), SL_OK);
    assert_int_equal(unlink(sl_temp_folder_file(&folder, "students/b")), 0);
    assert_int_equal(sl_manifest_check(manifest, "students/b"), SL_NOT_FOUND);
    sl_manifest_close(&manifest);
}

static void bad_ones_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *text;
        sl_status status;
    } bad[] = {
        {"", SL_CORRUPT},
        {"[]", SL_CORRUPT},
        {"{\"format\": 1}", SL_CORRUPT},
        {"{\"files\": {}}", SL_CORRUPT},
        {"{\"format\": 2, \"files\": {}}", SL_MISMATCH},
        {"{\"format\": 1, \"files\": {\"a\": 3}}", SL_CORRUPT},
        {"{\"format\": 1, \"files\": {\"a\": \"00\"}}", SL_CORRUPT},
        {"{\"format\": 1, \"format\": 1, \"files\": {}}", SL_CORRUPT},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sl_manifest *manifest = NULL;
        put(SL_MANIFEST_NAME, bad[i].text);
        if (sl_manifest_open(folder.path, &manifest) != bad[i].status) fail_msg("%s", bad[i].text);
        assert_null(manifest);
        assert_non_null(strstr(sl_error_what(), SL_MANIFEST_NAME));
    }
    assert_int_equal(unlink(sl_temp_folder_file(&folder, SL_MANIFEST_NAME)), 0);
}

static sl_status whole_life(void *context) {
    sl_manifest *manifest = NULL;
    SL_TRY(sl_manifest_open(context, &manifest));
    sl_status status = sl_manifest_note(manifest, "a");
    if (status == SL_OK) status = sl_manifest_save(manifest);
    if (status == SL_OK) status = sl_manifest_check(manifest, "a");
    sl_manifest_close(&manifest);
    return status;
}

static void a_failed_allocation_is_an_error(void **state) {
    (void)state;
    put("a", "one");
    assert_true(sl_torture(whole_life, folder.path) >= 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_without_one_is_taken_as_it_is),
        cmocka_unit_test(files_are_known_again),
        cmocka_unit_test(bad_ones_are_refused),
        cmocka_unit_test(a_failed_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
