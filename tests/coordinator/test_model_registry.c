/* test_model_registry.c - the students that a request brings: the very bytes are handed out, others take their place
 * without a new endpoint, and files of another agent, environment or shape are refused and leave the fleet as it was.
 */
#include "agent/session.h"
#include "common/alloc.h"
#include "coordinator/coordinator.h"
#include "coordinator/model_registry.h"
#include "nn/policy.h"
#include "rollout/example.h"
#include "storage/file.h"
#include "storage/minisign.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static float params[40000];

enum { N = 3, ROOM = 1 << 20 };

typedef struct world {
    example x;
    sl_setup *setup;
    sl_temp_folder folder;
    uint8_t *files; /* (ROOM) what request carries */
    int64_t sizes[N];
    sl_learn_message request;
} world;

static void open_world(world *w) {
    sl_rng rng = sl_rng_seed(5);
    for (int i = 0; i < 40000; i++) params[i] = (float)sl_rng_between(&rng, -0.4, 0.4);
    example_init(&w->x);
    assert_int_equal(sl_setup_create(&w->x.e, &w->setup), SL_OK);
    w->folder = sl_temp_folder_create();
    w->files = sl_alloc(ROOM);
    assert_non_null(w->files);
}

static void close_world(world *w) {
    sl_setup_destroy(&w->setup);
    sl_temp_folder_remove(&w->folder);
    sl_free(w->files);
}

/* Appends the file of a student: for that agent, of that shape, with these numbers. */
static void put(world *w, int slot, int agent, const sl_net_def *def, float *own, const char *env) {
    sl_policy policy = {.def = *def, .params = own, .value_std = 1};
    policy.profile = (sl_profile){.agent = agent, .n_agents = N, .mask = "none", .role = "agent", .run = "test"};
    policy.profile.obs_dim = w->setup->O;
    (void)snprintf(policy.profile.kind, sizeof policy.profile.kind, "student");
    (void)snprintf(policy.profile.env, sizeof policy.profile.env, "%s", env);
    policy.profile.n_blocks = 1;
    (void)snprintf(policy.profile.blocks[0].name, sizeof policy.profile.blocks[0].name, "all");
    policy.profile.blocks[0].len = w->setup->O;
    const char *path = sl_temp_folder_file(&w->folder, "student.safetensors");
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    int64_t at = 0;
    assert_int_equal(sl_policy_save(&policy, path), SL_OK);
    assert_int_equal(sl_file_read(path, ROOM, &bytes, &n_bytes), SL_OK);
    for (int i = 0; i < slot; i++) at += w->sizes[i];
    assert_true((size_t)at + n_bytes <= ROOM);
    memcpy(w->files + at, bytes, n_bytes);
    w->sizes[slot] = (int64_t)n_bytes;
    sl_free(bytes);
}

static const sl_learn_message *ask(world *w) {
    w->request = (sl_learn_message){.kind = SL_LEARN_MODELS};
    sl_learn_add(&w->request, SL_TENSOR_POLICY_FILES, w->files, SL_SHAPE(w->sizes[0] + w->sizes[1] + w->sizes[2]));
    sl_learn_add(&w->request, SL_TENSOR_POLICY_BYTES, w->sizes, SL_SHAPE(N));
    return &w->request;
}

/* The request that brings the three students, agent 1's with what differs: as another's, for env, of another width.
 */
static const sl_learn_message *bring(world *w, float *own, int agent, const char *env, int out_dim) {
    for (int i = 0; i < N; i++) {
        sl_net_def def = w->setup->students[i];
        if (i == 1) def.out_dim = out_dim;
        put(w, i, i == 1 ? agent : i, &def, own, i == 1 ? env : w->x.e.env.name);
        own += sl_net_n_params(&def);
    }
    return ask(w);
}

static const sl_learn_message *bring_good(world *w, float *own) {
    return bring(w, own, 1, w->x.e.env.name, w->setup->A);
}

/* The same request with signatures of agents 0 and 2, which it borrows: of a key, for the agents to judge. */
static char signatures[2 * SL_MINISIGN_BYTES];
static int64_t signature_sizes[N];

