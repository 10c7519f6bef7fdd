/* test_options.c - what can be chosen about an environment: by name, within bounds, shown in its name. */
#include "envs/env.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void set(sl_env_options *options, const char *name, double value) {
    for (int k = 0; k < sl_env_n_options(); k++) {
        const sl_env_option *option = sl_env_option_at(k);
        if (strcmp(option->name, name) != 0) continue;
        if (option->kind == SL_ENV_BOOL) options->values[k].yes = value != 0;
        if (option->kind == SL_ENV_INT) options->values[k].whole = (int)value;
        if (option->kind == SL_ENV_REAL) options->values[k].real = value;
        return;
    }
    fail_msg("there is no option %s", name);
}

static void options_are_checked(void **state) {
    (void)state;
    static const struct {
        const char *name, *option;
        double value;
        int V;
        const char *what, *hint;
    } cases[] = {
        {"mpe/simple_sprad_v3", NULL, 0, 1, "unknown environment 'mpe/simple_sprad_v3'", "env list"},
        {"mpe/simple_spread_v3", NULL, 0, 0, "0 copies", "1 to"},
        {"mpe/simple_spread_v3", "n_agents", 1025, 1, "n_agents is 1025", "1 to 1024"},
        {"mpe/simple_spread_v3", "n_agents", -1, 1, "n_agents is -1", "1 to 1024"},
        {"mpe/simple_adversary_v3", "n_agents", 1024, 1, "n_agents is 1024", "1 to 1023"},
        {"mpe/simple_tag_v3", "n_agents", 3, 1, "no option n_agents", "leave"},
        {"mpe/simple_spread_v3", "local_ratio", 1.5, 1, "local_ratio is 1.5", "0 to 1"},
        {"mpe/simple_tag_v3", "local_ratio", 0.5, 1, "no option local_ratio", "leave"},
        {"mpe/simple_spread_v3", "clamp_to_map", 1, 1, "no battle", "leave the options of combat out"},
        {"combat/3m", "n_agents", 3, 1, "no option n_agents", "leave it out; another map is another name"},
        {"combat/3m", "local_ratio", 0.5, 1, "no option local_ratio", "leave"},
        {"combat/3m", "continuous", 1, 1, "no option continuous", "leave"},
        {"combat/3m", "spawn_shift", 8.5, 1, "spawn_shift is 8.5", "0 to 8"},
        {"combat/3m", "spawn_shift", -1, 1, "spawn_shift is -1", "0 to 8"},
        {"combat/3m", "spawn_shift", (double)NAN, 1, "spawn_shift is nan", "0 to 8"},
        {"mpe/simple_v3", "spawn_shift", 1, 1, "no battle", "leave"},
        {"combat/4m", NULL, 0, 1, "unknown environment 'combat/4m'", "env list"},
        {"mpe/simple_spread_v3", "max_steps", -5, 1, "max_steps is -5", "default"},
    };
    sl_rng stream = sl_rng_seed(1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sl_env_options options = sl_env_default_options();
        if (cases[i].option) set(&options, cases[i].option, cases[i].value);
        sl_env *env = NULL;
        assert_int_equal(sl_env_create(cases[i].name, &options, cases[i].V, &stream, &env), SL_CONFIG);
        assert_null(env);
        if (!strstr(sl_error_what(), cases[i].what)) fail_msg("case %zu says: %s", i, sl_error_what());
        assert_non_null(sl_error_hint());
        assert_non_null(strstr(sl_error_hint(), cases[i].hint));
    }
    sl_env_options options = sl_env_default_options();
    set(&options, "local_ratio", 0.5);
    set(&options, "legacy_physics", 1);
    sl_env *env = NULL;
    assert_int_equal(sl_env_create("mpe/simple_spread_v3", &options, 1, &stream, &env), SL_CONFIG);
    assert_non_null(strstr(sl_error_what(), "legacy_physics"));
    assert_non_null(strstr(sl_error_hint(), "leave local_ratio out"));
    // a ratio below 0, or none at all, is the environment's own
    options = sl_env_default_options();
    const double own[] = {-0.5, (double)NAN};
    for (int i = 0; i < 2; i++) {
        set(&options, "local_ratio", own[i]);
        assert_int_equal(sl_env_create("combat/3m", &options, 1, &stream, &env), SL_OK);
        sl_env_destroy(&env);
        assert_int_equal(sl_env_create("mpe/simple_spread_v3", &options, 1, &stream, &env), SL_OK);
        assert_string_equal(sl_env_get_spec(env)->name, "mpe/simple_spread_v3");
        sl_env_destroy(&env);
    }
}

