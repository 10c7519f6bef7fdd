/* test_realtime.c - the clock that waits for nobody, over the simulated network: ticks end on time, what is applied
 * is the newest-made action that has come, nobody acts on what is old, and what is late or missing is counted. */
#include "fleet/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fleet/stranger.h"

enum { PERIOD_MS = 20, LONG_T = 100 };

static int setup(void **state) {
    *state = sl_alloc(sizeof(hall));
    return *state ? 0 : -1;
}

static int teardown(void **state) {
    close_hall(*state);
    return 0;
}

static void open_realtime(hall *self, const sl_sim_def *net, sl_fallback fallback) {
    open_hall(self, net);
    self->def.clock = sl_fleet_find_clock("realtime");
    self->def.period_ns = (int64_t)PERIOD_MS * MS;
    self->def.fallback = fallback;
    make_fleet(self);
    add_team(self);
    assert_int_equal(sl_fleet_wait(self->fleet, 60000), SL_OK);
}

static void tick(hall *self, world *w, bool starts, int32_t actions[WORLD_N], sl_act acts[WORLD_N]) {
    assert_int_equal(world_tick(self->fleet, w->obs[0], w->avail[0], starts, actions, acts), SL_OK);
    world_step(w, actions);
}

static void a_fleet_that_keeps_up_acts_as_in_one_room(void **state) {
    hall *self = *state;
    static int32_t expected[N_ACTIONS];
    world_expect(EPISODES, expected);
    open_realtime(self, &ideal, SL_FALLBACK_HOLD);
    int32_t *actions = self->actions;
    int64_t begin_ns = 0;
    for (int e = 0; e < EPISODES; e++) {
        world w;
        world_reset(&w, (uint64_t)e + 1);
        for (int t = 0; t < WORLD_T; t++, actions += WORLD_N) {
            tick(self, &w, t == 0, actions, self->acts);
            if (e == 0 && t == 0) begin_ns = sl_sim_now_ns(self->sim);
        }
    }
    assert_memory_equal(self->actions, expected, sizeof expected);
    int64_t took_ns = sl_sim_now_ns(self->sim) - begin_ns,
            want_ns = (EPISODES * WORLD_T - 1) * (int64_t)PERIOD_MS * MS;
    assert_true(llabs(took_ns - want_ns) < MS / 10);
    const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
    const sl_link_counts *counts = sl_fleet_get_counts(self->fleet);
    assert_true(stats->answered == N_ACTIONS && stats->late == 0 && stats->overruns == 0 && stats->skipped == 0);
    assert_true(counts->action_ages[0] == N_ACTIONS && counts->observation_ages[0] == N_ACTIONS);
    assert_true(counts->decisions == N_ACTIONS && counts->misses == 0 && counts->longest_run == 0);
    // 0.1 ms there, and applied at the end of the tick
    assert_true(sl_latency_percentile(&stats->observation_age, 0.99) < 110e3);
    assert_true(sl_latency_percentile(&stats->action_age, 0.5) > 19e6);
}

static void nobody_acts_on_what_is_old(void **state) {
    hall *self = *state;
    world w = {0};
    int32_t actions[WORLD_N];
    sl_act acts[WORLD_N];
    open_realtime(self, &ideal, SL_FALLBACK_HOLD);
    self->agents[1].think_ns = 30 * MS;
    world_reset(&w, 1);
    // it may be busy with an episode's last observation when the next one begins
    for (int t = 0; t < LONG_T; t++) tick(self, &w, t % 17 == 0, actions, acts);
    const sl_link_counts *counts = sl_fleet_get_counts(self->fleet);
    const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
    uint64_t older = 0;
    for (int a = 2; a < SL_LINKS_AGES; a++) older += counts->observation_ages[a];
    assert_int_equal(older, 0);
    // at the end of the second tick behind its own; what is held meanwhile gets one older
    assert_in_range(stats->action_age.max_ns, 2 * PERIOD_MS * MS, 3 * PERIOD_MS * MS);
    for (int a = 4; a < SL_LINKS_AGES - 1; a++) older += counts->action_ages[a];
    assert_int_equal(older, 0);
    // it decides two of three, and of the others it never hears
    uint64_t decided = sl_session_get_stats(self->agents[1].session).decided;
    assert_in_range(decided, LONG_T * 2 / 3 - 2, LONG_T * 2 / 3 + 2);
    assert_true(stats->skipped >= LONG_T / 3 - 2 && stats->late > 0);
    assert_true(counts->misses >= LONG_T / 3 - 2 && counts->longest_run <= 2);
    sl_fleet_clear_counts(self->fleet);
    assert_true(stats->action_age.max_ns == 0 && stats->action_age.n > 0 && counts->misses == 0);
    // it is slow, and not gone
    assert_int_equal(sl_fleet_slot(self->fleet, 1), SL_SLOT_LIVE);
}

