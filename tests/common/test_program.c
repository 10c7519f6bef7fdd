/* test_program.c - the program finds its own file (the way without /proc is the same file by another name), has an
 * stdin, stdout and stderr, and ends with its parent: as a child of itself it plays the programs of a run. */
#include "common/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void finds_its_own_file(void **state) {
    (void)state;
    char path[SL_PROGRAM_BYTES] = "";
    assert_true(sl_program_self(path));
    assert_int_equal(path[0], '/');
    const char *name = strrchr(path, '/') + 1;
    assert_string_equal(name, "test_common_program");
    assert_int_equal(access(path, X_OK), 0);
}

static bool is_null_device(int fd, int access_mode) {
    struct stat info, null;
    assert_int_equal(stat("/dev/null", &null), 0);
    return fstat(fd, &info) == 0 && info.st_rdev == null.st_rdev && (fcntl(fd, F_GETFL) & O_ACCMODE) == access_mode;
}

static void opens_what_is_closed(void **state) {
    (void)state;
    for (int closed = 1; closed < 8; closed++) {
        int kept[3];
        bool fits = true;
        for (int fd = 0; fd < 3; fd++) assert_true((kept[fd] = dup(fd)) > 2);
        for (int fd = 0; fd < 3; fd++)
            if (closed & 1 << fd) (void)close(fd);
        sl_status status = sl_program_prepare();
        for (int fd = 0; fd < 3; fd++)
            if (closed & 1 << fd) fits = fits && is_null_device(fd, fd == 0 ? O_RDONLY : O_WRONLY);
        for (int fd = 0; fd < 3; fd++) {
            (void)dup2(kept[fd], fd);
            (void)close(kept[fd]);
        }
        assert_int_equal(status, SL_OK);
        assert_true(fits);
    }
}

