/* test_transport.c - both backends of the transport: order and bytes over tcp loopback, what happens to peers that
 * are gone, refused endpoints, oversized frames, and the simulated network's loss, duplication, reordering and
 * repeatability. */
#include "common/alloc.h"
#include "common/clock.h"
#include "net/transport.h"
#include "net/transport_sim.h"
#include "support/links.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
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

#include <cmocka.h>

static sl_status send_bytes(sl_transport *transport, const sl_peer *peer, const void *bytes, size_t n_bytes) {
    sl_frame frame = {bytes, n_bytes};
    return sl_transport_send(transport, peer, 1, &frame);
}

/* retries while the connection comes up, for at most 5 s */
static void send_connected(sl_transport *transport, const void *bytes, size_t n_bytes) {
    int64_t end_ns = sl_clock_ns() + 5000000000;
    sl_message none;
    sl_status status;
    while ((status = send_bytes(transport, NULL, bytes, n_bytes)) == SL_FULL && sl_clock_ns() < end_ns)
        assert_int_equal(sl_transport_receive(transport, 5, &none), SL_TIMEOUT);
    assert_int_equal(status, SL_OK);
}

static void open_pair(sl_transport **server, sl_transport **client) {
    sl_link_def def = sl_link_fleet_def(NULL);
    assert_int_equal(serve_on("tcp://127.0.0.1:*", def, server), SL_OK);
    assert_int_equal(connect_to(sl_transport_endpoint(*server), def, client), SL_OK);
}

static void *echo_client(void *endpoint) {
    sl_transport *client = NULL;
    sl_link_def def = sl_link_fleet_def(NULL);
    if (connect_to(endpoint, def, &client) != SL_OK) return (void *)1;
    sl_message message;
    while (send_bytes(client, NULL, "hello", 5) == SL_FULL)
        if (sl_transport_receive(client, 5, &message) != SL_TIMEOUT) return (void *)1;
    // gives back what it gets until an empty frame comes
    uintptr_t misaligned = 0;
    while (sl_transport_receive(client, 5000, &message) == SL_OK && message.frames[0].n_bytes > 0) {
        for (int i = 1; i < message.n_frames; i++) misaligned |= (uintptr_t)message.frames[i].bytes & 7;
        if (sl_transport_send(client, NULL, message.n_frames, message.frames) != SL_OK) break;
    }
    sl_transport_close(&client);
    return (void *)misaligned;
}

static void tcp_gives_back_every_frame(void **state) {
    (void)state;
    sl_transport *server = NULL;
    sl_link_def def = sl_link_fleet_def(NULL);
    assert_int_equal(serve_on("tcp://127.0.0.1:*", def, &server), SL_OK);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, echo_client, (void *)sl_transport_endpoint(server)), 0);
    sl_message message;
    assert_int_equal(sl_transport_receive(server, 5000, &message), SL_OK);
    assert_memory_equal(message.frames[0].bytes, "hello", 5);
    sl_peer peer = message.peer;

    static uint8_t bytes[70000];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 31 + i / 251);
    for (size_t n_bytes = 1; n_bytes < sizeof bytes; n_bytes += 1 + n_bytes / 3) {
        sl_frame frames[3] = {{bytes, n_bytes}, {bytes, 0}, {bytes + 1, n_bytes / 2}};
        assert_int_equal(sl_transport_send(server, &peer, 3, frames), SL_OK);
        assert_int_equal(sl_transport_receive(server, 5000, &message), SL_OK);
        assert_memory_equal(&message.peer, &peer, sizeof peer);
        assert_int_equal(message.n_frames, 3);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(message.frames[i].n_bytes, frames[i].n_bytes);
            assert_memory_equal(message.frames[i].bytes, frames[i].bytes, frames[i].n_bytes);
        }
    }
    assert_int_equal(send_bytes(server, &peer, "", 0), SL_OK);
    void *misaligned = (void *)1;
    assert_int_equal(pthread_join(thread, &misaligned), 0);
    assert_null(misaligned);
    sl_transport_close(&server);
    assert_null(server);
}

