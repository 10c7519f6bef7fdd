/* test_stages.c - whole small runs: the coordinator is replaced, the trainer is stopped and its newest checkpoint
 * damaged, and the end is the same, byte for byte. */
#include "nn/policy.h"
#include "trainer/stages.h"
#include "trainer/whole_run.h"

#include "common/alloc.h"
#include "common/log.h"
#include "storage/file.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const plan world_calm;

static const char *const kd_files[] = {"teacher.safetensors",          "students/agent-0.safetensors",
                                       "students/agent-1.safetensors", "students/agent-2.safetensors",
                                       "metrics/teacher.csv",          "metrics/distill.csv"};
static char reference[6][65];

static void assert_same_as_reference(const world *w) {
    for (int k = 0; k < 6; k++) {
        char text_of[65];
        world_digest(w, kd_files[k], text_of);
        assert_string_equal(text_of, reference[k]);
    }
}

static char *read_text(const char *path) {
    uint8_t *bytes = NULL;
    size_t n = 0;
    assert_int_equal(sl_file_read(path, 1 << 20, &bytes, &n), SL_OK);
    return (char *)bytes;
}

static void an_undisturbed_run_leaves_its_files(void **state) {
    (void)state;
    world w;
    world_finish(&w, &world_calm, NULL);
    for (int k = 0; k < 6; k++) world_digest(&w, kd_files[k], reference[k]);
    sl_policy teacher = {0}, student = {0};
    assert_int_equal(sl_policy_load(sl_temp_folder_file(&w.folder, "teacher.safetensors"), &teacher), SL_OK);
    assert_true(teacher.has_critic);
    assert_int_equal(teacher.profile.agent, -1);
    assert_int_equal(sl_policy_load(sl_temp_folder_file(&w.folder, "students/agent-2.safetensors"), &student), SL_OK);
    assert_string_equal(student.profile.kind, "student");
    assert_string_equal(student.profile.mask, "random 8-10");
    assert_int_equal(student.def.hidden, 32);
    sl_policy_fini(&teacher);
    sl_policy_fini(&student);
    // what is finished stays as it is
    pthread_t none;
    bool started = true;
    assert_int_equal(world_train(&w, true, &none, &started), SL_OK);
    assert_same_as_reference(&w);
    world_destroy(&w);
}

static void expect_same(const plan *p, int n_disturbed) {
    world w;
    world_finish(&w, p, NULL);
    assert_int_equal(w.n_replaced + w.n_stopped, n_disturbed);
    assert_same_as_reference(&w);
    world_destroy(&w);
}

static void threads_change_nothing(void **state) {
    (void)state;
    static const char *const sets[] = {"threads=1", "threads=2", "threads=4"};
    for (int t = 0; t < 3; t++) {
        world w;
        world_create(&w, &world_calm, sets[t]);
        // several slices of everything
        w.experiment->teacher.ppo.n_envs = 48;
        w.experiment->teacher.ppo.total_steps = 48 * 12 * 3;
        w.experiment->distill.episodes = 64;
        w.experiment->distill.updates = 4;
        world_run(&w);
        for (int k = 0; t == 0 && k < 6; k++) world_digest(&w, kd_files[k], reference[k]);
        assert_same_as_reference(&w);
        world_destroy(&w);
    }
}

static void a_replaced_coordinator_changes_nothing(void **state) {
    (void)state;
    expect_same(&(plan){.replace = {1, 5, 12, 19}}, 4);
}

static void a_stopped_trainer_goes_on_where_it_was(void **state) {
    (void)state;
    expect_same(&(plan){.stop = {3, 9, 16}}, 3);
}

static void all_at_once(void **state) {
    (void)state;
    expect_same(&(plan){{2, 15}, {4, 14}, true, false}, 4);
}

static void strangers_change_nothing(void **state) {
    (void)state;
    world w;
    world_finish(&w, &(plan){.pests = true}, NULL);
    assert_same_as_reference(&w);
    // those of another experiment were told so
    assert_true(atomic_load(&w.n_told) > 0);
    world_destroy(&w);
}

