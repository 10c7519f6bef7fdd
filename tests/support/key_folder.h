/* key_folder.h - a folder of keys as `starling keys new` makes it, for tests: certificates, keyrings, and the list of
 * the allowed, which a test may change. Included after cmocka.h. */
#ifndef SL_TESTS_SUPPORT_KEY_FOLDER_H
#define SL_TESTS_SUPPORT_KEY_FOLDER_H

#include "net/keyring.h"
#include "support/temp_folder.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct key_folder {
    sl_temp_folder folder;
    sl_keyring server; /* a coordinator's, who allows whom the folder says */
} key_folder;

static inline sl_certificate key_make(const char *name, sl_role role, const char *slots) {
    sl_certificate made;
    assert_int_equal(sl_certificate_create(name, role, &made), SL_OK);
    assert_int_equal(sl_slot_set_parse(slots, &made.slots), SL_OK);
    return made;
}

static inline void key_folder_open(key_folder *self) {
    self->folder = sl_temp_folder_create();
    assert_int_equal(mkdir(sl_temp_folder_file(&self->folder, "allowed"), 0755), 0);
    self->server = (sl_keyring){.has_key = true, .own = key_make("coordinator", SL_ROLE_COORDINATOR, "")};
    (void)snprintf(self->server.allow, sizeof self->server.allow, "%s",
                   sl_temp_folder_file(&self->folder, "allowed"));
}

static inline void key_folder_close(key_folder *self) {
    sl_temp_folder_remove(&self->folder);
}

/* the file of one who may connect */
static inline void key_allow(key_folder *self, const sl_certificate *who) {
    char name[64], text[SL_CERTIFICATE_BYTES];
    (void)snprintf(name, sizeof name, "allowed/%s.key", who->name);
    sl_certificate_print(who, false, text);
    (void)sl_temp_folder_write_text(&self->folder, name, text);
}

static inline void key_revoke(key_folder *self, const char *name) {
    char file[64];
    (void)snprintf(file, sizeof file, "allowed/%s.key", name);
    assert_int_equal(unlink(sl_temp_folder_file(&self->folder, file)), 0);
}

/* a client's keyring, whose key is not allowed yet */
static inline sl_keyring key_client(const key_folder *self, const char *name, sl_role role, const char *slots) {
    sl_keyring made = {.has_key = true, .own = key_make(name, role, slots)};
    memcpy(made.own.server_key, self->server.own.public_key, sizeof made.own.server_key);
    return made;
}

static inline sl_keyring key_member(key_folder *self, const char *name, sl_role role, const char *slots) {
    sl_keyring made = key_client(self, name, role, slots);
    key_allow(self, &made.own);
    return made;
}

#endif
