/* minisign.c - see minisign.h. */
#include "storage/minisign.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "storage/file.h"
#include "storage/secret_file.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define UNTRUSTED "untrusted comment: "
#define TRUSTED   "trusted comment: "

/* as they lie in the files, in base64: bytes only, so that there is no padding */
typedef struct public_layout {
    uint8_t algorithm[2], id[8], key[32];
} public_layout;

typedef struct secret_layout {
    uint8_t algorithm[2], kdf[2], checksum_kind[2], salt[32], ops[8], mem[8];
    uint8_t id[8], key[64], checksum[32];
} secret_layout;

typedef struct signature_layout {
    uint8_t algorithm[2], id[8], signature[64];
} signature_layout;

_Static_assert(sizeof(public_layout) == 42 && sizeof(secret_layout) == 158 && sizeof(signature_layout) == 74,
               "minisign's layouts have no padding");

sl_status sl_minisign_make(sl_minisign_public *public_key, sl_minisign_secret *secret_key) {
    if (sodium_init() < 0) return sl_fail(SL_IO, NULL, "libsodium cannot start: there is no source of randomness");
    randombytes_buf(secret_key->id, sizeof secret_key->id);
    (void)crypto_sign_keypair(public_key->key, secret_key->key);
    memcpy(public_key->id, secret_key->id, sizeof public_key->id);
    return SL_OK;
}

void sl_minisign_name(const uint8_t id[8], char text[SL_MINISIGN_ID]) {
    // a little-endian number
    for (int i = 0; i < 8; i++) (void)snprintf(text + 2 * (size_t)i, 3, "%02X", id[7 - i]);
}

// ------------------------------------------------------------------------------------------------- the lines

/* What of the text is not read yet. */
typedef struct reader {
    const char *what, *at, *end;
} reader;

static sl_status bad(const reader *from, const char *why) {
    return sl_fail(SL_CORRUPT, NULL, "%s: %s", from->what, why);
}

/* the next line without its end */
static sl_status take_line(reader *from, const char **line, size_t *n) {
    const char *feed = from->at < from->end ? memchr(from->at, '\n', (size_t)(from->end - from->at)) : NULL;
    if (from->at == from->end) return bad(from, "it is cut short");
    *line = from->at;
    *n = (size_t)((feed ? feed : from->end) - from->at);
    from->at = feed ? feed + 1 : from->end;
    return SL_OK;
}

/* the next line behind its prefix, which it must have */
static sl_status take_comment(reader *from, const char *prefix, const char **comment, size_t *n) {
    SL_TRY(take_line(from, comment, n));
    size_t skip = strlen(prefix);
    if (*n < skip || memcmp(*comment, prefix, skip) != 0)
        return sl_fail(SL_CORRUPT, "is it one of minisign's files?", "%s: a line does not begin with '%.17s'",
                       from->what, prefix);
    *comment += skip, *n -= skip;
    return SL_OK;
}

/* the next line, base64 of exactly so many bytes */
static sl_status take_bytes(reader *from, void *bytes, size_t n_bytes) {
    const char *line = NULL;
    size_t n = 0, got = 0;
    SL_TRY(take_line(from, &line, &n));
    const char *end = line;
    int failed = sodium_base642bin(bytes, n_bytes, line, n, NULL, &got, &end, sodium_base64_VARIANT_ORIGINAL);
    if (failed || got != n_bytes || end != line + n) return bad(from, "a line of base64 is cut, too long or damaged");
    return SL_OK;
}

static sl_status begin(reader *from, const char *what, const void *text, size_t n) {
    const char *comment = NULL;
    size_t n_comment = 0;
    *from = (reader){what, text, (const char *)text + n};
    if (n > SL_MINISIGN_BYTES) return bad(from, "it is longer than such a file can be");
    return take_comment(from, UNTRUSTED, &comment, &n_comment);
}

static sl_status finish(const reader *from) {
    return from->at == from->end ? SL_OK : bad(from, "something follows its last line");
}

static sl_status check_algorithm(const reader *from, const uint8_t algorithm[2], const char *expected) {
    if (memcmp(algorithm, expected, 2) == 0) return SL_OK;
    return sl_fail(SL_MISMATCH, NULL, "%s: not of the algorithm '%s'", from->what, expected);
}

/* bytes as a line of base64 at the end of the text */
static void put_bytes(char *text, const void *bytes, size_t n_bytes) {
    size_t n = strlen(text);
    (void)sodium_bin2base64(text + n, SL_MINISIGN_BYTES - n - 1, bytes, n_bytes, sodium_base64_VARIANT_ORIGINAL);
    n = strlen(text);
    text[n] = '\n', text[n + 1] = '\0';
}

// ------------------------------------------------------------------------------------------------- keys

