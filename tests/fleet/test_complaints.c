/* test_complaints.c - whatever the fleet drops or refuses is counted, and told in one line that says who said
 * it and what is wrong with it, however often it comes. */
#include "common/log.h"
#include "fleet/complaints.h"
#include "support/capture.h"
#include "support/links.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fleet/stranger.h"

enum { TIMES = 50 };

static int setup(void **state) {
    hall *self = sl_alloc(sizeof *self);
    open_hall(self, &ideal);
    *state = self;
    return 0;
}

static int teardown(void **state) {
    close_hall(*state);
    return 0;
}

static void say_bytes(stranger *self, const void *bytes, size_t n_bytes, int n_frames) {
    sl_frame frames[2] = {{bytes, n_bytes}, {bytes, n_bytes}};
    assert_int_equal(sl_transport_send(self->transport, NULL, n_frames, frames), SL_OK);
}

/* the message without its last cut bytes, TIMES times; what the fleet logs about it */
static const char *hear_complaints(hall *self, stranger *s, const sl_fleet_message *message, size_t cut,
                                   int n_frames) {
    static char text[8192];
    const void *bytes;
    size_t n_bytes;
    sl_capture_begin();
    for (int i = 0; i < TIMES; i++) {
        sl_fleet_encode(s->codec, message, &bytes, &n_bytes);
        say_bytes(s, bytes, n_bytes - cut, n_frames);
        assert_int_equal(sl_fleet_poll(self->fleet, 5), SL_OK);
    }
    (void)sl_capture_end(text, sizeof text);
    return text;
}

static void expect_one_line(const char *text, const char *who, const char *what) {
    const char *newline = strchr(text, '\n');
    if (!newline || newline[1] != 0 || !strstr(text, who) || !strstr(text, what))
        fail_msg("not one line of %s with '%s': '%s'", who, what, text);
}

static void ignore_wait(void *context, const char *slots) {
    (void)context;
    (void)slots;
}

/* the stranger takes slot 0; a HEARTBEAT of the agent that it is now */
static sl_fleet_message become_member(hall *self, stranger *s) {
    sl_fleet_message hello = stranger_hello(5), answer = {.kind = SL_FLEET_REJECT};
    stranger_say(s, &hello);
    assert_int_equal(sl_fleet_poll(self->fleet, 20), SL_OK);
    while (answer.kind != SL_FLEET_WELCOME) {
        assert_int_equal(sl_transport_receive(s->transport, 0, &s->received), SL_OK);
        const sl_frame *frame = &s->received.frames[0];
        assert_int_equal(sl_fleet_decode(s->codec, frame->bytes, frame->n_bytes, &answer), SL_OK);
    }
    assert_int_equal(answer.slot, 0);
    sl_fleet_message said = {.kind = SL_FLEET_HEARTBEAT, .run_id = 5, .session = answer.session, .slot = answer.slot};
    stranger_say(s, &said);
    assert_int_equal(sl_fleet_poll(self->fleet, 20), SL_OK);
    return said;
}

static void tick(hall *self, bool episode_start) {
    float obs[WORLD_N * TOY_O] = {0};
    int32_t actions[WORLD_N];
    assert_int_equal(world_tick(self->fleet, obs, NULL, episode_start, actions, NULL), SL_OK);
}

