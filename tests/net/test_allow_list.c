/* test_allow_list.c - the folder of the allowed: what it has to hold, and what becomes of changes to it. */
#include "net/allow_list.h"
#include "support/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/key_folder.h"

static key_folder keys;
static char said[4096];

static int open_folder(void **state) {
    (void)state;
    key_folder_open(&keys);
    return 0;
}

static int close_folder(void **state) {
    (void)state;
    key_folder_close(&keys);
    return 0;
}

static void changes_are_taken_up(void **state) {
    (void)state;
    sl_allow_list *list = NULL;
    sl_certificate one = key_make("one", SL_ROLE_AGENT, "1"), two = key_make("two", SL_ROLE_AGENT, "any");
    key_allow(&keys, &one);
    assert_int_equal(sl_allow_list_open(keys.server.allow, &list), SL_OK);
    assert_string_equal(sl_allow_list_find(list, one.public_key)->name, "one");
    assert_string_equal(sl_allow_list_look_up(list, one.public_key)->name, "one");
    sl_allow_list_refresh(list);
    assert_false(sl_allow_list_take(list));
    key_allow(&keys, &two);
    sl_allow_list_refresh(list);
    assert_non_null(sl_allow_list_find(list, two.public_key));
    // the other thread has it when it takes it
    assert_null(sl_allow_list_look_up(list, two.public_key));
    assert_true(sl_allow_list_take(list));
    assert_true(sl_slot_set_has(&sl_allow_list_look_up(list, two.public_key)->slots, 999));
    assert_int_equal(sl_slot_set_parse("2", &one.slots), SL_OK);
    key_allow(&keys, &one);
    key_revoke(&keys, "two");
    sl_allow_list_refresh(list);
    assert_true(sl_allow_list_take(list));
    assert_null(sl_allow_list_look_up(list, two.public_key));
    assert_true(sl_slot_set_has(&sl_allow_list_look_up(list, one.public_key)->slots, 2));
    sl_allow_list_close(&list);
}

static void a_broken_file_is_an_error_first_and_nobody_s_key_later(void **state) {
    (void)state;
    sl_allow_list *list = NULL;
    sl_certificate one = key_make("one", SL_ROLE_AGENT, "1");
    key_allow(&keys, &one);
    assert_int_equal(sl_allow_list_open(keys.server.allow, &list), SL_OK);
    sl_capture_begin();
    (void)sl_temp_folder_write_text(&keys.folder, "allowed/cut.key", "curve\n    public-key = \"abc");
    sl_allow_list_refresh(list);
    sl_allow_list_refresh(list);
    (void)sl_capture_end(said, sizeof said);
    char *first = strstr(said, "cut.key");
    assert_non_null(first);
    assert_null(strstr(first + 1, "cut.key"));
    assert_non_null(sl_allow_list_find(list, one.public_key));
    sl_allow_list_close(&list);
    assert_int_equal(sl_allow_list_open(keys.server.allow, &list), SL_CORRUPT);
    assert_non_null(strstr(sl_error_what(), "cut.key"));
    key_revoke(&keys, "cut");
}

static void what_does_not_belong_there_is_refused(void **state) {
    (void)state;
    sl_allow_list *list = NULL;
    char text[SL_CERTIFICATE_BYTES];
    sl_certificate one = key_make("one", SL_ROLE_AGENT, "1"), none = key_make("none", SL_ROLE_NONE, "");
    key_allow(&keys, &one);
    // a secret one
    sl_certificate_print(&one, true, text);
    (void)sl_temp_folder_write_text(&keys.folder, "allowed/secret.key", text);
    assert_int_equal(sl_allow_list_open(keys.server.allow, &list), SL_MISMATCH);
    key_revoke(&keys, "secret");
    // the same key twice
    sl_certificate_print(&one, false, text);
    (void)sl_temp_folder_write_text(&keys.folder, "allowed/again.key", text);
    assert_int_equal(sl_allow_list_open(keys.server.allow, &list), SL_MISMATCH);
    assert_non_null(strstr(sl_error_what(), "again"));
    key_revoke(&keys, "again");
    // nobody in particular
    (void)snprintf(text, sizeof text, "curve\n    public-key = \"%s\"\n", none.public_key);
    (void)sl_temp_folder_write_text(&keys.folder, "allowed/none.key", text);
    assert_int_equal(sl_allow_list_open(keys.server.allow, &list), SL_CORRUPT);
    key_revoke(&keys, "none");
    // not looked at
    (void)sl_temp_folder_write_text(&keys.folder, "allowed/.hidden.key", "x");
    (void)sl_temp_folder_write_text(&keys.folder, "allowed/README", "x");
    assert_int_equal(sl_allow_list_open(keys.server.allow, &list), SL_OK);
    sl_allow_list_close(&list);
}

static void a_folder_that_is_gone_allows_nobody(void **state) {
    (void)state;
    sl_allow_list *list = NULL;
    char away[SL_TEMP_PATH + 8];
    sl_certificate one = key_make("one", SL_ROLE_AGENT, "1");
    key_allow(&keys, &one);
    assert_int_equal(sl_allow_list_open(keys.server.allow, &list), SL_OK);
    (void)snprintf(away, sizeof away, "%s/away", keys.folder.path);
    assert_int_equal(rename(keys.server.allow, away), 0);
    sl_allow_list_refresh(list);
    assert_null(sl_allow_list_find(list, one.public_key));
    assert_int_equal(rename(away, keys.server.allow), 0);
    sl_allow_list_refresh(list);
    assert_non_null(sl_allow_list_find(list, one.public_key));
    sl_allow_list_close(&list);
    assert_int_equal(sl_allow_list_open("/no/such/folder", &list), SL_NOT_FOUND);
}

// 'starling keys list' does not show it, and 'revoke' does not take its name
static void a_file_that_is_no_name_allows_nobody(void **state) {
    (void)state;
    sl_allow_list *list = NULL;
    sl_certificate one = key_make("one", SL_ROLE_AGENT, "1"), two = key_make("two", SL_ROLE_AGENT, "2");
    key_allow(&keys, &one);
    assert_int_equal(sl_allow_list_open(keys.server.allow, &list), SL_OK);
    key_allow(&keys, &two);
    char path[SL_KEYRING_PATH + 16], strange[SL_KEYRING_PATH + 16];
    (void)snprintf(path, sizeof path, "%s/two.key", keys.server.allow);
    (void)snprintf(strange, sizeof strange, "%s/two (1).key", keys.server.allow);
    assert_int_equal(rename(path, strange), 0);
    sl_capture_begin();
    sl_allow_list_refresh(list);
    (void)sl_capture_end(said, sizeof said);
    assert_non_null(strstr(said, "'two (1)' is no name of a key; it allows nobody"));
    assert_null(sl_allow_list_find(list, two.public_key));
    assert_non_null(sl_allow_list_find(list, one.public_key));
    sl_allow_list_close(&list);
    assert_int_equal(sl_allow_list_open(keys.server.allow, &list), SL_CORRUPT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(changes_are_taken_up, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(a_broken_file_is_an_error_first_and_nobody_s_key_later, open_folder,
                                        close_folder),
        cmocka_unit_test_setup_teardown(what_does_not_belong_there_is_refused, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(a_folder_that_is_gone_allows_nobody, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(a_file_that_is_no_name_allows_nobody, open_folder, close_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
