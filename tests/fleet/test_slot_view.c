/* test_slot_view.c - what whoever looks on is told of each slot: who holds it, how it fares, how often it was taken;
 * and the pulse at which it is told. */
#include "fleet/slot_view.h"

#include "common/alloc.h"
#include "support/heap_count.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fleet/stranger.h"

static int setup(void **state) {
    *state = sl_alloc(sizeof(hall));
    return *state ? 0 : -1;
}

static int teardown(void **state) {
    close_hall(*state);
    return 0;
}

static sl_slot_view view(const hall *self, int slot) {
    sl_slot_view out;
    sl_fleet_view(self->fleet, slot, &out);
    return out;
}

static void fly(hall *self, int n_ticks) {
    world w;
    world_reset(&w, 1);
    for (int t = 0; t < n_ticks; t++) {
        bool start = t % WORLD_T == 0;
        assert_int_equal(world_tick(self->fleet, w.obs[0], w.avail[0], start, self->actions, self->acts), SL_OK);
        world_step(&w, self->actions);
    }
}

static void an_empty_slot_has_nothing_to_tell(void **state) {
    hall *self = *state;
    open_hall(self, &ideal);
    make_fleet(self);
    sl_slot_view v = view(self, 1);
    assert_int_equal(v.state, SL_SLOT_FREE);
    assert_true(!v.device[0] && !v.address[0] && !v.model[0] && v.joined == 0 && v.live == 0);
    assert_true(isnan(v.age) && isnan(v.round_trip_p50) && isnan(v.round_trip_p99));
    assert_string_equal(sl_slot_state_name(v.state), "free");
}

static void a_flying_slot_tells_who_and_how(void **state) {
    hall *self = *state;
    open_hall(self, &ideal);
    make_fleet(self);
    add_team(self);
    assert_int_equal(sl_fleet_wait(self->fleet, 5000), SL_OK);
    fly(self, WORLD_T);
    sl_slot_view v = view(self, 2);
    assert_string_equal(sl_slot_state_name(v.state), "live");
    assert_true(v.device[0] && v.arch[0] && v.build[0] && v.live == 1 && v.joined == 1);
    assert_true(v.hidden == 16 && strspn(v.model, "b") == 64);
    // there and back at 0.1 ms each, before the first window is full
    assert_true(v.round_trip_p50 > 190e-6 && v.round_trip_p99 < 210e-6 && v.age < 0.01);
    assert_true(v.missed == 0 && v.absent == 0 && v.misses == 0);
    // what was slow ten seconds ago is told no more: there was nothing since
    assert_int_equal(sl_fleet_poll(self->fleet, 10500), SL_OK);
    assert_true(view(self, 2).round_trip_p50 > 190e-6);
    assert_int_equal(sl_fleet_poll(self->fleet, 10500), SL_OK);
    assert_true(isnan(view(self, 2).round_trip_p50));
}

static void a_successor_counts_and_an_absence_too(void **state) {
    hall *self = *state;
    open_hall(self, &ideal);
    self->def.patience_ms = 0;
    make_fleet(self);
    add_team(self);
    assert_int_equal(sl_fleet_wait(self->fleet, 5000), SL_OK);
    fly(self, WORLD_T);
    kill_agent(self, 1);
    fly(self, WORLD_T);
    sl_slot_view v = view(self, 1);
    assert_int_equal(v.state, SL_SLOT_DEAD);
    assert_true(v.live == 0 && v.absent == WORLD_T && v.joined == 1 && v.age >= 0);
    (void)add_agent(self, agent_def(1));
    assert_int_equal(sl_fleet_wait(self->fleet, 5000), SL_OK);
    v = view(self, 1);
    assert_true(v.joined == 2 && v.live == 1 && view(self, 0).joined == 1 && view(self, 0).absent == 0);
}

static void an_agents_own_words_are_told_if_they_can_be_printed(void **state) {
    hall *self = *state;
    stranger s;
    open_hall(self, &ideal);
    make_fleet(self);
    stranger_open(&s);
    sl_fleet_message hello = stranger_hello(7);
    hello.slot = 1;
    (void)snprintf(hello.device, sizeof hello.device, "pi\x1b[2J");
    stranger_say(&s, &hello);
    (void)stranger_hear(&s, self->fleet, SL_TIMEOUT);
    assert_true(view(self, 1).joined == 0 && !view(self, 1).device[0]);
    (void)snprintf(hello.device, sizeof hello.device, "pi <3> \"4\"");
    stranger_say(&s, &hello);
    assert_int_equal(stranger_hear(&s, self->fleet, SL_OK).kind, SL_FLEET_WELCOME);
    sl_slot_view v = view(self, 1);
    assert_int_equal(v.state, SL_SLOT_JOINING);
    assert_string_equal(v.device, "pi <3> \"4\"");
    assert_string_equal(v.build, "x");
    assert_string_equal(v.arch, "y");
    stranger_close(&s);
}

static void count(void *context) {
    ++*(int *)context;
}

static void the_pulse_goes_on_and_takes_no_memory(void **state) {
    hall *self = *state;
    int pulses = 0;
    open_hall(self, &ideal);
    self->def.pulse = count;
    self->def.pulse_context = &pulses;
    make_fleet(self);
    add_team(self);
    assert_int_equal(sl_fleet_wait(self->fleet, 5000), SL_OK);
    pulses = 0;
    assert_int_equal(sl_fleet_poll(self->fleet, 1000), SL_OK);
    assert_in_range(pulses, 40, 110);
    uint64_t before = sl_heap_count();
    for (int i = 0; i < 1000; i++) (void)view(self, i % WORLD_N);
    assert_true(sl_heap_count() == before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_slot_has_nothing_to_tell, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flying_slot_tells_who_and_how, setup, teardown),
        cmocka_unit_test_setup_teardown(a_successor_counts_and_an_absence_too, setup, teardown),
        cmocka_unit_test_setup_teardown(an_agents_own_words_are_told_if_they_can_be_printed, setup, teardown),
        cmocka_unit_test_setup_teardown(the_pulse_goes_on_and_takes_no_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
