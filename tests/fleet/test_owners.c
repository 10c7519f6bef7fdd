/* test_owners.c - a slot belongs to the key of the agent that joined: what other keys, and keys that were revoked,
 * say about it has no effect and is told. Over the simulated network, whose clients prove the key of their link. */
#include "net/keyring.h"
#include "support/capture.h"
#include "support/links.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fleet/stranger.h"
#include "support/key_folder.h"

/* A fleet whose links have keys, and three of them: agent-0 and agent-1 each for its slot, spare for all. */
typedef struct ward {
    hall *hall;
    key_folder keys;
    sl_keyring rings[WORLD_N];
    stranger first, second;
} ward;

static char said[8192];

static int setup(void **state) {
    ward *self = sl_alloc(sizeof *self);
    self->hall = sl_alloc(sizeof *self->hall);
    open_hall(self->hall, &ideal);
    key_folder_open(&self->keys);
    self->rings[0] = key_member(&self->keys, "agent-0", SL_ROLE_AGENT, "0");
    self->rings[1] = key_member(&self->keys, "agent-1", SL_ROLE_AGENT, "1");
    self->rings[2] = key_member(&self->keys, "spare", SL_ROLE_AGENT, "any");
    self->hall->def.link.keys = &self->keys.server;
    make_fleet(self->hall);
    *state = self;
    return 0;
}

static int teardown(void **state) {
    ward *self = *state;
    if (self->first.transport) stranger_close(&self->first);
    if (self->second.transport) stranger_close(&self->second);
    close_hall(self->hall);
    key_folder_close(&self->keys);
    sl_free(self);
    return 0;
}

static const sl_fleet_stats *stats_of(const ward *self) {
    return sl_fleet_get_stats(self->hall->fleet);
}

static sl_fleet_message ask(ward *self, stranger *who, const sl_fleet_message *message) {
    stranger_say(who, message);
    return stranger_hear(who, self->hall->fleet, SL_OK);
}

static sl_fleet_message ask_for(ward *self, stranger *who, uint64_t run_id, int slot) {
    sl_fleet_message hello = stranger_hello(run_id);
    hello.slot = slot;
    return ask(self, who, &hello);
}

/* a message of kind about the slot that welcome gave */
static sl_fleet_message about(const sl_fleet_message *welcome, sl_fleet_kind kind) {
    return (sl_fleet_message){
        .kind = kind, .run_id = welcome->run_id, .session = welcome->session, .slot = welcome->slot};
}

static void expect_said(const char *text) {
    if (!strstr(said, text)) fail_msg("'%s' is not in: %s", text, said);
}

static void expect_state(const ward *self, int slot, sl_slot_state state) {
    assert_int_equal(sl_fleet_slot(self->hall->fleet, slot), state);
}

/* the first stranger holds slot 0, and is LIVE */
static sl_fleet_message settle_in(ward *self) {
    stranger_open_with(&self->first, &self->rings[0]);
    sl_fleet_message welcome = ask_for(self, &self->first, 11, 0);
    assert_int_equal(welcome.kind, SL_FLEET_WELCOME);
    sl_fleet_message beat = about(&welcome, SL_FLEET_HEARTBEAT);
    stranger_say(&self->first, &beat);
    assert_int_equal(sl_fleet_poll(self->hall->fleet, 20), SL_OK);
    expect_state(self, 0, SL_SLOT_LIVE);
    return welcome;
}

static void a_key_holds_its_own_slot_only(void **state) {
    ward *self = *state;
    sl_capture_begin();
    stranger_open_with(&self->first, &self->rings[1]);
    sl_fleet_message answer = ask_for(self, &self->first, 11, 0);
    (void)sl_capture_end(said, sizeof said);
    assert_int_equal(answer.kind, SL_FLEET_REJECT);
    assert_int_equal(answer.reject, SL_REJECT_UNAUTHORISED);
    assert_string_equal(answer.text, "the key 'agent-1' may not hold slot 0; its file allows slots: 1");
    expect_said("the key 'agent-1' may not hold slot 0");
    expect_state(self, 0, SL_SLOT_FREE);
    assert_int_equal(stats_of(self)->unauthorised, 1);
    // without a wish it gets the one that it may hold
    answer = ask_for(self, &self->first, 12, -1);
    assert_int_equal(answer.kind, SL_FLEET_WELCOME);
    assert_int_equal(answer.slot, 1);
    // and no other when that is taken
    stranger_open_with(&self->second, &self->rings[1]);
    answer = ask_for(self, &self->second, 13, -1);
    assert_int_equal(answer.reject, SL_REJECT_FULL);
}

