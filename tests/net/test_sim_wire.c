/* test_sim_wire.c - the simulated network's wire: who listens sees every message leave and arrive, may cut it, and
 * can say again what was said. */
#include "net/transport.h"
#include "net/transport_sim.h"
#include "support/links.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

typedef struct ear {
    int n_left, n_arrived;
    uint32_t from, to;
    uint8_t first;
    bool cuts;
} ear;

static bool hear_leaving(void *context, uint32_t from, uint32_t to, int n_frames, const sl_frame *frames) {
    ear *self = context;
    assert_true(n_frames == 1 && frames[0].n_bytes == 1);
    self->n_left++;
    self->from = from, self->to = to;
    return !self->cuts;
}

static void hear_arriving(void *context, uint32_t from, uint32_t to, int n_frames, const sl_frame *frames) {
    ear *self = context;
    (void)from, (void)to, (void)n_frames;
    self->n_arrived++;
    self->first = *(const uint8_t *)frames[0].bytes;
}

static void what_passes_is_seen_cut_and_said_again(void **state) {
    (void)state;
    ear listener = {0};
    sl_sim *sim = NULL;
    sl_sim_def def = SL_SIM_DEF(1, 1, 1, 0, 0);
    assert_int_equal(sl_sim_create(&def, &sim), SL_OK);
    sl_sim_install(sim);
    sl_sim_watch(sim, &(sl_sim_wire){&listener, hear_leaving, hear_arriving});
    sl_transport *server = NULL, *client = NULL;
    sl_link_def link = sl_link_fleet_def(NULL);
    assert_int_equal(serve_on("sim://net", link, &server), SL_OK);
    uint32_t server_id = sl_sim_newest(sim);
    assert_int_equal(connect_to("sim://net", link, &client), SL_OK);
    uint32_t client_id = sl_sim_newest(sim);
    assert_true(client_id != server_id);
    sl_frame frame = {"a", 1};
    sl_message message;
    assert_int_equal(sl_transport_send(client, NULL, 1, &frame), SL_OK);
    assert_true(listener.n_left == 1 && listener.n_arrived == 0 && listener.from == client_id &&
                listener.to == server_id);
    assert_int_equal(sl_transport_receive(server, 10, &message), SL_OK);
    assert_true(listener.n_arrived == 1 && listener.first == 'a');
    // what is cut is lost, and the sender does not know
    listener.cuts = true;
    assert_int_equal(sl_transport_send(client, NULL, 1, &frame), SL_OK);
    assert_int_equal(sl_transport_receive(server, 10, &message), SL_TIMEOUT);
    // a line that is lost altogether from now on, then none any more
    listener.cuts = false;
    def.to_server.loss.lose_good = 1;
    sl_sim_change(sim, &def);
    assert_int_equal(sl_transport_send(client, NULL, 1, &frame), SL_OK);
    assert_int_equal(sl_transport_receive(server, 10, &message), SL_TIMEOUT);
    // said again in the name of one who has left
    sl_peer peer = {.len = 0};
    sl_transport_close(&client);
    sl_frame again = {"b", 1};
    assert_int_equal(sl_sim_inject(sim, client_id, server_id, 5000000, 1, &again), SL_OK);
    assert_int_equal(sl_transport_receive(server, 4, &message), SL_TIMEOUT);
    assert_int_equal(sl_transport_receive(server, 4, &message), SL_OK);
    assert_true(listener.first == 'b' && listener.n_left == 3);
    peer = message.peer;
    assert_int_equal(sl_transport_send(server, &peer, 1, &again), SL_NOT_FOUND);
    assert_true(listener.n_left == 4 && listener.to == client_id);
    // to one who is not there it gets lost
    assert_int_equal(sl_sim_inject(sim, server_id, client_id, 0, 1, &again), SL_OK);
    sl_transport_wait(server, sl_sim_now_ns(sim) + 1);
    sl_transport_close(&server);
    sl_sim_destroy(&sim);
}

/* sends n numbered messages from a to b; says in out how many came, and how many of them after a later one */
static void pass(sl_transport *a, const sl_peer *peer, sl_transport *b, int n, int out[2]) {
    int last = -1;
    out[0] = out[1] = 0;
    for (int i = 0; i < n; i++) {
        sl_frame frame = {&i, sizeof i};
        assert_int_equal(sl_transport_send(a, peer, 1, &frame), SL_OK);
    }
    sl_message message;
    for (int number; sl_transport_receive(b, 1000, &message) == SL_OK; last = number) {
        memcpy(&number, message.frames[0].bytes, sizeof number);
        out[0]++;
        out[1] += number < last;
    }
}

static void a_direction_has_a_channel_of_its_own(void **state) {
    (void)state;
    sl_sim *sim = NULL;
    sl_sim_def def = {
        .seed = 5, .to_server = SL_SIM_CHANNEL(1, 100, 0, 0), .to_clients = SL_SIM_CHANNEL(1, 100, 0.5, 0)};
    def.to_clients.reorders = false;
    assert_int_equal(sl_sim_create(&def, &sim), SL_OK);
    sl_sim_install(sim);
    sl_transport *server = NULL, *client = NULL;
    assert_int_equal(serve_on("sim://net", sl_link_fleet_def(NULL), &server), SL_OK);
    assert_int_equal(connect_to("sim://net", sl_link_fleet_def(NULL), &client), SL_OK);
    sl_frame hello = {"hello", 5};
    sl_message message;
    assert_int_equal(sl_transport_send(client, NULL, 1, &hello), SL_OK);
    assert_int_equal(sl_transport_receive(server, 1000, &message), SL_OK);
    sl_peer peer = message.peer;
    int up[2], down[2];
    pass(client, NULL, server, 200, up);
    pass(server, &peer, client, 200, down);
    // all of them one way, in no order; half of them the other, in order
    assert_true(up[0] == 200 && up[1] > 50);
    assert_in_range(down[0], 70, 130);
    assert_int_equal(down[1], 0);
    // nothing is late without words
    sl_sim_change(sim, &(sl_sim_def){0});
    int64_t now_ns = sl_sim_now_ns(sim);
    assert_int_equal(sl_transport_send(client, NULL, 1, &hello), SL_OK);
    assert_int_equal(sl_transport_receive(server, 1000, &message), SL_OK);
    assert_true(sl_sim_now_ns(sim) == now_ns);
    sl_transport_close(&client);
    sl_transport_close(&server);
    sl_sim_destroy(&sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_passes_is_seen_cut_and_said_again),
        cmocka_unit_test(a_direction_has_a_channel_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
