/* test_planted.c - known bugs, planted one at a time in fleet, sessions and log (common/plant.h), are found by the
 * simulated fleet's checks, and after how many seeds. Prints the table of docs/simulate.md. */
#include "common/plant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "simulate/plan.h"
#include "support/sanitizer.h"

enum { ENOUGH = 1000, SOUND = SL_UNDER_SANITIZER ? 8 : 40 };

static const char *planted; // set while no seed runs

bool sl_plant_is(const char *name) {
    return planted && strcmp(planted, name) == 0;
}

/* faults: of those that show in few seeds, more often than usual what brings them about; NULL = the usual ones */
static const struct {
    const char *name, *what, *faults, *clock; /* clock NULL: lockstep or virtual */
} bugs[] = {
    {"old_incarnation", "what a slot's earlier agent says counts", NULL, NULL},
    {"any_session", "the coordinator heeds another session's messages", NULL, NULL},
    {"slot_given_twice", "a slot is given away while its agent is there", NULL, NULL},
    {"lease_kept", "the slot of one that never became ready is never free again", NULL, NULL},
    {"dead_kept", "a slot whose agent is dead is never free again", NULL, NULL},
    {"any_goodbye", "anybody's goodbye frees a slot", NULL, NULL},
    {"any_key", "a slot is not bound to its agent's key", NULL, NULL},
    {"no_key", "a key that is not allowed may join", NULL, NULL},
    {"replay_applied", "an answer to an earlier observation is applied", NULL, NULL},
    {"any_tick", "an answer for another tick is applied", NULL, NULL},
    {"old_action", "the last tick's action is applied again", NULL, NULL},
    {"sequence_restarts", "a slot's sequence begins anew",
     "seconds: 40\nstranger: 40\npartition: 1\nagent_crash: 0\nagent_leave: 0\nhost_loss: 0\n"
     "coordinator_crash: 0\nagent_pause: 0\ntwin: 0",
     NULL},
    {"no_replay", "a successor is not shown the episode so far", NULL, NULL},
    {"other_fallback", "the fallback repeats an action instead of doing nothing", NULL, NULL},
    {"no_patience", "nobody waits for a successor", NULL, NULL},
    {"endless_patience", "a tick waits for a successor without end",
     "seconds: 60\nrestart_ms: 60000\nagent_crash: 1\nstranger: 0\ntwin: 0\ncoordinator_crash: 0", NULL},
    {"decides_twice", "an agent decides a repeated observation once more", NULL, NULL},
    {"any_session_to_agent", "an agent heeds another session's messages", NULL, NULL},
    {"any_run_to_agent", "an agent heeds messages to its earlier incarnation", NULL, NULL},
    {"realtime_replay", "in real time an answer is applied once more", NULL, "realtime"},
    {"last_record_cut", "the log's last whole record is taken for torn", NULL, NULL},
};
enum { N_BUGS = sizeof bugs / sizeof *bugs };

static void without_a_bug_nothing_is_found(void **state) {
    (void)state;
    planted = NULL;
    sweep_seeds(0, NULL, 1, SOUND, 2);
    expect_whole();
}

/* the first broken seed ends it */
static sl_status look(void *context, const sl_sweep *so_far) {
    (void)context;
    found = *so_far;
    return found.n_broken > 0 ? SL_CHECK : SL_OK;
}

/* its number; 0: not among the first ENOUGH */
static uint64_t find(const char *name, const char *text, const char *clock) {
    sl_temp_folder folder = sl_temp_folder_create();
    sl_faults faults = sl_faults_default();
    if (text) assert_int_equal(sl_faults_parse(name, text, strlen(text), &faults), SL_OK);
    sl_sweep_def def = {.simulation = {.faults = &faults, .folder = folder.path, .clock = clock},
                        .first = 1,
                        .last = ENOUGH,
                        .n_threads = 1,
                        .progress = look};
    planted = name;
    sl_status status = sl_sweep_run(&def, &found);
    planted = NULL;
    sl_temp_folder_remove(&folder);
    assert_true(status == SL_OK || status == SL_CHECK);
    return found.n_broken > 0 ? found.broken[0].seed : 0;
}

static void each_bug_is_found(void **state) {
    (void)state;
    int n_missed = 0;
    printf("| bug | what it does | seeds | promise that breaks |\n|---|---|---|---|\n");
    for (int i = 0; i < N_BUGS; i++) {
        uint64_t seed = find(bugs[i].name, bugs[i].faults, bugs[i].clock);
        n_missed += seed == 0;
        printf("| `%s` | %s | %llu | %s |\n", bugs[i].name, bugs[i].what, (unsigned long long)seed,
               seed ? sl_promise_name(found.broken[0].promise) : "none");
        (void)fflush(stdout);
    }
    assert_int_equal(n_missed, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_bug_nothing_is_found),
        cmocka_unit_test(each_bug_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
