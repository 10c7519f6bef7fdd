/* test_fleet.c - the lockstep fleet over the simulated network: with loss, copies and reordering, with agents that
 * die, return, come twice or speak nonsense, the actions are those of agents in the same room. */
#include "common/log.h"
#include "net/transport_sim.h"
#include "storage/file.h"
#include "support/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fleet/stranger.h"

enum { MODEL_BYTES = 600000 };

static uint8_t model[MODEL_BYTES];
static int32_t expected[N_ACTIONS];

static const sl_sim_def hostile = SL_SIM_DEF(2, 0.01, 30, 0.2, 0.2);

static int setup(void **state) {
    world_expect(EPISODES, expected);
    for (int i = 0; i < MODEL_BYTES; i++) model[i] = (uint8_t)(i * 13 + i / 500);
    *state = sl_alloc(sizeof(hall));
    return *state ? 0 : -1;
}

static int teardown(void **state) {
    close_hall(*state);
    return 0;
}

static sl_status load(void *context, const uint8_t *bytes, size_t n_bytes, const char *sha256, int *obs_dim,
                      int *n_actions) {
    agent *self = context;
    if (n_bytes != MODEL_BYTES || memcmp(bytes, model, n_bytes) != 0 || strlen(sha256) != 64) return SL_CORRUPT;
    self->loaded_bytes = n_bytes;
    *obs_dim = TOY_O, *n_actions = TOY_A;
    return SL_OK;
}

static void fly(hall *self, int n_episodes) {
    int32_t *actions = self->actions;
    sl_act *acts = self->acts;
    int tick = 0;
    for (int e = 0; e < n_episodes; e++) {
        world w;
        world_reset(&w, (uint64_t)e + 1);
        for (int t = 0; t < WORLD_T; t++, tick++, actions += WORLD_N, acts += WORLD_N) {
            if (tick == self->kill_tick) kill_agent(self, self->kill_slot);
            if (self->kill_tick >= 0 && tick == self->kill_tick + self->revive_after)
                (void)add_agent(self, agent_def(self->kill_slot));
            // long after the patience no tick waits for it
            if (self->revive_after > 0 && tick == self->kill_tick + self->revive_after)
                assert_int_equal(sl_fleet_wait(self->fleet, 1000), SL_OK);
            assert_int_equal(world_tick(self->fleet, w.obs[0], w.avail[0], t == 0, actions, acts), SL_OK);
            world_step(&w, actions);
        }
    }
}

static void the_fleet_acts_as_in_one_room(void **state) {
    hall *self = *state;
    open_hall(self, &ideal);
    make_fleet(self);
    add_team(self);
    assert_int_equal(sl_fleet_wait(self->fleet, 5000), SL_OK);
    fly(self, EPISODES);
    assert_memory_equal(self->actions, expected, sizeof expected);
    const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
    assert_true(stats->ticks == EPISODES * WORLD_T && stats->answered == N_ACTIONS && stats->joined == WORLD_N);
    assert_true(stats->missed == 0 && stats->absent == 0 && stats->stale == 0 && stats->resent == 0);
    assert_true(stats->round_trip.n == N_ACTIONS);
    // there and back at 0.1 ms each
    assert_true(sl_latency_percentile(&stats->round_trip, 0.5) > 190e3);
    assert_true(sl_latency_percentile(&stats->round_trip, 0.99) < 210e3);
    sl_fleet_goodbye(self->fleet);
    assert_int_equal(sl_fleet_poll(self->fleet, 20), SL_OK);
    for (int i = 0; i < WORLD_N; i++) {
        assert_int_equal(sl_session_get_state(self->agents[i].session), SL_SESSION_OVER);
        assert_true(sl_session_get_stats(self->agents[i].session).decided == EPISODES * WORLD_T);
    }
}

static void loss_copies_and_reordering_change_nothing(void **state) {
    hall *self = *state;
    open_hall(self, &hostile);
    make_fleet(self);
    add_team(self);
    assert_int_equal(sl_fleet_wait(self->fleet, 60000), SL_OK);
    fly(self, EPISODES);
    assert_memory_equal(self->actions, expected, sizeof expected);
    const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
    assert_true(stats->answered == N_ACTIONS && stats->resent > 10 && stats->duplicate + stats->stale > 10);
    uint64_t decided = 0, repeated = 0;
    for (int i = 0; i < WORLD_N; i++) {
        decided += sl_session_get_stats(self->agents[i].session).decided;
        repeated += sl_session_get_stats(self->agents[i].session).repeated;
    }
    // each observation was decided once, however often it came
    assert_true(decided == N_ACTIONS && repeated > 10);
}

