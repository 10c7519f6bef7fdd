/* test_remote.c - agents and coordinators that come by themselves, as real processes over the loopback: what they fly
 * is what a flight that starts everybody itself flies. Every wait is bounded, none is a sleep. */
#include "common/program.h"
#include "starling/run/spawn.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <jansson.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

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
    // whatever fails, nobody outlives the test
    sl_program_keep_children();
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

// the endpoint at the end of a log line
static void take_endpoint_of_line(const char *line, char endpoint[256]) {
    const char *at = strstr(line, "tcp://");
    assert_non_null(at);
    (void)snprintf(endpoint, 256, "%.*s", (int)strcspn(at, " "), at);
}

static void start_coordinator(sl_process *coordinator, const char *connect, const char *fleet, const char *more,
                              char endpoint[256]) {
    start(coordinator, false,
          "starling-coordinator --experiment %s/experiment.yaml --run %s --connect %s --fleet %s %s", spread,
          folder.path, connect, fleet, more);
    take_endpoint(coordinator, endpoint);
}

static void start_agents(sl_process agents[3], const char *endpoint, const char *more) {
    for (int i = 0; i < 3; i++)
        start(&agents[i], false, "starling-agent-%d --connect %s --cache %s/cache %s", sizes[i], endpoint,
              folder.path, more);
}

static void tell_to_end(sl_process *process) {
    sl_process_signal(process, SIGTERM);
    expect_end(process, 0);
}

/* Everybody but starling itself is there before it, and stays for its next flight. */
static void test_stay(void **state) {
    (void)state;
    static sl_process fly, coordinator, agents[3];
    char endpoint[256], connect[256];
    start(&fly, true,
          "starling fly %s --episodes 30 --seed 7 --json --coordinator remote --listen 'tcp://127.0.0.1:*'", spread);
    take_endpoint_of_line(expect_line(&fly, "the coordinator comes by itself, to "), connect);
    start_coordinator(&coordinator, connect, "'tcp://127.0.0.1:*'", "--stay", endpoint);
    start_agents(agents, endpoint, "--stay");
    expect_same(&fly);
    expect_end(&fly, 0);
    for (int i = 0; i < 2; i++) {
        start(&fly, false, "starling fly %s --episodes 30 --seed 7 --json --coordinator remote --listen %s", spread,
              connect);
        expect_same(&fly);
        expect_end(&fly, 0);
    }
    for (int i = 0; i < 3; i++) tell_to_end(&agents[i]);
    tell_to_end(&coordinator);
}

/* Without --stay the end of the flight is theirs. */
static void test_remote_coordinator_ends(void **state) {
    (void)state;
    static sl_process fly, coordinator, agents[3];
    char endpoint[256], connect[256];
    start(&fly, true,
          "starling fly %s --episodes 30 --seed 7 --json --coordinator remote --listen 'tcp://127.0.0.1:*'", spread);
    take_endpoint_of_line(expect_line(&fly, "the coordinator comes by itself, to "), connect);
    start_coordinator(&coordinator, connect, "'tcp://127.0.0.1:*'", "", endpoint);
    start_agents(agents, endpoint, "");
    expect_same(&fly);
    expect_end(&fly, 0);
    for (int i = 0; i < 3; i++) expect_end(&agents[i], 0);
    expect_end(&coordinator, 0);
}

/* It is killed while it waits for an agent: its successor is found by all. */
static void test_coordinator_killed(void **state) {
    (void)state;
    static sl_process fly, coordinator, agents[3];
    char endpoint[256], again[256], connect[256];
    start(&fly, true,
          "starling fly %s --episodes 30 --seed 7 --json --coordinator remote --listen 'tcp://127.0.0.1:*'", spread);
    take_endpoint_of_line(expect_line(&fly, "the coordinator comes by itself, to "), connect);
    start_coordinator(&coordinator, connect, "'tcp://127.0.0.1:*'", "--stay", endpoint);
    for (int i = 0; i < 2; i++)
        start(&agents[i], false, "starling-agent-16 --connect %s --cache %s/cache --stay", endpoint, folder.path);
    (void)expect_line(&agents[1], "ready");
    (void)expect_line(&fly, "waiting for slot 2 at ");
    sl_process_signal(&coordinator, SIGKILL);
    (void)sl_process_wait(&coordinator);
    start_coordinator(&coordinator, connect, endpoint, "--stay", again);
    assert_string_equal(again, endpoint);
    start(&agents[2], false, "starling-agent-32 --connect %s --cache %s/cache --stay", endpoint, folder.path);
    expect_same(&fly);
    expect_end(&fly, 0);
    for (int i = 0; i < 3; i++) tell_to_end(&agents[i]);
    tell_to_end(&coordinator);
}

