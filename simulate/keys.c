/* keys.c - see keys.h. */
#include "simulate/keys.h"

#include "storage/file.h"

#include <stdio.h>
#include <string.h>

static sl_status make_key(const char *name, sl_role role, const sl_sim_keys *keys, sl_keyring *out) {
    sl_keyring made = {.has_key = true};
    SL_TRY(sl_certificate_create(name, role, &made.own));
    memcpy(made.own.server_key, keys->server.own.public_key, sizeof made.own.server_key);
    *out = made;
    return SL_OK;
}

static sl_status allow(const char *folder, const sl_certificate *who) {
    char path[SL_KEYRING_PATH + 64], text[SL_CERTIFICATE_BYTES];
    (void)snprintf(path, sizeof path, "%s/%s.key", folder, who->name);
    sl_certificate_print(who, false, text);
    return sl_file_replace(path, text, strlen(text));
}

sl_status sl_sim_keys_make(const char *folder, sl_sim_keys *out) {
    SL_TRY(make_key("coordinator", SL_ROLE_COORDINATOR, out, &out->server));
    int n = snprintf(out->server.allow, sizeof out->server.allow, "%s", folder);
    if (n < 0 || n >= (int)sizeof out->server.allow)
        return sl_fail(SL_USAGE, "a shorter TMPDIR", "the path of '%.60s...' is too long", folder);
    SL_TRY(make_key("stranger", SL_ROLE_AGENT, out, &out->stranger));
    for (int i = 0; i < SL_SIM_KEYS; i++) {
        char name[32], slot[8];
        (void)snprintf(name, sizeof name, "agent-%d", i);
        (void)snprintf(slot, sizeof slot, "%d", i);
        SL_TRY(make_key(name, SL_ROLE_AGENT, out, &out->agents[i]));
        SL_TRY(sl_slot_set_parse(slot, &out->agents[i].own.slots));
        SL_TRY(allow(folder, &out->agents[i].own));
    }
    return SL_OK;
}
