/* test_process.c - the fleet over tcp with agents that are processes: kill -9 and SIGSTOP at random moments and
 * a restarted coordinator change no action; no tick allocates; and the fleet keeps up with a bare ZeroMQ barrier. */
#include "agent/session.h"
#include "bench/barrier.h"
#include "common/alloc.h"
#include "common/clock.h"
#include "common/rng.h"
#include "fleet/fleet.h"
#include "fleet/world.h"
#include "support/seed.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cmocka.h>

enum { EPISODES = 40, N_TICKS = EPISODES * WORLD_T, WAIT_MS = 20000 };

extern char **environ;

typedef struct flight {
    sl_fleet_slot_def slots[WORLD_N];
    sl_fleet_def def;
    sl_fleet *fleet;
    pid_t pids[WORLD_N];
    char endpoint[64];
    int32_t actions[N_TICKS * WORLD_N];
} flight;

static int32_t expected[N_TICKS * WORLD_N];

static void start_agent(flight *self, int slot) {
    char text[16];
    (void)snprintf(text, sizeof text, "%d", slot);
    char *arguments[] = {SL_FLEET_PEER, self->endpoint, text, NULL};
    assert_int_equal(posix_spawn(&self->pids[slot], SL_FLEET_PEER, NULL, NULL, arguments, environ), 0);
}

static void kill_agent(flight *self, int slot, int signal) {
    assert_int_equal(kill(self->pids[slot], signal), 0);
    if (signal != SIGKILL) return;
    assert_int_equal(waitpid(self->pids[slot], NULL, 0), self->pids[slot]);
    self->pids[slot] = 0;
}

static int setup(void **state) {
    flight *self = sl_alloc(sizeof *self);
    world_expect(EPISODES, expected);
    for (int i = 0; i < WORLD_N; i++)
        self->slots[i] = (sl_fleet_slot_def){.obs_dim = TOY_O, .n_actions = TOY_A, .hidden = 16};
    self->def =
        sl_fleet_default_def(sl_link_fleet_def("tcp://127.0.0.1:*"), WORLD_N, self->slots, TOY_O, TOY_A, WORLD_T);
    self->def.deadline_ms = self->def.patience_ms = WAIT_MS;
    assert_int_equal(sl_fleet_create(&self->def, &self->fleet), SL_OK);
    (void)snprintf(self->endpoint, sizeof self->endpoint, "%s", sl_fleet_endpoint(self->fleet));
    for (int i = 0; i < WORLD_N; i++) start_agent(self, i);
    assert_int_equal(sl_fleet_wait(self->fleet, WAIT_MS), SL_OK);
    *state = self;
    return 0;
}

static int teardown(void **state) {
    flight *self = *state;
    for (int i = 0; i < WORLD_N; i++)
        if (self->pids[i]) kill_agent(self, i, SIGKILL);
    sl_fleet_destroy(&self->fleet);
    sl_free(self);
    return 0;
}

/* what happens before a tick */
typedef void (*event)(flight *self, int tick);

static void fly(flight *self, int n_episodes, event happens) {
    int32_t *actions = self->actions;
    sl_act acts[WORLD_N];
    for (int e = 0, tick = 0; e < n_episodes; e++) {
        world w;
        world_reset(&w, (uint64_t)e + 1);
        for (int t = 0; t < WORLD_T; t++, tick++, actions += WORLD_N) {
            if (happens) happens(self, tick);
            assert_int_equal(world_tick(self->fleet, w.obs[0], w.avail[0], t == 0, actions, acts), SL_OK);
            for (int n = 0; n < WORLD_N; n++) assert_int_equal(acts[n], SL_ACT_ANSWERED);
            world_step(&w, actions);
        }
    }
}

static sl_rng moments;
static int n_killed;

static void kill_at_random(flight *self, int tick) {
    (void)tick;
    if (n_killed == 6 || sl_rng_below(&moments, 60) != 0) return;
    int slot = (int)sl_rng_below(&moments, WORLD_N);
    kill_agent(self, slot, SIGKILL);
    start_agent(self, slot);
    n_killed++;
}

static void killed_agents_change_no_action(void **state) {
    moments = sl_rng_seed(sl_test_seed(0));
    n_killed = 0;
    fly(*state, EPISODES, kill_at_random);
    assert_memory_equal(((flight *)*state)->actions, expected, sizeof expected);
    assert_true(n_killed > 0);
    assert_true(sl_fleet_get_stats(((flight *)*state)->fleet)->joined == (uint64_t)(WORLD_N + n_killed));
}

/* the second is twice six heartbeats, as a fleet that is kept from its core counts less: the agent is given up */
static const int stops_ms[] = {300, 6000};
enum { N_STOPS = sizeof stops_ms / sizeof *stops_ms };
static pthread_t wakers[N_STOPS];
static int n_stopped;

static void *wake_later(void *flight_of_it) {
    int ms = stops_ms[n_stopped - 1];
    struct timespec nap = {ms / 1000, (long)(ms % 1000) * 1000000};
    (void)nanosleep(&nap, NULL);
    (void)kill(((flight *)flight_of_it)->pids[1], SIGCONT);
    return NULL;
}

static void stop_one(flight *self, int tick) {
    if (tick % 17 != 16 || n_stopped == N_STOPS) return;
    kill_agent(self, 1, SIGSTOP);
    assert_int_equal(pthread_create(&wakers[n_stopped++], NULL, wake_later, self), 0);
}