static const sl_learn_message *bring_signed(world *w, int version) {
    sl_minisign_public key;
    sl_minisign_secret secret;
    uint8_t hash[SL_MINISIGN_HASH] = {0};
    char comment[32];
    (void)bring_good(w, params);
    assert_int_equal(sl_minisign_make(&key, &secret), SL_OK);
    (void)snprintf(comment, sizeof comment, "version:%d", version);
    size_t n = sl_minisign_sign(&secret, hash, comment, signatures);
    size_t m = sl_minisign_sign(&secret, hash, "version:99 of agent 2", signatures + n);
    signature_sizes[0] = (int64_t)n, signature_sizes[1] = 0, signature_sizes[2] = (int64_t)m;
    sl_learn_add(&w->request, SL_TENSOR_POLICY_SIGNATURES, signatures, SL_SHAPE((int64_t)(n + m)));
    sl_learn_add(&w->request, SL_TENSOR_SIGNATURE_BYTES, signature_sizes, SL_SHAPE(N));
    return &w->request;
}

static sl_model_registry *open_registry(const world *w) {
    sl_model_registry *registry = NULL;
    sl_model_registry_def def = {.setup = w->setup, .link = sl_link_fleet_def("tcp://127.0.0.1:*")};
    assert_int_equal(sl_model_registry_open(&def, &registry), SL_OK);
    return registry;
}

static void refuse(world *w, sl_model_registry *registry, const sl_learn_message *request, sl_status status,
                   const char *words) {
    sl_fleet *fleet = sl_model_registry_fleet(registry);
    assert_int_equal(sl_model_registry_refresh(registry, request), status);
    if (!strstr(sl_error_what(), words)) fail_msg("'%s' is not in: %s", words, sl_error_what());
    assert_ptr_equal(sl_model_registry_fleet(registry), fleet);
    assert_int_equal(sl_model_registry_refresh(registry, bring_good(w, params)), SL_OK);
    assert_ptr_equal(sl_model_registry_fleet(registry), fleet);
}

static void test_refuses_what_does_not_fit(void **state) {
    (void)state;
    world w;
    open_world(&w);
    const char *env = w.x.e.env.name;
    int A = w.setup->A;
    sl_model_registry *registry = open_registry(&w);
    assert_int_equal(sl_model_registry_refresh(registry, bring_good(&w, params)), SL_OK);
    refuse(&w, registry, bring(&w, params, 2, env, A), SL_MISMATCH,
           "the student for agent 1: agent 2 of 3, expected 1 of 3");
    refuse(&w, registry, bring(&w, params, 1, "mpe/simple_v3", A), SL_MISMATCH,
           "the student for agent 1: made for mpe/simple_v3, not for");
    refuse(&w, registry, bring(&w, params, 1, env, 7), SL_MISMATCH, "the student for agent 1: not a student of");
    // a part of a file, one that was changed, sizes that are not theirs
    (void)bring_good(&w, params);
    w.sizes[2] = 100;
    refuse(&w, registry, ask(&w), SL_CORRUPT, "the student for agent 2");
    (void)bring_good(&w, params);
    w.files[w.sizes[0] - 1] ^= 1;
    refuse(&w, registry, ask(&w), SL_CORRUPT, "the student for agent 0");
    int64_t wrong[N] = {0, 0, -1};
    (void)bring_good(&w, params);
    w.request.tensors[1].data = wrong;
    refuse(&w, registry, &w.request, SL_MISMATCH, "a file of -1 bytes does not fit");
    (void)bring_good(&w, params);
    wrong[2] = INT64_MAX;
    w.request.tensors[1].data = wrong;
    refuse(&w, registry, &w.request, SL_MISMATCH, "the student for agent 2: a file of");
    (void)bring_good(&w, params);
    wrong[2] = 0;
    w.request.tensors[1].data = wrong;
    refuse(&w, registry, &w.request, SL_MISMATCH, "their sizes say 0");
    (void)bring_good(&w, params);
    w.request.tensors[1].dims[0] = 2;
    refuse(&w, registry, &w.request, SL_MISMATCH, "POLICY_BYTES");
    (void)bring_good(&w, params);
    w.request.n_tensors = 1;
    refuse(&w, registry, &w.request, SL_MISMATCH, "POLICY_BYTES");
    sl_model_registry_close(&registry);
    close_world(&w);
}

