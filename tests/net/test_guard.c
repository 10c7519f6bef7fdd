/* test_guard.c - a server with keys over tcp: who gets in, whose messages they are, and what both sides say of those
 * who do not. Waits end with what is waited for, or after 10 s. */
#include "common/clock.h"
#include "net/tally.h"
#include "net/transport.h"
#include "support/capture.h"
#include "support/links.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

#include "support/key_folder.h"

enum { PATIENCE_MS = 10000, LOG_BYTES = 65536 };

static char said[LOG_BYTES];

typedef struct door {
    key_folder keys;
    sl_transport *server, *client;
    sl_message message; /* the last that the server got */
    int n_got;
} door;

static void open_server(door *self, bool with_keys) {
    key_folder_open(&self->keys);
    sl_link_def link = sl_link_fleet_def(NULL);
    if (with_keys) link.keys = &self->keys.server;
    assert_int_equal(serve_on("tcp://127.0.0.1:*", link, &self->server), SL_OK);
}

static void open_client(door *self, const sl_keyring *keys) {
    sl_link_def link = sl_link_fleet_def(NULL);
    link.keys = keys;
    assert_int_equal(connect_to(sl_transport_endpoint(self->server), link, &self->client), SL_OK);
}

static void close_door(door *self) {
    sl_transport_close(&self->client);
    sl_transport_close(&self->server);
    key_folder_close(&self->keys);
}

// the client says something, and both look at what came, once
static void turn(door *self) {
    sl_frame frame = {"hello", 5};
    sl_message answer;
    sl_status status = self->client ? sl_transport_send(self->client, NULL, 1, &frame) : SL_FULL;
    if (status == SL_FULL && self->client) status = sl_transport_receive(self->client, 5, &answer);
    assert_true(status == SL_OK || status == SL_FULL || status == SL_TIMEOUT);
    if (sl_transport_receive(self->server, 5, &self->message) == SL_OK) self->n_got++;
}

static bool got_one(door *self) {
    return self->n_got > 0;
}

static bool was_denied(door *self) {
    return sl_transport_get_stats(self->server).denied > 0;
}

static bool was_unhandshaken(door *self) {
    return sl_transport_get_stats(self->server).unhandshaken > 0;
}

static bool is_unknown(door *self) {
    const sl_allowed *who = self->n_got > 0 ? sl_transport_sender_key(self->server) : NULL;
    return who && who->key[0] && !who->name[0];
}

static bool wait_until(door *self, bool (*holds)(door *self)) {
    int64_t end_ns = sl_clock_ns() + (int64_t)PATIENCE_MS * 1000000;
    while (!holds(self) && sl_clock_ns() < end_ns) turn(self);
    return holds(self);
}

// some turns more, so that what must not arrive could have
static void linger(door *self) {
    for (int i = 0; i < 40; i++) turn(self);
}

static void an_allowed_key_is_known_by_name(void **state) {
    (void)state;
    door self = {.n_got = 0};
    open_server(&self, true);
    sl_keyring agent = key_member(&self.keys, "agent-7", SL_ROLE_AGENT, "7");
    open_client(&self, &agent);
    assert_true(wait_until(&self, got_one));
    const sl_allowed *who = sl_transport_sender_key(self.server);
    assert_non_null(who);
    assert_string_equal(who->name, "agent-7");
    assert_string_equal(who->key, agent.own.public_key);
    assert_int_equal(who->role, SL_ROLE_AGENT);
    assert_true(sl_slot_set_has(&who->slots, 7) && !sl_slot_set_has(&who->slots, 6));
    assert_memory_equal(self.message.frames[0].bytes, "hello", 5);
    close_door(&self);
}

// what both sides said while the client knocked until the server had counted it
static void expect_refusal(door *self, const sl_keyring *client, bool (*counted)(door *self)) {
    sl_capture_begin();
    open_client(self, client);
    bool came = wait_until(self, counted);
    linger(self);
    (void)sl_capture_end(said, sizeof said);
    assert_true(came);
    assert_int_equal(self->n_got, 0);
}

