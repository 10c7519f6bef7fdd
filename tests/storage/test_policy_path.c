/* test_policy_path.c - a text names a teacher's file, or the folder that one is in. */
#include "storage/policy_path.h"

#include "storage/file.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static void a_folder_names_its_teacher_and_a_file_itself(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char path[SL_POLICY_PATH], file[512];
    (void)snprintf(file, sizeof file, "%s", sl_temp_folder_file(&folder, "other.safetensors"));
    assert_int_equal(sl_file_replace(file, "x", 1), SL_OK);
    assert_int_equal(sl_policy_path_find_teacher(file, path), SL_OK);
    assert_string_equal(path, file);
    assert_int_equal(sl_policy_path_find_teacher(folder.path, path), SL_OK);
    assert_string_equal(path, sl_temp_folder_file(&folder, "teacher.safetensors"));
    // whether it is there is for whoever reads it
    assert_int_equal(sl_policy_path_find_teacher("/nonexistent", path), SL_OK);
    assert_string_equal(path, "/nonexistent");
    sl_temp_folder_remove(&folder);
}

static void a_path_is_not_cut_off(void **state) {
    (void)state;
    char text[SL_POLICY_PATH + 1], path[SL_POLICY_PATH] = "as it was";
    memset(text, 'x', sizeof text);
    text[SL_POLICY_PATH] = '\0';
    assert_int_equal(sl_policy_path_find_teacher(text, path), SL_CONFIG);
    assert_non_null(strstr(sl_error_what(), "is too long"));
    text[SL_POLICY_PATH - 1] = '\0';
    assert_int_equal(sl_policy_path_find_teacher(text, path), SL_OK);
    assert_string_equal(path, text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_names_its_teacher_and_a_file_itself),
        cmocka_unit_test(a_path_is_not_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
