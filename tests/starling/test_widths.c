/* test_widths.c - everything that a person reads on stdout fits into 80 columns: the help of every command, tables,
 * results in one line. With long names too. */
#include "starling/runner.h"
#include "support/temp_folder.h"

#include "envs/env.h"
#include "starling/run/output.h"
#include "storage/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define SPREAD SL_SOURCE_DIR "/models/mpe/spread"
#define BATTLE SL_SOURCE_DIR "/models/combat/3m"

// a word that is longer than a line, such as a path, cannot be broken
static void expect_narrow_program(const char *program, const char *words) {
    if (run_program(program, "2>/dev/null", words) != 0) fail_msg("%s %s: %s", program, words, output);
    assert_true(output[0] != '\0');
    for (char *line = output, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        const char *text = line + strspn(line, " ");
        size_t n = (size_t)(end - line);
        if (sl_text_width(line, n) > 80 && memchr(text, ' ', (size_t)(end - text)))
            fail_msg("%s: a line of %d columns: %.*s", words, sl_text_width(line, n), (int)n, line);
    }
}

static void expect_narrow(const char *words) {
    expect_narrow_program("starling", words);
}

// --help of the command and of those below it; what they are called is what the help says
static int visit_help(const char *command) {
    char words[128], commands[4096] = "";
    int n = 1;
    (void)snprintf(words, sizeof words, "%s --help", command);
    expect_narrow(words);
    const char *list = strstr(output, "commands:\n");
    if (list) (void)snprintf(commands, sizeof commands, "%s", list + strlen("commands:\n"));
    for (char *line = commands, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        char name[32], below[64];
        if (strncmp(line, "  ", 2) != 0 || sscanf(line, " %31[a-z]", name) != 1 || line[2] == ' ') continue;
        (void)snprintf(below, sizeof below, "%.30s%s%.31s", command, command[0] ? " " : "", name);
        n += visit_help(below);
    }
    return n;
}

static void test_help(void **state) {
    (void)state;
    // the program, its groups env, model, keys and bench, and seventeen commands
    assert_true(visit_help("") >= 22);
    const char *const others[] = {"starling-trainer", "starling-coordinator", "starling-agent-16",
                                  "starling-agent-256"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        expect_narrow_program(others[i], "--help");
        assert_true(strncmp(output, "usage: ", 7) == 0);
    }
}

static void test_environments(void **state) {
    (void)state;
    expect_narrow("links list");
    expect_narrow("links info pi-wifi-powersave-off");
    expect_narrow("links sample pi-wifi-powersave-on --n 1000");
    expect_narrow("links sample " SL_SOURCE_DIR "/tests/starling/links.yaml --n 1000");
    expect_narrow("env list");
    // one a line
    int n = 0;
    for (const char *at = output; (at = strchr(at, '\n')) != NULL; at++) n++;
    assert_int_equal(n, sl_env_n_names());
    const char *const names[] = {"mpe/simple_spread_v3 --agents 12 --legacy-physics", "mpe/simple_world_comm_v3",
                                 "mpe/simple_crypto_v3", "combat/3m --switch full --switch spawn_shift=4",
                                 "combat/27m_vs_30m"};
    char words[256];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(words, sizeof words, "env info %s", names[i]);
        expect_narrow(words);
    }
    expect_narrow("env bench mpe/simple_speaker_listener_v4 --seconds 0.01 --envs 16");
    expect_narrow("env bench mpe/simple_spread_v3 --curve agents=2,3 --seconds 0.01 --envs 16");
    expect_narrow("env play mpe/simple_world_comm_v3 --policy random");
    expect_narrow("env play combat/3m --policy nearest --switch hold --switch spawn_shift=4");
    expect_narrow("env play --replay " SL_SOURCE_DIR "/tests/golden/simple_spread_v3.jsonl.gz --speed 1000 --json");
    expect_narrow("model info " SPREAD "/students/agent-0.safetensors");
    expect_narrow("model info " BATTLE "/students/agent-2.safetensors");
    expect_narrow("model info " BATTLE "/teacher.safetensors");
}

#define SCORE(mean)                                                                                                  \
    "\"return\":{\"mean\":" mean ",\"ci95\":12.345},\"win_rate\":0.98765,"                                           \
    "\"win_rate_ci95\":{\"low\":0.97,\"high\":0.99},\"flops_per_step\":3141592,\"bytes\":12345678,"                  \
    "\"normalised\":0.987,\"retention\":0.987,\"return_retention\":0.987"

static void make_run(const sl_temp_folder *folder, int seed, const char *name) {
    char path[64], text[4096];
    (void)snprintf(path, sizeof path, "run%d", seed);
    assert_int_equal(sl_file_make_folder(sl_temp_folder_file(folder, path)), SL_OK);
    (void)snprintf(
        text, sizeof text,
        "{\"format\":1,\"experiment\":\"%s\",\"env\":\"combat/3m[full,spawn_shift=4]\",\"method\":\"kd-marl\","
        "\"seed\":%d,\"policies\":{\"random\":{" SCORE("-1234.56") "},\"heuristic\":{" SCORE(
            "-2.5") "},"
                    "\"teacher\":{" SCORE("%d") "},\"students\":{" SCORE("-12.5") "},\"fleet\":{" SCORE(
                        "-12.6") "}}}",
        name, seed, seed);
    (void)snprintf(path, sizeof path, "run%d/report.json", seed);
    const char *file = sl_temp_folder_file(folder, path);
    assert_int_equal(sl_file_replace(file, text, strlen(text)), SL_OK);
}

static void test_reports(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    const char *const longest = "a-name-of-sixty-three-bytes-which-is-as-long-as-a-name-may-be--";
    make_run(&folder, 1, longest);
    make_run(&folder, 2, longest);
    make_run(&folder, 3, "short");
    char words[1024];
    (void)snprintf(words, sizeof words, "report %s/run1 %s/run2 %s/run3", folder.path, folder.path, folder.path);
    expect_narrow(words);
    assert_non_null(strstr(output, "..."));
    assert_non_null(strstr(output, "\nshort"));
    sl_temp_folder_remove(&folder);
}

// what programs of their own are started for
static void test_runs(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char words[1024];
    expect_narrow("eval " BATTLE " --policy students --episodes 20");
    expect_narrow("fly " BATTLE " --episodes 3");
    expect_narrow("bench fleet " BATTLE " --against 128 --rounds 2 --seconds 0.1");
    expect_narrow("bench inference --seconds 0.01");
    expect_narrow("bench train " SL_SOURCE_DIR "/experiments/mpe/spread-smoke.yaml --seconds 1");
    (void)snprintf(words, sizeof words,
                   "train " SL_SOURCE_DIR "/experiments/mpe/spread-smoke.yaml --out %s/run --set env.name="
                   "combat/3m --set name=a-name-of-sixty-three-bytes-which-is-as-long-as-a-name-may-be-- "
                   "--set teacher.ppo.total_steps=800 --set distill.updates=2 --set eval.episodes=3",
                   folder.path);
    expect_narrow(words);
    assert_non_null(strstr(output, "won % (95% CI)"));
    (void)snprintf(words, sizeof words, "report %s/run", folder.path);
    expect_narrow(words);
    sl_temp_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_environments),
        cmocka_unit_test(test_reports),
        cmocka_unit_test(test_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
