/* world_comm.c - simple_world_comm_v3: tag with food, and with forests that hide who is in them from all but the
 * leading adversary, who speaks. */
#include "envs/mpe/build.h"
#include "envs/mpe/measure.h"
#include "envs/mpe/scenarios.h"

enum { L = SL_ENV_LANES, LEADER = 0, N_ADVERSARIES = 4, N_AGENTS = 6, N_GOOD = N_AGENTS - N_ADVERSARIES };
/* Landmarks: an obstacle, food, forests. */
enum { N_LANDMARKS = 5, FOOD = N_AGENTS + 1, N_FOOD = 2, FOREST = N_AGENTS + 3, N_FORESTS = 2 };
/* Derived: what i sees of j (x, y), of good agent g's velocity (x, y), and whether i is in forest f (1, else -1). */
enum {
    SEEN = 0,
    SEEN_VEL = SEEN + 2 * N_AGENTS * N_AGENTS,
    INSIDE = SEEN_VEL + 2 * N_AGENTS * N_GOOD,
    N_EXTRA = INSIDE + N_AGENTS * N_FORESTS
};

static int seen_row(const sl_mpe *m, int i, int j) {
    return sl_mpe_extra(m, SEEN + 2 * (i * N_AGENTS + j));
}

static int seen_vel_row(const sl_mpe *m, int i, int j) {
    return sl_mpe_extra(m, SEEN_VEL + 2 * (i * N_GOOD + j - N_ADVERSARIES));
}

static int inside_row(const sl_mpe *m, int i, int forest) {
    return sl_mpe_extra(m, INSIDE + i * N_FORESTS + forest);
}

static void add_others(sl_mpe *m, int i) {
    sl_mpe_block(m, i, "others");
    for (int j = 0; j < N_AGENTS; j++) {
        for (int axis = 0; axis < 2 && j != i; axis++) sl_mpe_feature(m, i, seen_row(m, i, j) + axis, SL_MPE_ZERO);
    }
}

static void add_others_vel(sl_mpe *m, int i) {
    sl_mpe_block(m, i, "others_vel");
    for (int j = N_ADVERSARIES; j < N_AGENTS; j++) {
        for (int axis = 0; axis < 2 && j != i; axis++)
            sl_mpe_feature(m, i, seen_vel_row(m, i, j) + axis, SL_MPE_ZERO);
    }
}

static void add_entities(sl_mpe *m) {
    sl_mpe_set_chaser(m, LEADER, "leadadversary", 0.075, true, 0xa63030ffu);
    m->entities[LEADER].speaks = true;
    for (int i = 1; i < N_ADVERSARIES; i++) sl_mpe_set_chaser(m, i, "adversary", 0.075, true, 0xd95959ffu);
    for (int i = N_ADVERSARIES; i < N_AGENTS; i++) sl_mpe_set_chaser(m, i, "agent", 0.045, false, 0x59d959ffu);
    sl_mpe_set_landmark(m, 0, 0.2, true, 0x404040ffu);
    for (int k = 0; k < N_FOOD; k++) sl_mpe_set_landmark(m, FOOD - N_AGENTS + k, 0.03, false, 0x2626a6ffu);
    for (int k = 0; k < N_FORESTS; k++) sl_mpe_set_landmark(m, FOREST - N_AGENTS + k, 0.3, false, 0x99e699ffu);
}

static void build(sl_mpe *m) {
    m->base.spec.opposed = true;
    add_entities(m);
    for (int i = 0; i < N_AGENTS; i++) {
        sl_mpe_block_self_vel(m, i);
        sl_mpe_block_self_pos(m, i);
        sl_mpe_block_landmarks(m, i);
        add_others(m, i);
        // the reference's order differs between the teams
        if (!m->entities[i].adversary) {
            sl_mpe_block_rows(m, i, "forest", inside_row(m, i, 0), N_FORESTS);
            add_others_vel(m, i);
            continue;
        }
        add_others_vel(m, i);
        sl_mpe_block_rows(m, i, "forest", inside_row(m, i, 0), N_FORESTS);
        sl_mpe_block_words(m, i, LEADER);
    }
}

