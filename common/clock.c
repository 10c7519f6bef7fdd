/* clock.c - see clock.h. */
#include "common/clock.h"

#include <time.h>

int64_t sl_clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

double sl_clock_cpu(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double sl_clock_seconds(void) {
    return (double)sl_clock_ns() * 1e-9;
}