static void expect_said(const char *text) {
    if (!strstr(said, text)) fail_msg("'%s' is not in: %s", text, said);
}

static void a_key_that_is_not_allowed_is_refused(void **state) {
    (void)state;
    door self = {.n_got = 0};
    open_server(&self, true);
    sl_keyring agent = key_client(&self.keys, "agent-7", SL_ROLE_AGENT, "7");
    expect_refusal(&self, &agent, was_denied);
    expect_said("refused a peer at 127.0.0.1, 1 so far: the key ");
    expect_said("the coordinator does not allow this agent's key, 'agent-7'");
    close_door(&self);
}

static void a_key_of_another_role_is_refused(void **state) {
    (void)state;
    door self = {.n_got = 0};
    open_server(&self, true);
    sl_keyring other = key_member(&self.keys, "other", SL_ROLE_COORDINATOR, "");
    expect_refusal(&self, &other, was_denied);
    expect_said("'other' is the key of a coordinator");
    close_door(&self);
}

static void no_key_is_refused_by_a_server_with_keys(void **state) {
    (void)state;
    door self = {.n_got = 0};
    open_server(&self, true);
    expect_refusal(&self, NULL, was_unhandshaken);
    // whichever side is first to see it; its address is known when the guard looked before it left
    expect_said("no handshake with a peer at ");
    expect_said("no keys");
    expect_said("this agent has none: start it with --key FILE");
    close_door(&self);
}

static void a_key_is_refused_by_a_server_without(void **state) {
    (void)state;
    door self = {.n_got = 0};
    open_server(&self, false);
    sl_keyring agent = key_member(&self.keys, "agent-7", SL_ROLE_AGENT, "7");
    expect_refusal(&self, &agent, was_unhandshaken);
    expect_said("no handshake with a peer at ");
    expect_said("this program runs without keys");
    expect_said("no connection to tcp://127.0.0.1:");
    expect_said("without keys");
    close_door(&self);
}

static void a_wrong_server_key_is_told(void **state) {
    (void)state;
    door self = {.n_got = 0};
    open_server(&self, true);
    sl_keyring agent = key_member(&self.keys, "agent-7", SL_ROLE_AGENT, "7");
    sl_certificate other = key_make("other", SL_ROLE_COORDINATOR, "");
    memcpy(agent.own.server_key, other.public_key, sizeof agent.own.server_key);
    expect_refusal(&self, &agent, was_unhandshaken);
    expect_said("it takes another key for this server's");
    expect_said("not its public key");
    close_door(&self);
}

static void a_key_that_is_added_gets_in_by_itself(void **state) {
    (void)state;
    door self = {.n_got = 0};
    open_server(&self, true);
    sl_keyring agent = key_client(&self.keys, "agent-7", SL_ROLE_AGENT, "7");
    expect_refusal(&self, &agent, was_denied);
    key_allow(&self.keys, &agent.own);
    assert_true(wait_until(&self, got_one));
    assert_string_equal(sl_transport_sender_key(self.server)->name, "agent-7");
    close_door(&self);
}

static void a_revoked_key_is_nobody_s(void **state) {
    (void)state;
    door self = {.n_got = 0};
    open_server(&self, true);
    sl_keyring agent = key_member(&self.keys, "agent-7", SL_ROLE_AGENT, "7");
    open_client(&self, &agent);
    assert_true(wait_until(&self, got_one));
    uint64_t version = sl_transport_keys_version(self.server);
    int64_t start_ns = sl_clock_ns();
    key_revoke(&self.keys, "agent-7");
    // its connection stands
    assert_true(wait_until(&self, is_unknown));
    assert_true(sl_transport_keys_version(self.server) > version);
    assert_null(sl_transport_find_key(self.server, agent.own.public_key));
    assert_string_equal(sl_transport_sender_key(self.server)->key, agent.own.public_key);
    assert_true(sl_clock_ns() - start_ns < 5000000000);
    close_door(&self);
}