static void a_killed_agents_successor_goes_on_identically(void **state) {
    sl_free(*state);
    // at every step of an episode; the successor is there at once, or a tick cannot end before it is
    for (int kill_tick = WORLD_T; kill_tick < 2 * WORLD_T; kill_tick++) {
        hall *self = *state = sl_alloc(sizeof(hall));
        open_hall(self, kill_tick % 2 ? &hostile : &ideal);
        make_fleet(self);
        add_team(self);
        assert_int_equal(sl_fleet_wait(self->fleet, 60000), SL_OK);
        self->kill_tick = kill_tick, self->kill_slot = kill_tick % WORLD_N;
        fly(self, EPISODES);
        assert_memory_equal(self->actions, expected, sizeof expected);
        const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
        assert_true(stats->lost >= 1 && stats->joined == WORLD_N + 1 && stats->absent == 0);
        if (kill_tick % 2 == 0) assert_true(stats->replayed == (uint64_t)(kill_tick - WORLD_T));
        close_hall(self);
    }
    *state = sl_alloc(sizeof(hall));
}

static void without_a_successor_the_fallback_acts(void **state) {
    hall *self = *state;
    open_hall(self, &ideal);
    self->def.patience_ms = 700;
    make_fleet(self);
    add_team(self);
    assert_int_equal(sl_fleet_wait(self->fleet, 5000), SL_OK);
    self->kill_tick = 5, self->kill_slot = 1, self->revive_after = 9;
    int64_t start_ns = sl_sim_now_ns(self->sim);
    fly(self, EPISODES);
    // the patience was spent once, not in every tick
    int64_t took_ms = (sl_sim_now_ns(self->sim) - start_ns) / MS;
    assert_in_range(took_ms, 700, 2 * 700);
    const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
    assert_true(stats->absent >= 9 && stats->answered + stats->absent + stats->missed == N_ACTIONS);
    for (int t = 0; t < EPISODES * WORLD_T; t++)
        for (int n = 0; n < WORLD_N; n++) {
            sl_act act = self->acts[t * WORLD_N + n];
            bool without = n == 1 && t >= 5 && t < 5 + 9;
            if (without) assert_true(act == SL_ACT_ABSENT && self->actions[t * WORLD_N + n] == 0);
            if (n != 1) assert_int_equal(act, SL_ACT_ANSWERED);
        }
    // from the first whole episode of the successor on, all is as if nothing had happened
    assert_int_equal(sl_fleet_slot(self->fleet, 1), SL_SLOT_LIVE);
    int from = 2 * WORLD_T * WORLD_N;
    assert_memory_equal(self->actions + from, expected + from, sizeof expected - (size_t)from * sizeof *expected);
}

static void a_stopped_agent_is_waited_for_three_ticks(void **state) {
    hall *self = *state;
    open_hall(self, &ideal);
    self->def.deadline_ms = 100, self->def.patience_ms = 0, self->def.lease_ms = 2000;
    make_fleet(self);
    add_team(self);
    assert_int_equal(sl_fleet_wait(self->fleet, 5000), SL_OK);
    self->agents[2].mute = true;
    int64_t start_ns = sl_sim_now_ns(self->sim);
    fly(self, 1);
    int64_t took_ms = (sl_sim_now_ns(self->sim) - start_ns) / MS;
    assert_in_range(took_ms, 300, 400);
    const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
    assert_true(stats->missed == 3 && stats->absent == WORLD_T - 3);
    assert_int_equal(sl_fleet_slot(self->fleet, 2), SL_SLOT_SUSPECT);
    // it wakes up: what it missed of the episode is caught up, and the next one is exact
    self->agents[2].mute = false;
    assert_int_equal(sl_fleet_poll(self->fleet, 600), SL_OK);
    assert_int_equal(sl_fleet_slot(self->fleet, 2), SL_SLOT_LIVE);
    fly(self, EPISODES);
    assert_memory_equal(self->actions, expected, sizeof expected);

    // stopped for longer: dead after six heartbeats, free after the lease, back as a new member
    self->agents[2].mute = true;
    assert_int_equal(sl_fleet_poll(self->fleet, 6 * 500 + 200), SL_OK);
    assert_int_equal(sl_fleet_slot(self->fleet, 2), SL_SLOT_DEAD);
    assert_int_equal(sl_fleet_poll(self->fleet, 2000), SL_OK);
    assert_int_equal(sl_fleet_slot(self->fleet, 2), SL_SLOT_FREE);
    self->agents[2].mute = false;
    assert_int_equal(sl_fleet_wait(self->fleet, 2000), SL_OK);
    assert_true(sl_session_get_stats(self->agents[2].session).resets == 1);
    fly(self, EPISODES);
    assert_memory_equal(self->actions, expected, sizeof expected);
}

