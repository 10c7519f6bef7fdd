/* adversary.c - simple_adversary_v3: N agents know which of N landmarks is the goal, the adversary must guess it from
 * where they go. */
#include "envs/mpe/build.h"
#include "envs/mpe/measure.h"
#include "envs/mpe/scenarios.h"

enum { L = SL_ENV_LANES, ADVERSARY = 0, GOAL = 0, N_EXTRA = 2 };

static void build(sl_mpe *m) {
    m->base.spec.opposed = true;
    for (int i = 0; i < m->N; i++) {
        sl_mpe_set_agent(m, i, i == ADVERSARY ? "adversary" : "agent", 0.15, false);
    }
    m->entities[ADVERSARY].rgba = 0xd95959ffu;
    for (int k = 0; k < m->E - m->N; k++) sl_mpe_set_landmark(m, k, 0.08, false, 0x262626ffu);
    for (int i = 0; i < m->N; i++) {
        if (i != ADVERSARY) sl_mpe_block_goal(m, i, GOAL);
        sl_mpe_block_landmarks(m, i);
        sl_mpe_block_others(m, i);
    }
}

static void derive(const sl_mpe *m, sl_mpe_row *rows, int lane, const int *goals) {
    sl_mpe_set_goal(m, rows, lane, GOAL, goals[0]);
}

// D_i = |p_i - goal|. Adversary: -D_0 (legacy: -D_0^2); every other agent: D_0 - min_i D_i
static void reward(const sl_mpe *m, sl_mpe_row *rows, sl_mpe_row *reward_il) {
    sl_mpe_row best, d2;
    sl_mpe_goal_square_distance(m, rows, 1, GOAL, best);
    for (int i = 2; i < m->N; i++) {
        sl_mpe_goal_square_distance(m, rows, i, GOAL, d2);
        for (int l = 0; l < L; l++) best[l] = d2[l] < best[l] ? d2[l] : best[l];
    }
    sl_mpe_goal_square_distance(m, rows, ADVERSARY, GOAL, d2);
    for (int l = 0; l < L; l++) reward_il[ADVERSARY][l] = m->legacy ? -d2[l] : -sqrt(d2[l]);
    for (int i = 1; i < m->N; i++) {
        for (int l = 0; l < L; l++) reward_il[i][l] = sqrt(d2[l]) - sqrt(best[l]);
    }
}

const sl_mpe_scenario sl_mpe_adversary = {
    .name = "mpe/simple_adversary_v3",
    .default_n = 2,
    .n_agents = 1,
    .dim_c = 2,
    .n_extra = N_EXTRA,
    .n_goals = 1,
    .build = build,
    .derive = derive,
    .reward = reward,
};
