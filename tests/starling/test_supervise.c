/* test_supervise.c - programs that die, finish, refuse, and are interrupted; played by shells. */
#include "starling/run/supervise.h"

#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct heard {
    int n, child;
    char last[32];
} heard;

static void on_event(void *context, int child, const json_t *event) {
    heard *h = context;
    h->n++;
    h->child = child;
    const char *name = json_string_value(json_object_get(event, "event"));
    (void)snprintf(h->last, sizeof h->last, "%s", name ? name : "?");
}

static int add(sl_supervisor *s, const char *script, sl_exit_zero exit_zero, int max_restarts) {
    const char *const args[] = {"-c", script, NULL};
    sl_child_def def = {"shell", "sh", args, exit_zero, max_restarts};
    int child = -1;
    assert_int_equal(sl_supervisor_add(s, &def, &child), SL_OK);
    return child;
}

// polls until the program is done or something fails; each wait is bounded
static sl_status poll_until_done(sl_supervisor *s, int child) {
    for (int i = 0; i < 1000 && !sl_supervisor_is_done(s, child); i++) SL_TRY(sl_supervisor_poll(s, -1, 10000));
    return SL_OK;
}

// polls until that many events have come
static sl_status poll_events(sl_supervisor *s, const heard *h, int n) {
    for (int i = 0; i < 1000 && h->n < n; i++) SL_TRY(sl_supervisor_poll(s, -1, 10000));
    assert_int_equal(h->n, n);
    return SL_OK;
}

static void test_events_and_finish(void **state) {
    (void)state;
    heard h = {0};
    sl_supervisor *s = NULL;
    assert_int_equal(sl_supervisor_create(on_event, &h, &s), SL_OK);
    int child =
        add(s, "echo '{\"event\":\"ready\"}'; echo nonsense; echo '{\"event\":\"last\"}'", SL_EXIT_FINISHES, 0);
    assert_true(sl_supervisor_pid(s, child) > 0);
    assert_int_equal(poll_until_done(s, child), SL_OK);
    // the line that is no JSON is not an event
    assert_int_equal(h.n, 2);
    assert_string_equal(h.last, "last");
    assert_int_equal(sl_supervisor_pid(s, child), 0);
    sl_supervisor_destroy(&s);
    assert_null(s);
}

/* More than a fixed table ever had room for, each added while the others are spoken to. */
static void test_many_programs(void **state) {
    (void)state;
    enum { MANY = 100 };
    heard h = {0};
    sl_supervisor *s = NULL;
    assert_int_equal(sl_supervisor_create(on_event, &h, &s), SL_OK);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(add(s, "echo '{\"event\":\"ready\"}'", SL_EXIT_FINISHES, 0), i);
        if (i % 10 == 0) assert_int_equal(sl_supervisor_poll(s, -1, 0), SL_OK);
    }
    for (int i = 0; i < MANY; i++) assert_int_equal(poll_until_done(s, i), SL_OK);
    assert_int_equal(h.n, MANY);
    sl_supervisor_destroy(&s);
}

static void test_restart_after_kill(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char script[512];
    (void)snprintf(script, sizeof script, "test -e %s && exit 0; touch %s; kill -9 $$",
                   sl_temp_folder_file(&folder, "m"), sl_temp_folder_file(&folder, "m"));
    sl_supervisor *s = NULL;
    assert_int_equal(sl_supervisor_create(NULL, NULL, &s), SL_OK);
    int child = add(s, script, SL_EXIT_FINISHES, 1);
    assert_int_equal(poll_until_done(s, child), SL_OK);
    assert_int_equal(sl_supervisor_restarts(s, child), 1);
    sl_supervisor_destroy(&s);
    sl_temp_folder_remove(&folder);
}

