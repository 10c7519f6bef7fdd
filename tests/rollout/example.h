/* example.h - a small experiment for the coordinator's tests: spread with three agents, 18 copies, tiny networks. */
#ifndef SL_TESTS_COORDINATOR_EXAMPLE_H
#define SL_TESTS_COORDINATOR_EXAMPLE_H

#include "common/alloc.h"
#include "common/rng.h"
#include "experiment/experiment.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef struct example {
    sl_experiment e;
    sl_exp_student students[3];
    char env[320], name[32], blocks[3][16], none[1];
    char *block_lists[3][1];
} example;

static inline void example_init(example *x) {
    memset(x, 0, sizeof *x);
    memcpy(x->env, "mpe/simple_spread_v3", 21);
    memcpy(x->name, "example", 8);
    sl_exp_net net = {.cell = SL_CELL_NONE, .hidden = 24, .layers = 2, .activation = SL_ACT_RELU};
    x->e = (sl_experiment){
        .name = x->name,
        .seed = 7,
        .threads = 2,
        .env = {.name = x->env, .options = sl_env_default_options()},
        .teacher = {.from = x->none,
                    .init = x->none,
                    .actor = net,
                    .critic = net,
                    .agent_id = true,
                    .ppo = {.n_envs = 18, .rollout_steps = 20, .chunk = 10, .gamma = 0.99, .lambda = 0.95}},
        .record = {.from = x->none,
                   .episodes = 40,
                   .max_items = 1000,
                   .max_bytes = 1 << 26,
                   .min_size = 1,
                   .error_buffer = 1},
        .mask = {.kind = SL_MASK_RANDOM, .k_min = 8, .k_max = 10},
        .students = x->students,
        .students_count = 3,
        // the whole embedding is sent, as the role map moves
        .distill = {.episodes = 4,
                    .gamma = 0.9,
                    .lambda = 0.8,
                    .w_ppo = 1,
                    .w_role = 1,
                    .role_dim = 4,
                    .teacher_role_period = 1},
    };
    sl_env_at(&x->e.env.options, "n_agents")->whole = 3;
    sl_env_at(&x->e.env.options, "max_steps")->whole = 25;
    for (int i = 0; i < 3; i++) {
        x->students[i].net = net;
        x->students[i].net.hidden = 16 + 8 * (i % 2);
    }
}

/* One agent, one student. */
static inline void example_make_simple(example *x) {
    memcpy(x->env, "mpe/simple_v3", 14);
    sl_env_at(&x->e.env.options, "n_agents")->whole = 0;
    x->e.mask.kind = SL_MASK_NONE;
    x->e.students_count = 1;
}

/* Three marines against three, with everything seen and told but what a test hides. */
static inline void example_make_3m(example *x) {
    memcpy(x->env, "combat/3m", 10);
    sl_env_at(&x->e.env.options, "n_agents")->whole = sl_env_at(&x->e.env.options, "max_steps")->whole = 0;
    x->e.mask.kind = SL_MASK_NONE;
}

/* combat/3m, where agents die: agent 0 sees enemies, 1 allies, 2 itself; the teacher sees everything. */
static inline void example_init_combat(example *x) {
    static const char *const blocks[3] = {"enemy", "ally", "own"};
    example_init(x);
    memcpy(x->env, "combat/3m", 10);
    x->e.env.options = sl_env_default_options();
    sl_env_at(&x->e.env.options, "full")->yes = true;
    x->e.teacher.ppo.reward = SL_EXP_OWN;
    x->e.teacher.critic_input = SL_EXP_CRITIC_AGENT;
    x->e.mask = (sl_exp_mask_def){.kind = SL_MASK_BLOCKS};
    for (int i = 0; i < 3; i++) {
        memcpy(x->blocks[i], blocks[i], strlen(blocks[i]) + 1);
        x->block_lists[i][0] = x->blocks[i];
        x->students[i].blocks = x->block_lists[i];
        x->students[i].blocks_count = 1;
    }
}

/* GRU cells everywhere, layer norm, tanh. */
static inline void example_make_recurrent(example *x) {
    sl_exp_net *nets[] = {&x->e.teacher.actor, &x->e.teacher.critic, &x->students[0].net, &x->students[1].net,
                          &x->students[2].net};
    for (int i = 0; i < 5; i++) {
        nets[i]->cell = SL_CELL_GRU;
        nets[i]->layers = 1;
        nets[i]->layer_norm = true;
        nets[i]->activation = SL_ACT_TANH;
    }
}

/* n numbers in [-0.4, 0.4), such as parameters; for sl_free. */
static inline float *example_floats(size_t n, uint64_t seed) {
    float *out = sl_alloc_array(n, sizeof *out);
    assert_non_null(out);
    sl_rng rng = sl_rng_seed(seed);
    for (size_t i = 0; i < n; i++) out[i] = (float)sl_rng_between(&rng, -0.4, 0.4);
    return out;
}

#endif
