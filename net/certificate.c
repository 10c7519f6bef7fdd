/* certificate.c - a line is a section's name at the margin, or "key = value" below it; values may be quoted, and
 * "#" begins a comment at a line's start only, as Z85 has it too. */
#include "net/certificate.h"

#include "common/alloc.h"
#include "storage/file.h"
#include "storage/secret_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum { KEY_BYTES = 32, LINE_BYTES = 256 };

static const char *const role_names[SL_ROLES] = {"none", "agent", "coordinator", "trainer"};

const char *sl_role_name(sl_role role) {
    return role_names[role];
}

// ------------------------------------------------------------------------------------------------------------- slots

bool sl_slot_set_has(const sl_slot_set *self, int slot) {
    return slot >= 0 && slot < SL_SLOT_SET && (self->words[slot / 64] >> (slot % 64) & 1);
}

static sl_status refuse_slots(const char *text) {
    char hint[64];
    (void)snprintf(hint, sizeof hint, "such as 3, 0-2,5 or any; from 0 to %d", SL_SLOT_SET - 1);
    return sl_fail(SL_USAGE, hint, "'%.60s' names no slots", text);
}

static bool read_slot(const char **at, long *out) {
    char *end = NULL;
    if (**at < '0' || **at > '9') return false;
    *out = strtol(*at, &end, 10);
    bool fits = end - *at <= 4 && *out < SL_SLOT_SET;
    *at = end;
    return fits;
}

sl_status sl_slot_set_parse(const char *text, sl_slot_set *out) {
    sl_slot_set set = {{0}};
    if (strcmp(text, "any") == 0) memset(&set, 0xff, sizeof set);
    for (const char *at = text; *at && strcmp(text, "any") != 0;) {
        long first, last;
        if (!read_slot(&at, &first)) return refuse_slots(text);
        last = first;
        if (*at == '-') {
            at++;
            if (!read_slot(&at, &last) || last < first) return refuse_slots(text);
        }
        for (long i = first; i <= last; i++) set.words[i / 64] |= UINT64_C(1) << (i % 64);
        if (*at == ',' && at[1])
            at++;
        else if (*at)
            return refuse_slots(text);
    }
    *out = set;
    return SL_OK;
}

void sl_slot_set_print(const sl_slot_set *self, size_t size, char *text) {
    size_t n = 0;
    text[0] = '\0';
    for (int i = 0, last; i < SL_SLOT_SET; i = last + 1) {
        last = i;
        if (!sl_slot_set_has(self, i)) continue;
        while (sl_slot_set_has(self, last + 1)) last++;
        if (i == 0 && last == SL_SLOT_SET - 1) {
            (void)snprintf(text, size, "any");
            return;
        }
        char part[24];
        int len = last > i ? snprintf(part, sizeof part, "%s%d-%d", n ? "," : "", i, last)
                           : snprintf(part, sizeof part, "%s%d", n ? "," : "", i);
        // room for the dots is kept
        if (n + (size_t)len + 4 > size) {
            (void)snprintf(text + n, size - n, "...");
            return;
        }
        memcpy(text + n, part, (size_t)len + 1);
        n += (size_t)len;
    }
}

// ------------------------------------------------------------------------------------------------------------ making

sl_status sl_key_name_check(const char *name) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t n = strlen(name);
    bool fine =
        n > 0 && n < SL_KEY_NAME && strspn(name, letters) == n && name[0] != '.' && name[0] != '_' && name[0] != '-';
    if (fine) return SL_OK;
    return sl_fail(SL_USAGE, "1 to 47 of A-Z a-z 0-9 . _ -, the first a letter or a digit", "'%.60s' is no name",
                   name);
}

sl_status sl_certificate_create(const char *name, sl_role role, sl_certificate *out) {
    SL_TRY(sl_key_name_check(name));
    sl_certificate made = {.role = role};
    (void)snprintf(made.name, sizeof made.name, "%s", name);
    if (zmq_curve_keypair(made.public_key, made.secret_key) != 0)
        return sl_fail(SL_NETWORK, "use a libzmq with CURVE", "cannot make keys: %s", zmq_strerror(zmq_errno()));
    *out = made;
    return SL_OK;
}

static const char secret_head[] =
    "# A secret CURVE certificate: it stays with its owner, and others may not read it.\n";
