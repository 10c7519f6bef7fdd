/* test_scenarios.c - one step of each scenario with its reward on paper, and what legacy physics changes. */
#include "envs/env.h"
#include "envs/mpe/heuristic.h"
#include "envs/mpe/mpe.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static float obs[6 * 64];
static double reward[6];
static sl_env_out out = {.obs = obs, .reward = reward};

// one step of one copy from the given places and goals
static void step_once(const char *name, bool legacy, const double *places, const int *goals, const int32_t *actions) {
    sl_env_options options = sl_env_default_options();
    sl_env_at(&options, "legacy_physics")->yes = legacy;
    sl_rng stream = sl_rng_seed(1);
    sl_env *env = NULL;
    assert_int_equal(sl_env_create(name, &options, 1, &stream, &env), SL_OK);
    sl_mpe_place(env, 0, places, goals);
    sl_env_step(env, 0, 1, actions, &out);
    sl_env_destroy(&env);
}

static void near(double got, double want) {
    if (!(fabs(got - want) < 1e-9)) fail_msg("%.12g instead of %.12g", got, want);
}

static void simple(void **state) {
    (void)state;
    step_once("mpe/simple_v3", false, (double[]){0, 0, 3, 4}, NULL, (int32_t[]){1});
    near(reward[0], -25.0);
    near((double)obs[0], -0.5);
    // velocity first: the agent is already at -0.05
    step_once("mpe/simple_v3", true, (double[]){0, 0, 3, 4}, NULL, (int32_t[]){1});
    near(reward[0], -(3.05 * 3.05 + 16.0));
}

static void speaker_listener(void **state) {
    (void)state;
    // speaker, listener, three landmarks, of which the last is the goal
    static const double places[] = {9, 9, 0, 0, 5, 5, 6, 6, 0.6, 0.8};
    step_once("mpe/simple_speaker_listener_v4", false, places, (int[]){2}, (int32_t[]){1, 0});
    near(reward[0], -1.0);
    near(reward[1], -1.0);
    near((double)obs[2], (double)0.65f);
    near((double)obs[1], (double)0.15f);
    // the listener hears the word of this step: entries 8 to 10 of its row of 11
    assert_true(obs[11 + 8] == 0.0f && obs[11 + 9] == 1.0f && obs[11 + 10] == 0.0f);
    step_once("mpe/simple_speaker_listener_v4", true, places, (int[]){2}, (int32_t[]){1, 0});
    near(reward[1], -2.0);
}

static void adversary(void **state) {
    (void)state;
    // adversary 2 from the goal, agents 1 and 3 from it
    static const double places[] = {2, 0, 0, 1, 0, 3, 0, 0, 7, 7};
    static const int32_t still[3] = {0};
    step_once("mpe/simple_adversary_v3", false, places, (int[]){0}, still);
    near(reward[0], -2.0);
    near(reward[1], 2.0 - 1.0);
    near(reward[2], 2.0 - 1.0);
    step_once("mpe/simple_adversary_v3", true, places, (int[]){0}, still);
    near(reward[0], -4.0);
    near(reward[1], 2.0 - 1.0);
}

static void tag(void **state) {
    (void)state;
    // two adversaries on the prey, which stands at x = 0.95; 0.12 apart, so that both overlap
    static const double places[] = {0.95, 0.12, 0.95, -0.12, 0, 0, 0.95, 0, -0.8, -0.8, -0.8, 0.8};
    static const int32_t still[4] = {0};
    step_once("mpe/simple_tag_v3", false, places, NULL, still);
    for (int i = 0; i < 3; i++) near(reward[i], 20.0);
    near(reward[3], -20.0 - 0.5);
    // farther out: e^(2 * 1.1 - 2), and never more than 10
    static const double out_places[] = {0, 0, 0, 0.5, 0, -0.5, 1.1, -5, -0.8, -0.8, -0.8, 0.8};
    step_once("mpe/simple_tag_v3", false, out_places, NULL, still);
    near(reward[3], -exp(0.2) - 10.0);
}

static void top_speed(void **state) {
    (void)state;
    sl_env_options options = sl_env_default_options();
    sl_rng stream = sl_rng_seed(1);
    sl_env *env = NULL;
    assert_int_equal(sl_env_create("mpe/simple_tag_v3", &options, 1, &stream, &env), SL_OK);
    static const double places[] = {0, 5, 0, 15, 0, 25, 0, 35, -0.8, -0.8, -0.8, 0.8};
    sl_mpe_place(env, 0, places, NULL);
    // accelerated by 0.3 and 0.4 a step, the limits are 1.2 and 1.6 without a cut, 1.0 and 1.3 with it
    for (int t = 0; t < 20; t++) sl_env_step(env, 0, 1, (int32_t[]){2, 2, 2, 2}, &out);
    near((double)obs[0], 1.0);
    near((double)obs[3 * 16], (double)1.3f);
    sl_env_destroy(&env);
}

