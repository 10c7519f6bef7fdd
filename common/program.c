/* program.c - of its own file /proc knows best; the kernel's note of what was executed serves where it is not
 * mounted. The parent's process id is handed down in a variable: a child that finds another parent has lost its own.
 */
#define _XOPEN_SOURCE 700
#include "common/program.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define PARENT_VARIABLE "STARLING_PARENT"

enum { SMALL_STACK = 128 * 1024 };

// how many of n files can be opened: each duplicate is held while the next ones are tried
static int try_to_open(int n) {
    int fd = n > 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : -1;
    if (fd < 0) return 0;
    int opened = 1 + try_to_open(n - 1);
    (void)close(fd);
    return opened;
}

sl_status sl_program_need_files(int n) {
    struct rlimit limit;
    int opened = try_to_open(n);
    if (opened == n) return SL_OK;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return sl_fail(SL_IO, NULL, "getrlimit: %s", strerror(errno));
    struct rlimit raised = {limit.rlim_max, limit.rlim_max};
    if (limit.rlim_cur < limit.rlim_max && setrlimit(RLIMIT_NOFILE, &raised) == 0) opened = try_to_open(n);
    if (opened == n) return SL_OK;
    char hint[64];
    unsigned long long most = limit.rlim_max;
    (void)snprintf(hint, sizeof hint, "raise it: 'ulimit -n %llu' or more", most + (unsigned)(n - opened));
    return sl_fail(SL_IO, hint, "at most %llu files may be open at a time: there is room for %d more, not for %d",
                   most, opened, n);
}

void sl_program_want_files(int n) {
    struct rlimit limit;
    rlim_t wanted = (rlim_t)n;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void *wait_for(void *gate) {
    pthread_mutex_t *mutex = gate;
    (void)pthread_mutex_lock(mutex);
    (void)pthread_mutex_unlock(mutex);
    return NULL;
}

// how many of n threads can be started: each waits while the next ones are tried
static int try_to_start(int n, const pthread_attr_t *small, pthread_mutex_t *gate) {
    pthread_t thread;
    if (n <= 0 || pthread_create(&thread, small, wait_for, gate) != 0) {
        (void)pthread_mutex_unlock(gate);
        return 0;
    }
    int started = 1 + try_to_start(n - 1, small, gate);
    (void)pthread_join(thread, NULL);
    return started;
}

sl_status sl_program_need_threads(int n) {
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_attr_t small;
    if (pthread_attr_init(&small) != 0) return sl_fail(SL_MEMORY, NULL, "no memory for a thread");
    (void)pthread_attr_setstacksize(&small, SMALL_STACK);
    (void)pthread_mutex_lock(&gate);
    int started = try_to_start(n, &small, &gate);
    (void)pthread_attr_destroy(&small);
    (void)pthread_mutex_destroy(&gate);
    if (started == n) return SL_OK;
    return sl_fail(SL_IO, "raise it: 'ulimit -u', or the control group's pids.max",
                   "too few processes and threads may run: there is room for %d more, not for %d", started, n);
}

// so many bytes more must fit within a limit, of which used are taken
static sl_status check_limit(int resource, const char *flag, unsigned long long used, unsigned long long more) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= used + more)
        return SL_OK;
    char hint[64];
    // what is not mapped yet, for want of memory, comes on top
    unsigned long long usual = used > 256ULL << 20 ? used : 256ULL << 20;
    (void)snprintf(hint, sizeof hint, "raise it: 'ulimit %s %llu' or more", flag, (usual + more) / 1024);
    return sl_fail(SL_MEMORY, hint, "at most %llu KiB of memory may be had (ulimit %s), which is too little",
                   (unsigned long long)limit.rlim_cur / 1024, flag);
}

// stacks, heaps of threads, and for each core OpenBLAS's thread with its buffer, which may not be there yet
sl_status sl_program_need_memory(void) {
    unsigned long long pages[6] = {0}, page = (unsigned long long)sysconf(_SC_PAGESIZE), mib = 1024ULL * 1024;
    FILE *file = fopen("/proc/self/statm", "re");
    for (int i = 0; file && i < 6 && fscanf(file, "%llu", &pages[i]) == 1; i++) continue;
    if (file) (void)fclose(file);
    unsigned long long more = 512 * mib + 48 * mib * (unsigned long long)sysconf(_SC_NPROCESSORS_ONLN);
    SL_TRY(check_limit(RLIMIT_AS, "-v", pages[0] * page, more));
    return check_limit(RLIMIT_DATA, "-d", pages[5] * page, more);
}

void sl_program_begin(const char *name) {
    sl_status status = sl_program_prepare();
    if (status == SL_OK) return;
    sl_error_print(name);
    _exit(sl_status_exit_code(status));
}

sl_status sl_program_prepare(void) {
    // open gives the lowest number that is free; it must outlive an exec
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY) < 0)
            return sl_fail(SL_IO, NULL, "cannot open /dev/null: %s", strerror(errno));
    SL_TRY(sl_program_need_files(SL_PROGRAM_FILES));
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
