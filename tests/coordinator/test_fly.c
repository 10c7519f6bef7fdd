/* test_fly.c - a fleet of agents over tcp comes to the very returns of the evaluation, episode by episode. */
#include "common/log.h"
#include "coordinator/coordinator.h"
#include "coordinator/flyer.h"
#include "envs/recording/recording.h"
#include "net/incident.h"
#include "rollout/example_fight.h"
#include "rollout/policy_set.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { N = 3, E = 6, MAX_PARAMS = 40000 };
static float params[MAX_PARAMS];

/* What is flown. TOLD: 3m, students whose teacher sees everything, while they are kept from seeing afar and from
 * knowing what is legal. */
typedef enum scene { SPREAD, FIGHT, TOLD } scene;

static void prepare(example *x, scene what, const sl_temp_folder *folder) {
    example_init(x);
    if (what == FIGHT) example_make_fight(x, folder);
    if (what != TOLD) return;
    example_make_3m(x);
    sl_env_at(&x->e.env.options, "full")->yes = true;
    x->e.mask.avail_actions = SL_EXP_HIDDEN;
}

/* Who looks on: every picture once, the agents in it, and what they did. */
typedef struct eye {
    int n_pictures, n_ended;
    int64_t episode;
    int32_t step;
} eye;

static void look(void *context, const sl_watch_frame *frame) {
    eye *self = context;
    bool follows = frame->episode == self->episode && frame->step == self->step + 1;
    assert_true(follows || (frame->step == 0 && frame->episode == self->n_ended));
    assert_true(frame->n_episodes == E && frame->n_agents == N && (frame->actions != NULL) == (frame->step > 0));
    int n_seen = 0;
    for (int k = 0; k < frame->n_shapes; k++) {
        n_seen += frame->shapes[k].kind == SL_SHAPE_CIRCLE && frame->shapes[k].unit >= 0 && frame->shapes[k].unit < N;
    }
    assert_int_equal(n_seen, N);
    self->episode = frame->episode;
    self->step = frame->step;
    self->n_ended += frame->outcome[0] != '\0';
    self->n_pictures++;
}

// a flight that was watched and recorded, as it was told
static void check_sights(const eye *seen, const char *recording, int n_ticks) {
    sl_recording_result result;
    assert_int_equal(seen->n_pictures, n_ticks + E);
    assert_int_equal(seen->n_ended, E);
    if (sl_recording_check(recording, &result) != SL_OK) fail_msg("%s", sl_error_what());
    assert_int_equal(result.steps, n_ticks);
    assert_true(result.mismatched_steps == 0 && result.max_abs_obs == 0.0 && result.max_abs_reward == 0.0);
}