/* A signature file that is none, or does not fit, is refused by name; the fleet stays as it was. */
static void test_refuses_what_is_no_signature(void **state) {
    (void)state;
    world w;
    open_world(&w);
    sl_model_registry *registry = open_registry(&w);
    assert_int_equal(sl_model_registry_refresh(registry, bring_good(&w, params)), SL_OK);
    (void)bring_signed(&w, 2);
    signatures[signature_sizes[0] + 3] ^= 1;
    refuse(&w, registry, &w.request, SL_CORRUPT, "the signature for agent 2");
    (void)bring_signed(&w, 2);
    signature_sizes[0]--, signature_sizes[2]++;
    refuse(&w, registry, &w.request, SL_CORRUPT, "the signature for agent 2");
    (void)bring_signed(&w, 2);
    signature_sizes[2] = SL_MINISIGN_BYTES + 1;
    refuse(&w, registry, &w.request, SL_MISMATCH, "the signature for agent 2: a file of 2049 bytes does not fit");
    (void)bring_signed(&w, 2);
    signature_sizes[1] = -1;
    refuse(&w, registry, &w.request, SL_MISMATCH, "the signature for agent 1: a file of -1 bytes does not fit");
    (void)bring_signed(&w, 2);
    signature_sizes[2] = 0;
    refuse(&w, registry, &w.request, SL_MISMATCH, "the signatures' files are ");
    (void)bring_signed(&w, 2);
    w.request.n_tensors--;
    refuse(&w, registry, &w.request, SL_MISMATCH, "SIGNATURE_BYTES");
    sl_model_registry_close(&registry);
    close_world(&w);
}

/* New students are taken without a new endpoint, the same ones again change nothing. */
static void test_takes_new_students(void **state) {
    (void)state;
    world w;
    char endpoint[256];
    open_world(&w);
    sl_model_registry *registry = open_registry(&w);
    (void)snprintf(endpoint, sizeof endpoint, "%s", sl_model_registry_endpoint(registry));
    sl_fleet *empty = sl_model_registry_fleet(registry);
    sl_learn_message without = {.kind = SL_LEARN_FLY};
    assert_int_equal(sl_model_registry_refresh(registry, &without), SL_OK);
    assert_ptr_equal(sl_model_registry_fleet(registry), empty);
    assert_int_equal(sl_model_registry_refresh(registry, bring_good(&w, params)), SL_OK);
    // they are the registry's own by now
    memset(w.files, 0, ROOM);
    sl_fleet *stocked = sl_model_registry_fleet(registry);
    assert_string_equal(sl_model_registry_endpoint(registry), endpoint);
    assert_int_equal(sl_model_registry_refresh(registry, bring_good(&w, params)), SL_OK);
    assert_ptr_equal(sl_model_registry_fleet(registry), stocked);
    assert_int_equal(sl_model_registry_refresh(registry, &without), SL_OK);
    assert_ptr_equal(sl_model_registry_fleet(registry), stocked);
    assert_int_equal(sl_fleet_poll(stocked, 1), SL_OK);
    assert_int_equal(sl_model_registry_refresh(registry, bring_good(&w, params + 1)), SL_OK);
    assert_string_equal(sl_model_registry_endpoint(registry), endpoint);
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
    sl_coordinator *coordinator = NULL;
    open_world(&w);
    sl_link_def link = sl_link_fleet_def("tcp://127.0.0.1:*");
    sl_coordinator_def def = {.experiment = &w.x.e, .run = w.folder.path, .fleet = &link};
    assert_int_equal(sl_coordinator_create(&def, &coordinator), SL_OK);
    refuses = true;
    sl_learn_message fly = {.kind = SL_LEARN_FLY, .n_episodes = 1, .seed = 1}, answer;
    assert_int_equal(sl_coordinator_handle(coordinator, bring_good(&w, params), &answer), SL_IO);
    assert_int_equal(sl_coordinator_idle(coordinator), SL_OK);
    assert_int_equal(sl_coordinator_handle(coordinator, &fly, &answer), SL_IO);
    refuses = false;
    assert_int_equal(sl_coordinator_handle(coordinator, bring_good(&w, params), &answer), SL_OK);
    assert_int_equal(answer.kind, SL_LEARN_DONE);
    sl_coordinator_reset(coordinator);
    assert_int_equal(sl_coordinator_idle(coordinator), SL_OK);
    assert_true(sl_coordinator_fleet_endpoint(coordinator)[0]);
    sl_coordinator_destroy(&coordinator);
    close_world(&w);
}