static void one_that_was_stopped_goes_on_with_the_newest(void **state) {
    hall *self = *state;
    world w = {0};
    int32_t actions[WORLD_N];
    sl_act acts[WORLD_N];
    open_realtime(self, &ideal, SL_FALLBACK_NOOP);
    world_reset(&w, 1);
    for (int t = 0; t < LONG_T; t++) {
        self->agents[2].mute = t >= 10 && t < 50;
        if (t == 50) sl_fleet_clear_counts(self->fleet);
        tick(self, &w, t == 0, actions, acts);
        if (t > 12 && t < 50) assert_true(acts[2] != SL_ACT_ANSWERED && actions[2] == 0);
        if (t > 51) assert_int_equal(acts[2], SL_ACT_ANSWERED);
    }
    const sl_link_counts *counts = sl_fleet_get_counts(self->fleet);
    uint64_t older = 0;
    for (int a = 2; a < SL_LINKS_AGES; a++) older += counts->observation_ages[a];
    assert_int_equal(older, 0);
    // what had piled up before it while it was LIVE to the fleet was left out by itself
    assert_true(sl_session_get_stats(self->agents[2].session).skipped > 5);
}

static void check_fallback(hall *self, sl_fallback fallback, int t, int32_t last, int32_t action) {
    int run = t - 5;
    if (fallback == SL_FALLBACK_NOOP || (fallback == SL_FALLBACK_DECAY && run > SL_LINKS_DECAY)) last = 0;
    (void)self;
    assert_int_equal(action, last);
}

static void each_fallback_acts_as_it_says(void **state) {
    static const sl_fallback all[] = {SL_FALLBACK_HOLD, SL_FALLBACK_NOOP, SL_FALLBACK_DECAY};
    sl_free(*state);
    for (int k = 0; k < 3; k++) {
        hall *self = *state = sl_alloc(sizeof(hall));
        world w = {0};
        int32_t actions[WORLD_N], last = 0;
        sl_act acts[WORLD_N];
        open_realtime(self, &ideal, all[k]);
        // one that ends its turn with another action than no-op
        uint64_t seed = 1;
        for (int t = 0; t < 25; t++) {
            if (t == 0) world_reset(&w, seed);
            self->agents[0].mute = t > 5;
            tick(self, &w, t == 0, actions, acts);
            if (t == 5) last = actions[0];
            if (t == 5 && last == 0) t = -1, seed++, self->agents[0].mute = false;
            if (t > 5) check_fallback(self, all[k], t, last, actions[0]);
        }
        assert_true(last > 0);
        // a new episode holds nothing of the last
        world_reset(&w, 1);
        tick(self, &w, true, actions, acts);
        assert_int_equal(actions[0], 0);
        assert_true(sl_fleet_get_counts(self->fleet)->longest_run == 19);
        close_hall(self);
    }
    *state = sl_alloc(sizeof(hall));
}

static void a_successor_begins_with_a_fresh_state(void **state) {
    hall *self = *state;
    world w = {0};
    toy_policy fresh;
    int32_t actions[WORLD_N];
    sl_act acts[WORLD_N];
    open_realtime(self, &ideal, SL_FALLBACK_HOLD);
    world_reset(&w, 1);
    for (int t = 0; t < 10; t++) tick(self, &w, t == 0, actions, acts);
    kill_agent(self, 1);
    tick(self, &w, false, actions, acts);
    (void)add_agent(self, agent_def(1));
    bool began = false;
    for (int t = 11; t < 60; t++) {
        world before = w;
        tick(self, &w, false, actions, acts);
        if (acts[1] != SL_ACT_ANSWERED) continue;
        // it may come just before a tick, with that one's observation to answer
        bool is_present = sl_fleet_get_stats(self->fleet)->late == 0;
        assert_true(is_present);
        assert_int_equal(actions[1], toy_decide(&fresh, before.obs[1], before.avail[1], !began));
        began = true;
    }
    assert_true(began);
    assert_int_equal(sl_fleet_get_stats(self->fleet)->replayed, 0);
}

static void a_busy_coordinator_keeps_to_the_grid(void **state) {
    hall *self = *state;
    world w = {0};
    int32_t actions[WORLD_N];
    sl_act acts[WORLD_N];
    open_realtime(self, &ideal, SL_FALLBACK_HOLD);
    world_reset(&w, 1);
    tick(self, &w, true, actions, acts);
    int64_t first_ns = sl_sim_now_ns(self->sim), woke_ns = 0, late_ns = 0;
    for (int t = 1; t < 50; t++) {
        // an environment whose step takes 3.5 periods
        if (t == 20) sl_fleet_sleep(self->fleet, sl_sim_now_ns(self->sim) + 70 * MS);
        tick(self, &w, false, actions, acts);
        sl_fleet_get_pace(self->fleet, &woke_ns, &late_ns);
        assert_int_equal((woke_ns - late_ns - first_ns) % (PERIOD_MS * MS), 0);
    }
    const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
    assert_int_equal(stats->overruns, 3);
    assert_int_equal((sl_sim_now_ns(self->sim) - first_ns) / MS / PERIOD_MS, 49 + 3);
    // between episodes nothing is left out
    sl_fleet_sleep(self->fleet, sl_sim_now_ns(self->sim) + 990 * MS);
    tick(self, &w, true, actions, acts);
    assert_int_equal(stats->overruns, 3);
}