/* how many of this process's connections have TCP's timeouts for a host of which nothing is heard for lost_host_ms */
static int count_timed_connections(int lost_host_ms) {
    int n = 0;
    for (int fd = 0; fd < 256; fd++) {
        struct sockaddr_storage peer;
        socklen_t size = sizeof peer;
        unsigned timeout_ms = 0;
        int keeps_alive = 0, idle_s = 0;
        if (getpeername(fd, (struct sockaddr *)&peer, &size) != 0 || peer.ss_family != AF_INET) continue;
        size = sizeof timeout_ms;
        if (getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, &size) != 0) continue;
        size = sizeof idle_s;
        if (getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, &size) != 0) continue;
        size = sizeof keeps_alive;
        if (getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &keeps_alive, &size) != 0) continue;
        n += timeout_ms == (unsigned)lost_host_ms && keeps_alive && 1000 * idle_s <= lost_host_ms;
    }
    return n;
}

static void a_lost_host_is_noticed_by_tcp(void **state) {
    (void)state;
    const sl_link_def defs[] = {sl_link_fleet_def(NULL), sl_link_learn_def(NULL)};
    for (int i = 0; i < 2; i++) {
        sl_transport *server = NULL, *client = NULL;
        assert_int_equal(serve_on("tcp://127.0.0.1:*", defs[i], &server), SL_OK);
        assert_int_equal(connect_to(sl_transport_endpoint(server), defs[i], &client), SL_OK);
        send_connected(client, "x", 1);
        sl_message message;
        assert_int_equal(sl_transport_receive(server, 5000, &message), SL_OK);
        // both ends are in this process
        assert_int_equal(count_timed_connections(defs[i].lost_host_ms), 2);
        sl_transport_close(&client);
        sl_transport_close(&server);
    }
}

static void a_large_frame_crosses_the_learn_link(void **state) {
    (void)state;
    sl_transport *server = NULL, *client = NULL;
    sl_link_def def = sl_link_learn_def(NULL);
    assert_int_equal(serve_on("tcp://127.0.0.1:*", def, &server), SL_OK);
    assert_int_equal(connect_to(sl_transport_endpoint(server), def, &client), SL_OK);
    size_t n = 8 * 1024 * 1024;
    float *numbers = sl_alloc_array(n, sizeof *numbers);
    for (size_t i = 0; i < n; i++) numbers[i] = (float)i;
    sl_frame frames[2] = {{"head", 4}, {numbers, n * sizeof *numbers}};
    // sends wait here, also for the connection
    for (int i = 0; i < 3; i++) assert_int_equal(sl_transport_send(client, NULL, 2, frames), SL_OK);
    for (int i = 0; i < 3; i++) {
        sl_message message;
        assert_int_equal(sl_transport_receive(server, 10000, &message), SL_OK);
        assert_true(message.n_frames == 2 && message.frames[1].n_bytes == n * sizeof *numbers);
        assert_int_equal((uintptr_t)message.frames[1].bytes & 7, 0);
        assert_memory_equal(message.frames[1].bytes, numbers, n * sizeof *numbers);
    }
    sl_free(numbers);
    sl_transport_close(&client);
    sl_transport_close(&server);
}

static void peers_that_are_gone_are_named(void **state) {
    (void)state;
    sl_transport *server = NULL, *client = NULL;
    open_pair(&server, &client);
    sl_peer stranger = {3, {1, 2, 3}};
    assert_int_equal(send_bytes(server, &stranger, "x", 1), SL_NOT_FOUND);
    send_connected(client, "x", 1);
    sl_message message;
    assert_int_equal(sl_transport_receive(server, 5000, &message), SL_OK);
    sl_peer peer = message.peer;
    assert_int_equal(send_bytes(server, &peer, "x", 1), SL_OK);
    sl_transport_close(&client);
    // the router learns of the closed connection within a moment
    int64_t end_ns = sl_clock_ns() + 5000000000;
    sl_status status = SL_OK;
    while (status != SL_NOT_FOUND && sl_clock_ns() < end_ns) {
        assert_int_equal(sl_transport_receive(server, 5, &message), SL_TIMEOUT);
        status = send_bytes(server, &peer, "x", 1);
    }
    assert_int_equal(status, SL_NOT_FOUND);
    assert_true(sl_transport_get_stats(server).dropped_out >= 2);
    sl_transport_close(&server);
}