static void students_learn_by_themselves_with_method_direct(void **state) {
    (void)state;
    char first[65] = "", second[65];
    for (int k = 0; k < 2; k++) {
        world w;
        world_finish(&w, &(plan){{k ? 3 : 0}, {k ? 6 : 0}, false, false}, "method=direct");
        world_digest(&w, "students/agent-1.safetensors", second);
        if (k == 0) memcpy(first, second, sizeof first);
        assert_string_equal(second, first);
        assert_int_not_equal(access(sl_temp_folder_file(&w.folder, "teacher.safetensors"), F_OK), 0);
        world_destroy(&w);
    }
}

static void a_teacher_of_another_run_is_taken(void **state) {
    (void)state;
    world giver, taker;
    world_finish(&giver, &world_calm, NULL);
    char from[512];
    (void)snprintf(from, sizeof from, "teacher.from=%s", giver.folder.path);
    world_finish(&taker, &world_calm, from);
    char a[65], b[65];
    world_digest(&giver, "teacher.safetensors", a);
    world_digest(&taker, "teacher.safetensors", b);
    assert_string_equal(a, b);
    world_digest(&taker, "students/agent-1.safetensors", a);
    assert_string_equal(a, reference[2]);
    world_destroy(&giver);
    world_destroy(&taker);
}

static void load_teacher(const world *w, sl_policy *out) {
    *out = (sl_policy){0};
    assert_int_equal(sl_policy_load(sl_temp_folder_file(&w->folder, "teacher.safetensors"), out), SL_OK);
}

static double furthest(size_t n, const float *a, const float *b) {
    double most = 0;
    for (size_t i = 0; i < n; i++) most = fmax(most, fabs((double)a[i] - (double)b[i]));
    return most;
}

/* With steps of no length the teacher that a run ends with is the one that it started from, value statistics and
 * all; with the usual ones it goes on from there, also when it is interrupted. */
static void training_starts_from_a_teacher(void **state) {
    (void)state;
    world giver, taker;
    sl_policy old, new;
    char from[512], digests[2][65];
    world_finish(&giver, &world_calm, NULL);
    load_teacher(&giver, &old);
    size_t n = sl_net_n_params(&old.def), n_critic = sl_net_n_params(&old.critic_def);
    for (int k = 0; k < 4; k++) {
        (void)snprintf(from, sizeof from, "teacher.init=%s%s", giver.folder.path,
                       k % 2 ? "/teacher.safetensors" : "");
        world_create(&taker, &(plan){{k == 3 ? 2 : 0}, {k == 3 ? 4 : 0}, false, false}, k == 1 ? NULL : from);
        // another seed's random weights are somewhere else
        taker.experiment->seed = 5;
        if (k < 2) taker.experiment->teacher.ppo.lr = taker.experiment->teacher.ppo.lr_final = 1e-12;
        world_run(&taker);
        load_teacher(&taker, &new);
        double actor = furthest(n, old.params, new.params),
               critic = furthest(n_critic, old.critic_params, new.critic_params);
        if (k == 0) assert_true(actor < 1e-6 && critic < 1e-6);
        if (k == 1) assert_true(actor > 0.1 && critic > 0.1);
        if (k > 1) assert_true(actor > 1e-4 && critic > 1e-4 && actor < 0.1 && critic < 0.1);
        // ten batches among a thousand hardly move what is expected of the values
        double moved = fabs(new.value_mean - old.value_mean) / old.value_std;
        if (k != 1) assert_true(moved < 0.1 && fabs(new.value_std / old.value_std - 1) < 0.1);
        if (k > 1) world_digest(&taker, "teacher.safetensors", digests[k - 2]);
        sl_policy_fini(&new);
        world_destroy(&taker);
    }
    assert_string_equal(digests[0], digests[1]);
    sl_policy_fini(&old);
    world_destroy(&giver);
}

// runs a trainer that refuses the teacher that it should start from
static void expect_refusal(world *w, sl_status wanted, const char *words) {
    pthread_t coordinator;
    bool started = false;
    assert_int_equal(world_train(w, false, &coordinator, &started), wanted);
    if (!strstr(sl_error_what(), words)) fail_msg("'%s' is not in '%s'", words, sl_error_what());
    atomic_store(&w->done, true);
    assert_int_equal(pthread_join(coordinator, NULL), 0);
    world_destroy(w);
}

