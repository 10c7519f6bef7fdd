/* crypto.c - simple_crypto_v3: Alice tells Bob a goal over a channel that Eve hears; Alice and Bob share a key. */
#include "envs/mpe/build.h"
#include "envs/mpe/measure.h"
#include "envs/mpe/scenarios.h"

enum { EVE, BOB, ALICE, N_AGENTS };
enum { L = SL_ENV_LANES, N_WORDS = 4 };
enum { GOAL = 0, KEY = N_WORDS, N_EXTRA = 2 * N_WORDS };

static void build(sl_mpe *m) {
    static const char *const roles[] = {"eve", "bob", "alice"};
    m->base.spec.opposed = true;
    for (int i = 0; i < N_AGENTS; i++) {
        sl_mpe_set_agent(m, i, roles[i], 0.05, false);
        m->entities[i].movable = false;
        m->entities[i].speaks = true;
    }
    m->entities[EVE].rgba = 0xbf4040ffu;
    for (int k = 0; k < m->E - m->N; k++) sl_mpe_set_landmark(m, k, 0.05, false, 0x404040ffu);
    sl_mpe_block_words(m, EVE, ALICE);
    sl_mpe_block_rows(m, BOB, "key", sl_mpe_extra(m, KEY), N_WORDS);
    sl_mpe_block_words(m, BOB, ALICE);
    sl_mpe_block_rows(m, ALICE, "goal", sl_mpe_extra(m, GOAL), N_WORDS);
    sl_mpe_block_rows(m, ALICE, "key", sl_mpe_extra(m, KEY), N_WORDS);
}

static void derive(const sl_mpe *m, sl_mpe_row *rows, int lane, const int *goals) {
    sl_mpe_set_one_hot(m, rows, lane, GOAL, N_WORDS, goals[0], 0.0, 1.0);
    sl_mpe_set_one_hot(m, rows, lane, KEY, N_WORDS, goals[1], 0.0, 1.0);
}

// |c_i - goal|^2, or 0 while i has said nothing
static void guess_error(const sl_mpe *m, sl_mpe_row *rows, int i, double *restrict error) {
    for (int l = 0; l < L; l++) {
        double sum = 0.0;
        bool silent = true;
        for (int k = 0; k < N_WORDS; k++) {
            double said = rows[sl_mpe_word(m, i, k)][l], off = said - rows[sl_mpe_extra(m, GOAL + k)][l];
            silent = silent && said == 0.0;
            sum += off * off;
        }
        error[l] = silent ? 0.0 : sum;
    }
}

// Eve: -her error; Bob and Alice: her error minus Bob's
static void reward(const sl_mpe *m, sl_mpe_row *rows, sl_mpe_row *reward_il) {
    sl_mpe_row eve, bob;
    guess_error(m, rows, EVE, eve);
    guess_error(m, rows, BOB, bob);
    for (int l = 0; l < L; l++) {
        reward_il[EVE][l] = -eve[l];
        reward_il[BOB][l] = reward_il[ALICE][l] = eve[l] - bob[l];
    }
}

const sl_mpe_scenario sl_mpe_crypto = {
    .name = "mpe/simple_crypto_v3",
    .n_agents = N_AGENTS,
    .n_landmarks = 2,
    .dim_c = N_WORDS,
    .n_extra = N_EXTRA,
    .n_goals = 2,
    .build = build,
    .derive = derive,
    .reward = reward,
};
