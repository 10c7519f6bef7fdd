/* test_keys.c - starling keys: what new, add, revoke and list do to a folder, and what they refuse. */
#include "starling/runner.h"
#include "support/temp_folder.h"

#include "common/alloc.h"
#include "net/keyring.h"
#include "storage/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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

static const char *words(const char *command, const char *sub, const char *rest) {
    static char text[512];
    (void)snprintf(text, sizeof text, "keys %s %s/%s %s", command, folder.path, sub, rest);
    return text;
}

static const char *in(const char *name) {
    return sl_temp_folder_file(&folder, name);
}

static void new_makes_a_fleet_s_keys(void **state) {
    (void)state;
    sl_certificate agent, coordinator, trainer, allowed;
    struct stat about;
    assert_int_equal(run("2>&1", words("new", "a", "--agents 2")), 0);
    assert_int_equal(sl_certificate_load_secret(in("a/agent-1.key_secret"), &agent), SL_OK);
    assert_int_equal(sl_certificate_load_secret(in("a/coordinator.key_secret"), &coordinator), SL_OK);
    assert_int_equal(sl_certificate_load_secret(in("a/trainer.key_secret"), &trainer), SL_OK);
    assert_string_equal(agent.server_key, coordinator.public_key);
    assert_string_equal(coordinator.server_key, trainer.public_key);
    assert_true(sl_slot_set_has(&agent.slots, 1) && !sl_slot_set_has(&agent.slots, 0));
    assert_int_equal(sl_certificate_load_public(in("a/allowed/agent-1.key"), &allowed), SL_OK);
    assert_string_equal(allowed.public_key, agent.public_key);
    assert_int_equal(sl_certificate_load_public(in("a/allowed/coordinator.key"), &allowed), SL_OK);
    assert_int_equal(allowed.role, SL_ROLE_COORDINATOR);
    assert_int_equal(stat(in("a/agent-0.key_secret"), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(sl_certificate_load_public(in("a/allowed/trainer.key"), &allowed), SL_NOT_FOUND);
}

static void nothing_is_overwritten(void **state) {
    (void)state;
    sl_certificate before, after;
    assert_int_equal(run("2>&1", words("new", "b", "--agents 1")), 0);
    assert_int_equal(sl_certificate_load_secret(in("b/agent-0.key_secret"), &before), SL_OK);
    expect_error(words("new", "b", "--agents 1"), 6, "has keys already");
    expect_hint("starling keys add");
    expect_error(words("add", "b", "agent-0"), 6, "agent-0.key_secret is there already");
    expect_hint("never overwritten");
    assert_int_equal(sl_certificate_load_secret(in("b/agent-0.key_secret"), &after), SL_OK);
    assert_memory_equal(&before, &after, sizeof before);
}

static void add_and_revoke_change_who_is_allowed(void **state) {
    (void)state;
    sl_certificate agent;
    assert_int_equal(run("2>&1", words("new", "c", "")), 0);
    assert_int_equal(run("2>&1", words("add", "c", "pi-kitchen --slots 0-1,4")), 0);
    assert_non_null(strstr(output, "pi-kitchen may hold slots 0-1,4"));
    assert_int_equal(sl_certificate_load_public(in("c/allowed/pi-kitchen.key"), &agent), SL_OK);
    assert_true(sl_slot_set_has(&agent.slots, 4) && !sl_slot_set_has(&agent.slots, 2));
    assert_int_equal(run("2>&1", words("revoke", "c", "pi-kitchen")), 0);
    assert_int_equal(sl_certificate_load_public(in("c/allowed/pi-kitchen.key"), &agent), SL_NOT_FOUND);
    expect_error(words("revoke", "c", "pi-kitchen"), 4, "pi-kitchen.key");
    expect_hint("starling keys list");
    expect_error(words("add", "c", "pi-kitchen"), 6, "was revoked");
    assert_int_equal(run("2>&1", words("list", "c", "")), 0);
    assert_non_null(strstr(output, "revoked"));
}

static void a_copy_of_a_revoked_key_is_told(void **state) {
    (void)state;
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    assert_int_equal(run("2>&1", words("new", "g", "--agents 1")), 0);
    assert_int_equal(sl_file_read(in("g/agent-0.key"), 4096, &bytes, &n_bytes), SL_OK);
    assert_int_equal(sl_file_replace(in("g/allowed/spare.key"), bytes, n_bytes), SL_OK);
    sl_free(bytes);
    assert_int_equal(run("2>&1", words("revoke", "g", "agent-0")), 6);
    assert_non_null(strstr(output, "the key of 'agent-0' is still allowed: "));
    assert_non_null(strstr(output, "/g/allowed/spare.key"));
    assert_int_equal(run("2>&1", words("revoke", "g", "spare")), 0);
}

static void list_says_who_is_who(void **state) {
    (void)state;
    assert_int_equal(run("2>&1", words("new", "d", "--agents 11")), 0);
    expect_json(words("list", "d", "--json"), 0);
    assert_non_null(strstr(output, "\"state\":\"allowed\""));
    // in the order of their numbers
    char *two = strstr(output, "\"agent-2\""), *ten = strstr(output, "\"agent-10\"");
    assert_true(two && ten && two < ten);
    assert_null(strstr(output, "secret-key"));
    // that of 'keys sign' lies beside them and is none of them
    assert_int_equal(sl_file_replace(in("d/sign.key"), "untrusted comment: x\n", 21), SL_OK);
    assert_int_equal(run("2>&1", words("list", "d", "")), 0);
    assert_null(strstr(output, "sign"));
    assert_int_equal(sl_file_replace(in("d/allowed/agent-3.key"), "curve\n", 6), SL_OK);
    assert_int_equal(run("2>&1", words("list", "d", "")), 5);
    assert_non_null(strstr(output, "unreadable"));
    assert_non_null(strstr(output, "agent-3.key has no public-key"));
}

static void mistakes_are_named(void **state) {
    (void)state;
    assert_int_equal(run("2>&1", words("new", "e", "")), 0);
    expect_error(words("add", "e", "../x"), 2, "'../x' is no name");
    expect_error(words("add", "e", "x --slots 9-1"), 2, "'9-1' names no slots");
    expect_error(words("add", "nowhere", "x"), 4, "coordinator.key");
    expect_hint("starling keys new");
    expect_error(words("list", "nowhere", ""), 4, "nowhere");
    expect_error(words("new", "f", "--agents 5000"), 2, "--agents cannot be '5000'");
    // such as of "$KEYS" where there is none: the root folder is not meant
    expect_error("keys new ''", 2, "an empty name is no folder for keys");
    expect_error("keys revoke '' agent-0", 2, "an empty name");
    expect_error("keys list ''", 2, "an empty name");
    expect_error("fly " SL_SOURCE_DIR "/models/mpe/spread --keys ''", 2, "an empty name");
    expect_error("bench fleet --keys --against 64", 2, "--against does not go with --keys");
    expect_error("keys", 2, "needs a command");
    expect_error("keys ad", 2, "unknown command 'ad'");
    expect_hint("starling keys add");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_makes_a_fleet_s_keys),
        cmocka_unit_test(nothing_is_overwritten),
        cmocka_unit_test(add_and_revoke_change_who_is_allowed),
        cmocka_unit_test(a_copy_of_a_revoked_key_is_told),
        cmocka_unit_test(list_says_who_is_who),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
