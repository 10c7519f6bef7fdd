/* test_end_to_end.c - whole runs of the smallest experiment with real processes: the same seed gives the same report,
 * also when the trainer, the coordinator or an agent is killed on the way, or the run is interrupted or killed and
 * resumed.
 * What happens is read from starling's log, line by line; every wait is bounded, none is a sleep. */
#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/rng.h"
#include "starling/report/report.h"
#include "starling/run/output.h"
#include "starling/run/spawn.h"
#include "storage/file.h"
#include "support/seed.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE_WAIT_MS = 120000 };
static const char experiment[] = SL_SOURCE_DIR "/experiments/mpe/spread-smoke.yaml";
static sl_temp_folder folder;
static json_t *reference; /* the report of a run that nothing happened to, without its timing */

/* Whom to send a signal, and when: at the count-th line of the log that holds sign, once the victim runs. */
typedef struct plan {
    const char *victim; /* "trainer", "coordinator", "agent 1"; "starling" itself; NULL: nobody */
    const char *sign;
    int count;
    int signal_number;
} plan;

typedef struct watched {
    pid_t pid;
    int signs;
    bool done;
    double done_at; /* seconds */
} watched;

static sl_process process;

// what one log line tells of the victim; the signal is sent when it is time
static void watch_line(const plan *p, watched *w, const char *line) {
    char started[64];
    if (!p->victim || w->done) return;
    (void)snprintf(started, sizeof started, "started %s, pid ", p->victim);
    const char *at = strstr(line, started);
    if (at) w->pid = (pid_t)strtol(at + strlen(started), NULL, 10);
    if (strcmp(p->victim, "starling") == 0) w->pid = process.pid;
    if (strstr(line, p->sign)) w->signs++;
    if (w->pid == 0 || w->signs < p->count) return;
    fprintf(stderr, "  test: signal %d to %s\n", p->signal_number, p->victim);
    assert_int_equal(kill(w->pid, p->signal_number), 0);
    w->done = true;
    w->done_at = sl_clock_seconds();
}

// runs "starling <words>" with its log in our pipe and stdout in a file; its exit code
static int run(const char *words, const char *out, const plan *p) {
    char command[2048];
    (void)snprintf(command, sizeof command, "exec " SL_BIN_DIR "/starling %s --log-level debug 2>&1 >%s", words, out);
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, command, NULL};
    assert_int_equal(sl_process_start("/bin/sh", argv, &process), SL_OK);
    watched w = {0};
    bool ended = false;
    while (!ended) {
        const char *line = sl_process_read_line(&process, &ended);
        if (line) {
            // ctest shows this when the test fails
            fprintf(stderr, "  %s\n", line);
            watch_line(p, &w, line);
        } else if (!ended) {
            struct pollfd fd = {.fd = process.out, .events = POLLIN};
            assert_int_equal(poll(&fd, 1, LINE_WAIT_MS), 1);
        }
    }
    // the pipe ends with the last of the programs: nobody outlives a starling that is killed
    if (p->signal_number == SIGKILL && p->victim && strcmp(p->victim, "starling") == 0)
        assert_true(sl_clock_seconds() - w.done_at < 10);
    int status = sl_process_wait(&process);
    // a plan that never came to pass would make the test say nothing
    if (p->victim) assert_true(w.done);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static const plan nobody = {NULL, "", 0, 0};
static const char trainer_event[] = "event of trainer: ";

static int train(const char *name, const char *flags, const plan *p) {
    char words[1024];
    (void)snprintf(words, sizeof words,
                   "train %s --out %s/%s --seed 3 --set fleet.episodes=300 --set teacher.ppo.total_steps=120000 "
                   "--set distill.updates=150 --json %s",
                   experiment, folder.path, name, flags);
    return run(words, sl_temp_folder_file(&folder, "out.json"), p);
}