static void check(bool recurrent, scene what) {
    example x;
    bool battle = what != SPREAD, fight = what == FIGHT;
    sl_temp_folder folder = sl_temp_folder_create();
    prepare(&x, what, &folder);
    if (recurrent) example_make_recurrent(&x);
    // students of this seed win some fights, and play otherwise when they see or are told more than they should
    sl_rng rng = sl_rng_seed(14);
    for (int i = 0; i < MAX_PARAMS; i++) params[i] = (float)sl_rng_between(&rng, -0.4, 0.4);
    eye seen = {.episode = -1};
    char recording[512];
    (void)snprintf(recording, sizeof recording, "%s", sl_temp_folder_file(&folder, "flight.jsonl.gz"));
    sl_link_def link = sl_link_fleet_def("tcp://127.0.0.1:*");
    sl_coordinator_def def = {.experiment = &x.e, .run = folder.path, .fleet = &link};
    def.watch = (sl_watch){look, &seen};
    if (battle) def.record = recording;
    sl_coordinator *coordinator = NULL;
    assert_int_equal(sl_coordinator_create(&def, &coordinator), SL_OK);
    const sl_setup *setup = sl_coordinator_setup(coordinator);
    flyer flyers[N] = {0};
    int64_t n_params = 0;
    for (int i = 0; i < N; i++) {
        flyer_start(&flyers[i], sl_coordinator_fleet_endpoint(coordinator), setup, i, params + n_params);
        n_params += (int64_t)sl_net_n_params(&setup->students[i]);
    }

    sl_learn_message request = {.kind = SL_LEARN_EVALUATE, .policy = SL_POLICY_STUDENTS, .n_episodes = E, .seed = 11};
    sl_learn_add(&request, SL_TENSOR_PARAMS, params, SL_SHAPE(n_params));
    sl_learn_message answer;
    double evaluated[E * N];
    uint8_t won[E] = {0};
    assert_int_equal(sl_coordinator_handle(coordinator, &request, &answer), SL_OK);
    memcpy(evaluated, sl_learn_tensor(&answer, SL_TENSOR_EPISODE_RETURN)->data, sizeof evaluated);
    assert_int_equal(sl_learn_tensor(&answer, SL_TENSOR_EPISODE_WON) != NULL, battle);
    if (battle) memcpy(won, sl_learn_tensor(&answer, SL_TENSOR_EPISODE_WON)->data, sizeof won);

    request = (sl_learn_message){.kind = SL_LEARN_FLY, .policy = SL_POLICY_STUDENTS, .n_episodes = E, .seed = 11};
    if (battle) request.watch_us = 200;
    assert_int_equal(sl_coordinator_handle(coordinator, &request, &answer), SL_OK);
    const sl_wire_tensor *ticks = sl_learn_tensor(&answer, SL_TENSOR_TICK_NS);
    const int32_t *lengths = sl_learn_tensor(&answer, SL_TENSOR_EPISODE_LENGTH)->data;
    int n_ticks = 0, n_won = 0;
    for (int e = 0; e < E; e++) n_ticks += lengths[e];
    assert_true(battle || n_ticks == E * 25);
    assert_int_equal(ticks->dims[0], n_ticks);
    if (battle) check_sights(&seen, recording, n_ticks);
    if (!battle) assert_int_equal(seen.n_pictures, 0);
    assert_true(((const int64_t *)ticks->data)[n_ticks - 1] > 0);
    // a flight's own: the agent's part of a round trip is the smaller one
    const sl_wire_tensor *latency = sl_learn_tensor(&answer, SL_TENSOR_LATENCY);
    assert_true(latency->type == SL_WIRE_F64 && latency->n_dims == 2 && latency->n_bytes == 4 * sizeof(double));
    const double *ns = latency->data;
    assert_true(ns[2] > 0 && ns[3] >= ns[2] && ns[1] >= ns[0] && ns[0] >= ns[2]);
    const sl_wire_tensor *incidents = sl_learn_tensor(&answer, SL_TENSOR_INCIDENTS);
    assert_true(incidents->type == SL_WIRE_I64 && incidents->dims[0] == SL_INCIDENTS);
    for (int k = 0; k < SL_INCIDENTS; k++) assert_int_equal(((const int64_t *)incidents->data)[k], 0);
    assert_memory_equal(sl_learn_tensor(&answer, SL_TENSOR_EPISODE_RETURN)->data, evaluated, sizeof evaluated);
    assert_int_equal(sl_learn_tensor(&answer, SL_TENSOR_EPISODE_WON) != NULL, battle);
    if (battle) assert_memory_equal(sl_learn_tensor(&answer, SL_TENSOR_EPISODE_WON)->data, won, sizeof won);
    if (fight) {
        for (int e = 0; e < E; e++) assert_int_equal(won[e], example_is_won(evaluated[e * N]));
        for (int e = 0; e < E; e++) n_won += won[e];
        assert_in_range(n_won, 1, E - 1);
    }

    // the end of the coordinator is the agents' end
    sl_coordinator_destroy(&coordinator);
    for (int i = 0; i < N; i++) flyer_join(&flyers[i]);
    sl_temp_folder_remove(&folder);
}

static void test_equals_the_evaluation(void **state) {
    (void)state;
    check(false, SPREAD);
    check(true, SPREAD);
    check(false, FIGHT);
    check(true, TOLD);
}

int main(void) {
    sl_log_init("test", SL_LOG_WARN, false);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_equals_the_evaluation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
