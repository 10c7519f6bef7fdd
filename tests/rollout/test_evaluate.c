/* test_evaluate.c - evaluations of policies that need no file: known returns, and no dependence on threads or on how
 * many episodes are asked for. */
#include "common/alloc.h"
#include "nn/dist.h"
#include "rollout/evaluate.h"
#include "rollout/example_fight.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { E = 1000, N = 3 };

static void evaluate(example *x, sl_policy_kind policy, const float *params, int n_threads, int n, uint64_t seed,
                     double *returns) {
    sl_setup *setup = NULL;
    sl_pool *pool = NULL;
    sl_policy_set *set = NULL;
    int32_t length[E];
    assert_int_equal(sl_setup_create(&x->e, &setup), SL_OK);
    assert_int_equal(sl_pool_create(n_threads, &pool), SL_OK);
    if (params) {
        int V = sl_evaluate_width(n);
        sl_policy_set_def def =
            policy == SL_POLICY_TEACHER ? sl_policy_set_teacher_def(setup, V) : sl_policy_set_students_def(setup, V);
        assert_int_equal(sl_policy_set_create(&def, &set), SL_OK);
        memcpy(sl_policy_set_params(set), params, sl_policy_set_n_params(set) * sizeof *params);
    }
    sl_evaluate_def def = {.setup = setup, .pool = pool, .policy = policy, .set = set, .n_episodes = n, .seed = seed};
    assert_int_equal(sl_evaluate_run(&def, &(sl_episodes){returns, length, NULL}), SL_OK);
    for (int e = 0; e < n; e++) assert_int_equal(length[e], 25);
    sl_policy_set_destroy(&set);
    sl_pool_destroy(&pool);
    sl_setup_destroy(&setup);
}

static double mean_sum(const double *returns, int n) {
    double sum = 0;
    for (int i = 0; i < n * N; i++) sum += returns[i];
    return sum / n;
}

static void test_random_and_heuristic_on_spread(void **state) {
    (void)state;
    example x;
    static double returns[E * N], again[E * N];
    example_init(&x);
    evaluate(&x, SL_POLICY_RANDOM, NULL, 2, E, 1, returns);
    // -77.6 of the sum over agents is known; one episode's deviation is about 21
    assert_true(fabs(mean_sum(returns, E) + 77.6) < 3);
    evaluate(&x, SL_POLICY_RANDOM, NULL, 1, E, 1, again);
    assert_memory_equal(returns, again, sizeof returns);
    evaluate(&x, SL_POLICY_RANDOM, NULL, 1, E, 2, again);
    assert_memory_not_equal(returns, again, sizeof returns);
    evaluate(&x, SL_POLICY_HEURISTIC, NULL, 2, E, 1, returns);
    assert_true(fabs(mean_sum(returns, E) + 22.8) < 2);
}

/* Episode e is the same episode whether 1, 7 or 100 are asked for, masks and recurrent states included. */
static void test_episodes_stand_alone(void **state) {
    (void)state;
    static float params[40000];
    static double many[100 * N], few[100 * N];
    sl_rng rng = sl_rng_seed(5);
    for (int i = 0; i < 40000; i++) params[i] = (float)sl_rng_between(&rng, -0.5, 0.5);
    for (int recurrent = 0; recurrent < 2; recurrent++) {
        for (int k = 0; k < 2; k++) {
            sl_policy_kind policy = k ? SL_POLICY_STUDENTS : SL_POLICY_TEACHER;
            example x;
            example_init(&x);
            if (recurrent) example_make_recurrent(&x);
            evaluate(&x, policy, params, 2, 100, 9, many);
            evaluate(&x, policy, params, 1, 7, 9, few);
            assert_memory_equal(many, few, 7 * N * sizeof(double));
            evaluate(&x, policy, params, 1, 1, 9, few);
            assert_memory_equal(many, few, N * sizeof(double));
            // other actions give other returns: the networks do act
            evaluate(&x, SL_POLICY_RANDOM, NULL, 1, 1, 9, few);
            assert_memory_not_equal(many, few, N * sizeof(double));
        }
    }
}

enum { BATTLES = 200, FEW = 7, MAX_FIGHT_ACTIONS = 9 };

/* What episodes came to when one copy is stepped by hand. */
typedef struct tally {
    double returns[BATTLES * N];
    int32_t length[BATTLES];
    uint8_t won[BATTLES + 1]; /* one more, which nobody may write */
} tally;

static void choose_legal(sl_rng *stream, int A, const uint8_t *avail, int32_t *actions) {
    for (int i = 0; i < N; i++) {
        int n = 0, list[MAX_FIGHT_ACTIONS];
        for (int a = 0; a < A; a++)
            if (avail[i * A + a]) list[n++] = a;
        actions[i] = list[sl_rng_below(stream, (uint32_t)n)];
    }
}

