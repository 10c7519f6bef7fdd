/* file.c - see file.h. */
#include "storage/file.h"

#include "common/alloc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEMPORARY_TRIES = 1000 };

sl_status sl_file_fail(const char *verb, const char *path) {
    int error = errno;
    switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return sl_fail(SL_NO_SPACE, "free some space, or choose another folder", "cannot %s %s: %s", verb, path,
                       strerror(error));
    case ENOENT:
        return sl_fail(SL_NOT_FOUND, NULL, "cannot %s %s: no such file or folder", verb, path);
    default:
        return sl_fail(SL_IO, NULL, "cannot %s %s: %s", verb, path, strerror(error));
    }
}

sl_status sl_file_sync_folder_of(const char *path) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    if (n >= sizeof folder) return sl_fail(SL_IO, NULL, "path too long: %.60s...", path);
    // "name" lies in ".", "/name" in "/"
    if (n == 0)
        folder[n++] = slash ? '/' : '.';
    else
        memcpy(folder, path, n);
    folder[n] = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return sl_file_fail("open", folder);
    sl_status status = fsync(fd) == 0 ? SL_OK : sl_file_fail("sync", folder);
    (void)close(fd);
    return status;
}

// opens a new file beside path under a name of its own, so that two writers of one path cannot mix their bytes
static sl_status open_temporary(const char *path, unsigned mode, char *name, size_t size, int *out) {
    static atomic_uint counter;
    for (int i = 0; i < TEMPORARY_TRIES; i++) {
        unsigned serial = atomic_fetch_add(&counter, 1);
        int n = snprintf(name, size, "%s.%ld-%u.tmp", path, (long)getpid(), serial);
        if (n < 0 || (size_t)n >= size) return sl_fail(SL_IO, NULL, "path too long: %.60s...", path);
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (mode_t)mode);
        if (fd >= 0) {
            *out = fd;
            return SL_OK;
        }
        if (errno != EEXIST) break;
    }
    return sl_file_fail("write", path);
}