// seen = 1 where both are in one forest, or neither is in any, or i leads; the rows hold 1 inside, -1 outside
static void sees(const sl_mpe *m, sl_mpe_row *rows, int i, int j, double *restrict seen) {
    sl_mpe_row together, hidden;
    for (int l = 0; l < L; l++) together[l] = hidden[l] = -1.0;
    for (int f = 0; f < N_FORESTS; f++) {
        const double *mine = rows[inside_row(m, i, f)], *theirs = rows[inside_row(m, j, f)];
        for (int l = 0; l < L; l++) {
            double least = mine[l] < theirs[l] ? mine[l] : theirs[l],
                   most = mine[l] < theirs[l] ? theirs[l] : mine[l];
            together[l] = least > together[l] ? least : together[l];
            hidden[l] = most > hidden[l] ? most : hidden[l];
        }
    }
    double leads = i == LEADER ? 1.0 : -1.0;
    for (int l = 0; l < L; l++) seen[l] = together[l] > 0.0 || hidden[l] < 0.0 || leads > 0.0 ? 1.0 : 0.0;
}

// row = what is seen of a - b
static void show(double *restrict row, const double *restrict a, const double *restrict b,
                 const double *restrict seen) {
    for (int l = 0; l < L; l++) row[l] = seen[l] > 0.0 ? a[l] - b[l] : 0.0;
}

static void observe(const sl_mpe *m, sl_mpe_row *rows) {
    for (int i = 0; i < N_AGENTS; i++) {
        for (int f = 0; f < N_FORESTS; f++) {
            double *inside = rows[inside_row(m, i, f)];
            sl_mpe_overlap(m, rows, i, FOREST + f, inside);
            for (int l = 0; l < L; l++) inside[l] = 2.0 * inside[l] - 1.0;
        }
    }
    for (int i = 0; i < N_AGENTS; i++) {
        for (int j = 0; j < N_AGENTS; j++) {
            if (j == i) continue;
            sl_mpe_row seen;
            sees(m, rows, i, j, seen);
            for (int axis = 0; axis < 2; axis++) {
                show(rows[seen_row(m, i, j) + axis], rows[sl_mpe_x(j) + axis], rows[sl_mpe_x(i) + axis], seen);
                if (j < N_ADVERSARIES) continue;
                show(rows[seen_vel_row(m, i, j) + axis], rows[sl_mpe_vx(m, j) + axis], rows[SL_MPE_ZERO], seen);
            }
        }
    }
}

// the distance from i to the nearest of n entities
static void nearest(sl_mpe_row *rows, int i, int first, int n, double *restrict distance) {
    sl_mpe_row d2;
    for (int l = 0; l < L; l++) distance[l] = INFINITY;
    for (int e = first; e < first + n; e++) {
        sl_mpe_square_distance(rows, i, e, d2);
        for (int l = 0; l < L; l++) distance[l] = d2[l] < distance[l] ? d2[l] : distance[l];
    }
    for (int l = 0; l < L; l++) distance[l] = sqrt(distance[l]);
}

// good: -5 an overlap with an adversary, -2 times the price of leaving, +2 a food touched, -0.05 to the nearest food;
// adversary: +5 an overlap of anyone with anyone, -0.1 times the distance to the nearest good agent
static void reward(const sl_mpe *m, sl_mpe_row *rows, sl_mpe_row *reward_il) {
    sl_mpe_row caught = {0}, term;
    for (int i = N_ADVERSARIES; i < N_AGENTS; i++) {
        sl_mpe_leave_price(rows, i, term);
        for (int l = 0; l < L; l++) reward_il[i][l] = -2.0 * term[l];
        nearest(rows, i, FOOD, N_FOOD, term);
        for (int l = 0; l < L; l++) reward_il[i][l] -= 0.05 * term[l];
        for (int k = 0; k < N_FOOD; k++) {
            sl_mpe_overlap(m, rows, i, FOOD + k, term);
            for (int l = 0; l < L; l++) reward_il[i][l] += 2.0 * term[l];
        }
        for (int j = 0; j < N_ADVERSARIES; j++) {
            sl_mpe_overlap(m, rows, i, j, term);
            for (int l = 0; l < L; l++) {
                reward_il[i][l] -= 5.0 * term[l];
                caught[l] += term[l];
            }
        }
    }
    for (int j = 0; j < N_ADVERSARIES; j++) {
        nearest(rows, j, N_ADVERSARIES, N_GOOD, term);
        for (int l = 0; l < L; l++) reward_il[j][l] = 5.0 * caught[l] - 0.1 * term[l];
    }
}

const sl_mpe_scenario sl_mpe_world_comm = {
    .name = "mpe/simple_world_comm_v3",
    .n_agents = N_AGENTS,
    .n_landmarks = N_LANDMARKS,
    .dim_c = 4,
    .n_extra = N_EXTRA,
    .landmark_range = 0.9,
    .build = build,
    .observe = observe,
    .reward = reward,
};