/* A flight that waits for ever, interrupted: the coordinator hears of it, and is there for the next. */
static void test_interrupted_far_away(void **state) {
    (void)state;
    static sl_process fly, coordinator, agents[3];
    char endpoint[256], connect[256];
    start(&fly, true, "starling fly %s --coordinator remote --listen 'tcp://127.0.0.1:*'", spread);
    take_endpoint_of_line(expect_line(&fly, "the coordinator comes by itself, to "), connect);
    start_coordinator(&coordinator, connect, "'tcp://127.0.0.1:*'", "--stay", endpoint);
    (void)expect_line(&fly, "waiting for slots 0, 1, 2 at ");
    sl_process_signal(&fly, SIGINT);
    expect_end(&fly, 130);
    start(&fly, false, "starling fly %s --episodes 30 --seed 7 --json --coordinator remote --listen %s", spread,
          connect);
    start_agents(agents, endpoint, "");
    expect_same(&fly);
    expect_end(&fly, 0);
    for (int i = 0; i < 3; i++) expect_end(&agents[i], 0);
    // and one that is killed instead says nothing
    start(&fly, true, "starling fly %s --coordinator remote --listen %s", spread, connect);
    (void)expect_line(&fly, "waiting for slots 0, 1, 2 at ");
    sl_process_signal(&fly, SIGKILL);
    (void)sl_process_wait(&fly);
    start(&fly, false, "starling fly %s --episodes 30 --seed 7 --json --coordinator remote --listen %s", spread,
          connect);
    start_agents(agents, endpoint, "");
    expect_same(&fly);
    expect_end(&fly, 0);
    for (int i = 0; i < 3; i++) expect_end(&agents[i], 0);
    tell_to_end(&coordinator);
}

/* More agents than slots: the fourth stands by, and has the slot of one that is killed. */
static void test_stands_by(void **state) {
    (void)state;
    static sl_process fly, agents[4];
    char endpoint[256];
    start(&fly, false, "starling fly %s --episodes 60 --seed 7 --json --agents remote --bind 'tcp://127.0.0.1:*'",
          spread);
    take_endpoint(&fly, endpoint);
    for (int i = 0; i < 2; i++)
        start(&agents[i], false, "starling-agent-16 --connect %s --cache %s/cache", endpoint, folder.path);
    for (int i = 0; i < 2; i++) (void)expect_line(&agents[i], "ready");
    start(&agents[3], true, "starling-agent-16 --connect %s --cache %s/cache", endpoint, folder.path);
    (void)expect_line(&agents[3], "the coordinator has no slot yet: every slot that fits is held");
    start(&agents[2], false, "starling-agent-32 --connect %s --cache %s/cache", endpoint, folder.path);
    (void)expect_line(&agents[2], "ready");
    sl_process_signal(&agents[1], SIGTERM);
    (void)expect_line(&agents[3], "\"ready\"");
    expect_end(&agents[1], 0);
    json_t *result = expect_json(&fly, "return_mean"), *returns = json_object_get(result, "returns");
    assert_int_equal(json_array_size(returns), 60);
    for (size_t e = 0; e < 30; e++)
        assert_true(json_equal(json_array_get(returns, e), json_array_get(json_object_get(reference, "returns"), e)));
    json_decref(result);
    expect_end(&fly, 0);
    for (int i = 0; i < 4; i++)
        if (i != 1) expect_end(&agents[i], 0);
}

/* What is refused says why and what to do. */
static void test_refused(void **state) {
    (void)state;
    static sl_process fly, agent;
    char endpoint[256];
    start(&fly, false, "starling fly %s --json --agents remote --bind 'tcp://127.0.0.1:*'", spread);
    take_endpoint(&fly, endpoint);
    start(&agent, true, "starling-agent-64 --connect %s --cache %s/cache", endpoint, folder.path);
    (void)expect_line(&agent, "refused this agent (shape): no slot is for hidden 64");
    (void)expect_line(&agent, "hint: ");
    expect_end(&agent, 6);
    start(&agent, true, "starling-agent-16 --connect %s --cache %s/cache --slot 9", endpoint, folder.path);
    (void)expect_line(&agent, "there is no slot 9, only 0 to 2");
    expect_end(&agent, 6);
    sl_process_signal(&fly, SIGTERM);
    expect_end(&fly, 0);
    // nobody there: said once, waited for
    start(&agent, true, "starling-agent-16 --connect %s --cache %s/cache", endpoint, folder.path);
    (void)expect_line(&agent, "nobody answers at tcp://127.0.0.1:");
    tell_to_end(&agent);
}