static void test_restart_takes_new_arguments(void **state) {
    (void)state;
    heard h = {0};
    sl_supervisor *s = NULL;
    assert_int_equal(sl_supervisor_create(on_event, &h, &s), SL_OK);
    int child = add(s, "echo '{\"event\":\"first\"}'; read line; exit 1", SL_EXIT_FINISHES, 1);
    const char *const args[] = {"-c", "echo '{\"event\":\"second\"}'", NULL};
    assert_int_equal(sl_supervisor_set_args(s, child, args), SL_OK);
    assert_int_equal(poll_until_done(s, child), SL_OK);
    assert_int_equal(h.n, 2);
    assert_string_equal(h.last, "second");
    sl_supervisor_destroy(&s);
}

static void test_final_codes_are_not_retried(void **state) {
    (void)state;
    sl_supervisor *s = NULL;
    assert_int_equal(sl_supervisor_create(NULL, NULL, &s), SL_OK);
    int child = add(s, "exit 3", SL_EXIT_FINISHES, 5);
    assert_int_equal(poll_until_done(s, child), SL_CONFIG);
    assert_string_equal(sl_error_what(), "shell stopped: exit code 3 (config)");
    assert_int_equal(sl_supervisor_restarts(s, child), 0);
    sl_supervisor_destroy(&s);
}

static void test_exit_codes_are_named(void **state) {
    (void)state;
    const char *const codes[][2] = {{"exit 1", "exit code 1 (foreign)"},
                                    {"exit 11", "exit code 11 (memory)"},
                                    {"exit 127", "exit code 127 (foreign)"},
                                    {"exit 130", "exit code 130 (interrupted)"}};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        sl_supervisor *s = NULL;
        assert_int_equal(sl_supervisor_create(NULL, NULL, &s), SL_OK);
        int child = add(s, codes[i][0], SL_EXIT_FINISHES, 0);
        assert_int_not_equal(poll_until_done(s, child), SL_OK);
        if (!strstr(sl_error_what(), codes[i][1])) fail_msg("%s: %s", codes[i][0], sl_error_what());
        sl_supervisor_destroy(&s);
    }
}

static void test_restarts_are_bounded(void **state) {
    (void)state;
    sl_supervisor *s = NULL;
    assert_int_equal(sl_supervisor_create(NULL, NULL, &s), SL_OK);
    int child = add(s, "exit 9", SL_EXIT_FINISHES, 2);
    assert_int_equal(poll_until_done(s, child), SL_NETWORK);
    assert_string_equal(sl_error_what(), "shell was restarted 2 times and died again: exit code 9 (network)");
    assert_int_equal(sl_supervisor_restarts(s, child), 2);
    sl_supervisor_destroy(&s);
}

static void test_unasked_exit_is_a_death(void **state) {
    (void)state;
    sl_supervisor *s = NULL;
    assert_int_equal(sl_supervisor_create(NULL, NULL, &s), SL_OK);
    int child = add(s, "exit 0", SL_EXIT_IS_DEATH, 0);
    assert_int_equal(poll_until_done(s, child), SL_IO);
    assert_false(sl_supervisor_is_done(s, child));
    sl_supervisor_destroy(&s);
}

typedef struct finishing {
    sl_supervisor *supervisor;
    bool said;
} finishing;

static void on_finished(void *context, int child, const json_t *event) {
    finishing *f = context;
    (void)event;
    f->said = true;
    sl_supervisor_set_exit_zero(f->supervisor, child, SL_EXIT_FINISHES);
}

// exit code 0 is an end only of what has said so before
static void test_who_says_so_has_finished(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char script[512];
    (void)snprintf(script, sizeof script, "test -e %s && echo '{\"event\":\"finished\"}'; touch %s",
                   sl_temp_folder_file(&folder, "m"), sl_temp_folder_file(&folder, "m"));
    finishing f = {0};
    assert_int_equal(sl_supervisor_create(on_finished, &f, &f.supervisor), SL_OK);
    int child = add(f.supervisor, script, SL_EXIT_IS_DEATH, 1);
    assert_int_equal(poll_until_done(f.supervisor, child), SL_OK);
    assert_int_equal(sl_supervisor_restarts(f.supervisor, child), 1);
    assert_true(f.said);
    sl_supervisor_destroy(&f.supervisor);
    sl_temp_folder_remove(&folder);
}