// whoever looks between two pieces of other work pays for no wait
static void a_poll_takes_as_long_as_it_says(void **state) {
    hall *self = *state;
    open_hall(self, &ideal);
    make_fleet(self);
    for (int ms = 0; ms <= 25; ms += 25) {
        int64_t start_ns = sl_sim_now_ns(self->sim);
        assert_int_equal(sl_fleet_poll(self->fleet, ms), SL_OK);
        assert_int_equal(sl_sim_now_ns(self->sim) - start_ns, ms * MS);
    }
}

static void a_slot_has_one_agent(void **state) {
    hall *self = *state;
    open_hall(self, &ideal);
    make_fleet(self);
    add_team(self);
    assert_int_equal(sl_fleet_wait(self->fleet, 5000), SL_OK);
    agent *second = add_agent(self, agent_def(1)), *third = add_agent(self, agent_def(-1));
    fly(self, EPISODES);
    assert_memory_equal(self->actions, expected, sizeof expected);
    assert_int_equal(sl_fleet_poll(self->fleet, 100), SL_OK);
    // both were told, and ask again
    assert_true(sl_session_get_stats(second->session).rejects >= 1);
    assert_true(sl_session_get_stats(third->session).rejects >= 1);
    assert_true(sl_session_get_stats(second->session).decided == 0);
    assert_int_equal(sl_session_get_state(second->session), SL_SESSION_HELLO);
    assert_int_equal(second->status, SL_OK);
    // the holder dies: the one that names the slot takes over at its next HELLO, before any lease ends
    kill_agent(self, 1);
    assert_int_equal(sl_fleet_poll(self->fleet, 1200), SL_OK);
    assert_int_equal(sl_session_get_state(second->session), SL_SESSION_LIVE);
    assert_int_equal(sl_session_slot(second->session), 1);
    fly(self, EPISODES);
    assert_memory_equal(self->actions, expected, sizeof expected);
}

static void an_agent_fetches_its_slots_model(void **state) {
    hall *self = *state;
    open_hall(self, &hostile);
    char sha256[65];
    sl_file_sha256(model, MODEL_BYTES, sha256);
    self->slots[1].model = model, self->slots[1].model_bytes = MODEL_BYTES;
    make_fleet(self);
    sl_session_def def = agent_def(-1);
    (void)add_agent(self, def);
    assert_int_equal(sl_fleet_poll(self->fleet, 3000), SL_OK);
    (void)add_agent(self, def);
    assert_int_equal(sl_fleet_poll(self->fleet, 3000), SL_OK);
    assert_int_equal(sl_session_slot(self->agents[0].session), 0);
    // the second has another model than slot 1's, and no way to take one
    assert_int_equal(self->agents[1].status, SL_MISMATCH);
    kill_agent(self, 1);
    def.load = load;
    def.obs_dim = def.n_actions = 0, def.model_sha256[0] = 0;
    def.slot = 1;
    agent *fetcher = add_agent(self, def);
    def = agent_def(2);
    (void)add_agent(self, def);
    assert_int_equal(sl_fleet_wait(self->fleet, 60000), SL_OK);
    assert_int_equal(fetcher->loaded_bytes, MODEL_BYTES);
    fly(self, EPISODES);
    assert_memory_equal(self->actions, expected, sizeof expected);
    // one that holds the model needs no fetching and finds its slot by it
    for (int i = 0; i < self->n_agents; i++)
        if (self->agents[i].session) kill_agent(self, i);
    fetcher->loaded_bytes = 0;
    assert_int_equal(sl_fleet_poll(self->fleet, 20000), SL_OK);
    def = agent_def(-1);
    memcpy(def.model_sha256, sha256, sizeof sha256);
    agent *holder = add_agent(self, def);
    assert_int_equal(sl_fleet_poll(self->fleet, 5000), SL_OK);
    assert_int_equal(sl_session_slot(holder->session), 1);
    assert_int_equal(sl_fleet_slot(self->fleet, 1), SL_SLOT_LIVE);
}

