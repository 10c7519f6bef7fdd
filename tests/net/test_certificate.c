/* test_certificate.c - certificates: written and read back, those of other programs, and what is refused. */
#include "net/certificate.h"

#include "storage/file.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static sl_temp_folder folder;

static int make_folder(void **state) {
    (void)state;
    folder = sl_temp_folder_create();
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    sl_temp_folder_remove(&folder);
    return 0;
}

static sl_certificate make(const char *name, sl_role role) {
    sl_certificate made;
    assert_int_equal(sl_certificate_create(name, role, &made), SL_OK);
    return made;
}

static const char *write_file(const char *name, const char *text, mode_t mode) {
    const char *path = sl_temp_folder_write_text(&folder, name, text);
    assert_int_equal(chmod(path, mode), 0);
    return path;
}

static void slots_are_read_and_printed(void **state) {
    (void)state;
    static const char *const same[] = {"3", "0-2,5", "any", "0,2,4", "", "1023"};
    static const char *const wrong[] = {"1024", "-1", "2-1",         "1,",   ",1", "1 2",
                                        "all",  "1-", "99999999999", "1,,2", "0x1"};
    sl_slot_set set;
    char text[64];
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        assert_int_equal(sl_slot_set_parse(same[i], &set), SL_OK);
        sl_slot_set_print(&set, sizeof text, text);
        assert_string_equal(text, same[i]);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(sl_slot_set_parse(wrong[i], &set), SL_USAGE);
    assert_int_equal(sl_slot_set_parse("0-2,5", &set), SL_OK);
    assert_true(sl_slot_set_has(&set, 2) && sl_slot_set_has(&set, 5));
    assert_false(sl_slot_set_has(&set, 3) || sl_slot_set_has(&set, -1) || sl_slot_set_has(&set, 4000));
}

static void what_is_written_is_read(void **state) {
    (void)state;
    sl_certificate made = make("agent-3", SL_ROLE_AGENT), server = make("coordinator", SL_ROLE_COORDINATOR), found;
    char text[SL_CERTIFICATE_BYTES];
    memcpy(made.server_key, server.public_key, sizeof made.server_key);
    assert_int_equal(sl_slot_set_parse("0-2,5", &made.slots), SL_OK);
    sl_certificate_print(&made, true, text);
    assert_int_equal(sl_certificate_load_secret(write_file("a.key_secret", text, 0600), &found), SL_OK);
    assert_memory_equal(&found, &made, sizeof found);
    sl_certificate_print(&made, false, text);
    assert_null(strstr(text, made.secret_key));
    assert_int_equal(sl_certificate_load_public(write_file("a.key", text, 0644), &found), SL_OK);
    assert_string_equal(found.public_key, made.public_key);
    assert_string_equal(found.secret_key, "");
    assert_int_equal(found.role, SL_ROLE_AGENT);
}

static void certificates_of_other_programs_are_read(void **state) {
    (void)state;
    sl_certificate made = make("x", SL_ROLE_AGENT), found;
    char text[SL_CERTIFICATE_BYTES];
    (void)snprintf(
        text, sizeof text,
        "#   ****  Generated on 2026-05-09 by pyzmq  ****\r\n\nmetadata\n\torganisation = 'one, two'\ncurve\n"
        "    public-key = \"%s\"\n    secret-key = \"%s\"",
        made.public_key, made.secret_key);
    assert_int_equal(sl_certificate_parse("/keys/agent-7.key_secret", text, strlen(text), &found), SL_OK);
    assert_string_equal(found.secret_key, made.secret_key);
    assert_string_equal(found.name, "agent-7");
    assert_int_equal(found.role, SL_ROLE_NONE);
}

static void a_cut_file_is_refused(void **state) {
    (void)state;
    sl_certificate made = make("agent-0", SL_ROLE_AGENT), found;
    char text[SL_CERTIFICATE_BYTES];
    assert_int_equal(sl_slot_set_parse("0", &made.slots), SL_OK);
    sl_certificate_print(&made, true, text);
    size_t n = strlen(text);
    for (size_t cut = 0; cut + 1 < n; cut++) {
        sl_status status = sl_certificate_parse("cut.key_secret", text, cut, &found);
        // cut at a line's end it is that of somebody else: a public one
        if (status == SL_OK) assert_string_equal(found.secret_key, "");
        if (status == SL_OK) continue;
        assert_int_equal(status, SL_CORRUPT);
        assert_non_null(strstr(sl_error_what(), "cut.key_secret"));
    }
}

