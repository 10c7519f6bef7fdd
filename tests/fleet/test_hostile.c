/* test_hostile.c - a flight of agent processes over tcp while strangers say all that they should not: noise,
 * cut messages, another version, misfits, what a slot's agent said before, frames too large, and no ZeroMQ at all.
 * Each gets the answer of docs/protocol.md or none, and not one action of the flight differs. */
#include "agent/session.h"
#include "common/alloc.h"
#include "common/clock.h"
#include "common/rng.h"
#include "fleet/fleet.h"
#include "fleet/state.h"
#include "fleet/world.h"
#include "support/links.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { EPISODES = 5, N_TICKS = EPISODES * WORLD_T, WAIT_MS = 20000, N_SOCKETS = 8, LARGE = 2 * 1024 * 1024 };

extern char **environ;

/* one who speaks the transport, but not always the protocol */
typedef struct stranger {
    sl_transport *transport;
    sl_fleet_codec *codec;
} stranger;

typedef struct flight {
    sl_fleet_slot_def slots[WORLD_N];
    sl_fleet_def def;
    sl_fleet *fleet;
    char endpoint[64];
    pid_t pids[WORLD_N];
    stranger stranger, flooder;
    int sockets[N_SOCKETS], n_sockets;
    sl_rng rng;
    uint64_t n_malformed, n_stale; /* said so far, of each kind */
    int32_t actions[N_TICKS * WORLD_N];
} flight;

static int32_t expected[N_TICKS * WORLD_N];
static uint8_t large[LARGE];

static void stranger_open(stranger *self, const char *endpoint) {
    sl_link_def def = sl_link_fleet_def(NULL);
    // it says more than a fleet takes
    def.max_frame_bytes *= 4;
    assert_int_equal(connect_to(endpoint, def, &self->transport), SL_OK);
    assert_int_equal(sl_fleet_codec_create(&self->codec), SL_OK);
}

static void stranger_close(stranger *self) {
    sl_transport_close(&self->transport);
    sl_fleet_codec_destroy(&self->codec);
}

static int setup(void **state) {
    flight *self = sl_alloc(sizeof *self);
    world_expect(EPISODES, expected);
    for (int i = 0; i < WORLD_N; i++)
        self->slots[i] = (sl_fleet_slot_def){.obs_dim = TOY_O, .n_actions = TOY_A, .hidden = 16};
    self->def =
        sl_fleet_default_def(sl_link_fleet_def("tcp://127.0.0.1:*"), WORLD_N, self->slots, TOY_O, TOY_A, WORLD_T);
    self->def.deadline_ms = self->def.patience_ms = WAIT_MS;
    self->rng = sl_rng_seed(3);
    assert_int_equal(sl_fleet_create(&self->def, &self->fleet), SL_OK);
    (void)snprintf(self->endpoint, sizeof self->endpoint, "%s", sl_fleet_endpoint(self->fleet));
    for (int i = 0; i < WORLD_N; i++) {
        char slot[16];
        (void)snprintf(slot, sizeof slot, "%d", i);
        char *arguments[] = {SL_FLEET_PEER, self->endpoint, slot, NULL};
        assert_int_equal(posix_spawn(&self->pids[i], SL_FLEET_PEER, NULL, NULL, arguments, environ), 0);
    }
    assert_int_equal(sl_fleet_wait(self->fleet, WAIT_MS), SL_OK);
    stranger_open(&self->stranger, self->endpoint);
    stranger_open(&self->flooder, self->endpoint);
    *state = self;
    return 0;
}

static int teardown(void **state) {
    flight *self = *state;
    stranger_close(&self->stranger);
    stranger_close(&self->flooder);
    for (int i = 0; i < self->n_sockets; i++) (void)close(self->sockets[i]);
    for (int i = 0; i < WORLD_N; i++) {
        (void)kill(self->pids[i], SIGKILL);
        (void)waitpid(self->pids[i], NULL, 0);
    }
    sl_fleet_destroy(&self->fleet);
    sl_free(self);
    return 0;
}