static void a_key_for_none_of_the_slots_is_refused(void **state) {
    ward *self = *state;
    static sl_keyring other;
    other = key_member(&self->keys, "agent-9", SL_ROLE_AGENT, "9");
    // the list is read anew meanwhile
    assert_int_equal(sl_fleet_poll(self->hall->fleet, 600), SL_OK);
    stranger_open_with(&self->first, &other);
    sl_fleet_message answer = ask_for(self, &self->first, 11, -1);
    assert_int_equal(answer.reject, SL_REJECT_UNAUTHORISED);
    assert_string_equal(answer.text,
                        "the key 'agent-9' may not hold any slot of this fleet; its file allows slots: 9");
    for (int i = 0; i < WORLD_N; i++) expect_state(self, i, SL_SLOT_FREE);
}

static void what_another_key_says_of_a_slot_is_dropped(void **state) {
    ward *self = *state;
    static const sl_fleet_kind kinds[] = {SL_FLEET_HEARTBEAT, SL_FLEET_ACTION, SL_FLEET_MODEL_REQUEST,
                                          SL_FLEET_GOODBYE};
    sl_fleet_message welcome = settle_in(self);
    stranger_open_with(&self->second, &self->rings[2]);
    sl_capture_begin();
    for (int i = 0; i < 4; i++) {
        sl_fleet_message message = about(&welcome, kinds[i]);
        message.sequence = 1;
        stranger_say(&self->second, &message);
        // no answer, not even RESET
        (void)stranger_hear(&self->second, self->hall->fleet, SL_TIMEOUT);
    }
    (void)sl_capture_end(said, sizeof said);
    expect_said("for slot 0, with the key 'spare', which is not its agent's");
    assert_int_equal(stats_of(self)->unauthorised, 4);
    expect_state(self, 0, SL_SLOT_LIVE);
    // its HELLO neither, though it names the run that holds the slot
    sl_fleet_message answer = ask_for(self, &self->second, 11, 0);
    assert_int_equal(answer.kind, SL_FLEET_REJECT);
    assert_int_equal(answer.reject, SL_REJECT_UNAUTHORISED);
    sl_fleet_message beat = about(&welcome, SL_FLEET_GOODBYE);
    stranger_say(&self->first, &beat);
    assert_int_equal(sl_fleet_poll(self->hall->fleet, 20), SL_OK);
    expect_state(self, 0, SL_SLOT_FREE);
}

static void a_revoked_key_loses_its_slot(void **state) {
    ward *self = *state;
    sl_fleet_message welcome = settle_in(self), message;
    uint64_t lost = stats_of(self)->lost;
    sl_capture_begin();
    key_revoke(&self->keys, "agent-0");
    sl_status status = sl_fleet_poll(self->hall->fleet, 600);
    (void)sl_capture_end(said, sizeof said);
    assert_int_equal(status, SL_OK);
    expect_said("slot 0 lost its agent: its key 'agent-0' was revoked");
    expect_state(self, 0, SL_SLOT_FREE);
    assert_int_equal(stats_of(self)->lost, lost + 1);
    // it is told, and whatever it says later is answered so
    bool told = false;
    while (sl_transport_receive(self->first.transport, 0, &self->first.received) == SL_OK) {
        const sl_frame *frame = &self->first.received.frames[0];
        assert_int_equal(sl_fleet_decode(self->first.codec, frame->bytes, frame->n_bytes, &message), SL_OK);
        told |= message.kind == SL_FLEET_REJECT && message.reject == SL_REJECT_UNAUTHORISED;
    }
    assert_true(told);
    static const sl_fleet_kind kinds[] = {SL_FLEET_ACTION, SL_FLEET_HEARTBEAT};
    for (int i = 0; i < 2; i++) {
        message = about(&welcome, kinds[i]);
        message.sequence = 1;
        sl_fleet_message answer = ask(self, &self->first, &message);
        assert_int_equal(answer.kind, SL_FLEET_REJECT);
        assert_int_equal(answer.reject, SL_REJECT_UNAUTHORISED);
        assert_int_equal(answer.run_id, 11);
    }
    assert_int_equal(ask_for(self, &self->first, 12, -1).reject, SL_REJECT_UNAUTHORISED);
    expect_state(self, 0, SL_SLOT_FREE);
    // the slot is for others
    stranger_open_with(&self->second, &self->rings[2]);
    assert_int_equal(ask_for(self, &self->second, 13, 0).kind, SL_FLEET_WELCOME);
}

