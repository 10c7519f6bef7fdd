/* reference.c - simple_reference_v3: each of two agents knows the other's goal only, and may tell it. */
#include "envs/mpe/build.h"
#include "envs/mpe/measure.h"
#include "envs/mpe/scenarios.h"

enum { L = SL_ENV_LANES, N_AGENTS = 2, N_LANDMARKS = 3 };
/* Per agent: the position of the goal that it knows, and its colour. */
enum { GOAL = 0, COLOUR = 2, N_OWN = 5 };

static void build(sl_mpe *m) {
    static const uint32_t colours[N_LANDMARKS] = {0xbf4040ffu, 0x40bf40ffu, 0x4040bfffu};
    for (int i = 0; i < N_AGENTS; i++) {
        sl_mpe_set_agent(m, i, "agent", 0.05, false);
        m->entities[i].speaks = true;
    }
    for (int k = 0; k < N_LANDMARKS; k++) sl_mpe_set_landmark(m, k, 0.05, false, colours[k]);
    for (int i = 0; i < N_AGENTS; i++) {
        sl_mpe_block_self_vel(m, i);
        sl_mpe_block_landmarks(m, i);
        sl_mpe_block_rows(m, i, "goal", sl_mpe_extra(m, i * N_OWN + COLOUR), 3);
        sl_mpe_block_words(m, i, 1 - i);
    }
}

static void derive(const sl_mpe *m, sl_mpe_row *rows, int lane, const int *goals) {
    for (int i = 0; i < N_AGENTS; i++) {
        sl_mpe_set_goal(m, rows, lane, i * N_OWN + GOAL, goals[i]);
        sl_mpe_set_one_hot(m, rows, lane, i * N_OWN + COLOUR, 3, goals[i], 0.25, 0.75);
    }
}

// local_i = -|p_other - goal_i|, global = their mean; legacy: the sum of the squares, for both
static void reward(const sl_mpe *m, sl_mpe_row *rows, sl_mpe_row *reward_il) {
    sl_mpe_row d2[N_AGENTS];
    double ratio = m->local_ratio;
    for (int i = 0; i < N_AGENTS; i++) sl_mpe_goal_square_distance(m, rows, 1 - i, i * N_OWN + GOAL, d2[i]);
    for (int i = 0; i < N_AGENTS; i++) {
        for (int l = 0; l < L; l++) {
            double global = -(sqrt(d2[0][l]) + sqrt(d2[1][l])) / 2.0;
            double blend = global * (1.0 - ratio) - sqrt(d2[i][l]) * ratio;
            reward_il[i][l] = m->legacy ? -(d2[0][l] + d2[1][l]) : blend;
        }
    }
}

const sl_mpe_scenario sl_mpe_reference = {
    .name = "mpe/simple_reference_v3",
    .n_agents = N_AGENTS,
    .n_landmarks = N_LANDMARKS,
    .dim_c = 10,
    .n_extra = N_AGENTS * N_OWN,
    .n_goals = 2,
    .goal_per_agent = true,
    .local_ratio = 0.5,
    .build = build,
    .derive = derive,
    .reward = reward,
};
