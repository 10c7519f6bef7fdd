/* test_runner.c - the loop that everybody plays by: the order of its callbacks, rows that carry over, what is shown
 * under a mask, a copy that rests, and an actor that fails. */
#include "rollout/example.h"
#include "rollout/runner.h"
#include "setup/setup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { V = 18, N = 3, O = 18 };

typedef struct world {
    example x;
    sl_setup *setup;
    sl_env *env;
    sl_mask *masks;
    sl_runner *runner;
    char order[64]; /* a letter a callback of slice 0 */
    float shown[V * N * O], full[V * N * O];
    bool goes_on, fails;
} world;

static void note(world *w, int slice, char letter) {
    size_t n = strlen(w->order);
    if (slice == 0 && n + 1 < sizeof w->order && (n == 0 || w->order[n - 1] != letter)) w->order[n] = letter;
}

static sl_status act(void *context, const sl_step *step) {
    world *w = context;
    note(w, step->slice, 'a');
    if (w->fails) return sl_fail(SL_TIMEOUT, NULL, "nobody acts");
    for (int i = step->begin * N; i < step->end * N; i++) step->actions[i] = 1 + i % 4;
    size_t first = (size_t)step->begin * N * O, n = (size_t)(step->end - step->begin) * N * O * sizeof(float);
    memcpy(w->shown + first, step->seen + first, n);
    memcpy(w->full + first, step->obs + first, n);
    return SL_OK;
}

static void keep(void *context, const sl_step *step) {
    note(context, step->slice, 'k');
    int n = 0;
    for (int v = step->begin; v < step->end; v++) n += step->ended[v] != 0;
    assert_int_equal(n, step->n_ended);
}

static bool next(void *context, int slice, int v) {
    world *w = context;
    (void)v;
    note(w, slice, 'n');
    return w->goes_on;
}

static void open_world(world *w, int T, bool masked) {
    memset(w, 0, sizeof *w);
    example_init(&w->x);
    w->x.e.mask.kind = SL_MASK_RANDOM;
    w->x.e.mask.k_min = w->x.e.mask.k_max = 5;
    w->goes_on = true;
    assert_int_equal(sl_setup_create(&w->x.e, &w->setup), SL_OK);
    assert_int_equal(w->setup->O, O);
    assert_int_equal(sl_setup_env(w->setup, V, &w->setup->root, &w->env), SL_OK);
    assert_int_equal(sl_setup_masks(w->setup, V, &w->masks), SL_OK);
    sl_runner_def def = {.V = V,
                         .T = T,
                         .env = w->env,
                         .masks = masked ? w->masks : NULL,
                         .for_critic = true,
                         .context = w,
                         .act = act,
                         .keep = keep,
                         .next = next};
    assert_int_equal(sl_runner_create(&def, &w->runner), SL_OK);
    for (int v = 0; v < V; v++) {
        sl_streams streams = sl_streams_of_episode(3, v);
        sl_runner_seed(w->runner, v, &streams);
    }
    for (int s = 0; s < sl_runner_slices(w->runner).n; s++) assert_int_equal(sl_runner_reset(w->runner, s), SL_OK);
}

static void close_world(world *w) {
    sl_runner_destroy(&w->runner);
    sl_env_destroy(&w->env);
    sl_mask_destroy(&w->masks);
    sl_setup_destroy(&w->setup);
}

static void step_all(world *w) {
    for (int s = 0; s < sl_runner_slices(w->runner).n; s++) assert_int_equal(sl_runner_step(w->runner, s), SL_OK);
}

static void test_order(void **state) {
    (void)state;
    world w;
    open_world(&w, 0, false);
    for (int t = 0; t < 24; t++) step_all(&w);
    memset(w.order, 0, sizeof w.order);
    // the 25th is the last of all episodes
    for (int t = 0; t < 2; t++) step_all(&w);
    assert_string_equal(w.order, "aknak");
    close_world(&w);
}

/* Rows of T steps hold what rows of one step showed, across the turn of the rows and the episodes. */
static void test_rows_carry_over(void **state) {
    (void)state;
    world one, many;
    open_world(&one, 0, false);
    open_world(&many, 7, false);
    sl_step rows = sl_runner_rows(many.runner);
    for (int t = 0; t < 40; t++) {
        step_all(&one);
        step_all(&many);
        assert_memory_equal(one.full, many.full, sizeof one.full);
        assert_memory_equal(rows.obs + (size_t)(t % 7) * V * N * O, one.full, sizeof one.full);
        // what comes next lies behind it, and is what the single row has become
        assert_memory_equal(rows.obs + (size_t)(t % 7 + 1) * V * N * O, sl_runner_get(one.runner, 0).obs,
                            sizeof one.full);
    }
    close_world(&one);
    close_world(&many);
}

static void test_masks_are_of_the_episode(void **state) {
    (void)state;
    world w;
    open_world(&w, 0, true);
    step_all(&w);
    for (int v = 0; v < V; v++) {
        const float *mask = sl_mask_get(w.masks, v);
        for (int i = 0; i < N * O; i++) assert_true(w.shown[v * N * O + i] == mask[i] * w.full[v * N * O + i]);
    }
    assert_memory_not_equal(w.shown, w.full, sizeof w.full);
    close_world(&w);
}

/* Where nothing follows, the last observation stays; a reset goes on. */
static void test_a_copy_rests(void **state) {
    (void)state;
    world w;
    float last[V * N * O];
    open_world(&w, 0, false);
    w.goes_on = false;
    for (int t = 0; t < 25; t++) step_all(&w);
    sl_step now = sl_runner_get(w.runner, 0);
    assert_true(now.next.truncated[0] && now.next.truncated[V - 1]);
    // an episode begins without a velocity
    for (int i = 0; i < V * N; i++) assert_true(now.obs[i * O] != 0 || now.obs[i * O + 1] != 0);
    memcpy(last, now.obs, sizeof last);
    assert_int_equal(sl_runner_reset(w.runner, 0), SL_OK);
    assert_memory_not_equal(now.obs, last, sizeof(float) * N * O);
    assert_false(now.next.truncated[0]);
    close_world(&w);
}

static void test_who_acts_may_fail(void **state) {
    (void)state;
    world w;
    open_world(&w, 0, false);
    w.fails = true;
    uint64_t before = sl_env_hash(w.env);
    assert_int_equal(sl_runner_step(w.runner, 0), SL_TIMEOUT);
    assert_true(sl_env_hash(w.env) == before);
    assert_string_equal(w.order, "a");
    close_world(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_rows_carry_over),
        cmocka_unit_test(test_masks_are_of_the_episode),
        cmocka_unit_test(test_a_copy_rests),
        cmocka_unit_test(test_who_acts_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