static const char public_head[] = "# A public CURVE certificate: it may be given to anybody.\n";

void sl_certificate_print(const sl_certificate *self, bool secret, char text[SL_CERTIFICATE_BYTES]) {
    char slots[2048] = "";
    int n = snprintf(text, SL_CERTIFICATE_BYTES, "%s\nmetadata\n    name = \"%s\"\n    role = \"%s\"\n",
                     secret ? secret_head : public_head, self->name, sl_role_name(self->role));
    sl_slot_set_print(&self->slots, sizeof slots, slots);
    const size_t size = SL_CERTIFICATE_BYTES;
    if (slots[0]) n += snprintf(text + n, size - (size_t)n, "    slots = \"%s\"\n", slots);
    n += snprintf(text + n, size - (size_t)n, "curve\n    public-key = \"%s\"\n", self->public_key);
    if (secret) n += snprintf(text + n, size - (size_t)n, "    secret-key = \"%s\"\n", self->secret_key);
    if (secret && self->server_key[0])
        (void)snprintf(text + n, size - (size_t)n, "    server-key = \"%s\"\n", self->server_key);
}

// ----------------------------------------------------------------------------------------------------------- reading

typedef struct reader {
    const char *path;
    int line;
    char section[16]; /* "" before the first */
    sl_certificate made;
    bool has_slots;
} reader;

static sl_status corrupt(const reader *self, const char *what) {
    return sl_fail(SL_CORRUPT, "make keys with 'starling keys new' or 'starling keys add'",
                   "%s, line %d: %s; this is no whole certificate", self->path, self->line, what);
}

static sl_status take_key(const reader *self, const char *value, char out[SL_KEY_TEXT]) {
    uint8_t bytes[KEY_BYTES];
    if (out[0]) return corrupt(self, "the same key again");
    if (strlen(value) != SL_KEY_TEXT - 1) return corrupt(self, "a key that is not 40 characters long");
    bool good = zmq_z85_decode(bytes, value) != NULL;
    memset(bytes, 0, sizeof bytes);
    if (!good) return corrupt(self, "a key with characters that Z85 does not have");
    memcpy(out, value, SL_KEY_TEXT);
    return SL_OK;
}

static sl_status take_metadata(reader *self, const char *key, const char *value) {
    if (strcmp(key, "name") == 0) {
        if (self->made.name[0]) return corrupt(self, "the name again");
        if (sl_key_name_check(value) != SL_OK) return corrupt(self, sl_error_what());
        memcpy(self->made.name, value, strlen(value) + 1);
    } else if (strcmp(key, "role") == 0) {
        if (self->made.role) return corrupt(self, "the role again");
        for (int i = SL_ROLE_AGENT; i < SL_ROLES; i++)
            if (strcmp(value, role_names[i]) == 0) self->made.role = (sl_role)i;
        if (!self->made.role) return corrupt(self, "a role that is none");
    } else if (strcmp(key, "slots") == 0) {
        if (self->has_slots) return corrupt(self, "the slots again");
        self->has_slots = true;
        if (sl_slot_set_parse(value, &self->made.slots) != SL_OK) return corrupt(self, sl_error_what());
    }
    // other programs may note more there
    return SL_OK;
}

static sl_status take_value(reader *self, const char *key, const char *value) {
    if (strcmp(self->section, "metadata") == 0) return take_metadata(self, key, value);
    if (strcmp(self->section, "curve") != 0) return corrupt(self, "a value outside of metadata and curve");
    if (strcmp(key, "public-key") == 0) return take_key(self, value, self->made.public_key);
    if (strcmp(key, "secret-key") == 0) return take_key(self, value, self->made.secret_key);
    if (strcmp(key, "server-key") == 0) return take_key(self, value, self->made.server_key);
    return corrupt(self, "an unknown key");
}

// without the blanks at its ends
static char *trim(char *text) {
    text += strspn(text, " \t");
    size_t n = strlen(text);
    while (n && (text[n - 1] == ' ' || text[n - 1] == '\t' || text[n - 1] == '\r')) text[--n] = '\0';
    return text;
}