static int write_all(int fd, const uint8_t *bytes, size_t n_bytes) {
    for (size_t at = 0; at < n_bytes;) {
        ssize_t n = write(fd, bytes + at, n_bytes - at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return -1;
        at += (size_t)n;
    }
    return 0;
}

// not SL_IO, which may pass when a program is started again
static sl_status fail_odd(const char *verb, const char *path) {
    return sl_fail(SL_CORRUPT, "a folder, a pipe or a device lies in its place", "cannot %s %s: not a regular file",
                   verb, path);
}

// the bytes must be on the disk before the name points at them; close may report a late write error
static int write_and_close(int fd, const void *bytes, size_t n_bytes) {
    int failed = write_all(fd, bytes, n_bytes) != 0 || fsync(fd) != 0;
    int error = errno;
    if (close(fd) != 0 && !failed) return -1;
    errno = error;
    return failed ? -1 : 0;
}

sl_status sl_file_replace(const char *path, const void *bytes, size_t n_bytes) {
    return sl_file_replace_as(path, 0666, bytes, n_bytes);
}

sl_status sl_file_replace_as(const char *path, unsigned mode, const void *bytes, size_t n_bytes) {
    // a rename would put a plain file in the place of a device
    struct stat old;
    if (lstat(path, &old) == 0 && !S_ISREG(old.st_mode) && !S_ISLNK(old.st_mode)) {
        return fail_odd("write", path);
    }
    char temporary[PATH_MAX];
    int fd = -1;
    SL_TRY(open_temporary(path, mode, temporary, sizeof temporary, &fd));
    if (write_and_close(fd, bytes, n_bytes) != 0 || rename(temporary, path) != 0) {
        int error = errno;
        (void)unlink(temporary);
        errno = error;
        return sl_file_fail("write", path);
    }
    return sl_file_sync_folder_of(path);
}

sl_status sl_file_create_as(const char *path, unsigned mode, const void *bytes, size_t n_bytes) {
    char temporary[PATH_MAX];
    int fd = -1;
    SL_TRY(open_temporary(path, mode, temporary, sizeof temporary, &fd));
    // unlike a rename, a link takes nothing's place
    bool failed = write_and_close(fd, bytes, n_bytes) != 0 || link(temporary, path) != 0;
    int error = errno;
    (void)unlink(temporary);
    errno = error;
    if (failed && error == EEXIST) return sl_fail(SL_MISMATCH, NULL, "%s is there already", path);
    if (failed) return sl_file_fail("write", path);
    return sl_file_sync_folder_of(path);
}

// reads up to size bytes; what the file lost since it was measured is not an error here
static sl_status read_up_to(int fd, const char *path, uint8_t *bytes, size_t size, size_t *n_bytes) {
    size_t at = 0;
    while (at < size) {
        ssize_t n = read(fd, bytes + at, size - at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return sl_file_fail("read", path);
        if (n == 0) break;
        at += (size_t)n;
    }
    *n_bytes = at;
    return SL_OK;
}

sl_status sl_file_read_open(int fd, const char *path, size_t max_bytes, uint8_t **bytes, size_t *n_bytes) {
    struct stat about;
    if (fstat(fd, &about) != 0) return sl_file_fail("read", path);
    if (!S_ISREG(about.st_mode)) return fail_odd("read", path);
    if ((uint64_t)about.st_size > max_bytes) {
        return sl_fail(SL_CORRUPT, NULL, "%s has %lld bytes, more than the %zu allowed", path,
                       (long long)about.st_size, max_bytes);
    }
    size_t size = (size_t)about.st_size, n = 0;
    uint8_t *memory = sl_alloc(size + 1);
    if (!memory) return sl_fail(SL_MEMORY, NULL, "cannot allocate %zu bytes to read %s", size, path);
    sl_status status = read_up_to(fd, path, memory, size, &n);
    if (status != SL_OK) {
        sl_free(memory);
        return status;
    }
    memory[n] = 0;
    *bytes = memory;
    *n_bytes = n;
    return SL_OK;
}

sl_status sl_file_read(const char *path, size_t max_bytes, uint8_t **bytes, size_t *n_bytes) {
    // O_NONBLOCK: opening a named pipe must not hang
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return sl_file_fail("read", path);
    sl_status status = sl_file_read_open(fd, path, max_bytes, bytes, n_bytes);
    (void)close(fd);
    return status;
}

sl_status sl_file_make_folder(const char *path) {
    char folder[PATH_MAX];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof folder) return sl_fail(SL_IO, NULL, "cannot create the folder '%.60s'", path);
    memcpy(folder, path, n + 1);
    // each parent in turn, then the whole
    for (size_t i = 1; i <= n; i++) {
        if (folder[i] != '/' && folder[i] != '\0') continue;
        char kept = folder[i];
        folder[i] = '\0';
        if (mkdir(folder, 0777) != 0 && errno != EEXIST) return sl_file_fail("create the folder", folder);
        folder[i] = kept;
    }
    struct stat about;
    if (stat(path, &about) != 0) return sl_file_fail("create the folder", path);
    if (!S_ISDIR(about.st_mode)) return sl_fail(SL_IO, NULL, "%s exists and is not a folder", path);
    return SL_OK;
}

void sl_file_sha256(const void *bytes, size_t n_bytes, char text[65]) {
    unsigned char digest[crypto_hash_sha256_BYTES];
    (void)crypto_hash_sha256(digest, bytes, n_bytes);
    (void)sodium_bin2hex(text, 65, digest, sizeof digest);
}

static sl_status hash_open(FILE *file, const char *path, char text[65]) {
    unsigned char digest[crypto_hash_sha256_BYTES], part[16384];
    crypto_hash_sha256_state state;
    (void)crypto_hash_sha256_init(&state);
    for (size_t n; (n = fread(part, 1, sizeof part, file)) > 0;) (void)crypto_hash_sha256_update(&state, part, n);
    if (ferror(file)) return sl_file_fail("read", path);
    (void)crypto_hash_sha256_final(&state, digest);
    (void)sodium_bin2hex(text, 65, digest, sizeof digest);
    return SL_OK;
}

sl_status sl_file_sha256_of(const char *path, char text[65]) {
    struct stat about;
    if (stat(path, &about) != 0) return sl_file_fail("read", path);
    // a named pipe would hang
    if (!S_ISREG(about.st_mode)) return fail_odd("read", path);
    FILE *file = fopen(path, "rbe");
    if (!file) return sl_file_fail("read", path);
    sl_status status = hash_open(file, path, text);
    (void)fclose(file);
    return status;
}

// "<name>.<pid>-<serial>.tmp", as open_temporary makes them
static int is_temporary(const char *name) {
    size_t length = strlen(name), at;
    if (length < 8 || strcmp(name + length - 4, ".tmp") != 0) return 0;
    for (at = length - 4; at > 0 && strchr("0123456789-", name[at - 1]); at--) continue;
    size_t pid = strspn(name + at, "0123456789");
    return at > 1 && name[at - 1] == '.' && pid > 0 && name[at + pid] == '-';
}

void sl_file_sweep(const char *folder) {
    char path[PATH_MAX];
    DIR *listing = opendir(folder);
    for (struct dirent *entry; listing && (entry = readdir(listing)) != NULL;) {
        int n = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (n > 0 && (size_t)n < sizeof path && is_temporary(entry->d_name)) (void)unlink(path);
    }
    if (listing) (void)closedir(listing);
}