static json_t *load_report(const char *name) {
    json_t *report = NULL;
    assert_int_equal(sl_report_load(sl_temp_folder_file(&folder, name), &report), SL_OK);
    return report;
}

static double number(const json_t *report, const char *dotted) {
    double x = 0;
    if (!sl_json_find_number(report, dotted, &x)) fail_msg("the report has no %s", dotted);
    return x;
}

// the report, apart from its timing and from those keys of the reference that may be others, is the reference
static void expect_report(const char *name, const char *const *keys, int n) {
    json_t *report = load_report(name);
    assert_int_equal(json_object_del(report, "timing"), 0);
    for (int i = 0; i < n; i++)
        assert_int_equal(json_object_set(report, keys[i], json_object_get(reference, keys[i])), 0);
    if (!json_equal(report, reference)) {
        json_dumpf(reference, stderr, JSON_INDENT(1));
        json_dumpf(report, stderr, JSON_INDENT(1));
        fail_msg("the report of run '%s' is another one", name);
    }
    json_decref(report);
}

static void expect_same_report(const char *name) {
    expect_report(name, NULL, 0);
}

static void expect_restart(const char *name, const char *who) {
    char dotted[64];
    json_t *report = load_report(name);
    (void)snprintf(dotted, sizeof dotted, "timing.restarts.%s", who);
    assert_true(number(report, dotted) >= 1);
    json_decref(report);
}

static int setup(void **state) {
    (void)state;
    folder = sl_temp_folder_create();
    if (train("reference", "", &nobody) != 0) return -1;
    reference = load_report("reference");
    return 0;
}

static int teardown(void **state) {
    (void)state;
    json_decref(reference);
    sl_temp_folder_remove(&folder);
    return 0;
}

static void test_report_is_whole(void **state) {
    (void)state;
    // stdout holds exactly the report
    json_error_t error;
    json_t *printed = json_load_file(sl_temp_folder_file(&folder, "out.json"), JSON_REJECT_DUPLICATES, &error);
    assert_true(json_equal(printed, reference));
    json_decref(printed);
    assert_true(number(reference, "policies.heuristic.return.mean") >
                number(reference, "policies.random.return.mean"));
    assert_true(number(reference, "policies.students.episodes") == number(reference, "policies.random.episodes"));
    assert_true(number(reference, "flops_ratio") > 1);
    assert_true(number(reference, "flight.episodes_compared") > 0);
    assert_true(json_is_true(json_object_get(json_object_get(reference, "flight"), "equals_in_process")));
    assert_true(number(reference, "timing.total_seconds") > 0);
    assert_true(number(reference, "timing.fleet_ms_per_step.mean") > 0);
    assert_int_equal(json_object_del(reference, "timing"), 0);
}

static void test_same_seed_same_report(void **state) {
    (void)state;
    assert_int_equal(train("again", "", &nobody), 0);
    expect_same_report("again");
}

// a moment that is random, but the same each time the test runs with the same seed
static int moment(const char *name, uint32_t n) {
    sl_rng root = sl_rng_seed(sl_test_seed(11)), stream = sl_rng_split_name(&root, name);
    return (int)sl_rng_below(&stream, n);
}

static void test_trainer_killed(void **state) {
    (void)state;
    plan p = {"trainer", trainer_event, 3 + moment("trainer", 5), SIGKILL};
    assert_int_equal(train("trainer", "", &p), 0);
    expect_restart("trainer", "trainer");
    expect_same_report("trainer");
}

static void test_coordinator_killed(void **state) {
    (void)state;
    plan p = {"coordinator", trainer_event, 3 + moment("coordinator", 5), SIGKILL};
    assert_int_equal(train("coordinator", "", &p), 0);
    expect_restart("coordinator", "coordinator");
    expect_same_report("coordinator");
}

static void test_agent_killed(void **state) {
    (void)state;
    // the flight's first progress line: it is on its way
    plan p = {"agent 1", "fly   ", 1, SIGKILL};
    assert_int_equal(train("agent", "", &p), 0);
    expect_restart("agent", "agents");
    expect_same_report("agent");
}

