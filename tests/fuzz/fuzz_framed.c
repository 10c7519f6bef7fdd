/* fuzz_framed.c - a record log as it lies on a disk: the scan of sl_framed_open_read and every record's read. The
 * file is one in memory. */
#include "storage/framed.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);
int memfd_create(const char *name, unsigned flags);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
    static int fd = -1;
    static char path[64];
    if (fd < 0) {
        fd = memfd_create("fuzz", 0);
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, bytes, n_bytes, 0) != (ssize_t)n_bytes) abort();
    sl_framed *log = NULL;
    if (sl_framed_open_read(path, 1 << 16, &log) != SL_OK) return 0;
    int64_t total = 0;
    for (int64_t i = 0; i < sl_framed_count(log); i++) {
        const uint8_t *record;
        size_t n;
        if (sl_framed_read(log, i, &record, &n) != SL_OK) abort();
        total += (int64_t)n + SL_FRAMED_OVERHEAD;
    }
    if (total + sl_framed_cut_bytes(log) != (int64_t)n_bytes) abort();
    sl_framed_close(&log);
    return 0;
}
