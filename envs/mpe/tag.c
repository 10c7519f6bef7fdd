/* tag.c - simple_tag_v3: three slow adversaries chase one fast agent around two obstacles. */
#include "envs/mpe/build.h"
#include "envs/mpe/measure.h"
#include "envs/mpe/scenarios.h"

enum { L = SL_ENV_LANES, N_ADVERSARIES = 3, N_AGENTS = 4, N_OBSTACLES = 2 };

static void build(sl_mpe *m) {
    m->base.spec.opposed = true;
    for (int i = 0; i < N_AGENTS; i++) {
        bool adversary = i < N_ADVERSARIES;
        sl_mpe_set_chaser(m, i, adversary ? "adversary" : "agent", adversary ? 0.075 : 0.05, adversary,
                          adversary ? 0xd95959ffu : 0x59d959ffu);
    }
    for (int k = 0; k < N_OBSTACLES; k++) sl_mpe_set_landmark(m, k, 0.2, true, 0x404040ffu);
    for (int i = 0; i < N_AGENTS; i++) {
        sl_mpe_block_self_vel(m, i);
        sl_mpe_block_self_pos(m, i);
        sl_mpe_block_landmarks(m, i);
        sl_mpe_block_others(m, i);
        if (!m->entities[i].adversary) continue;
        // only the prey's velocity is seen
        sl_mpe_block(m, i, "others_vel");
        sl_mpe_feature_velocity(m, i, N_ADVERSARIES);
    }
}

// adversaries: +10 an overlap; the prey: -10 an overlap, minus the price of leaving the screen
static void reward(const sl_mpe *m, sl_mpe_row *rows, sl_mpe_row *reward_il) {
    sl_mpe_row caught = {0}, overlap, price;
    for (int i = 0; i < N_ADVERSARIES; i++) {
        sl_mpe_overlap(m, rows, i, N_ADVERSARIES, overlap);
        for (int l = 0; l < L; l++) caught[l] += overlap[l];
    }
    sl_mpe_leave_price(rows, N_ADVERSARIES, price);
    for (int i = 0; i < N_ADVERSARIES; i++) {
        for (int l = 0; l < L; l++) reward_il[i][l] = 10.0 * caught[l];
    }
    for (int l = 0; l < L; l++) reward_il[N_ADVERSARIES][l] = -10.0 * caught[l] - price[l];
}

const sl_mpe_scenario sl_mpe_tag = {
    .name = "mpe/simple_tag_v3",
    .n_agents = N_AGENTS,
    .n_landmarks = N_OBSTACLES,
    .dim_c = 2,
    .landmark_range = 0.9,
    .build = build,
    .reward = reward,
};
