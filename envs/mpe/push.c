/* push.c - simple_push_v3: an agent wants to reach its goal, an adversary that does not know the goal wants to be
 * nearer to it than the agent, and may push. */
#include "envs/mpe/build.h"
#include "envs/mpe/measure.h"
#include "envs/mpe/scenarios.h"

enum { L = SL_ENV_LANES, ADVERSARY = 0, AGENT = 1, N_LANDMARKS = 2 };
enum { GOAL = 0, COLOUR = 2, DARK = 5, BRIGHT = 6, N_EXTRA = 7 };

static void build(sl_mpe *m) {
    m->base.spec.opposed = true;
    sl_mpe_set_agent(m, ADVERSARY, "adversary", 0.05, true);
    m->entities[ADVERSARY].rgba = 0xbf4040ffu;
    sl_mpe_set_agent(m, AGENT, "agent", 0.05, true);
    for (int k = 0; k < N_LANDMARKS; k++) sl_mpe_set_landmark(m, k, 0.05, false, k ? 0x1a1ae6ffu : 0x1ae61affu);
    sl_mpe_block_self_vel(m, ADVERSARY);
    sl_mpe_block_landmarks(m, ADVERSARY);
    sl_mpe_block_others(m, ADVERSARY);
    sl_mpe_block_self_vel(m, AGENT);
    sl_mpe_block_goal(m, AGENT, GOAL);
    sl_mpe_block_rows(m, AGENT, "self_colour", sl_mpe_extra(m, COLOUR), 3);
    sl_mpe_block_landmarks(m, AGENT);
    sl_mpe_block(m, AGENT, "landmark_colours");
    for (int k = 0; k < N_LANDMARKS; k++) {
        for (int c = 0; c < 3; c++) {
            sl_mpe_feature(m, AGENT, sl_mpe_extra(m, c == k + 1 ? BRIGHT : DARK), SL_MPE_ZERO);
        }
    }
    sl_mpe_block_others(m, AGENT);
}

static void derive(const sl_mpe *m, sl_mpe_row *rows, int lane, const int *goals) {
    sl_mpe_set_goal(m, rows, lane, GOAL, goals[0]);
    sl_mpe_set_one_hot(m, rows, lane, COLOUR, 3, goals[0] + 1, 0.25, 0.75);
    rows[sl_mpe_extra(m, DARK)][lane] = 0.1;
    rows[sl_mpe_extra(m, BRIGHT)][lane] = 0.9;
}

// agent: -D; adversary: D_agent - D_adversary
static void reward(const sl_mpe *m, sl_mpe_row *rows, sl_mpe_row *reward_il) {
    sl_mpe_row agent, adversary;
    sl_mpe_goal_square_distance(m, rows, AGENT, GOAL, agent);
    sl_mpe_goal_square_distance(m, rows, ADVERSARY, GOAL, adversary);
    for (int l = 0; l < L; l++) {
        reward_il[AGENT][l] = -sqrt(agent[l]);
        reward_il[ADVERSARY][l] = sqrt(agent[l]) - sqrt(adversary[l]);
    }
}

const sl_mpe_scenario sl_mpe_push = {
    .name = "mpe/simple_push_v3",
    .n_agents = 2,
    .n_landmarks = N_LANDMARKS,
    .dim_c = 2,
    .n_extra = N_EXTRA,
    .n_goals = 1,
    .build = build,
    .derive = derive,
    .reward = reward,
};
