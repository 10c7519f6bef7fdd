/* secret_file.c - see secret_file.h. */
#include "storage/secret_file.h"

#include "common/alloc.h"
#include "common/log.h"
#include "storage/file.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

// of the file that is open, so that it cannot be another one when it is read
static sl_status check_mode(int fd, const char *path) {
    struct stat about;
    if (fstat(fd, &about) != 0) return sl_file_fail("read", path);
    // what is no file is refused by the reader
    if (!S_ISREG(about.st_mode)) return SL_OK;
    if (about.st_mode & (S_IWGRP | S_IWOTH))
        return sl_fail(SL_MISMATCH, "chmod 600 it, when you are sure that the key in it is yours",
                       "%s: others can write this key file (mode %03o)", path, (unsigned)about.st_mode & 0777);
    mode_t others = about.st_uid == geteuid() ? S_IRGRP | S_IROTH : S_IROTH;
    if (about.st_mode & others)
        SL_WARN("%s: others can read this key file (mode %03o); chmod 600 it", path, (unsigned)about.st_mode & 0777);
    return SL_OK;
}

sl_status sl_secret_file_read(const char *path, size_t max_bytes, uint8_t **bytes, size_t *n_bytes) {
    // O_NONBLOCK: opening a named pipe must not hang
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return sl_file_fail("read", path);
    sl_status status = check_mode(fd, path);
    if (status == SL_OK) status = sl_file_read_open(fd, path, max_bytes, bytes, n_bytes);
    (void)close(fd);
    return status;
}

sl_status sl_secret_file_replace(const char *path, const void *bytes, size_t n_bytes) {
    return sl_file_replace_as(path, 0600, bytes, n_bytes);
}

void sl_secret_free(void *bytes, size_t n_bytes) {
    if (bytes) sodium_memzero(bytes, n_bytes);
    sl_free(bytes);
}
