/* test_study_command.c - starling study latency on the models that ship: what it refuses, that it goes on where it
 * was killed, and that links cost what they must. */
#include "starling/run/spawn.h"
#include "starling/runner.h"
#include "storage/file.h"
#include "support/temp_folder.h"

#include "common/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define SPREAD SL_SOURCE_DIR "/models/mpe/spread"

static void test_refusals(void **state) {
    (void)state;
    const struct {
        const char *words, *line;
    } cases[] = {
        {"study latency", "needs RUN|MODELS..."},
        {"study latenzy x", "unknown command 'latenzy'"},
        {"study latency " SPREAD " --delays -1", "--delays cannot be '-1'"},
        {"study latency " SPREAD " --delays nan", "--delays cannot be 'nan'"},
        {"study latency " SPREAD " --delays 3,25", "--delays: 25 steps are no less than an episode has, 25"},
        {"study latency " SPREAD " --sweeps delays", "--sweeps cannot be 'delays'"},
        {"study latency " SPREAD " --executions teacher", "--executions cannot be 'teacher'"},
        {"study latency " SPREAD " --episodes 1", "--episodes cannot be '1'"},
        {"study latency " SPREAD " --out ''", "--out cannot be ''"},
        {"study latency " SPREAD " --out " SPREAD, "holds something else than a study"},
        {"study latency " SPREAD " --fly delay=99", "--fly: the study has no point 'delay=99'"},
        {"study latency " SPREAD " --executions central --fly all", "--fly: the study has no point 'all'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) expect_error(cases[i].words, 2, cases[i].line);
    expect_error("study latency /nonexistent/run", 4, "no run or model folder '/nonexistent/run'");
}

// what a study asks of its coordinator
static void test_coordinator_threads(void **state) {
    (void)state;
    const char *const wrong[] = {"0", "257", "2x", "-1", "1.5"};
    for (int i = 0; i < 5; i++) {
        char words[128];
        (void)snprintf(words, sizeof words, "--experiment a --run b --connect tcp://127.0.0.1:1 --threads %s",
                       wrong[i]);
        assert_int_equal(run_program("starling-coordinator", "2>&1", words), 2);
        assert_non_null(strstr(output, "--threads cannot be '"));
        assert_non_null(strstr(output, "hint: a whole number from 1 to 256"));
    }
}

// runs it and gives what study.json says
static json_t *study(const sl_temp_folder *folder, const char *words) {
    char line[1024], path[512];
    (void)snprintf(line, sizeof line, "study latency " SPREAD " --out %s/study %s", folder->path, words);
    (void)snprintf(path, sizeof path, "%s/study/study.json", folder->path);
    assert_int_equal(run("2>/dev/null", line), 0);
    json_t *object = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    assert_true(json_is_object(object));
    return object;
}

static const json_t *point(const json_t *object, const char *execution, const char *sweep, const char *setting) {
    const json_t *points = json_object_get(json_array_get(json_object_get(object, "runs"), 0), "points"), *p;
    size_t i;
    json_array_foreach((json_t *)points, i, p) {
        if (strcmp(json_string_value(json_object_get(p, "execution")), execution) == 0 &&
            strcmp(json_string_value(json_object_get(p, "sweep")), sweep) == 0 &&
            strcmp(json_string_value(json_object_get(p, "setting")), setting) == 0)
            return p;
    }
    fail_msg("there is no point %s %s %s", execution, sweep, setting);
    return NULL;
}

static double number(const json_t *point, const char *key, const char *inner) {
    const json_t *value = json_object_get(point, key);
    if (inner) value = json_object_get(value, inner);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static void expect_number(const json_t *point, const char *key, const char *inner, double value) {
    if (fabs(number(point, key, inner) - value) > 1e-9)
        fail_msg("%s %s: %.9g is not %.9g", key, inner ? inner : "", number(point, key, inner), value);
}

// what a delay of two steps each way means, and that it is a whole study's
static void test_what_a_delay_costs(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    json_t *object = study(&folder, "--episodes 40 --delays 2,0 --sweeps delay,dead");
    const json_t *fresh = point(object, "fresh", "none", "-"), *none = point(object, "central", "delay", "0"),
                 *onboard = point(object, "onboard", "delay", "2"), *remote = point(object, "remote", "delay", "2"),
                 *central = point(object, "central", "delay", "2"), *dead = point(object, "remote", "dead", "3 of 3");
    expect_number(none, "return", "mean", number(fresh, "return", "mean"));
    expect_number(none, "divergence", NULL, 0);
    expect_number(none, "observation_age", "max", 0);
    expect_number(onboard, "observation_age", "p50", 2);
    expect_number(remote, "observation_age", "max", 2);
    expect_number(remote, "action_age", "p50", 4);
    expect_number(central, "action_age", "p50", 4);
    // of 25 steps the first four have no action yet
    expect_number(central, "fallback_rate", NULL, 4 / 25.0);
    expect_number(dead, "fallback_rate", NULL, 1);
    assert_true(number(central, "divergence", NULL) > 0.05 && number(onboard, "divergence", NULL) < 1);
    assert_true(number(central, "return", "mean") < number(fresh, "return", "mean") - 1);
    assert_true(number(dead, "return", "mean") < number(remote, "return", "mean"));
    json_t *again = study(&folder, "--episodes 40 --delays 0,2 --sweeps delay,dead");
    assert_true(json_equal(json_object_get(object, "runs"), json_object_get(again, "runs")));
    json_decref(again);
    // another seed is another study, and the first is still there
    again = study(&folder, "--episodes 40 --delays 2 --sweeps delay --executions remote --seed 7");
    assert_true(number(point(again, "remote", "delay", "2"), "return", "mean") != number(remote, "return", "mean"));
    json_decref(again);
    json_decref(object);
    sl_temp_folder_remove(&folder);
}

static void test_flown(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    json_t *object = study(&folder, "--episodes 20 --delays 3 --sweeps delay,jitter --fly delay=3,jitter=6");
    const char *const executions[] = {"onboard", "remote"};
    for (int e = 0; e < 2; e++) {
        expect_number(point(object, executions[e], "delay", "3"), "flown", NULL, 20);
        expect_number(point(object, executions[e], "delay", "3"), "equal", NULL, 20);
        expect_number(point(object, executions[e], "jitter", "6 +- 3"), "equal", NULL, 20);
        assert_null(json_object_get(point(object, executions[e], "jitter", "9 +- 3"), "flown"));
    }
    json_decref(object);
    sl_temp_folder_remove(&folder);
}

static void test_json(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char words[1024];
    (void)snprintf(words, sizeof words,
                   "study latency " SPREAD " --out %s/study --episodes 10 --delays 1 --sweeps delay --json",
                   folder.path);
    expect_json(words, 0);
    sl_temp_folder_remove(&folder);
}

static long size_of(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 ? (long)info.st_size : 0;
}

// kill -9 of starling in the middle: what was kept is not made again, and the result is the same
static void test_killed(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char out[512], log[600], path[512];
    (void)snprintf(out, sizeof out, "%s/study", folder.path);
    (void)snprintf(log, sizeof log, "%s/points.log", out);
    (void)snprintf(path, sizeof path, "%s/starling", SL_BIN_DIR);
    char *argv[] = {path, (char[]){"study"},      (char[]){"latency"}, (char[]){SPREAD},     (char[]){"--out"},
                    out,  (char[]){"--episodes"}, (char[]){"150"},     (char[]){"--sweeps"}, (char[]){"delay"},
                    NULL};
    static sl_process process;
    assert_int_equal(sl_process_start(path, argv, &process), SL_OK);
    for (int i = 0; i < 6000 && size_of(log) < 12000; i++)
        (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    assert_int_equal(kill(process.pid, SIGKILL), 0);
    (void)sl_process_wait(&process);
    long kept = size_of(log);
    assert_true(kept >= 12000);
    char words[1024];
    (void)snprintf(words, sizeof words,
                   "study latency " SPREAD " --out %s --episodes 150 --sweeps delay --delays 0..4", out);
    // the program that it started is still ending, and holds the log no longer than it
    assert_int_equal(run("2>&1", words), 0);
    assert_non_null(strstr(output, "goes on: "));
    assert_non_null(strstr(output, " of 16 evaluations are there"));
    json_t *object = study(&folder, "--episodes 150 --sweeps delay --delays 0..4");
    sl_temp_folder second = sl_temp_folder_create();
    json_t *whole =
        study(&second, "--episodes 150 --sweeps delay --delays 0..4 --executions central,onboard,remote,fresh");
    json_t *a = json_array_get(json_object_get(object, "runs"), 0),
           *b = json_array_get(json_object_get(whole, "runs"), 0);
    assert_true(json_equal(json_object_get(a, "crossover_return"), json_object_get(b, "crossover_return")));
    assert_int_equal(json_array_size(json_object_get(a, "points")), 16);
    expect_number(point(object, "remote", "delay", "4"), "return", "mean",
                  number(point(whole, "remote", "delay", "4"), "return", "mean"));
    json_decref(object);
    json_decref(whole);
    sl_temp_folder_remove(&folder);
    sl_temp_folder_remove(&second);
}

static void test_full_disk(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char words[1024];
    (void)snprintf(words, sizeof words,
                   "study latency " SPREAD " --out %s/study --episodes 150 --sweeps delay --delays 0..4",
                   folder.path);
    // 512 bytes a block
    limit = "ulimit -f 40";
    assert_int_equal(run("2>&1", words), 7);
    limit = NULL;
    assert_non_null(strstr(output, "the same command goes on"));
    assert_int_equal(run("2>&1", words), 0);
    assert_non_null(strstr(output, "goes on: "));
    assert_non_null(strstr(output, "crossover of the return: "));
    sl_temp_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_coordinator_threads),
        cmocka_unit_test(test_what_a_delay_costs),
        cmocka_unit_test(test_flown),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_killed),
        cmocka_unit_test(test_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
