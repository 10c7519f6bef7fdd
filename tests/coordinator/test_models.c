/* test_models.c - policies from files: the policy set they make is the one that was saved, the folders are searched
 * in order, and files of another agent, environment or shape are refused; the model registry hands out the same
 * files.
 */
#include "rollout/models.h"

#include "coordinator/coordinator.h"
#include "coordinator/model_registry.h"
#include "nn/policy.h"
#include "rollout/example.h"
#include "storage/file.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static float params[40000];

typedef struct world {
    example x;
    sl_setup *setup;
    sl_temp_folder run, other;
} world;

static void open_world(world *w) {
    sl_rng rng = sl_rng_seed(5);
    for (int i = 0; i < 40000; i++) params[i] = (float)sl_rng_between(&rng, -0.4, 0.4);
    example_init(&w->x);
    assert_int_equal(sl_setup_create(&w->x.e, &w->setup), SL_OK);
    w->run = sl_temp_folder_create();
    w->other = sl_temp_folder_create();
}

static void close_world(world *w) {
    sl_setup_destroy(&w->setup);
    sl_temp_folder_remove(&w->run);
    sl_temp_folder_remove(&w->other);
}

static void save(const world *w, const char *folder, const char *name, int agent, const sl_net_def *def, float *own,
                 const char *env) {
    sl_policy policy = {.def = *def, .params = own, .value_std = 1};
    policy.profile = (sl_profile){.agent = agent, .n_agents = 3, .mask = "none", .role = "agent", .run = "test"};
    policy.profile.obs_dim = w->setup->O;
    policy.profile.agent_id = agent < 0;
    (void)snprintf(policy.profile.kind, sizeof policy.profile.kind, agent < 0 ? "teacher" : "student");
    (void)snprintf(policy.profile.env, sizeof policy.profile.env, "%s", env);
    policy.profile.n_blocks = 1;
    (void)snprintf(policy.profile.blocks[0].name, sizeof policy.profile.blocks[0].name, "all");
    policy.profile.blocks[0].len = w->setup->O;
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(sl_policy_save(&policy, path), SL_OK);
}

static void save_students(const world *w, const char *folder, float *own) {
    for (int i = 0; i < 3; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "agent-%d.safetensors", i);
        save(w, folder, name, i, &w->setup->students[i], own, w->x.e.env.name);
        own += sl_net_n_params(&w->setup->students[i]);
    }
}

static void expect_params(const world *w, sl_policy_kind policy, const char *folder, const float *wanted) {
    sl_policy_set *set = NULL;
    assert_int_equal(sl_models_load(w->setup, policy, folder, w->run.path, 4, &set), SL_OK);
    assert_memory_equal(sl_policy_set_params(set), wanted, sl_policy_set_n_params(set) * sizeof(float));
    sl_policy_set_destroy(&set);
}

static void test_finds_and_loads(void **state) {
    (void)state;
    world w;
    char students[300];
    sl_policy_set *set = NULL;
    open_world(&w);
    assert_int_equal(sl_models_load(w.setup, SL_POLICY_TEACHER, "", w.run.path, 4, &set), SL_NOT_FOUND);
    assert_int_equal(sl_models_load(w.setup, SL_POLICY_STUDENTS, NULL, w.run.path, 4, &set), SL_NOT_FOUND);
    (void)snprintf(students, sizeof students, "%s/students", w.run.path);
    assert_int_equal(sl_file_make_folder(students), SL_OK);
    save(&w, w.run.path, "teacher.safetensors", -1, &w.setup->teacher, params, w.x.e.env.name);
    save_students(&w, students, params + 1);
    expect_params(&w, SL_POLICY_TEACHER, "", params);
    expect_params(&w, SL_POLICY_STUDENTS, NULL, params + 1);
    // a folder that is named is the only one that is looked in
    assert_int_equal(sl_models_load(w.setup, SL_POLICY_TEACHER, w.other.path, w.run.path, 4, &set), SL_NOT_FOUND);
    assert_non_null(strstr(sl_error_what(), w.other.path));
    assert_int_equal(sl_models_load(w.setup, SL_POLICY_STUDENTS, w.other.path, w.run.path, 4, &set), SL_NOT_FOUND);
    save_students(&w, w.other.path, params + 2);
    expect_params(&w, SL_POLICY_STUDENTS, w.other.path, params + 2);
    expect_params(&w, SL_POLICY_STUDENTS, NULL, params + 1);
    // a student that is missing there is not taken from the run
    (void)snprintf(students, sizeof students, "%s/agent-1.safetensors", w.other.path);
    assert_int_equal(unlink(students), 0);
    assert_int_equal(sl_models_load(w.setup, SL_POLICY_STUDENTS, w.other.path, w.run.path, 4, &set), SL_NOT_FOUND);
    assert_int_equal(sl_models_load(w.setup, SL_POLICY_STUDENTS, "/no/such/folder", w.run.path, 4, &set),
                     SL_NOT_FOUND);
    assert_string_equal(sl_error_what(), "there is no folder '/no/such/folder'");
    assert_null(set);
    close_world(&w);
}