size_t sl_minisign_write_public(const sl_minisign_public *key, char *text) {
    char id[SL_MINISIGN_ID];
    public_layout raw = {.algorithm = {'E', 'd'}};
    memcpy(raw.id, key->id, sizeof raw.id);
    memcpy(raw.key, key->key, sizeof raw.key);
    sl_minisign_name(key->id, id);
    (void)snprintf(text, SL_MINISIGN_BYTES, UNTRUSTED "minisign public key %s\n", id);
    put_bytes(text, &raw, sizeof raw);
    return strlen(text);
}

sl_status sl_minisign_read_public(const char *what, const void *text, size_t n, sl_minisign_public *out) {
    reader from;
    public_layout raw;
    SL_TRY(begin(&from, what, text, n));
    SL_TRY(take_bytes(&from, &raw, sizeof raw));
    SL_TRY(finish(&from));
    SL_TRY(check_algorithm(&from, raw.algorithm, "Ed"));
    memcpy(out->id, raw.id, sizeof out->id);
    memcpy(out->key, raw.key, sizeof out->key);
    return SL_OK;
}

static void compute_checksum(const secret_layout *raw, uint8_t checksum[32]) {
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, 32);
    (void)crypto_generichash_update(&state, raw->algorithm, sizeof raw->algorithm);
    (void)crypto_generichash_update(&state, raw->id, sizeof raw->id);
    (void)crypto_generichash_update(&state, raw->key, sizeof raw->key);
    (void)crypto_generichash_final(&state, checksum, 32);
}

size_t sl_minisign_write_secret(const sl_minisign_secret *key, char *text) {
    secret_layout raw = {.algorithm = {'E', 'd'}, .checksum_kind = {'B', '2'}};
    memcpy(raw.id, key->id, sizeof raw.id);
    memcpy(raw.key, key->key, sizeof raw.key);
    compute_checksum(&raw, raw.checksum);
    // the words of minisign, which says "encrypted" of all
    (void)snprintf(text, SL_MINISIGN_BYTES, UNTRUSTED "minisign encrypted secret key\n");
    put_bytes(text, &raw, sizeof raw);
    sodium_memzero(&raw, sizeof raw);
    return strlen(text);
}

static sl_status check_secret(const reader *from, const secret_layout *raw) {
    uint8_t checksum[32], public_half[32], whole[64];
    SL_TRY(check_algorithm(from, raw->algorithm, "Ed"));
    if (memcmp(raw->kdf, "Sc", 2) == 0)
        return sl_fail(SL_MISMATCH,
                       "minisign -C -W takes the password away; keep the file where nobody else reads it",
                       "%s: the secret key is encrypted", from->what);
    if (memcmp(raw->kdf, "\0\0", 2) != 0 || memcmp(raw->checksum_kind, "B2", 2) != 0)
        return sl_fail(SL_MISMATCH, NULL, "%s: a secret key of an unknown kind", from->what);
    compute_checksum(raw, checksum);
    // minisign 0.11 writes none for a key without password, so the halves are compared as well
    bool has_none = sodium_is_zero(raw->checksum, sizeof raw->checksum);
    (void)crypto_sign_seed_keypair(public_half, whole, raw->key);
    sodium_memzero(whole, sizeof whole);
    bool fits = memcmp(public_half, raw->key + 32, 32) == 0;
    if (!fits || !(has_none || memcmp(checksum, raw->checksum, sizeof checksum) == 0))
        return bad(from, "the secret key is damaged, its parts do not belong together");
    return SL_OK;
}

sl_status sl_minisign_read_secret(const char *what, const void *text, size_t n, sl_minisign_secret *out) {
    reader from;
    secret_layout raw;
    SL_TRY(begin(&from, what, text, n));
    sl_status status = take_bytes(&from, &raw, sizeof raw);
    if (status == SL_OK) status = finish(&from);
    if (status == SL_OK) status = check_secret(&from, &raw);
    if (status == SL_OK) {
        memcpy(out->id, raw.id, sizeof out->id);
        memcpy(out->key, raw.key, sizeof out->key);
    }
    sodium_memzero(&raw, sizeof raw);
    return status;
}

sl_status sl_minisign_load_public(const char *path, sl_minisign_public *out) {
    uint8_t *text = NULL;
    size_t n = 0;
    SL_TRY(sl_file_read(path, SL_MINISIGN_BYTES, &text, &n));
    sl_status status = sl_minisign_read_public(path, text, n, out);
    sl_free(text);
    return status;
}

sl_status sl_minisign_load_secret(const char *path, sl_minisign_secret *out) {
    uint8_t *text = NULL;
    size_t n = 0;
    SL_TRY(sl_secret_file_read(path, SL_MINISIGN_BYTES, &text, &n));
    sl_status status = sl_minisign_read_secret(path, text, n, out);
    sl_secret_free(text, n);
    return status;
}

// ------------------------------------------------------------------------------------------------- signatures