/* waits for the connection, or for room, while the fleet has its turns; at most WAIT_MS */
static void say_bytes(flight *self, const stranger *who, const void *bytes, size_t n_bytes) {
    int64_t end_ns = sl_clock_ns() + (int64_t)WAIT_MS * SL_FLEET_MS;
    sl_frame frame = {bytes, n_bytes};
    sl_status status;
    while ((status = sl_transport_send(who->transport, NULL, 1, &frame)) == SL_FULL && sl_clock_ns() < end_ns)
        assert_int_equal(sl_fleet_poll(self->fleet, 5), SL_OK);
    assert_int_equal(status, SL_OK);
}

static void say(flight *self, const stranger *who, const sl_fleet_message *message) {
    const void *bytes;
    size_t n_bytes;
    sl_fleet_encode(who->codec, message, &bytes, &n_bytes);
    say_bytes(self, who, bytes, n_bytes);
}

/* the next answer, while the fleet has its turns; false when none comes */
static bool hear(flight *self, const stranger *who, int timeout_ms, sl_fleet_message *answer) {
    int64_t end_ns = sl_clock_ns() + (int64_t)timeout_ms * SL_FLEET_MS;
    sl_message received;
    do {
        assert_int_equal(sl_fleet_poll(self->fleet, 1), SL_OK);
        if (sl_transport_receive(who->transport, 1, &received) != SL_OK) continue;
        assert_int_equal(sl_fleet_decode(who->codec, received.frames[0].bytes, received.frames[0].n_bytes, answer),
                         SL_OK);
        return true;
    } while (sl_clock_ns() < end_ns);
    return false;
}

static sl_fleet_message hello_for(int slot) {
    sl_fleet_message hello = {.kind = SL_FLEET_HELLO,
                              .run_id = 4711,
                              .slot = slot,
                              .hidden = 16,
                              .obs_dim = TOY_O,
                              .n_actions = TOY_A,
                              .build = "x",
                              .arch = "y"};
    memset(hello.model_sha256, 'b', 64);
    return hello;
}

/* one who has read along: the ids are those of the slot's agent, the step is one that it has answered */
static sl_fleet_message replay_of(const flight *self, int slot, uint64_t age) {
    const sl_slot *victim = &self->fleet->slots[slot];
    return (sl_fleet_message){.kind = SL_FLEET_ACTION,
                              .run_id = victim->run_id,
                              .session = self->fleet->session,
                              .slot = slot,
                              .tick = self->fleet->last_tick - (int64_t)age,
                              .sequence = victim->sequence - age,
                              .action = TOY_A - 1};
}

static void expect_reject(flight *self, const sl_fleet_message *hello, sl_reject code) {
    sl_fleet_message answer = {.run_id = 0};
    say(self, &self->stranger, hello);
    assert_true(hear(self, &self->stranger, WAIT_MS, &answer));
    assert_int_equal(answer.kind, SL_FLEET_REJECT);
    assert_int_equal(answer.reject, code);
    assert_true(answer.run_id == hello->run_id && answer.session == 0);
}

