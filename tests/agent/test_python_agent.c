/* test_python_agent.c - an agent in another language, written from proto/README.md: what python_agent.py flies is
 * what the students play in process, every observation and every action of it; also when it must fetch its student,
 * or is killed within an episode. */
#include "starling/runner.h"
#include "student_file.h"
#include "support/temp_folder.h"

#include "common/alloc.h"
#include "starling/run/spawn.h"
#include "storage/file.h"

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
#include <sys/stat.h>
#include <unistd.h>

static const char spread[] = "mpe/simple_spread_v3";
static sl_temp_folder folder;

static const char *write_script(const char *name, const char *text) {
    const char *path = sl_temp_folder_write_text(&folder, name, text);
    assert_int_equal(chmod(path, 0700), 0);
    return path;
}

/* A folder of students with random numbers, which differ and whose recurrent states matter, as those of trained ones
 * need not: every kind of network that a file can hold. */
static void write_models(void) {
    static const char text[] = "name: random\nenv: {name: mpe/simple_spread_v3}\nstudents:\n"
                               "  - net: {hidden: 16}\n  - net: {hidden: 16}\n  - net: {hidden: 32}\n";
    static const sl_net_def nets[] = {
        {18, 16, 5, 2, SL_CELL_GRU, SL_ACT_TANH, true},
        {18, 16, 5, 1, SL_CELL_GRU, SL_ACT_RELU, false},
        {18, 32, 5, 3, SL_CELL_NONE, SL_ACT_RELU, true},
    };
    (void)sl_temp_folder_write_text(&folder, "experiment.yaml", text);
    assert_int_equal(sl_file_make_folder(sl_temp_folder_file(&folder, "students")), SL_OK);
    for (int i = 0; i < 3; i++) {
        char name[64];
        sl_student_file student;
        uint8_t *bytes = NULL;
        size_t n_bytes = 0;
        sl_student_file_init(&student, &nets[i], (uint64_t)i + 1);
        student.profile.agent = i;
        sl_student_file_encode(&student, &bytes, &n_bytes);
        (void)snprintf(name, sizeof name, "students/agent-%d.safetensors", i);
        (void)sl_temp_folder_write(&folder, name, bytes, n_bytes);
        sl_student_file_fini(&student);
        sl_free(bytes);
    }
}

static int setup(void **state) {
    (void)state;
    folder = sl_temp_folder_create();
    write_models();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    sl_temp_folder_remove(&folder);
    return 0;
}

static char *read_recording(const char *name) {
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    assert_int_equal(sl_file_read(sl_temp_folder_file(&folder, name), 1 << 26, &bytes, &n_bytes), SL_OK);
    char *text = sl_alloc(n_bytes + 1);
    assert_non_null(text);
    memcpy(text, bytes, n_bytes);
    sl_free(bytes);
    return text;
}

// but for the first line, which says who played
static bool has_equal_steps(const char *a, const char *b) {
    const char *a_steps = strchr(a, '\n'), *b_steps = strchr(b, '\n');
    return a_steps && b_steps && strcmp(a_steps, b_steps) == 0;
}

// flies the students by that program and plays them in process; how often an agent was started again
static int expect_equal(const char *env, const char *models, const char *program, int n_episodes) {
    char words[1024];
    (void)snprintf(words, sizeof words, "env play %s --policy %s --episodes %d --seed 7 --record %s/played.jsonl",
                   env, models, n_episodes, folder.path);
    assert_int_equal(run("2>&1", words), 0);
    (void)snprintf(words, sizeof words, "fly %s --episodes %d --seed 7 --record %s/flown.jsonl --agent %s --json",
                   models, n_episodes, folder.path, program);
    int code = run("2>/dev/null", words);
    if (code != 0) fail_msg("%s: exit code %d", words, code);
    json_t *flight = json_loads(output, 0, NULL);
    int restarts = -1;
    assert_int_equal(json_unpack(flight, "{s:{s:{s:i}}}", "timing", "restarts", "agents", &restarts), 0);
    json_decref(flight);
    char *played = read_recording("played.jsonl"), *results = read_recording("flown.jsonl");
    // every episode has some
    assert_true(strlen(played) > (size_t)n_episodes * 1000);
    if (!has_equal_steps(played, results)) fail_msg("%s: other steps were flown than are played in process", models);
    sl_free(played);
    sl_free(results);
    return restarts;
}