// --------------------------------------------------------------------------------------------------- bytes on the
// wire

static int connect_plainly(const door *self) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    const char *port = strrchr(sl_transport_endpoint(self->server), ':') + 1;
    address.sin_port = htons((uint16_t)strtol(port, NULL, 10));
    assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &address.sin_addr), 1);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

// the routing id is the peer's to choose: its key is not
static void *raw_client(void *context, const door *self, const sl_keyring *keys, const char *id) {
    void *socket = zmq_socket(context, ZMQ_DEALER);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_ROUTING_ID, id, strlen(id)), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, keys->own.server_key, 40), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->own.public_key, 40), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->own.secret_key, 40), 0);
    assert_int_equal(zmq_connect(socket, sl_transport_endpoint(self->server)), 0);
    return socket;
}

static void a_borrowed_routing_id_borrows_no_key(void **state) {
    (void)state;
    door self = {.n_got = 0};
    open_server(&self, true);
    sl_keyring mine = key_member(&self.keys, "mine", SL_ROLE_AGENT, "0");
    sl_keyring other = key_member(&self.keys, "other", SL_ROLE_AGENT, "1");
    void *context = zmq_ctx_new();
    void *first = raw_client(context, &self, &mine, "agent-0");
    assert_int_equal(zmq_send(first, "a", 1, 0), 1);
    assert_true(wait_until(&self, got_one));
    assert_string_equal(sl_transport_sender_key(self.server)->name, "mine");
    sl_peer peer = self.message.peer;
    self.n_got = 0;
    void *second = raw_client(context, &self, &other, "agent-0");
    assert_int_equal(zmq_send(second, "b", 1, 0), 1);
    assert_true(wait_until(&self, got_one));
    assert_memory_equal(&self.message.peer, &peer, sizeof peer);
    assert_string_equal(sl_transport_sender_key(self.server)->name, "other");
    assert_int_equal(zmq_close(first), 0);
    assert_int_equal(zmq_close(second), 0);
    assert_int_equal(zmq_ctx_term(context), 0);
    close_door(&self);
}

/* Stands between a client and the server, and keeps what the client says. */
typedef struct tap {
    int listener, inside, outside;
    uint8_t heard[16384];
    size_t n;
} tap;

static void *pass_on(void *context) {
    tap *self = context;
    self->inside = accept(self->listener, NULL, NULL);
    struct pollfd both[] = {{self->inside, POLLIN, 0}, {self->outside, POLLIN, 0}};
    for (uint8_t bytes[4096]; poll(both, 2, PATIENCE_MS) > 0;) {
        for (int i = 0; i < 2; i++) {
            if (!both[i].revents) continue;
            ssize_t n = read(both[i].fd, bytes, sizeof bytes);
            if (n <= 0) return NULL;
            if (i == 0 && self->n + (size_t)n <= sizeof self->heard) {
                memcpy(self->heard + self->n, bytes, (size_t)n);
                self->n += (size_t)n;
            }
            if (write(both[1 - i].fd, bytes, (size_t)n) != n) return NULL;
        }
    }
    return NULL;
}