/* Starts this file again in that part; what it holds of the pipe is its stdout. */
static pid_t play(const char *part, int out) {
    char path[SL_PROGRAM_BYTES];
    assert_true(sl_program_self(path));
    posix_spawn_file_actions_t actions;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    if (out >= 0) assert_int_equal(posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO), 0);
    char *argv[] = {path, (char *)(uintptr_t)part, NULL};
    pid_t pid = 0;
    assert_int_equal(posix_spawn(&pid, path, &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static void too_few_files_are_said(void **state) {
    (void)state;
    struct rlimit old, low;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    // a soft limit is raised
    low = (struct rlimit){8, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    assert_int_equal(sl_program_prepare(), SL_OK);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &low), 0);
    assert_true(low.rlim_cur >= SL_PROGRAM_FILES);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    // a hard one is not, so a child has it
    int status = -1;
    pid_t pid = play("poor", -1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* With that much memory it may have; a process of tests is small. */
static int be_hungry(void) {
    struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    if (setrlimit(RLIMIT_AS, &none) != 0 || sl_program_need_memory() != SL_OK) return 1;
    for (rlim_t mib = 400; mib >= 50; mib -= 50) {
        struct rlimit limit = {mib << 20, RLIM_INFINITY};
        if (setrlimit(RLIMIT_DATA, &limit) != 0) return 2;
        if (sl_program_need_memory() != SL_MEMORY || !strstr(sl_error_what(), "ulimit -d")) return 3;
        if (setrlimit(RLIMIT_AS, &limit) != 0) return 4;
        if (sl_program_need_memory() != SL_MEMORY || !strstr(sl_error_what(), "ulimit -v")) return 5;
        if (sl_program_prepare() != SL_OK || setrlimit(RLIMIT_AS, &none) != 0) return 6;
    }
    return 0;
}

/* As a user who may have few processes; the superuser has no limit. */
static int be_crowded(void) {
    struct rlimit few = {4, 4};
    if (sl_program_need_threads(300) != SL_OK) return 1;
    if (getuid() == 0 && setuid(64999) != 0) return 2;
    if (setrlimit(RLIMIT_NPROC, &few) != 0) return 3;
    if (sl_program_need_threads(0) != SL_OK) return 4;
    if (sl_program_need_threads(300) != SL_IO || !strstr(sl_error_hint(), "ulimit -u")) return 5;
    return strstr(sl_error_what(), "not for 300") ? 0 : 6;
}

static void too_few_threads_are_said(void **state) {
    (void)state;
    int status = -1;
    pid_t pid = play("crowded", -1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void too_little_memory_is_said(void **state) {
    (void)state;
    int status = -1;
    pid_t pid = play("hungry", -1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* The end of the pipe, which all that hold it must have closed; each byte says that a child has begun. */
static int read_to_end(int fd, int wanted, pid_t parent) {
    int n = 0;
    for (;;) {
        char byte;
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&ready, 1, 10000), 1);
        ssize_t got = read(fd, &byte, 1);
        if (got <= 0) return n;
        if (++n == wanted) assert_int_equal(kill(parent, SIGKILL), 0);
    }
}

static void children_end_with_their_parent(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[0], F_SETFD, FD_CLOEXEC), 0);
    assert_int_equal(fcntl(ends[1], F_SETFD, FD_CLOEXEC), 0);
    pid_t parent = play("parent", ends[1]);
    close(ends[1]);
    // two children wait for ever, until kill -9 of their parent
    assert_int_equal(read_to_end(ends[0], 2, parent), 2);
    close(ends[0]);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
}

static void an_orphan_does_not_begin(void **state) {
    (void)state;
    // no process has this number
    assert_int_equal(setenv("STARLING_PARENT", "999999999", 1), 0);
    assert_int_equal(sl_program_prepare(), SL_IO);
    // one that keeps children may start itself again
    sl_program_keep_children();
    assert_int_equal(sl_program_prepare(), SL_OK);
    assert_int_equal(unsetenv("STARLING_PARENT"), 0);
    assert_int_equal(prctl(PR_SET_PDEATHSIG, 0), 0);
}

static int be_child(void) {
    if (sl_program_prepare() != SL_OK || write(STDOUT_FILENO, "c", 1) != 1) return 1;
    for (;;) (void)pause();
}

/* With a hard limit of so many files; the exit code says whether it was told. */
static int be_poor(void) {
    int refused = 0;
    for (rlim_t n = SL_PROGRAM_FILES + 8; n >= 4; n--) {
        struct rlimit limit = {n, n};
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return 2;
        sl_status status = sl_program_prepare();
        if (status != SL_OK && status != SL_IO) return 3;
        if (status == SL_IO && (!strstr(sl_error_what(), "files may be open at a time") || !sl_error_hint()))
            return 4;
        if (n < SL_PROGRAM_FILES && status == SL_OK) return 5;
        if (n == SL_PROGRAM_FILES + 8 && status != SL_OK) return 6;
        refused += status == SL_IO;
    }
    return refused > SL_PROGRAM_FILES - 8 ? 0 : 7;
}

static int be_parent(void) {
    sl_program_keep_children();
    for (int i = 0; i < 2; i++)
        if (play("child", -1) <= 0) return 1;
    for (;;) (void)pause();
}

int main(int argc, char **argv) {
    // at once: what a sanitizer does at exit needs the files and the memory that are not there
    if (argc == 2 && strcmp(argv[1], "poor") == 0) _exit(be_poor());
    if (argc == 2 && strcmp(argv[1], "hungry") == 0) _exit(be_hungry());
    if (argc == 2 && strcmp(argv[1], "crowded") == 0) _exit(be_crowded());
    if (argc == 2) return strcmp(argv[1], "child") == 0 ? be_child() : be_parent();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_its_own_file),        cmocka_unit_test(opens_what_is_closed),
        cmocka_unit_test(too_few_files_are_said),    cmocka_unit_test(too_few_threads_are_said),
        cmocka_unit_test(too_little_memory_is_said), cmocka_unit_test(children_end_with_their_parent),
        cmocka_unit_test(an_orphan_does_not_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