static void loss_copies_and_reordering_apply_nothing_twice_or_backwards(void **state) {
    static const sl_sim_def rough = SL_SIM_DEF(3, 0.01, 30, 0.2, 0.2);
    hall *self = *state;
    world w = {0};
    int32_t actions[WORLD_N];
    sl_act acts[WORLD_N];
    int64_t newest[WORLD_N] = {-1, -1, -1};
    open_realtime(self, &rough, SL_FALLBACK_HOLD);
    uint64_t answered = 0;
    for (int e = 0; e < 5; e++) {
        world_reset(&w, (uint64_t)e + 1);
        for (int t = 0; t < LONG_T; t++) {
            tick(self, &w, t == 0, actions, acts);
            for (int n = 0; n < WORLD_N; n++) {
                if (acts[n] != SL_ACT_ANSWERED) continue;
                int64_t made = ((const struct sl_fleet *)self->fleet)->slots[n].pace.acts_on.tick;
                assert_true(made > newest[n] && made >= (int64_t)e * LONG_T);
                newest[n] = made;
                answered++;
            }
        }
    }
    const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
    assert_true(answered > 4 * LONG_T && answered == stats->answered);
    assert_true(stats->late > 10 && stats->duplicate + stats->stale > 10 && stats->unusable == 0);
    assert_true(stats->answered + stats->missed + stats->absent == 5 * LONG_T * WORLD_N);
}

static void what_does_not_fit_is_not_applied(void **state) {
    hall *self = *state;
    open_hall(self, &ideal);
    self->def.n_slots = 1, self->def.clock = sl_fleet_find_clock("realtime");
    self->def.period_ns = (int64_t)PERIOD_MS * MS;
    make_fleet(self);
    stranger s;
    stranger_open(&s);
    sl_fleet_message hello = stranger_hello(11);
    stranger_say(&s, &hello);
    sl_fleet_message welcome = stranger_hear(&s, self->fleet, SL_OK);
    assert_string_equal(welcome.mode, "realtime");
    sl_fleet_message said = {.kind = SL_FLEET_HEARTBEAT, .run_id = 11, .session = welcome.session, .slot = 0};
    stranger_say(&s, &said);
    assert_int_equal(sl_fleet_wait(self->fleet, 100), SL_OK);
    float obs[TOY_O] = {1};
    int32_t got = 9;
    sl_act act;
    const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
    // of a sequence that was not sent, of another tick, an action that the slot does not have
    static const struct {
        uint64_t sequence;
        int64_t tick;
        int32_t action;
    } bad[] = {{9, 0, 1}, {1, 1, 1}, {1, 0, TOY_A}};
    sl_fleet_begin(self->fleet);
    assert_int_equal(sl_fleet_tick(self->fleet, obs, NULL, NULL, &got, &act), SL_OK);
    said.kind = SL_FLEET_ACTION;
    for (int i = 0; i < 3; i++) {
        said.sequence = bad[i].sequence, said.tick = bad[i].tick, said.action = bad[i].action;
        stranger_say(&s, &said);
    }
    assert_int_equal(sl_fleet_tick(self->fleet, obs, NULL, NULL, &got, &act), SL_OK);
    assert_true(act == SL_ACT_MISSED && got == 0 && stats->unusable == 3 && stats->stale == 0);
    // late, but the newest there is; its copy counts for nothing
    said.sequence = 1, said.tick = 0, said.action = 3;
    stranger_say(&s, &said);
    stranger_say(&s, &said);
    assert_int_equal(sl_fleet_tick(self->fleet, obs, NULL, NULL, &got, &act), SL_OK);
    assert_true(act == SL_ACT_ANSWERED && got == 3 && stats->late == 1 && stats->duplicate == 1);
    assert_int_equal(sl_fleet_get_counts(self->fleet)->action_ages[2], 1);
    // of an episode that is over
    sl_fleet_begin(self->fleet);
    said.sequence = 2, said.tick = 2, said.action = 4;
    stranger_say(&s, &said);
    assert_int_equal(sl_fleet_tick(self->fleet, obs, NULL, NULL, &got, &act), SL_OK);
    assert_true(act == SL_ACT_MISSED && got == 0 && stats->stale == 1);
    stranger_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_fleet_that_keeps_up_acts_as_in_one_room, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_acts_on_what_is_old, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_was_stopped_goes_on_with_the_newest, setup, teardown),
        cmocka_unit_test_setup_teardown(each_fallback_acts_as_it_says, setup, teardown),
        cmocka_unit_test_setup_teardown(a_successor_begins_with_a_fresh_state, setup, teardown),
        cmocka_unit_test_setup_teardown(a_busy_coordinator_keeps_to_the_grid, setup, teardown),
        cmocka_unit_test_setup_teardown(loss_copies_and_reordering_apply_nothing_twice_or_backwards, setup, teardown),
        cmocka_unit_test_setup_teardown(what_does_not_fit_is_not_applied, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