static void push(void **state) {
    (void)state;
    // adversary 3 from the goal, agent 4
    static const double places[] = {3, 0, 0, 4, 7, 7, 0, 0};
    step_once("mpe/simple_push_v3", false, places, (int[]){1}, (int32_t[]){0, 0});
    near(reward[0], 1.0);
    near(reward[1], -4.0);
}

static void reference(void **state) {
    (void)state;
    // agent 0 knows that agent 1 should go to landmark 0 (2 away), agent 1 that agent 0 should go to landmark 1 (1
    // away)
    static const double places[] = {0, 0, 5, 0, 5, 2, 1, 0, 9, 9};
    step_once("mpe/simple_reference_v3", false, places, (int[]){0, 1}, (int32_t[]){7 * 5, 0});
    near(reward[0], 0.5 * -1.5 + 0.5 * -2.0);
    near(reward[1], 0.5 * -1.5 + 0.5 * -1.0);
    assert_true(obs[21 + 11 + 7] == 1.0f);
    step_once("mpe/simple_reference_v3", true, places, (int[]){0, 1}, (int32_t[]){0, 0});
    near(reward[0], -5.0);
    near(reward[1], -5.0);
}

static void crypto(void **state) {
    (void)state;
    static const double places[10] = {0};
    // goal 1: Eve says 3 (error 2), Bob says 1 (error 0)
    step_once("mpe/simple_crypto_v3", false, places, (int[]){1, 0}, (int32_t[]){3, 1, 2});
    near(reward[0], -2.0);
    near(reward[1], 2.0);
    near(reward[2], 2.0);
    // Eve observes Alice's word, Bob the key and the word, Alice the goal and the key
    assert_true(obs[2] == 1.0f && obs[8] == 1.0f && obs[8 + 6] == 1.0f && obs[16 + 1] == 1.0f && obs[16 + 4] == 1.0f);
}

static void silence_is_no_guess(void **state) {
    (void)state;
    sl_env_options options = sl_env_default_options();
    sl_env_at(&options, "continuous")->yes = true;
    sl_rng stream = sl_rng_seed(1);
    sl_env *env = NULL;
    assert_int_equal(sl_env_create("mpe/simple_crypto_v3", &options, 1, &stream, &env), SL_OK);
    static const double places[10] = {0};
    sl_mpe_place(env, 0, places, (int[]){1, 0});
    // Eve says nothing at all, Bob half of the goal: errors 0 and 0.25
    static const float words[12] = {0, 0, 0, 0, 0, 0.5f, 0, 0, 0, 1, 0, 0};
    sl_env_step_continuous(env, 0, 1, words, &out);
    near(reward[0], 0.0);
    near(reward[1], -0.25);
    sl_env_destroy(&env);
}

static void caught_in_the_world(void **state) {
    (void)state;
    // the leader and adversary_0 overlap with agent_0, adversary_2 with agent_1
    static const double places[] = {0.1,  0,  -0.1, 0,   0.5, 0.5, 0, -0.6, 0, 0,  0,
                                    -0.5, -5, -5,   0.8, 0,   9,   9, 9,    5, -9, 9};
    step_once("mpe/simple_world_comm_v3", false, places, NULL, (int32_t[6]){0});
    near(reward[0], 3 * 5.0 - 0.1 * 0.1);
    near(reward[2], 3 * 5.0 - 0.1 * sqrt(0.5));
    near(reward[4], -2 * 5.0 - 0.05 * 0.8);
    near(reward[5], -5.0 - 0.05 * hypot(0.8, 0.5));
}

