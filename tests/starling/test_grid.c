/* test_grid.c - every environment, and the ends of what one may choose there, through all stages: a job of a hundred
 * steps is trained, distilled, evaluated, flown and reported. It learns nothing; what counts is that it ends. */
#include "envs/env.h"
#include "starling/runner.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static const char TINY[] = "name: tiny\n"
                           "env: {name: mpe/simple_v3}\n"
                           "teacher:\n"
                           "  actor: {cell: none, hidden: 16, layers: 1}\n"
                           "  critic: {cell: none, hidden: 16, layers: 1}\n"
                           "  ppo: {total_steps: 100, n_envs: 4, rollout_steps: 5, epochs: 1}\n"
                           "record: {episodes: 4}\n"
                           "students:\n"
                           "- net: {cell: gru, hidden: 16, layers: 1}\n"
                           "distill: {updates: 2, episodes: 2}\n"
                           "eval: {episodes: 2}\n"
                           "fleet: {episodes: 2}\n";

static const char CRITIC_OF_AGENTS[] = " --set teacher.critic_input=agent --set teacher.ppo.reward=own";
static sl_temp_folder folder;

// trains with the words behind the job, then asks the run for its report and flies it again
static void go_through(const char *words) {
    static int n;
    char line[1024];
    (void)snprintf(line, sizeof line, "train %s/tiny.yaml --out %s/run-%d %s", folder.path, folder.path, ++n, words);
    if (run("2>&1", line) != 0) fail_msg("%s: %s", words, output);
    (void)snprintf(line, sizeof line, "report %s/run-%d --json", folder.path, n);
    expect_json(line, 0);
    (void)snprintf(line, sizeof line, "fly %s/run-%d --episodes 1 --json", folder.path, n);
    expect_json(line, 0);
}

static int setup(void **state) {
    (void)state;
    folder = sl_temp_folder_create();
    (void)sl_temp_folder_write_text(&folder, "tiny.yaml", TINY);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    sl_temp_folder_remove(&folder);
    return 0;
}

static void test_every_environment(void **state) {
    (void)state;
    for (int e = 0; e < sl_env_n_names(); e++) {
        char words[256];
        (void)snprintf(words, sizeof words, "--set env.name=%s", sl_env_name(e));
        go_through(words);
    }
}

static void test_ends_of_the_options(void **state) {
    (void)state;
    static const char *const jobs[] = {
        "--set env.name=mpe/simple_spread_v3 --set env.n_agents=1",
        "--set env.name=mpe/simple_spread_v3 --set env.n_agents=64",
        "--set env.name=mpe/simple_adversary_v3 --set env.n_agents=1",
        "--set env.name=mpe/simple_adversary_v3 --set env.n_agents=63",
        "--set env.name=mpe/simple_spread_v3 --set env.max_steps=1",
        "--set env.name=combat/27m_vs_30m --set env.max_steps=1 --set env.full=true",
        "--set env.name=mpe/simple_reference_v3 --set env.local_ratio=0",
        "--set env.name=mpe/simple_reference_v3 --set env.local_ratio=1",
        "--set env.name=mpe/simple_world_comm_v3 --set env.legacy_physics=true",
        "--set env.name=combat/3m --set env.spawn_shift=8",
        "--set env.name=mpe/simple_spread_v3 --set env.n_agents=1 --set mask.kind=random --set mask.k_min=1 "
        "--set mask.k_max=1",
        "--set env.name=combat/3m --set teacher.ppo.reward=mean",
        "--set env.name=mpe/simple_spread_v3 --set teacher.ppo.reward=mean --set method=direct",
        "--set env.name=mpe/simple_v3 --set method=direct",
        // the widest student is not the one with a state
        "--set env.name=mpe/simple_spread_v3 --set method=direct --set students[2].net.hidden=32 "
        "--set students[2].net.cell=none --set students[1].net.cell=gru --set students[0].net.cell=none",
        "--set env.name=mpe/simple_v3 --set distill.source=student",
    };
    for (size_t k = 0; k < sizeof jobs / sizeof jobs[0]; k++) go_through(jobs[k]);
}

static void test_a_critic_row_for_each(void **state) {
    (void)state;
    static const char *const jobs[] = {
        "--set env.name=mpe/simple_v3",
        "--set env.name=mpe/simple_spread_v3 --set env.n_agents=1",
        "--set env.name=mpe/simple_spread_v3 --set env.n_agents=1 --set method=direct",
        "--set env.name=mpe/simple_adversary_v3",
        "--set env.name=combat/3m --set env.full=true",
    };
    for (size_t k = 0; k < sizeof jobs / sizeof jobs[0]; k++) {
        char words[512];
        (void)snprintf(words, sizeof words, "%s%s", jobs[k], CRITIC_OF_AGENTS);
        go_through(words);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_environment),
        cmocka_unit_test(test_ends_of_the_options),
        cmocka_unit_test(test_a_critic_row_for_each),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