static void test_exit_zero_again(void **state) {
    (void)state;
    heard h = {0};
    sl_supervisor *s = NULL;
    assert_int_equal(sl_supervisor_create(on_event, &h, &s), SL_OK);
    int child = add(s, "echo '{\"event\":\"turn\"}'", SL_EXIT_AGAIN, 0);
    assert_int_equal(poll_events(s, &h, 3), SL_OK);
    assert_int_equal(sl_supervisor_restarts(s, child), 0);
    sl_supervisor_destroy(&s);
}

/* A program that closes its stdout has not ended: it is waited for beside the others, and can be told to end. */
static void test_a_closed_stdout_is_no_end(void **state) {
    (void)state;
    heard h = {0};
    sl_supervisor *s = NULL;
    assert_int_equal(sl_supervisor_create(on_event, &h, &s), SL_OK);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    char script[128];
    (void)snprintf(script, sizeof script, "exec >/dev/null; read line </proc/%d/fd/%d; exit 3", (int)getpid(),
                   ends[0]);
    int quiet = add(s, script, SL_EXIT_FINISHES, 0);
    int other = add(s, "exec >/dev/null; exec sleep 100", SL_EXIT_FINISHES, 0);
    int talker = add(s, "echo '{\"event\":\"up\"}'", SL_EXIT_FINISHES, 0);
    assert_int_equal(poll_until_done(s, talker), SL_OK);
    for (int i = 0; i < 3; i++) assert_int_equal(sl_supervisor_poll(s, -1, 50), SL_OK);
    assert_true(sl_supervisor_pid(s, quiet) > 0);
    assert_int_equal(write(ends[1], "\n", 1), 1);
    assert_int_equal(poll_until_done(s, quiet), SL_CONFIG);
    assert_true(sl_supervisor_pid(s, other) > 0);
    sl_supervisor_end(s, -1, 10000);
    assert_int_equal(sl_supervisor_pid(s, other), 0);
    close(ends[0]);
    close(ends[1]);
    sl_supervisor_destroy(&s);
}

static void test_end_is_graceful(void **state) {
    (void)state;
    heard h = {0};
    sl_supervisor *s = NULL;
    assert_int_equal(sl_supervisor_create(on_event, &h, &s), SL_OK);
    int child = add(s,
                    "trap 'echo \"{\\\"event\\\":\\\"bye\\\"}\"; exit 0' TERM; echo '{\"event\":\"up\"}'; "
                    "while :; do sleep 0.01; done",
                    SL_EXIT_IS_DEATH, 0);
    assert_int_equal(poll_events(s, &h, 1), SL_OK);
    sl_supervisor_end(s, -1, 10000);
    assert_string_equal(h.last, "bye");
    assert_int_equal(sl_supervisor_pid(s, child), 0);
    assert_int_equal(sl_supervisor_restarts(s, child), 0);
    sl_supervisor_destroy(&s);
}

static void test_end_kills_the_stubborn(void **state) {
    (void)state;
    heard h = {0};
    sl_supervisor *s = NULL;
    assert_int_equal(sl_supervisor_create(on_event, &h, &s), SL_OK);
    int child = add(s, "trap '' TERM; echo '{\"event\":\"up\"}'; while :; do sleep 0.01; done", SL_EXIT_IS_DEATH, 0);
    assert_int_equal(poll_events(s, &h, 1), SL_OK);
    pid_t pid = sl_supervisor_pid(s, child);
    sl_status status = sl_fail(SL_CORRUPT, "a hint", "why it ends");
    sl_supervisor_end(s, -1, 50);
    assert_int_equal(kill(pid, 0), -1);
    // the reason is still the one to be printed
    assert_int_equal(status, SL_CORRUPT);
    assert_string_equal(sl_error_what(), "why it ends");
    assert_string_equal(sl_error_hint(), "a hint");
    sl_supervisor_destroy(&s);
}