/* Flight after flight, with agents that ask what is needed: the first is the reference's. */
static void test_serve(void **state) {
    (void)state;
    static sl_process serve, agents[4];
    char endpoint[256];
    start(&serve, false,
          "starling serve %s --episodes 30 --seed 7 --flights 3 --json --agents remote --bind 'tcp://127.0.0.1:*'",
          spread);
    take_endpoint(&serve, endpoint);
    for (int i = 0; i < 3; i++)
        start(&agents[i], false, "starling agent --connect %s --cache %s/serve --stay", endpoint + 6, folder.path);
    expect_same(&serve);
    for (int k = 1; k < 3; k++) {
        json_t *flight = expect_json(&serve, "return_mean");
        assert_int_equal(json_integer_value(json_object_get(flight, "flight")), k);
        assert_int_equal(json_integer_value(json_object_get(flight, "seed")), 7 + k);
        assert_false(json_equal(json_object_get(flight, "returns"), json_object_get(reference, "returns")));
        json_decref(flight);
    }
    expect_end(&serve, 0);
    // who flies next asks again, and has another size perhaps
    start(&serve, false, "starling serve %s --episodes 30 --seed 7 --flights 1 --json --agents remote --bind %s",
          spread, endpoint);
    take_endpoint(&serve, endpoint);
    expect_same(&serve);
    expect_end(&serve, 0);
    for (int i = 0; i < 3; i++) tell_to_end(&agents[i]);
}

/* A flight that nobody comes to is told, and the next one is tried; being told to end is no failure. */
static void test_serve_without_agents(void **state) {
    (void)state;
    static sl_process serve;
    start(&serve, true, "starling serve %s --flights 2 --wait 1 --agents remote --bind 'tcp://127.0.0.1:*'", spread);
    (void)expect_line(&serve, "flight 0: the coordinator: no agent for slots 0, 1, 2 at tcp://127.0.0.1:");
    (void)expect_line(&serve, "flight 1: the coordinator: no agent for slots 0, 1, 2 at tcp://127.0.0.1:");
    (void)expect_line(&serve, "none of 2 flights came about");
    expect_end(&serve, 9);
    start(&serve, true, "starling serve %s --agents remote --bind 'tcp://127.0.0.1:*'", spread);
    (void)expect_line(&serve, "waiting for slots 0, 1, 2 at ");
    sl_process_signal(&serve, SIGINT);
    expect_end(&serve, 0);
}

