/* test_learn_client.c - the asking side of the learn link against a scripted coordinator on the simulated network:
 * meeting, lost requests and answers, a coordinator that is replaced, a second one, stale messages, silence, a stop.
 */
#include "net/learn_client.h"
#include "net/transport_sim.h"
#include "support/links.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <string.h>

#include "support/key_folder.h"

static const int64_t ms = 1000000;

/* What the coordinator does with requests. */
typedef enum script {
    ANSWER,      /* DONE */
    LOSE_FIRST,  /* ignores the first request as if it had not arrived */
    LOSE_ANSWER, /* works, but the first answer does not arrive */
    LOSE_ALL,    /* no request ever arrives */
    BE_REPLACED, /* the first request kills it; another one starts */
    SPEAK_STALE, /* answers of other requests and incarnations first */
    REFUSE,      /* ERROR */
    WORK_FOR_EVER /* PROGRESS without an end */,
    FALL_SILENT,
    HOLD_UP /* everybody is stopped for long, then it answers */
} script;

typedef struct fake {
    sl_transport *transport;
    sl_learn_codec *codec;
    script script;
    uint64_t run_id, answered, seen[8];
    int n_requests, n_welcomes, n_rejects;
    sl_status code;                /* of an ERROR */
    bool working, holds, is_older; /* HELLO as of this minor version */
    int minor;
    const char *hash;
} fake;

// HELLO as it was always written: prefix, run_id (below 128), config_hash
static void say_older_hello(fake *self) {
    uint8_t bytes[76] = {'S',  'L', 'L', 'N', 1, (uint8_t)self->minor, SL_LEARN_HELLO, 0, 0x08, (uint8_t)self->run_id,
                         0x22, 64};
    memcpy(bytes + 12, self->hash, 64);
    assert_int_equal(sl_transport_send(self->transport, NULL, 1, &(sl_frame){bytes, sizeof bytes}), SL_OK);
}

static void say(fake *self, sl_learn_kind kind, uint64_t request_id) {
    if (self->is_older && kind == SL_LEARN_HELLO) {
        say_older_hello(self);
        return;
    }
    sl_learn_message message = {.kind = kind, .run_id = self->run_id, .request_id = request_id, .total = 10};
    if (kind == SL_LEARN_HELLO) (void)snprintf(message.config_hash, sizeof message.config_hash, "%s", self->hash);
    if (kind == SL_LEARN_ERROR) {
        message.code = self->code;
        (void)snprintf(message.text, sizeof message.text, "%s", "no such policy");
    }
    assert_int_equal(sl_learn_send(self->codec, self->transport, NULL, &message), SL_OK);
}

static void on_request(fake *self, uint64_t id) {
    int n = self->n_requests++;
    self->seen[n % 8] = id;
    self->working = true;
    switch (self->script) {
    case LOSE_FIRST:
        if (n == 0) {
            self->working = false;
            return;
        }
        break;
    case LOSE_ALL:
        self->working = false;
        return;
    case LOSE_ANSWER:
        if (n == 0) {
            self->answered = id;
            self->working = false;
            return;
        }
        break;
    case BE_REPLACED:
        if (n == 0) {
            self->run_id += 2;
            self->working = false;
            return;
        }
        break;
    case SPEAK_STALE:
        say(self, SL_LEARN_DONE, id + 1);
        self->run_id += 2;
        say(self, SL_LEARN_DONE, id);
        self->run_id -= 2;
        say(self, SL_LEARN_BATCH, id);
        return;
    case REFUSE:
        say(self, SL_LEARN_ERROR, id);
        return;
    case WORK_FOR_EVER:
    case FALL_SILENT:
    case HOLD_UP:
        return;
    case ANSWER:
        break;
    }
    say(self, SL_LEARN_DONE, id);
    self->answered = id;
    self->working = false;
}