static void interrupt_by(int number) {
    sl_supervisor *s = NULL;
    assert_int_equal(sl_supervisor_create(NULL, NULL, &s), SL_OK);
    int child = add(s, "sleep 100", SL_EXIT_IS_DEATH, 0);
    assert_int_equal(kill(getpid(), number), 0);
    assert_int_equal(sl_supervisor_poll(s, -1, 10000), SL_INTERRUPTED);
    assert_int_equal(sl_supervisor_poll(s, -1, 10000), SL_INTERRUPTED);
    assert_int_equal(sl_supervisor_signal(), number);
    sl_supervisor_end(s, child, 10000);
    assert_int_equal(sl_supervisor_pid(s, child), 0);
    sl_supervisor_destroy(&s);
}

static void test_interruption(void **state) {
    (void)state;
    interrupt_by(SIGINT);
    interrupt_by(SIGTERM);
    interrupt_by(SIGHUP);
}

// as under nohup
static void test_an_ignored_hangup_stays_ignored(void **state) {
    (void)state;
    heard h = {0};
    sl_supervisor *s = NULL;
    assert_true(signal(SIGHUP, SIG_IGN) != SIG_ERR);
    assert_int_equal(sl_supervisor_create(on_event, &h, &s), SL_OK);
    assert_int_equal(kill(getpid(), SIGHUP), 0);
    (void)add(s, "echo '{\"event\":\"up\"}'", SL_EXIT_AGAIN, 0);
    assert_int_equal(poll_events(s, &h, 1), SL_OK);
    sl_supervisor_destroy(&s);
    assert_true(signal(SIGHUP, SIG_DFL) == SIG_IGN);
}

static void test_wake_fd(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    sl_supervisor *s = NULL;
    assert_int_equal(sl_supervisor_create(NULL, NULL, &s), SL_OK);
    // for ever, but for the descriptor
    assert_int_equal(sl_supervisor_poll(s, ends[0], -1), SL_OK);
    sl_supervisor_destroy(&s);
    close(ends[0]);
    close(ends[1]);
}

static void test_missing_program(void **state) {
    (void)state;
    sl_supervisor *s = NULL;
    assert_int_equal(sl_supervisor_create(NULL, NULL, &s), SL_OK);
    const char *const args[] = {NULL};
    sl_child_def def = {"ghost", "starling-no-such-program", args, SL_EXIT_FINISHES, 1};
    int child = -7;
    assert_int_equal(sl_supervisor_add(s, &def, &child), SL_NOT_FOUND);
    assert_int_equal(child, -7);
    sl_supervisor_destroy(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_and_finish),
        cmocka_unit_test(test_many_programs),
        cmocka_unit_test(test_restart_after_kill),
        cmocka_unit_test(test_restart_takes_new_arguments),
        cmocka_unit_test(test_final_codes_are_not_retried),
        cmocka_unit_test(test_restarts_are_bounded),
        cmocka_unit_test(test_exit_codes_are_named),
        cmocka_unit_test(test_unasked_exit_is_a_death),
        cmocka_unit_test(test_who_says_so_has_finished),
        cmocka_unit_test(test_exit_zero_again),
        cmocka_unit_test(test_a_closed_stdout_is_no_end),
        cmocka_unit_test(test_end_is_graceful),
        cmocka_unit_test(test_end_kills_the_stubborn),
        cmocka_unit_test(test_interruption),
        cmocka_unit_test(test_an_ignored_hangup_stays_ignored),
        cmocka_unit_test(test_wake_fd),
        cmocka_unit_test(test_missing_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