static void test_interrupted_and_resumed(void **state) {
    (void)state;
    plan p = {"starling", trainer_event, 4, SIGINT};
    assert_int_equal(train("resumed", "", &p), 130);
    assert_int_equal(train("resumed", "", &nobody), 2);
    assert_int_equal(train("resumed", "--resume", &nobody), 0);
    expect_same_report("resumed");
}

// what changes no result may be another one after a kill, and after the end
static void test_resumed_with_other_threads(void **state) {
    (void)state;
    static const char *const keys[] = {"threads", "config_hash"};
    plan p = {"starling", trainer_event, 4, SIGKILL};
    assert_int_equal(train("threads", "", &p), 128 + SIGKILL);
    assert_int_equal(train("threads", "--set threads=1 --set checkpoint_seconds=7 --resume", &nobody), 0);
    expect_report("threads", keys, 2);
    json_t *report = load_report("threads");
    assert_true(number(report, "threads") == 1);
    json_decref(report);
    assert_int_equal(train("threads", "--resume", &nobody), 0);
    expect_same_report("threads");
}

// exit code 0 is not yet the end of the training
static void test_trainer_told_to_end(void **state) {
    (void)state;
    plan p = {"trainer", trainer_event, 3 + moment("told", 5), SIGTERM};
    assert_int_equal(train("told", "", &p), 0);
    expect_restart("told", "trainer");
    expect_same_report("told");
}

static void test_killed_and_resumed(void **state) {
    (void)state;
    plan p = {"starling", trainer_event, 4, SIGKILL};
    assert_int_equal(train("killed", "", &p), 128 + SIGKILL);
    // at once: whoever is still ending is waited for
    assert_int_equal(train("killed", "--resume", &nobody), 0);
    expect_same_report("killed");
}

// who closes stdin, stdout and stderr wants none of them, but the run
static void test_closed_descriptors(void **state) {
    (void)state;
    char command[2048];
    (void)snprintf(command, sizeof command,
                   SL_BIN_DIR "/starling train %s --out %s/closed --seed 3 --set fleet.episodes=300 "
                              "--set teacher.ppo.total_steps=120000 --set distill.updates=150 "
                              "--log-level debug <&- >&- 2>&-",
                   experiment, folder.path);
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, command, NULL};
    assert_int_equal(sl_program_run("/bin/sh", argv), SL_OK);
    expect_same_report("closed");
}

/* Half the teacher's steps, then the rest with a kill on the way: the report is that of all steps from the start. */
static void test_more_steps(void **state) {
    (void)state;
    plan p = {"trainer", trainer_event, 4 + moment("more", 6), SIGKILL};
    assert_int_equal(train("more", "--set teacher.ppo.total_steps=60000", &nobody), 0);
    assert_int_equal(train("more", "--set teacher.ppo.total_steps=60000 --set distill.updates=10 --resume", &nobody),
                     6);
    assert_int_equal(train("more", "--set distill.lr=0.1 --resume", &nobody), 6);
    assert_int_equal(train("more", "--resume", &p), 0);
    expect_restart("more", "trainer");
    expect_same_report("more");
    // not back to fewer; and not on from a state that is gone
    assert_int_equal(train("more", "--set teacher.ppo.total_steps=60000 --resume", &nobody), 6);
    assert_int_equal(unlink(sl_temp_folder_file(&folder, "more/checkpoints/teacher-end.safetensors")), 0);
    assert_int_equal(train("more", "--set teacher.ppo.total_steps=180000 --resume", &nobody), 6);
    assert_int_equal(train("more", "--resume", &nobody), 0);
    expect_same_report("more");
    char command[512];
    (void)snprintf(command, sizeof command, "rm -r %s/more/checkpoints", folder.path);
    assert_int_equal(system(command), 0);
    assert_int_equal(train("more", "--set distill.updates=200 --resume", &nobody), 6);
}

