/* test_fly_links.c - a fleet flown under links, on the virtual clock, comes to the very returns of the evaluation
 * under them, episode by episode, twice, and though an agent dies on the way; in real time links are drawn, too. */
#include "common/log.h"
#include "coordinator/coordinator.h"
#include "coordinator/flyer.h"
#include "links/team.h"
#include "net/flight_clock.h"
#include "rollout/example.h"
#include "support/temp_folder.h"

enum { N = 3, E = 8, MAX_PARAMS = 60000 };
static float params[MAX_PARAMS];

typedef struct scene {
    example x;
    sl_temp_folder folder;
    sl_coordinator *coordinator;
    flyer flyers[N];
    int64_t n_params;
    sl_learn_message answer;
} scene;

static int open_scene(void **state, sl_exp_clock clock, bool fights, bool ages) {
    scene *self = *state = sl_alloc(sizeof(scene));
    example_init(&self->x);
    if (fights) example_make_3m(&self->x);
    example_make_recurrent(&self->x);
    self->folder = sl_temp_folder_create();
    self->x.e.fleet.clock = clock;
    self->x.e.fleet.hz = clock == SL_EXP_REALTIME ? 400 : 0;
    self->x.e.fleet.patience_ms = 15000;
    self->x.e.mask.age = ages;
    self->x.e.mask.kind = SL_MASK_NONE;
    sl_rng rng = sl_rng_seed(14);
    for (int i = 0; i < MAX_PARAMS; i++) params[i] = (float)sl_rng_between(&rng, -0.4, 0.4);
    sl_link_def link = sl_link_fleet_def("tcp://127.0.0.1:*");
    sl_coordinator_def def = {.experiment = &self->x.e, .run = self->folder.path, .fleet = &link};
    if (sl_coordinator_create(&def, &self->coordinator) != SL_OK) fail_msg("%s", sl_error_what());
    const sl_setup *setup = sl_coordinator_setup(self->coordinator);
    for (int i = 0; i < N; i++) {
        flyer_start(&self->flyers[i], sl_coordinator_fleet_endpoint(self->coordinator), setup, i,
                    params + self->n_params);
        self->n_params += (int64_t)sl_net_n_params(&setup->students[i]);
    }
    assert_true(self->n_params <= MAX_PARAMS);
    return 0;
}

static int open_spread(void **state) {
    return open_scene(state, SL_EXP_VIRTUAL, false, false);
}

static int open_fight(void **state) {
    return open_scene(state, SL_EXP_VIRTUAL, true, true);
}

static int open_lockstep(void **state) {
    return open_scene(state, SL_EXP_LOCKSTEP, false, false);
}

static int open_realtime(void **state) {
    return open_scene(state, SL_EXP_REALTIME, false, false);
}

static int close_scene(void **state) {
    scene *self = *state;
    sl_coordinator_destroy(&self->coordinator);
    for (int i = 0; i < N; i++) flyer_join(&self->flyers[i]);
    sl_temp_folder_remove(&self->folder);
    sl_free(self);
    return 0;
}

static sl_status ask(scene *self, sl_learn_kind kind, const char *links) {
    sl_learn_message request = {
        .kind = kind, .policy = SL_POLICY_STUDENTS, .n_episodes = E, .seed = 11, .links = links};
    if (kind == SL_LEARN_EVALUATE) sl_learn_add(&request, SL_TENSOR_PARAMS, params, SL_SHAPE(self->n_params));
    return sl_coordinator_handle(self->coordinator, &request, &self->answer);
}

static const double *returns_of(scene *self, sl_learn_kind kind, const char *links) {
    if (ask(self, kind, links) != SL_OK) fail_msg("%s: %s", links ? links : "own", sl_error_what());
    return sl_learn_tensor(&self->answer, SL_TENSOR_EPISODE_RETURN)->data;
}

static int64_t count_of(const scene *self, const char *name) {
    const int64_t *counts = sl_learn_tensor(&self->answer, SL_TENSOR_LINK_COUNTS)->data;
    for (int i = 0; i < sl_link_count_metrics.n; i++)
        if (strcmp(sl_link_count_metrics.metrics[i].name, name) == 0) return counts[i];
    fail_msg("no count %s", name);
    return -1;
}

/* Evaluated and flown, twice, once with a death. */
static void check(scene *self, const char *links, bool dies) {
    double evaluated[E * N];
    int64_t ages[2 * SL_LINKS_AGES], sent = 0;
    memcpy(evaluated, returns_of(self, SL_LEARN_EVALUATE, links), sizeof evaluated);
    memcpy(ages, sl_learn_tensor(&self->answer, SL_TENSOR_LINK_AGES)->data, sizeof ages);
    sent = count_of(self, "sent");
    for (int k = 0; k < 2; k++) {
        // an agent that has answered this many is in the middle of some episode
        if (dies && k == 1) self->flyers[1].dies_after = sl_session_get_stats(self->flyers[1].session).decided + 38;
        const double *flown = returns_of(self, SL_LEARN_FLY, links);
        for (int i = 0; i < E * N; i++)
            if (flown[i] != evaluated[i]) fail_msg("%s: episode %d of flight %d differs", links, i / N, k);
        assert_memory_equal(sl_learn_tensor(&self->answer, SL_TENSOR_LINK_AGES)->data, ages, sizeof ages);
        assert_int_equal(count_of(self, "sent"), sent);
    }
    if (dies) assert_int_equal(self->flyers[1].dies_after, 0);
}