static int32_t decide(void *context, const float *obs, const uint8_t *avail, bool episode_start) {
    (void)context, (void)obs, (void)avail, (void)episode_start;
    return 0;
}

/* What an agent was given. */
typedef struct gift {
    uint8_t *bytes;
    size_t n_bytes;
    char signature[SL_MINISIGN_BYTES + 1]; /* of the last WELCOME */
    int n_welcomes, obs_dim, n_actions;
} gift;

static sl_status look_at(void *context, int slot, const char *sha256, const uint8_t *signature, size_t n) {
    gift *self = context;
    (void)slot, (void)sha256;
    memcpy(self->signature, signature ? (const char *)signature : "", n);
    self->signature[n] = '\0';
    self->n_welcomes++;
    return SL_OK;
}

static sl_status keep(void *context, const uint8_t *bytes, size_t n_bytes, const char *sha256, int *obs_dim,
                      int *n_actions) {
    (void)sha256;
    gift *self = context;
    *obs_dim = self->obs_dim, *n_actions = self->n_actions;
    self->bytes = sl_alloc_copy(bytes, n_bytes);
    self->n_bytes = n_bytes;
    return SL_OK;
}

static void step_both(sl_coordinator *coordinator, sl_session *session) {
    sl_status status = sl_session_step(session, 5);
    if (status != SL_OK && status != SL_TIMEOUT) fail_msg("%s", sl_error_what());
    assert_int_equal(sl_coordinator_idle(coordinator), SL_OK);
}

/* An agent that a coordinator's predecessor has left behind and that has no student of its own is not sent away
 * before the request has come that brings it. */
static void test_agents_wait_for_their_students(void **state) {
    (void)state;
    world w;
    gift got = {.n_bytes = 0};
    sl_coordinator *coordinator = NULL;
    sl_session *session = NULL;
    sl_learn_message answer;
    open_world(&w);
    sl_link_def link = sl_link_fleet_def("tcp://127.0.0.1:*");
    sl_coordinator_def def = {.experiment = &w.x.e, .run = w.folder.path, .fleet = &link};
    assert_int_equal(sl_coordinator_create(&def, &coordinator), SL_OK);
    sl_session_def agent = sl_session_default_def(sl_link_fleet_def(sl_coordinator_fleet_endpoint(coordinator)));
    agent.slot = 1;
    agent.context = &got;
    agent.decide = decide;
    agent.load = keep;
    assert_int_equal(sl_session_create(&agent, &session), SL_OK);
    for (int i = 0; i < 100; i++) step_both(coordinator, session);
    assert_int_equal(sl_session_get_state(session), SL_SESSION_HELLO);
    assert_int_equal(sl_coordinator_handle(coordinator, bring_good(&w, params), &answer), SL_OK);
    for (int i = 0; i < 2000 && sl_session_get_state(session) != SL_SESSION_LIVE; i++)
        step_both(coordinator, session);
    assert_int_equal(sl_session_get_state(session), SL_SESSION_LIVE);
    assert_int_equal(sl_session_get_stats(session).rejects, 0);
    assert_int_equal(got.n_bytes, w.sizes[1]);
    assert_memory_equal(got.bytes, w.files + w.sizes[0], got.n_bytes);
    sl_free(got.bytes);
    sl_session_destroy(&session);
    sl_coordinator_destroy(&coordinator);
    close_world(&w);
}