static json_t *run_for_json(const char *words) {
    const char *out = sl_temp_folder_file(&folder, "out.json");
    assert_int_equal(run(words, out, &nobody), 0);
    json_error_t error;
    json_t *object = json_load_file(out, JSON_REJECT_DUPLICATES, &error);
    assert_true(json_is_object(object));
    return object;
}

static void test_eval_and_fly_agree(void **state) {
    (void)state;
    char words[512];
    (void)snprintf(words, sizeof words, "eval %s/reference --policy students --episodes 20 --seed 5 --json",
                   folder.path);
    json_t *evaluated = run_for_json(words);
    (void)snprintf(words, sizeof words, "fly %s/reference --episodes 20 --seed 5 --json", folder.path);
    json_t *results = run_for_json(words);
    assert_int_equal(json_array_size(json_object_get(evaluated, "returns")), 20);
    assert_true(json_equal(json_object_get(evaluated, "returns"), json_object_get(results, "returns")));
    json_decref(evaluated);
    json_decref(results);
}

/* Three marines beside one: at random some are won, and only who wins gets the 15.7 of the prize. What train's report
 * says of random play is what eval says. */
// docs/glossary.md has a table of every column in the order of the file: names in quotes, in a row's first cell
static void assert_columns_are_documented(const char *stage) {
    char heading[64], name[64], columns[1024] = "";
    uint8_t *docs = NULL, *csv = NULL;
    size_t n_bytes = 0, n = 0;
    (void)snprintf(heading, sizeof heading, "\n`metrics/%s.csv`", stage);
    (void)snprintf(name, sizeof name, "fight/metrics/%s.csv", stage);
    assert_int_equal(sl_file_read(SL_SOURCE_DIR "/docs/glossary.md", 1 << 20, &docs, &n_bytes), SL_OK);
    assert_int_equal(sl_file_read(sl_temp_folder_file(&folder, name), 1 << 20, &csv, &n_bytes), SL_OK);
    const char *row = strstr((const char *)docs, heading);
    assert_non_null(row);
    for (row = strstr(row, "\n| `"); strncmp(row, "\n| `", 4) == 0; row = strchr(row + 1, '\n')) {
        bool quoted = false;
        for (const char *at = row + 3; *at != '|' && n < sizeof columns - 2; at++) {
            if (*at == '`') quoted = !quoted;
            if (*at == '`' && quoted && n > 0) columns[n++] = ',';
            if (*at != '`' && quoted) columns[n++] = *at;
        }
    }
    csv[strcspn((const char *)csv, "\n")] = '\0';
    assert_string_equal(columns, (const char *)csv);
    sl_free(docs);
    sl_free(csv);
}

