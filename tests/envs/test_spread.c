/* test_spread.c - simple_spread_v3: its spec, its rewards by hand, its returns. */
#include "common/alloc.h"
#include "envs/env.h"
#include "envs/mpe/mpe.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_V = 64, N = 3, O = 18 };

static float obs[MAX_V * N * O];
static double reward[MAX_V * N];
static uint8_t terminated[MAX_V], truncated[MAX_V];
static int32_t actions[MAX_V * N];
static sl_env_out out = {.obs = obs, .reward = reward, .terminated = terminated, .truncated = truncated};

static sl_env *make(const sl_env_options *options, int V) {
    sl_rng stream = sl_rng_seed(7);
    sl_env *env = NULL;
    assert_int_equal(sl_env_create("mpe/simple_spread_v3", options, V, &stream, &env), SL_OK);
    return env;
}

static void spec_is_the_reference(void **state) {
    (void)state;
    sl_env_options options = sl_env_default_options();
    sl_env *env = make(&options, 1);
    const sl_env_spec *spec = sl_env_get_spec(env);
    assert_string_equal(spec->name, "mpe/simple_spread_v3");
    assert_int_equal(spec->n_agents, N);
    assert_int_equal(spec->obs_dim, O);
    assert_int_equal(spec->n_actions, 5);
    assert_int_equal(spec->state_dim, 54);
    assert_int_equal(spec->max_steps, 25);
    assert_false(spec->masks_actions);
    assert_true(spec->has_heuristic);
    static const char *const names[] = {"self_vel", "self_pos", "landmarks", "others", "comm"};
    static const int lens[] = {2, 2, 6, 4, 4};
    for (int i = 0; i < N; i++) {
        int next = 0;
        assert_int_equal(spec->agents[i].n_blocks, 5);
        for (int b = 0; b < 5; b++) {
            assert_string_equal(spec->agents[i].blocks[b].name, names[b]);
            assert_int_equal(spec->agents[i].blocks[b].begin, next);
            assert_int_equal(spec->agents[i].blocks[b].len, lens[b]);
            next += lens[b];
        }
    }
    sl_env_destroy(&env);
    assert_null(env);
}

// agents at (0,0), (0.2,0), (1,0); landmarks at (0,0.1), (1,0.5), (-1,0): agents 0 and 1 overlap
static const double PLACES[] = {0, 0, 0.2, 0, 1, 0, 0, 0.1, 1, 0.5, -1, 0};

static void reward_by_hand(void **state) {
    (void)state;
    sl_env_options options = sl_env_default_options();
    sl_env *env = make(&options, 1);
    sl_mpe_place(env, 0, PLACES, NULL);
    memset(actions, 0, sizeof actions);
    sl_env_step(env, 0, 1, actions, &out);
    // at rest, so nobody has moved yet: G = -(0.1 + 0.5 + 1.0)
    assert_true(fabs(reward[0] - (0.5 * -1.6 - 0.5)) < 1e-12);
    assert_true(fabs(reward[1] - (0.5 * -1.6 - 0.5)) < 1e-12);
    assert_true(fabs(reward[2] - 0.5 * -1.6) < 1e-12);
    // the overlap of 0.1 pushes agent 0 to the left with 100 * 0.1, and agent 1 to the right
    assert_true(fabs((double)obs[0] + 1.0) < 1e-6);
    assert_true(fabs((double)obs[O] - 1.0) < 1e-6);
    sl_env_destroy(&env);
}

static void legacy_reward_by_hand(void **state) {
    (void)state;
    sl_env_options options = sl_env_default_options();
    sl_env_at(&options, "legacy_physics")->yes = true;
    sl_env *env = make(&options, 1);
    assert_string_equal(sl_env_get_spec(env)->name, "mpe/simple_spread_v3[legacy_physics]");
    sl_mpe_place(env, 0, PLACES, NULL);
    memset(actions, 0, sizeof actions);
    actions[2] = 4;
    sl_env_step(env, 0, 1, actions, &out);
    // velocity first: agents 0 and 1 part by 0.1 each way, agent 2 rises by 0.05; everyone bumps into oneself
    double G = -(hypot(0.1, 0.1) + 0.45 + 0.9);
    for (int i = 0; i < N; i++) assert_true(fabs(reward[i] - (3 * G - 3)) < 1e-9);
    sl_env_destroy(&env);
}

static double mean_return(bool by_heuristic, int n_rounds) {
    sl_env_options options = sl_env_default_options();
    sl_env *env = make(&options, MAX_V);
    sl_rng stream = sl_rng_seed(3);
    double sum = 0.0;
    for (int round = 0; round < n_rounds; round++) {
        sl_env_reset(env, 0, MAX_V, round ? truncated : NULL, &out);
        for (int t = 0; t < 25; t++) {
            if (by_heuristic) sl_env_heuristic(env, 0, MAX_V, actions);
            for (int k = 0; k < MAX_V * N && !by_heuristic; k++) actions[k] = (int32_t)sl_rng_below(&stream, 5);
            sl_env_step(env, 0, MAX_V, actions, &out);
            for (int k = 0; k < MAX_V * N; k++) sum += reward[k];
            for (int v = 0; v < MAX_V; v++) {
                assert_int_equal(terminated[v], 0);
                assert_int_equal(truncated[v], t == 24);
            }
        }
    }
    sl_env_destroy(&env);
    return sum / (n_rounds * MAX_V);
}

static void returns_are_known(void **state) {
    (void)state;
    double at_random = mean_return(false, 64), by_hand = mean_return(true, 128);
    print_message("random %.2f, heuristic %.2f\n", at_random, by_hand);
    assert_true(at_random > -82.0 && at_random < -76.0);
    assert_true(by_hand > -23.5 && by_hand < -22.0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spec_is_the_reference),
        cmocka_unit_test(reward_by_hand),
        cmocka_unit_test(legacy_reward_by_hand),
        cmocka_unit_test(returns_are_known),
    };
    return cmocka_run_group_tests_name("spread", tests, NULL, NULL);
}
