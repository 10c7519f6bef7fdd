/* speaker_listener.c - simple_speaker_listener_v4: the speaker sees which landmark is the goal and cannot move; the
 * listener moves and hears, but does not know the goal. */
#include "envs/mpe/build.h"
#include "envs/mpe/heuristic.h"
#include "envs/mpe/measure.h"
#include "envs/mpe/scenarios.h"

enum { SPEAKER, LISTENER, GOAL = 0, COLOUR = 2, N_LANDMARKS = 3, N_EXTRA = COLOUR + N_LANDMARKS };

static void build(sl_mpe *m) {
    sl_mpe_set_agent(m, SPEAKER, "speaker", 0.075, false);
    m->entities[SPEAKER].movable = false;
    m->entities[SPEAKER].speaks = true;
    sl_mpe_set_agent(m, LISTENER, "listener", 0.075, false);
    static const uint32_t colours[N_LANDMARKS] = {0xa62626ffu, 0x26a626ffu, 0x2626a6ffu};
    for (int k = 0; k < N_LANDMARKS; k++) sl_mpe_set_landmark(m, k, 0.04, false, colours[k]);
    sl_mpe_block_rows(m, SPEAKER, "goal", sl_mpe_extra(m, COLOUR), N_LANDMARKS);
    sl_mpe_block_self_vel(m, LISTENER);
    sl_mpe_block_landmarks(m, LISTENER);
    sl_mpe_block_words(m, LISTENER, SPEAKER);
}

static void derive(const sl_mpe *m, sl_mpe_row *rows, int lane, const int *goals) {
    sl_mpe_set_goal(m, rows, lane, GOAL, goals[0]);
    sl_mpe_set_one_hot(m, rows, lane, COLOUR, N_LANDMARKS, goals[0], 0.15, 0.65);
}

// both: -|p_listener - goal|^2; legacy: the sum over both
static void reward(const sl_mpe *m, sl_mpe_row *rows, sl_mpe_row *reward_il) {
    sl_mpe_row d2;
    double share = m->legacy ? 2.0 : 1.0;
    sl_mpe_goal_square_distance(m, rows, LISTENER, GOAL, d2);
    for (int l = 0; l < SL_ENV_LANES; l++) reward_il[SPEAKER][l] = reward_il[LISTENER][l] = -share * d2[l];
}

static void act(const sl_mpe *m, sl_mpe_row *rows, int lane, void *plan, int32_t *actions) {
    (void)plan;
    actions[SPEAKER] = 0;
    for (int k = 1; k < N_LANDMARKS; k++) {
        if (rows[sl_mpe_extra(m, COLOUR + k)][lane] > 0.5) actions[SPEAKER] = k;
    }
    actions[LISTENER] = sl_mpe_heuristic_move(m, rows, lane, LISTENER, rows[sl_mpe_extra(m, GOAL)][lane],
                                              rows[sl_mpe_extra(m, GOAL + 1)][lane]);
}

const sl_mpe_scenario sl_mpe_speaker_listener = {
    .name = "mpe/simple_speaker_listener_v4",
    .n_agents = 2,
    .n_landmarks = N_LANDMARKS,
    .dim_c = 3,
    .n_extra = N_EXTRA,
    .n_goals = 1,
    .build = build,
    .derive = derive,
    .reward = reward,
    .act = act,
};
