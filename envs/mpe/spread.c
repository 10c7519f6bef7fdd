/* spread.c - simple_spread_v3: N agents share the task of standing on N landmarks, and pay for bumping. */
#include "envs/mpe/build.h"
#include "envs/mpe/heuristic.h"
#include "envs/mpe/measure.h"
#include "envs/mpe/scenarios.h"

static void build(sl_mpe *m) {
    for (int i = 0; i < m->N; i++) sl_mpe_set_agent(m, i, "agent", 0.15, true);
    m->bump_square = sl_mpe_reach_square(m->entities[0].radius + m->entities[0].radius);
    for (int k = 0; k < m->E - m->N; k++) sl_mpe_set_landmark(m, k, 0.05, false, 0x404040ffu);
    for (int i = 0; i < m->N; i++) {
        sl_mpe_block_self_vel(m, i);
        sl_mpe_block_self_pos(m, i);
        sl_mpe_block_landmarks(m, i);
        sl_mpe_block_others(m, i);
        // nobody speaks, but the observation has room for what the others would say
        sl_mpe_block(m, i, "comm");
        for (int k = 0; k < (m->N - 1) * m->C; k++) sl_mpe_feature(m, i, SL_MPE_ZERO, SL_MPE_ZERO);
    }
}

// G = -sum_k min_i |p_i - landmark_k|; the root is taken of the minimum only
SL_MPE_FOR_WIDTH void cover(const sl_mpe *m, sl_mpe_row *rows, int width, double *restrict global) {
    sl_mpe_row best;
    SL_MPE_EACH_LANE(l, width) global[l] = 0.0;
    for (int k = m->N; k < m->E; k++) {
        SL_MPE_EACH_LANE(l, width) best[l] = sl_mpe_lane_square_distance(rows, k, 0, l);
        for (int i = 1; i < m->N; i++) {
            SL_MPE_EACH_LANE(l, width) {
                double d2 = sl_mpe_lane_square_distance(rows, k, i, l);
                best[l] = d2 < best[l] ? d2 : best[l];
            }
        }
        SL_MPE_EACH_LANE(l, width) global[l] -= sqrt(best[l]);
    }
}

// with how many others each agent overlaps
SL_MPE_FOR_WIDTH void count_bumps(const sl_mpe *m, sl_mpe_row *rows, int width, sl_mpe_row *bumps) {
    sl_mpe_row own;
    for (int i = 0; i < m->N; i++) {
        SL_MPE_EACH_LANE(l, width) bumps[i][l] = m->legacy ? 1.0 : 0.0;
    }
    for (int i = 0; i < m->N; i++) {
        SL_MPE_EACH_LANE(l, width) own[l] = bumps[i][l];
        for (int j = i + 1; j < m->N; j++) {
            SL_MPE_EACH_LANE(l, width) {
                double bump = sl_mpe_lane_square_distance(rows, i, j, l) < m->bump_square ? 1.0 : 0.0;
                own[l] += bump;
                bumps[j][l] += bump;
            }
        }
        SL_MPE_EACH_LANE(l, width) bumps[i][l] = own[l];
    }
}

// reward_i = (1 - ratio) G - ratio * bumps_i; legacy: the sum over i of (G - bumps_i), bumps counting oneself too
SL_MPE_FOR_WIDTH void pay(const sl_mpe *m, sl_mpe_row *rows, int width, sl_mpe_row *reward_il) {
    sl_mpe_row *bumps = reward_il + m->N, global, total;
    count_bumps(m, rows, width, bumps);
    cover(m, rows, width, global);
    double ratio = m->local_ratio;
    if (!m->legacy) {
        for (int i = 0; i < m->N; i++) {
            SL_MPE_EACH_LANE(l, width) reward_il[i][l] = (1.0 - ratio) * global[l] - ratio * bumps[i][l];
        }
        return;
    }
    SL_MPE_EACH_LANE(l, width) total[l] = m->N * global[l];
    for (int i = 0; i < m->N; i++) {
        SL_MPE_EACH_LANE(l, width) total[l] -= bumps[i][l];
    }
    for (int i = 0; i < m->N; i++) {
        SL_MPE_EACH_LANE(l, width) reward_il[i][l] = total[l];
    }
}

static void reward(const sl_mpe *m, sl_mpe_row *rows, sl_mpe_row *reward_il) {
    switch (sl_mpe_width(m, rows)) {
    case 4:
        pay(m, rows, 4, reward_il);
        return;
    case 8:
        pay(m, rows, 8, reward_il);
        return;
    default:
        pay(m, rows, SL_ENV_LANES, reward_il);
    }
}

const sl_mpe_scenario sl_mpe_spread = {
    .name = "mpe/simple_spread_v3",
    .default_n = 3,
    .dim_c = 2,
    .local_ratio = 0.5,
    .build = build,
    .reward = reward,
    .act = sl_mpe_heuristic_cover,
};