static void an_oversized_frame_disconnects_its_sender(void **state) {
    (void)state;
    sl_transport *server = NULL, *client = NULL;
    sl_link_def small = sl_link_fleet_def(NULL), large = sl_link_fleet_def(NULL);
    small.max_frame_bytes = 1000;
    assert_int_equal(serve_on("tcp://127.0.0.1:*", small, &server), SL_OK);
    assert_int_equal(connect_to(sl_transport_endpoint(server), large, &client), SL_OK);
    static const uint8_t bytes[1001];
    send_connected(client, bytes, 1001);
    sl_message message;
    assert_int_equal(sl_transport_receive(server, 300, &message), SL_TIMEOUT);
    // the client comes back by itself, and what is not too large arrives; what goes into the dying connection is lost
    int64_t end_ns = sl_clock_ns() + 10000000000;
    sl_status status = SL_TIMEOUT;
    while (status == SL_TIMEOUT && sl_clock_ns() < end_ns) {
        send_connected(client, bytes, 1000);
        status = sl_transport_receive(server, 100, &message);
    }
    assert_int_equal(status, SL_OK);
    assert_int_equal(message.frames[0].n_bytes, 1000);
    sl_transport_close(&client);
    sl_transport_close(&server);
}

static void an_oversized_frame_is_not_sent(void **state) {
    (void)state;
    sl_transport *server = NULL, *client = NULL;
    sl_link_def def = sl_link_fleet_def(NULL);
    def.max_frame_bytes = 1000;
    assert_int_equal(serve_on("tcp://127.0.0.1:*", def, &server), SL_OK);
    assert_int_equal(connect_to(sl_transport_endpoint(server), def, &client), SL_OK);
    static const uint8_t bytes[1001];
    sl_frame frames[2] = {{bytes, 1}, {bytes, 1001}};
    send_connected(client, bytes, 1000);
    assert_int_equal(sl_transport_send(client, NULL, 2, frames), SL_CONFIG);
    assert_non_null(strstr(sl_error_what(), "1001 bytes"));
    // nothing of it went out
    send_connected(client, bytes, 7);
    sl_message message;
    assert_int_equal(sl_transport_receive(server, 5000, &message), SL_OK);
    assert_int_equal(message.frames[0].n_bytes, 1000);
    assert_int_equal(sl_transport_receive(server, 5000, &message), SL_OK);
    assert_int_equal(message.n_frames, 1);
    assert_int_equal(message.frames[0].n_bytes, 7);
    sl_transport_close(&client);
    sl_transport_close(&server);
}

/* ZMTP 3's greeting, and the READY of a DEALER without an identity */
static const char greeting[64] = {
    [0] = '\xff', [9] = '\x7f', [10] = 3, [12] = 'N', [13] = 'U', [14] = 'L', [15] = 'L'};
static const char ready[] = "\4\x1c\5READY\xbSocket-Type\0\0\0\6DEALER";

static int connect_raw(const char *endpoint) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((uint16_t)strtol(strrchr(endpoint, ':') + 1, NULL, 10));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(send(fd, greeting, sizeof greeting, 0), sizeof greeting);
    assert_int_equal(send(fd, ready, sizeof ready - 1, 0), sizeof ready - 1);
    // the server's greeting and the beginning of its READY
    char answer[64 + 8];
    for (size_t n = 0; n < sizeof answer;) {
        ssize_t got = recv(fd, answer + n, sizeof answer - n, 0);
        assert_true(got > 0);
        n += (size_t)got;
    }
    return fd;
}

enum { N_PLAIN = 64, N_PINGED = 64, N_RESETS = 20 };

/* messages, then pings between more of them, and the connection is reset while nobody reads */
static void burst(const char *endpoint) {
    static const char junk[] = {0, 4, 'j', 'u', 'n', 'k'}, ping[] = {4, 7, 4, 'P', 'I', 'N', 'G', 0, 0};
    char bytes[(N_PLAIN + N_PINGED) * (sizeof junk + sizeof ping)], *at = bytes;
    for (int m = 0; m < N_PLAIN + N_PINGED; m++) {
        if (m >= N_PLAIN) memcpy(at, ping, sizeof ping), at += sizeof ping;
        memcpy(at, junk, sizeof junk), at += sizeof junk;
    }
    int fd = connect_raw(endpoint);
    assert_int_equal(send(fd, bytes, (size_t)(at - bytes), 0), at - bytes);
    // a pong comes where the pings were read; nothing tells that reading has stopped
    struct pollfd answer = {.fd = fd, .events = POLLIN};
    (void)poll(&answer, 1, 20);
    struct linger reset = {1, 0};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    assert_int_equal(close(fd), 0);
}