static void a_stopped_process_is_waited_for(void **state) {
    flight *self = *state;
    n_stopped = 0;
    fly(self, 4, stop_one);
    assert_int_equal(n_stopped, N_STOPS);
    for (int i = 0; i < N_STOPS; i++) assert_int_equal(pthread_join(wakers[i], NULL), 0);
    assert_memory_equal(self->actions, expected, 4 * WORLD_T * WORLD_N * sizeof *expected);
    const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
    assert_true(stats->resent > 0 && stats->lost == 1);
    // it is the same process, and in the same session
    assert_true(stats->resets == 0 && stats->joined == WORLD_N);
    assert_int_equal(waitpid(self->pids[1], NULL, WNOHANG), 0);
}

static void a_restarted_coordinator_gets_its_agents_back(void **state) {
    flight *self = *state;
    fly(self, 1, NULL);
    sl_fleet_destroy(&self->fleet);
    self->def.link.endpoint = self->endpoint;
    assert_int_equal(sl_fleet_create(&self->def, &self->fleet), SL_OK);
    assert_int_equal(sl_fleet_wait(self->fleet, WAIT_MS), SL_OK);
    fly(self, EPISODES, NULL);
    assert_memory_equal(self->actions, expected, sizeof expected);
    // goodbye ends the processes, with exit code 0
    sl_fleet_goodbye(self->fleet);
    for (int i = 0; i < WORLD_N; i++) {
        int exit_status = -1;
        assert_int_equal(waitpid(self->pids[i], &exit_status, 0), self->pids[i]);
        assert_true(WIFEXITED(exit_status) && WEXITSTATUS(exit_status) == 0);
        self->pids[i] = 0;
    }
}

static double ticks_per_second(flight *self, int n_episodes) {
    double start = sl_clock_seconds();
    fly(self, n_episodes, NULL);
    return n_episodes * WORLD_T / (sl_clock_seconds() - start);
}

static void *agent_thread(void *context) {
    return sl_session_run(context) == SL_OK ? NULL : (void *)1;
}

/* both ends in one process, so that both are counted */
static void ten_thousand_ticks_allocate_nothing(void **state) {
    flight *self = *state;
    sl_session *sessions[WORLD_N] = {NULL};
    toy_policy policies[WORLD_N];
    pthread_t threads[WORLD_N];
    for (int i = 0; i < WORLD_N; i++) {
        kill_agent(self, i, SIGKILL);
        sl_session_def def = sl_session_default_def(sl_link_fleet_def(self->endpoint));
        def.slot = i, def.hidden = 16, def.obs_dim = TOY_O, def.n_actions = TOY_A;
        memset(def.model_sha256, 'b', 64);
        def.context = &policies[i];
        def.decide = toy_decide;
        assert_int_equal(sl_session_create(&def, &sessions[i]), SL_OK);
        assert_int_equal(pthread_create(&threads[i], NULL, agent_thread, sessions[i]), 0);
    }
    fly(self, EPISODES, NULL);
    assert_memory_equal(self->actions, expected, sizeof expected);
    uint64_t before = sl_alloc_count();
    for (int i = 0; i * N_TICKS < 10000; i++) fly(self, EPISODES, NULL);
    assert_true(sl_alloc_count() == before);
    sl_fleet_goodbye(self->fleet);
    for (int i = 0; i < WORLD_N; i++) {
        void *result = (void *)1;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_null(result);
        assert_true(sl_session_get_stats(sessions[i]).decided >= 10000);
        sl_session_destroy(&sessions[i]);
    }
}

static void the_fleet_keeps_up_with_a_bare_barrier(void **state) {
    flight *self = *state;
    sl_barrier_def def = {.peer = SL_BIN_DIR "/starling-barrier-peer",
                          .n_agents = WORLD_N,
                          .obs_dim = TOY_O,
                          .n_avail = TOY_A,
                          .seconds = 0.2};
    sl_barrier_result bare;
    double best = 0;
    // other work on the machine hits one or the other: the best of a few pairs counts
    for (int i = 0; i < 10 && best < 0.8; i++) {
        // fresh processes on both sides, as the scheduler treats old and new ones differently
        for (int n = 0; n < WORLD_N; n++) {
            kill_agent(self, n, SIGKILL);
            start_agent(self, n);
        }
        assert_int_equal(sl_fleet_poll(self->fleet, 100), SL_OK);
        assert_int_equal(sl_fleet_wait(self->fleet, WAIT_MS), SL_OK);
        double fleet = ticks_per_second(self, EPISODES);
        assert_int_equal(sl_barrier_bench(&def, &bare), SL_OK);
        assert_true(bare.ticks > 0 && bare.round_trip_p50_ns > 0 && bare.round_trip_p99_ns >= bare.round_trip_p50_ns);
        print_message("fleet %.0f ticks/s, bare barrier %.0f ticks/s (%zu and %zu bytes, p50 %.0f us): %.2f\n", fleet,
                      bare.ticks_per_second, bare.obs_bytes, bare.action_bytes, bare.round_trip_p50_ns / 1e3,
                      fleet / bare.ticks_per_second);
        best = fleet / bare.ticks_per_second > best ? fleet / bare.ticks_per_second : best;
    }
    // the promise is 0.8 on an idle machine ('starling bench fleet'); here it must not be far from it on a busy one
    assert_true(best > 0.4);
    def.peer = SL_BIN_DIR "/no-such-program";
    assert_int_equal(sl_barrier_bench(&def, &bare), SL_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(killed_agents_change_no_action),
        TEST(a_stopped_process_is_waited_for),
        TEST(a_restarted_coordinator_gets_its_agents_back),
        TEST(ten_thousand_ticks_allocate_nothing),
        TEST(the_fleet_keeps_up_with_a_bare_barrier),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
