/* test_play.c - starling env play: what it plays, shows, records and replays, and what it refuses. */
#include "starling/runner.h"
#include "support/temp_folder.h"

#include "starling/run/spawn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define GOLDEN SL_SOURCE_DIR "/tests/golden/"
#define SPREAD SL_SOURCE_DIR "/models/mpe/spread"

static json_t *play(const char *words) {
    json_error_t error;
    if (run("2>/dev/null", words) != 0) fail_msg("%s: %s", words, output);
    json_t *object = json_loads(output, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(object)) fail_msg("%s: not one JSON object: %s", words, output);
    return object;
}

static double number(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_number(value)) fail_msg("there is no number '%s'", key);
    return json_number_value(value);
}

// the same battle every time but for the order of the units: 3.945, lost in 15 steps
static void test_prints_what_was_played(void **state) {
    (void)state;
    json_t *battle = play("env play combat/3m --policy nearest --json");
    assert_true(fabs(number(battle, "return_mean") - 3.945) < 0.001 && number(battle, "length_mean") == 15);
    assert_true(number(battle, "wins") == 0 && number(battle, "win_rate") == 0 && number(battle, "episodes") == 20);
    assert_true(number(battle, "return_se") < 0.001 && number(battle, "seed") == 1);
    json_decref(battle);
    // a seed names its episodes
    json_t *first = play("env play combat/3m --policy random --seed 4 --episodes 30 --json");
    json_t *second = play("env play combat/3m --policy random --seed 4 --episodes 30 --json");
    json_t *third = play("env play combat/3m --policy random --seed 5 --episodes 30 --json");
    assert_true(number(first, "return_mean") == number(second, "return_mean"));
    assert_true(number(first, "return_mean") != number(third, "return_mean"));
    assert_true(number(first, "return_se") > 0 && number(first, "length_se") > 0);
    json_decref(first);
    json_decref(second);
    json_decref(third);
    json_t *particles = play("env play mpe/simple_tag_v3 --policy random --switch continuous --episodes 2 --json");
    assert_null(json_object_get(particles, "wins"));
    assert_string_equal(json_string_value(json_object_get(particles, "env")), "mpe/simple_tag_v3[continuous]");
    json_decref(particles);
    assert_int_equal(run("2>/dev/null", "env play combat/3m --policy nearest --switch hold --episodes 1"), 0);
    assert_string_equal(output, "nearest on combat/3m[hold]: return 0.000, 60 steps (1 episode, seed 1), 0 won\n");
    // two have a standard error, one has none
    assert_int_equal(run("2>/dev/null", "env play combat/3m --policy nearest --switch hold --episodes 2"), 0);
    assert_string_equal(output,
                        "nearest on combat/3m[hold]: return 0.000 \u00b1 0.000, 60.0 \u00b1 0.0 steps (mean \u00b1\n"
                        "  standard error, 2 episodes, seed 1), 0 won\n");
    json_t *one = play("env play combat/3m --policy nearest --episodes 1 --json");
    const char *const keys[] = {"return_sd", "return_se", "length_se", "win_rate_se"};
    for (int k = 0; k < 4; k++) assert_true(json_is_null(json_object_get(one, keys[k])));
    assert_null(json_object_get(one, "opposed_sides"));
    json_decref(one);
    // where the sides oppose one another, the sum is called one
    particles = play("env play mpe/simple_tag_v3 --policy random --episodes 2 --json");
    assert_true(json_is_true(json_object_get(particles, "opposed_sides")));
    json_decref(particles);
    assert_int_equal(run("2>/dev/null", "env play mpe/simple_crypto_v3 --policy random --episodes 2"), 0);
    assert_non_null(strstr(output, "\nNote: the sides of mpe/simple_crypto_v3 oppose one another; the return"));
}