static void a_teacher_that_does_not_fit_is_refused(void **state) {
    (void)state;
    world giver, taker;
    char from[512];
    world_finish(&giver, &world_calm, NULL);
    (void)snprintf(from, sizeof from, "teacher.init=%s", giver.folder.path);
    world_create(&taker, &world_calm, from);
    taker.experiment->teacher.actor.hidden = 32;
    expect_refusal(&taker, SL_MISMATCH, "is of another shape");
    world_create(&taker, &world_calm, from);
    taker.experiment->teacher.agent_id = false;
    expect_refusal(&taker, SL_MISMATCH, "is of another shape");
    world_create(&taker, &world_calm, from);
    taker.experiment->teacher.ppo.value_norm = false;
    expect_refusal(&taker, SL_MISMATCH, "was trained with value_norm");
    world_create(&taker, &world_calm, "teacher.init=/nonexistent");
    expect_refusal(&taker, SL_NOT_FOUND, "/nonexistent");
    // a critic of the sum says three times what one of the mean does, in a network of the same shape
    (void)snprintf(from, sizeof from, "teacher.from=%s", giver.folder.path);
    world_create(&taker, &world_calm, from);
    taker.experiment->teacher.ppo.reward = SL_EXP_MEAN;
    expect_refusal(&taker, SL_MISMATCH, "learned from the reward 'sum', this experiment's from 'mean'");
    world_destroy(&giver);
}

static int newest_checkpoint(const world *w) {
    int n = 200;
    while (n > 0 && !world_has_checkpoint(w, n)) n--;
    return n;
}

/* Half the steps, and then the other half: the run is that of all steps from the start, whatever happens meanwhile.
 */
static void a_finished_teacher_goes_on(void **state) {
    (void)state;
    for (int k = 0; k < 2; k++) {
        world w;
        world_finish(&w, &world_calm, "teacher.ppo.total_steps=960");
        int n = newest_checkpoint(&w);
        char half[65];
        world_digest(&w, "teacher.safetensors", half);
        assert_string_not_equal(half, reference[0]);
        w.experiment->teacher.ppo.total_steps = 1920;
        plan p = {0};
        if (k == 1) p = (plan){{n + 3, n + 9}, {n + 1, n + 4, n + 12}, k, false};
        world_run_on(&w, &p);
        if (k == 1) assert_int_equal(w.n_replaced + w.n_stopped, 5);
        assert_same_as_reference(&w);
        world_destroy(&w);
    }
}

static void finished_students_go_on(void **state) {
    (void)state;
    char wanted[6][65], got[65];
    for (int k = 0; k < 3; k++) {
        world w;
        world_create(&w, &world_calm, NULL);
        w.experiment->distill.lr_final = w.experiment->distill.lr;
        w.experiment->distill.source = SL_EXP_SOURCE_EXPERT;
        if (k > 0) w.experiment->distill.updates = 5;
        world_run(&w);
        int n = newest_checkpoint(&w);
        w.experiment->distill.updates = 12;
        plan p = {0};
        if (k == 2) p = (plan){{n + 2}, {n + 1, n + 4}, false, false};
        if (k > 0) world_run_on(&w, &p);
        if (k == 2) assert_int_equal(w.n_replaced + w.n_stopped, 3);
        for (int i = 0; i < 6; i++) {
            world_digest(&w, kd_files[i], k ? got : wanted[i]);
            if (k) assert_string_equal(got, wanted[i]);
        }
        world_destroy(&w);
    }
}

static void direct_training_goes_on(void **state) {
    (void)state;
    char wanted[65], got[65];
    for (int k = 0; k < 2; k++) {
        world w;
        world_create(&w, &world_calm, "method=direct");
        if (k) w.experiment->teacher.ppo.total_steps = 960;
        world_run(&w);
        w.experiment->teacher.ppo.total_steps = 1920;
        if (k) world_run_on(&w, &(plan){{0}, {newest_checkpoint(&w) + 2}, false, false});
        world_digest(&w, "students/agent-1.safetensors", k ? got : wanted);
        world_destroy(&w);
    }
    assert_string_equal(got, wanted);
}

