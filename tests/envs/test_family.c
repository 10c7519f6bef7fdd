/* test_family.c - a new family of environments is a folder and a line of the table (toy/families.c): all that lists,
 * creates, describes and chooses environments knows it then, and nothing else was touched for it. */
#include "common/alloc.h"
#include "envs/bench.h"
#include "envs/family.h"
#include "envs/recording/options.h"
#include "experiment/impl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static sl_env_options stride(int n) {
    sl_env_options options = sl_env_default_options();
    sl_env_at(&options, "stride")->whole = n;
    return options;
}

static sl_env *make(const sl_env_options *options) {
    sl_rng stream = sl_rng_seed(1);
    sl_env *env = NULL;
    if (sl_env_create("toy/line", options, 2, &stream, &env) != SL_OK) fail_msg("%s", sl_error_what());
    return env;
}

static void it_is_listed_and_played(void **state) {
    (void)state;
    int last = sl_env_n_names() - 1;
    assert_string_equal(sl_env_name(last), "toy/line");
    assert_string_equal(sl_env_summary(last), "an agent walks along a line");
    sl_env_options options = stride(3);
    sl_env *env = make(&options);
    assert_string_equal(sl_env_get_spec(env)->name, "toy/line[stride=3]");
    float obs[2];
    double reward[2];
    uint8_t truncated[2] = {0};
    sl_env_out out = {.obs = obs, .reward = reward, .truncated = truncated};
    sl_env_reset(env, 0, 2, NULL, &out);
    for (int t = 0; t < 10; t++) sl_env_step(env, 0, 2, (const int32_t[]){1, 0}, &out);
    assert_true(obs[0] == 30.0f && obs[1] == 0.0f && reward[0] == 30.0 && truncated[0] == 1);
    uint64_t hash = sl_env_hash(env);
    uint8_t *saved = sl_alloc(sl_env_state_bytes(env));
    sl_env_save(env, saved);
    sl_env_reset(env, 0, 2, NULL, &out);
    assert_true(sl_env_hash(env) != hash);
    assert_int_equal(sl_env_load(env, saved, sl_env_state_bytes(env)), SL_OK);
    assert_true(sl_env_hash(env) == hash);
    sl_free(saved);
    sl_env_destroy(&env);
    sl_env_bench_result result;
    assert_int_equal(sl_env_bench("toy/line", &options, 16, 1, 0.0, &result), SL_OK);
    assert_true(result.env_steps >= 16);
}

static void refused(const char *name, const sl_env_options *options, const char *what, const char *hint) {
    sl_rng stream = sl_rng_seed(1);
    sl_env *env = NULL;
    assert_int_equal(sl_env_create(name, options, 1, &stream, &env), SL_CONFIG);
    assert_string_equal(sl_error_what(), what);
    assert_string_equal(sl_error_hint(), hint);
}

static void options_of_other_families_are_refused(void **state) {
    (void)state;
    sl_env_options options = stride(2);
    refused("combat/3m", &options, "combat/3m has no line", "leave the options of toy out");
    refused("mpe/simple_v3", &options, "mpe/simple_v3 has no line", "leave the options of toy out");
    options = sl_env_default_options();
    sl_env_at(&options, "full")->yes = true;
    refused("toy/line", &options, "toy/line has no battle", "leave the options of combat out");
    options = sl_env_default_options();
    sl_env_at(&options, "continuous")->yes = true;
    refused("toy/line", &options, "toy/line has no option continuous", "leave it out");
    sl_env_spec spec;
    assert_int_equal(sl_env_opponent_spec("toy/line", &options, &spec), SL_CONFIG);
    assert_string_equal(sl_error_what(), "toy/line has no opponent");
}

