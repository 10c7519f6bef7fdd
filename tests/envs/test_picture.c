/* test_picture.c - what viewers are told of a battle, and what actions are called. (Particles: test_env.c.) */
#include "envs/env.h"
#include "envs/shape_rows.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static sl_env *open_env(const char *name) {
    sl_env *env = NULL;
    sl_env_options options = sl_env_default_options();
    sl_rng stream = sl_rng_seed(5);
    assert_int_equal(sl_env_create(name, &options, 1, &stream, &env), SL_OK);
    sl_env_out out = {0};
    sl_env_reset(env, 0, 1, NULL, &out);
    return env;
}

static void actions_have_words(void **state) {
    (void)state;
    static const struct {
        const char *env;
        int agent, action;
        const char *words;
    } cases[] = {
        {"mpe/simple_spread_v3", 0, 0, "stay"},
        {"mpe/simple_spread_v3", 2, 4, "up"},
        {"mpe/simple_spread_v3", 2, 5, "stay"},
        {"mpe/simple_speaker_listener_v4", 0, 2, "say 2"},
        {"mpe/simple_speaker_listener_v4", 1, 1, "left"},
        {"mpe/simple_reference_v3", 1, 23, "down, say 4"},
        {"combat/3m", 0, 0, "nothing"},
        {"combat/3m", 1, 2, "north"},
        {"combat/3m", 1, 5, "west"},
        {"combat/3m", 2, 8, "attack !2"},
        {"combat/3m", 2, 9, "nothing"},
        {"combat/3m", 2, -7, "nothing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sl_env *env = open_env(cases[i].env);
        char text[SL_NAME_SIZE];
        sl_env_tell_action(env, cases[i].agent, cases[i].action, text);
        assert_string_equal(text, cases[i].words);
        sl_env_destroy(&env);
    }
}

// health of every unit and how many shots go at it, read from the picture
static int read_picture(const sl_env *env, float health[6], int shots[6]) {
    sl_shape shapes[SL_MAX_SHAPES];
    int n = sl_env_draw(env, 0, shapes, SL_MAX_SHAPES), n_alive = 0;
    memset(shots, 0, 6 * sizeof *shots);
    for (int k = 0; k < n; k++) {
        const sl_shape *s = &shapes[k];
        if (s->kind == SL_SHAPE_CIRCLE) health[s->unit] = s->health;
        if (s->kind == SL_SHAPE_CIRCLE) n_alive += s->health > 0.0f;
        if (strcmp(s->label, "shot") != 0) continue;
        assert_true((s->unit < 3) != (s->target < 3));
        shots[s->target]++;
    }
    return n_alive;
}

static void battles_are_drawn(void **state) {
    (void)state;
    sl_env *env = open_env("combat/3m");
    sl_env_out out = {0};
    sl_shape shapes[64];
    assert_int_equal(sl_env_draw(env, 0, shapes, 64), 8 + 6);
    assert_string_equal(shapes[8].label, "marine_0 45");
    assert_string_equal(shapes[13].label, "!marine_2 45");
    assert_true(shapes[13].health == 45.0f && shapes[13].full_health == 45.0f && shapes[13].unit == 5);
    // a marine fires at most once a step, and every shot costs its target 6: the fallen's shots alone are not drawn
    float before[6] = {45, 45, 45, 45, 45, 45}, after[6];
    int shots[6], n_shots = 0, n_alive = 6, n_kills = 0;
    for (int t = 0; t < 15; t++) {
        int32_t actions[3];
        sl_env_heuristic(env, 0, 1, actions);
        sl_env_step(env, 0, 1, actions, &out);
        int n_left = read_picture(env, after, shots);
        for (int u = 0; u < 6 && n_left == n_alive; u++) {
            float cost = 6.0f * (float)shots[u];
            assert_true(before[u] - after[u] == (cost < before[u] ? cost : before[u]));
            n_shots += shots[u];
        }
        n_kills += n_alive - n_left;
        n_alive = n_left;
        memcpy(before, after, sizeof before);
    }
    assert_true(n_shots > 10 && n_kills >= 3);
    // a small buffer is not overrun
    shapes[3].r = 77.0f;
    assert_true(sl_env_draw(env, 0, shapes, 3) > 3);
    assert_true(shapes[3].r == 77.0f);
    const sl_camera *camera = sl_env_get_camera(env);
    assert_true(camera->world.y1 == 32.0f && camera->core.y0 == 7.0f && camera->core.y1 == 25.0f);
    assert_true(camera->core.x0 == 0.0f && camera->core.x1 == 32.0f && camera->step_seconds == 0.5);
    sl_env_destroy(&env);
}

static void shapes_go_over_the_wire(void **state) {
    (void)state;
    sl_shape shapes[SL_MAX_SHAPES], got[SL_MAX_SHAPES];
    static float numbers[SL_MAX_SHAPES * SL_SHAPE_NUMBERS];
    static uint8_t bytes[SL_MAX_SHAPES * SL_SHAPE_BYTES];
    sl_env *env = open_env("combat/3s5z");
    int n = sl_env_draw(env, 0, shapes, SL_MAX_SHAPES);
    sl_shape_rows_write(n, shapes, numbers, bytes);
    assert_int_equal(sl_shape_rows_read(n, numbers, bytes, got), SL_OK);
    for (int k = 0; k < n; k++) {
        const sl_shape *a = &shapes[k], *b = &got[k];
        assert_true(a->kind == b->kind && a->x == b->x && a->y == b->y && a->r == b->r && a->x2 == b->x2);
        assert_true(a->y2 == b->y2 && a->health == b->health && a->full_health == b->full_health);
        assert_true(a->shield == b->shield && a->full_shield == b->full_shield && a->rgba == b->rgba);
        assert_true(a->unit == b->unit && a->target == b->target);
        assert_string_equal(a->label, b->label);
    }
    sl_env_destroy(&env);
    // numbers that no shape has, one at a time
    static const struct {
        int column;
        float number;
    } bad[] = {{0, 2}, {0, 0.5f}, {0, -1}, {1, NAN}, {4, INFINITY}, {6, 1e7f}, {10, -2}, {10, 1024}, {11, 0.25f}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sl_shape_rows_write(n, shapes, numbers, bytes);
        numbers[3 * SL_SHAPE_NUMBERS + bad[i].column] = bad[i].number;
        assert_int_equal(sl_shape_rows_read(n, numbers, bytes, got), SL_CORRUPT);
        assert_non_null(strstr(sl_error_what(), "shape 3"));
    }
    // a label's bytes are printable and end, whatever came
    sl_shape_rows_write(n, shapes, numbers, bytes);
    memset(bytes + 4, 0x1b, SL_NAME_SIZE);
    assert_int_equal(sl_shape_rows_read(n, numbers, bytes, got), SL_OK);
    assert_string_equal(got[0].label, "???????????????????????????????");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(actions_have_words),
        cmocka_unit_test(battles_are_drawn),
        cmocka_unit_test(shapes_go_over_the_wire),
    };
    return cmocka_run_group_tests_name("picture", tests, NULL, NULL);
}