static void expect_corrupt(const char *text) {
    sl_certificate found;
    assert_int_equal(sl_certificate_parse("some.key", text, strlen(text), &found), SL_CORRUPT);
    assert_non_null(strstr(sl_error_what(), "some.key"));
}

static void nonsense_is_refused(void **state) {
    (void)state;
    sl_certificate one = make("one", SL_ROLE_AGENT), other = make("other", SL_ROLE_AGENT);
    char text[SL_CERTIFICATE_BYTES];
    expect_corrupt("");
    expect_corrupt("curve\n");
    expect_corrupt("curve\n    public-key = \"short\"\n");
    expect_corrupt("curve\n    public-key = \"~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\"\n");
    expect_corrupt("curve\n    public-key = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n");
    (void)snprintf(text, sizeof text, "curve\npublic-key = \"%s\"\n", one.public_key);
    expect_corrupt(text);
    (void)snprintf(text, sizeof text, "    public-key = \"%s\"\n", one.public_key);
    expect_corrupt(text);
    (void)snprintf(text, sizeof text, "curve\n    public-key = \"%s\"\n    public-key = \"%s\"\n", one.public_key,
                   one.public_key);
    expect_corrupt(text);
    // half of one certificate, half of another
    (void)snprintf(text, sizeof text, "curve\n    public-key = \"%s\"\n    secret-key = \"%s\"\n", one.public_key,
                   other.secret_key);
    expect_corrupt(text);
    (void)snprintf(text, sizeof text, "metadata\n    slots = \"9999\"\ncurve\n    public-key = \"%s\"\n",
                   one.public_key);
    expect_corrupt(text);
    (void)snprintf(text, sizeof text, "metadata\n    role = \"king\"\ncurve\n    public-key = \"%s\"\n",
                   one.public_key);
    expect_corrupt(text);
    (void)snprintf(text, sizeof text, "metadata\n    name = \"../x\"\ncurve\n    public-key = \"%s\"\n",
                   one.public_key);
    expect_corrupt(text);
}

static void swapped_files_are_refused(void **state) {
    (void)state;
    sl_certificate made = make("agent-0", SL_ROLE_AGENT), found;
    char text[SL_CERTIFICATE_BYTES];
    sl_certificate_print(&made, false, text);
    assert_int_equal(sl_certificate_load_secret(write_file("public.key", text, 0644), &found), SL_MISMATCH);
    assert_non_null(strstr(sl_error_what(), "public.key"));
    sl_certificate_print(&made, true, text);
    assert_int_equal(sl_certificate_load_public(write_file("secret.key", text, 0600), &found), SL_MISMATCH);
    assert_non_null(strstr(sl_error_what(), "secret.key"));
}

static void a_missing_key_has_a_hint(void **state) {
    (void)state;
    sl_certificate found;
    assert_int_equal(sl_certificate_load_secret("nowhere.key_secret", &found), SL_NOT_FOUND);
    assert_non_null(strstr(sl_error_what(), "nowhere.key_secret"));
    assert_non_null(sl_error_hint());
}

static void who_else_can_write_a_secret_matters(void **state) {
    (void)state;
    sl_certificate made = make("agent-0", SL_ROLE_AGENT), found;
    char text[SL_CERTIFICATE_BYTES];
    sl_certificate_print(&made, true, text);
    assert_int_equal(sl_certificate_load_secret(write_file("w.key_secret", text, 0602), &found), SL_MISMATCH);
    assert_int_equal(sl_certificate_load_secret(write_file("w.key_secret", text, 0620), &found), SL_MISMATCH);
    // as containers hand them out
    assert_int_equal(sl_certificate_load_secret(write_file("w.key_secret", text, 0444), &found), SL_OK);
}

static void names_are_checked(void **state) {
    (void)state;
    sl_certificate made;
    static const char *const wrong[] = {
        "", "../x", "a/b", ".hidden", "-flag", "a b", "\xc3\xa4", "a12345678901234567890123456789012345678901234567"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(sl_certificate_create(wrong[i], SL_ROLE_AGENT, &made), SL_USAGE);
    assert_int_equal(sl_key_name_check("pi-4.kitchen_2"), SL_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_read_and_printed),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(certificates_of_other_programs_are_read),
        cmocka_unit_test(a_cut_file_is_refused),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(swapped_files_are_refused),
        cmocka_unit_test(a_missing_key_has_a_hint),
        cmocka_unit_test(who_else_can_write_a_secret_matters),
        cmocka_unit_test(names_are_checked),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