// the coordinator's evaluation of the same policies over the same seeds
static void test_plays_the_episodes_of_eval(void **state) {
    (void)state;
    static const struct {
        const char *policy, *file;
    } cases[] = {{"students", SPREAD},
                 {"teacher", SPREAD "/teacher.safetensors"},
                 {"random", "random"},
                 {"heuristic", "heuristic"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char words[1024];
        (void)snprintf(words, sizeof words, "eval " SPREAD " --policy %s --episodes 12 --seed 3 --json",
                       cases[i].policy);
        json_t *evaluated = play(words);
        (void)snprintf(words, sizeof words, "env play mpe/simple_spread_v3 --policy %s --episodes 12 --seed 3 --json",
                       cases[i].file);
        json_t *played = play(words);
        assert_true(number(evaluated, "return_mean") == number(played, "return_mean"));
        assert_true(number(evaluated, "return_sd") == number(played, "return_sd"));
        json_decref(evaluated);
        json_decref(played);
    }
}

static void test_shows_frames_as_text(void **state) {
    (void)state;
    assert_int_equal(run("", "env play combat/3m --policy nearest --watch --speed 1000"), 0);
    // one at the start and one a step, without a terminal's sequences
    int n_frames = 0;
    for (const char *at = output; (at = strstr(at, "combat/3m  episode 1/1  step ")) != NULL; at++) n_frames++;
    assert_int_equal(n_frames, 16);
    assert_null(strchr(output, '\x1b'));
    assert_non_null(strstr(output, "step 0/60  reward 0.000  return 0.000\n"));
    assert_non_null(strstr(output, "return 3.945\n"));
    assert_non_null(strstr(output, " fires at "));
    assert_non_null(strstr(output, "\nlost\n\nnearest on combat/3m: return 3.945"));
    assert_int_equal(run("", "env play mpe/simple_spread_v3 --policy heuristic --watch --speed 1000"), 0);
    assert_non_null(strstr(output, "agent_2        "));
    assert_non_null(strstr(output, "\ntime is up\n"));
}

// recorded, checked, shown
static void test_records_and_replays(void **state) {
    (void)state;
    static const struct {
        const char *env, *more, *name;
    } cases[] = {{"combat/3m", "--policy nearest", "combat/3m"},
                 {"combat/3s5z", "--policy random --switch full --switch hold", "combat/3s5z[full,hold]"},
                 {"mpe/simple_spread_v3", "--policy " SPREAD, "mpe/simple_spread_v3"},
                 {"mpe/simple_spread_v3", "--policy random --agents 5 --switch continuous",
                  "mpe/simple_spread_v3[N=5,continuous]"}};
    sl_temp_folder folder = sl_temp_folder_create();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char words[2048];
        const char *path = sl_temp_folder_file(&folder, i % 2 ? "r.jsonl" : "r.jsonl.gz");
        (void)snprintf(words, sizeof words, "env play %s %s --episodes 3 --seed 9 --json --record %s", cases[i].env,
                       cases[i].more, path);
        json_t *played = play(words);
        (void)snprintf(words, sizeof words, "env check %s", path);
        json_t *checked = play(words);
        (void)snprintf(words, sizeof words, "env play %s --replay %s --json", cases[i].env, path);
        json_t *replayed = play(words);
        double steps = 3 * number(played, "length_mean");
        assert_true(fabs(number(checked, "steps") - steps) < 1e-6 && number(checked, "mismatched_steps") == 0);
        assert_true(number(checked, "max_abs_obs") == 0 && number(checked, "max_abs_reward") == 0);
        assert_string_equal(json_string_value(json_object_get(checked, "env")), cases[i].name);
        assert_true(number(replayed, "steps") == number(checked, "steps") && number(replayed, "episodes") == 3);
        json_decref(played);
        json_decref(checked);
        json_decref(replayed);
    }
    sl_temp_folder_remove(&folder);
    // the reference's own
    assert_int_equal(run("", "env play --replay " GOLDEN "smaclite_3m_win.jsonl.gz --speed 1000"), 0);
    assert_non_null(strstr(output, "\nwon\n"));
    assert_non_null(strstr(output, "; 0 differ from the recording\n"));
}

