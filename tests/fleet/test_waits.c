/* test_waits.c - what a tick waits for, over the simulated network: an agent that comes within the patience, in
 * whatever way it was gone, changes no action; one that does not holds up a tick for a bounded time. */
#include "common/log.h"
#include "net/transport_sim.h"
#include "support/capture.h"
#include "support/links.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fleet/stranger.h"

enum { GONE_TICK = WORLD_T + 7, GONE_SLOT = 1 };

static int32_t expected[N_ACTIONS];

static int setup(void **state) {
    world_expect(EPISODES, expected);
    hall *self = sl_alloc(sizeof *self);
    open_hall(self, &ideal);
    *state = self;
    return 0;
}

static int teardown(void **state) {
    close_hall(*state);
    return 0;
}

static void take_off(hall *self) {
    make_fleet(self);
    add_team(self);
    assert_int_equal(sl_fleet_wait(self->fleet, 5000), SL_OK);
}

/* what happens right before GONE_TICK */
typedef void (*event)(hall *self, int ms);

/* flies all episodes; returns how long the longest tick took, in ms */
static int fly(hall *self, event happens, int ms) {
    int32_t *actions = self->actions;
    int longest_ms = 0;
    for (int e = 0, tick = 0; e < EPISODES; e++) {
        world w;
        world_reset(&w, (uint64_t)e + 1);
        for (int t = 0; t < WORLD_T; t++, tick++, actions += WORLD_N) {
            if (happens && tick == GONE_TICK) happens(self, ms);
            int64_t start_ns = sl_sim_now_ns(self->sim);
            assert_int_equal(world_tick(self->fleet, w.obs[0], w.avail[0], t == 0, actions, self->acts), SL_OK);
            int took_ms = (int)((sl_sim_now_ns(self->sim) - start_ns) / MS);
            longest_ms = took_ms > longest_ms ? took_ms : longest_ms;
            world_step(&w, actions);
        }
    }
    return longest_ms;
}

static void expect_nothing_changed(const hall *self, int ms) {
    const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
    if (stats->answered != N_ACTIONS)
        fail_msg("after %d ms the fallback acted %d times for a late agent, %d times for an absent one", ms,
                 (int)stats->missed, (int)stats->absent);
    assert_memory_equal(self->actions, expected, sizeof expected);
}

/* what the fleet says that it waits for */
static int n_notes;
static char noted[SL_FLEET_NAMES];

static void take_note(void *context, const char *slots) {
    (void)context;
    n_notes++;
    (void)snprintf(noted, sizeof noted, "%s", slots);
}

static void succeed_later(hall *self, int ms) {
    // whoever holds the slot now
    for (int i = 0; i < self->n_agents; i++)
        if (self->agents[i].session && sl_session_slot(self->agents[i].session) == GONE_SLOT) kill_agent(self, i);
    add_agent(self, agent_def(GONE_SLOT))->sleeps_until = sl_sim_now_ns(self->sim) + (int64_t)ms * MS;
}

static void a_successor_within_the_patience_changes_nothing(void **state) {
    close_hall(*state);
    const int after_ms[] = {100, 1000, 4000, 4990, 5010, 8000, 12000, 14900};
    for (size_t i = 0; i < sizeof after_ms / sizeof *after_ms; i++) {
        hall *self = *state = sl_alloc(sizeof(hall));
        open_hall(self, &ideal);
        take_off(self);
        // the patience is counted from when the loss is noticed, which is at once: the connection is gone
        int longest_ms = fly(self, succeed_later, after_ms[i]);
        expect_nothing_changed(self, after_ms[i]);
        assert_in_range(longest_ms, after_ms[i], after_ms[i] + 500);
        close_hall(self);
    }
    setup(state);
}

static void a_long_wait_is_told(void **state) {
    hall *self = *state;
    n_notes = 0;
    take_off(self);
    sl_fleet_watch(self->fleet, take_note, NULL);
    (void)fly(self, NULL, 0);
    assert_int_equal(n_notes, 0);
    (void)fly(self, succeed_later, 900);
    assert_int_equal(n_notes, 0);
    // from 1 s on, twice a second, so that a tick with a deadline of 2 s, as in experiments, is told of
    (void)fly(self, succeed_later, 1900);
    assert_in_range(n_notes, 1, 2);
    n_notes = 0;
    (void)fly(self, succeed_later, 6000);
    assert_in_range(n_notes, 9, 12);
    assert_string_equal(noted, "1");
    char missing[SL_FLEET_NAMES];
    sl_fleet_name_missing(self->fleet, missing);
    assert_string_equal(missing, "");
    kill_agent(self, 0);
    kill_agent(self, 2);
    assert_int_equal(sl_fleet_poll(self->fleet, 4000), SL_OK);
    sl_fleet_name_missing(self->fleet, missing);
    assert_string_equal(missing, "0, 2");
}

