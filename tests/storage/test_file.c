/* test_file.c - whole-file replace and bounded read, on a real folder; a full disk is a limit on the file size. */
#include "common/alloc.h"
#include "storage/file.h"
#include "support/temp_folder.h"
#include "support/torture.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <dirent.h>

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

static int count_entries(const char *path) {
    DIR *listing = opendir(path);
    assert_non_null(listing);
    int n = 0;
    for (struct dirent *entry = readdir(listing); entry; entry = readdir(listing)) n += entry->d_name[0] != '.';
    closedir(listing);
    return n;
}

static void assert_content(const char *path, const char *expected) {
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    assert_int_equal(sl_file_read(path, 1000, &bytes, &n_bytes), SL_OK);
    assert_int_equal(n_bytes, strlen(expected));
    assert_memory_equal(bytes, expected, n_bytes + 1);
    sl_free(bytes);
}

static void replace_then_read_gives_the_bytes(void **state) {
    (void)state;
    const char *path = sl_temp_folder_file(&folder, "a.txt");
    assert_int_equal(sl_file_replace(path, "first", 5), SL_OK);
    assert_content(path, "first");
    assert_int_equal(sl_file_replace(path, "", 0), SL_OK);
    assert_content(path, "");
    assert_int_equal(sl_file_replace(path, "third", 5), SL_OK);
    assert_content(path, "third");
    assert_int_equal(count_entries(folder.path), 1);
}

static void a_relative_path_lies_in_the_current_folder(void **state) {
    (void)state;
    char before[1024];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder.path), 0);
    assert_int_equal(sl_file_replace("plain", "x", 1), SL_OK);
    assert_int_equal(sl_file_make_folder("one/two"), SL_OK);
    assert_int_equal(chdir(before), 0);
    assert_content(sl_temp_folder_file(&folder, "plain"), "x");
}

static void what_cannot_be_read_says_why(void **state) {
    (void)state;
    uint8_t *bytes = (uint8_t *)1;
    size_t n_bytes = 7;
    const char *path = sl_temp_folder_file(&folder, "b");
    assert_int_equal(sl_file_read(path, 10, &bytes, &n_bytes), SL_NOT_FOUND);
    assert_non_null(strstr(sl_error_what(), path));
    assert_int_equal(sl_file_replace(path, "12345678901", 11), SL_OK);
    assert_int_equal(sl_file_read(path, 10, &bytes, &n_bytes), SL_CORRUPT);
    assert_int_equal(sl_file_read(folder.path, 10, &bytes, &n_bytes), SL_CORRUPT);
    assert_int_equal(sl_file_read("/dev/zero", 10, &bytes, &n_bytes), SL_CORRUPT);
    // a named pipe without a writer must not block
    const char *fifo = sl_temp_folder_file(&folder, "pipe");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(sl_file_read(fifo, 10, &bytes, &n_bytes), SL_CORRUPT);
    // out-parameters are untouched by failures
    assert_ptr_equal(bytes, (uint8_t *)1);
    assert_int_equal(n_bytes, 7);
}

static void only_regular_files_are_replaced(void **state) {
    (void)state;
    // a pipe stands for devices: a test that fails as root must not take one from the machine
    const char *fifo = sl_temp_folder_file(&folder, "pipe");
    struct stat about;
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(sl_file_replace(fifo, "x", 1), SL_CORRUPT);
    assert_int_equal(stat(fifo, &about), 0);
    assert_true(S_ISFIFO(about.st_mode));
    assert_int_equal(sl_file_replace(folder.path, "x", 1), SL_CORRUPT);
    assert_int_equal(sl_file_replace(sl_temp_folder_file(&folder, "no/such/file"), "x", 1), SL_NOT_FOUND);
    assert_int_equal(count_entries(folder.path), 1);
}

static void a_full_disk_keeps_the_old_file_and_leaves_no_temporary(void **state) {
    (void)state;
    static char large[100000];
    const char *path = sl_temp_folder_file(&folder, "model");
    assert_int_equal(sl_file_replace(path, "old", 3), SL_OK);
    struct rlimit before, limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 50000;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    sl_status status = sl_file_replace(path, large, sizeof large);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(status, SL_NO_SPACE);
    assert_non_null(sl_error_hint());
    assert_content(path, "old");
    assert_int_equal(count_entries(folder.path), 1);
}