/* a libzmq that had stopped reading at a full inbox would abort */
static void a_peers_pings_do_not_end_a_server(void **state) {
    (void)state;
    const sl_link_def defs[] = {sl_link_fleet_def(NULL), sl_link_learn_def(NULL)};
    for (int i = 0; i < 2; i++) {
        sl_transport *server = NULL;
        assert_int_equal(serve_on("tcp://127.0.0.1:*", defs[i], &server), SL_OK);
        for (int k = 0; k < N_RESETS; k++) burst(sl_transport_endpoint(server));
        int n = 0;
        sl_message message;
        while (sl_transport_receive(server, 200, &message) == SL_OK) n++;
        assert_in_range(n, N_RESETS, N_RESETS * (N_PLAIN + N_PINGED));
        sl_transport_close(&server);
    }
}

static void a_surplus_of_frames_is_dropped(void **state) {
    (void)state;
    sl_transport *server = NULL, *client = NULL;
    open_pair(&server, &client);
    sl_frame frames[SL_MAX_FRAMES];
    for (int i = 0; i < SL_MAX_FRAMES; i++) frames[i] = (sl_frame){"abc", 3};
    send_connected(client, "x", 1);
    assert_int_equal(sl_transport_send(client, NULL, SL_MAX_FRAMES, frames), SL_OK);
    sl_message message;
    assert_int_equal(sl_transport_receive(server, 5000, &message), SL_OK);
    assert_int_equal(sl_transport_receive(server, 5000, &message), SL_OK);
    assert_int_equal(message.n_frames, SL_MAX_FRAMES);
    sl_transport_close(&client);
    sl_transport_close(&server);
}

/* a message of too many frames every two milliseconds, for three seconds */
static void *chatter(void *endpoint) {
    static const char more[] = {1, 1, 'x'}, last[] = {0, 1, 'x'};
    char bytes[(SL_MAX_FRAMES + 1) * sizeof more];
    for (int i = 0; i <= SL_MAX_FRAMES; i++)
        memcpy(bytes + (size_t)i * sizeof more, i < SL_MAX_FRAMES ? more : last, sizeof more);
    int fd = connect_raw(endpoint);
    for (int i = 0; i < 1500 && send(fd, bytes, sizeof bytes, MSG_NOSIGNAL) > 0; i++) (void)poll(NULL, 0, 2);
    (void)close(fd);
    return NULL;
}

/* they would, as each restarts the wait for a message */
static void messages_that_are_dropped_hold_nobody_up(void **state) {
    (void)state;
    sl_transport *server = NULL;
    pthread_t peer;
    sl_message message;
    sl_link_def def = sl_link_fleet_def(NULL);
    assert_int_equal(serve_on("tcp://127.0.0.1:*", def, &server), SL_OK);
    assert_int_equal(pthread_create(&peer, NULL, chatter, (void *)sl_transport_endpoint(server)), 0);
    int n_waits = 0;
    int64_t end = sl_clock_ns() + 10000000000, slowest = 0;
    while (sl_transport_get_stats(server).dropped_in < 50 && sl_clock_ns() < end) {
        int64_t begin = sl_clock_ns();
        assert_int_equal(sl_transport_receive(server, 20, &message), SL_TIMEOUT);
        int64_t took = sl_clock_ns() - begin;
        slowest = took > slowest ? took : slowest;
        n_waits++;
    }
    assert_in_range(sl_transport_get_stats(server).dropped_in, 50, 1500);
    assert_true(n_waits >= 50 && slowest < 2000000000);
    sl_transport_close(&server);
    assert_int_equal(pthread_join(peer, NULL), 0);
}

