/* test_behaviour.c - behaviour policies are named in the request, and another one is one line: the table here stands
 * in the library's place and has a third. */
#include "coordinator/coordinator.h"
#include "rollout/behaviour.h"
#include "rollout/example.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void choose_last(int R, int A, const float *logits, const uint8_t *avail, sl_rng *rngs, int32_t *actions,
                        float *logp) {
    (void)logits, (void)avail, (void)rngs;
    for (int r = 0; r < R; r++) actions[r] = A - 1;
    for (int i = 0; i < R * A; i++) logp[i] = -0.5f;
}

const sl_behaviour sl_behaviours[] = {
    {"softmax", sl_behaviour_softmax},
    {"greedy", sl_behaviour_greedy},
    {"last", choose_last},
    {0},
};

enum { MAX_PARAMS = 40000, N = 3, A = 5, STEPS = 20 * 18 };

typedef struct world {
    example x;
    sl_temp_folder folder;
    sl_coordinator *coordinator;
    sl_learn_message answer;
} world;

static float params[MAX_PARAMS];

static void open_world(world *w) {
    sl_rng rng = sl_rng_seed(5);
    for (int i = 0; i < MAX_PARAMS; i++) params[i] = (float)sl_rng_between(&rng, -0.4, 0.4);
    example_init(&w->x);
    w->folder = sl_temp_folder_create();
    sl_coordinator_def def = {.experiment = &w->x.e, .run = w->folder.path};
    assert_int_equal(sl_coordinator_create(&def, &w->coordinator), SL_OK);
}

static void close_world(world *w) {
    sl_coordinator_destroy(&w->coordinator);
    sl_temp_folder_remove(&w->folder);
}

static sl_status ask(world *w, sl_learn_kind kind, const char *behaviour) {
    const sl_setup *setup = sl_coordinator_setup(w->coordinator);
    sl_learn_message request = {
        .kind = kind, .value_std = 1, .n_episodes = 10, .seed = 3, .policy = SL_POLICY_TEACHER};
    (void)snprintf(request.behaviour, sizeof request.behaviour, "%s", behaviour);
    sl_learn_add(&request, SL_TENSOR_PARAMS, params, SL_SHAPE((int64_t)sl_net_n_params(&setup->teacher)));
    sl_learn_add(&request, SL_TENSOR_CRITIC, params, SL_SHAPE((int64_t)sl_net_n_params(&setup->critic)));
    return sl_coordinator_handle(w->coordinator, &request, &w->answer);
}

static const void *tensor(const world *w, sl_tensor_role role) {
    const sl_wire_tensor *t = sl_learn_tensor(&w->answer, role);
    assert_non_null(t);
    return t->data;
}

/* One line of the table: the roll-out acts by it, and tells its log-probabilities. */
static void test_a_third_one(void **state) {
    (void)state;
    world w;
    open_world(&w);
    assert_int_equal(ask(&w, SL_LEARN_COLLECT, "last"), SL_OK);
    const int32_t *actions = tensor(&w, SL_TENSOR_ACTION);
    const float *logp = tensor(&w, SL_TENSOR_LOGP);
    for (int i = 0; i < STEPS * N; i++) assert_true(actions[i] == A - 1 && logp[i] == -0.5f);
    close_world(&w);
}

/* Greedy actions are certain; softmax is what it is as a rule, and samples. */
static void test_roll_outs(void **state) {
    (void)state;
    world w;
    static int32_t rule[STEPS * N];
    open_world(&w);
    assert_int_equal(ask(&w, SL_LEARN_COLLECT, ""), SL_OK);
    memcpy(rule, tensor(&w, SL_TENSOR_ACTION), sizeof rule);
    close_world(&w);
    open_world(&w);
    assert_int_equal(ask(&w, SL_LEARN_COLLECT, "softmax"), SL_OK);
    assert_memory_equal(tensor(&w, SL_TENSOR_ACTION), rule, sizeof rule);
    close_world(&w);
    open_world(&w);
    assert_int_equal(ask(&w, SL_LEARN_COLLECT, "greedy"), SL_OK);
    assert_memory_not_equal(tensor(&w, SL_TENSOR_ACTION), rule, sizeof rule);
    const float *logp = tensor(&w, SL_TENSOR_LOGP);
    for (int i = 0; i < STEPS * N; i++) assert_true(logp[i] == 0.0f);
    close_world(&w);
}

static void test_evaluations(void **state) {
    (void)state;
    world w;
    double rule[10 * N];
    open_world(&w);
    assert_int_equal(ask(&w, SL_LEARN_EVALUATE, ""), SL_OK);
    memcpy(rule, tensor(&w, SL_TENSOR_EPISODE_RETURN), sizeof rule);
    assert_int_equal(ask(&w, SL_LEARN_EVALUATE, "greedy"), SL_OK);
    assert_memory_equal(tensor(&w, SL_TENSOR_EPISODE_RETURN), rule, sizeof rule);
    assert_int_equal(ask(&w, SL_LEARN_EVALUATE, "softmax"), SL_OK);
    assert_memory_not_equal(tensor(&w, SL_TENSOR_EPISODE_RETURN), rule, sizeof rule);
    close_world(&w);
}

static void test_an_unknown_one_is_refused(void **state) {
    (void)state;
    world w;
    open_world(&w);
    const sl_learn_kind kinds[] = {SL_LEARN_COLLECT, SL_LEARN_EVALUATE};
    for (int k = 0; k < 2; k++) {
        assert_int_equal(ask(&w, kinds[k], "boltzmann"), SL_MISMATCH);
        assert_string_equal(sl_error_what(), "there is no behaviour policy 'boltzmann'");
        assert_string_equal(sl_error_hint(), "softmax, greedy, last");
    }
    close_world(&w);
}

/* Without a legal action there is but no-op; an illegal one is never taken. */
static void test_greedy_is_legal(void **state) {
    (void)state;
    const float logits[6] = {1, 3, 2, 9, 8, 7};
    const uint8_t avail[6] = {1, 0, 1, 0, 0, 0};
    int32_t actions[2];
    float logp[6];
    sl_behaviour_greedy(2, 3, logits, avail, NULL, actions, logp);
    assert_true(actions[0] == 2 && actions[1] == 0);
    assert_true(logp[2] == 0.0f && logp[1] == -1e10f && logp[3] == 0.0f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_third_one),     cmocka_unit_test(test_roll_outs),
        cmocka_unit_test(test_evaluations),     cmocka_unit_test(test_an_unknown_one_is_refused),
        cmocka_unit_test(test_greedy_is_legal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