static void switches_and_policies_files_know_its_options(void **state) {
    (void)state;
    sl_env_options options = sl_env_default_options();
    char text[200];
    assert_int_equal(sl_env_set_switch(&options, "icy"), SL_OK);
    sl_env *env = make(&options);
    assert_string_equal(sl_env_get_spec(env)->name, "toy/line[icy]");
    sl_env_destroy(&env);
    sl_env_write_profile(&options, text, sizeof text);
    assert_string_equal(text, "n_agents=0 max_steps=0 local_ratio=-1 continuous=0 legacy_physics=0 icy=1");
    assert_int_equal(sl_env_set_switch(&options, "ice"), SL_CONFIG);
    assert_memory_equal(sl_error_hint(), "stride=X, icy, full, hold, no_corpse_attack", 43);
    assert_int_equal(sl_env_set_switch(&options, "where"), SL_CONFIG);
    // a whole number, in the row's range: that is looked at when the environment is created
    assert_int_equal(sl_env_set_switch(&options, "stride=2.5"), SL_CONFIG);
    assert_int_equal(sl_env_set_switch(&options, "stride=9"), SL_OK);
    env = make(&options);
    assert_string_equal(sl_env_get_spec(env)->name, "toy/line[stride=9,icy]");
    sl_env_destroy(&env);
    assert_int_equal(sl_env_set_switch(&options, "stride=10"), SL_OK);
    sl_rng stream = sl_rng_seed(1);
    assert_int_equal(sl_env_create("toy/line", &options, 1, &stream, &env), SL_CONFIG);
    assert_string_equal(sl_error_what(), "toy/line: stride is 10");
    assert_string_equal(sl_error_hint(), "1 to 9");
}

static void recordings_take_what_a_row_allows(void **state) {
    (void)state;
    sl_recording_lines lines = {.name = "test", .number = 1};
    sl_env_options options = sl_env_default_options();
    json_t *header = json_pack("{s:{s:f}}", "options", "wind", -2.5);
    assert_int_equal(sl_recording_read_options(&lines, header, &options), SL_OK);
    assert_true(sl_env_get(&options, "wind").real == -2.5);
    json_decref(header);
    header = json_pack("{s:{s:f}}", "options", "wind", -5.5);
    assert_int_equal(sl_recording_read_options(&lines, header, &options), SL_CORRUPT);
    assert_non_null(strstr(sl_error_what(), "option wind is not a number from -5 to 5"));
    json_decref(header);
}

static sl_status parse(const char *set, sl_experiment **out) {
    static const char text[] = "env: {name: toy/line, stride: 4}\n";
    return sl_experiment_parse("test.yaml", text, sizeof text - 1, &set, 1, out);
}

static void experiments_have_its_keys(void **state) {
    (void)state;
    sl_experiment *e = NULL;
    char *yaml;
    size_t n_bytes;
    assert_int_equal(parse("env.icy=true", &e), SL_OK);
    assert_true(sl_env_get(&e->env.options, "stride").whole == 4 && sl_env_get(&e->env.options, "icy").yes);
    sl_env *env = make(&e->env.options);
    assert_string_equal(sl_env_get_spec(env)->name, "toy/line[stride=4,icy]");
    sl_env_destroy(&env);
    assert_int_equal(sl_experiment_format(e, &yaml, &n_bytes), SL_OK);
    assert_non_null(strstr(yaml, "  spawn_shift: 0\n  stride: 4\n  icy: true\n  where: here\n  wind: 0\nteacher:"));
    sl_free(yaml);
    sl_experiment_destroy(&e);
    assert_int_equal(parse("env.strid=2", &e), SL_CONFIG);
    assert_string_equal(sl_error_hint(), "did you mean 'env.stride'?");
    assert_int_equal(parse("env.stride=10", &e), SL_CONFIG);
    assert_string_equal(sl_error_what(), "--set: key 'env.stride': 10 is outside [1, 9]");
}

// an option of several families is one key, so that they have to agree on it
static void options_of_one_name_are_the_same(void **state) {
    (void)state;
    for (int f = 0; sl_env_families[f]; f++) {
        for (int k = 0; k < sl_env_families[f]->n_options; k++) {
            const sl_env_option *option = &sl_env_families[f]->options[k], *listed = NULL;
            for (int i = 0; i < sl_env_n_options(); i++) {
                if (strcmp(sl_env_option_at(i)->name, option->name) == 0) listed = sl_env_option_at(i);
            }
            assert_non_null(listed);
            assert_true(listed->kind == option->kind && listed->is_told == option->is_told);
            assert_string_equal(listed->standard, option->standard);
            assert_string_equal(listed->range ? listed->range : "", option->range ? option->range : "");
            assert_non_null(option->help);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_listed_and_played),
        cmocka_unit_test(options_of_other_families_are_refused),
        cmocka_unit_test(switches_and_policies_files_know_its_options),
        cmocka_unit_test(recordings_take_what_a_row_allows),
        cmocka_unit_test(experiments_have_its_keys),
        cmocka_unit_test(options_of_one_name_are_the_same),
    };
    return cmocka_run_group_tests_name("family", tests, NULL, NULL);
}
