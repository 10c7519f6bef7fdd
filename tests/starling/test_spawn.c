/* test_spawn.c - real processes: lines, ends, refusals. */
#include "starling/run/spawn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static sl_process process;

static void start_shell(const char *script) {
    char path[SL_PATH_BYTES];
    assert_int_equal(sl_program_find("sh", path), SL_OK);
    char *argv[] = {path, (char[]){"-c"}, (char *)(uintptr_t)script, NULL};
    assert_int_equal(sl_process_start(path, argv, &process), SL_OK);
}

// the next line, waiting for it; NULL at the end
static const char *next_line(void) {
    bool ended = false;
    for (;;) {
        const char *line = sl_process_read_line(&process, &ended);
        if (line || ended) return line;
        struct pollfd fd = {.fd = process.out, .events = POLLIN};
        assert_int_equal(poll(&fd, 1, 10000), 1);
    }
}

static void test_lines(void **state) {
    (void)state;
    start_shell("echo one; echo; printf 'two\\nunfinished'; exit 3");
    assert_string_equal(next_line(), "one");
    assert_string_equal(next_line(), "");
    assert_string_equal(next_line(), "two");
    // what has no newline is no line: an event that kill -9 cut in the middle
    assert_null(next_line());
    int status = sl_process_wait(&process);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 3);
    assert_int_equal(process.pid, 0);
    assert_int_equal(process.out, -1);
}

static void test_overlong_line_is_dropped(void **state) {
    (void)state;
    start_shell("head -c 50000 /dev/zero | tr '\\0' x; echo; echo after");
    assert_string_equal(next_line(), "after");
    assert_null(next_line());
    (void)sl_process_wait(&process);
}

static void test_signal_reaches_the_group(void **state) {
    (void)state;
    // the child is there before the line is: a signal while a shell forks may miss what it forks
    start_shell("sleep 100 & echo up; wait; echo never");
    assert_string_equal(next_line(), "up");
    sl_process_signal(&process, SIGTERM);
    assert_null(next_line());
    int status = sl_process_wait(&process);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGTERM);
    assert_int_equal(sl_process_wait(&process), -1);
}

static void test_child_gets_default_signals(void **state) {
    (void)state;
    // we ignore SIGPIPE and block SIGTERM; a child that inherited this could not be ended
    sigset_t mask, old;
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    assert_int_equal(sigprocmask(SIG_BLOCK, &mask, &old), 0);
    start_shell("kill -TERM $$; echo survived");
    assert_null(next_line());
    assert_true(WIFSIGNALED(sl_process_wait(&process)));
    assert_int_equal(sigprocmask(SIG_SETMASK, &old, NULL), 0);
}

static void test_missing_program(void **state) {
    (void)state;
    char path[SL_PATH_BYTES] = "untouched";
    assert_int_equal(sl_program_find("starling-no-such-program", path), SL_NOT_FOUND);
    assert_string_equal(path, "untouched");
    char *argv[] = {(char[]){"x"}, NULL};
    assert_int_equal(sl_process_start("/nonexistent/x", argv, &process), SL_NOT_FOUND);
    assert_int_equal(sl_program_run("/nonexistent/x", argv), SL_NOT_FOUND);
}

static void test_run_to_the_end(void **state) {
    (void)state;
    char path[SL_PATH_BYTES];
    assert_int_equal(sl_program_find("true", path), SL_OK);
    char *argv[] = {path, NULL};
    assert_int_equal(sl_program_run(path, argv), SL_OK);
    assert_int_equal(sl_program_find("false", path), SL_OK);
    assert_int_equal(sl_program_run(path, argv), SL_IO);
}

// what is told to this program is not told to those that it starts
static void test_environment(void **state) {
    (void)state;
    assert_int_equal(setenv("STARLING_HEALTH", "/nowhere", 1), 0);
    assert_int_equal(setenv("STARLING_PARENT", "7", 1), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", "/nowhere", 1), 0);
    assert_int_equal(setenv("STARLINGS", "many", 1), 0);
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"},
                    (char[]){"echo \"$STARLING_HEALTH,$STARLING_PARENT,$NOTIFY_SOCKET,$STARLINGS\""}, NULL};
    assert_int_equal(sl_process_start("/bin/sh", argv, &process), SL_OK);
    bool ended = false;
    const char *line = NULL;
    while (!line && !ended) line = sl_process_read_line(&process, &ended);
    assert_non_null(line);
    assert_string_equal(line, ",7,,many");
    assert_int_equal(sl_process_wait(&process), 0);
    assert_int_equal(unsetenv("STARLING_HEALTH") | unsetenv("STARLING_PARENT") | unsetenv("NOTIFY_SOCKET"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_overlong_line_is_dropped),
        cmocka_unit_test(test_signal_reaches_the_group),
        cmocka_unit_test(test_child_gets_default_signals),
        cmocka_unit_test(test_missing_program),
        cmocka_unit_test(test_run_to_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
