/* test_keyring.c - which links need keys, and what a program's flags have to say. */
#include "net/keyring.h"

#include "net/endpoint.h"
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

static sl_temp_folder folder;

static const char *in_folder(const char *name) {
    return sl_temp_folder_file(&folder, name);
}

static void store(const sl_certificate *certificate, bool secret, const char *name) {
    char text[SL_CERTIFICATE_BYTES];
    sl_certificate_print(certificate, secret, text);
    assert_int_equal(sl_file_replace_as(in_folder(name), secret ? 0600 : 0644, text, strlen(text)), SL_OK);
}

static int make_folder(void **state) {
    (void)state;
    sl_certificate trainer, agent;
    folder = sl_temp_folder_create();
    if (mkdir(in_folder("allowed"), 0755) != 0) return -1;
    if (sl_certificate_create("trainer", SL_ROLE_TRAINER, &trainer) != SL_OK) return -1;
    if (sl_certificate_create("agent-0", SL_ROLE_AGENT, &agent) != SL_OK) return -1;
    store(&trainer, true, "trainer.key_secret");
    store(&trainer, false, "trainer.key");
    store(&agent, true, "agent-0.key_secret");
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    sl_temp_folder_remove(&folder);
    return 0;
}

static void loopback_is_known(void **state) {
    (void)state;
    static const char *const own[] = {"tcp://127.0.0.1:5555", "tcp://127.9.8.7:1", "tcp://localhost:5555",
                                      "tcp://[::1]:5555",     "ipc:///tmp/x",      "sim://fleet"};
    static const char *const beyond[] = {"tcp://*:5555",
                                         "tcp://0.0.0.0:5555",
                                         "tcp://10.0.0.1:5555",
                                         "tcp://[::]:5555",
                                         "tcp://[fe80::1]:555",
                                         "tcp://lo:5555",
                                         "tcp://no-such-host.invalid:5555"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) assert_true(sl_endpoint_is_loopback(own[i]));
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) assert_false(sl_endpoint_is_loopback(beyond[i]));
}

static void a_link_beyond_this_machine_needs_keys(void **state) {
    (void)state;
    sl_keyring none, open;
    sl_link_def link = sl_link_fleet_def("tcp://*:5555"), own = sl_link_fleet_def("tcp://127.0.0.1:5555");
    assert_int_equal(sl_keyring_load(&(sl_key_flags){.key = NULL}, &none), SL_OK);
    assert_int_equal(sl_keyring_protect(&none, true, &link), SL_USAGE);
    assert_non_null(strstr(sl_error_hint(), "--insecure"));
    link.endpoint = "tcp://10.0.0.1:5555";
    assert_int_equal(sl_keyring_protect(&none, false, &link), SL_USAGE);
    assert_non_null(strstr(sl_error_what(), "10.0.0.1"));
    assert_int_equal(sl_keyring_protect(&none, true, &own), SL_OK);
    assert_null(own.keys);
    assert_int_equal(sl_keyring_load(&(sl_key_flags){.insecure = true}, &open), SL_OK);
    assert_int_equal(sl_keyring_protect(&open, true, &link), SL_OK);
    assert_null(link.keys);
}

static void keys_are_used_on_loopback_too(void **state) {
    (void)state;
    sl_keyring keys, served;
    sl_link_def link = sl_link_fleet_def("tcp://127.0.0.1:*"), learn = sl_link_learn_def("tcp://127.0.0.1:*");
    sl_key_flags flags = {.key = in_folder("agent-0.key_secret")};
    assert_int_equal(sl_keyring_load(&flags, &keys), SL_OK);
    // whom it may connect to, and who may connect, has to be said
    assert_int_equal(sl_keyring_protect(&keys, false, &link), SL_USAGE);
    assert_non_null(strstr(sl_error_hint(), "--server-key"));
    assert_int_equal(sl_keyring_load(&(sl_key_flags){.key = in_folder("trainer.key_secret")}, &served), SL_OK);
    assert_int_equal(sl_keyring_protect(&served, true, &learn), SL_USAGE);
    assert_non_null(strstr(sl_error_hint(), "--allow"));
    flags.server_key = in_folder("trainer.key");
    assert_int_equal(sl_keyring_load(&flags, &keys), SL_OK);
    assert_int_equal(sl_keyring_protect(&keys, false, &link), SL_OK);
    assert_ptr_equal(link.keys, &keys);
    flags = (sl_key_flags){.key = in_folder("trainer.key_secret"), .allow = in_folder("allowed")};
    assert_int_equal(sl_keyring_load(&flags, &served), SL_OK);
    assert_int_equal(sl_keyring_protect(&served, true, &learn), SL_OK);
    assert_ptr_equal(learn.keys, &served);
}

