/* test_seeds.c - simulated fleets with faults: 200 seeds keep every promise; what comes out depends on the seed
 * alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/alloc.h"
#include "simulate/plan.h"
#include "support/sanitizer.h"

enum { N_SEEDS = SL_UNDER_SANITIZER ? 20 : 200 };

static void seeds_keep_every_promise(void **state) {
    (void)state;
    sweep_seeds(0, NULL, 1, N_SEEDS, 2);
    expect_whole();
    // the faults were there, and so was the fallback
    for (int kind = 0; kind < SL_FAULT_KINDS; kind++) assert_true(found.sum.faults[kind] > 0);
    assert_true(found.sum.answered > 100 * found.sum.missed && found.sum.absent > 0 && found.sum.missed > 0);
    assert_true(found.sum.acknowledged > N_SEEDS && found.sum.episodes >= found.sum.acknowledged);
}

static void each_clock_and_larger_fleets_keep_them(void **state) {
    (void)state;
    sweep_seeds(0, "lockstep", 1, N_SEEDS / 10, 2);
    expect_whole();
    sweep_seeds(0, "virtual", 1, N_SEEDS / 10, 2);
    expect_whole();
    sweep_seeds(0, "realtime", 1, N_SEEDS / 10, 2);
    expect_whole();
    sweep_seeds(24, NULL, 1, N_SEEDS / 20, 2);
    expect_whole();
    sweep_seeds(1, NULL, 1, N_SEEDS / 20, 2);
    expect_whole();
}

static void the_number_of_threads_changes_nothing(void **state) {
    (void)state;
    sweep_seeds(0, NULL, 100, 119, 1);
    sl_simulated one = found.sum;
    sweep_seeds(0, NULL, 100, 119, 3);
    assert_true(found.sum.ticks == one.ticks && found.sum.answered == one.answered);
    assert_true(found.sum.missed == one.missed && found.sum.absent == one.absent);
    assert_memory_equal(found.sum.faults, one.faults, sizeof one.faults);
    assert_true(found.sum.seconds == one.seconds && found.sum.stalest == one.stalest);
}

static size_t trace(uint64_t seed, char *text, size_t size) {
    sl_temp_folder folder = sl_temp_folder_create();
    sl_faults faults = sl_faults_default();
    FILE *file = fopen(sl_temp_folder_file(&folder, "trace"), "w+");
    assert_non_null(file);
    sl_sweep_def def = {.simulation = {.faults = &faults, .folder = folder.path, .trace = file},
                        .first = seed,
                        .last = seed,
                        .n_threads = 1};
    sl_status status = sl_sweep_run(&def, &found);
    rewind(file);
    size_t n = fread(text, 1, size - 1, file);
    (void)fclose(file);
    sl_temp_folder_remove(&folder);
    assert_int_equal(status, SL_OK);
    text[n] = '\0';
    return n;
}

static void a_seed_is_told_the_same_way_twice(void **state) {
    (void)state;
    enum { SIZE = 4 << 20 };
    char *texts = sl_alloc((size_t)2 * SIZE);
    assert_non_null(texts);
    for (uint64_t seed = 1; seed <= 8; seed++) {
        size_t n = trace(seed, texts, SIZE);
        assert_true(n > 1000 && n == trace(seed, texts + SIZE, SIZE));
        assert_memory_equal(texts, texts + SIZE, n);
        assert_non_null(strstr(texts, "coordinator 1 starts"));
        assert_non_null(strstr(texts, "the faults stop"));
    }
    sl_free(texts);
}

static void without_faults_it_measures(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    sl_faults faults = sl_faults_none();
    sl_sweep_def def = {.simulation = {.n_agents = 128, .faults = &faults, .folder = folder.path},
                        .first = 1,
                        .last = 1,
                        .n_threads = 1};
    sl_log_init("test", SL_LOG_ERROR, false);
    assert_int_equal(sl_sweep_run(&def, &found), SL_OK);
    sl_temp_folder_remove(&folder);
    expect_whole();
    assert_true(found.sum.answered == found.sum.ticks * 128 && found.sum.missed + found.sum.absent == 0);
    assert_true(found.sum.episodes >= 10 && found.sum.tick_seconds > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_keep_every_promise),
        cmocka_unit_test(each_clock_and_larger_fleets_keep_them),
        cmocka_unit_test(the_number_of_threads_changes_nothing),
        cmocka_unit_test(a_seed_is_told_the_same_way_twice),
        cmocka_unit_test(without_faults_it_measures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
