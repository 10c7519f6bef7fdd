/* test_simulate.c - starling simulate: what it prints and exits with, and what it refuses. */
#include "starling/runner.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void seeds_are_told_and_counted(void **state) {
    (void)state;
    expect_json("simulate --seeds 1..4 --json", 0);
    assert_non_null(strstr(output, "\"seeds\":4,\"broken\":0,\"seeds_per_second\":"));
    assert_non_null(strstr(output, "\"broken_seeds\":[]"));
    assert_int_equal(run("2>/dev/null", "simulate --seeds 7..9 --clock realtime"), 0);
    assert_non_null(strstr(output, "3 seeds, 0 broken, "));
    assert_non_null(strstr(output, " s of virtual time: "));
    assert_int_equal(run("2>/dev/null", "simulate --seed 3"), 0);
    assert_non_null(strstr(output, "1 seed, 0 broken, "));
    assert_int_equal(run("2>/dev/null | tail -2", "simulate --seed 3 --trace"), 0);
    assert_non_null(strstr(output, "tick "));
    assert_non_null(strstr(output, "\nseed 3 kept every promise\n"));
    expect_json("simulate --agents 40 --faults none --json", 0);
    assert_non_null(strstr(output, "\"agents\":40"));
    assert_non_null(strstr(output, "\"ms_per_tick\":"));
}

static void bad_input_is_refused_by_name(void **state) {
    (void)state;
    static const struct {
        const char *words, *line, *hint;
        int code;
    } bad[] = {
        {"simulate --seeds 9..3", "--seeds: 9 is behind 3", "smaller", 2},
        {"simulate --seeds 1..x", "--seeds cannot be '1..x'", "1..200", 2},
        {"simulate --seeds 1", "--seeds cannot be '1'", "1..200", 2},
        {"simulate --seeds -1..3", "--seeds cannot be '-1..3'", "1..200", 2},
        {"simulate --seeds 1..99999999999999999999", "--seeds cannot be", "1..200", 2},
        {"simulate --seeds 1..10000001", "--seeds: at most 10000000 at a time", "parts", 2},
        {"simulate --seeds 1..2 --seed 1", "--seed and --seeds", "one of them", 2},
        {"simulate --trace", "--trace tells one seed", "--seed S --trace", 2},
        {"simulate --seed 1 --trace --json", "--trace and --json", "one of them", 2},
        {"simulate --clock sundial", "--clock cannot be 'sundial'", "lockstep, virtual or realtime", 2},
        {"simulate --agents 0", "--agents", NULL, 2},
        {"simulate --agents 1025", "--agents", NULL, 2},
        {"simulate --faults /nowhere/faults", "/nowhere/faults", NULL, 4},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        expect_error(bad[i].words, bad[i].code, bad[i].line);
        if (bad[i].hint) expect_hint(bad[i].hint);
    }
    sl_temp_folder folder = sl_temp_folder_create();
    char words[512];
    (void)snprintf(words, sizeof words, "simulate --faults %s",
                   sl_temp_folder_write_text(&folder, "faults", "seconds: 3\npause_m: 4\n"));
    expect_error(words, 3, "faults:2: there is no key 'pause_m'");
    expect_hint("did you mean 'pause_ms'?");
    (void)sl_temp_folder_write_text(&folder, "faults", "drop: 1\n");
    expect_error(words, 3, "faults:1: key 'drop' cannot be '1': it is from 0 to 0.9");
    sl_temp_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_are_told_and_counted),
        cmocka_unit_test(bad_input_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
