/* fuzz_minisign.c - a key or signature in minisign's files: sl_minisign_read_public, _secret and _signature. */
#include "storage/minisign.h"
#include "storage/sidecar.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void check_secret(const sl_minisign_secret *secret) {
    // what was taken signs, and what it signs is taken
    uint8_t hash[SL_MINISIGN_HASH] = {1};
    char text[SL_MINISIGN_BYTES];
    sl_minisign_signature signature;
    sl_minisign_public key;
    memcpy(key.id, secret->id, sizeof key.id);
    memcpy(key.key, secret->key + 32, sizeof key.key);
    size_t n = sl_minisign_sign(secret, hash, "version:1 file:f env:e", text);
    if (sl_minisign_read_signature("fuzz", text, n, &signature) != SL_OK) abort();
    if (sl_minisign_verify_comment("fuzz", &key, &signature) != SL_OK) abort();
    if (sl_minisign_verify_hash("fuzz", &key, &signature, hash) != SL_OK) abort();
    hash[0] ^= 1;
    if (sl_minisign_verify_hash("fuzz", &key, &signature, hash) == SL_OK) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
    sl_minisign_public key, again;
    sl_minisign_secret secret;
    sl_minisign_signature signature;
    char text[SL_MINISIGN_BYTES];
    int64_t version;
    if (sl_minisign_read_public("fuzz", bytes, n_bytes, &key) == SL_OK) {
        size_t n = sl_minisign_write_public(&key, text);
        if (sl_minisign_read_public("fuzz", text, n, &again) != SL_OK || memcmp(&key, &again, sizeof key) != 0)
            abort();
    }
    if (sl_minisign_read_secret("fuzz", bytes, n_bytes, &secret) == SL_OK) check_secret(&secret);
    if (sl_minisign_read_signature("fuzz", bytes, n_bytes, &signature) == SL_OK) {
        if (strlen(signature.comment) >= SL_MINISIGN_COMMENT) abort();
        if (sl_sidecar_version("fuzz", &signature, &version) == SL_OK && version < 1) abort();
    }
    return 0;
}
