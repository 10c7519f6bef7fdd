/* test_sidecar.c - FILE.minisig: what is written beside a file verifies, and what is no signature is named. */
#include "common/alloc.h"
#include "storage/file.h"
#include "storage/sidecar.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static sl_temp_folder folder;
static sl_minisign_public public_key;
static sl_minisign_secret secret_key;

static int set_up(void **state) {
    (void)state;
    folder = sl_temp_folder_create();
    assert_int_equal(sl_minisign_make(&public_key, &secret_key), SL_OK);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    sl_temp_folder_remove(&folder);
    return 0;
}

static void writes_and_reads(void **state) {
    (void)state;
    char path[SL_TEMP_PATH + 64];
    uint8_t *text = NULL, hash[SL_MINISIGN_HASH];
    size_t n = 0;
    int64_t version = 0;
    sl_minisign_signature signature;
    (void)snprintf(path, sizeof path, "%s", sl_temp_folder_write_text(&folder, "agent-0.safetensors", "bytes"));
    assert_int_equal(sl_sidecar_read(path, &text, &n), SL_NOT_FOUND);
    assert_int_equal(sl_sidecar_write(&secret_key, path, "mpe/spread", 12), SL_OK);
    assert_int_equal(sl_sidecar_read(path, &text, &n), SL_OK);
    assert_int_equal(sl_minisign_read_signature("s", text, n, &signature), SL_OK);
    assert_string_equal(signature.comment, "version:12 file:agent-0.safetensors env:mpe/spread");
    assert_int_equal(sl_minisign_verify_comment("s", &public_key, &signature), SL_OK);
    sl_minisign_hash("bytes", 5, hash);
    assert_int_equal(sl_minisign_verify_hash("s", &public_key, &signature, hash), SL_OK);
    assert_int_equal(sl_sidecar_version("s", &signature, &version), SL_OK);
    assert_int_equal(version, 12);
    sl_free(text);
}

static void names_what_it_refuses(void **state) {
    (void)state;
    char path[SL_TEMP_PATH + 64], big[3000];
    uint8_t *text = NULL;
    size_t n = 0;
    (void)snprintf(path, sizeof path, "%s", sl_temp_folder_write_text(&folder, "a.safetensors", "bytes"));
    assert_int_equal(sl_sidecar_write(&secret_key, path, "e", 1), SL_OK);
    assert_int_equal(sl_sidecar_read(path, &text, &n), SL_OK);
    // cut
    (void)sl_temp_folder_write(&folder, "a.safetensors.minisig", text, n - 3);
    sl_free(text);
    text = NULL;
    assert_int_equal(sl_sidecar_read(path, &text, &n), SL_CORRUPT);
    assert_non_null(strstr(sl_error_what(), "a.safetensors.minisig: a line of base64 is cut"));
    // too long
    memset(big, 'a', sizeof big);
    (void)sl_temp_folder_write(&folder, "a.safetensors.minisig", big, sizeof big);
    assert_int_equal(sl_sidecar_read(path, &text, &n), SL_CORRUPT);
    assert_non_null(strstr(sl_error_what(), "a.safetensors.minisig has 3000 bytes, more than the 2048 allowed"));
    assert_null(text);
    // a name that is two lines
    assert_int_equal(sl_sidecar_write(&secret_key, sl_temp_folder_write_text(&folder, "a\nb", "x"), "e", 1),
                     SL_CONFIG);
    memset(big, 'e', sizeof big), big[1000] = '\0';
    assert_int_equal(sl_sidecar_write(&secret_key, path, big, 1), SL_CONFIG);
    assert_int_equal(sl_sidecar_write(&secret_key, sl_temp_folder_file(&folder, "none"), "e", 1), SL_NOT_FOUND);
}

static void a_version_is_a_plain_number(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",           "version:",     "version:0",           "version:01",
        "version:-1", "version:1x",   "version: 1",          "version:1000000000000000000",
        "Version:1",  " version:1",   "file:version:1",      "version:99999999999999999999999",
        "version:+1", "version:0x10", "timestamp:1\tfile:f",
    };
    int64_t version = 0;
    sl_minisign_signature signature = {.comment = "version:999999999999999999"};
    assert_int_equal(sl_sidecar_version("s", &signature, &version), SL_OK);
    assert_int_equal(version, 999999999999999999);
    (void)snprintf(signature.comment, sizeof signature.comment, "version:3\tfile:f");
    assert_int_equal(sl_sidecar_version("s", &signature, &version), SL_OK);
    assert_int_equal(version, 3);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        (void)snprintf(signature.comment, sizeof signature.comment, "%s", bad[i]);
        if (sl_sidecar_version("s", &signature, &version) != SL_MISMATCH) fail_msg("'%s' is taken", bad[i]);
    }
    assert_int_equal(version, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_and_reads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_what_it_refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_version_is_a_plain_number, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