static void what_is_dropped_is_told_once(void **state) {
    hall *self = *state;
    self->def.resend_ms = 100000, self->def.heartbeat_ms = 50000, self->def.deadline_ms = 20;
    make_fleet(self);
    sl_log_init("test", SL_LOG_INFO, false);
    const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
    stranger s;
    stranger_open(&s);
    sl_fleet_message hello = stranger_hello(5), bad = hello;
    // run_id alone; a hash that is none; two frames; what an agent does not say
    static const uint8_t bare[] = {'S', 'L', 'F', 'T', SL_PROTOCOL_MAJOR, 0, SL_FLEET_HELLO, 0, 9, 1, 1, 1, 1,
                                   1,   1,   1,   1};
    char text[2048];
    sl_capture_begin();
    for (int i = 0; i < TIMES; i++) say_bytes(&s, bare, sizeof bare, 1);
    assert_int_equal(sl_fleet_poll(self->fleet, 20), SL_OK);
    (void)sl_capture_end(text, sizeof text);
    expect_one_line(text, "a peer without a slot", "HELLO: missing or bad field 'build'");
    memset(bad.model_sha256, 'B', 64);
    expect_one_line(hear_complaints(self, &s, &bad, 0, 1), "a peer without a slot", "bad field 'model_sha256'");
    expect_one_line(hear_complaints(self, &s, &hello, 0, 2), "a peer without a slot", "more than one frame");
    bad = (sl_fleet_message){.kind = SL_FLEET_RESET, .run_id = 5, .session = 6};
    expect_one_line(hear_complaints(self, &s, &bad, 0, 1), "a peer without a slot", "only a coordinator");
    assert_true(stats->malformed == 4 * TIMES && sl_fleet_count_dropped(stats) == 4 * TIMES);
    bad = hello;
    bad.hidden = 17;
    expect_one_line(hear_complaints(self, &s, &bad, 0, 1), "a peer without a slot",
                    "(shape): no slot is for hidden 17,");
    bad.slot = 1;
    expect_one_line(hear_complaints(self, &s, &bad, 0, 1), "a peer without a slot",
                    "slot 1 flies a student of 16 units, this agent is built for 17");
    bad.slot = 9;
    expect_one_line(hear_complaints(self, &s, &bad, 0, 1), "a peer without a slot", "there is no slot 9, only 0 to ");
    assert_true(stats->rejected == 3 * TIMES);

    // a member's
    sl_fleet_message said = become_member(self, &s);
    tick(self, true);
    said.kind = SL_FLEET_ACTION, said.tick = 0, said.sequence = 1;
    // residence_ns is the last field: a tag of two bytes, and 0
    expect_one_line(hear_complaints(self, &s, &said, 3, 1), "the agent of slot 0",
                    "ACTION: missing or bad field 'residence_ns'");
    said.action = TOY_A;
    expect_one_line(hear_complaints(self, &s, &said, 0, 1), "the agent of slot 0", "that its slot does not have");
    said.action = 0, said.tick = 1;
    expect_one_line(hear_complaints(self, &s, &said, 0, 1), "the agent of slot 0", "whose tick is not");
    said.kind = SL_FLEET_MODEL_REQUEST;
    expect_one_line(hear_complaints(self, &s, &said, 0, 1), "the agent of slot 0", "a MODEL_REQUEST");
    assert_true(stats->malformed == 5 * TIMES && stats->unusable == 3 * TIMES);
    // a new flight tells anew
    assert_string_equal(hear_complaints(self, &s, &said, 0, 1), "");
    sl_fleet_watch(self->fleet, NULL, NULL);
    assert_string_equal(hear_complaints(self, &s, &said, 0, 1), "");
    sl_fleet_watch(self->fleet, ignore_wait, NULL);
    expect_one_line(hear_complaints(self, &s, &said, 0, 1), "the agent of slot 0", "a MODEL_REQUEST");
    stranger_close(&s);
}