static void test_refuses_what_does_not_fit(void **state) {
    (void)state;
    world w;
    sl_policy_set *set = NULL;
    open_world(&w);
    save_students(&w, w.other.path, params);
    save(&w, w.other.path, "agent-1.safetensors", 2, &w.setup->students[2], params, w.x.e.env.name);
    assert_int_equal(sl_models_load(w.setup, SL_POLICY_STUDENTS, w.other.path, w.run.path, 4, &set), SL_MISMATCH);
    save(&w, w.other.path, "agent-1.safetensors", 1, &w.setup->students[1], params, "mpe/simple_v3");
    assert_int_equal(sl_models_load(w.setup, SL_POLICY_STUDENTS, w.other.path, w.run.path, 4, &set), SL_MISMATCH);
    sl_net_def wide = w.setup->students[1];
    wide.out_dim = 7;
    save(&w, w.other.path, "agent-1.safetensors", 1, &wide, params, w.x.e.env.name);
    assert_int_equal(sl_models_load(w.setup, SL_POLICY_STUDENTS, w.other.path, w.run.path, 4, &set), SL_MISMATCH);
    char path[512];
    (void)snprintf(path, sizeof path, "%s/agent-1.safetensors", w.other.path);
    assert_int_equal(truncate(path, 100), 0);
    assert_int_equal(sl_models_load(w.setup, SL_POLICY_STUDENTS, w.other.path, w.run.path, 4, &set), SL_CORRUPT);
    assert_null(set);
    close_world(&w);
}

/* The build puts this in the place of sl_file_read: whoever reads a file a second time finds another one. */
static bool swaps;
static int n_swapped;

sl_status __wrap_sl_file_read(const char *path, size_t max_bytes, uint8_t **bytes, size_t *n_bytes);
sl_status __real_sl_file_read(const char *path, size_t max_bytes, uint8_t **bytes, size_t *n_bytes);
sl_status __wrap_sl_file_read(const char *path, size_t max_bytes, uint8_t **bytes, size_t *n_bytes) {
    sl_status status = __real_sl_file_read(path, max_bytes, bytes, n_bytes);
    if (swaps && status == SL_OK) {
        assert_int_equal(truncate(path, 100), 0);
        n_swapped++;
    }
    return status;
}

static void test_registry_serves_what_it_checked(void **state) {
    (void)state;
    world w;
    char students[300];
    sl_model_registry *registry = NULL;
    open_world(&w);
    (void)snprintf(students, sizeof students, "%s/students", w.run.path);
    assert_int_equal(sl_file_make_folder(students), SL_OK);
    save_students(&w, students, params);
    sl_model_registry_def def = {.setup = w.setup, .run = w.run.path, .link = sl_link_fleet_def("tcp://127.0.0.1:*")};
    swaps = true;
    n_swapped = 0;
    sl_status status = sl_model_registry_open(&def, &registry);
    swaps = false;
    assert_int_equal(status, SL_OK);
    assert_int_equal(n_swapped, w.setup->N);
    // what lies there now does not pass
    assert_int_equal(sl_model_registry_refresh(registry), SL_CORRUPT);
    save_students(&w, students, params);
    save(&w, students, "agent-1.safetensors", 2, &w.setup->students[2], params, w.x.e.env.name);
    assert_int_equal(sl_model_registry_refresh(registry), SL_MISMATCH);
    sl_model_registry_close(&registry);
    close_world(&w);
}

