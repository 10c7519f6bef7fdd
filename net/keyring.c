/* keyring.c - see keyring.h. */
#include "net/keyring.h"

#include "net/endpoint.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static sl_status join(const char *folder, const char *name, const char *ending, char path[SL_KEYRING_PATH]) {
    if (!folder[0]) return sl_fail(SL_USAGE, "'.' is the one that you are in", "an empty name is no folder for keys");
    int n = snprintf(path, SL_KEYRING_PATH, "%s/%s%s", folder, name, ending);
    return n > 0 && n < SL_KEYRING_PATH ? SL_OK : sl_fail(SL_USAGE, NULL, "the path '%.60s...' is too long", folder);
}

static sl_status check_folder(const char *path) {
    struct stat about;
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) return SL_OK;
    return sl_fail(SL_NOT_FOUND, "'starling keys new DIR' makes DIR/allowed", "there is no folder %s", path);
}

sl_status sl_keyring_load(const sl_key_flags *flags, sl_keyring *out) {
    sl_keyring made = {.insecure = flags->insecure};
    if (!flags->key && (flags->allow || flags->server_key))
        return sl_fail(SL_USAGE, "give --key FILE too", "--%s needs a key of this program's own",
                       flags->allow ? "allow" : "server-key");
    if (flags->key && flags->insecure)
        return sl_fail(SL_USAGE, "give one of them", "--insecure does not go with --key");
    if (flags->key) {
        SL_TRY(sl_certificate_load_secret(flags->key, &made.own));
        made.has_key = true;
    }
    if (flags->server_key) {
        sl_certificate server;
        SL_TRY(sl_certificate_load_public(flags->server_key, &server));
        memcpy(made.own.server_key, server.public_key, SL_KEY_TEXT);
    }
    if (flags->allow) {
        SL_TRY(check_folder(flags->allow));
        int n = snprintf(made.allow, sizeof made.allow, "%s", flags->allow);
        if (n >= (int)sizeof made.allow) return sl_fail(SL_USAGE, NULL, "--allow: the path is too long");
    }
    *out = made;
    return SL_OK;
}

static const char *article(sl_role role) {
    return role == SL_ROLE_AGENT ? "an" : "a";
}

sl_status sl_keyring_protect(const sl_keyring *self, bool serves, sl_link_def *link) {
    if (!self->has_key) {
        if (self->insecure || sl_endpoint_is_loopback(link->endpoint)) return SL_OK;
        return sl_fail(SL_USAGE,
                       serves ? "give --key FILE and --allow DIR ('starling keys new DIR' makes both), or --insecure"
                              : "give --key FILE ('starling keys new DIR' makes keys), or --insecure",
                       "'%s' reaches beyond this machine, where links need keys", link->endpoint);
    }
    // the other side would refuse it, and only log why
    sl_role own = self->own.role, wanted = serves ? link->server : link->client;
    if (own != SL_ROLE_NONE && own != wanted)
        return sl_fail(SL_MISMATCH, "each program has a key file of its own, made by 'starling keys'",
                       "'%s' is the key of %s %s, not of %s %s", self->own.name, article(own), sl_role_name(own),
                       article(wanted), sl_role_name(wanted));
    if (serves && !self->allow[0])
        return sl_fail(SL_USAGE, "give --allow DIR, the folder 'allowed' of 'starling keys new'",
                       "whose keys may connect to '%s' is not said", link->endpoint);
    if (!serves && !self->own.server_key[0])
        return sl_fail(SL_USAGE, "give --server-key FILE, its public certificate",
                       "the key '%s' does not say which key serves '%s'", self->own.name, link->endpoint);
    link->keys = self;
    return SL_OK;
}

sl_status sl_keyring_file(const char *folder, const char *name, char path[SL_KEYRING_PATH]) {
    struct stat about;
    SL_TRY(join(folder, name, ".key_secret", path));
    if (stat(path, &about) == 0) return SL_OK;
    return sl_fail(SL_NOT_FOUND,
                   "'starling keys new DIR --agents N' makes keys, 'starling keys add DIR NAME' one more",
                   "there is no %s", path);
}

sl_status sl_keyring_allowed(const char *folder, char path[SL_KEYRING_PATH]) {
    SL_TRY(join(folder, "allowed", "", path));
    return check_folder(path);
}

sl_status sl_keyring_load_folder(const char *folder, bool insecure, sl_keyring *out) {
    char key[SL_KEYRING_PATH], allow[SL_KEYRING_PATH];
    sl_key_flags flags = {.insecure = insecure};
    if (!folder) return sl_keyring_load(&flags, out);
    SL_TRY(sl_keyring_file(folder, "trainer", key));
    SL_TRY(sl_keyring_allowed(folder, allow));
    flags.key = key;
    flags.allow = allow;
    return sl_keyring_load(&flags, out);
}