/* How long a tick waits for an agent that has left is the experiment's. */
static void test_waits_as_long_as_the_experiment_says(void **state) {
    (void)state;
    world w;
    gift got = {.n_bytes = 0};
    sl_session *session = NULL;
    volatile sig_atomic_t stop = 1;
    open_world(&w);
    w.x.e.fleet.patience_ms = 700;
    sl_model_registry *registry = open_registry(&w);
    assert_int_equal(sl_model_registry_refresh(registry, bring_good(&w, params)), SL_OK);
    sl_fleet *fleet = sl_model_registry_fleet(registry);
    sl_session_def agent = sl_session_default_def(sl_link_fleet_def(sl_model_registry_endpoint(registry)));
    agent.slot = 1;
    agent.context = &got;
    agent.decide = decide;
    agent.load = keep;
    agent.stop = &stop;
    assert_int_equal(sl_session_create(&agent, &session), SL_OK);
    while (sl_fleet_slot(fleet, 1) != SL_SLOT_LIVE) {
        sl_status status = sl_session_step(session, 5);
        if (status != SL_OK && status != SL_TIMEOUT) fail_msg("%s", sl_error_what());
        assert_int_equal(sl_fleet_poll(fleet, 0), SL_OK);
    }
    assert_int_equal(sl_session_run(session), SL_INTERRUPTED);
    while (sl_fleet_slot(fleet, 1) == SL_SLOT_LIVE) assert_int_equal(sl_fleet_poll(fleet, 0), SL_OK);
    int32_t actions[N];
    sl_act acts[N];
    float *obs = sl_alloc_array((size_t)N * (size_t)w.setup->O, sizeof *obs);
    int64_t start_ns = sl_fleet_now_ns(fleet);
    sl_fleet_begin(fleet);
    assert_int_equal(sl_fleet_tick(fleet, obs, NULL, NULL, actions, acts), SL_OK);
    int64_t waited_ms = (sl_fleet_now_ns(fleet) - start_ns) / 1000000;
    assert_int_equal(acts[1], SL_ACT_ABSENT);
    // some of it passed before the tick
    assert_in_range(waited_ms, 500, 10000);
    sl_free(obs);
    sl_free(got.bytes);
    sl_session_destroy(&session);
    sl_model_registry_close(&registry);
    close_world(&w);
}

/* Signatures come with the WELCOME, each to its slot; another one of the same student is told anew. */
static void test_signatures_go_to_their_slots(void **state) {
    (void)state;
    world w;
    sl_coordinator *coordinator = NULL;
    sl_learn_message answer;
    open_world(&w);
    sl_link_def link = sl_link_fleet_def("tcp://127.0.0.1:*");
    sl_coordinator_def def = {.experiment = &w.x.e, .run = w.folder.path, .fleet = &link};
    assert_int_equal(sl_coordinator_create(&def, &coordinator), SL_OK);
    assert_int_equal(sl_coordinator_handle(coordinator, bring_signed(&w, 1), &answer), SL_OK);
    for (int slot = 0; slot < N; slot++) {
        gift got = {.obs_dim = w.setup->O, .n_actions = w.setup->A};
        sl_session *session = NULL;
        sl_session_def agent = sl_session_default_def(sl_link_fleet_def(sl_coordinator_fleet_endpoint(coordinator)));
        agent.slot = slot;
        agent.context = &got;
        agent.decide = decide;
        agent.load = keep;
        agent.welcome = look_at;
        assert_int_equal(sl_session_create(&agent, &session), SL_OK);
        for (int i = 0; i < 2000 && sl_session_get_state(session) != SL_SESSION_LIVE; i++)
            step_both(coordinator, session);
        size_t n = (size_t)signature_sizes[slot], at = slot == 2 ? (size_t)signature_sizes[0] : 0;
        assert_int_equal(strlen(got.signature), n);
        assert_memory_equal(got.signature, signatures + at, n);
        // the same students under another signature
        if (slot == 2) {
            assert_int_equal(sl_coordinator_handle(coordinator, bring_signed(&w, 1), &answer), SL_OK);
            for (int i = 0; i < 2000 && got.n_welcomes < 2; i++) step_both(coordinator, session);
            assert_memory_equal(got.signature, signatures + at, n);
        }
        sl_free(got.bytes);
        sl_session_destroy(&session);
    }
    sl_coordinator_destroy(&coordinator);
    close_world(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses_what_does_not_fit),
        cmocka_unit_test(test_refuses_what_is_no_signature),
        cmocka_unit_test(test_takes_new_students),
        cmocka_unit_test(test_a_fleet_that_does_not_open_again),
        cmocka_unit_test(test_agents_wait_for_their_students),
        cmocka_unit_test(test_signatures_go_to_their_slots),
        cmocka_unit_test(test_waits_as_long_as_the_experiment_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
