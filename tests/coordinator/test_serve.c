/* test_serve.c - the coordinator's end of the learn link: over a simulated network with a learn client played by
 * hand, and over tcp with the real learn client, which meets a coordinator that is replaced in the middle. */
#include "common/alloc.h"
#include "common/clock.h"
#include "common/fnv1a.h"
#include "common/log.h"
#include "coordinator/serve.h"
#include "net/learn_client.h"
#include "net/transport_sim.h"
#include "rollout/example.h"
#include "rollout/policy_set.h"
#include "support/links.h"
#include "support/temp_folder.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>

enum { MAX_PARAMS = 40000 };
static float params[MAX_PARAMS];

typedef struct world {
    example x;
    sl_temp_folder folder;
    sl_setup *setup;
    int64_t n_actor, n_critic;
    /* simulated */
    sl_sim *sim;
    sl_transport *client;
    sl_learn_codec *codec;
    sl_server *server;
    volatile sig_atomic_t stop;
    sl_peer peer;
    sl_learn_message incoming;
} world;

static void open_world(world *w) {
    memset(w, 0, sizeof *w);
    sl_rng rng = sl_rng_seed(5);
    for (int i = 0; i < MAX_PARAMS; i++) params[i] = (float)sl_rng_between(&rng, -0.4, 0.4);
    example_init(&w->x);
    w->folder = sl_temp_folder_create();
    assert_int_equal(sl_setup_create(&w->x.e, &w->setup), SL_OK);
    w->n_actor = (int64_t)sl_net_n_params(&w->setup->teacher);
    w->n_critic = (int64_t)sl_net_n_params(&w->setup->critic);
}

static sl_server *open_server(world *w, const char *endpoint) {
    sl_server *server = NULL;
    sl_coordinator_def def = {.experiment = &w->x.e, .run = w->folder.path, .stop = &w->stop};
    memset(def.config_hash, 'a', 64);
    sl_link_def link = sl_link_learn_def(endpoint);
    assert_int_equal(sl_server_open(&link, &def, NULL, &server), SL_OK);
    return server;
}

static void open_sim(world *w) {
    sl_sim_def def = SL_SIM_DEF(1, 0.1, 0.1, 0, 0);
    sl_link_def transport = sl_link_learn_def(NULL);
    open_world(w);
    assert_int_equal(sl_sim_create(&def, &w->sim), SL_OK);
    sl_sim_install(w->sim);
    assert_int_equal(serve_on("sim://client", transport, &w->client), SL_OK);
    assert_int_equal(sl_learn_codec_create(&w->codec), SL_OK);
    w->server = open_server(w, "sim://client");
}

static void close_world(world *w) {
    sl_server_close(&w->server);
    sl_learn_codec_destroy(&w->codec);
    if (w->client) sl_transport_close(&w->client);
    sl_sim_install(NULL);
    sl_sim_destroy(&w->sim);
    sl_setup_destroy(&w->setup);
    sl_temp_folder_remove(&w->folder);
}

/* Steps the server until the learn client has a message of that kind; at most 20 steps. */
static const sl_learn_message *expect(world *w, sl_learn_kind kind) {
    for (int i = 0; i < 20; i++) {
        bool finished = false;
        assert_int_equal(sl_server_step(w->server, 300, &finished), SL_OK);
        sl_message frames;
        while (sl_transport_receive(w->client, 1, &frames) == SL_OK) {
            assert_int_equal(sl_learn_decode(w->codec, &frames, &w->incoming), SL_OK);
            w->peer = frames.peer;
            if (w->incoming.kind == kind) return &w->incoming;
        }
    }
    fail_msg("no message of kind %d came", (int)kind);
    return NULL;
}

static void send_kind(world *w, sl_learn_kind kind, uint64_t run_id, uint64_t request_id) {
    sl_learn_message message = {.kind = kind, .run_id = run_id, .request_id = request_id, .version = 3};
    message.value_std = 1;
    message.n_episodes = 5;
    message.policy = SL_POLICY_RANDOM;
    if (kind == SL_LEARN_COLLECT) {
        sl_learn_add(&message, SL_TENSOR_PARAMS, params, SL_SHAPE(w->n_actor));
        sl_learn_add(&message, SL_TENSOR_CRITIC, params, SL_SHAPE(w->n_critic));
    }
    assert_int_equal(sl_learn_send(w->codec, w->client, &w->peer, &message), SL_OK);
}

