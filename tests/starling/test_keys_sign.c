/* test_keys_sign.c - starling keys sign: keys on first use, a version that only rises, signatures that minisign
 * takes, and refusals that use up nothing. */
#include "starling/runner.h"

#include "common/alloc.h"
#include "storage/file.h"
#include "storage/sidecar.h"
#include "storage/version_file.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static sl_temp_folder folder;
static char words[4 * SL_TEMP_PATH];

/* A copy of a model folder in "models", no keys yet. */
static int set_up(void **state) {
    (void)state;
    folder = sl_temp_folder_create();
    (void)snprintf(words, sizeof words, "cp -r " SL_SOURCE_DIR "/models/mpe/spread %s/models", folder.path);
    assert_int_equal(system(words), 0);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    sl_temp_folder_remove(&folder);
    return 0;
}

/* "keys sign <folder>/keys <folder>/<what> <more>" */
static const char *sign(const char *what, const char *more) {
    (void)snprintf(words, sizeof words, "keys sign %s/keys %s/%s %s", folder.path, folder.path, what, more);
    return words;
}

static bool has(const char *name) {
    return access(sl_temp_folder_file(&folder, name), F_OK) == 0;
}

/* The version of the sidecar, which must be right for the key. */
static int64_t verified_version(const char *name) {
    char path[SL_TEMP_PATH + 64];
    uint8_t *text = NULL, *bytes = NULL, hash[SL_MINISIGN_HASH];
    size_t n = 0, n_bytes = 0;
    int64_t version = 0;
    sl_minisign_public key;
    sl_minisign_signature signature;
    (void)snprintf(path, sizeof path, "%s", sl_temp_folder_file(&folder, name));
    assert_int_equal(sl_minisign_load_public(sl_temp_folder_file(&folder, "keys/sign.pub"), &key), SL_OK);
    assert_int_equal(sl_sidecar_read(path, &text, &n), SL_OK);
    assert_int_equal(sl_file_read(path, 1 << 26, &bytes, &n_bytes), SL_OK);
    assert_int_equal(sl_minisign_read_signature(name, text, n, &signature), SL_OK);
    sl_minisign_hash(bytes, n_bytes, hash);
    assert_int_equal(sl_minisign_verify_comment(name, &key, &signature), SL_OK);
    assert_int_equal(sl_minisign_verify_hash(name, &key, &signature, hash), SL_OK);
    assert_int_equal(sl_sidecar_version(name, &signature, &version), SL_OK);
    sl_free(text);
    sl_free(bytes);
    return version;
}

