/* test_secret_file.c - who else may read or write a key file, by its mode and its owner. */
#include "common/alloc.h"
#include "storage/secret_file.h"
#include "support/capture.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static sl_temp_folder folder;

static int setup(void **state) {
    (void)state;
    folder = sl_temp_folder_create();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    sl_temp_folder_remove(&folder);
    return 0;
}

/* Reads the file with that mode; what was logged is in log. */
static sl_status read_with(const char *path, mode_t mode, char log[512]) {
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    assert_int_equal(chmod(path, mode), 0);
    sl_capture_begin();
    sl_status status = sl_secret_file_read(path, 100, &bytes, &n_bytes);
    (void)sl_capture_end(log, 512);
    if (status == SL_OK) {
        assert_int_equal(n_bytes, 6);
        assert_memory_equal(bytes, "secret", 6);
    }
    sl_secret_free(bytes, n_bytes);
    return status;
}

static void is_written_for_its_owner_alone(void **state) {
    (void)state;
    const char *path = sl_temp_folder_file(&folder, "a.key");
    struct stat about;
    mode_t old = umask(0);
    assert_int_equal(sl_secret_file_replace(path, "secret", 6), SL_OK);
    (void)umask(old);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    char log[512];
    assert_int_equal(read_with(path, 0600, log), SL_OK);
    assert_string_equal(log, "");
}

static void what_others_can_read_is_warned_of(void **state) {
    (void)state;
    const char *path = sl_temp_folder_write_text(&folder, "a.key", "secret");
    char log[512];
    assert_int_equal(read_with(path, 0644, log), SL_OK);
    assert_non_null(strstr(log, "a.key: others can read this key file (mode 644)"));
    assert_int_equal(read_with(path, 0640, log), SL_OK);
    assert_non_null(strstr(log, "(mode 640)"));
    assert_int_equal(read_with(path, 0400, log), SL_OK);
    assert_string_equal(log, "");
    // of another owner, the group is how it is handed down
    if (geteuid() != 0) return;
    assert_int_equal(chown(path, 12345, 0), 0);
    assert_int_equal(read_with(path, 0440, log), SL_OK);
    assert_string_equal(log, "");
    assert_int_equal(read_with(path, 0444, log), SL_OK);
    assert_non_null(strstr(log, "others can read"));
}

static void what_others_can_write_is_refused(void **state) {
    (void)state;
    const char *path = sl_temp_folder_write_text(&folder, "a.key", "secret");
    char log[512];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(read_with(path, i ? 0620 : 0602, log), SL_MISMATCH);
        assert_non_null(strstr(sl_error_what(), "a.key: others can write this key file (mode 6"));
        assert_non_null(strstr(sl_error_hint(), "chmod 600"));
    }
}

static void what_is_no_file_or_too_long_is_refused(void **state) {
    (void)state;
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    assert_int_equal(sl_secret_file_read(sl_temp_folder_file(&folder, "none"), 9, &bytes, &n_bytes), SL_NOT_FOUND);
    assert_int_equal(sl_secret_file_read(folder.path, 9, &bytes, &n_bytes), SL_CORRUPT);
    const char *path = sl_temp_folder_file(&folder, "a.key");
    assert_int_equal(sl_secret_file_replace(path, "secret", 6), SL_OK);
    assert_int_equal(sl_secret_file_read(path, 5, &bytes, &n_bytes), SL_CORRUPT);
    assert_null(bytes);
    sl_secret_free(NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(is_written_for_its_owner_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(what_others_can_read_is_warned_of, setup, teardown),
        cmocka_unit_test_setup_teardown(what_others_can_write_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_file_or_too_long_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
