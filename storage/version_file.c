/* version_file.c - "starling.version 1 KEY N" and, in a second line, the SHA-256 of the first: a damaged digit must
 * not pass for an older version. */
#include "storage/version_file.h"

#include "common/alloc.h"
#include "storage/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { MAX_BYTES = 256 };

static void write_text(const char *key, int64_t version, char text[MAX_BYTES]) {
    char hash[65];
    int n = snprintf(text, MAX_BYTES, "starling.version 1 %.32s %" PRId64, key, version);
    sl_file_sha256(text, (size_t)n, hash);
    (void)snprintf(text + n, (size_t)(MAX_BYTES - n), "\n%s\n", hash);
}

/* the number, if it and all around it is as it would be written */
static sl_status parse(const char *path, const char *key, const char *bytes, size_t n_bytes, int64_t *version) {
    char text[MAX_BYTES], its[33] = "";
    int64_t found = 0;
    // a text without a number fails the comparison
    (void)sscanf(bytes, "starling.version 1 %32s %18" SCNd64, its, &found);
    write_text(its, found, text);
    if (found < 1 || n_bytes != strlen(text) || memcmp(bytes, text, n_bytes) != 0)
        return sl_fail(SL_CORRUPT,
                       "which version was the newest is not known any more: whoever removes the file says "
                       "that any may come",
                       "%s is damaged", path);
    if (strcmp(its, key) != 0) return sl_fail(SL_CORRUPT, NULL, "%s is of key %s, not of %s", path, its, key);
    *version = found;
    return SL_OK;
}

sl_status sl_version_file_read(const char *path, const char *key, int64_t *version) {
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    SL_TRY(sl_file_read(path, MAX_BYTES, &bytes, &n_bytes));
    sl_status status = parse(path, key, (char *)bytes, n_bytes, version);
    sl_free(bytes);
    return status;
}

static sl_status raise_locked(const char *path, const char *key, int64_t *version) {
    char text[MAX_BYTES];
    int64_t has = 0;
    sl_status status = sl_version_file_read(path, key, &has);
    if (status != SL_OK && status != SL_NOT_FOUND) return status;
    if (*version == 0 && has == SL_VERSION_MAX) return sl_fail(SL_FULL, NULL, "%s: there is no higher version", path);
    int64_t next = *version == 0 ? has + 1 : *version;
    if (next < has)
        return sl_fail(SL_MISMATCH, NULL, "version %" PRId64 " is older than %" PRId64 ", the newest of key %s", next,
                       has, key);
    write_text(key, next, text);
    if (next > has) SL_TRY(sl_file_replace(path, text, strlen(text)));
    *version = next;
    return SL_OK;
}

sl_status sl_version_file_raise(const char *path, const char *key, int64_t *version) {
    // not the file itself, which is replaced
    char lock[PATH_MAX];
    int n = snprintf(lock, sizeof lock, "%s.lock", path);
    if (n < 0 || (size_t)n >= sizeof lock) return sl_fail(SL_IO, NULL, "path too long: %.60s...", path);
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) return sl_file_fail("write", lock);
    int failed;
    do failed = flock(fd, LOCK_EX);
    while (failed && errno == EINTR);
    sl_status status = failed ? sl_file_fail("lock", lock) : raise_locked(path, key, version);
    (void)close(fd);
    return status;
}