/* Woken twice a virtual second, and by every message. */
static void play(void *context) {
    fake *self = context;
    sl_message frames;
    sl_learn_message message;
    bool heard = false;
    if (self->holds) return;
    while (sl_transport_receive(self->transport, 0, &frames) == SL_OK) {
        heard = true;
        assert_int_equal(sl_learn_decode(self->codec, &frames, &message), SL_OK);
        if (message.kind == SL_LEARN_WELCOME)
            self->n_welcomes++;
        else if (message.kind == SL_LEARN_REJECT)
            self->n_rejects++;
        else
            on_request(self, message.request_id);
    }
    if (heard || self->script == FALL_SILENT) return;
    if (self->script == HOLD_UP && self->working) {
        self->holds = true;
        assert_int_equal(sl_transport_receive(self->transport, 150000, &frames), SL_TIMEOUT);
        self->holds = false;
        self->script = ANSWER;
        return;
    }
    if (self->script == ANSWER && self->working) {
        say(self, SL_LEARN_DONE, self->seen[0]);
        self->working = false;
        return;
    }
    if (!self->working)
        say(self, SL_LEARN_HELLO, self->answered);
    else if (self->script == WORK_FOR_EVER)
        say(self, SL_LEARN_PROGRESS, self->seen[0]);
}

static char hash_text[65];

typedef struct fixture {
    sl_sim *sim;
    sl_learn_client *client;
    fake coordinator;
    volatile sig_atomic_t stop;
    int n_progress, stop_after; /* stop_after: progress messages, 0 = never */
} fixture;

static void count_progress(void *context, const sl_learn_message *message) {
    fixture *f = context;
    assert_int_equal(message->total, 10);
    if (++f->n_progress == f->stop_after) f->stop = 1;
}

static void open_pair_with(fixture *f, script what, const sl_keyring *server, const sl_keyring *client) {
    memset(hash_text, 'a', 64);
    *f = (fixture){.coordinator = {.script = what, .run_id = 11, .hash = hash_text}};
    sl_sim_def sim = SL_SIM_DEF(1, 0.01, 0.01, 0, 0);
    assert_int_equal(sl_sim_create(&sim, &f->sim), SL_OK);
    sl_sim_install(f->sim);
    sl_learn_client_def def = sl_learn_client_default_def(sl_link_learn_def("sim://trainer"));
    def.link.keys = server;
    (void)snprintf(def.config_hash, sizeof def.config_hash, "%s", hash_text);
    def.stop = &f->stop;
    def.progress = count_progress;
    def.context = f;
    assert_int_equal(sl_learn_client_open(&def, &f->client), SL_OK);
    sl_link_def transport = sl_link_learn_def(NULL);
    transport.keys = client;
    assert_int_equal(connect_to("sim://trainer", transport, &f->coordinator.transport), SL_OK);
    assert_int_equal(sl_learn_codec_create(&f->coordinator.codec), SL_OK);
    sl_sim_attach(f->sim, 500 * ms, play, &f->coordinator);
}

static void open_pair(fixture *f, script what) {
    open_pair_with(f, what, NULL, NULL);
}

static void close_pair(fixture *f) {
    sl_learn_client_close(&f->client);
    sl_transport_close(&f->coordinator.transport);
    sl_learn_codec_destroy(&f->coordinator.codec);
    sl_sim_install(NULL);
    sl_sim_destroy(&f->sim);
}

static sl_status ask(fixture *f, bool resend, const sl_learn_message **answer) {
    sl_learn_message request = {.kind = SL_LEARN_STOP};
    return sl_learn_client_ask(f->client, &request, resend, answer);
}

static void a_request_is_answered(void **state) {
    (void)state;
    fixture f;
    const sl_learn_message *answer = NULL;
    open_pair(&f, ANSWER);
    for (int k = 1; k <= 3; k++) {
        assert_int_equal(ask(&f, false, &answer), SL_OK);
        assert_int_equal(answer->kind, SL_LEARN_DONE);
        assert_int_equal(f.coordinator.n_requests, k);
    }
    assert_true(f.coordinator.n_welcomes >= 1);
    close_pair(&f);
}

static void another_experiment_is_rejected(void **state) {
    (void)state;
    fixture f;
    open_pair(&f, ANSWER);
    f.coordinator.hash = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    assert_int_equal(sl_learn_client_wait(f.client), SL_NETWORK);
    assert_true(f.coordinator.n_rejects > 0);
    assert_int_equal(f.coordinator.n_welcomes, 0);
    close_pair(&f);
}

static void what_is_lost_is_asked_again_under_the_same_id(void **state) {
    (void)state;
    for (script what = LOSE_FIRST; what <= LOSE_ANSWER; what++) {
        fixture f;
        const sl_learn_message *answer = NULL;
        open_pair(&f, what);
        assert_int_equal(ask(&f, false, &answer), SL_OK);
        assert_int_equal(f.coordinator.n_requests, 2);
        assert_true(f.coordinator.seen[0] == f.coordinator.seen[1]);
        close_pair(&f);
    }
}