// the named column of a row of a metrics file
static double field_of(const char *csv, int row, const char *name) {
    int column = -1;
    size_t n = strcspn(csv, "\n");
    const char *at = csv;
    for (int k = 0; at < csv + n; k++, at += strcspn(at, ",\n") + 1)
        if (strncmp(at, name, strlen(name)) == 0 && strcspn(at, ",\n") == strlen(name)) column = k;
    assert_true(column >= 0);
    at = csv;
    for (int r = 0; r < row; r++) at = strchr(at, '\n') + 1;
    for (int k = 0; k < column; k++) at = strchr(at, ',') + 1;
    return strtod(at, NULL);
}

/* Three marines beside one: some are won in ten steps, and a won battle returns 20. */
static void what_is_won_is_in_the_metrics(void **state) {
    (void)state;
    static const char map[] = "{\"step_limit\": 30, \"width\": 32, \"height\": 32, \"goal\": [9, 16],\n"
                              " \"allies\": [{\"at\": [12, 16], \"units\": {\"marine\": 3}}],\n"
                              " \"enemies\": [{\"at\": [16, 16], \"units\": {\"marine\": 1}}]}\n";
    sl_temp_folder folder = sl_temp_folder_create();
    char name[512];
    (void)snprintf(name, sizeof name, "env.name=combat/%s", sl_temp_folder_file(&folder, "map.json"));
    assert_int_equal(sl_file_replace(sl_temp_folder_file(&folder, "map.json"), map, sizeof map - 1), SL_OK);
    world w;
    world_finish(&w, &(plan){{3}, {6}, false, false}, name);
    char *csv = read_text(sl_temp_folder_file(&w.folder, "metrics/teacher.csv"));
    double sum = 0;
    for (int row = 1; row <= 10; row++) {
        double won = field_of(csv, row, "won"), mean = field_of(csv, row, "return");
        double length = field_of(csv, row, "episode_length");
        // whoever does not win earns less than 4
        assert_true(mean >= 20 * won - 1e-6 && mean < 20 * won + 4 * (1 - won) + 1e-6);
        assert_true(length > 2 && length <= 10);
        sum += won;
    }
    assert_true(sum > 0.1 && sum < 9);
    sl_free(csv);
    csv = read_text(sl_temp_folder_file(&w.folder, "metrics/distill.csv"));
    sum = 0;
    for (int row = 1; row <= 12; row++) {
        double won = field_of(csv, row, "won"), mean = field_of(csv, row, "return");
        assert_true(mean >= 20 * won - 1e-4 && mean < 20 * won + 4 * (1 - won) + 1e-4);
        sum += won;
    }
    assert_true(sum > 0.1 && sum < 11);
    sl_free(csv);
    world_destroy(&w);
    sl_temp_folder_remove(&folder);
}

int main(void) {
    sl_log_init("test", SL_LOG_ERROR, false);
    struct sigaction action = {.sa_handler = world_interrupt};
    (void)sigaction(SIGUSR1, &action, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(an_undisturbed_run_leaves_its_files),
        cmocka_unit_test(a_replaced_coordinator_changes_nothing),
        cmocka_unit_test(a_stopped_trainer_goes_on_where_it_was),
        cmocka_unit_test(all_at_once),
        cmocka_unit_test(strangers_change_nothing),
        cmocka_unit_test(students_learn_by_themselves_with_method_direct),
        cmocka_unit_test(a_teacher_of_another_run_is_taken),
        cmocka_unit_test(a_finished_teacher_goes_on),
        cmocka_unit_test(finished_students_go_on),
        cmocka_unit_test(direct_training_goes_on),
        cmocka_unit_test(training_starts_from_a_teacher),
        cmocka_unit_test(a_teacher_that_does_not_fit_is_refused),
        cmocka_unit_test(what_is_won_is_in_the_metrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