static void signs_a_folder(void **state) {
    (void)state;
    struct stat about;
    assert_int_equal(run("2>&1", sign("models", "")), 0);
    assert_non_null(strstr(output, "/keys/sign.key (keep it secret"));
    assert_non_null(strstr(output, "signed 3 files with version 1 and key "));
    assert_int_equal(stat(sl_temp_folder_file(&folder, "keys/sign.key"), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    for (int i = 0; i < 3; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "models/students/agent-%d.safetensors", i);
        assert_int_equal(verified_version(name), 1);
    }
    // the manifest does not mind
    assert_int_equal(run("2>&1", sign("models", "")), 0);
    assert_null(strstr(output, "sign.key"));
    assert_int_equal(verified_version("models/students/agent-2.safetensors"), 2);
    // a file alone, with a version of its own
    assert_int_equal(run("2>&1", sign("models/students/agent-0.safetensors", "--model-version 9")), 0);
    assert_int_equal(verified_version("models/students/agent-0.safetensors"), 9);
    assert_int_equal(verified_version("models/students/agent-1.safetensors"), 2);
    assert_int_equal(run("2>&1", sign("models", "--model-version 9")), 0);
    expect_json(sign("models", "--json"), 0);
    assert_non_null(strstr(output, "\"version\":10"));
    assert_non_null(strstr(output, "\"is_new\":false"));
    assert_non_null(strstr(output, "/models/students/agent-2.safetensors\""));
}

static void model_info_names_key_and_version(void **state) {
    (void)state;
    char info[SL_TEMP_PATH + 128], id[SL_MINISIGN_ID], line[128];
    sl_minisign_public key;
    (void)snprintf(info, sizeof info, "model info %s/models/students/agent-0.safetensors", folder.path);
    assert_int_equal(run("2>&1", info), 0);
    assert_null(strstr(output, "signature"));
    assert_int_equal(run("2>&1", sign("models", "--model-version 7")), 0);
    assert_int_equal(sl_minisign_load_public(sl_temp_folder_file(&folder, "keys/sign.pub"), &key), SL_OK);
    sl_minisign_name(key.id, id);
    assert_int_equal(run("2>&1", info), 0);
    (void)snprintf(line, sizeof line, "key %s, version 7 (not verified)", id);
    assert_non_null(strstr(output, line));
    (void)snprintf(line, sizeof line, "\"signature\":{\"key\":\"%s\",\"version\":7}", id);
    (void)snprintf(info, sizeof info, "model info %s/models/students/agent-0.safetensors --json", folder.path);
    expect_json(info, 0);
    assert_non_null(strstr(output, line));
    (void)sl_temp_folder_write_text(&folder, "models/students/agent-0.safetensors.minisig", "signed\n");
    (void)snprintf(info, sizeof info, "model info %s/models/students/agent-0.safetensors", folder.path);
    expect_error(info, 5, "agent-0.safetensors.minisig: a line does not begin with");
}

static void a_version_never_falls(void **state) {
    (void)state;
    assert_int_equal(run("2>&1", sign("models", "--model-version 5")), 0);
    expect_error(sign("models", "--model-version 4"), 6, "version 4 is older than 5, the newest of key ");
    assert_int_equal(verified_version("models/students/agent-0.safetensors"), 5);
    // what was signed last must be known
    assert_int_equal(unlink(sl_temp_folder_file(&folder, "keys/sign.version")), 0);
    expect_error(sign("models", ""), 4, "keys/sign.version, so the last version is not known");
    expect_hint("--model-version N");
    (void)sl_temp_folder_write_text(&folder, "keys/sign.version", "5\n");
    expect_error(sign("models", "--model-version 6"), 5, "keys/sign.version is damaged");
}

static void refusals_use_up_nothing(void **state) {
    (void)state;
    // before there are keys
    expect_error(sign("none", ""), 4, "/none");
    (void)sl_temp_folder_write_text(&folder, "text", "hello");
    expect_error(sign("models", "README"), 4, "README");
    expect_error(sign("text", ""), 5, "/text");
    assert_false(has("keys/sign.key"));
    assert_false(has("models/students/agent-0.safetensors.minisig"));
    expect_error("keys sign somewhere", 2, "needs DIR RUN|MODELS|FILE...");
    // a student that is not the one that its folder's manifest names
    assert_int_equal(run("2>&1", sign("models", "")), 0);
    (void)snprintf(words, sizeof words,
                   "cp %s/models/students/agent-1.safetensors %s/models/students/agent-0.safetensors", folder.path,
                   folder.path);
    assert_int_equal(system(words), 0);
    expect_error(sign("models", ""), 5, "agent-0.safetensors");
    int64_t version = 0;
    sl_minisign_public key;
    char id[SL_MINISIGN_ID];
    assert_int_equal(sl_minisign_load_public(sl_temp_folder_file(&folder, "keys/sign.pub"), &key), SL_OK);
    sl_minisign_name(key.id, id);
    assert_int_equal(sl_version_file_read(sl_temp_folder_file(&folder, "keys/sign.version"), id, &version), SL_OK);
    assert_int_equal(version, 1);
}

static void keys_that_are_not_ones_own_are_refused(void **state) {
    (void)state;
    char key[SL_TEMP_PATH + 64];
    (void)snprintf(key, sizeof key, "%s", sl_temp_folder_file(&folder, "keys/sign.key"));
    assert_int_equal(run("2>&1", sign("models", "")), 0);
    assert_int_equal(chmod(key, 0622), 0);
    expect_error(sign("models", ""), 6, "sign.key: others can write this key file (mode 622)");
    assert_int_equal(chmod(key, 0644), 0);
    assert_int_equal(run("2>&1", sign("models", "")), 0);
    assert_non_null(strstr(output, "sign.key: others can read this key file (mode 644)"));
    // the public half is made again where it is gone, but not put in the place of another
    assert_int_equal(unlink(sl_temp_folder_file(&folder, "keys/sign.pub")), 0);
    assert_int_equal(run("2>/dev/null", sign("models", "")), 0);
    assert_int_equal(verified_version("models/students/agent-0.safetensors"), 3);
    (void)sl_temp_folder_write_text(&folder, "keys/sign.pub",
                                    "untrusted comment: minisign public key 801E8DA32735402A\n"
                                    "RWQqQDUno40egD/6miRQfd9oJqFnx4X8vMtdHF42+dXfCqT8Z/Bqtl9g\n");
    assert_int_equal(chmod(key, 0600), 0);
    expect_error(sign("models", ""), 6, "sign.pub is not the public key of ");
    // and a public key alone does not get a secret one that is not its own
    assert_int_equal(unlink(key), 0);
    expect_error(sign("models", ""), 4, "sign.pub is there, its sign.key is not");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(signs_a_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(model_info_names_key_and_version, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_version_never_falls, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refusals_use_up_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_that_are_not_ones_own_are_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