/* Whoever begins and works on something else finds, besides the answer, what an idle coordinator said of itself
 * before the request and after its answer: no loss. */
static void an_answer_waits_until_it_is_wanted(void **state) {
    (void)state;
    fixture f;
    const sl_learn_message *answer = NULL;
    open_pair(&f, ANSWER);
    for (int k = 1; k <= 3; k++) {
        sl_learn_message request = {.kind = SL_LEARN_STOP};
        assert_int_equal(sl_learn_client_begin(f.client, &request), SL_OK);
        // the first answer is still held
        if (k > 1) assert_true(answer->request_id + 1 == request.request_id && answer->kind == SL_LEARN_DONE);
        sl_transport_wait(f.coordinator.transport, sl_sim_now_ns(f.sim) + 40000 * ms);
        assert_int_equal(sl_learn_client_finish(f.client, false, &answer), SL_OK);
        assert_true(answer->request_id == request.request_id);
        assert_int_equal(f.coordinator.n_requests, k);
    }
    close_pair(&f);
}

// 40 s of HELLOs tell of one loss
static void an_answer_that_was_lost_meanwhile_is_asked_for_once(void **state) {
    (void)state;
    for (script what = LOSE_FIRST; what <= LOSE_ANSWER; what++) {
        fixture f;
        const sl_learn_message *answer = NULL;
        open_pair(&f, what);
        sl_learn_message request = {.kind = SL_LEARN_STOP};
        assert_int_equal(sl_learn_client_begin(f.client, &request), SL_OK);
        sl_transport_wait(f.coordinator.transport, sl_sim_now_ns(f.sim) + 40000 * ms);
        assert_int_equal(sl_learn_client_finish(f.client, false, &answer), SL_OK);
        assert_int_equal(f.coordinator.n_requests, 2);
        assert_true(f.coordinator.seen[0] == f.coordinator.seen[1]);
        close_pair(&f);
    }
}

static void a_coordinator_that_was_replaced_meanwhile_is_told_of(void **state) {
    (void)state;
    fixture f;
    const sl_learn_message *answer = NULL;
    open_pair(&f, BE_REPLACED);
    sl_learn_message request = {.kind = SL_LEARN_STOP};
    assert_int_equal(sl_learn_client_begin(f.client, &request), SL_OK);
    sl_transport_wait(f.coordinator.transport, sl_sim_now_ns(f.sim) + 40000 * ms);
    assert_int_equal(sl_learn_client_finish(f.client, false, &answer), SL_TIMEOUT);
    assert_int_equal(ask(&f, false, &answer), SL_OK);
    close_pair(&f);
}

static void what_is_lost_again_and_again_is_given_up(void **state) {
    (void)state;
    fixture f;
    const sl_learn_message *answer = NULL;
    open_pair(&f, LOSE_ALL);
    int64_t start = sl_sim_now_ns(f.sim);
    assert_int_equal(ask(&f, false, &answer), SL_NETWORK);
    assert_string_equal(sl_error_what(), "the coordinator was asked 31 times, and no answer has arrived");
    assert_int_equal(f.coordinator.n_requests, 31);
    assert_true(sl_sim_now_ns(f.sim) - start < 60000 * ms);
    close_pair(&f);
}

/* A coordinator beside the first, with a connection of its own. */
static void open_second(fixture *f, fake *second) {
    *second = (fake){.script = ANSWER, .run_id = 77, .hash = hash_text};
    sl_link_def transport = sl_link_learn_def(NULL);
    assert_int_equal(connect_to("sim://trainer", transport, &second->transport), SL_OK);
    assert_int_equal(sl_learn_codec_create(&second->codec), SL_OK);
    sl_sim_attach(f->sim, 500 * ms, play, second);
}

static void close_second(fake *second) {
    sl_transport_close(&second->transport);
    sl_learn_codec_destroy(&second->codec);
}

