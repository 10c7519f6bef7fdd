/* test_minisign.c - keys and signatures that minisign 0.11 made are read here, ours are taken there where it is
 * installed, and each changed, cut or foreign one is refused with a line that says what is wrong. */
#include "common/alloc.h"
#include "storage/file.h"
#include "storage/minisign.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

// minisign -G -W; printf 'hi\n' >f; minisign -S -m f -t 'version:3 file:f', the last one with -l
static const char theirs_public[] = "untrusted comment: minisign public key 801E8DA32735402A\n"
                                    "RWQqQDUno40egD/6miRQfd9oJqFnx4X8vMtdHF42+dXfCqT8Z/Bqtl9g\n";
static const char theirs_secret[] =
    "untrusted comment: minisign encrypted secret key\n"
    "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAKkA1J6ONHoAUVnru0sA6gcZhDaT9MuR4LdVmSWuk"
    "hfOuLMPK6s5Pdz/6miRQfd9oJqFnx4X8vMtdHF42+dXfCqT8Z/Bqtl9gAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
static const char theirs[] =
    "untrusted comment: signature from minisign secret key\n"
    "RUQqQDUno40egJTFLz6jkzNn9jSxy+zPXi6UDeYbiDxAIn5m8avUEto+ShcziPjjsOleLOH48oZaI5E3s6m3BWQLTNa3odutiAQ=\n"
    "trusted comment: version:3 file:f\n"
    "EJT0hBmdsw0B50PABeb77TOP6Ofhy7+AnfpCifG+tWw4xKIrbybN7v1Hy6+fiQsqZw3jcYvgxdKOQwEJY4hoBQ==\n";
static const char file[] = "hi\n";

static sl_minisign_public public_key, other_public;
static sl_minisign_secret secret_key, other_secret;
static uint8_t hash[SL_MINISIGN_HASH];

static int set_up(void **state) {
    (void)state;
    assert_int_equal(sl_minisign_make(&public_key, &secret_key), SL_OK);
    assert_int_equal(sl_minisign_make(&other_public, &other_secret), SL_OK);
    sl_minisign_hash(file, strlen(file), hash);
    return 0;
}

static sl_status verify(const char *text, const sl_minisign_public *key) {
    sl_minisign_signature signature;
    SL_TRY(sl_minisign_read_signature("f.minisig", text, strlen(text), &signature));
    SL_TRY(sl_minisign_verify_comment("f", key, &signature));
    return sl_minisign_verify_hash("f", key, &signature, hash);
}

static void expect(sl_status status, sl_status expected, const char *line) {
    assert_int_equal(status, expected);
    if (!strstr(sl_error_what(), line)) fail_msg("'%s' is not in: %s", line, sl_error_what());
}

static void theirs_are_read_here(void **state) {
    (void)state;
    sl_minisign_public key;
    sl_minisign_secret secret;
    sl_minisign_signature signature;
    char id[SL_MINISIGN_ID], text[SL_MINISIGN_BYTES];
    assert_int_equal(sl_minisign_read_public("p", theirs_public, strlen(theirs_public), &key), SL_OK);
    sl_minisign_name(key.id, id);
    assert_string_equal(id, "801E8DA32735402A");
    assert_int_equal(verify(theirs, &key), SL_OK);
    assert_int_equal(sl_minisign_read_signature("s", theirs, strlen(theirs), &signature), SL_OK);
    assert_string_equal(signature.comment, "version:3 file:f");
    // Ed25519 has no randomness: the same key makes the same signature of the same file
    assert_int_equal(sl_minisign_read_secret("k", theirs_secret, strlen(theirs_secret), &secret), SL_OK);
    (void)sl_minisign_sign(&secret, hash, "version:3 file:f", text);
    assert_string_equal(text, theirs);
    assert_int_equal(sl_minisign_write_public(&key, text), strlen(theirs_public));
    assert_string_equal(text, theirs_public);
}

static void ours_come_back(void **state) {
    (void)state;
    char text[SL_MINISIGN_BYTES];
    sl_minisign_public key;
    sl_minisign_secret secret;
    size_t n = sl_minisign_write_public(&public_key, text);
    assert_int_equal(n, strlen(text));
    assert_int_equal(sl_minisign_read_public("p", text, n, &key), SL_OK);
    assert_memory_equal(&key, &public_key, sizeof key);
    n = sl_minisign_write_secret(&secret_key, text);
    assert_int_equal(sl_minisign_read_secret("k", text, n, &secret), SL_OK);
    assert_memory_equal(&secret, &secret_key, sizeof secret);
    (void)sl_minisign_sign(&secret_key, hash, "version:1 file:f", text);
    assert_int_equal(verify(text, &public_key), SL_OK);
    assert_memory_not_equal(public_key.id, other_public.id, sizeof public_key.id);
}