// the fleet's students, seen over the link, and recorded by the coordinator
static void test_shows_flights(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char words[1024];
    const char *path = sl_temp_folder_file(&folder, "r.jsonl.gz");
    (void)snprintf(words, sizeof words, "fly " SPREAD " --watch --speed 10 --seed 3 --record %s", path);
    assert_int_equal(run("2>/dev/null", words), 0);
    int n_frames = 0;
    for (const char *at = output; (at = strstr(at, "mpe/simple_spread_v3  episode 1/1  step ")) != NULL; at++) {
        n_frames++;
    }
    assert_int_equal(n_frames, 26);
    assert_non_null(strstr(output, "\ntime is up\n\n3 agents flew mpe/simple_spread_v3: return "));
    assert_non_null(strstr(output, "2 agent_2        "));
    (void)snprintf(words, sizeof words, "env check %s", path);
    json_t *checked = play(words);
    assert_true(number(checked, "steps") == 25 && number(checked, "mismatched_steps") == 0);
    json_decref(checked);
    sl_temp_folder_remove(&folder);
}

static void test_refuses(void **state) {
    (void)state;
    expect_error("env play", 2, "starling env play: needs NAME");
    expect_error("env play combat/3m", 2, "needs --policy");
    expect_error("env play combat/3m --policy random --watch --json", 2, "--watch and --json");
    expect_error("env play combat/3m --policy random --speed 0", 2, "--speed cannot be '0'");
    expect_error("env play --replay x --episodes 2", 2, "--replay takes");
    expect_error("fly " SPREAD " --watch --json", 2, "--watch and --json");
    expect_error("fly " SPREAD " --watch --speed 2000", 2, "--speed cannot be '2000'");
    // what nothing would use is no wish fulfilled
    expect_error("env play combat/3m --policy random --speed 2", 2, "--speed is for --watch and --replay");
    expect_error("fly " SPREAD " --speed 2", 2, "--speed is for --watch");
    expect_error("fly " SPREAD " --episodes 1 --log-level error --record /no/such/r.jsonl", 4,
                 "cannot write /no/such/r.jsonl");
    expect_error("env play combat/4m --policy random", 3, "unknown environment 'combat/4m'");
    expect_error("env play combat/3m --policy random --switch ful", 3, "unknown switch 'ful'");
    expect_error("env play combat/3m --policy random --opponent me", 3, "--opponent: there is no opponent 'me'");
    expect_error("env play combat/3m --policy random --agents 5", 3, "no option n_agents");
    expect_error("env play mpe/simple_v3 --policy nearest", 3, "mpe/simple_v3 has nothing to attack");
    expect_error("env play mpe/simple_tag_v3 --policy heuristic", 3, "no built-in heuristic");
    expect_error("env play mpe/simple_spread_v3 --switch continuous --policy " SPREAD, 3, "discrete actions");
    expect_error("env play combat/3m --policy nobody", 4, "there is no policy 'nobody'");
    expect_hint("nearest");
    expect_error("env play combat//no/such.json --policy nearest", 4, "/no/such.json");
    expect_error("env play combat/3m --policy " SPREAD, 6, "was made for mpe/simple_spread_v3, not for combat/3m");
    expect_hint("a policy for another map or layout");
    expect_error("env play combat/3m --policy " SPREAD "/teacher.safetensors", 6, "not for combat/3m");
    expect_error("env play mpe/simple_spread_v3 --agents 5 --policy " SPREAD "/teacher.safetensors", 6, "reads 21");
    expect_hint("a policy for another map or layout");
    expect_error("env play mpe/simple_spread_v3 --policy " SPREAD "/students/agent-1.safetensors", 6,
                 "agent 1 alone");
    expect_error("env play combat/3m --policy " SL_SOURCE_DIR "/README.md", 5, "README.md");
    expect_error("env play combat/3m --policy " SL_SOURCE_DIR "/docs", 4, "is not a run or model folder");
    expect_error("env play combat/3m --policy random --record /no/such/r.jsonl", 4, "cannot write /no/such/r.jsonl");
    expect_error("env play combat/3m --policy random --record /dev/full", 7, "cannot write /dev/full");
    expect_error("env play --replay /no/such.jsonl", 4, "/no/such.jsonl: no such recording");
    expect_error("env play --replay " SL_SOURCE_DIR "/README.md", 5, "README.md:1:");
    expect_error("env play combat/8m --replay " GOLDEN "smaclite_3m_win.jsonl.gz", 6,
                 "of combat/3m, not of combat/8m");
}