static void test_wins_are_counted(void **state) {
    (void)state;
    static const char map[] = "{\"step_limit\": 30, \"width\": 32, \"height\": 32, \"goal\": [9, 16],\n"
                              " \"allies\": [{\"at\": [12, 16], \"units\": {\"marine\": 3}}],\n"
                              " \"enemies\": [{\"at\": [16, 16], \"units\": {\"marine\": 1}}]}\n";
    char words[1024];
    assert_int_equal(sl_file_replace(sl_temp_folder_file(&folder, "map.json"), map, sizeof map - 1), SL_OK);
    (void)snprintf(words, sizeof words,
                   "train %s --out %s/fight --set env.name=combat/%s/map.json --set eval.episodes=200 "
                   "--set fleet.episodes=20 --json",
                   experiment, folder.path, folder.path);
    json_t *report = run_for_json(words);
    assert_columns_are_documented("teacher");
    assert_columns_are_documented("distill");
    (void)snprintf(words, sizeof words, "eval %s/fight --policy random --json", folder.path);
    json_t *evaluated = run_for_json(words), *returns = json_object_get(evaluated, "returns");
    int n_won = 0;
    for (size_t e = 0; e < json_array_size(returns); e++)
        n_won += json_number_value(json_array_get(returns, e)) > 15.7;
    assert_int_equal(json_array_size(returns), 200);
    assert_in_range(n_won, 20, 180);
    double win_rate = number(report, "policies.random.win_rate"),
           length = number(report, "policies.random.episode_length");
    assert_true(fabs(win_rate - n_won / 200.0) < 1e-9);
    assert_true(fabs(number(evaluated, "win_rate") - win_rate) < 1e-9);
    assert_true(fabs(number(evaluated, "length_mean") - length) < 1e-6);
    // without a run: the same episodes
    (void)snprintf(words, sizeof words, "env play combat/%s/map.json --policy random --episodes 200 --json",
                   folder.path);
    json_t *played = run_for_json(words);
    assert_true(fabs(number(played, "return_mean") - number(report, "policies.random.return.mean")) < 1e-6);
    assert_true(fabs(number(played, "length_mean") - length) < 1e-6);
    assert_true(fabs(number(played, "wins") - n_won) < 0.5);
    json_decref(played);
    assert_true(number(report, "policies.fleet.win_rate") >= 0);
    assert_true(json_is_true(json_object_get(json_object_get(report, "flight"), "equals_in_process")));
    json_decref(evaluated);
    json_decref(report);
}

/* A team of 64 agents, each a process, which learns next to nothing. */
static void test_many_agents(void **state) {
    (void)state;
    static const char text[] = "name: many\nenv: {name: mpe/simple_spread_v3, n_agents: 64}\n"
                               "teacher:\n  actor: {cell: none, hidden: 32, layers: 1}\n"
                               "  critic: {cell: none, hidden: 32, layers: 1}\n"
                               "  ppo: {total_steps: 800, n_envs: 16, rollout_steps: 25, epochs: 1, minibatches: 1}\n"
                               "record: {episodes: 8}\nstudents:\n- net: {cell: gru, hidden: 16, layers: 1}\n"
                               "distill: {updates: 2, episodes: 8, epochs: 1, minibatches: 1}\n"
                               "eval: {episodes: 8}\nfleet: {episodes: 4}\n";
    char words[1024];
    assert_int_equal(sl_file_replace(sl_temp_folder_file(&folder, "many.yaml"), text, sizeof text - 1), SL_OK);
    (void)snprintf(words, sizeof words, "train %s/many.yaml --out %s/many --json", folder.path, folder.path);
    json_t *report = run_for_json(words);
    assert_true(number(report, "flight.episodes_compared") >= 4);
    assert_true(json_is_true(json_object_get(json_object_get(report, "flight"), "equals_in_process")));
    json_decref(report);
}

int main(void) {
    const struct CMUnitTest some[] = {
        cmocka_unit_test(test_report_is_whole),
        cmocka_unit_test(test_trainer_killed),
        cmocka_unit_test(test_agent_killed),
        cmocka_unit_test(test_killed_and_resumed),
        cmocka_unit_test(test_resumed_with_other_threads),
        cmocka_unit_test(test_eval_and_fly_agree),
        cmocka_unit_test(test_wins_are_counted),
    };
    const struct CMUnitTest others[] = {
        cmocka_unit_test(test_report_is_whole),    cmocka_unit_test(test_same_seed_same_report),
        cmocka_unit_test(test_coordinator_killed), cmocka_unit_test(test_interrupted_and_resumed),
        cmocka_unit_test(test_more_steps),         cmocka_unit_test(test_trainer_told_to_end),
        cmocka_unit_test(test_closed_descriptors), cmocka_unit_test(test_many_agents),
    };
    return SL_END_TO_END_OTHERS ? cmocka_run_group_tests(others, setup, teardown)
                                : cmocka_run_group_tests(some, setup, teardown);
}
