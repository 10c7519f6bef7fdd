/* cores.c - see cores.h. The kernel's own call, since the C library's is an extension with types of its own. */
#include "common/cores.h"

#include "common/log.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static int count_affinity(void) {
    uint64_t mask[128] = {0}; // 8,192 CPUs
    long n = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
    int count = 0;
    for (long k = 0; k < n / (long)sizeof *mask; k++)
        for (uint64_t bits = mask[k]; bits; bits &= bits - 1) count++;
    if (count == 0) count = (int)sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? count : 1;
}

/* "150000 100000": so many microseconds of each so many; "max 100000": no quota. 0: none, or not known. */
static int count_quota(void) {
    long long quota = 0, period = 0;
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (!file) return 0;
    int n = fscanf(file, "%lld %lld", &quota, &period);
    (void)fclose(file);
    if (n != 2 || quota <= 0 || period <= 0) return 0;
    long long cores = (quota + period - 1) / period;
    return cores < 8192 ? (int)cores : 0;
}

int sl_cores(void) {
    int n = count_affinity(), quota = count_quota();
    return quota > 0 && quota < n ? quota : n;
}

void sl_cores_warn(const char *what, int n_threads) {
    int cores = sl_cores();
    if (n_threads > cores)
        SL_WARN("%s: %d on %d core%s: no faster than %d, and beside other programs slower; the results are the same",
                what, n_threads, cores, cores == 1 ? "" : "s", cores);
}