static void another_program_s_key_is_refused(void **state) {
    (void)state;
    sl_keyring agent, trainer;
    sl_link_def fleet = sl_link_fleet_def("tcp://127.0.0.1:*"), learn = sl_link_learn_def("tcp://127.0.0.1:*");
    sl_key_flags flags = {.key = in_folder("agent-0.key_secret"), .server_key = in_folder("trainer.key")};
    assert_int_equal(sl_keyring_load(&flags, &agent), SL_OK);
    assert_int_equal(sl_keyring_protect(&agent, true, &fleet), SL_MISMATCH);
    assert_string_equal(sl_error_what(), "'agent-0' is the key of an agent, not of a coordinator");
    assert_int_equal(sl_keyring_protect(&agent, false, &learn), SL_MISMATCH);
    flags.key = in_folder("trainer.key_secret");
    assert_int_equal(sl_keyring_load(&flags, &trainer), SL_OK);
    assert_int_equal(sl_keyring_protect(&trainer, false, &fleet), SL_MISMATCH);
    assert_string_equal(sl_error_what(), "'trainer' is the key of a trainer, not of an agent");
}

static void flags_that_do_not_go_together_are_refused(void **state) {
    (void)state;
    sl_keyring keys;
    assert_int_equal(sl_keyring_load(&(sl_key_flags){.allow = in_folder("allowed")}, &keys), SL_USAGE);
    assert_int_equal(sl_keyring_load(&(sl_key_flags){.server_key = in_folder("trainer.key")}, &keys), SL_USAGE);
    sl_key_flags flags = {.key = in_folder("agent-0.key_secret"), .insecure = true};
    assert_int_equal(sl_keyring_load(&flags, &keys), SL_USAGE);
    flags = (sl_key_flags){.key = in_folder("trainer.key")};
    assert_int_equal(sl_keyring_load(&flags, &keys), SL_MISMATCH);
    flags = (sl_key_flags){.key = in_folder("agent-0.key_secret"), .server_key = in_folder("trainer.key_secret")};
    assert_int_equal(sl_keyring_load(&flags, &keys), SL_MISMATCH);
    flags = (sl_key_flags){.key = in_folder("agent-0.key_secret"), .allow = in_folder("nowhere")};
    assert_int_equal(sl_keyring_load(&flags, &keys), SL_NOT_FOUND);
    flags = (sl_key_flags){.key = in_folder("nobody.key_secret")};
    assert_int_equal(sl_keyring_load(&flags, &keys), SL_NOT_FOUND);
}

static void a_folder_of_keys_is_found_in(void **state) {
    (void)state;
    char path[SL_KEYRING_PATH];
    sl_keyring keys;
    assert_int_equal(sl_keyring_file(folder.path, "agent-0", path), SL_OK);
    assert_int_equal(sl_keyring_file(folder.path, "agent-1", path), SL_NOT_FOUND);
    assert_int_equal(sl_keyring_load_folder(folder.path, false, &keys), SL_OK);
    assert_string_equal(keys.own.name, "trainer");
    assert_string_equal(keys.allow, in_folder("allowed"));
    assert_int_equal(sl_keyring_load_folder(NULL, true, &keys), SL_OK);
    assert_true(!keys.has_key && keys.insecure);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_is_known),
        cmocka_unit_test(a_link_beyond_this_machine_needs_keys),
        cmocka_unit_test(keys_are_used_on_loopback_too),
        cmocka_unit_test(another_program_s_key_is_refused),
        cmocka_unit_test(flags_that_do_not_go_together_are_refused),
        cmocka_unit_test(a_folder_of_keys_is_found_in),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
