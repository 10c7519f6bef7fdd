/* memory.c - see memory.h. */
#include "common/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// a line "VmRSS:   1234 kB" of /proc/self/status
static double read_line(const char *path, const char *name) {
    FILE *file = fopen(path, "re");
    if (!file) return (double)NAN;
    char line[128];
    double kib = (double)NAN;
    size_t n = strlen(name);
    while (isnan(kib) && fgets(line, sizeof line, file)) {
        if (strncmp(line, name, n) == 0 && sscanf(line + n, ": %lf", &kib) != 1) break;
    }
    (void)fclose(file);
    return kib * 1024.0;
}

double sl_memory_resident(void) {
    return read_line("/proc/self/status", "VmRSS");
}

double sl_memory_peak(void) {
    return read_line("/proc/self/status", "VmHWM");
}

double sl_memory_peak_of(int pid) {
    char path[32];
    (void)snprintf(path, sizeof path, "/proc/%d/status", pid);
    return read_line(path, "VmHWM");
}

void sl_memory_forget_peak(void) {
    FILE *file = fopen("/proc/self/clear_refs", "we");
    if (!file) return;
    (void)fputs("5", file);
    (void)fclose(file);
}