static uint64_t actions_hash(const sl_learn_message *message) {
    const sl_wire_tensor *t = sl_learn_tensor(message, SL_TENSOR_ACTION);
    assert_non_null(t);
    return sl_fnv1a(SL_FNV1A, t->data, t->n_bytes);
}

static void meet(world *w, uint64_t run_id) {
    expect(w, SL_LEARN_HELLO);
    assert_int_equal(w->incoming.config_hash[0], 'a');
    send_kind(w, SL_LEARN_WELCOME, run_id, 0);
}

static void test_says_hello_until_it_is_heard(void **state) {
    (void)state;
    world w;
    open_sim(&w);
    expect(&w, SL_LEARN_HELLO);
    uint64_t run_id = w.incoming.run_id;
    int64_t first = sl_sim_now_ns(w.sim);
    expect(&w, SL_LEARN_HELLO);
    assert_int_equal(w.incoming.run_id, run_id);
    assert_in_range(sl_sim_now_ns(w.sim) - first, 700000000, 1700000000);
    close_world(&w);
}

// steps the server until somebody who listens at a port hears its HELLO; how long that took
static int64_t wait_for_hello(world *w, sl_transport *listener) {
    int64_t begin_ns = sl_clock_ns();
    sl_message frames;
    do {
        bool finished = false;
        assert_int_equal(sl_server_step(w->server, 5, &finished), SL_OK);
        assert_true(sl_clock_ns() - begin_ns < 20000000000);
    } while (sl_transport_receive(listener, 0, &frames) != SL_OK);
    return sl_clock_ns() - begin_ns;
}

/* A trainer that goes is followed by starling at the same port: whoever listens there hears of the coordinator when
 * it is connected, and not at the next full second. A busy machine may be late now and then. */
static void test_says_hello_when_it_is_connected(void **state) {
    (void)state;
    world w;
    sl_transport *listener = NULL;
    open_world(&w);
    assert_int_equal(serve_on("tcp://127.0.0.1:*", sl_link_learn_def(NULL), &listener), SL_OK);
    char endpoint[SL_ENDPOINT_BYTES];
    (void)snprintf(endpoint, sizeof endpoint, "%s", sl_transport_endpoint(listener));
    w.server = open_server(&w, endpoint);
    (void)wait_for_hello(&w, listener);
    int64_t soonest_ns = INT64_MAX;
    for (int k = 0; k < 10 && soonest_ns > 600000000; k++) {
        sl_transport_close(&listener);
        assert_int_equal(serve_on(endpoint, sl_link_learn_def(NULL), &listener), SL_OK);
        int64_t took_ns = wait_for_hello(&w, listener);
        if (took_ns < soonest_ns) soonest_ns = took_ns;
    }
    assert_true(soonest_ns < 600000000);
    sl_transport_close(&listener);
    close_world(&w);
}

static void test_answers_one_request_once(void **state) {
    (void)state;
    world w;
    open_sim(&w);
    meet(&w, 77);
    send_kind(&w, SL_LEARN_COLLECT, 77, 1);
    const sl_learn_message *batch = expect(&w, SL_LEARN_BATCH);
    assert_int_equal(batch->request_id, 1);
    assert_int_equal(batch->version, 3);
    uint64_t first = actions_hash(batch);
    // asked again: the same answer, and the environments have not moved
    send_kind(&w, SL_LEARN_COLLECT, 77, 1);
    assert_true(actions_hash(expect(&w, SL_LEARN_BATCH)) == first);
    send_kind(&w, SL_LEARN_COLLECT, 77, 2);
    uint64_t second = actions_hash(expect(&w, SL_LEARN_BATCH));
    assert_true(second != first);
    expect(&w, SL_LEARN_HELLO);
    assert_int_equal(w.incoming.request_id, 2);
    // a stranger's request is not done; a new learn client starts from the seed
    send_kind(&w, SL_LEARN_COLLECT, 78, 9);
    meet(&w, 79);
    send_kind(&w, SL_LEARN_COLLECT, 79, 1);
    assert_true(actions_hash(expect(&w, SL_LEARN_BATCH)) == first);
    close_world(&w);
}

static void test_refuses_and_goes_on(void **state) {
    (void)state;
    world w;
    open_sim(&w);
    meet(&w, 77);
    send_kind(&w, SL_LEARN_SAMPLE, 77, 1);
    const sl_learn_message *error = expect(&w, SL_LEARN_ERROR);
    assert_int_equal(error->code, SL_MISMATCH);
    assert_non_null(strstr(error->text, "no teacher"));
    // bytes that are no message, and messages that no coordinator gets
    static const char junk[] = "this is not a message of Starling's";
    sl_frame frame = {junk, sizeof junk};
    assert_int_equal(sl_transport_send(w.client, &w.peer, 1, &frame), SL_OK);
    send_kind(&w, SL_LEARN_STOP, 77, 2);
    expect(&w, SL_LEARN_DONE);
    close_world(&w);
}

