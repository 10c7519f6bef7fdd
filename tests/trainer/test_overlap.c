/* test_overlap.c - roll-outs beside learning, and in turns: whatever happens to the programs, and in whichever stage,
 * the end of a run is the same, byte for byte. */
#include "trainer/whole_run.h"

#include "common/log.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

enum { N_FILES = 2 };
static const char *const kd_files[N_FILES] = {"students/agent-1.safetensors", "metrics/distill.csv"};
static const char *const direct_files[N_FILES] = {"students/agent-1.safetensors", "metrics/direct.csv"};
static const plan calm, disturbed = {{2, 14}, {4, 12}, false, false};

static void run_with(const char *set, int lag, const plan *p, char out[N_FILES][65]) {
    world w;
    world_create(&w, p, set);
    w.experiment->teacher.ppo.max_policy_lag = w.experiment->distill.max_policy_lag = lag;
    world_run(&w);
    bool direct = strcmp(set, "method=direct") == 0;
    for (int k = 0; k < N_FILES; k++) world_digest(&w, direct ? direct_files[k] : kd_files[k], out[k]);
    // ten updates of method direct come to fewer checkpoints than the plan has moments
    if (p == &disturbed) assert_int_equal(w.n_replaced + w.n_stopped, direct ? 2 : 4);
    world_destroy(&w);
}

static void every_lag_and_source_ends_the_same(void **state) {
    (void)state;
    static const char *const sets[] = {"distill.source=expert", "distill.source=student", "distill.source=mixed",
                                       "method=direct"};
    for (size_t k = 0; k < sizeof sets / sizeof sets[0]; k++) {
        char whole[2][N_FILES][65], broken[N_FILES][65];
        for (int lag = 0; lag < 2; lag++) {
            run_with(sets[k], lag, &calm, whole[lag]);
            run_with(sets[k], lag, &disturbed, broken);
            for (int i = 0; i < N_FILES; i++) assert_string_equal(broken[i], whole[lag][i]);
        }
        // the parameters of a batch are others, so the end is
        for (int i = 0; i < N_FILES; i++) assert_string_not_equal(whole[0][i], whole[1][i]);
    }
}

// what a lag changes is which parameters play; nobody plays where states are the buffer's
static void a_lag_changes_nothing_in_the_expert_buffer(void **state) {
    (void)state;
    char ends[2][65];
    for (int lag = 0; lag < 2; lag++) {
        world w;
        world_create(&w, &calm, "distill.source=expert");
        w.experiment->distill.max_policy_lag = lag;
        world_run(&w);
        world_digest(&w, kd_files[0], ends[lag]);
        world_destroy(&w);
    }
    assert_string_equal(ends[0], ends[1]);
}

int main(void) {
    sl_log_init("test", SL_LOG_ERROR, false);
    struct sigaction action = {.sa_handler = world_interrupt};
    (void)sigaction(SIGUSR1, &action, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_lag_and_source_ends_the_same),
        cmocka_unit_test(a_lag_changes_nothing_in_the_expert_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
