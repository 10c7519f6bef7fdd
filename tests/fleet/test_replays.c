/* test_replays.c - what is said before its time, or again long after it, met first by `starling simulate`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fleet/stranger.h"

static const float obs[TOY_O] = {1, 2, 3};

static int setup(void **state) {
    hall *self = sl_alloc(sizeof *self);
    *state = self;
    if (!self) return -1;
    open_hall(self, &ideal);
    self->def.n_slots = 1, self->def.deadline_ms = 100, self->def.patience_ms = 500;
    self->def.heartbeat_ms = 100, self->def.lease_ms = 1000;
    make_fleet(self);
    return 0;
}

static int teardown(void **state) {
    close_hall(*state);
    return 0;
}

static sl_fleet_message join(hall *self, stranger *s) {
    stranger_open(s);
    sl_fleet_message hello = stranger_hello(11), said = {.kind = SL_FLEET_HEARTBEAT, .run_id = 11};
    stranger_say(s, &hello);
    said.session = stranger_hear(s, self->fleet, SL_OK).session;
    stranger_say(s, &said);
    assert_int_equal(sl_fleet_wait(self->fleet, 100), SL_OK);
    return said;
}

static sl_act fly_one(hall *self, int32_t *action) {
    sl_act act = SL_ACT_ANSWERED;
    assert_int_equal(sl_fleet_tick(self->fleet, obs, NULL, NULL, action, &act), SL_OK);
    return act;
}

/* seed 313: one that was given up says what it would answer if it were asked; it is asked for coming back only */
static void an_answer_before_its_observation_is_none(void **state) {
    hall *self = *state;
    stranger s;
    sl_fleet_message said = join(self, &s);
    int32_t action = 0;
    sl_fleet_begin(self->fleet);
    assert_int_equal(fly_one(self, &action), SL_ACT_MISSED);
    assert_int_equal(sl_fleet_poll(self->fleet, 800), SL_OK);
    assert_int_equal(sl_fleet_slot(self->fleet, 0), SL_SLOT_DEAD);
    said.kind = SL_FLEET_ACTION, said.sequence = 2, said.tick = 0, said.action = 3;
    stranger_say(&s, &said);
    assert_int_equal(sl_fleet_poll(self->fleet, 20), SL_OK);
    const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
    assert_int_equal(sl_fleet_slot(self->fleet, 0), SL_SLOT_LIVE);
    assert_true(stats->unusable == 1 && stats->residence.n == 0);
    // now it was asked
    stranger_say(&s, &said);
    assert_int_equal(sl_fleet_poll(self->fleet, 20), SL_OK);
    assert_true(stats->unusable == 1 && stats->residence.n == 1);
    stranger_close(&s);
}

/* seed 5591: a HELLO is said again when its agent's slot was given up, and the agent is still there; it would ignore
 * observations that count from 1 again, for ever */
static void a_hello_that_is_said_again_puts_no_agent_behind(void **state) {
    hall *self = *state;
    stranger s, other;
    sl_fleet_message said = join(self, &s), answer = said, hello = stranger_hello(11);
    int32_t action = 0;
    sl_fleet_begin(self->fleet);
    answer.kind = SL_FLEET_ACTION, answer.tick = 0, answer.sequence = 1, answer.action = 2;
    assert_int_equal(fly_one(self, &action), SL_ACT_MISSED);
    stranger_say(&s, &answer);
    assert_int_equal(sl_fleet_poll(self->fleet, 3000), SL_OK);
    assert_int_equal(sl_fleet_slot(self->fleet, 0), SL_SLOT_FREE);
    stranger_open(&other);
    stranger_say(&other, &hello);
    assert_int_equal(stranger_hear(&other, self->fleet, SL_OK).kind, SL_FLEET_WELCOME);
    while (sl_transport_receive(s.transport, 0, &s.received) == SL_OK) continue;
    stranger_say(&s, &said);
    sl_fleet_message heard = stranger_hear(&s, self->fleet, SL_OK);
    assert_true(heard.kind == SL_FLEET_OBSERVATION && heard.sequence == 2 && heard.episode_start);
    stranger_close(&s);
    stranger_close(&other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_answer_before_its_observation_is_none),
        TEST(a_hello_that_is_said_again_puts_no_agent_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