static void strangers_are_told_why(void **state) {
    flight *self = *state;
    sl_fleet_message hello = hello_for(-1), answer = {.run_id = 0};
    hello.obs_dim++;
    expect_reject(self, &hello, SL_REJECT_SHAPE);
    hello = hello_for(1);
    hello.n_actions++;
    expect_reject(self, &hello, SL_REJECT_SHAPE);
    hello = hello_for(1);
    hello.hidden = 32;
    expect_reject(self, &hello, SL_REJECT_SHAPE);
    hello = hello_for(WORLD_N);
    expect_reject(self, &hello, SL_REJECT_SHAPE);
    hello = hello_for(1);
    expect_reject(self, &hello, SL_REJECT_SLOT_TAKEN);
    hello = hello_for(-1);
    expect_reject(self, &hello, SL_REJECT_FULL);
    // of another version nothing else is read
    const uint8_t other[] = {'S', 'L', 'F', 'T', SL_PROTOCOL_MAJOR + 1, 7, SL_FLEET_HELLO, 0, 255, 255};
    say_bytes(self, &self->stranger, other, sizeof other);
    assert_true(hear(self, &self->stranger, WAIT_MS, &answer));
    assert_true(answer.kind == SL_FLEET_REJECT && answer.reject == SL_REJECT_VERSION && answer.run_id == 0);
    // whoever is in no slot, or of an earlier coordinator, is told to say HELLO
    for (int i = 0; i < 2; i++) {
        sl_fleet_message foreign = replay_of(self, 1, 0);
        foreign.kind = SL_FLEET_HEARTBEAT;
        foreign.run_id += i == 0, foreign.session += i == 1;
        say(self, &self->stranger, &foreign);
        assert_true(hear(self, &self->stranger, WAIT_MS, &answer));
        assert_true(answer.kind == SL_FLEET_RESET && answer.run_id == foreign.run_id);
    }
    const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
    assert_true(stats->rejected == 7 && stats->resets == 2 && stats->other_version == 1);
    assert_true(stats->joined == WORLD_N && stats->lost == 0);
}

static void a_replay_does_not_take_the_line_over(void **state) {
    flight *self = *state;
    world w;
    int32_t actions[WORLD_N];
    sl_fleet_message misfit = hello_for(0);
    misfit.hidden = 32;
    world_reset(&w, 1);
    for (int t = 0; t < 3; t++) {
        assert_int_equal(world_tick(self->fleet, w.obs[0], w.avail[0], t == 0, actions, NULL), SL_OK);
        world_step(&w, actions);
    }
    sl_peer before = self->fleet->slots[1].peer;
    // an agent that was slow to answer may have answered twice
    uint64_t stale = sl_fleet_get_stats(self->fleet)->stale;
    sl_fleet_message action = replay_of(self, 1, 1);
    say(self, &self->stranger, &action);
    // the answer to what was said after it shows that it was read
    expect_reject(self, &misfit, SL_REJECT_SHAPE);
    assert_true(sl_fleet_get_stats(self->fleet)->stale == stale + 1);
    assert_memory_equal(&self->fleet->slots[1].peer, &before, sizeof before);
}

static void say_noise(flight *self) {
    uint8_t bytes[200];
    size_t n_bytes = 1 + (size_t)sl_rng_below(&self->rng, sizeof bytes);
    for (size_t i = 0; i < n_bytes; i++) bytes[i] = (uint8_t)sl_rng_below(&self->rng, 256);
    // every other one with a head that is right, up to the body
    if (n_bytes > 8 && n_bytes % 2)
        memcpy(bytes, (const uint8_t[]){'S', 'L', 'F', 'T', SL_PROTOCOL_MAJOR, 0, SL_FLEET_KINDS, 0}, 8);
    say_bytes(self, &self->stranger, bytes, n_bytes);
    self->n_malformed++;
}

static void say_cut(flight *self) {
    sl_fleet_message whole[] = {hello_for(0), replay_of(self, 0, 0)};
    const void *bytes;
    size_t n_bytes;
    sl_fleet_encode(self->stranger.codec, &whole[sl_rng_below(&self->rng, 2)], &bytes, &n_bytes);
    // within the head, or just behind it: what is left never has all that it must have
    say_bytes(self, &self->stranger, bytes, (size_t)sl_rng_below(&self->rng, 16));
    self->n_malformed++;
}

static void say_again(flight *self, int tick) {
    for (int slot = 0; slot < WORLD_N; slot++) {
        uint64_t age = sl_rng_below(&self->rng, (uint32_t)tick);
        sl_fleet_message action = replay_of(self, slot, age);
        say(self, &self->stranger, &action);
        self->n_stale++;
    }
}

