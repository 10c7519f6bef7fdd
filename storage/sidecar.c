/* sidecar.c - see sidecar.h. */
#include "storage/sidecar.h"

#include "common/alloc.h"
#include "storage/file.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILE_BYTES = 1 << 30 };

static sl_status name_sidecar(const char *file, char path[SL_SIDECAR_PATH]) {
    int n = snprintf(path, SL_SIDECAR_PATH, "%s" SL_SIDECAR, file);
    if (n < 0 || n >= SL_SIDECAR_PATH) return sl_fail(SL_IO, NULL, "path too long: %.60s...", file);
    return SL_OK;
}

sl_status sl_sidecar_read(const char *file, uint8_t **text, size_t *n) {
    char path[SL_SIDECAR_PATH];
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    sl_minisign_signature signature;
    SL_TRY(name_sidecar(file, path));
    SL_TRY(sl_file_read(path, SL_MINISIGN_BYTES, &bytes, &n_bytes));
    sl_status status = sl_minisign_read_signature(path, bytes, n_bytes, &signature);
    if (status != SL_OK) {
        sl_free(bytes);
        return status;
    }
    *text = bytes;
    *n = n_bytes;
    return SL_OK;
}

/* whatever a name holds, the comment is one line of plain words */
static sl_status make_comment(const char *file, const char *env, int64_t version, char comment[SL_MINISIGN_COMMENT]) {
    const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
    int n = snprintf(comment, SL_MINISIGN_COMMENT, "version:%" PRId64 " file:%s env:%s", version, name, env);
    bool fits = n > 0 && n < SL_MINISIGN_COMMENT;
    for (int i = 0; fits && i < n; i++) fits = comment[i] >= ' ' && comment[i] <= '~';
    if (fits) return SL_OK;
    return sl_fail(SL_CONFIG, "rename it", "%.100s: a name that is signed is short and of plain ASCII", file);
}

sl_status sl_sidecar_write(const sl_minisign_secret *key, const char *file, const char *env, int64_t version) {
    char path[SL_SIDECAR_PATH], comment[SL_MINISIGN_COMMENT], text[SL_MINISIGN_BYTES];
    uint8_t *bytes = NULL, hash[SL_MINISIGN_HASH];
    size_t n_bytes = 0;
    SL_TRY(name_sidecar(file, path));
    SL_TRY(make_comment(file, env, version, comment));
    SL_TRY(sl_file_read(file, MAX_FILE_BYTES, &bytes, &n_bytes));
    sl_minisign_hash(bytes, n_bytes, hash);
    sl_free(bytes);
    size_t n = sl_minisign_sign(key, hash, comment, text);
    return sl_file_replace(path, text, n);
}

sl_status sl_sidecar_version(const char *what, const sl_minisign_signature *signature, int64_t *version) {
    static const char word[] = "version:";
    const char *digits = signature->comment + strlen(word);
    bool begins = strncmp(signature->comment, word, strlen(word)) == 0;
    size_t n = begins ? strspn(digits, "0123456789") : 0;
    bool ends = n > 0 && (digits[n] == '\0' || digits[n] == ' ' || digits[n] == '\t');
    // no more digits than SL_VERSION_MAX has, and no zero before them
    if (!ends || n > 18 || digits[0] == '0')
        return sl_fail(SL_MISMATCH, "'starling keys sign' writes one",
                       "%s: the signature's trusted comment does not begin with a version", what);
    *version = strtoll(digits, NULL, 10);
    return SL_OK;
}