static void changed_ones_are_refused(void **state) {
    (void)state;
    char text[SL_MINISIGN_BYTES];
    (void)sl_minisign_sign(&secret_key, hash, "version:1 file:f", text);
    expect(verify(text, &other_public), SL_MISMATCH, "f: signed with key ");
    // another key under the same id
    sl_minisign_public forged = other_public;
    memcpy(forged.id, public_key.id, sizeof forged.id);
    expect(verify(text, &forged), SL_CORRUPT, "f: the signature's trusted comment was changed, or is another key's");
    strstr(text, "version:1")[8] = '9';
    expect(verify(text, &public_key), SL_CORRUPT, "trusted comment was changed");
    strstr(text, "version:9")[8] = '1';
    assert_int_equal(verify(text, &public_key), SL_OK);
    hash[0] ^= 1;
    expect(verify(text, &public_key), SL_CORRUPT,
           "f: it was changed since it was signed, or the signature is another");
    hash[0] ^= 1;
    // a good signature under the comment of another one, both of this key
    char other[SL_MINISIGN_BYTES];
    uint8_t other_hash[SL_MINISIGN_HASH] = {7};
    (void)sl_minisign_sign(&secret_key, other_hash, "version:9 file:f", other);
    memcpy(strstr(text, "trusted comment: version"), strstr(other, "trusted comment: version"),
           strlen(strstr(other, "trusted comment: version")));
    expect(verify(text, &public_key), SL_CORRUPT, "trusted comment was changed");
}

/* Every cut and every changed character is refused, or is in the untrusted comment. */
static void no_character_may_change(void **state) {
    (void)state;
    char text[SL_MINISIGN_BYTES];
    sl_minisign_public key;
    assert_int_equal(sl_minisign_read_public("p", theirs_public, strlen(theirs_public), &key), SL_OK);
    size_t n = strlen(theirs), first = (size_t)(strchr(theirs, '\n') - theirs);
    for (size_t i = first; i < n; i++) {
        memcpy(text, theirs, n + 1);
        text[i] = text[i] == 'A' ? 'B' : 'A';
        // the last line's end is the one that may be missing, but nothing else may stand there
        if (verify(text, &key) == SL_OK) fail_msg("character %zu may change", i);
        memcpy(text, theirs, n + 1);
        text[i] = '\0';
        if (i < n - 1 && verify(text, &key) == SL_OK) fail_msg("it may be cut at %zu", i);
    }
    for (size_t i = 0; i < strlen(theirs_secret) - 1; i++) {
        sl_minisign_secret secret;
        if (sl_minisign_read_secret("k", theirs_secret, i, &secret) == SL_OK) fail_msg("a key may be cut at %zu", i);
    }
}

static sl_status read_signature(const char *text) {
    sl_minisign_signature signature;
    return sl_minisign_read_signature("f.minisig", text, strlen(text), &signature);
}

static void what_is_no_signature_is_named(void **state) {
    (void)state;
    char text[4 * SL_MINISIGN_BYTES];
    expect(read_signature(""), SL_CORRUPT, "f.minisig: it is cut short");
    expect(read_signature(theirs_public), SL_CORRUPT, "f.minisig: a line of base64 is cut, too long or damaged");
    expect(read_signature("hello\n"), SL_CORRUPT, "f.minisig: a line does not begin with 'untrusted comment'");
    (void)snprintf(text, sizeof text, "%s\n", theirs);
    expect(read_signature(text), SL_CORRUPT, "f.minisig: something follows its last line");
    memset(text, 'a', sizeof text - 1), text[sizeof text - 1] = '\0';
    expect(read_signature(text), SL_CORRUPT, "f.minisig: it is longer than such a file can be");
    // the older kind; "RWQ" is "Ed"
    (void)snprintf(text, sizeof text, "%s", theirs);
    memcpy(strstr(text, "\nRUQ"), "\nRWQ", 4);
    expect(read_signature(text), SL_MISMATCH, "f.minisig: a signature of minisign's older kind");
    // a comment that would change a terminal, and one that is too long
    (void)snprintf(text, sizeof text, "%s", theirs);
    *strstr(text, "version:") = '\033';
    expect(read_signature(text), SL_CORRUPT, "trusted comment is too long, or not printable");
    size_t n = (size_t)(strstr(theirs, "version:") - theirs);
    (void)snprintf(text, sizeof text, "%.*s%0*d%s", (int)n, theirs, SL_MINISIGN_COMMENT, 0, strstr(theirs, "\nEJT0"));
    expect(read_signature(text), SL_CORRUPT, "trusted comment is too long, or not printable");
}