static void play_by_hand(const sl_setup *setup, bool random, uint64_t seed, tally *out) {
    sl_env *env = NULL;
    uint8_t avail[N * MAX_FIGHT_ACTIONS], terminated = 0, truncated = 0, won = 0;
    double reward[N];
    int32_t actions[N];
    sl_env_out step = {
        .avail = avail, .reward = reward, .terminated = &terminated, .truncated = &truncated, .won = &won};
    assert_int_equal(sl_setup_env(setup, 1, &setup->root, &env), SL_OK);
    assert_in_range(setup->A, 1, MAX_FIGHT_ACTIONS);
    memset(out, 0, sizeof *out);
    for (int e = 0; e < BATTLES; e++) {
        sl_rng root = sl_rng_seed(seed), stream = sl_rng_split(&root, (uint64_t)e);
        sl_rng choices = sl_rng_split_name(&stream, "action");
        sl_env_seed(env, 0, &stream);
        sl_env_reset(env, 0, 1, NULL, &step);
        for (bool over = false; !over; out->length[e]++) {
            if (random)
                choose_legal(&choices, setup->A, avail, actions);
            else
                sl_env_heuristic(env, 0, 1, actions);
            sl_env_step(env, 0, 1, actions, &step);
            for (int i = 0; i < N; i++) out->returns[e * N + i] += reward[i];
            over = terminated || truncated;
        }
        out->won[e] = won;
    }
    sl_env_destroy(&env);
}

// evaluates 200 battles, and a few of them, on two threads; both are what playing by hand gives. Returns the wins
static int check_battles(example *x, sl_policy_kind policy) {
    static tally by_hand, evaluated;
    sl_setup *setup = NULL;
    sl_pool *pool = NULL;
    assert_int_equal(sl_setup_create(&x->e, &setup), SL_OK);
    assert_int_equal(sl_pool_create(2, &pool), SL_OK);
    play_by_hand(setup, policy == SL_POLICY_RANDOM, 3, &by_hand);
    int n_won = 0;
    for (int k = 0; k < 2; k++) {
        int n = k ? FEW : BATTLES;
        sl_evaluate_def def = {.setup = setup, .pool = pool, .policy = policy, .n_episodes = n, .seed = 3};
        memset(&evaluated, 0xff, sizeof evaluated);
        assert_int_equal(sl_evaluate_run(&def, &(sl_episodes){evaluated.returns, evaluated.length, evaluated.won}),
                         SL_OK);
        assert_memory_equal(evaluated.returns, by_hand.returns, (size_t)n * N * sizeof(double));
        assert_memory_equal(evaluated.length, by_hand.length, (size_t)n * sizeof(int32_t));
        assert_memory_equal(evaluated.won, by_hand.won, (size_t)n);
        assert_int_equal(evaluated.won[n], 0xff);
    }
    for (int e = 0; e < BATTLES; e++) n_won += by_hand.won[e];
    sl_pool_destroy(&pool);
    sl_setup_destroy(&setup);
    return n_won;
}

/* Whoever attacks the nearest never wins on 3m (as in the reference), where three fight one always, at random often.
 */
static void test_battles_as_by_hand(void **state) {
    (void)state;
    example x;
    example_init(&x);
    memcpy(x.env, "combat/3m", 10);
    sl_env_at(&x.e.env.options, "n_agents")->whole = sl_env_at(&x.e.env.options, "max_steps")->whole = 0;
    assert_int_equal(check_battles(&x, SL_POLICY_HEURISTIC), 0);
    assert_int_equal(check_battles(&x, SL_POLICY_RANDOM), 0);
    sl_temp_folder folder = sl_temp_folder_create();
    example_make_fight(&x, &folder);
    assert_int_equal(check_battles(&x, SL_POLICY_HEURISTIC), BATTLES);
    assert_in_range(check_battles(&x, SL_POLICY_RANDOM), 20, BATTLES - 20);
    sl_temp_folder_remove(&folder);
}

enum { SKIRMISHES = 20 };

/* Students' greedy episodes of 3m with one copy and nothing of the evaluation; hide: they take every attack for
 * legal. */
static void fly_by_hand(const sl_setup *setup, const float *params, bool hide, uint64_t seed, double *returns) {
    sl_env *env = NULL;
    float obs[N * 30], logits[9], h[N][64], scratch[8 * 64];
    uint8_t avail[N * 9], terminated = 0, truncated = 0;
    double reward[N];
    int32_t actions[N];
    sl_env_out out = {
        .obs = obs, .avail = avail, .reward = reward, .terminated = &terminated, .truncated = &truncated};
    assert_int_equal(sl_setup_env(setup, 1, &setup->root, &env), SL_OK);
    memset(returns, 0, SKIRMISHES * N * sizeof *returns);
    for (int e = 0; e < SKIRMISHES; e++) {
        sl_rng root = sl_rng_seed(seed), stream = sl_rng_split(&root, (uint64_t)e);
        sl_env_seed(env, 0, &stream);
        sl_env_reset(env, 0, 1, NULL, &out);
        memset(h, 0, sizeof h);
        for (bool over = false; !over; over = terminated || truncated) {
            const float *own = params;
            for (int i = 0; i < N; i++) {
                uint8_t *legal = avail + 9 * i;
                if (hide && !legal[0]) memset(legal + 1, 1, 8);
                sl_net_decide(&setup->students[i], own, 1, obs + 30 * i, h[i], logits, scratch);
                sl_categorical_argmax(1, 9, logits, legal, &actions[i]);
                own += sl_net_n_params(&setup->students[i]);
            }
            sl_env_step(env, 0, 1, actions, &out);
            for (int i = 0; i < N; i++) returns[e * N + i] += reward[i];
        }
    }
    sl_env_destroy(&env);
}