/* an ACTION that belongs to no observation, and what belongs to nobody: it would hold a flight up without a word */
static void what_answers_nothing_is_told_once(void **state) {
    hall *self = *state;
    self->def.resend_ms = 100000, self->def.heartbeat_ms = 50000, self->def.deadline_ms = 20;
    make_fleet(self);
    sl_log_init("test", SL_LOG_INFO, false);
    const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
    stranger s;
    stranger_open(&s);
    sl_fleet_message said = become_member(self, &s), other = said;
    sl_fleet_watch(self->fleet, ignore_wait, NULL);
    tick(self, true);
    said.kind = SL_FLEET_ACTION, said.tick = 0, said.sequence = 1;
    stranger_say(&s, &said);
    assert_int_equal(sl_fleet_poll(self->fleet, 20), SL_OK);
    tick(self, false);
    // the answer of the step before comes late: that is nobody's fault
    assert_string_equal(hear_complaints(self, &s, &said, 0, 1), "");
    assert_true(stats->stale == TIMES && sl_fleet_count_dropped(stats) == 0);
    said.tick = 1;
    expect_one_line(hear_complaints(self, &s, &said, 0, 1), "the agent of slot 0", "an ACTION whose sequence is not");
    said.sequence = 3;
    expect_one_line(hear_complaints(self, &s, &said, 0, 1), "the agent of slot 0", "an ACTION for an observation");
    assert_true(stats->unusable == 2 * TIMES);
    said.sequence = 2, said.session ^= 2;
    expect_one_line(hear_complaints(self, &s, &said, 0, 1), "the agent of slot 0", "an ACTION of another session");
    said.session ^= 2, said.run_id = 6;
    expect_one_line(hear_complaints(self, &s, &said, 0, 1), "the agent of slot 0", "an ACTION whose run id does not");
    other.slot = 99;
    expect_one_line(hear_complaints(self, &s, &other, 0, 1), "the agent of slot 0", "a HEARTBEAT for a slot that");
    other.slot = 0, other.kind = SL_FLEET_GOODBYE, other.run_id = 6;
    expect_one_line(hear_complaints(self, &s, &other, 0, 1), "the agent of slot 0", "a GOODBYE whose run id");
    assert_true(stats->unaddressed == 4 * TIMES && sl_fleet_count_dropped(stats) == 6 * TIMES);
    assert_int_equal(stats->answered, 0);
    // who has left may still have said something
    other.run_id = 5;
    stranger_say(&s, &other);
    assert_int_equal(sl_fleet_poll(self->fleet, 20), SL_OK);
    other.kind = SL_FLEET_HEARTBEAT;
    assert_null(strstr(hear_complaints(self, &s, &other, 0, 1), "dropped"));
    assert_true(sl_fleet_count_dropped(stats) == 6 * TIMES);
    stranger_close(&s);
}

/* each under a new name, as one stranger that connects anew again and again does */
static void strangers_do_not_use_up_what_is_told_of_members(void **state) {
    hall *self = *state;
    self->def.heartbeat_ms = 50000;
    make_fleet(self);
    sl_log_init("test", SL_LOG_INFO, false);
    stranger s;
    stranger_open(&s);
    sl_fleet_message said = become_member(self, &s), bad = stranger_hello(7);
    bad.hidden = 17;
    char text[16384];
    sl_capture_begin();
    for (int i = 0; i < SL_COMPLAINTS + 1; i++) {
        stranger one;
        stranger_open(&one);
        stranger_say(&one, &bad);
        assert_int_equal(sl_fleet_poll(self->fleet, 5), SL_OK);
        stranger_close(&one);
    }
    (void)sl_capture_end(text, sizeof text);
    assert_non_null(strstr(text, "counted only"));
    said.kind = SL_FLEET_MODEL_REQUEST;
    expect_one_line(hear_complaints(self, &s, &said, 0, 1), "the agent of slot 0", "a MODEL_REQUEST");
    stranger_close(&s);
}

/* a coordinator that says nothing an agent can take: the agent's log is where its user looks */
static void what_an_agent_drops_is_told_by_it(void **state) {
    hall *self = *state;
    sl_transport *server = NULL;
    sl_link_def def = sl_link_fleet_def(NULL);
    assert_int_equal(serve_on("sim://fleet", def, &server), SL_OK);
    sl_log_init("test", SL_LOG_INFO, false);
    const agent *one = add_agent(self, agent_def(0));
    sl_message hello;
    assert_int_equal(sl_transport_receive(server, 1000, &hello), SL_OK);
    sl_peer peer = hello.peer;
    static const sl_frame junk[] = {{"SLFT\1\0\5\0", 8}, {"x", 1}};
    char text[4096];
    sl_capture_begin();
    for (int i = 0; i < TIMES; i++) {
        assert_int_equal(sl_transport_send(server, &peer, 1 + i % 2, junk), SL_OK);
        // its HELLO may come again meanwhile
        sl_status status = sl_transport_receive(server, 5, &hello);
        assert_true(status == SL_OK || status == SL_TIMEOUT);
    }
    (void)sl_capture_end(text, sizeof text);
    assert_int_equal(sl_session_get_stats(one->session).ignored, TIMES);
    assert_non_null(strstr(text, "coordinator said was dropped, 1 so far: fleet message OBSERVATION: missing"));
    assert_non_null(strstr(text, "coordinator said was dropped, 2 so far: a message of more than one frame"));
    assert_null(strstr(text, ", 3 so far"));
    sl_transport_close(&server);
}