static void test_spread(void **state) {
    (void)state;
    // the page starts it as it is
    assert_int_equal(access(SL_SOURCE_DIR "/tests/agent/python_agent.py", X_OK), 0);
    assert_int_equal(expect_equal(spread, SL_SOURCE_DIR "/models/mpe/spread", SL_PYTHON_PROGRAM, 60), 0);
}

static void test_marines(void **state) {
    (void)state;
    assert_int_equal(expect_equal("combat/3m", SL_SOURCE_DIR "/models/combat/3m", SL_PYTHON_PROGRAM, 60), 0);
}

static void test_every_network(void **state) {
    (void)state;
    assert_int_equal(expect_equal(spread, folder.path, SL_PYTHON_PROGRAM, 20), 0);
}

/* The agents are started without a student, that of slot 0 with another's. */
static void test_fetches_its_student(void **state) {
    (void)state;
    char text[1024];
    (void)snprintf(text, sizeof text,
                   "#!/bin/sh\n[ $6 = 0 ] && model='--model %s/students/agent-1.safetensors'\n"
                   "exec " SL_PYTHON_PROGRAM " --connect $2 --slot $6 $model\n",
                   folder.path);
    assert_int_equal(expect_equal(spread, folder.path, write_script("fetch", text), 5), 0);
}

/* The first agent of slot 1 dies of SIGKILL in the middle of the fifth episode; its successor is given that from its
 * first step. */
static void test_killed(void **state) {
    (void)state;
    static const char script[] = "import os, python_agent\n"
                                 "decide, n = python_agent.Model.decide, 0\n"
                                 "def counted(model, message):\n"
                                 "    global n\n"
                                 "    n += 1\n"
                                 "    if n == 113:\n"
                                 "        os.kill(os.getpid(), 9)\n"
                                 "    return decide(model, message)\n"
                                 "python_agent.Model.decide = counted\n"
                                 "python_agent.main()\n";
    char text[1024];
    (void)sl_temp_folder_write_text(&folder, "killed.py", script);
    (void)snprintf(text, sizeof text,
                   "#!/bin/sh\n[ $6 = 1 ] && mkdir %s/first && export SL_PYTHON_SCRIPT=%s/killed.py\n"
                   "exec " SL_PYTHON_PROGRAM " \"$@\"\n",
                   folder.path, folder.path);
    assert_int_equal(expect_equal(spread, folder.path, write_script("kill", text), 10), 1);
}

static json_t *returns_of(const char *words) {
    if (run("2>/dev/null", words) != 0) fail_msg("%s: %s", words, output);
    json_t *object = json_loads(output, 0, NULL), *returns = json_incref(json_object_get(object, "returns"));
    json_decref(object);
    return returns;
}

/* Under links several observations may come to an agent within a step, or none: virtual. In realtime it takes the
 * newest; how many those are depends on the machine. */
static void test_other_clocks(void **state) {
    (void)state;
    static const char models[] = SL_SOURCE_DIR "/models/mpe/spread";
    char words[1024];
    (void)snprintf(words, sizeof words,
                   "eval %s --policy students --episodes 10 --links 4g --execution remote --json", models);
    json_t *evaluated = returns_of(words);
    (void)snprintf(words, sizeof words, "fly %s --episodes 10 --links 4g --execution remote --agent %s --json",
                   models, SL_PYTHON_PROGRAM);
    json_t *results = returns_of(words);
    assert_true(json_array_size(results) == 10 && json_equal(evaluated, results));
    json_decref(evaluated);
    json_decref(results);
    (void)snprintf(words, sizeof words, "fly %s --episodes 2 --clock realtime --hz 40 --agent %s --json", models,
                   SL_PYTHON_PROGRAM);
    results = returns_of(words);
    assert_int_equal(json_array_size(results), 2);
    json_decref(results);
}

