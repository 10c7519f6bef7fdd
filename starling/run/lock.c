/* lock.c - see lock.h. */
#include "starling/run/lock.h"

#include "common/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const double patience_seconds = 5;

// the living process that took the lock, as the kernel lists it; 0: not known
static long find_holder(int fd) {
    struct stat info;
    FILE *list = fopen("/proc/locks", "re");
    char line[256];
    long pid = 0, found = 0;
    unsigned long inode = 0;
    while (list && fstat(fd, &info) == 0 && found == 0 && fgets(line, sizeof line, list)) {
        int n = sscanf(line, "%*d: FLOCK ADVISORY WRITE %ld %*x:%*x:%lu", &pid, &inode);
        if (n == 2 && inode == (unsigned long)info.st_ino && pid > 0 && kill((pid_t)pid, 0) == 0) found = pid;
    }
    if (list) (void)fclose(list);
    return found;
}

static sl_status in_use(const char *folder, long holder) {
    char hint[64];
    if (holder == 0)
        return sl_fail(SL_IO, "try again in a moment", "run '%s' is in use, or was until just now", folder);
    (void)snprintf(hint, sizeof hint, "wait for it, or end it: 'kill %ld'", holder);
    return sl_fail(SL_IO, hint, "run '%s' is in use by another starling, process %ld", folder, holder);
}

sl_status sl_lock_folder(const char *folder, int *out) {
    int fd = open(folder, O_RDONLY | O_DIRECTORY);
    if (fd < 0) return sl_fail(SL_IO, NULL, "cannot open '%s': %s", folder, strerror(errno));
    double begin = sl_clock_seconds();
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            int error = errno;
            close(fd);
            return sl_fail(SL_IO, NULL, "cannot lock '%s': %s", folder, strerror(error));
        }
        if (sl_clock_seconds() - begin > patience_seconds) {
            long holder = find_holder(fd);
            close(fd);
            return in_use(folder, holder);
        }
        // the programs of a starling that was killed end with it, within a moment
        (void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    *out = fd;
    return SL_OK;
}