static void who_comes_under_ever_new_names_fills_no_log(void **state) {
    (void)state;
    sl_complaints complaints = {0};
    int n_told = 0;
    char text[4096];
    sl_capture_begin();
    for (int i = 0; i < 10000; i++) {
        sl_peer peer = {.len = 2, .bytes = {(uint8_t)(i / 2), (uint8_t)(i / 512)}};
        n_told += sl_complaint_is_new(&complaints, &peer, i % 2 ? "one" : "another");
        assert_false(sl_complaint_is_new(&complaints, &peer, i % 2 ? "one" : "another"));
    }
    (void)sl_capture_end(text, sizeof text);
    assert_int_equal(n_told, SL_COMPLAINTS);
    expect_one_line(text, "complaint", "counted only");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* The next WELCOME that the stranger got. */
static sl_fleet_message take_welcome(stranger *s) {
    sl_fleet_message answer = {.kind = SL_FLEET_REJECT};
    while (answer.kind != SL_FLEET_WELCOME) {
        assert_int_equal(sl_transport_receive(s->transport, 0, &s->received), SL_OK);
        const sl_frame *frame = &s->received.frames[0];
        assert_int_equal(sl_fleet_decode(s->codec, frame->bytes, frame->n_bytes, &answer), SL_OK);
    }
    return answer;
}

/* An agent that cannot fly what it was given says so, and comes again under another run id as long as it is started
 * again: one line for each reason, and no slot is taken. */
static void why_an_agent_leaves_is_told_once(void **state) {
    hall *self = *state;
    stranger s;
    char text[8192];
    make_fleet(self);
    stranger_open(&s);
    sl_capture_begin();
    for (int i = 0; i < TIMES; i++) {
        sl_fleet_message hello = stranger_hello(10 + (uint64_t)i);
        stranger_say(&s, &hello);
        assert_int_equal(sl_fleet_poll(self->fleet, 20), SL_OK);
        sl_fleet_message welcome = take_welcome(&s);
        sl_fleet_message said = {.kind = SL_FLEET_GOODBYE, .run_id = hello.run_id, .session = welcome.session};
        (void)snprintf(said.text, sizeof said.text, i % 2 ? "it is not signed" : "it is older");
        stranger_say(&s, &said);
        assert_int_equal(sl_fleet_poll(self->fleet, 20), SL_OK);
    }
    (void)sl_capture_end(text, sizeof text);
    assert_int_equal(sl_fleet_slot(self->fleet, 0), SL_SLOT_FREE);
    const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
    assert_true(stats->declined == TIMES && stats->joined == 0 && stats->lost == 0);
    const char *first = strchr(text, '\n');
    assert_non_null(first);
    expect_one_line(first + 1, " warn  ", "slot 0 lost its agent: it is not signed");
    *strchr(text, '\n') = '\0';
    assert_non_null(strstr(text, "slot 0 lost its agent: it is older"));
    stranger_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(why_an_agent_leaves_is_told_once),  TEST(what_is_dropped_is_told_once),
        TEST(what_answers_nothing_is_told_once), TEST(strangers_do_not_use_up_what_is_told_of_members),
        TEST(what_an_agent_drops_is_told_by_it), TEST(who_comes_under_ever_new_names_fills_no_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
