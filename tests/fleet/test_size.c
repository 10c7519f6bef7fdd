/* test_size.c - how large a fleet may be: 8 to 1,024 agents' sessions and their coordinator over the simulated
 * network, all in this process. Prints what a tick takes, agents' decisions and the network among it, and what an
 * agent weighs on either side. With an argument, that many episodes at each size. */
#include "agent/session.h"
#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "fleet/fleet.h"
#include "fleet/toy_policy.h"
#include "net/transport_sim.h"
#include "support/heap_count.h"

#include <malloc.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { LARGEST = 1024, T = 25, MS = 1000000 };

typedef struct agent {
    toy_policy policy; /* first: the context of toy_decide */
    sl_session *session;
    sl_status status; /* of its end */
} agent;

typedef struct swarm {
    int n;
    sl_sim *sim;
    sl_fleet *fleet;
    sl_fleet_slot_def slots[LARGEST];
    agent agents[LARGEST];
    toy_policy expected[LARGEST];
    float obs[LARGEST * TOY_O];
    int32_t actions[LARGEST];
    double join_seconds, tick_seconds, best_tick; /* all ticks; the shortest */
    double fleet_bytes, agent_bytes;              /* each */
} swarm;

static int n_episodes = 2;

// what it takes now, for itself: the heap's, mapped blocks among it
static double heap_bytes(void) {
    struct mallinfo2 info = mallinfo2();
    return (double)info.uordblks + (double)info.hblkhd;
}

static void play(void *context) {
    agent *self = context;
    sl_status status = SL_OK;
    while (status == SL_OK && sl_session_get_state(self->session) != SL_SESSION_OVER)
        status = sl_session_step(self->session, 0);
    if (status != SL_OK && status != SL_TIMEOUT) self->status = status;
}

static void open_swarm(swarm *self) {
    const sl_sim_def net = SL_SIM_DEF(1, 0.1, 0.2, 0, 0);
    assert_int_equal(sl_sim_create(&net, &self->sim), SL_OK);
    sl_sim_install(self->sim);
    for (int i = 0; i < self->n; i++)
        self->slots[i] = (sl_fleet_slot_def){.obs_dim = TOY_O, .n_actions = TOY_A, .hidden = 16};
    sl_link_def link = sl_link_fleet_def("sim://fleet");
    sl_fleet_def def = sl_fleet_default_def(link, self->n, self->slots, TOY_O, TOY_A, T);
    double before = heap_bytes();
    assert_int_equal(sl_fleet_create(&def, &self->fleet), SL_OK);
    self->fleet_bytes = (heap_bytes() - before) / self->n;
    before = heap_bytes();
    for (int i = 0; i < self->n; i++) {
        sl_session_def one = sl_session_default_def(link);
        one.slot = i, one.hidden = 16, one.obs_dim = TOY_O, one.n_actions = TOY_A;
        memset(one.model_sha256, 'b', 64);
        one.decide = toy_decide;
        one.context = &self->agents[i];
        assert_int_equal(sl_session_create(&one, &self->agents[i].session), SL_OK);
        sl_sim_attach(self->sim, 20 * MS, play, &self->agents[i]);
    }
    self->agent_bytes = (heap_bytes() - before) / self->n;
}

static void close_swarm(swarm *self) {
    for (int i = 0; i < self->n; i++) {
        assert_int_equal(self->agents[i].status, SL_OK);
        sl_session_destroy(&self->agents[i].session);
    }
    sl_fleet_destroy(&self->fleet);
    sl_sim_destroy(&self->sim);
}

// every slot gets what its own agent decides, from what no other observes
static void fly(swarm *self) {
    for (int e = 0; e < n_episodes; e++) {
        sl_fleet_begin(self->fleet);
        for (int t = 0; t < T; t++) {
            for (int k = 0; k < self->n * TOY_O; k++) self->obs[k] = (float)((k * 31 + t * 7 + e) % 1009);
            double begin = sl_clock_seconds();
            assert_int_equal(sl_fleet_tick(self->fleet, self->obs, NULL, NULL, self->actions, NULL), SL_OK);
            double seconds = sl_clock_seconds() - begin;
            self->tick_seconds += seconds;
            if (seconds < self->best_tick) self->best_tick = seconds;
            for (int i = 0; i < self->n; i++) {
                int32_t wanted = toy_decide(&self->expected[i], self->obs + i * TOY_O, NULL, t == 0);
                assert_int_equal(self->actions[i], wanted);
            }
        }
    }
}

static void run(swarm *self, int n) {
    self->n = n;
    self->best_tick = INFINITY;
    open_swarm(self);
    double begin = sl_clock_seconds();
    assert_int_equal(sl_fleet_wait(self->fleet, 60000), SL_OK);
    self->join_seconds = sl_clock_seconds() - begin;
    fly(self);
    const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
    uint64_t n_ticks = (uint64_t)n_episodes * T;
    assert_true(stats->ticks == n_ticks && stats->answered == n_ticks * (uint64_t)n);
    assert_true(stats->missed == 0 && stats->absent == 0 && stats->lost == 0 && stats->joined == (uint64_t)n);
    double ms = 1e3 * self->tick_seconds / (double)n_ticks;
    print_message("%6d %9.4f %9.4f %9.3f %9.2f %9.0f %9.0f\n", n, ms, 1e3 * self->best_tick,
                  1e6 * self->best_tick / n, 1e3 * self->join_seconds, self->fleet_bytes, self->agent_bytes);
    close_swarm(self);
}

static void a_thousand_agents_fly_as_few_do(void **state) {
    (void)state;
    double few = INFINITY, many = 0; /* seconds of each agent in the best tick */
    print_message("%6s %9s %9s %9s %9s %9s %9s\n", "agents", "ms/tick", "best", "us/agent", "ms joined", "B fleet",
                  "B session");
    // sanitizers keep books of each session's half megabyte, and tell nothing of how long things take
    int largest = sl_heap_is_counted() ? LARGEST : 64;
    for (int n = 8; n <= largest; n *= 2) {
        swarm *self = sl_alloc(sizeof *self);
        assert_non_null(self);
        run(self, n);
        if (n <= 64) few = fmin(few, self->best_tick / n);
        if (n == LARGEST) many = self->best_tick / n;
        sl_free(self);
    }
    // caches are left room, a loop over all agents for each of them is not: it would be 16 times as much and more
    assert_true(largest < LARGEST || many < 6 * few);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_thousand_agents_fly_as_few_do)};
    if (argc > 1) n_episodes = (int)strtol(argv[1], NULL, 10);
    sl_log_init("test", SL_LOG_WARN, false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