static void what_is_no_secret_key_is_named(void **state) {
    (void)state;
    char text[SL_MINISIGN_BYTES];
    sl_minisign_secret secret;
    (void)snprintf(text, sizeof text, "%s", theirs_secret);
    // "RWRTY0Iy" is Ed, Sc, B2: with a password
    memcpy(strstr(text, "RWQAAEIy"), "RWRTY0Iy", 8);
    expect(sl_minisign_read_secret("k", text, strlen(text), &secret), SL_MISMATCH, "k: the secret key is encrypted");
    assert_non_null(strstr(sl_error_hint(), "minisign -C -W"));
    memcpy(strstr(text, "RWRTY0Iy"), "RWQBAEIy", 8);
    expect(sl_minisign_read_secret("k", text, strlen(text), &secret), SL_MISMATCH, "of an unknown kind");
    // the public half, then the checksum of one that has it
    (void)snprintf(text, sizeof text, "%s", theirs_secret);
    *strstr(text, "z/6miR") = 'x';
    expect(sl_minisign_read_secret("k", text, strlen(text), &secret), SL_CORRUPT, "k: the secret key is damaged");
    size_t n = sl_minisign_write_secret(&secret_key, text);
    char *last = text + n - 4;
    *last = *last == 'A' ? 'B' : 'A';
    expect(sl_minisign_read_secret("k", text, n, &secret), SL_CORRUPT, "k: the secret key is damaged");
}

static void secret_keys_of_others_are_refused(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    sl_minisign_secret secret;
    const char *path = sl_temp_folder_write_text(&folder, "sign.key", theirs_secret);
    assert_int_equal(chmod(path, 0606), 0);
    expect(sl_minisign_load_secret(path, &secret), SL_MISMATCH, "others can write this key file");
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(sl_minisign_load_secret(path, &secret), SL_OK);
    sl_temp_folder_remove(&folder);
}

static int shell(const sl_temp_folder *folder, const char *command) {
    char line[2 * SL_TEMP_PATH + 256];
    (void)snprintf(line, sizeof line, "cd '%s' && ( %s ) >out 2>&1 </dev/null", folder->path, command);
    return system(line);
}

/* Debian's minisign, where it is installed: it verifies with our key what we sign, signs with our secret key, and
 * makes keys that we take. */
static void minisign_and_we_agree(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    if (shell(&folder, "minisign -v") != 0) {
        print_message("skipped: minisign is not installed (deploy/packages-ci.txt)\n");
        sl_temp_folder_remove(&folder);
        return;
    }
    char text[SL_MINISIGN_BYTES];
    sl_minisign_public key;
    sl_minisign_signature signature;
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    (void)sl_temp_folder_write_text(&folder, "f", file);
    (void)sl_minisign_write_public(&public_key, text);
    (void)sl_temp_folder_write_text(&folder, "sign.pub", text);
    (void)sl_minisign_write_secret(&secret_key, text);
    (void)sl_temp_folder_write_text(&folder, "sign.key", text);
    (void)sl_minisign_sign(&secret_key, hash, "version:4 file:f", text);
    (void)sl_temp_folder_write_text(&folder, "f.minisig", text);
    assert_int_equal(shell(&folder, "minisign -V -H -p sign.pub -m f | grep -q 'version:4 file:f'"), 0);
    assert_int_not_equal(shell(&folder, "echo x >>f && minisign -V -p sign.pub -m f"), 0);
    (void)sl_temp_folder_write_text(&folder, "f", file);
    assert_int_equal(shell(&folder, "minisign -S -W -s sign.key -m f -x theirs -t 'version:5 file:f'"), 0);
    assert_int_equal(sl_file_read(sl_temp_folder_file(&folder, "theirs"), SL_MINISIGN_BYTES, &bytes, &n_bytes),
                     SL_OK);
    assert_int_equal(verify((char *)bytes, &public_key), SL_OK);
    sl_free(bytes);
    // all theirs, with the comment that it writes by itself
    assert_int_equal(shell(&folder, "minisign -G -W -p p -s k && minisign -S -W -s k -m f -x theirs"), 0);
    assert_int_equal(sl_minisign_load_public(sl_temp_folder_file(&folder, "p"), &key), SL_OK);
    assert_int_equal(sl_file_read(sl_temp_folder_file(&folder, "theirs"), SL_MINISIGN_BYTES, &bytes, &n_bytes),
                     SL_OK);
    assert_int_equal(verify((char *)bytes, &key), SL_OK);
    assert_int_equal(sl_minisign_read_signature("s", bytes, n_bytes, &signature), SL_OK);
    assert_non_null(strstr(signature.comment, "\tfile:f"));
    sl_free(bytes);
    assert_int_equal(shell(&folder, "minisign -S -l -W -s k -m f -x theirs"), 0);
    assert_int_equal(sl_file_read(sl_temp_folder_file(&folder, "theirs"), SL_MINISIGN_BYTES, &bytes, &n_bytes),
                     SL_OK);
    assert_int_equal(verify((char *)bytes, &key), SL_MISMATCH);
    sl_free(bytes);
    sl_temp_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(theirs_are_read_here),
        cmocka_unit_test(ours_come_back),
        cmocka_unit_test(changed_ones_are_refused),
        cmocka_unit_test(no_character_may_change),
        cmocka_unit_test(what_is_no_signature_is_named),
        cmocka_unit_test(what_is_no_secret_key_is_named),
        cmocka_unit_test(secret_keys_of_others_are_refused),
        cmocka_unit_test(minisign_and_we_agree),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
