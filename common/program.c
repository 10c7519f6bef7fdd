/* program.c - of its own file /proc knows best; the kernel's note of what was executed serves where it is not
 * mounted. The parent's process id is handed down in a variable: a child that finds another parent has lost its own.
 */
#define _XOPEN_SOURCE 700
#include "common/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PARENT_VARIABLE "STARLING_PARENT"

sl_status sl_program_begin(void) {
    // open gives the lowest number that is free; it must outlive an exec
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY) < 0)
            return sl_fail(SL_IO, NULL, "cannot open /dev/null: %s", strerror(errno));
    const char *parent = getenv(PARENT_VARIABLE);
    // its own: it keeps children, and has started itself again
    if (!parent || strtol(parent, NULL, 10) == (long)getpid()) return SL_OK;
    // in this order: one that ends in between is noticed
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (strtol(parent, NULL, 10) == (long)getppid()) return SL_OK;
    return sl_fail(SL_IO, "unset " PARENT_VARIABLE " to start it by hand",
                   "the program that started this one, process %.16s, is gone", parent);
}

void sl_program_keep_children(void) {
    char text[24];
    (void)snprintf(text, sizeof text, "%ld", (long)getpid());
    (void)setenv(PARENT_VARIABLE, text, 1);
}

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
