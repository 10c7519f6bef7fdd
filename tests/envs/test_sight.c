/* test_sight.c - what students of a battle see: the sight limit put onto observations without one must give what the
 * environment with one shows, movement, and hidden legal actions. */
#include "envs/mask.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "envs/field.h"

enum { V = 17, MAX_ROWS = V * 27, MAX_OBS = 285 };

static field *open_side(const char *name, bool full, int copies) {
    sl_env_options options = sl_env_default_options();
    sl_env_at(&options, "full")->yes = full;
    return field_open(name, &options, copies, 3);
}

static sl_mask *make_mask(const sl_mask_def *def, const sl_env_spec *spec, int copies) {
    sl_mask *mask = NULL;
    if (sl_mask_create(def, spec, copies, &mask) != SL_OK) fail_msg("%s", sl_error_what());
    return mask;
}

// all of the steps of both, the same actions; returns how many rows had something out of sight
static int compare_battles(const char *name, int n_steps) {
    field *full = open_side(name, true, V), *limited = open_side(name, false, V);
    sl_mask_def def = {.kind = SL_MASK_NONE, .sight = true};
    sl_mask *mask = make_mask(&def, full->spec, V);
    static float seen[MAX_ROWS * MAX_OBS];
    sl_rng rng = sl_rng_seed(9);
    size_t n = (size_t)(V * full->spec->n_agents * full->spec->obs_dim);
    int hidden = 0;
    assert_false(sl_mask_is_identity(mask));
    for (int t = 0; t < n_steps; t++) {
        sl_mask_apply(mask, 0, V, full->obs, seen);
        assert_memory_equal(seen, limited->obs, n * sizeof *seen);
        hidden += memcmp(seen, full->obs, n * sizeof *seen) != 0;
        field_choose(full, &rng);
        uint8_t ended[V];
        sl_env_step(full->env, 0, V, full->actions, &full->out);
        sl_env_step(limited->env, 0, V, full->actions, &limited->out);
        for (int v = 0; v < V; v++) ended[v] = full->terminated[v] || full->truncated[v];
        sl_env_reset(full->env, 0, V, ended, &full->out);
        sl_env_reset(limited->env, 0, V, ended, &limited->out);
    }
    sl_mask_destroy(&mask);
    field_close(full);
    field_close(limited);
    return hidden;
}

static void the_limit_is_the_environments(void **state) {
    (void)state;
    assert_true(compare_battles("combat/3m", 2000) > 1000);
    assert_true(compare_battles("combat/5m_vs_6m", 500) > 250);
    assert_true(compare_battles("combat/3s5z", 500) > 250);
    assert_true(compare_battles("combat/27m_vs_30m", 50) > 25);
}

// one against one, placed about a circle of the sight range: rounding must not let the two disagree
static void rounding_at_the_limit(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    const char *path = sl_temp_folder_file(&folder, "map.json");
    char name[512];
    int n_seen = 0, n_hidden = 0;
    (void)snprintf(name, sizeof name, "combat/%s", path);
    for (int k = 0; k < 300; k++) {
        double angle = 0.005 * k, x = 5 + 9 * cos(angle), y = 10 + 9 * sin(angle);
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        (void)fprintf(file,
                      "{\"step_limit\": 9, \"width\": 32, \"height\": 32, \"goal\": [5, 10],\n"
                      " \"allies\": [{\"at\": [5, 10], \"units\": {\"marine\": 1}}],\n"
                      " \"enemies\": [{\"at\": [%.17g, %.17g], \"units\": {\"marine\": 1}}]}\n",
                      x, y);
        fclose(file);
        field *full = open_side(name, true, 1), *limited = open_side(name, false, 1);
        sl_mask_def def = {.kind = SL_MASK_NONE, .sight = true};
        sl_mask *mask = make_mask(&def, full->spec, 1);
        float seen[16];
        assert_in_range(full->spec->obs_dim, 8, 16);
        sl_mask_apply(mask, 0, 1, full->obs, seen);
        assert_memory_equal(seen, limited->obs, (size_t)full->spec->obs_dim * sizeof *seen);
        if (seen[5] != 0.0f)
            n_seen++;
        else
            n_hidden++;
        sl_mask_destroy(&mask);
        field_close(full);
        field_close(limited);
    }
    assert_true(n_seen > 50 && n_hidden > 50);
    sl_temp_folder_remove(&folder);
}