static void misfits_are_told_and_end(void **state) {
    hall *self = *state;
    open_hall(self, &ideal);
    make_fleet(self);
    sl_session_def def = agent_def(-1);
    def.obs_dim = TOY_O + 1;
    agent *shape = add_agent(self, def);
    def = agent_def(0);
    def.hidden = 32;
    agent *hidden = add_agent(self, def);
    agent *slot = add_agent(self, agent_def(WORLD_N));
    def = agent_def(-1);
    def.obs_dim = def.n_actions = 0, def.model_sha256[0] = 0;
    agent *empty = add_agent(self, def);
    assert_int_equal(sl_fleet_poll(self->fleet, 100), SL_OK);
    assert_int_equal(shape->status, SL_MISMATCH);
    assert_int_equal(hidden->status, SL_MISMATCH);
    assert_int_equal(slot->status, SL_MISMATCH);
    assert_int_equal(empty->status, SL_NETWORK);
    assert_true(sl_fleet_get_stats(self->fleet)->rejected == 4);
    assert_int_equal(sl_fleet_wait(self->fleet, 100), SL_TIMEOUT);
    assert_non_null(strstr(sl_error_what(), "slots 0, 1, 2"));
}

static void a_restarted_coordinator_gets_its_agents_back(void **state) {
    hall *self = *state;
    open_hall(self, &hostile);
    make_fleet(self);
    add_team(self);
    assert_int_equal(sl_fleet_wait(self->fleet, 60000), SL_OK);
    fly(self, 1);
    sl_fleet_destroy(&self->fleet);
    make_fleet(self);
    assert_int_equal(sl_fleet_wait(self->fleet, 60000), SL_OK);
    fly(self, EPISODES);
    assert_memory_equal(self->actions, expected, sizeof expected);
    for (int i = 0; i < WORLD_N; i++) assert_true(sl_session_get_stats(self->agents[i].session).resets >= 1);
}