static void test_ends(void **state) {
    (void)state;
    world w;
    bool finished = false;
    open_sim(&w);
    meet(&w, 77);
    // the learn client's STOP
    bool done = false;
    send_kind(&w, SL_LEARN_STOP, 77, 1);
    for (int i = 0; i < 20 && !done; i++) assert_int_equal(sl_server_step(w.server, 300, &done), SL_OK);
    assert_true(done);
    // a signal
    w.stop = 15;
    assert_int_equal(sl_server_step(w.server, 300, &finished), SL_INTERRUPTED);
    w.stop = 0;
    // another experiment
    sl_learn_message reject = {.kind = SL_LEARN_REJECT, .run_id = 77};
    memcpy(reject.text, "another experiment", 19);
    assert_int_equal(sl_learn_send(w.codec, w.client, &w.peer, &reject), SL_OK);
    sl_status status = SL_OK;
    for (int i = 0; i < 20 && status == SL_OK; i++) status = sl_server_step(w.server, 300, &finished);
    assert_int_equal(status, SL_MISMATCH);
    close_world(&w);
}

typedef struct server_thread {
    pthread_t thread;
    sl_server *server;
    sl_status status;
} server_thread;

static void *serve(void *argument) {
    server_thread *self = argument;
    self->status = sl_server_run(self->server, false);
    return NULL;
}

static void start_thread(world *w, server_thread *t, const char *endpoint) {
    t->server = open_server(w, endpoint);
    assert_int_equal(pthread_create(&t->thread, NULL, serve, t), 0);
}

static void end_thread(server_thread *t, sl_status wanted) {
    assert_int_equal(pthread_join(t->thread, NULL), 0);
    assert_int_equal(t->status, wanted);
    sl_server_close(&t->server);
}

static sl_status ask_random(sl_learn_client *client, bool resend, int n) {
    sl_learn_message request = {.kind = SL_LEARN_EVALUATE, .policy = SL_POLICY_RANDOM, .n_episodes = n, .seed = 1};
    const sl_learn_message *answer = NULL;
    SL_TRY(sl_learn_client_ask(client, &request, resend, &answer));
    assert_int_equal(answer->kind, SL_LEARN_DONE);
    const sl_wire_tensor *returns = sl_learn_tensor(answer, SL_TENSOR_EPISODE_RETURN);
    assert_non_null(returns);
    assert_int_equal(returns->dims[0], n);
    return SL_OK;
}

static void test_the_real_client(void **state) {
    (void)state;
    world w;
    open_world(&w);
    sl_learn_client *client = NULL;
    sl_learn_client_def def = sl_learn_client_default_def(sl_link_learn_def("tcp://127.0.0.1:*"));
    memset(def.config_hash, 'a', 64);
    def.join_ms = 20000;
    assert_int_equal(sl_learn_client_open(&def, &client), SL_OK);
    server_thread first = {0}, second = {0};
    start_thread(&w, &first, sl_learn_client_endpoint(client));
    assert_int_equal(ask_random(client, false, 30), SL_OK);
    assert_int_equal(ask_random(client, false, 3), SL_OK);
    // the coordinator ends, another takes its place: a question without state goes there by itself
    w.stop = 15;
    end_thread(&first, SL_INTERRUPTED);
    w.stop = 0;
    start_thread(&w, &second, sl_learn_client_endpoint(client));
    assert_int_equal(ask_random(client, true, 4), SL_OK);
    sl_learn_message stop = {.kind = SL_LEARN_STOP};
    const sl_learn_message *answer = NULL;
    assert_int_equal(sl_learn_client_ask(client, &stop, false, &answer), SL_OK);
    end_thread(&second, SL_OK);
    sl_learn_client_close(&client);
    close_world(&w);
}

int main(void) {
    // the dropped and refused messages of these tests are no news
    sl_log_init("test", SL_LOG_ERROR, false);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_says_hello_until_it_is_heard),
        cmocka_unit_test(test_says_hello_when_it_is_connected),
        cmocka_unit_test(test_answers_one_request_once),
        cmocka_unit_test(test_refuses_and_goes_on),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_the_real_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