static void stop_agent(hall *self, int ms) {
    self->agents[GONE_SLOT].sleeps_until = sl_sim_now_ns(self->sim) + (int64_t)ms * MS;
}

static void an_agent_that_was_stopped_changes_nothing(void **state) {
    close_hall(*state);
    // suspect from 1.5 s on, dead from 3 s, its slot free from 13 s: the patience starts at 1.5 s
    const int for_ms[] = {500, 2000, 5000, 5100, 12000, 14000, 16000};
    for (size_t i = 0; i < sizeof for_ms / sizeof *for_ms; i++) {
        hall *self = *state = sl_alloc(sizeof(hall));
        open_hall(self, &ideal);
        take_off(self);
        (void)fly(self, stop_agent, for_ms[i]);
        expect_nothing_changed(self, for_ms[i]);
        close_hall(self);
    }
    setup(state);
}

/* a member of the network whose turn takes long: nobody else in its thread gets one */
typedef struct holdup {
    hall *hall;
    sl_transport *transport;
    int64_t begins, ms;
} holdup;

static void hold_up(void *context) {
    holdup *self = context;
    if (self->ms == 0 || sl_sim_now_ns(self->hall->sim) < self->begins) return;
    sl_message none;
    int ms = (int)self->ms;
    self->ms = 0;
    assert_int_equal(sl_transport_receive(self->transport, ms, &none), SL_TIMEOUT);
}

static holdup held;

/* 100 ms after the tick's start, while it waits for an agent that comes 300 ms later */
static void stop_coordinator(hall *self, int ms) {
    int64_t now = sl_sim_now_ns(self->sim);
    held.begins = now + 100 * MS, held.ms = ms;
    stop_agent(self, 100 + ms + 300);
}

static void a_coordinator_that_was_stopped_calls_nobody_late(void **state) {
    close_hall(*state);
    const int for_ms[] = {300, 500, 2500, 5000, 12000, 60000};
    for (size_t i = 0; i < sizeof for_ms / sizeof *for_ms; i++) {
        hall *self = *state = sl_alloc(sizeof(hall));
        open_hall(self, &ideal);
        // less than its absence, whichever it is
        self->def.deadline_ms = 450, self->def.patience_ms = 0;
        take_off(self);
        held = (holdup){.hall = self};
        sl_link_def def = sl_link_fleet_def(NULL);
        assert_int_equal(connect_to("sim://fleet", def, &held.transport), SL_OK);
        sl_sim_attach(self->sim, 5 * MS, hold_up, &held);
        (void)fly(self, stop_coordinator, for_ms[i]);
        sl_transport_close(&held.transport);
        expect_nothing_changed(self, for_ms[i]);
        const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
        assert_true(held.ms == 0 && stats->lost == 0 && stats->resets == 0);
        close_hall(self);
    }
    setup(state);
}

static int count(const char *text, const char *what) {
    int n = 0;
    for (; (text = strstr(text, what)) != NULL; text++) n++;
    return n;
}

static void a_silent_coordinator_is_noticed(void **state) {
    hall *self = *state;
    static char text[16384];
    take_off(self);
    sl_log_init("test", SL_LOG_INFO, false);
    // one that has nothing to say is there all the same
    sl_capture_begin();
    sl_status status = sl_fleet_poll(self->fleet, 60000);
    (void)sl_capture_end(text, sizeof text);
    assert_int_equal(status, SL_OK);
    assert_string_equal(text, "");
    held = (holdup){.hall = self, .ms = 12000};
    sl_link_def def = sl_link_fleet_def(NULL);
    assert_int_equal(connect_to("sim://fleet", def, &held.transport), SL_OK);
    sl_sim_attach(self->sim, 5 * MS, hold_up, &held);
    sl_capture_begin();
    status = sl_fleet_poll(self->fleet, 3000);
    (void)sl_capture_end(text, sizeof text);
    sl_transport_close(&held.transport);
    assert_true(status == SL_OK && held.ms == 0);
    assert_int_equal(count(text, "the coordinator has said nothing for 10 s; waiting for it"), WORLD_N);
    assert_int_equal(count(text, "the coordinator is heard again"), WORLD_N);
    assert_int_equal(sl_fleet_get_stats(self->fleet)->lost, 0);
}

/* seven steps to see again, each longer than half of the deadline */
static void succeed_slowly(hall *self, int ms) {
    kill_agent(self, GONE_SLOT);
    add_agent(self, agent_def(GONE_SLOT))->think_ns = (int64_t)ms * MS;
}