/* not even ZeroMQ's greeting, or a silent line */
static void call_plainly(flight *self) {
    if (self->n_sockets == N_SOCKETS) return;
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_port = htons((uint16_t)strtol(strrchr(self->endpoint, ':') + 1, NULL, 10));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    self->sockets[self->n_sockets++] = fd;
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    if (self->n_sockets % 2) (void)send(fd, large, 4096, MSG_NOSIGNAL);
}

/* a frame beyond the limit ends the connection; it is not waited for, as the next comes when it is back */
static void say_too_much(const flight *self) {
    sl_frame frame = {large, sizeof large};
    sl_status status = sl_transport_send(self->flooder.transport, NULL, 1, &frame);
    assert_true(status == SL_OK || status == SL_FULL);
}

static void disturb(flight *self, int tick) {
    sl_fleet_message misfit = hello_for(tick % WORLD_N);
    misfit.obs_dim += tick % 2;
    say_noise(self);
    say_cut(self);
    say(self, &self->stranger, &misfit);
    // before the second tick nothing has been said that could be said again
    if (tick > 1) say_again(self, tick);
    if (tick % 5 == 0) call_plainly(self);
    if (tick % 7 == 0) say_too_much(self);
    // answers are read, or the stranger's line is full
    sl_message received;
    while (sl_transport_receive(self->stranger.transport, 0, &received) == SL_OK) continue;
}

static void a_disturbed_flight_is_the_same(void **state) {
    flight *self = *state;
    for (size_t i = 0; i < sizeof large; i++) large[i] = (uint8_t)sl_rng_below(&self->rng, 256);
    int32_t *actions = self->actions;
    for (int e = 0, tick = 0; e < EPISODES; e++) {
        world w;
        world_reset(&w, (uint64_t)e + 1);
        for (int t = 0; t < WORLD_T; t++, tick++, actions += WORLD_N) {
            sl_act acts[WORLD_N];
            disturb(self, tick);
            assert_int_equal(world_tick(self->fleet, w.obs[0], w.avail[0], t == 0, actions, acts), SL_OK);
            for (int n = 0; n < WORLD_N; n++) assert_int_equal(acts[n], SL_ACT_ANSWERED);
            world_step(&w, actions);
        }
    }
    assert_memory_equal(self->actions, expected, sizeof expected);
    // what was said last may still be on its way
    const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
    int64_t end_ns = sl_clock_ns() + (int64_t)WAIT_MS * SL_FLEET_MS;
    while (stats->rejected < N_TICKS && sl_clock_ns() < end_ns)
        assert_int_equal(sl_fleet_poll(self->fleet, 10), SL_OK);
    // to libzmq, noise on a plain line is what a peer of its first version says: it arrives as messages too
    assert_true(stats->malformed >= self->n_malformed);
    assert_true(stats->stale + stats->duplicate >= self->n_stale);
    assert_true(stats->rejected == N_TICKS && stats->answered == N_TICKS * WORLD_N);
    assert_true(stats->joined == WORLD_N && stats->lost == 0 && stats->missed == 0 && stats->absent == 0);
}

static void one_who_says_too_much_is_cut_off_and_may_return(void **state) {
    flight *self = *state;
    sl_fleet_message misfit = hello_for(0), answer = {.run_id = 0};
    say_bytes(self, &self->flooder, large, sizeof large);
    misfit.hidden = 64;
    // what goes into the dying connection is lost
    int64_t end_ns = sl_clock_ns() + (int64_t)WAIT_MS * SL_FLEET_MS;
    do say(self, &self->flooder, &misfit);
    while (!hear(self, &self->flooder, 300, &answer) && sl_clock_ns() < end_ns);
    assert_true(answer.kind == SL_FLEET_REJECT && answer.reject == SL_REJECT_SHAPE);
    const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
    assert_true(stats->malformed == 0 && stats->joined == WORLD_N && stats->lost == 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(strangers_are_told_why),
        TEST(a_replay_does_not_take_the_line_over),
        TEST(a_disturbed_flight_is_the_same),
        TEST(one_who_says_too_much_is_cut_off_and_may_return),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