void sl_minisign_hash(const void *bytes, size_t n_bytes, uint8_t hash[SL_MINISIGN_HASH]) {
    (void)crypto_generichash(hash, SL_MINISIGN_HASH, bytes, n_bytes, NULL, 0);
}

/* what the global signature is of; its length */
static size_t join(const uint8_t signature[64], const char *comment, uint8_t joined[64 + SL_MINISIGN_COMMENT]) {
    size_t n = strlen(comment);
    memcpy(joined, signature, 64);
    memcpy(joined + 64, comment, n);
    return 64 + n;
}

static bool is_printable(const char *text, size_t n) {
    for (size_t i = 0; i < n; i++)
        if ((text[i] < ' ' && text[i] != '\t') || text[i] > '~') return false;
    return true;
}

size_t sl_minisign_sign(const sl_minisign_secret *key, const uint8_t hash[SL_MINISIGN_HASH], const char *comment,
                        char *text) {
    SL_ASSERT(strlen(comment) < SL_MINISIGN_COMMENT && is_printable(comment, strlen(comment)));
    signature_layout raw = {.algorithm = {'E', 'D'}};
    uint8_t joined[64 + SL_MINISIGN_COMMENT], global[64];
    memcpy(raw.id, key->id, sizeof raw.id);
    (void)crypto_sign_detached(raw.signature, NULL, hash, SL_MINISIGN_HASH, key->key);
    size_t n = join(raw.signature, comment, joined);
    (void)crypto_sign_detached(global, NULL, joined, n, key->key);
    (void)snprintf(text, SL_MINISIGN_BYTES, UNTRUSTED "signature from minisign secret key\n");
    put_bytes(text, &raw, sizeof raw);
    n = strlen(text);
    (void)snprintf(text + n, SL_MINISIGN_BYTES - n, TRUSTED "%s\n", comment);
    put_bytes(text, global, sizeof global);
    return strlen(text);
}

sl_status sl_minisign_read_signature(const char *what, const void *text, size_t n, sl_minisign_signature *out) {
    reader from;
    signature_layout raw;
    uint8_t global[64];
    const char *comment = NULL;
    size_t n_comment = 0;
    SL_TRY(begin(&from, what, text, n));
    SL_TRY(take_bytes(&from, &raw, sizeof raw));
    SL_TRY(take_comment(&from, TRUSTED, &comment, &n_comment));
    SL_TRY(take_bytes(&from, global, sizeof global));
    SL_TRY(finish(&from));
    if (memcmp(raw.algorithm, "Ed", 2) == 0)
        return sl_fail(SL_MISMATCH, "sign it anew, with minisign 0.10 or newer and without -l",
                       "%s: a signature of minisign's older kind, which is not taken", what);
    SL_TRY(check_algorithm(&from, raw.algorithm, "ED"));
    if (n_comment >= SL_MINISIGN_COMMENT || !is_printable(comment, n_comment))
        return bad(&from, "its trusted comment is too long, or not printable");
    memcpy(out->id, raw.id, sizeof out->id);
    memcpy(out->signature, raw.signature, sizeof out->signature);
    memcpy(out->global, global, sizeof out->global);
    memcpy(out->comment, comment, n_comment);
    out->comment[n_comment] = '\0';
    return SL_OK;
}

static sl_status check_id(const char *what, const sl_minisign_public *key, const sl_minisign_signature *signature) {
    if (memcmp(key->id, signature->id, sizeof key->id) == 0) return SL_OK;
    char mine[SL_MINISIGN_ID], its[SL_MINISIGN_ID];
    sl_minisign_name(key->id, mine);
    sl_minisign_name(signature->id, its);
    return sl_fail(SL_MISMATCH, NULL, "%s: signed with key %s, trusted is %s", what, its, mine);
}

sl_status sl_minisign_verify_comment(const char *what, const sl_minisign_public *key,
                                     const sl_minisign_signature *signature) {
    uint8_t joined[64 + SL_MINISIGN_COMMENT];
    SL_TRY(check_id(what, key, signature));
    size_t n = join(signature->signature, signature->comment, joined);
    if (crypto_sign_verify_detached(signature->global, joined, n, key->key) != 0)
        return sl_fail(SL_CORRUPT, NULL, "%s: the signature's trusted comment was changed, or is another key's",
                       what);
    return SL_OK;
}

sl_status sl_minisign_verify_hash(const char *what, const sl_minisign_public *key,
                                  const sl_minisign_signature *signature, const uint8_t hash[SL_MINISIGN_HASH]) {
    SL_TRY(check_id(what, key, signature));
    if (crypto_sign_verify_detached(signature->signature, hash, SL_MINISIGN_HASH, key->key) != 0)
        return sl_fail(SL_CORRUPT, NULL, "%s: it was changed since it was signed, or the signature is another file's",
                       what);
    return SL_OK;
}