static void actions_of_the_dead_and_repeated_ones_are_not_applied(void **state) {
    hall *self = *state;
    open_hall(self, &ideal);
    self->def.n_slots = 1, self->def.deadline_ms = 40, self->def.patience_ms = 0, self->def.resend_ms = 1000;
    make_fleet(self);
    stranger s;
    stranger_open(&s);
    sl_fleet_message hello = stranger_hello(11);
    stranger_say(&s, &hello);
    sl_fleet_message welcome = stranger_hear(&s, self->fleet, SL_OK);
    assert_true(welcome.kind == SL_FLEET_WELCOME && welcome.run_id == 11 && welcome.slot == 0 && welcome.session);
    assert_string_equal(welcome.mode, "lockstep");
    // HELLO again: the same answer
    stranger_say(&s, &hello);
    assert_true(stranger_hear(&s, self->fleet, SL_OK).session == welcome.session);
    sl_fleet_message beat = {.kind = SL_FLEET_HEARTBEAT, .run_id = 11, .session = welcome.session, .slot = 0};
    stranger_say(&s, &beat);
    assert_int_equal(sl_fleet_wait(self->fleet, 100), SL_OK);

    // an action before it is asked for, of another sequence, slot, run or session: none is applied
    sl_fleet_message action = {.kind = SL_FLEET_ACTION,
                               .run_id = 11,
                               .session = welcome.session,
                               .slot = 0,
                               .tick = 0,
                               .sequence = 1,
                               .action = 3};
    stranger_say(&s, &action);
    (void)stranger_hear(&s, self->fleet, SL_TIMEOUT);
    float obs[TOY_O] = {1, 2, 3};
    int32_t got = 9;
    sl_act act = SL_ACT_ANSWERED;
    uint64_t run_ids[] = {11, 12, 11, 11},
             sessions[] = {welcome.session, welcome.session, welcome.session + 2, welcome.session};
    for (int i = 0; i < 4; i++) {
        sl_fleet_message wrong = action;
        wrong.run_id = run_ids[i], wrong.session = sessions[i];
        if (i == 0) wrong.sequence = 2;
        if (i == 3) wrong.slot = 1;
        stranger_say(&s, &wrong);
    }
    assert_int_equal(world_tick(self->fleet, obs, NULL, true, &got, &act), SL_OK);
    assert_true(act == SL_ACT_MISSED && got == 0);
    const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
    assert_true(stats->unusable == 2 && stats->unaddressed == 3 && stats->stale == 3 && stats->resets == 3);
    // the right one, late: it counts for the past step, and the next observation follows; the copy counts for nothing
    stranger_say(&s, &action);
    stranger_say(&s, &action);
    action.sequence = 2;
    assert_int_equal(world_tick(self->fleet, obs, NULL, false, &got, &act), SL_OK);
    assert_true(act == SL_ACT_MISSED && stats->stale == 4 && stats->unusable == 2);

    // of another tick, or one that the slot does not have: dropped, and the right one still counts
    static const struct {
        int64_t tick;
        int32_t action;
    } bad[] = {{1, TOY_A}, {1, 255}, {0, 3}, {2, 3}, {1000, 3}};
    for (int i = 0; i < 5; i++) {
        action.tick = bad[i].tick, action.action = bad[i].action;
        stranger_say(&s, &action);
    }
    action.tick = 1, action.action = 3;
    stranger_say(&s, &action);
    assert_int_equal(sl_fleet_poll(self->fleet, 20), SL_OK);
    assert_true(stats->unusable == 7 && stats->answered == 0);
    // the same within a tick
    action.sequence = 3, action.tick = 1, action.action = 2;
    stranger_say(&s, &action);
    action.tick = 2, action.action = TOY_A;
    stranger_say(&s, &action);
    action.action = TOY_A - 1;
    stranger_say(&s, &action);
    assert_int_equal(world_tick(self->fleet, obs, NULL, false, &got, &act), SL_OK);
    assert_true(act == SL_ACT_ANSWERED && got == TOY_A - 1 && stats->unusable == 9);
    stranger_close(&s);
}

static volatile sig_atomic_t stop;

/* joins slot 0 and leaves it: between flights, or during a tick, of a coordinator that is ending or not; text: what
 * the fleet logs */
static void leave(hall *self, stranger *s, uint64_t run_id, bool in_tick, bool ending, char *text, size_t size) {
    sl_fleet_message hello = stranger_hello(run_id);
    stranger_say(s, &hello);
    sl_fleet_message said = {.kind = SL_FLEET_HEARTBEAT, .run_id = run_id};
    said.session = stranger_hear(s, self->fleet, SL_OK).session;
    stranger_say(s, &said);
    assert_int_equal(sl_fleet_wait(self->fleet, 100), SL_OK);
    sl_capture_begin();
    said.kind = SL_FLEET_GOODBYE;
    stranger_say(s, &said);
    stop = ending;
    float obs[TOY_O] = {1};
    int32_t action;
    sl_status status =
        in_tick ? world_tick(self->fleet, obs, NULL, true, &action, NULL) : sl_fleet_poll(self->fleet, 20);
    stop = 0;
    (void)sl_capture_end(text, size);
    assert_true(status == SL_OK || (ending && status == SL_INTERRUPTED));
    assert_int_equal(sl_fleet_slot(self->fleet, 0), SL_SLOT_FREE);
}

