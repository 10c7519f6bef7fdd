/* test_watcher.c - pictures of a flight: shown when they are pictures, dropped when not, whoever sent them. */
#include "starling/view/watcher.h"

#include "common/log.h"
#include "envs/shape_rows.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { N = 3, SHAPES = 6 };

static float numbers[(SL_MAX_SHAPES + 1) * SL_SHAPE_NUMBERS];
static uint8_t labels[(SL_MAX_SHAPES + 1) * SL_SHAPE_BYTES];
static const double returns[2 * N] = {-1, -2, -3, 0, 0, 0};
static const int32_t actions[N] = {1, -7, 1000000}, steps[2] = {4, -1};

/* What may be wrong with a picture: the number of its shapes, of columns, of agents; a part that is missing. */
typedef struct flaw {
    int64_t n_shapes, columns, n_agents;
    bool no_labels, no_returns, no_step, bad_step;
} flaw;

static sl_learn_message picture(const flaw *f) {
    sl_learn_message m = {.kind = SL_LEARN_PROGRESS, .done = 1, .total = 5};
    sl_learn_add(&m, SL_TENSOR_SHAPES, numbers, SL_SHAPE(f->n_shapes, SL_SHAPE_NUMBERS));
    m.tensors[0].dims[1] = f->columns;
    if (!f->no_labels) sl_learn_add(&m, SL_TENSOR_LABELS, labels, SL_SHAPE(f->n_shapes, SL_SHAPE_BYTES));
    if (!f->no_returns) {
        sl_learn_add(&m, SL_TENSOR_EPISODE_RETURN, returns, SL_SHAPE(1, f->n_agents));
    }
    if (!f->no_step) sl_learn_add(&m, SL_TENSOR_EPISODE_LENGTH, &steps[f->bad_step], SL_SHAPE(1));
    sl_learn_add(&m, SL_TENSOR_ACTION, actions, SL_SHAPE(f->n_agents));
    return m;
}

static void test_takes_pictures_only(void **state) {
    (void)state;
    sl_run *run = NULL;
    sl_watcher *watcher = NULL;
    assert_int_equal(sl_run_open(SL_SOURCE_DIR "/models/mpe/spread", &run), SL_OK);
    assert_int_equal(sl_watcher_open(run, &watcher), SL_OK);
    // a tenth of a second a step, at twice the speed
    assert_int_equal(sl_watcher_step_us(watcher, 2), 50000);
    assert_int_equal(sl_watcher_step_us(watcher, 1e9), 1);
    sl_shape shapes[SHAPES];
    sl_env *env = NULL;
    assert_int_equal(sl_setup_env(run->setup, 1, &run->setup->root, &env), SL_OK);
    assert_int_equal(sl_env_draw(env, 0, shapes, SHAPES), SHAPES);
    sl_env_destroy(&env);
    sl_shape_rows_write(SHAPES, shapes, numbers, labels);
    const flaw good = {SHAPES, SL_SHAPE_NUMBERS, N, false, false, false, false};
    sl_learn_message m = picture(&good);
    sl_watcher_take(watcher, &m);
    assert_int_equal(sl_watcher_shown(watcher), 1);
    const flaw bad[] = {
        {SHAPES, SL_SHAPE_NUMBERS - 1, N, false, false, false, false},
        {SL_MAX_SHAPES + 1, SL_SHAPE_NUMBERS, N, false, false, false, false},
        {SHAPES, SL_SHAPE_NUMBERS, N - 1, false, false, false, false},
        {SHAPES, SL_SHAPE_NUMBERS, N, true, false, false, false},
        {SHAPES, SL_SHAPE_NUMBERS, N, false, true, false, false},
        {SHAPES, SL_SHAPE_NUMBERS, N, false, false, true, false},
        {SHAPES, SL_SHAPE_NUMBERS, N, false, false, false, true},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        m = picture(&bad[i]);
        sl_watcher_take(watcher, &m);
        assert_int_equal(sl_watcher_shown(watcher), 1);
    }
    numbers[2 * SL_SHAPE_NUMBERS + 1] = NAN;
    m = picture(&good);
    sl_watcher_take(watcher, &m);
    assert_int_equal(sl_watcher_shown(watcher), 1);
    m.n_tensors = 0;
    sl_watcher_take(watcher, &m);
    assert_int_equal(sl_watcher_shown(watcher), 1);
    sl_watcher_close(&watcher);
    assert_null(watcher);
    sl_run_close(&run);
}

int main(void) {
    sl_log_init("test", SL_LOG_ERROR, false);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_takes_pictures_only)};
    return cmocka_run_group_tests_name("watcher", tests, NULL, NULL);
}