static void folders_are_made_with_their_parents(void **state) {
    (void)state;
    const char *path = sl_temp_folder_file(&folder, "a/b/c/");
    assert_int_equal(sl_file_make_folder(path), SL_OK);
    assert_int_equal(sl_file_make_folder(path), SL_OK);
    assert_int_equal(sl_file_replace(sl_temp_folder_file(&folder, "a/b/c/file"), "x", 1), SL_OK);
    assert_int_equal(sl_file_make_folder(sl_temp_folder_file(&folder, "a/b/c/file")), SL_IO);
    assert_int_equal(sl_file_make_folder(sl_temp_folder_file(&folder, "a/b/c/file/d")), SL_IO);
    assert_int_equal(sl_file_make_folder(""), SL_IO);
}

static void sha256_of_abc_is_the_known_one(void **state) {
    (void)state;
    char text[65];
    // FIPS 180-2, appendix B.1, and the empty message
    sl_file_sha256("abc", 3, text);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sl_file_sha256("", 0, text);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static sl_status read_once(void *context) {
    uint8_t *bytes;
    size_t n_bytes;
    SL_TRY(sl_file_read(context, 100, &bytes, &n_bytes));
    sl_free(bytes);
    return SL_OK;
}

static void a_failed_allocation_is_an_error(void **state) {
    (void)state;
    char path[SL_TEMP_PATH + 16];
    snprintf(path, sizeof path, "%s/t", folder.path);
    assert_int_equal(sl_file_replace(path, "x", 1), SL_OK);
    assert_int_equal(sl_torture(read_once, path), 1);
}

static void a_file_has_the_digest_of_its_bytes(void **state) {
    (void)state;
    static uint8_t bytes[100000];
    char whole[65], parts[65];
    const char *path = sl_temp_folder_file(&folder, "digest");
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * i >> 3);
    static const size_t sizes[] = {0, 1, 16384, 16385, sizeof bytes};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(sl_file_replace(path, bytes, sizes[i]), SL_OK);
        sl_file_sha256(bytes, sizes[i], whole);
        assert_int_equal(sl_file_sha256_of(path, parts), SL_OK);
        assert_string_equal(parts, whole);
    }
    assert_int_equal(sl_file_sha256_of(sl_temp_folder_file(&folder, "no"), parts), SL_NOT_FOUND);
    assert_int_equal(sl_file_sha256_of(folder.path, parts), SL_CORRUPT);
}

static void a_sweep_takes_only_what_replace_left(void **state) {
    (void)state;
    static const char *const stays[] = {"a.tmp", "a.12.tmp", "12-3.tmp", "a.12-3.tmp.x", "a.-3.tmp", "tmp", ".tmp"};
    static const char *const goes[] = {"a.12-3.tmp", "a.b.1-0.tmp"};
    assert_int_equal(sl_file_make_folder(sl_temp_folder_file(&folder, "sweep")), SL_OK);
    char path[64];
    for (size_t i = 0; i < 9; i++) {
        (void)snprintf(path, sizeof path, "sweep/%s", i < 7 ? stays[i] : goes[i - 7]);
        assert_int_equal(sl_file_replace(sl_temp_folder_file(&folder, path), "x", 1), SL_OK);
    }
    sl_file_sweep(sl_temp_folder_file(&folder, "sweep"));
    sl_file_sweep(sl_temp_folder_file(&folder, "no such folder"));
    for (size_t i = 0; i < 9; i++) {
        (void)snprintf(path, sizeof path, "sweep/%s", i < 7 ? stays[i] : goes[i - 7]);
        int left = access(sl_temp_folder_file(&folder, path), F_OK) == 0;
        if (left != (i < 7)) fail_msg("%s", path);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_has_the_digest_of_its_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_sweep_takes_only_what_replace_left, setup, teardown),
        cmocka_unit_test_setup_teardown(replace_then_read_gives_the_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_relative_path_lies_in_the_current_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_says_why, setup, teardown),
        cmocka_unit_test_setup_teardown(only_regular_files_are_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_keeps_the_old_file_and_leaves_no_temporary, setup, teardown),
        cmocka_unit_test_setup_teardown(folders_are_made_with_their_parents, setup, teardown),
        cmocka_unit_test(sha256_of_abc_is_the_known_one),
        cmocka_unit_test_setup_teardown(a_failed_allocation_is_an_error, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