static sl_status take_line(reader *self, char *line) {
    bool indented = line[0] == ' ' || line[0] == '\t';
    char *key = trim(line);
    if (!key[0] || key[0] == '#') return SL_OK;
    char *equals = strchr(key, '=');
    if (!indented && !equals) {
        if (strlen(key) >= sizeof self->section) return corrupt(self, "an unknown section");
        memcpy(self->section, key, strlen(key) + 1);
        return SL_OK;
    }
    if (!equals || !indented) return corrupt(self, "neither a section nor a value below one");
    *equals = '\0';
    char *value = trim(equals + 1);
    size_t n = strlen(value);
    if (n && (value[0] == '"' || value[0] == '\'')) {
        if (n < 2 || value[n - 1] != value[0]) return corrupt(self, "a quote that does not end");
        value[n - 1] = '\0';
        value++;
    }
    return take_value(self, trim(key), value);
}

// "/run/secrets/agent-3.key_secret": agent-3
static void name_by_path(const char *path, char name[SL_KEY_NAME]) {
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    size_t n = strcspn(base, ".");
    if (n > SL_KEY_NAME - 1) n = SL_KEY_NAME - 1;
    memcpy(name, base, n);
    name[n] = '\0';
}

static sl_status check_pair(const reader *self) {
    char public_key[SL_KEY_TEXT];
    if (!self->made.public_key[0])
        return sl_fail(SL_CORRUPT, "was it cut, or is it another file?", "%s has no public-key", self->path);
    if (!self->made.secret_key[0]) return SL_OK;
    bool same =
        zmq_curve_public(public_key, self->made.secret_key) == 0 && strcmp(public_key, self->made.public_key) == 0;
    if (same) return SL_OK;
    return sl_fail(SL_CORRUPT, "the file was changed, or made of two",
                   "%s: its public key is not that of its secret key", self->path);
}

sl_status sl_certificate_parse(const char *path, const char *text, size_t n_bytes, sl_certificate *out) {
    reader self = {.path = path};
    sl_status status = SL_OK;
    for (size_t at = 0; at < n_bytes && status == SL_OK;) {
        const char *end = memchr(text + at, '\n', n_bytes - at);
        size_t n = end ? (size_t)(end - text) - at : n_bytes - at;
        char line[LINE_BYTES + SL_CERTIFICATE_BYTES / 2];
        self.line++;
        if (n >= sizeof line || memchr(text + at, '\0', n)) {
            status = corrupt(&self, "a line that is too long, or no text");
        } else {
            memcpy(line, text + at, n);
            line[n] = '\0';
            status = take_line(&self, line);
        }
        memset(line, 0, sizeof line);
        at += n + 1;
    }
    if (status == SL_OK) status = check_pair(&self);
    if (status == SL_OK && !self.made.name[0]) name_by_path(path, self.made.name);
    if (status == SL_OK) *out = self.made;
    memset(&self, 0, sizeof self);
    return status;
}

sl_status sl_certificate_load_secret(const char *path, sl_certificate *out) {
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    sl_certificate found;
    sl_status status = sl_secret_file_read(path, SL_CERTIFICATE_BYTES, &bytes, &n_bytes);
    if (status == SL_NOT_FOUND)
        return sl_fail(SL_NOT_FOUND, "make keys with 'starling keys new' or 'starling keys add'",
                       "there is no key file %s", path);
    SL_TRY(status);
    status = sl_certificate_parse(path, (const char *)bytes, n_bytes, &found);
    sl_secret_free(bytes, n_bytes);
    SL_TRY(status);
    if (!found.secret_key[0])
        return sl_fail(SL_MISMATCH, "give the file that ends in .key_secret",
                       "%s holds a public key, a secret one is needed", path);
    *out = found;
    return SL_OK;
}

sl_status sl_certificate_load_public(const char *path, sl_certificate *out) {
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    sl_certificate found;
    SL_TRY(sl_file_read(path, SL_CERTIFICATE_BYTES, &bytes, &n_bytes));
    sl_status status = sl_certificate_parse(path, (const char *)bytes, n_bytes, &found);
    sl_secret_free(bytes, n_bytes);
    SL_TRY(status);
    bool secret = found.secret_key[0] != 0;
    memset(found.secret_key, 0, sizeof found.secret_key);
    if (secret)
        return sl_fail(SL_MISMATCH, "only public files, which end in .key, belong here; make that key anew",
                       "%s holds a secret key", path);
    *out = found;
    return SL_OK;
}
