/* test_bench_fleet.c - starling bench fleet: what it refuses, and that it measures every fleet over the same
 * episodes, for one number of agents or several. */
#include "starling/runner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static void test_bench_fleet_refusals(void **state) {
    (void)state;
    expect_error("bench fleet --sizes 16,,32", 2, "--sizes cannot be '16,,32'");
    expect_hint("such as 16,16,32");
    expect_error("bench fleet --sizes 16x16x32", 2, "--sizes cannot be '16x16x32'");
    expect_error("bench fleet --sizes 16,-16,32", 2, "--sizes cannot be '16,-16,32'");
    expect_error("bench fleet --sizes 16,16,32,", 2, "--sizes cannot be '16,16,32,'");
    expect_error("bench fleet --sizes 99999999999999999999", 2, "--sizes cannot be '99999999999999999999'");
    expect_error("bench fleet --sizes 16,24,32", 2, "there is no agent of 24 units");
    expect_hint("agents are built for 16, 32");
    expect_error("bench fleet --against 24", 2, "there is no agent of 24 units");
    expect_hint("agents are built for 16, 32");
    expect_error("bench fleet --sizes 16,32", 2, "--sizes names 2 agents, mpe/simple_spread_v3 has 3");
    expect_hint("one size for all agents");
    expect_error("bench fleet --agents 2 --sizes 16,16,32", 2, "--sizes names 3 agents");
    expect_error("bench fleet --env combat/3m --agents 2", 3, "has no option n_agents");
    expect_error("bench fleet --env mpe/simple_spred_v3", 3, "unknown environment 'mpe/simple_spred_v3'");
    expect_error("bench fleet --agents 3,,8", 2, "--agents cannot be '3,,8'");
    expect_hint("such as 3,8,16");
    expect_error("bench fleet --agents 3,0", 2, "--agents cannot be '3,0'");
    expect_error("bench fleet --agents 3,1025", 2, "--agents cannot be '3,1025'");
    expect_error("bench fleet --agents 3,", 2, "--agents cannot be '3,'");
    expect_error("bench fleet --agents 1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8", 2, "--agents cannot be '1,2,3");
    expect_error("bench fleet --rounds 0", 2, "--rounds cannot be '0'");
    expect_error("bench fleet /nonexistent/run", 4, "no run or model folder '/nonexistent/run'");
    expect_error("bench fleet /nonexistent/run --sizes 16", 2, "brings its own environment and students");
}

static double number_at(const json_t *object, const char *key, size_t i) {
    return json_number_value(json_array_get(json_object_get(object, key), i));
}

// the sizes of a fleet's agents, and that each round flew the same episodes
static void expect_fleet(const json_t *object, size_t which, const int hidden[3]) {
    const json_t *fleet = json_array_get(json_object_get(object, "fleets"), which);
    assert_int_equal(json_array_size(json_object_get(fleet, "hidden")), 3);
    for (size_t i = 0; i < 3; i++) assert_int_equal(number_at(fleet, "hidden", i), hidden[i]);
    assert_int_equal(json_array_size(json_object_get(fleet, "rounds_return")), 2);
    assert_true(number_at(fleet, "rounds_steps", 0) > 0);
    assert_true(number_at(fleet, "rounds_steps", 0) == number_at(fleet, "rounds_steps", 1));
    assert_true(number_at(fleet, "rounds_return", 0) == number_at(fleet, "rounds_return", 1));
    const char *const keys[] = {"ms_per_step", "p50_ms", "p99_ms", "steps_per_second", "agent_p50_us", "bytes"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        assert_true(json_number_value(json_object_get(fleet, keys[i])) > 0);
}

static double flops_of(const json_t *object, size_t which) {
    const json_t *fleet = json_array_get(json_object_get(object, "fleets"), which);
    return json_number_value(json_object_get(fleet, "flops_per_decision"));
}

static json_t *bench_fleet(const char *words) {
    char line[512];
    (void)snprintf(line, sizeof line, "bench fleet %s --rounds 2 --seconds 0.1 --json", words);
    assert_int_equal(run("", line), 0);
    json_error_t error;
    json_t *object = json_loads(output, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(object)) fail_msg("%s: not one JSON object: %s", words, output);
    return object;
}

static void test_bench_fleet(void **state) {
    (void)state;
    json_t *object = bench_fleet("--env combat/3m --sizes 16,16,32 --against 128");
    expect_fleet(object, 0, (const int[]){16, 16, 32});
    expect_fleet(object, 1, (const int[]){128, 128, 128});
    assert_true(flops_of(object, 1) > 20 * flops_of(object, 0));
    assert_true(json_number_value(json_object_get(json_object_get(object, "ms_ratio"), "median")) > 0);
    assert_true(json_number_value(json_object_get(json_object_get(object, "of_barrier"), "median")) > 0);
    json_decref(object);
    // a folder's own students
    object = bench_fleet(SL_SOURCE_DIR "/models/mpe/spread");
    expect_fleet(object, 0, (const int[]){16, 16, 32});
    assert_int_equal(json_array_size(json_object_get(object, "fleets")), 1);
    assert_null(json_object_get(object, "ms_ratio"));
    json_decref(object);
    assert_int_equal(
        run("2>&1", "bench fleet " SL_SOURCE_DIR "/models/mpe/spread --against 32 --rounds 1 --seconds 0.1"), 0);
    assert_non_null(strstr(output, "\n16,16,32 "));
    assert_non_null(strstr(output, "\nagents of 32 take "));
}

static void test_several_counts(void **state) {
    (void)state;
    json_t *object = bench_fleet("--agents 3,2");
    const json_t *counts = json_object_get(object, "counts");
    assert_int_equal(json_array_size(counts), 2);
    for (size_t i = 0; i < 2; i++) {
        const json_t *one = json_array_get(counts, i), *ratio = json_object_get(one, "of_barrier");
        assert_int_equal(json_integer_value(json_object_get(one, "n_agents")), 3 - (int)i);
        assert_true(json_number_value(json_object_get(ratio, "median")) > 0);
    }
    expect_fleet(json_array_get(counts, 0), 0, (const int[]){16, 16, 16});
    json_decref(object);
    assert_int_equal(run("2>&1", "bench fleet --agents 2,3 --keys --rounds 1 --seconds 0.2"), 0);
    const char *rows[] = {"\n16              2 ", "\n16              3 ", "\n16 + keys       2 ",
                          "\n16 + keys       3 "};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (!strstr(output, rows[i])) fail_msg("no row '%s' in:\n%s", rows[i] + 1, output);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bench_fleet_refusals),
        cmocka_unit_test(test_bench_fleet),
        cmocka_unit_test(test_several_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
