/* simple.c - simple_v3: one agent and one landmark; the smallest environment, for debugging. */
#include "envs/mpe/build.h"
#include "envs/mpe/heuristic.h"
#include "envs/mpe/measure.h"
#include "envs/mpe/scenarios.h"

static void build(sl_mpe *m) {
    sl_mpe_set_agent(m, 0, "agent", 0.05, false);
    sl_mpe_set_landmark(m, 0, 0.05, false, 0xbf4040ffu);
    sl_mpe_block_self_vel(m, 0);
    sl_mpe_block_landmarks(m, 0);
}

static void reward(const sl_mpe *m, sl_mpe_row *rows, sl_mpe_row *reward_il) {
    sl_mpe_square_distance(rows, 0, m->N, reward_il[0]);
    for (int l = 0; l < SL_ENV_LANES; l++) reward_il[0][l] = -reward_il[0][l];
}

static void act(const sl_mpe *m, sl_mpe_row *rows, int lane, void *plan, int32_t *actions) {
    (void)plan;
    actions[0] = sl_mpe_heuristic_move(m, rows, lane, 0, rows[sl_mpe_x(1)][lane], rows[sl_mpe_y(1)][lane]);
}

const sl_mpe_scenario sl_mpe_simple = {
    .name = "mpe/simple_v3",
    .n_agents = 1,
    .n_landmarks = 1,
    .build = build,
    .reward = reward,
    .act = act,
};
