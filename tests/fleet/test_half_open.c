/* test_half_open.c - a connection that stays open and carries nothing any more, as after an address that changed or a
 * firewall that forgot it: neither side is told, TCP has nothing to complain of. The agent connects anew by itself
 * within the patience, as the same incarnation, and no action of the flight differs. */
#include "common/alloc.h"
#include "fleet/fleet.h"
#include "fleet/state.h"
#include "fleet/world.h"
#include "support/links.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { EPISODES = 3, N_TICKS = EPISODES * WORLD_T, WAIT_MS = 20000, MAX_LINES = 32 };

extern char **environ;

/* between the agents and the coordinator: line i carries bytes both ways between fds[2i] and fds[2i + 1] */
typedef struct relay {
    int listener, port, to_port;
    int fds[2 * MAX_LINES], n_lines;
    atomic_int n_open, n_dead; /* lines so far; the first n_dead of them carry nothing any more */
    atomic_bool stop;
    pthread_t thread;
} relay;

static struct sockaddr_in local(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static void add_line(relay *self) {
    int near = accept(self->listener, NULL, NULL), far = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = local(self->to_port);
    if (near < 0 || self->n_lines == MAX_LINES || connect(far, (struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(near);
        (void)close(far);
        return;
    }
    self->fds[2 * self->n_lines] = near;
    self->fds[2 * self->n_lines + 1] = far;
    atomic_store(&self->n_open, ++self->n_lines);
}

/* moves what there is; at the end of one side the other is told */
static void carry(int from, int to) {
    char bytes[65536];
    ssize_t n = recv(from, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n > 0)
        (void)!send(to, bytes, (size_t)n, MSG_NOSIGNAL);
    else if (n == 0)
        (void)shutdown(to, SHUT_WR);
}

static void *run_relay(void *context) {
    relay *self = context;
    while (!atomic_load(&self->stop)) {
        struct pollfd polled = {self->listener, POLLIN, 0};
        // short: the lines are not polled for
        if (poll(&polled, 1, 1) > 0) add_line(self);
        for (int i = 2 * atomic_load(&self->n_dead); i < 2 * self->n_lines; i++)
            carry(self->fds[i], self->fds[i ^ 1]);
    }
    return NULL;
}

static void open_relay(relay *self, int to_port) {
    *self = (relay){.to_port = to_port};
    struct sockaddr_in address = local(0);
    socklen_t size = sizeof address;
    self->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(self->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(self->listener, 16), 0);
    assert_int_equal(getsockname(self->listener, (struct sockaddr *)&address, &size), 0);
    self->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&self->thread, NULL, run_relay, self), 0);
}

static void close_relay(relay *self) {
    atomic_store(&self->stop, true);
    (void)pthread_join(self->thread, NULL);
    for (int i = 0; i < 2 * self->n_lines; i++) (void)close(self->fds[i]);
    (void)close(self->listener);
}

static pid_t start_agent(int port, int slot) {
    char endpoint[32], number[8];
    pid_t pid = 0;
    (void)snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", port);
    (void)snprintf(number, sizeof number, "%d", slot);
    char *arguments[] = {SL_FLEET_PEER, endpoint, number, NULL};
    assert_int_equal(posix_spawn(&pid, SL_FLEET_PEER, NULL, NULL, arguments, environ), 0);
    return pid;
}

/* flies all episodes; before the step in the middle of each, every line that there is dies */
static void fly(sl_fleet *fleet, relay *between, int32_t *actions) {
    for (int e = 0; e < EPISODES; e++) {
        world w;
        world_reset(&w, (uint64_t)e + 1);
        for (int t = 0; t < WORLD_T; t++, actions += WORLD_N) {
            if (t == WORLD_T / 2) atomic_store(&between->n_dead, atomic_load(&between->n_open));
            assert_int_equal(world_tick(fleet, w.obs[0], w.avail[0], t == 0, actions, NULL), SL_OK);
            world_step(&w, actions);
        }
    }
}

static void an_agent_connects_anew_when_nothing_comes(void **state) {
    (void)state;
    int32_t expected[N_TICKS * WORLD_N], actions[N_TICKS * WORLD_N];
    world_expect(EPISODES, expected);
    sl_fleet_slot_def slots[WORLD_N];
    for (int i = 0; i < WORLD_N; i++)
        slots[i] = (sl_fleet_slot_def){.obs_dim = TOY_O, .n_actions = TOY_A, .hidden = 16};
    sl_fleet_def def =
        sl_fleet_default_def(sl_link_fleet_def("tcp://127.0.0.1:*"), WORLD_N, slots, TOY_O, TOY_A, WORLD_T);
    sl_fleet *fleet = NULL;
    assert_int_equal(sl_fleet_create(&def, &fleet), SL_OK);
    relay between;
    open_relay(&between, (int)strtol(strrchr(sl_fleet_endpoint(fleet), ':') + 1, NULL, 10));
    pid_t pids[WORLD_N];
    for (int i = 0; i < WORLD_N; i++) pids[i] = start_agent(between.port, i);
    assert_int_equal(sl_fleet_wait(fleet, WAIT_MS), SL_OK);
    fly(fleet, &between, actions);
    sl_fleet_stats stats = *sl_fleet_get_stats(fleet);
    for (int i = 0; i < WORLD_N; i++) {
        (void)kill(pids[i], SIGKILL);
        (void)waitpid(pids[i], NULL, 0);
    }
    close_relay(&between);
    sl_fleet_destroy(&fleet);
    assert_int_equal(stats.missed + stats.absent, 0);
    // the same incarnations all along
    assert_int_equal(stats.joined, WORLD_N);
    assert_memory_equal(actions, expected, sizeof expected);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_agent_connects_anew_when_nothing_comes)};
    return cmocka_run_group_tests_name("half_open", tests, NULL, NULL);
}
