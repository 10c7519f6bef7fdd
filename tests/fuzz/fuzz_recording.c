/* fuzz_recording.c - a recording that anyone may hand to `starling env check`: sl_recording_check. The file is one in
 * memory. */
#include "envs/recording/recording.h"

#include <math.h>
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
    sl_recording_result result;
    if (sl_recording_check(path, &result) != SL_OK) return 0;
    // whatever was recorded, what is reported is a number
    if (result.steps < 1 || result.mismatched_steps > result.steps) abort();
    if (!isfinite(result.max_abs_obs) || !isfinite(result.max_abs_state) || !isfinite(result.max_abs_reward)) abort();
    return 0;
}