static void flown_is_what_was_evaluated(void **state) {
    static const char *const settings[] = {
        "delay: fixed 3 steps",
        "delay: normal 3 2 steps, order: reorder",
        "loss: \"0.2\", delay: uniform 0 2 steps, duplicate: 0.1",
        "loss: gilbert-elliott 0.3 0.1",
        "rules: [{agents: 0 2, delay: fixed 4 steps}, {agents: \"1\", direction: observation, loss: \"0.5\"}]",
    };
    char text[256];
    double fresh[E * N];
    memcpy(fresh, returns_of(*state, SL_LEARN_FLY, NULL), sizeof fresh);
    for (int k = 0; k < 5; k++)
        for (int remote = 0; remote < 2; remote++) {
            (void)snprintf(text, sizeof text, "links: {execution: %s, %s}\n", remote ? "remote" : "onboard",
                           settings[k]);
            check(*state, text, k == 1);
            // the links did change something
            const double *got = sl_learn_tensor(&((scene *)*state)->answer, SL_TENSOR_EPISODE_RETURN)->data;
            int n_other = 0;
            for (int i = 0; i < E * N; i++) n_other += got[i] != fresh[i];
            if (n_other == 0) fail_msg("%s: as without links", text);
        }
}

static void a_block_may_be_stale_alone(void **state) {
    scene *self = *state;
    bool fights = sl_coordinator_setup(self->coordinator)->spec.can_win;
    check(self,
          fights ? "links: {rules: [{blocks: ally, delay: uniform 2 9 steps, order: reorder, loss: \"0.1\"}]}\n"
                 : "links: {rules: [{blocks: others, delay: uniform 2 9 steps, order: reorder, loss: \"0.1\"}]}\n",
          true);
}

static void fights_under_links_with_ages(void **state) {
    check(*state, "links: {delay: uniform 3 10 steps, order: reorder}\n", false);
    check(*state, "links: {execution: remote, delay: uniform 0 4 steps, order: reorder, fallback: decay}\n", true);
    a_block_may_be_stale_alone(state);
}

static void lockstep_knows_no_links(void **state) {
    scene *self = *state;
    assert_int_equal(ask(self, SL_LEARN_FLY, "links: {delay: fixed 3 steps}\n"), SL_CONFIG);
    assert_non_null(strstr(sl_error_what(), "in lockstep nothing is late"));
    // none are no links
    (void)returns_of(self, SL_LEARN_FLY, "links: {execution: onboard}\n");
    const double *clock = sl_learn_tensor(&self->answer, SL_TENSOR_CLOCK)->data;
    assert_true(clock[0] == 0 && clock[1] == 100);
}

static int64_t total_of(const scene *self, int row, int from, int to) {
    const int64_t *ages =
        (const int64_t *)sl_learn_tensor(&self->answer, SL_TENSOR_LINK_AGES)->data + row * SL_LINKS_AGES;
    int64_t n = 0;
    for (int a = from; a < to; a++) n += ages[a];
    return n;
}

/* What came in time depends on this machine, so that ages alone are certain: 3 steps each way, or more. */
static void in_real_time_links_are_drawn_too(void **state) {
    scene *self = *state;
    (void)returns_of(self, SL_LEARN_FLY, NULL);
    const sl_flight_clock *clock = sl_learn_tensor(&self->answer, SL_TENSOR_CLOCK)->data;
    assert_true(clock->kind == 2 && clock->step_ms == 2.5 && clock->late_p50_ms >= 0);
    assert_int_equal(count_of(self, "decisions"), E * 25 * N);
    (void)returns_of(self, SL_LEARN_FLY, "links: {execution: remote, delay: fixed 3 steps}\n");
    assert_int_equal(total_of(self, 0, 0, 3), 0);
    assert_int_equal(total_of(self, 1, 0, 6), 0);
    assert_true(total_of(self, 1, 6, SL_LINKS_AGES - 1) > 0);
    (void)returns_of(self, SL_LEARN_FLY, "links: {delay: fixed 3 steps}\n");
    assert_int_equal(total_of(self, 0, 0, 3), 0);
    assert_int_equal(count_of(self, "decisions"), E * 25 * N);
}

int main(void) {
    sl_log_init("test", SL_LOG_ERROR, false);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(flown_is_what_was_evaluated, open_spread, close_scene),
        cmocka_unit_test_setup_teardown(a_block_may_be_stale_alone, open_spread, close_scene),
        cmocka_unit_test_setup_teardown(fights_under_links_with_ages, open_fight, close_scene),
        cmocka_unit_test_setup_teardown(lockstep_knows_no_links, open_lockstep, close_scene),
        cmocka_unit_test_setup_teardown(in_real_time_links_are_drawn_too, open_realtime, close_scene),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