// how many standard errors lie between a mean of the reference, over 100 episodes and rounded by that much, and ours
static double errors_apart(double reference, double rounding, double ours, double own_error, double n) {
    double sd = own_error * sqrt(n), error = sd * sqrt(1 / 100.0 + 1 / n) + 1e-12;
    return fmax(fabs(ours - reference) - rounding, 0) / error;
}

/* What SMAClite's random play and attack-nearest come to, in 100 episodes each: return and length are met within two
 * standard errors of the difference, or to the digits given where all episodes are alike; nobody wins. */
static void test_plays_as_the_reference(void **state) {
    (void)state;
    static const struct {
        const char *map, *policy;
        double mean, length;
    } rows[] = {
        {"3m", "random", 1.52, 26.8},   {"5m_vs_6m", "random", 1.50, 27.7}, {"8m", "random", 2.06, 36.3},
        {"3s5z", "random", 4.10, 48.6}, {"3m", "nearest", 3.945, 15.0},     {"5m_vs_6m", "nearest", 4.892, 18.0},
        {"8m", "nearest", 7.276, 22.0}, {"3s5z", "nearest", 9.775, 44.0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char words[128];
        (void)snprintf(words, sizeof words, "env play combat/%s --policy %s --episodes 2000 --json", rows[i].map,
                       rows[i].policy);
        json_t *object = play(words);
        double n = number(object, "episodes"), rounding = i < 4 ? 0.0051 : 0.00051;
        double by_return =
            errors_apart(rows[i].mean, rounding, number(object, "return_mean"), number(object, "return_se"), n);
        double by_length =
            errors_apart(rows[i].length, 0.051, number(object, "length_mean"), number(object, "length_se"), n);
        print_message("%s %s: %.1f and %.1f errors off\n", rows[i].map, rows[i].policy, by_return, by_length);
        assert_true(by_return < 2 && by_length < 2);
        assert_true(number(object, "wins") == 0);
        json_decref(object);
    }
}

// Ctrl-C in the middle: the recording is whole up to there
static void test_is_interrupted_in_order(void **state) {
    (void)state;
    static sl_process process;
    sl_temp_folder folder = sl_temp_folder_create();
    char command[1024], words[512];
    const char *path = sl_temp_folder_file(&folder, "r.jsonl.gz");
    (void)snprintf(command, sizeof command,
                   "exec " SL_BIN_DIR
                   "/starling env play combat/3m --policy random --episodes 1000 --watch --speed 5 "
                   "--record %s 2>/dev/null",
                   path);
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, command, NULL};
    assert_int_equal(sl_process_start("/bin/sh", argv, &process), SL_OK);
    bool ended = false, sent = false;
    while (!ended) {
        const char *line = sl_process_read_line(&process, &ended);
        if (line && strstr(line, "step 2/") && !sent) {
            sl_process_signal(&process, SIGINT);
            sent = true;
        }
        if (line || ended) continue;
        struct pollfd fd = {.fd = process.out, .events = POLLIN};
        assert_int_equal(poll(&fd, 1, 60000), 1);
    }
    int status = sl_process_wait(&process);
    assert_true(sent && WIFEXITED(status) && WEXITSTATUS(status) == 130);
    (void)snprintf(words, sizeof words, "env check %s", path);
    json_t *checked = play(words);
    assert_true(number(checked, "steps") >= 2 && number(checked, "mismatched_steps") == 0);
    json_decref(checked);
    sl_temp_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prints_what_was_played),
        cmocka_unit_test(test_plays_as_the_reference),
        cmocka_unit_test(test_plays_the_episodes_of_eval),
        cmocka_unit_test(test_shows_frames_as_text),
        cmocka_unit_test(test_records_and_replays),
        cmocka_unit_test(test_shows_flights),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_is_interrupted_in_order),
    };
    return cmocka_run_group_tests_name("play", tests, NULL, NULL);
}