/* Welcomed to a clock that it does not know it does not fly, and is not started again. */
static void test_unknown_clock(void **state) {
    (void)state;
    static const char script[] = "import python_agent\n"
                                 "on_welcome = python_agent.Agent.on_welcome\n"
                                 "def otherwise(agent, welcome):\n"
                                 "    welcome.mode = 'sundial'\n"
                                 "    on_welcome(agent, welcome)\n"
                                 "python_agent.Agent.on_welcome = otherwise\n"
                                 "python_agent.main()\n";
    char text[1024], words[1024];
    (void)sl_temp_folder_write_text(&folder, "clock.py", script);
    (void)snprintf(text, sizeof text,
                   "#!/bin/sh\nexport SL_PYTHON_SCRIPT=%s/clock.py\nexec " SL_PYTHON_PROGRAM " \"$@\"\n",
                   folder.path);
    (void)snprintf(words, sizeof words, "fly %s --episodes 1 --agent %s", folder.path, write_script("clock", text));
    assert_int_equal(run("2>&1", words), 6);
    assert_non_null(strstr(output, "the coordinator's clock is 'sundial', which this agent does not know"));
}

// of starling's output, waiting for it; NULL when nobody is left who could write
static const char *next_line(sl_process *process) {
    bool ended = false;
    for (;;) {
        const char *line = sl_process_read_line(process, &ended);
        if (line || ended) return line;
        struct pollfd fd = {.fd = process->out, .events = POLLIN};
        if (poll(&fd, 1, 20000) != 1) fail_msg("somebody is still there");
    }
}

/* By hand: it joins a flight that starts no agents, and fetches its student. */
static void test_comes_by_itself(void **state) {
    (void)state;
    static sl_process fly, agents[3];
    char command[1024], endpoint[256];
    (void)snprintf(command, sizeof command,
                   "exec " SL_BIN_DIR "/starling fly " SL_SOURCE_DIR
                   "/models/mpe/spread --episodes 5 --seed 7 --json "
                   "--agents remote --bind 'tcp://127.0.0.1:*'");
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, command, NULL};
    assert_int_equal(sl_process_start("/bin/sh", argv, &fly), SL_OK);
    json_t *ready = json_loads(next_line(&fly), 0, NULL);
    (void)snprintf(endpoint, sizeof endpoint, "%s", json_string_value(json_object_get(ready, "endpoint")));
    json_decref(ready);
    for (int i = 0; i < 3; i++) {
        char *agent[] = {(char[]){SL_PYTHON_PROGRAM}, (char[]){"--connect"}, endpoint, NULL};
        assert_int_equal(sl_process_start(SL_PYTHON_PROGRAM, agent, &agents[i]), SL_OK);
    }
    json_t *flown = json_loads(next_line(&fly), 0, NULL);
    assert_int_equal(run("2>/dev/null", "fly " SL_SOURCE_DIR "/models/mpe/spread --episodes 5 --seed 7 --json"), 0);
    json_t *local = json_loads(output, 0, NULL);
    assert_true(json_equal(json_object_get(flown, "returns"), json_object_get(local, "returns")));
    json_decref(flown);
    json_decref(local);
    assert_int_equal(sl_process_wait(&fly), 0);
    for (int i = 0; i < 3; i++) assert_int_equal(sl_process_wait(&agents[i]), 0);
}

/* Agents hold the pipe of starling's stderr, so its end says that they are gone. */
static void test_ends_with_starling(void **state) {
    (void)state;
    static sl_process process;
    char command[1024];
    (void)snprintf(command, sizeof command,
                   "exec " SL_BIN_DIR "/starling fly %s --episodes 100000 --log-level info --agent " SL_PYTHON_PROGRAM
                   " 2>&1",
                   folder.path);
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, command, NULL};
    assert_int_equal(sl_process_start("/bin/sh", argv, &process), SL_OK);
    for (int n_live = 0; n_live < 3;) {
        const char *line = next_line(&process);
        assert_non_null(line);
        if (strstr(line, "is live")) n_live++;
    }
    assert_int_equal(kill(process.pid, SIGKILL), 0);
    while (next_line(&process)) continue;
    (void)sl_process_wait(&process);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_spread, setup, teardown),
        cmocka_unit_test_setup_teardown(test_marines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_network, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fetches_its_student, setup, teardown),
        cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_clocks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown_clock, setup, teardown),
        cmocka_unit_test_setup_teardown(test_comes_by_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ends_with_starling, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