// an observation mask that hides how far away a unit is does not show a unit out of sight; in place is the same
static void sight_comes_before_the_features(void **state) {
    (void)state;
    field *full = open_side("combat/3m", true, 1);
    sl_mask_def def = {.kind = SL_MASK_RANDOM, .k_min = 30, .k_max = 30, .sight = true};
    sl_mask *mask = make_mask(&def, full->spec, 1);
    float obs_mask[90], seen[90];
    for (int k = 0; k < 90; k++) obs_mask[k] = k % 5 == 0 ? 0.0f : 1.0f; // feature 1 of every entry
    sl_mask_see(mask, obs_mask, full->obs, seen);
    for (int k = 4; k < 19; k += 5) assert_true(full->obs[k + 1] > 1.0f && full->obs[k + 4] == 1.0f);
    for (int k = 4; k < 19; k++) assert_true(seen[k] == 0.0f);
    for (int k = 19; k < 30; k++) assert_true(seen[k] == (k % 5 == 0 ? 0.0f : full->obs[k]));
    sl_mask_see(mask, obs_mask, full->obs, full->obs);
    assert_memory_equal(full->obs, seen, sizeof seen);
    sl_mask_destroy(&mask);
    field_close(full);
}

static void movement_is_kept_unless_it_is_hidden(void **state) {
    (void)state;
    field *s = open_side("combat/3m", false, 1);
    static const sl_mask_blocks blocks[] = {{{"enemy"}}, {{"ally"}}, {{"move"}}};
    sl_mask_def def = {.kind = SL_MASK_BLOCKS, .n_agents = 3, .blocks = blocks};
    for (int hides = 0; hides < 2; hides++) {
        def.hides_movement = hides;
        sl_mask *mask = make_mask(&def, s->spec, 1);
        const float *obs_mask = sl_mask_get(mask, 0);
        for (int k = 0; k < 30; k++) {
            bool move = k < 4, enemy = k >= 4 && k < 19, ally = k >= 19 && k < 29;
            assert_true(obs_mask[k] == (enemy || (move && !hides) ? 1.0f : 0.0f));
            assert_true(obs_mask[30 + k] == (ally || (move && !hides) ? 1.0f : 0.0f));
            assert_true(obs_mask[60 + k] == (move ? 1.0f : 0.0f));
        }
        sl_mask_destroy(&mask);
    }
    field_close(s);
}

static void hidden_actions_look_legal_to_the_living(void **state) {
    (void)state;
    static const uint8_t living[] = {0, 1, 1, 1, 1, 1, 1, 1, 1}, dead[] = {1, 0, 0, 0, 0, 0, 0, 0, 0};
    field *s = open_side("combat/3m", false, 1);
    sl_mask_def def = {.kind = SL_MASK_NONE, .hides_avail = true};
    sl_mask *mask = make_mask(&def, s->spec, 1);
    uint8_t seen[27];
    assert_true(sl_mask_is_identity(mask));
    memcpy(s->avail + 9, dead, sizeof dead);
    sl_mask_avail(mask, 3, s->avail, seen);
    assert_memory_equal(seen, living, 9);
    assert_memory_equal(seen + 9, dead, 9);
    assert_memory_equal(seen + 18, living, 9);
    assert_int_equal(s->avail[6], 0);
    sl_mask_avail(mask, 3, s->avail, s->avail);
    assert_memory_equal(s->avail, seen, sizeof seen);
    sl_mask_destroy(&mask);
    def.hides_avail = false;
    mask = make_mask(&def, s->spec, 1);
    s->avail[7] = 0;
    sl_mask_avail(mask, 3, s->avail, seen);
    assert_memory_equal(seen, s->avail, sizeof seen);
    sl_mask_destroy(&mask);
    field_close(s);
}

// agents with fewer actions than others are not shown more than they have
static void hidden_actions_are_the_agents_own(void **state) {
    (void)state;
    sl_env_options options = sl_env_default_options();
    sl_rng stream = sl_rng_seed(1);
    sl_env *env = NULL;
    assert_int_equal(sl_env_create("mpe/simple_speaker_listener_v4", &options, 1, &stream, &env), SL_OK);
    sl_mask_def def = {.kind = SL_MASK_NONE, .hides_avail = true};
    sl_mask *mask = make_mask(&def, sl_env_get_spec(env), 1);
    static const uint8_t legal[4][5] = {{1, 1, 0, 0, 0}, {1, 0, 0, 0, 1}, {0, 1, 0, 0, 0}, {0, 0, 0, 1, 0}};
    static const uint8_t shown[4][5] = {{1, 1, 1, 0, 0}, {1, 1, 1, 1, 1}, {0, 1, 1, 0, 0}, {0, 1, 1, 1, 1}};
    uint8_t seen[4][5];
    sl_mask_avail(mask, 4, legal[0], seen[0]);
    assert_memory_equal(seen, shown, sizeof shown);
    sl_mask_destroy(&mask);
    sl_env_destroy(&env);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_limit_is_the_environments),
        cmocka_unit_test(rounding_at_the_limit),
        cmocka_unit_test(sight_comes_before_the_features),
        cmocka_unit_test(movement_is_kept_unless_it_is_hidden),
        cmocka_unit_test(hidden_actions_look_legal_to_the_living),
        cmocka_unit_test(hidden_actions_are_the_agents_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