static void an_older_coordinator_is_rejected(void **state) {
    (void)state;
    for (int minor = 0; minor < SL_LEARN_MINOR; minor++) {
        fixture f;
        const sl_learn_message *answer = NULL;
        open_pair(&f, ANSWER);
        f.coordinator.is_older = true;
        f.coordinator.minor = minor;
        assert_int_equal(ask(&f, true, &answer), SL_NETWORK);
        assert_true(f.coordinator.n_rejects > 0);
        assert_true(f.coordinator.n_welcomes == 0 && f.coordinator.n_requests == 0);
        close_pair(&f);
    }
}

static void a_second_coordinator_is_rejected(void **state) {
    (void)state;
    fixture f;
    fake second;
    const sl_learn_message *answer = NULL;
    open_pair(&f, ANSWER);
    assert_int_equal(sl_learn_client_wait(f.client), SL_OK);
    open_second(&f, &second);
    // the one that is served stays, and the other is told
    f.coordinator.script = WORK_FOR_EVER;
    f.stop_after = 20;
    assert_int_equal(ask(&f, true, &answer), SL_INTERRUPTED);
    assert_int_equal(second.n_welcomes, 0);
    assert_true(second.n_rejects > 0);
    assert_int_equal(f.coordinator.n_rejects, 0);
    assert_int_equal(f.coordinator.n_requests, 1);
    close_second(&second);
    close_pair(&f);
}

static void a_successor_takes_the_place_of_one_that_is_gone(void **state) {
    (void)state;
    fixture f;
    fake second;
    const sl_learn_message *answer = NULL;
    open_pair(&f, ANSWER);
    assert_int_equal(sl_learn_client_wait(f.client), SL_OK);
    close_second(&f.coordinator);
    open_second(&f, &second);
    int64_t start = sl_sim_now_ns(f.sim);
    assert_int_equal(ask(&f, true, &answer), SL_OK);
    assert_int_equal(second.n_rejects, 0);
    assert_true(sl_sim_now_ns(f.sim) - start < 2000 * ms);
    sl_learn_client_close(&f.client);
    close_second(&second);
    sl_sim_install(NULL);
    sl_sim_destroy(&f.sim);
}

static void a_successor_takes_the_place_of_a_silent_one(void **state) {
    (void)state;
    fixture f;
    fake second;
    const sl_learn_message *answer = NULL;
    open_pair(&f, ANSWER);
    assert_int_equal(sl_learn_client_wait(f.client), SL_OK);
    f.coordinator.script = FALL_SILENT;
    open_second(&f, &second);
    int64_t start = sl_sim_now_ns(f.sim);
    assert_int_equal(ask(&f, true, &answer), SL_OK);
    int64_t took = sl_sim_now_ns(f.sim) - start;
    assert_int_equal(second.n_rejects, 0);
    assert_true(took > 10000 * ms && took < 12000 * ms);
    close_second(&second);
    close_pair(&f);
}

static void a_replaced_coordinator_is_told_of(void **state) {
    (void)state;
    fixture f;
    const sl_learn_message *answer = NULL;
    open_pair(&f, BE_REPLACED);
    assert_int_equal(ask(&f, false, &answer), SL_TIMEOUT);
    assert_null(answer);
    // the caller restores and goes on with the new one
    assert_int_equal(ask(&f, false, &answer), SL_OK);
    close_pair(&f);
    // a request that depends on no state goes to the new one by itself
    answer = NULL;
    open_pair(&f, BE_REPLACED);
    assert_int_equal(ask(&f, true, &answer), SL_OK);
    assert_int_equal(f.coordinator.n_requests, 2);
    assert_true(f.coordinator.seen[0] != f.coordinator.seen[1]);
    close_pair(&f);
}

static void stale_answers_are_dropped(void **state) {
    (void)state;
    fixture f;
    const sl_learn_message *answer = NULL;
    open_pair(&f, SPEAK_STALE);
    assert_int_equal(ask(&f, false, &answer), SL_OK);
    assert_int_equal(answer->kind, SL_LEARN_BATCH);
    close_pair(&f);
}

static void an_error_comes_with_its_code_and_text(void **state) {
    (void)state;
    fixture f;
    const sl_learn_message *answer = NULL;
    for (sl_status code = SL_USAGE; code < SL_STATUS_COUNT; code++) {
        // what is internal to the coordinator is no stop, no timeout and no full queue of ours
        bool internal = code == SL_INTERRUPTED || code == SL_FULL || code == SL_TIMEOUT;
        for (int resend = 0; resend < 2; resend++) {
            open_pair(&f, REFUSE);
            f.coordinator.code = code;
            assert_int_equal(ask(&f, resend, &answer), internal ? SL_NETWORK : code);
            assert_string_equal(sl_error_what(), "the coordinator: no such policy");
            assert_null(answer);
            close_pair(&f);
        }
    }
}