// takes the port of whoever was killed there, before a successor does
static int take_port(const char *endpoint) {
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((uint16_t)strtol(strrchr(endpoint, ':') + 1, NULL, 10));
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    for (int i = 0; bind(fd, (struct sockaddr *)&address, sizeof address) != 0; i++) {
        assert_true(i < 5000);
        (void)poll(NULL, 0, 1);
    }
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static void test_serve_ends_with_its_coordinator(void **state) {
    (void)state;
    static sl_process serve;
    char endpoint[256];
    start(&serve, true, "starling serve %s --wait 60 --agents remote --bind 'tcp://127.0.0.1:*'", spread);
    pid_t pid = (pid_t)strtol(strstr(expect_line(&serve, "started coordinator, pid "), "pid ") + 4, NULL, 10);
    take_endpoint_of_line(expect_line(&serve, "come by themselves, to tcp://"), endpoint);
    assert_int_equal(kill(pid, SIGKILL), 0);
    int fd = take_port(endpoint);
    (void)expect_line(&serve, "starling serve: coordinator was restarted 5 times and died again");
    expect_end(&serve, 9);
    (void)close(fd);
}

/* The launcher: what it is told, whom it starts, what it says of a place that does not exist. */
static void test_launcher(void **state) {
    (void)state;
    static sl_process fly, agent;
    char endpoint[256];
    start(&fly, false, "starling fly %s --episodes 30 --seed 7 --json --agents 0-1 --bind 'tcp://127.0.0.1:*'",
          spread);
    take_endpoint(&fly, endpoint);
    start(&agent, true, "starling agent --connect %s --cache %s/launcher --slot 9", endpoint, folder.path);
    (void)expect_line(&agent, "there is no slot 9, only 0 to 2");
    expect_end(&agent, 6);
    // the others are reserved, so this is the one of 32 units
    start(&agent, true, "starling-agent --connect %s --cache %s/launcher", endpoint, folder.path);
    (void)expect_line(&agent, "starling-agent-32: flying slot 2");
    expect_same(&fly);
    expect_end(&fly, 0);
    expect_end(&agent, 0);
    start(&agent, true, "starling agent --connect %s --cache %s/launcher", endpoint, folder.path);
    (void)expect_line(&agent, "nobody answers at tcp://127.0.0.1:");
    tell_to_end(&agent);
    // before anybody gives it a slot
    start(&agent, true, "starling agent --connect 127.0.0.1:1 --cache %s/launcher --trust %s/none.pub", folder.path,
          folder.path);
    (void)expect_line(&agent, "none.pub");
    expect_end(&agent, 4);
    start(&agent, true, "starling agent --connect 'not a host'");
    (void)expect_line(&agent, "--connect: ");
    expect_end(&agent, 2);
    start(&agent, true, "starling agent");
    (void)expect_line(&agent, "give either --connect HOST or --discover");
    expect_end(&agent, 2);
}

/* Keys for those that are started and those that come: a stranger without one is not heard. */
static void test_keys(void **state) {
    (void)state;
    static sl_process keys, fly, agent, stranger;
    char endpoint[256];
    start(&keys, false, "starling keys new %s/keys --agents 3", folder.path);
    expect_end(&keys, 0);
    start(&fly, true, "starling fly %s --agents remote --bind 'tcp://0.0.0.0:*'", spread);
    (void)expect_line(&fly, "--bind tcp://0.0.0.0:* reaches beyond this machine");
    (void)expect_line(&fly, "hint: give --keys DIR");
    expect_end(&fly, 2);
    start(&fly, false,
          "starling fly %s --episodes 30 --seed 7 --json --agents 0-1 --bind 'tcp://0.0.0.0:*' --keys %s/keys",
          spread, folder.path);
    take_endpoint(&fly, endpoint);
    const char *port = strrchr(endpoint, ':');
    start(&stranger, true, "starling-agent-32 --connect tcp://127.0.0.1%s --cache %s/keyed", port, folder.path);
    (void)expect_line(&stranger, "no connection to tcp://127.0.0.1:");
    start(&agent, false, "starling agent --connect 127.0.0.1%s --cache %s/keyed --key %s/keys/agent-2.key_secret",
          port, folder.path, folder.path);
    expect_same(&fly);
    expect_end(&fly, 0);
    expect_end(&agent, 0);
    tell_to_end(&stranger);
}

static json_t *train(const char *name, const char *more) {
    static sl_process train, coordinator, agents[3];
    char path[512], endpoint[256], connect[256];
    bool is_remote = more[0] != 0;
    start(&train, true,
          "starling train " SL_SOURCE_DIR "/experiments/mpe/spread-smoke.yaml --out %s/%s --seed 3 "
          "--set teacher.ppo.total_steps=40000 --set distill.updates=40 --set eval.episodes=40 %s --json",
          folder.path, name, more);
    if (is_remote) {
        take_endpoint_of_line(expect_line(&train, "the coordinator comes by itself, to "), connect);
        start(&coordinator, false,
              "starling-coordinator --experiment %s/%s/experiment.yaml --run %s/%s --connect %s "
              "--fleet 'tcp://127.0.0.1:*' --stay",
              folder.path, name, folder.path, name, connect);
        take_endpoint(&coordinator, endpoint);
        for (int i = 0; i < 3; i++)
            start(&agents[i], false, "starling-agent-%d --connect %s --cache %s/cache", sizes[i], endpoint,
                  folder.path);
    }
    expect_end(&train, 0);
    for (int i = 0; i < 3 && is_remote; i++) expect_end(&agents[i], 0);
    if (is_remote) tell_to_end(&coordinator);
    (void)snprintf(path, sizeof path, "%s/%s/report.json", folder.path, name);
    json_t *report = json_load_file(path, 0, NULL);
    assert_non_null(report);
    assert_int_equal(json_object_del(report, "timing"), 0);
    return report;
}

/* Coordinator and agents come by themselves: the report is that of a run that starts them. */
static void test_train(void **state) {
    (void)state;
    json_t *here = train("here", ""), *away = train("away", "--coordinator remote --listen 'tcp://127.0.0.1:*'");
    if (!json_equal(here, away)) {
        json_dumpf(here, stderr, JSON_INDENT(1));
        json_dumpf(away, stderr, JSON_INDENT(1));
        fail_msg("the reports differ");
    }
    json_decref(here);
    json_decref(away);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_remote),
        cmocka_unit_test(test_some_remote),
        cmocka_unit_test(test_waits_and_says_for_whom),
        cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_stay),
        cmocka_unit_test(test_remote_coordinator_ends),
        cmocka_unit_test(test_coordinator_killed),
        cmocka_unit_test(test_interrupted_far_away),
        cmocka_unit_test(test_stands_by),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_serve),
        cmocka_unit_test(test_serve_without_agents),
        cmocka_unit_test(test_serve_ends_with_its_coordinator),
        cmocka_unit_test(test_launcher),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_train),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