static void bad_endpoints_are_refused_by_name(void **state) {
    (void)state;
    sl_transport *transport = NULL, *second = NULL;
    sl_link_def def = sl_link_fleet_def(NULL);
    // the last ones are well-formed, but no addresses of this machine
    static const char *const endpoints[] = {
        "tcp://127.0.0.1:99999999", "nonsense",           "sim://no-network",
        "tcp://256.1.1.1.1:x",      "inproc://x",         "tcp://192.0.2.1:*",
        "tcp://[2001:db8::1]:5555", "ipc:///no/folder/x", "tcp://no.such.host.invalid:*"};
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++) {
        assert_int_equal(serve_on(endpoints[i], def, &transport), SL_CONFIG);
        assert_non_null(strstr(sl_error_what(), endpoints[i]));
        assert_non_null(sl_error_hint());
        assert_null(transport);
    }
    assert_int_equal(serve_on("", def, &transport), SL_CONFIG);
    assert_int_equal(serve_on("tcp://127.0.0.1:*", def, &transport), SL_OK);
    assert_int_equal(serve_on(sl_transport_endpoint(transport), def, &second), SL_NETWORK);
    assert_non_null(strstr(sl_error_what(), "in use"));
    sl_transport_close(&transport);
}

// by an address, by a name, and from the one to the other
static void hosts_have_addresses_and_names(void **state) {
    (void)state;
    static const struct {
        const char *serve, *connect; /* connect: NULL = as resolved, else a host for its port */
    } cases[] = {{"tcp://[::1]:*", NULL},
                 {"tcp://localhost:*", NULL},
                 {"tcp://localhost:*", "tcp://localhost"},
                 {"tcp://127.0.0.1:*", "tcp://localhost"},
                 {"tcp://lo:*", NULL},
                 {"tcp://*:*", "tcp://localhost"},
                 {"tcp://[::]:*", "tcp://[::1]"}};
    sl_link_def def = sl_link_fleet_def(NULL);
    bool has_ipv6 = access("/proc/net/if_inet6", R_OK) == 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (strchr(cases[i].serve, '[') && !has_ipv6) continue;
        sl_transport *server = NULL, *client = NULL;
        char endpoint[256];
        assert_int_equal(serve_on(cases[i].serve, def, &server), SL_OK);
        const char *resolved = sl_transport_endpoint(server);
        assert_null(strchr(resolved, '*'));
        (void)snprintf(endpoint, sizeof endpoint, "%s%s", cases[i].connect ? cases[i].connect : "",
                       cases[i].connect ? strrchr(resolved, ':') : resolved);
        assert_int_equal(connect_to(endpoint, def, &client), SL_OK);
        send_connected(client, "x", 1);
        sl_message message;
        assert_int_equal(sl_transport_receive(server, 5000, &message), SL_OK);
        sl_transport_close(&client);
        sl_transport_close(&server);
    }
}

static void creation_survives_every_failed_allocation(void **state) {
    (void)state;
    sl_sim *sim = NULL;
    sl_sim_def sim_def = {.seed = 1};
    sl_link_def def = sl_link_fleet_def(NULL);
    const char *endpoints[] = {"tcp://127.0.0.1:*", "sim://x"};
    for (int i = 0; i < 2; i++) {
        sl_status status = SL_MEMORY;
        for (uint64_t nth = 1; status != SL_OK; nth++) {
            sl_transport *transport = NULL;
            sl_alloc_fail_at(nth);
            status = sl_sim_create(&sim_def, &sim);
            sl_sim_install(status == SL_OK ? sim : NULL);
            if (status == SL_OK) status = serve_on(endpoints[i], def, &transport);
            sl_alloc_fail_at(0);
            assert_true(status == SL_OK ? transport != NULL : status == SL_MEMORY && transport == NULL);
            assert_true(nth < 10);
            sl_transport_close(&transport);
            sl_sim_destroy(&sim);
        }
    }
}

enum { N_SENT = 400 };

typedef struct trace {
    int n;
    uint8_t seen[2 * N_SENT + 2][2];
    int64_t end_ns;
} trace;

static trace simulate(uint64_t seed, double loss, double duplicate) {
    sl_sim *sim = NULL;
    sl_sim_def sim_def = SL_SIM_DEF(seed, 1, 9, loss, duplicate);
    assert_int_equal(sl_sim_create(&sim_def, &sim), SL_OK);
    sl_sim_install(sim);
    sl_transport *server = NULL, *client = NULL;
    sl_link_def def = sl_link_fleet_def(NULL);
    assert_int_equal(connect_to("sim://net", def, &client), SL_OK);
    assert_int_equal(send_bytes(client, NULL, "x", 1), SL_FULL);
    assert_int_equal(serve_on("sim://net", def, &server), SL_OK);
    for (int i = 0; i < N_SENT; i++)
        assert_int_equal(send_bytes(client, NULL, (uint8_t[]){(uint8_t)i, (uint8_t)(i / 256)}, 2), SL_OK);
    trace got = {0};
    sl_message message;
    while (sl_transport_receive(server, 20, &message) == SL_OK) memcpy(got.seen[got.n++], message.frames[0].bytes, 2);
    got.end_ns = sl_sim_now_ns(sim);
    sl_transport_close(&server);
    sl_transport_close(&client);
    sl_sim_destroy(&sim);
    return got;
}