static void silence_ends_and_progress_does_not(void **state) {
    (void)state;
    fixture f;
    const sl_learn_message *answer = NULL;
    open_pair(&f, ANSWER);
    assert_int_equal(sl_learn_client_wait(f.client), SL_OK);
    f.coordinator.script = FALL_SILENT;
    int64_t start = sl_sim_now_ns(f.sim);
    assert_int_equal(ask(&f, false, &answer), SL_NETWORK);
    assert_true(sl_sim_now_ns(f.sim) - start >= 119000 * ms && sl_sim_now_ns(f.sim) - start < 122000 * ms);
    close_pair(&f);
}

static void who_was_stopped_calls_nobody_silent(void **state) {
    (void)state;
    fixture f;
    const sl_learn_message *answer = NULL;
    open_pair(&f, ANSWER);
    assert_int_equal(sl_learn_client_wait(f.client), SL_OK);
    f.coordinator.script = HOLD_UP;
    int64_t start = sl_sim_now_ns(f.sim);
    assert_int_equal(ask(&f, false, &answer), SL_OK);
    assert_int_equal(answer->kind, SL_LEARN_DONE);
    assert_true(sl_sim_now_ns(f.sim) - start > 150000 * ms && f.coordinator.n_requests == 1);
    close_pair(&f);
}

static void a_revoked_coordinator_is_heard_no_more(void **state) {
    (void)state;
    fixture f;
    key_folder keys;
    const sl_learn_message *answer = NULL;
    key_folder_open(&keys);
    sl_keyring coordinator = key_member(&keys, "coordinator", SL_ROLE_COORDINATOR, "");
    open_pair_with(&f, ANSWER, &keys.server, &coordinator);
    assert_int_equal(ask(&f, false, &answer), SL_OK);
    key_revoke(&keys, "coordinator");
    // until the list is looked at again
    sl_message none;
    f.coordinator.holds = true;
    while (sl_transport_receive(f.coordinator.transport, 600, &none) != SL_TIMEOUT) continue;
    f.coordinator.holds = false;
    assert_int_equal(ask(&f, false, &answer), SL_NETWORK);
    assert_true(f.coordinator.n_rejects > 0);
    close_pair(&f);
    key_folder_close(&keys);
}

static void a_stop_waits_for_the_grace_only(void **state) {
    (void)state;
    fixture f;
    const sl_learn_message *answer = NULL;
    open_pair(&f, WORK_FOR_EVER);
    f.stop_after = 600;
    // 600 times half a second are more than the silence that is allowed
    assert_int_equal(ask(&f, false, &answer), SL_INTERRUPTED);
    assert_true(f.n_progress >= 600 && f.n_progress <= 608);
    close_pair(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_answered),
        cmocka_unit_test(another_experiment_is_rejected),
        cmocka_unit_test(what_is_lost_is_asked_again_under_the_same_id),
        cmocka_unit_test(an_answer_waits_until_it_is_wanted),
        cmocka_unit_test(an_answer_that_was_lost_meanwhile_is_asked_for_once),
        cmocka_unit_test(a_coordinator_that_was_replaced_meanwhile_is_told_of),
        cmocka_unit_test(what_is_lost_again_and_again_is_given_up),
        cmocka_unit_test(an_older_coordinator_is_rejected),
        cmocka_unit_test(a_second_coordinator_is_rejected),
        cmocka_unit_test(a_successor_takes_the_place_of_one_that_is_gone),
        cmocka_unit_test(a_successor_takes_the_place_of_a_silent_one),
        cmocka_unit_test(a_replaced_coordinator_is_told_of),
        cmocka_unit_test(stale_answers_are_dropped),
        cmocka_unit_test(an_error_comes_with_its_code_and_text),
        cmocka_unit_test(silence_ends_and_progress_does_not),
        cmocka_unit_test(who_was_stopped_calls_nobody_silent),
        cmocka_unit_test(a_revoked_coordinator_is_heard_no_more),
        cmocka_unit_test(a_stop_waits_for_the_grace_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
