/* plan.h - what the tests of simulated fleets share: a sweep over seeds, and what came of it. Included after
 * cmocka.h. */
#ifndef SL_TESTS_SIMULATE_PLAN_H
#define SL_TESTS_SIMULATE_PLAN_H

#include "common/log.h"
#include "simulate/sweep.h"
#include "support/temp_folder.h"

static sl_sweep found;

/* seeds first to last into found, with the usual faults */
static inline void sweep_seeds(int n_agents, const char *clock, uint64_t first, uint64_t last, int n_threads) {
    sl_temp_folder folder = sl_temp_folder_create();
    sl_faults faults = sl_faults_default();
    sl_sweep_def def = {
        .simulation = {.n_agents = n_agents, .faults = &faults, .folder = folder.path, .clock = clock},
        .first = first,
        .last = last,
        .n_threads = n_threads};
    sl_log_init("test", SL_LOG_ERROR, false);
    sl_status status = sl_sweep_run(&def, &found);
    sl_temp_folder_remove(&folder);
    assert_int_equal(status, SL_OK);
    assert_true(found.n_seeds == last - first + 1);
}

static inline void expect_whole(void) {
    for (uint64_t i = 0; i < found.n_broken && i < SL_SWEEP_BROKEN; i++)
        print_error("seed %llu broke '%s': %s; starling simulate --seed %llu --trace\n",
                    (unsigned long long)found.broken[i].seed, sl_promise_name(found.broken[i].promise),
                    found.broken[i].text, (unsigned long long)found.broken[i].seed);
    assert_true(found.n_broken == 0);
}

#endif