static void world_comm(void **state) {
    (void)state;
    // leader and adversary_0 in forest 0 with agent_0; adversary_1, adversary_2 and agent_1 in the open
    static const double places[] = {0,  0,  0.2, 0,    5, 5, 6, 6, 0,  0.2, 5, 4, /* agents */
                                    -5, -5, 0,   0.24, 9, 9, 0, 0, -9, 9};        /* obstacle, food, forests */
    static const int32_t actions[6] = {3 * 5, 0, 0, 0, 0, 0};
    step_once("mpe/simple_world_comm_v3", false, places, NULL, actions);
    // no overlap of teams; nearest good agents: 0.2, sqrt(0.08), 1, sqrt(1 + 4)
    near(reward[0], -0.1 * 0.2);
    near(reward[1], -0.1 * sqrt(0.08));
    near(reward[2], -0.1);
    near(reward[3], -0.1 * sqrt(5.0));
    // agent_0 is 0.04 from food (radius 0.045 + 0.03): +2; agent_1 pays for both coordinates, 20 each
    near(reward[4], 2.0 - 0.05 * 0.04);
    near(reward[5], -2.0 * (10.0 + 10.0) - 0.05 * hypot(5.0, 3.76));
    // others begin at 14: the leader sees all; adversary_0 sees whom it shares the forest with only
    const float *leader = obs, *inside = obs + 34, *open = obs + 2 * 34;
    assert_true(leader[14] == 0.2f && leader[16] == 5.0f && leader[22] == 5.0f);
    assert_true(inside[14] == -0.2f && inside[16] == 0.0f && inside[18] == 0.0f && inside[22] == 0.0f);
    assert_true(inside[20] == -0.2f && inside[21] == 0.2f);
    assert_true(open[14] == 0.0f && open[18] == 1.0f && open[20] == 0.0f && open[23] == -1.0f);
    // in forest 0, not in forest 1; the leader's word 3 is heard
    assert_true(inside[28] == 1.0f && inside[29] == -1.0f && open[28] == -1.0f);
    for (int k = 0; k < 4; k++) assert_true(inside[30 + k] == (k == 3 ? 1.0f : 0.0f));
}

// every permutation of a few small matrices
static double best_total(int n, const double *cost, int row, unsigned used) {
    double best = row == n ? 0.0 : INFINITY;
    for (int c = 0; c < n && row < n; c++) {
        if (used >> c & 1u) continue;
        double total = cost[row * n + c] + best_total(n, cost, row + 1, used | 1u << c);
        if (total < best) best = total;
    }
    return best;
}

static void assignments_are_optimal(void **state) {
    (void)state;
    sl_rng stream = sl_rng_seed(4);
    for (int round = 0; round < 300; round++) {
        int n = 1 + (int)sl_rng_below(&stream, 6);
        double plan[128], *cost = sl_mpe_plan_costs(plan), total = 0.0;
        assert_true(sl_mpe_plan_bytes(n) <= sizeof plan);
        unsigned used = 0;
        for (int k = 0; k < n * n; k++) cost[k] = round % 2 ? sl_rng_uniform(&stream) : sl_rng_below(&stream, 4);
        const int *match = sl_mpe_assign(n, plan);
        for (int i = 0; i < n; i++) {
            assert_in_range(match[i], 0, n - 1);
            used |= 1u << match[i];
            total += cost[i * n + match[i]];
        }
        assert_int_equal(used, (1u << n) - 1u);
        near(total, best_total(n, cost, 0, 0));
    }
}

// the summed return of heuristic play from 64 random starts
static double heuristic_return(const char *name) {
    enum { V = 64 };
    static float all_obs[V * 22];
    static double all_reward[V * 2];
    static int32_t actions[V * 2];
    sl_env_out all = {.obs = all_obs, .reward = all_reward};
    sl_env_options options = sl_env_default_options();
    sl_rng stream = sl_rng_seed(5);
    sl_env *env = NULL;
    assert_int_equal(sl_env_create(name, &options, V, &stream, &env), SL_OK);
    int N = sl_env_get_spec(env)->n_agents;
    double sum = 0.0;
    sl_env_reset(env, 0, V, NULL, &all);
    for (int t = 0; t < 25; t++) {
        sl_env_heuristic(env, 0, V, actions);
        sl_env_step(env, 0, V, actions, &all);
        for (int k = 0; k < V * N; k++) sum += all_reward[k];
    }
    sl_env_destroy(&env);
    return sum / V;
}

static void heuristics_go_where_they_should(void **state) {
    (void)state;
    double alone = heuristic_return("mpe/simple_v3"), guided = heuristic_return("mpe/simple_speaker_listener_v4");
    print_message("simple %.2f, speaker_listener %.2f\n", alone, guided);
    // random play: -39.8 and -79.7
    assert_true(alone > -9.0 && alone < -5.0);
    assert_true(guided > -18.0 && guided < -10.0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simple),
        cmocka_unit_test(speaker_listener),
        cmocka_unit_test(adversary),
        cmocka_unit_test(tag),
        cmocka_unit_test(top_speed),
        cmocka_unit_test(push),
        cmocka_unit_test(reference),
        cmocka_unit_test(crypto),
        cmocka_unit_test(silence_is_no_guess),
        cmocka_unit_test(world_comm),
        cmocka_unit_test(caught_in_the_world),
        cmocka_unit_test(assignments_are_optimal),
        cmocka_unit_test(heuristics_go_where_they_should),
    };
    return cmocka_run_group_tests_name("scenarios", tests, NULL, NULL);
}