static void a_goodbye_is_a_warning_to_a_flight_only(void **state) {
    hall *self = *state;
    char text[1024];
    open_hall(self, &ideal);
    self->def.n_slots = 1, self->def.patience_ms = 0, self->def.stop = &stop;
    make_fleet(self);
    stranger s;
    stranger_open(&s);
    sl_log_init("test", SL_LOG_INFO, false);
    leave(self, &s, 11, false, false, text, sizeof text);
    assert_non_null(strstr(text, " info  test: slot 0 lost its agent: it said goodbye"));
    assert_null(strstr(text, " warn "));
    leave(self, &s, 12, true, false, text, sizeof text);
    assert_non_null(strstr(text, " warn  test: slot 0 lost its agent: it said goodbye"));
    leave(self, &s, 13, true, true, text, sizeof text);
    assert_null(strstr(text, " warn "));
    stranger_close(&s);
}

static void nonsense_does_no_harm(void **state) {
    hall *self = *state;
    open_hall(self, &ideal);
    make_fleet(self);
    add_team(self);
    assert_int_equal(sl_fleet_wait(self->fleet, 5000), SL_OK);
    stranger s;
    stranger_open(&s);
    uint8_t bytes[64] = {'S', 'L', 'F', 'T', SL_PROTOCOL_MAJOR + 1, 0, SL_FLEET_HELLO, 0};
    sl_frame frames[2] = {{bytes, sizeof bytes}, {bytes, 3}};
    assert_int_equal(sl_transport_send(s.transport, NULL, 1, frames), SL_OK);
    sl_fleet_message answer = stranger_hear(&s, self->fleet, SL_OK);
    assert_true(answer.kind == SL_FLEET_REJECT && answer.reject == SL_REJECT_VERSION && answer.run_id == 0);
    assert_non_null(strstr(answer.text, "2.0"));
    for (int i = 0; i < 200; i++) {
        for (size_t k = 0; k < sizeof bytes; k++) bytes[k] = (uint8_t)(bytes[k] * 5 + k + (size_t)i);
        if (i % 2) memcpy(bytes, (uint8_t[]){'S', 'L', 'F', 'T', SL_PROTOCOL_MAJOR, 0, (uint8_t)(i % 12), 0}, 8);
        assert_int_equal(sl_transport_send(s.transport, NULL, 1 + i % 2, frames), SL_OK);
        // what only a coordinator says
        sl_fleet_message reset = {.kind = SL_FLEET_RESET, .run_id = 5, .session = 6};
        stranger_say(&s, &reset);
    }
    fly(self, EPISODES);
    assert_memory_equal(self->actions, expected, sizeof expected);
    const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
    assert_true(stats->malformed == 400 && stats->other_version == 1);
    stranger_close(&s);
}

static void creation_survives_every_failed_allocation(void **state) {
    hall *self = *state;
    open_hall(self, &ideal);
    sl_status status = SL_MEMORY;
    uint64_t nth = 1;
    for (; status != SL_OK; nth++) {
        sl_fleet *fleet = NULL;
        sl_alloc_fail_at(nth);
        status = sl_fleet_create(&self->def, &fleet);
        sl_alloc_fail_at(0);
        assert_true(status == SL_OK ? fleet != NULL : status == SL_MEMORY && fleet == NULL);
        sl_fleet_destroy(&fleet);
    }
    assert_true(nth > 6);
    status = SL_MEMORY;
    sl_session_def def = agent_def(0);
    for (nth = 1; status != SL_OK; nth++) {
        sl_session *session = NULL;
        sl_alloc_fail_at(nth);
        status = sl_session_create(&def, &session);
        sl_alloc_fail_at(0);
        assert_true(status == SL_OK ? session != NULL : status == SL_MEMORY && session == NULL);
        sl_session_destroy(&session);
    }
    assert_true(nth > 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_fleet_acts_as_in_one_room),
        TEST(loss_copies_and_reordering_change_nothing),
        TEST(a_killed_agents_successor_goes_on_identically),
        TEST(without_a_successor_the_fallback_acts),
        TEST(a_stopped_agent_is_waited_for_three_ticks),
        TEST(a_poll_takes_as_long_as_it_says),
        TEST(a_slot_has_one_agent),
        TEST(an_agent_fetches_its_slots_model),
        TEST(misfits_are_told_and_end),
        TEST(a_restarted_coordinator_gets_its_agents_back),
        TEST(actions_of_the_dead_and_repeated_ones_are_not_applied),
        TEST(a_goodbye_is_a_warning_to_a_flight_only),
        TEST(nonsense_does_no_harm),
        TEST(creation_survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
