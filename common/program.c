/* program.c - /proc knows best; the kernel's note of what was executed serves where it is not mounted. */
#define _XOPEN_SOURCE 700
#include "common/program.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

bool sl_program_self(char path[SL_PROGRAM_BYTES]) {
    char found[SL_PROGRAM_BYTES];
    ssize_t n = readlink("/proc/self/exe", found, sizeof found - 1);
    if (n > 0) {
        memcpy(path, found, (size_t)n);
        path[n] = '\0';
        return true;
    }
    // an absolute path, or one from the working folder
    const char *executed = (const char *)(uintptr_t)getauxval(AT_EXECFN);
    char *resolved = executed ? realpath(executed, NULL) : NULL;
    bool fits = resolved && strlen(resolved) < SL_PROGRAM_BYTES;
    if (fits) memcpy(path, resolved, strlen(resolved) + 1);
    free(resolved);
    return fits;
}