static void evaluate_students(const example *x, const float *params, double *returns) {
    sl_setup *setup = NULL;
    sl_pool *pool = NULL;
    sl_policy_set *set = NULL;
    int32_t length[SKIRMISHES];
    assert_int_equal(sl_setup_create(&x->e, &setup), SL_OK);
    assert_int_equal(sl_pool_create(2, &pool), SL_OK);
    sl_policy_set_def set_def = sl_policy_set_students_def(setup, SKIRMISHES);
    assert_int_equal(sl_policy_set_create(&set_def, &set), SL_OK);
    memcpy(sl_policy_set_params(set), params, sl_policy_set_n_params(set) * sizeof *params);
    sl_evaluate_def def = {
        .setup = setup, .pool = pool, .policy = SL_POLICY_STUDENTS, .set = set, .n_episodes = SKIRMISHES, .seed = 4};
    assert_int_equal(sl_evaluate_run(&def, &(sl_episodes){returns, length, NULL}), SL_OK);
    sl_policy_set_destroy(&set);
    sl_pool_destroy(&pool);
    sl_setup_destroy(&setup);
}

/* Students who are kept from seeing afar, or from knowing what is legal, play as by hand where that is so; what they
 * are told makes a difference. */
static void test_what_students_are_told(void **state) {
    (void)state;
    static float params[40000];
    double by_hand[2][SKIRMISHES * N], returns[SKIRMISHES * N];
    sl_rng rng = sl_rng_seed(8);
    for (int i = 0; i < 40000; i++) params[i] = (float)sl_rng_between(&rng, -0.5, 0.5);
    example x;
    example_init(&x);
    example_make_recurrent(&x);
    example_make_3m(&x);
    sl_setup *setup = NULL;
    assert_int_equal(sl_setup_create(&x.e, &setup), SL_OK);
    for (int hide = 0; hide < 2; hide++) fly_by_hand(setup, params, hide, 4, by_hand[hide]);
    assert_memory_not_equal(by_hand[0], by_hand[1], sizeof returns);
    sl_setup_destroy(&setup);
    for (int full = 0; full < 2; full++) {
        for (int hide = 0; hide < 2; hide++) {
            sl_env_at(&x.e.env.options, "full")->yes = full;
            x.e.mask.avail_actions = hide ? SL_EXP_HIDDEN : SL_EXP_VISIBLE;
            evaluate_students(&x, params, returns);
            assert_memory_equal(returns, by_hand[hide], sizeof returns);
        }
    }
    x.e.mask.sight = SL_EXP_SIGHT_FULL;
    evaluate_students(&x, params, returns);
    assert_memory_not_equal(returns, by_hand[1], sizeof returns);
}

static sl_status stop_at_once(void *context, int64_t done, int64_t total) {
    int *calls = context;
    assert_in_range(done, 0, total);
    return ++*calls == 3 ? sl_fail(SL_INTERRUPTED, NULL, "interrupted") : SL_OK;
}

static void test_progress_can_stop(void **state) {
    (void)state;
    example x;
    sl_setup *setup = NULL;
    sl_pool *pool = NULL;
    static double returns[E * N];
    static int32_t length[E];
    int calls = 0;
    sl_progress progress = {.report = stop_at_once, .context = &calls};
    example_init(&x);
    assert_int_equal(sl_setup_create(&x.e, &setup), SL_OK);
    assert_int_equal(sl_pool_create(1, &pool), SL_OK);
    sl_evaluate_def def = {
        .setup = setup, .pool = pool, .policy = SL_POLICY_RANDOM, .n_episodes = E, .seed = 1, .progress = &progress};
    assert_int_equal(sl_evaluate_run(&def, &(sl_episodes){returns, length, NULL}), SL_INTERRUPTED);
    assert_int_equal(calls, 3);
    sl_pool_destroy(&pool);
    sl_setup_destroy(&setup);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_and_heuristic_on_spread),
        cmocka_unit_test(test_episodes_stand_alone),
        cmocka_unit_test(test_battles_as_by_hand),
        cmocka_unit_test(test_what_students_are_told),
        cmocka_unit_test(test_progress_can_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