static void the_simulated_network_loses_duplicates_and_reorders(void **state) {
    (void)state;
    trace plain = simulate(7, 0, 0), again = simulate(7, 0, 0), other = simulate(8, 0, 0);
    assert_int_equal(plain.n, N_SENT);
    assert_memory_equal(&plain, &again, sizeof plain);
    assert_memory_not_equal(&plain, &other, sizeof plain);
    int n_inversions = 0;
    for (int i = 1; i < plain.n; i++)
        n_inversions += plain.seen[i][0] + 256 * plain.seen[i][1] < plain.seen[i - 1][0] + 256 * plain.seen[i - 1][1];
    assert_true(n_inversions > 50);
    trace lossy = simulate(7, 0.25, 0), doubled = simulate(7, 0, 0.25);
    assert_in_range(lossy.n, 260, 340);
    assert_in_range(doubled.n, 460, 540);
    // the clock went as far as the last message and the last wait
    assert_true(plain.end_ns > 20000000 && plain.end_ns <= 29000000);
}

static void count_wakes(void *context) {
    ++*(int *)context;
}

/* what comes in meanwhile is kept, and others live on in the same time */
static void a_wait_is_of_the_links_clock(void **state) {
    (void)state;
    const char *endpoints[] = {"tcp://127.0.0.1:*", "sim://net"};
    sl_sim *sim = NULL;
    sl_sim_def sim_def = SL_SIM_DEF(1, 1, 1, 0, 0);
    assert_int_equal(sl_sim_create(&sim_def, &sim), SL_OK);
    sl_sim_install(sim);
    for (int i = 0; i < 2; i++) {
        sl_transport *server = NULL, *client = NULL;
        int n_wakes = 0;
        assert_int_equal(serve_on(endpoints[i], sl_link_fleet_def(NULL), &server), SL_OK);
        assert_int_equal(connect_to(sl_transport_endpoint(server), sl_link_fleet_def(NULL), &client), SL_OK);
        if (i == 1) sl_sim_attach(sim, 10000000, count_wakes, &n_wakes);
        send_connected(client, "x", 1);
        int64_t begin_ns = sl_transport_now_ns(server), begin_real_ns = sl_clock_ns(), waited_ns = i == 0 ? 50 : 5000;
        waited_ns *= 1000000;
        sl_transport_wait(server, begin_ns + waited_ns);
        assert_in_range(sl_transport_now_ns(server) - begin_ns, waited_ns, waited_ns + 2000000000);
        sl_transport_wait(server, begin_ns); // past
        sl_message message;
        assert_int_equal(sl_transport_receive(server, 0, &message), SL_OK);
        assert_int_equal(n_wakes, i == 0 ? 0 : 500);
        if (i == 1) assert_true(sl_clock_ns() - begin_real_ns < waited_ns);
        sl_transport_close(&client);
        sl_transport_close(&server);
    }
    sl_sim_destroy(&sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_is_of_the_links_clock),
        cmocka_unit_test(tcp_gives_back_every_frame),
        cmocka_unit_test(a_lost_host_is_noticed_by_tcp),
        cmocka_unit_test(a_large_frame_crosses_the_learn_link),
        cmocka_unit_test(peers_that_are_gone_are_named),
        cmocka_unit_test(an_oversized_frame_disconnects_its_sender),
        cmocka_unit_test(an_oversized_frame_is_not_sent),
        cmocka_unit_test(a_peers_pings_do_not_end_a_server),
        cmocka_unit_test(a_surplus_of_frames_is_dropped),
        cmocka_unit_test(messages_that_are_dropped_hold_nobody_up),
        cmocka_unit_test(bad_endpoints_are_refused_by_name),
        cmocka_unit_test(hosts_have_addresses_and_names),
        cmocka_unit_test(creation_survives_every_failed_allocation),
        cmocka_unit_test(the_simulated_network_loses_duplicates_and_reorders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