static void a_replayed_handshake_is_heard_by_nobody(void **state) {
    (void)state;
    door self = {.n_got = 0};
    static tap between;
    char endpoint[64];
    open_server(&self, true);
    sl_keyring agent = key_member(&self.keys, "agent-7", SL_ROLE_AGENT, "7");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    between.listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(between.listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(between.listener, 1), 0);
    assert_int_equal(getsockname(between.listener, (struct sockaddr *)&address, &size), 0);
    between.outside = connect_plainly(&self);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, pass_on, &between), 0);
    (void)snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", ntohs(address.sin_port));
    sl_link_def link = sl_link_fleet_def(NULL);
    link.keys = &agent;
    assert_int_equal(connect_to(endpoint, link, &self.client), SL_OK);
    assert_true(wait_until(&self, got_one));
    sl_transport_close(&self.client);
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)close(between.inside);
    (void)close(between.outside);
    (void)close(between.listener);
    // greeting, HELLO, INITIATE and a message
    assert_true(between.n > 64 + 200 + 257);
    while (sl_transport_receive(self.server, 50, &self.message) == SL_OK) continue;
    self.n_got = 0;
    sl_capture_begin();
    int fd = connect_plainly(&self);
    bool sent = write(fd, between.heard, between.n) == (ssize_t)between.n;
    bool counted = wait_until(&self, was_unhandshaken);
    linger(&self);
    (void)sl_capture_end(said, sizeof said);
    assert_true(sent && counted);
    assert_int_equal(self.n_got, 0);
    expect_said("or repeats what others said");
    (void)close(fd);
    close_door(&self);
}

static void the_silent_and_the_loud_keep_nobody_out(void **state) {
    (void)state;
    enum { SILENT = 200, LOUD = 50 };
    door self = {.n_got = 0};
    int fds[SILENT + LOUD];
    uint8_t noise[2048];
    open_server(&self, true);
    sl_keyring agent = key_member(&self.keys, "agent-7", SL_ROLE_AGENT, "7");
    for (size_t i = 0; i < sizeof noise; i++) noise[i] = (uint8_t)(i * 167 + 13);
    sl_capture_begin();
    for (int i = 0; i < SILENT + LOUD; i++) {
        fds[i] = connect_plainly(&self);
        if (i >= SILENT && write(fds[i], noise, sizeof noise) < 0) break;
    }
    open_client(&self, &agent);
    bool heard = wait_until(&self, got_one), counted = wait_until(&self, was_unhandshaken);
    for (int i = 0; i < SILENT + LOUD; i++) (void)close(fds[i]);
    (void)sl_capture_end(said, sizeof said);
    assert_true(heard && counted);
    // one address and one reason: told the 1st, 2nd, 4th, ... time
    int n_lines = 0;
    for (const char *at = said; (at = strchr(at, '\n')) != NULL; at++) n_lines++;
    assert_true(n_lines < 24);
    close_door(&self);
}

static void a_tally_is_bounded(void **state) {
    (void)state;
    sl_tally tally = {.n = 0};
    char address[32];
    int n_told = 0;
    for (int i = 0; i < 8; i++) n_told += sl_tally_count(&tally, "10.0.0.1", "why") > 0;
    assert_int_equal(n_told, 4);
    assert_int_equal(sl_tally_count(&tally, "10.0.0.1", "other"), 1);
    for (int i = n_told = 0; i < 100000; i++) {
        (void)snprintf(address, sizeof address, "10.1.%d.%d", i / 256, i % 256);
        n_told += sl_tally_count(&tally, address, "why") > 0;
    }
    assert_true(n_told < SL_TALLIES + 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_allowed_key_is_known_by_name),
        cmocka_unit_test(a_key_that_is_not_allowed_is_refused),
        cmocka_unit_test(a_key_of_another_role_is_refused),
        cmocka_unit_test(no_key_is_refused_by_a_server_with_keys),
        cmocka_unit_test(a_key_is_refused_by_a_server_without),
        cmocka_unit_test(a_wrong_server_key_is_told),
        cmocka_unit_test(a_key_that_is_added_gets_in_by_itself),
        cmocka_unit_test(a_revoked_key_is_nobody_s),
        cmocka_unit_test(a_borrowed_routing_id_borrows_no_key),
        cmocka_unit_test(a_replayed_handshake_is_heard_by_nobody),
        cmocka_unit_test(the_silent_and_the_loud_keep_nobody_out),
        cmocka_unit_test(a_tally_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
