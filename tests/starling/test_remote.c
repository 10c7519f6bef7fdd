/* test_remote.c - agents and coordinators that come by themselves, as real processes over the loopback: what they fly
 * is what a flight that starts everybody itself flies. Every wait is bounded, none is a sleep. */
#include "starling/run/spawn.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum { LINE_WAIT_MS = 60000, MAX_WORDS = 1024 };
static const char spread[] = SL_SOURCE_DIR "/models/mpe/spread";
static sl_temp_folder folder;
static json_t *reference; /* what a flight of local agents prints */

// a program of the build; its stderr goes to a file of the folder, or to its pipe with into_pipe
static void start(sl_process *process, bool into_pipe, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void start(sl_process *process, bool into_pipe, const char *format, ...) {
    char words[MAX_WORDS], command[2 * MAX_WORDS];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(words, sizeof words, format, args);
    va_end(args);
    (void)snprintf(command, sizeof command, "exec " SL_BIN_DIR "/%s %s", words, into_pipe ? "2>&1" : "");
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, command, NULL};
    assert_int_equal(sl_process_start("/bin/sh", argv, process), SL_OK);
}

// the next line that holds sign
static const char *expect_line(sl_process *process, const char *sign) {
    bool ended = false;
    for (;;) {
        const char *line = sl_process_read_line(process, &ended);
        if (line) fprintf(stderr, "  %s\n", line);
        if (line && strstr(line, sign)) return line;
        if (!line && ended) fail_msg("no line with '%s' came", sign);
        struct pollfd fd = {.fd = process->out, .events = POLLIN};
        if (!line && poll(&fd, 1, LINE_WAIT_MS) != 1) fail_msg("no line with '%s' came in time", sign);
    }
}

static void expect_end(sl_process *process, int code) {
    bool ended = false;
    while (!ended) {
        const char *line = sl_process_read_line(process, &ended);
        if (line) fprintf(stderr, "  %s\n", line);
        struct pollfd fd = {.fd = process->out, .events = POLLIN};
        if (!line && !ended && poll(&fd, 1, LINE_WAIT_MS) != 1) fail_msg("it did not end in time");
    }
    int status = sl_process_wait(process);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), code);
}

static json_t *expect_json(sl_process *process, const char *sign) {
    json_t *object = json_loads(expect_line(process, sign), JSON_REJECT_DUPLICATES, NULL);
    assert_true(json_is_object(object));
    return object;
}

// the ready event's endpoint
static void take_endpoint(sl_process *process, char endpoint[256]) {
    json_t *event = expect_json(process, "{");
    assert_string_equal(json_string_value(json_object_get(event, "event")), "ready");
    (void)snprintf(endpoint, 256, "%s", json_string_value(json_object_get(event, "endpoint")));
    json_decref(event);
}

// the flight's result has the reference's returns
static void expect_same(sl_process *process) {
    json_t *result = expect_json(process, "return_mean");
    if (!json_equal(json_object_get(result, "returns"), json_object_get(reference, "returns")))
        fail_msg("the flight came to other returns");
    json_decref(result);
}

static int setup(void **state) {
    (void)state;
    static sl_process fly;
    folder = sl_temp_folder_create();
    start(&fly, false, "starling fly %s --episodes 30 --seed 7 --json", spread);
    reference = expect_json(&fly, "return_mean");
    expect_end(&fly, 0);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    json_decref(reference);
    sl_temp_folder_remove(&folder);
    return 0;
}

static const int sizes[] = {16, 16, 32}; /* of the students */

static void test_all_remote(void **state) {
    (void)state;
    static sl_process fly, agents[3];
    char endpoint[256];
    start(&fly, false, "starling fly %s --episodes 30 --seed 7 --json --agents remote --bind 'tcp://127.0.0.1:*'",
          spread);
    take_endpoint(&fly, endpoint);
    for (int i = 0; i < 3; i++)
        start(&agents[i], false, "starling-agent-%d --connect %s --cache %s/all", sizes[i], endpoint, folder.path);
    expect_same(&fly);
    expect_end(&fly, 0);
    // the flight's end is theirs
    for (int i = 0; i < 3; i++) expect_end(&agents[i], 0);
}

static void test_some_remote(void **state) {
    (void)state;
    static sl_process fly, agent;
    char endpoint[256];
    start(&fly, false, "starling fly %s --episodes 30 --seed 7 --json --agents 0,2 --bind 'tcp://127.0.0.1:*'",
          spread);
    take_endpoint(&fly, endpoint);
    start(&agent, false, "starling-agent-16 --connect %s --cache %s/some", endpoint, folder.path);
    expect_same(&fly);
    expect_end(&fly, 0);
    expect_end(&agent, 0);
}

static void test_waits_and_says_for_whom(void **state) {
    (void)state;
    static sl_process fly;
    start(&fly, true, "starling fly %s --agents 0-1 --bind 'tcp://127.0.0.1:*' --wait 4", spread);
    (void)expect_line(&fly, "agents of slots 2 come by themselves, to tcp://127.0.0.1:");
    (void)expect_line(&fly, "waiting for slot 2 at tcp://127.0.0.1:");
    (void)expect_line(&fly, "no agent for slots 2 at tcp://127.0.0.1:");
    expect_end(&fly, 9);
}

static void test_interrupted(void **state) {
    (void)state;
    static sl_process fly;
    start(&fly, true, "starling fly %s --agents remote --bind 'tcp://127.0.0.1:*'", spread);
    (void)expect_line(&fly, "waiting for slots 0, 1, 2 at tcp://127.0.0.1:");
    sl_process_signal(&fly, SIGINT);
    expect_end(&fly, 130);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_remote),
        cmocka_unit_test(test_some_remote),
        cmocka_unit_test(test_waits_and_says_for_whom),
        cmocka_unit_test(test_interrupted),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