/* New students in the run's folder are taken without a new endpoint; a broken one leaves the fleet as it was. */
static void test_registry_takes_new_students(void **state) {
    (void)state;
    world w;
    char students[300], endpoint[256], path[512];
    sl_model_registry *registry = NULL;
    open_world(&w);
    sl_model_registry_def def = {.setup = w.setup, .run = w.run.path, .link = sl_link_fleet_def("tcp://127.0.0.1:*")};
    assert_int_equal(sl_model_registry_open(&def, &registry), SL_OK);
    (void)snprintf(endpoint, sizeof endpoint, "%s", sl_model_registry_endpoint(registry));
    sl_fleet *empty = sl_model_registry_fleet(registry);
    assert_int_equal(sl_model_registry_refresh(registry), SL_OK);
    assert_ptr_equal(sl_model_registry_fleet(registry), empty);
    (void)snprintf(students, sizeof students, "%s/students", w.run.path);
    assert_int_equal(sl_file_make_folder(students), SL_OK);
    save_students(&w, students, params);
    assert_int_equal(sl_model_registry_refresh(registry), SL_OK);
    sl_fleet *stocked = sl_model_registry_fleet(registry);
    assert_string_equal(sl_model_registry_endpoint(registry), endpoint);
    assert_int_equal(sl_model_registry_refresh(registry), SL_OK);
    assert_ptr_equal(sl_model_registry_fleet(registry), stocked);
    (void)snprintf(path, sizeof path, "%s/agent-0.safetensors", students);
    assert_int_equal(truncate(path, 100), 0);
    assert_int_equal(sl_model_registry_refresh(registry), SL_CORRUPT);
    assert_ptr_equal(sl_model_registry_fleet(registry), stocked);
    assert_int_equal(sl_fleet_poll(stocked, 1), SL_OK);
    sl_model_registry_close(&registry);
    close_world(&w);
}

/* The build puts this in the place of sl_fleet_create: a fleet that cannot be opened, for want of files or memory. */
static bool refuses;

sl_status __wrap_sl_fleet_create(const sl_fleet_def *def, sl_fleet **out);
sl_status __real_sl_fleet_create(const sl_fleet_def *def, sl_fleet **out);
sl_status __wrap_sl_fleet_create(const sl_fleet_def *def, sl_fleet **out) {
    return refuses ? sl_fail(SL_IO, NULL, "too few files") : __real_sl_fleet_create(def, out);
}

/* Then there is none until the next refresh, and nothing dies of that. */
static void test_a_fleet_that_does_not_open_again(void **state) {
    (void)state;
    world w;
    char students[300];
    sl_coordinator *coordinator = NULL;
    open_world(&w);
    sl_link_def link = sl_link_fleet_def("tcp://127.0.0.1:*");
    sl_coordinator_def def = {.experiment = &w.x.e, .run = w.run.path, .fleet = &link};
    assert_int_equal(sl_coordinator_create(&def, &coordinator), SL_OK);
    (void)snprintf(students, sizeof students, "%s/students", w.run.path);
    assert_int_equal(sl_file_make_folder(students), SL_OK);
    save_students(&w, students, params);
    refuses = true;
    sl_coordinator_reset(coordinator);
    assert_int_equal(sl_coordinator_idle(coordinator), SL_OK);
    sl_learn_message request = {.kind = SL_LEARN_FLY, .n_episodes = 1, .seed = 1}, answer;
    assert_int_equal(sl_coordinator_handle(coordinator, &request, &answer), SL_IO);
    refuses = false;
    sl_coordinator_reset(coordinator);
    assert_int_equal(sl_coordinator_idle(coordinator), SL_OK);
    assert_true(sl_coordinator_fleet_endpoint(coordinator)[0]);
    sl_coordinator_destroy(&coordinator);
    close_world(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_and_loads),
        cmocka_unit_test(test_refuses_what_does_not_fit),
        cmocka_unit_test(test_registry_serves_what_it_checked),
        cmocka_unit_test(test_registry_takes_new_students),
        cmocka_unit_test(test_a_fleet_that_does_not_open_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
