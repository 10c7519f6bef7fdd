/* test_critic.c - the rows that the critic reads, by hand, in every kind of critic. */
#include "common/alloc.h"
#include "rollout/critic.h"
#include "rollout/example.h"
#include "support/net_ref.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { V = 21, MAX_ROW = 256 };

typedef struct world {
    example x;
    sl_setup *setup;
    sl_critic *critic;
    float *params, *state, *obs, *value;
    uint8_t alive[V * 3];
} world;

static void open_world(world *w, bool team, bool own) {
    if (!w->x.e.name) example_init_combat(&w->x);
    w->x.e.teacher.ppo.reward = team ? SL_EXP_SUM : SL_EXP_OWN;
    w->x.e.teacher.critic_input = own ? SL_EXP_CRITIC_AGENT : SL_EXP_CRITIC_STATE;
    assert_int_equal(sl_setup_create(&w->x.e, &w->setup), SL_OK);
    assert_int_equal(sl_critic_create(w->setup, V, NULL, &w->critic), SL_OK);
    size_t S = (size_t)w->setup->S, O = (size_t)w->setup->O;
    w->params = example_floats(sl_net_n_params(&w->setup->critic), 1);
    w->state = example_floats(V * S, 2);
    w->obs = example_floats(V * 3 * O, 3);
    w->value = example_floats(V * 3, 4);
    for (int i = 0; i < V * 3; i++) w->alive[i] = i % 4 != 1;
    sl_critic_set(w->critic, w->params);
    sl_critic_scale(w->critic, 5.0, 2.0);
}

static void close_world(world *w) {
    sl_free(w->params);
    sl_free(w->state);
    sl_free(w->obs);
    sl_free(w->value);
    sl_critic_destroy(&w->critic);
    sl_setup_destroy(&w->setup);
}

static void value_all(world *w, const sl_critic_view *view) {
    for (int slice = 0; slice < sl_slices_of(V).n; slice++)
        sl_critic_value(w->critic, slice, SL_FORWARD_STEP, view, w->value);
}

static float value_by_hand(const world *w, const float *row) {
    float out;
    sl_net_forward_ref(&w->setup->critic, w->params, 1, 1, row, NULL, NULL, &out, NULL);
    return 5.0f + 2.0f * out;
}

static void check_rows(bool own) {
    world w = {0};
    open_world(&w, false, own);
    int S = w.setup->S, O = own ? w.setup->O : 0;
    assert_int_equal(w.setup->critic.in_dim, S + O + 3);
    sl_critic_view view = {.state = w.state, .obs = w.obs, .alive = w.alive};
    value_all(&w, &view);
    for (int r = 0; r < V * 3; r++) {
        float row[MAX_ROW] = {0};
        if (w.alive[r]) memcpy(row, w.state + r / 3 * S, (size_t)S * sizeof *row);
        if (w.alive[r]) memcpy(row + S, w.obs + r * O, (size_t)O * sizeof *row);
        row[S + O + r % 3] = 1.0f;
        assert_float_equal(w.value[r], value_by_hand(&w, row), 1e-4);
    }
    close_world(&w);
}

static void test_rows_of_agents(void **state) {
    (void)state;
    check_rows(true);
    check_rows(false);
}

/* One agent is a team of its own: its row is still put together. */
static void test_the_row_of_one_agent(void **state) {
    (void)state;
    world w = {0};
    example_init(&w.x);
    example_make_simple(&w.x);
    open_world(&w, false, true);
    int S = w.setup->S, O = w.setup->O;
    assert_true(w.setup->N == 1 && w.setup->M == 1 && S == O);
    assert_int_equal(w.setup->critic.in_dim, S + O + 1);
    sl_critic_view view = {.state = NULL, .obs = w.obs};
    value_all(&w, &view);
    for (int v = 0; v < V; v++) {
        float row[MAX_ROW] = {0};
        memcpy(row, w.obs + v * O, (size_t)O * sizeof *row);
        memcpy(row + S, w.obs + v * O, (size_t)O * sizeof *row);
        row[S + O] = 1.0f;
        assert_float_equal(w.value[v], value_by_hand(&w, row), 1e-4);
    }
    close_world(&w);
}

static void test_one_row_for_the_team(void **state) {
    (void)state;
    world w = {0};
    open_world(&w, true, false);
    sl_critic_view view = {.state = w.state, .obs = w.obs, .alive = w.alive};
    value_all(&w, &view);
    for (int v = 0; v < V; v++) assert_float_equal(w.value[v], value_by_hand(&w, w.state + v * w.setup->S), 1e-4);
    close_world(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_of_agents),
        cmocka_unit_test(test_the_row_of_one_agent),
        cmocka_unit_test(test_one_row_for_the_team),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