static void a_successor_that_catches_up_has_the_patience(void **state) {
    hall *self = *state;
    self->def.deadline_ms = 500, self->def.patience_ms = 4000;
    take_off(self);
    (void)fly(self, succeed_slowly, 300);
    expect_nothing_changed(self, 300);
}

static void a_successor_that_cannot_catch_up_is_given_up(void **state) {
    hall *self = *state;
    self->def.deadline_ms = 500, self->def.patience_ms = 1000;
    take_off(self);
    int longest_ms = fly(self, succeed_slowly, 300);
    // the patience for its coming, which it did not need, and the same for its replay
    assert_in_range(longest_ms, 1000, 2 * 1000 + 500);
    assert_true(sl_fleet_get_stats(self->fleet)->missed > 0);
}

/* stops and goes without end: three and a half seconds of silence, a moment of life */
static void flicker(void *context) {
    agent *self = context;
    int64_t now = sl_sim_now_ns(self->hall->sim);
    if (now / MS % 3600 < 100) play(self);
}

static void come_and_go(hall *self, int ms) {
    (void)ms;
    kill_agent(self, GONE_SLOT);
    agent *successor = add_agent(self, agent_def(GONE_SLOT));
    // longer than its moments: it never gets through the episode
    successor->think_ns = 30 * MS;
    sl_sim_attach(self->sim, 5 * MS, flicker, successor);
}

static void one_that_comes_and_goes_holds_up_no_tick_for_ever(void **state) {
    hall *self = *state;
    take_off(self);
    int longest_ms = fly(self, come_and_go, 0);
    assert_in_range(longest_ms, 1000, self->def.deadline_ms + 2 * self->def.patience_ms);
}

/* says HEARTBEAT and answers nothing: its actions get lost, say */
static sl_transport *mute_line;
static sl_fleet_codec *mute_codec;
static uint64_t mute_session;

static void say(sl_fleet_kind kind) {
    sl_fleet_message message = {.kind = kind, .run_id = 77, .session = mute_session, .slot = GONE_SLOT};
    if (kind == SL_FLEET_HELLO) {
        message = stranger_hello(77);
        message.slot = GONE_SLOT;
    }
    sl_frame frame;
    sl_fleet_encode(mute_codec, &message, &frame.bytes, &frame.n_bytes);
    assert_int_equal(sl_transport_send(mute_line, NULL, 1, &frame), SL_OK);
}

static void beat_only(void *context) {
    (void)context;
    sl_message received;
    while (sl_transport_receive(mute_line, 0, &received) == SL_OK) {
        sl_fleet_message message;
        assert_int_equal(sl_fleet_decode(mute_codec, received.frames[0].bytes, received.frames[0].n_bytes, &message),
                         SL_OK);
        if (message.kind == SL_FLEET_WELCOME) mute_session = message.session;
    }
    say(mute_session ? SL_FLEET_HEARTBEAT : SL_FLEET_HELLO);
}

static void a_heartbeat_is_no_answer(void **state) {
    hall *self = *state;
    make_fleet(self);
    for (int i = 0; i < WORLD_N; i++)
        if (i != GONE_SLOT) (void)add_agent(self, agent_def(i));
    mute_session = 0;
    assert_int_equal(sl_fleet_codec_create(&mute_codec), SL_OK);
    sl_link_def def = sl_link_fleet_def(NULL);
    assert_int_equal(connect_to("sim://fleet", def, &mute_line), SL_OK);
    sl_sim_attach(self->sim, 200 * MS, beat_only, self);
    assert_int_equal(sl_fleet_wait(self->fleet, 5000), SL_OK);
    int64_t start_ns = sl_sim_now_ns(self->sim);
    (void)fly(self, NULL, 0);
    sl_transport_close(&mute_line);
    sl_fleet_codec_destroy(&mute_codec);
    // three deadlines, once, and not three of every four ticks
    assert_in_range((sl_sim_now_ns(self->sim) - start_ns) / MS, 15000, 16000);
    assert_int_equal(sl_fleet_get_stats(self->fleet)->answered, N_ACTIONS - EPISODES * WORLD_T);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_successor_within_the_patience_changes_nothing),
        TEST(a_long_wait_is_told),
        TEST(an_agent_that_was_stopped_changes_nothing),
        TEST(a_coordinator_that_was_stopped_calls_nobody_late),
        TEST(a_silent_coordinator_is_noticed),
        TEST(a_successor_that_catches_up_has_the_patience),
        TEST(a_successor_that_cannot_catch_up_is_given_up),
        TEST(one_that_comes_and_goes_holds_up_no_tick_for_ever),
        TEST(a_heartbeat_is_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
