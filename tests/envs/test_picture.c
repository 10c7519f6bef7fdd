/* test_picture.c - what viewers are told of a battle, and what actions are called. (Particles: test_env.c.) */
#include "envs/picture.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(actions_have_words),
        cmocka_unit_test(battles_are_drawn),
    };
    return cmocka_run_group_tests_name("picture", tests, NULL, NULL);
}
