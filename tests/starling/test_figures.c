/* test_figures.c - starling bench all: medians and gains of numbers on paper, each measure's command and numbers, and
 * what --against takes. */
#include "starling/commands/figures.h"

#include "starling/runner.h"
#include "support/temp_folder.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include <cmocka.h>

static sl_figures_result result(bool less_is_better) {
    static sl_figure figure;
    figure = (sl_figure){"x", "x", "s", less_is_better};
    return (sl_figures_result){.figure = &figure, .n = {4, 3}, .values = {{2, 8, 4, 100}, {1, 2, 16}}};
}

static void gains_are_taken_within_a_round(void **state) {
    (void)state;
    double gain[3];
    sl_figures_result rate = result(false);
    assert_true(sl_figures_median(&rate, 0) == 6 && sl_figures_median(&rate, 1) == 2);
    sl_figures_gain(&rate, gain);
    assert_true(gain[0] == 2 && gain[1] == 0.25 && gain[2] == 4);
    sl_figures_result seconds = result(true);
    sl_figures_gain(&seconds, gain);
    assert_true(gain[0] == 0.5 && gain[1] == 0.25 && gain[2] == 4);
    // without another build there is nothing to compare
    seconds.n[1] = 0;
    sl_figures_gain(&seconds, gain);
    assert_true(isnan(gain[0]) && isnan(gain[1]) && isnan(gain[2]) && isnan(sl_figures_median(&seconds, 1)));
}

static void rows_fit(void **state) {
    (void)state;
    int n = 0, n_figures = 0;
    const sl_measure *all = sl_figures_measures(&n);
    for (int m = 0; m < n; m++) {
        assert_non_null(all[m].words[0]);
        assert_non_null(all[m].figures[0].path);
        for (int f = 0; f < SL_MEASURE_FIGURES && all[m].figures[f].path; f++) n_figures++;
        for (int o = 0; o < m; o++) assert_string_not_equal(all[m].name, all[o].name);
    }
    assert_in_range(n_figures, n, SL_FIGURES_MAX);
}

// two quick measures for real: every number of theirs is found, alone and beside a build, and beside what was printed
static void measures(void **state) {
    (void)state;
    json_t *object, *one;
    size_t i;
    expect_json("bench all --rounds 2 --seconds 0.1 --only inference --json", 0);
    object = json_loads(output, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(object, "figures")), 8);
    assert_true(json_string_length(json_object_get(json_object_get(object, "machine"), "cpu")) > 0);
    json_array_foreach(json_object_get(object, "figures"), i, one) {
        assert_int_equal(json_array_size(json_object_get(one, "rounds")), 2);
        assert_true(json_number_value(json_object_get(one, "median")) > 0);
        assert_null(json_object_get(one, "other_median"));
    }
    json_decref(object);
    assert_int_equal(
        run("> figures.json 2> /dev/null", "bench all --rounds 1 --seconds 0.1 --only 'env combat/3m' --json"), 0);
    expect_json("bench all --rounds 1 --seconds 0.1 --only 'env combat/3m' --against figures.json --json", 0);
    object = json_loads(output, 0, NULL);
    one = json_array_get(json_object_get(object, "figures"), 0);
    assert_int_equal(json_array_size(json_object_get(one, "other_rounds")), 1);
    assert_true(json_number_value(json_object_get(one, "times_better")) > 0);
    json_decref(object);
    assert_int_equal(run("2>&1", "bench all --rounds 1 --seconds 0.1 --only 'env combat/8m' --against figures.json"),
                     0);
    assert_non_null(strstr(output, "--against 'figures.json' has none of these figures"));
}

static void refuses(void **state) {
    (void)state;
    expect_error("bench all --only nonsense", 2, "--only 'nonsense' names no measure");
    expect_error("bench all --only env --against nowhere", 2, "--against 'nowhere' is neither a program nor figures");
    assert_int_equal(run("> empty.json", "links list --json"), 0);
    expect_error("bench all --only env --against empty.json", 2, "--against 'empty.json' is neither a program nor");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gains_are_taken_within_a_round),
        cmocka_unit_test(rows_fit),
        cmocka_unit_test(measures),
        cmocka_unit_test(refuses),
    };
    // what commands write here is gone with it
    sl_temp_folder folder = sl_temp_folder_create();
    if (chdir(folder.path) != 0) return 1;
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    sl_temp_folder_remove(&folder);
    return n_failed;
}