static void a_key_whose_slots_change_loses_the_others(void **state) {
    ward *self = *state;
    (void)settle_in(self);
    assert_int_equal(sl_slot_set_parse("2", &self->rings[0].own.slots), SL_OK);
    key_allow(&self->keys, &self->rings[0].own);
    assert_int_equal(sl_fleet_poll(self->hall->fleet, 600), SL_OK);
    expect_state(self, 0, SL_SLOT_FREE);
    assert_int_equal(stranger_hear(&self->first, self->hall->fleet, SL_OK).reject, SL_REJECT_UNAUTHORISED);
    while (sl_transport_receive(self->first.transport, 0, &self->first.received) == SL_OK) continue;
    assert_int_equal(ask_for(self, &self->first, 12, -1).slot, 2);
}

static void a_fleet_with_keys_flies_as_one_without(void **state) {
    ward *self = *state;
    int32_t expected[N_ACTIONS], actions[WORLD_N];
    world_expect(EPISODES, expected);
    for (int i = 0; i < WORLD_N; i++) {
        sl_session_def def = agent_def(i);
        def.link.keys = &self->rings[i];
        (void)add_agent(self->hall, def);
    }
    assert_int_equal(sl_fleet_wait(self->hall->fleet, 10000), SL_OK);
    for (int e = 0, at = 0; e < EPISODES; e++) {
        world w;
        world_reset(&w, (uint64_t)e + 1);
        for (int t = 0; t < WORLD_T; t++, at += WORLD_N) {
            assert_int_equal(world_tick(self->hall->fleet, w.obs[0], w.avail[0], t == 0, actions, NULL), SL_OK);
            assert_memory_equal(actions, expected + at, sizeof actions);
            world_step(&w, actions);
        }
    }
    assert_int_equal(stats_of(self)->unauthorised, 0);
}

static void a_revoked_agent_goes_on_asking(void **state) {
    ward *self = *state;
    sl_session_def def = agent_def(0);
    def.link.keys = &self->rings[0];
    agent *flier = add_agent(self->hall, def);
    assert_int_equal(sl_fleet_poll(self->hall->fleet, 1000), SL_OK);
    expect_state(self, 0, SL_SLOT_LIVE);
    sl_capture_begin();
    key_revoke(&self->keys, "agent-0");
    sl_status status = sl_fleet_poll(self->hall->fleet, 60000);
    (void)sl_capture_end(said, sizeof said);
    assert_int_equal(status, SL_OK);
    expect_said(
        "the coordinator refused this agent's key, asked 1 time: the key 'agent-0' may not hold slot 0 any more");
    expect_state(self, 0, SL_SLOT_FREE);
    assert_int_equal(flier->status, SL_OK);
    assert_int_equal(sl_session_get_state(flier->session), SL_SESSION_HELLO);
    // a line each for the 1st, 2nd, 4th, ... time, on both sides
    int n_lines = 0;
    for (const char *at = said; (at = strchr(at, '\n')) != NULL; at++) n_lines++;
    assert_true(n_lines < 16);
    assert_null(strstr(said, "nobody answers"));
    key_allow(&self->keys, &self->rings[0].own);
    assert_int_equal(sl_fleet_poll(self->hall->fleet, 5000), SL_OK);
    expect_state(self, 0, SL_SLOT_LIVE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_key_holds_its_own_slot_only, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_for_none_of_the_slots_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(what_another_key_says_of_a_slot_is_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(a_revoked_key_loses_its_slot, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_whose_slots_change_loses_the_others, setup, teardown),
        cmocka_unit_test_setup_teardown(a_fleet_with_keys_flies_as_one_without, setup, teardown),
        cmocka_unit_test_setup_teardown(a_revoked_agent_goes_on_asking, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