static void switches_go_by_name(void **state) {
    (void)state;
    static const char *const names[] = {
        "full", "hold", "no_corpse_attack", "wall_offset_fix", "clamp_to_map", "clear_last_actions"};
    sl_rng stream = sl_rng_seed(1);
    for (int i = 0; i < 6; i++) {
        sl_env_options options = sl_env_default_options();
        assert_int_equal(sl_env_set_switch(&options, names[i]), SL_OK);
        sl_env *env = NULL;
        char name[SL_ENV_NAME_SIZE];
        (void)snprintf(name, sizeof name, "combat/3m[%s]", names[i]);
        assert_int_equal(sl_env_create("combat/3m", &options, 1, &stream, &env), SL_OK);
        assert_string_equal(sl_env_get_spec(env)->name, name);
        sl_env_destroy(&env);
        assert_int_equal(sl_env_create("mpe/simple_v3", &options, 1, &stream, &env), SL_CONFIG);
    }
    sl_env_options options = sl_env_default_options();
    const char *listed[SL_ENV_MAX_OPTIONS];
    for (int i = 0; i < 6; i++) assert_int_equal(sl_env_set_switch(&options, names[i]), SL_OK);
    sl_env_at(&options, "continuous")->yes = sl_env_at(&options, "legacy_physics")->yes = true;
    assert_int_equal(sl_env_list_switches(&options, listed), 8);
    for (int i = 0; i < 8; i++) {
        // each alone, by the word that it is listed with
        sl_env_options one = sl_env_default_options();
        const char *alone[SL_ENV_MAX_OPTIONS] = {NULL};
        assert_int_equal(sl_env_list_switches(&one, alone), 0);
        assert_int_equal(sl_env_set_switch(&one, listed[i]), SL_OK);
        assert_int_equal(sl_env_list_switches(&one, alone), 1);
        assert_string_equal(alone[0], listed[i]);
    }
    // one that takes a number is not listed among those that are on or off
    options = sl_env_default_options();
    assert_int_equal(sl_env_set_switch(&options, "spawn_shift=2.5"), SL_OK);
    assert_true(sl_env_at(&options, "spawn_shift")->real == 2.5 && sl_env_list_switches(&options, listed) == 0);
    static const char *const bad[] = {"spawn_shift", "spawn_shift=", "spawn_shift=4x", "spawn_shift 4",
                                      "spawn_shif=4"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(sl_env_set_switch(&options, bad[i]), SL_CONFIG);
        assert_non_null(strstr(sl_error_hint(), "spawn_shift=X"));
    }
    assert_true(sl_env_at(&options, "spawn_shift")->real == 2.5);
    assert_int_equal(sl_env_set_switch(&options, "ful"), SL_CONFIG);
    assert_non_null(strstr(sl_error_what(), "unknown switch 'ful'"));
    assert_non_null(strstr(sl_error_hint(), "full, hold"));
}

static void options_show_in_the_name(void **state) {
    (void)state;
    sl_rng stream = sl_rng_seed(1);
    sl_env_options options = sl_env_default_options();
    set(&options, "n_agents", 64);
    set(&options, "max_steps", 100);
    set(&options, "local_ratio", 0.25);
    set(&options, "continuous", 1);
    sl_env *env = NULL;
    assert_int_equal(sl_env_create("mpe/simple_spread_v3", &options, 2, &stream, &env), SL_OK);
    const sl_env_spec *spec = sl_env_get_spec(env);
    assert_string_equal(spec->name, "mpe/simple_spread_v3[N=64,max_steps=100,local_ratio=0.25,continuous]");
    assert_int_equal(spec->obs_dim, 384);
    assert_int_equal(spec->max_steps, 100);
    assert_false(spec->has_heuristic);
    sl_env_destroy(&env);
    options = sl_env_default_options();
    set(&options, "n_agents", 2);
    set(&options, "max_steps", 25);
    set(&options, "legacy_physics", 1);
    assert_int_equal(sl_env_create("mpe/simple_adversary_v3", &options, 2, &stream, &env), SL_OK);
    assert_string_equal(sl_env_get_spec(env)->name, "mpe/simple_adversary_v3[legacy_physics]");
    sl_env_destroy(&env);
    options = sl_env_default_options();
    set(&options, "full", 1);
    sl_env_at(&options, "opponent")->text = SL_OPPONENT_HOLD;
    set(&options, "max_steps", 7);
    assert_int_equal(sl_env_create("combat/3m", &options, 2, &stream, &env), SL_OK);
    assert_string_equal(sl_env_get_spec(env)->name, "combat/3m[max_steps=7,full,hold]");
    sl_env_destroy(&env);
    options = sl_env_default_options();
    set(&options, "full", 1);
    set(&options, "spawn_shift", 0.5);
    assert_int_equal(sl_env_create("combat/3m", &options, 2, &stream, &env), SL_OK);
    assert_string_equal(sl_env_get_spec(env)->name, "combat/3m[spawn_shift=0.5,full]");
    sl_env_destroy(&env);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(switches_go_by_name),
        cmocka_unit_test(options_show_in_the_name),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
