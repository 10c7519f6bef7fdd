/* learn_client.c - one outstanding request, one coordinator. Whatever arrives that is not asked for is answered
 * (HELLO) or dropped (stale answers, damaged bytes). While nobody waits for the answer it lies in the inbox, with the
 * HELLOs of a coordinator that has nothing to do any more. */
#include "net/learn_client.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "common/log.h"
#include "common/run_id.h"

#include <stdio.h>
#include <string.h>

enum { POLL_MS = 200, MAX_DRAINED = 1000, MAX_LOSSES = 30 };
static const int64_t second = 1000000000, sign_of_life = 2 * second, succession = 10 * second, away = second;

struct sl_learn_client {
    sl_learn_client_def def;
    sl_transport *transport;
    sl_learn_codec *codec;
    uint64_t run_id, next_id;
    uint64_t peer_run; /* 0 = no coordinator yet */
    uint64_t rejected; /* the last one that was rejected: one line each */
    sl_peer peer;
    int64_t heard_ns;          /* when it was heard last, or sent a request */
    uint64_t knocker;          /* another one, which wants its place; 0 = none */
    int64_t knocked_ns;        /* since when */
    uint64_t n_dropped;        /* messages that no coordinator sends */
    int64_t stopped_ns;        /* when *stop was first seen, 0 = not yet */
    int64_t clock_ns, away_ns; /* the last look at the clock; how long nobody looked at it, in all */
    sl_learn_message *request; /* at work; NULL: none */
    sl_learn_message incoming;
};

/* The learn client's time, which stands still while the process does not run: all of a run may be stopped for longer
 * than any silence, and nobody was silent. */
static int64_t time_ns(sl_learn_client *self) {
    int64_t clock_ns = sl_transport_now_ns(self->transport), gap_ns = clock_ns - self->clock_ns;
    if (self->clock_ns != 0 && gap_ns > away) self->away_ns += gap_ns;
    self->clock_ns = clock_ns;
    return clock_ns - self->away_ns;
}

/* What became of the request at work after one incoming message. */
typedef enum outcome { WAITING, HEARD, ANSWERED, REFUSED, REPLACED, LOST } outcome;

sl_learn_client_def sl_learn_client_default_def(sl_link_def link) {
    return (sl_learn_client_def){.link = link, .join_ms = 60000, .silence_ms = 120000, .grace_ms = 3000};
}

sl_status sl_learn_client_open(const sl_learn_client_def *def, sl_learn_client **out) {
    sl_learn_client *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "cannot allocate the learn link");
    self->def = *def;
    // random starts, so that an answer to an earlier learn client is known to be stale
    sl_status status = sl_run_id_draw(&self->run_id);
    if (status == SL_OK) status = sl_run_id_draw(&self->next_id);
    self->next_id = (self->next_id >> 2) | 1;
    if (status == SL_OK) status = sl_learn_codec_create(&self->codec);
    if (status == SL_OK) status = sl_transport_serve(&def->link, &self->transport);
    if (status != SL_OK) {
        sl_learn_client_close(&self);
        return status;
    }
    *out = self;
    return SL_OK;
}

void sl_learn_client_close(sl_learn_client **self_pointer) {
    sl_learn_client *self = *self_pointer;
    if (!self) return;
    if (self->transport) sl_transport_close(&self->transport);
    if (self->codec) sl_learn_codec_destroy(&self->codec);
    sl_free(self);
    *self_pointer = NULL;
}

sl_link_stats sl_learn_client_get_stats(const sl_learn_client *self) {
    return sl_transport_get_stats(self->transport);
}

const char *sl_learn_client_endpoint(const sl_learn_client *self) {
    return sl_transport_endpoint(self->transport);
}

/* Sends; a peer that is gone is not an error here: it, or another, will say HELLO. */
static sl_status send_to(sl_learn_client *self, const sl_peer *peer, const sl_learn_message *message) {
    sl_status status = sl_learn_send(self->codec, self->transport, peer, message);
    return status == SL_FULL || status == SL_NOT_FOUND ? SL_OK : status;
}

static void prepare_answer(const sl_learn_client *self, sl_learn_kind kind, sl_learn_message *answer) {
    *answer = (sl_learn_message){.kind = kind, .run_id = self->run_id};
    (void)snprintf(answer->config_hash, sizeof answer->config_hash, "%s", self->def.config_hash);
}

/* Sends away the coordinator that says HELLO. */
static sl_status reject(sl_learn_client *self, const sl_peer *peer, const char *why) {
    sl_learn_message answer;
    prepare_answer(self, SL_LEARN_REJECT, &answer);
    (void)snprintf(answer.text, sizeof answer.text, "%s", why);
    if (self->incoming.run_id != self->rejected) SL_WARN("a coordinator was rejected: %s", why);
    self->rejected = self->incoming.run_id;
    return send_to(self, peer, &answer);
}

typedef enum place { FREE, UNKNOWN, TAKEN } place;

/* Whether the one that says HELLO may take the served one's place. It is a successor when the served one's connection
 * is gone (WELCOME twice does no harm), or when it was silent for long while it should work; it is a second one when
 * the served one was heard after the other had begun to knock. Until that is known the HELLO is not answered: it is
 * repeated. */
static place look_at_place(sl_learn_client *self, const sl_peer *peer, bool working) {
    int64_t now = time_ns(self);
    sl_learn_message welcome;
    prepare_answer(self, SL_LEARN_WELCOME, &welcome);
    bool same = peer->len == self->peer.len && memcmp(peer->bytes, self->peer.bytes, peer->len) == 0;
    if (self->peer_run == 0 || same) return FREE;
    if (sl_learn_send(self->codec, self->transport, &self->peer, &welcome) == SL_NOT_FOUND) return FREE;
    if (working && now - self->heard_ns > succession) return FREE;
    if (self->knocker != self->incoming.run_id) {
        self->knocker = self->incoming.run_id;
        self->knocked_ns = now;
    }
    return self->heard_ns > self->knocked_ns + sign_of_life ? TAKEN : UNKNOWN;
}

/* Answers a HELLO; *is_new says that it came from another incarnation than the one served so far. */
static sl_status greet(sl_learn_client *self, const sl_peer *peer, bool working, bool *is_new) {
    const sl_learn_message *hello = &self->incoming;
    *is_new = false;
    if (hello->minor < SL_LEARN_MINOR)
        return reject(self, peer, "this coordinator is of an older version, and makes other batches");
    if (self->def.config_hash[0] && strcmp(self->def.config_hash, hello->config_hash) != 0) {
        char why[128];
        (void)snprintf(why, sizeof why, "this run has another experiment (%.12s, not %.12s)", self->def.config_hash,
                       hello->config_hash);
        return reject(self, peer, why);
    }
    if (hello->run_id != self->peer_run) {
        place found = look_at_place(self, peer, working);
        if (found == TAKEN) return reject(self, peer, "another coordinator works for this trainer");
        if (found == UNKNOWN) return SL_OK;
        *is_new = true;
    }
    self->peer_run = hello->run_id;
    self->peer = *peer;
    self->knocker = 0;
    self->heard_ns = time_ns(self);
    sl_learn_message answer;
    prepare_answer(self, SL_LEARN_WELCOME, &answer);
    return send_to(self, peer, &answer);
}

/* Whether who said it may still connect: its connection stands though its key was revoked. A coordinator at work is
 * then silent, and its HELLO is refused. */
static bool is_allowed(sl_learn_client *self) {
    const sl_allowed *who = sl_transport_sender_key(self->transport);
    return !who || who->name[0];
}

static const char *sender_of(const sl_learn_client *self) {
    const char *at = sl_transport_sender(self->transport);
    return at[0] ? at : "somebody";
}

/* Takes one message, or none within timeout_ms. *hellos counts HELLOs of the served coordinator while it should work.
 * SL_TIMEOUT: there was none. */
static sl_status take_one(sl_learn_client *self, int timeout_ms, uint64_t request_id, int *hellos, outcome *out) {
    sl_message frames;
    *out = WAITING;
    if (self->def.alive) self->def.alive(self->def.context, sl_transport_now_ns(self->transport));
    sl_status status = sl_transport_receive(self->transport, timeout_ms, &frames);
    if (status == SL_INTERRUPTED) return SL_OK;
    if (status != SL_OK) return status;
    sl_learn_message *message = &self->incoming;
    if (sl_learn_decode(self->codec, &frames, message) != SL_OK) {
        // the first, second, fourth, ...: one who sends nonsense without end shall not fill the log too
        self->n_dropped++;
        if ((self->n_dropped & (self->n_dropped - 1)) == 0)
            SL_WARN("a message from %s was dropped, %llu so far: %s; here connect coordinators, not agents",
                    sender_of(self), (unsigned long long)self->n_dropped, sl_error_what());
        return SL_OK;
    }
    if (!is_allowed(self))
        return message->kind == SL_LEARN_HELLO ? reject(self, &frames.peer, "its key is not allowed any more")
                                               : SL_OK;
    if (message->kind == SL_LEARN_HELLO) {
        bool is_new = false;
        uint64_t before = self->peer_run;
        SL_TRY(greet(self, &frames.peer, request_id != 0, &is_new));
        // an idle coordinator answered already, and the answer was lost; or, as one HELLO may have crossed our
        // request, a second one means that the request did not arrive: either way it is asked again
        if (is_new)
            *out = before != 0 ? REPLACED : HEARD;
        else if (message->run_id == self->peer_run && request_id != 0)
            *out = message->request_id == request_id || ++*hellos >= 2 ? LOST : WAITING;
        return SL_OK;
    }
    if (message->run_id != self->peer_run) return SL_OK;
    self->heard_ns = time_ns(self);
    if (message->request_id != request_id || request_id == 0) return SL_OK;
    *out = HEARD;
    if (message->kind == SL_LEARN_PROGRESS && self->def.progress) self->def.progress(self->def.context, message);
    if (message->kind == SL_LEARN_BATCH || message->kind == SL_LEARN_DONE) *out = ANSWERED;
    if (message->kind == SL_LEARN_ERROR) *out = REFUSED;
    return SL_OK;
}

/* The error that an ERROR tells of. A status that is internal to a program means something else here: no message, a
 * stop, a coordinator that was restarted. */
static sl_status refusal(const sl_learn_message *error) {
    bool internal =
        error->code == SL_OK || error->code == SL_INTERRUPTED || error->code == SL_FULL || error->code == SL_TIMEOUT;
    return sl_fail(internal ? SL_NETWORK : error->code, "see the coordinator's log", "the coordinator: %s",
                   error->text);
}

static sl_status check_stop(sl_learn_client *self, int grace_ms) {
    if (!self->def.stop || !*self->def.stop) return SL_OK;
    if (self->stopped_ns == 0) self->stopped_ns = time_ns(self);
    if (time_ns(self) - self->stopped_ns < (int64_t)grace_ms * 1000000) return SL_OK;
    return sl_fail(SL_INTERRUPTED, NULL, "interrupted");
}

sl_status sl_learn_client_wait(sl_learn_client *self) {
    int64_t start = time_ns(self);
    int hellos = 0;
    outcome what;
    while (self->peer_run == 0) {
        SL_TRY(check_stop(self, 0));
        sl_status status = take_one(self, POLL_MS, 0, &hellos, &what);
        if (status != SL_OK && status != SL_TIMEOUT) return status;
        if (self->def.join_ms >= 0 && time_ns(self) - start > (int64_t)self->def.join_ms * 1000000)
            return sl_fail(SL_NETWORK, "start starling-coordinator with --connect and this endpoint",
                           "no coordinator has connected to %s in %d s", sl_learn_client_endpoint(self),
                           self->def.join_ms / 1000);
    }
    return SL_OK;
}

sl_status sl_learn_client_begin(sl_learn_client *self, sl_learn_message *request) {
    SL_TRY(sl_learn_client_wait(self));
    request->run_id = self->run_id;
    request->request_id = self->next_id++;
    (void)snprintf(request->config_hash, sizeof request->config_hash, "%s", self->def.config_hash);
    SL_TRY(send_to(self, &self->peer, request));
    self->heard_ns = time_ns(self);
    self->request = request;
    return SL_OK;
}

static sl_status check_silence(sl_learn_client *self) {
    bool is_patient = self->def.silence_ms == SL_WAIT_FOREVER;
    if (is_patient || time_ns(self) - self->heard_ns <= (int64_t)self->def.silence_ms * 1000000) return SL_OK;
    return sl_fail(SL_NETWORK, "is the coordinator still running?", "the coordinator has said nothing for %d s",
                   self->def.silence_ms / 1000);
}

/* Sends the request once more: to a new coordinator as a new one, the same one must recognise it. */
static sl_status ask_again(sl_learn_client *self, outcome why, int *losses) {
    if (why == LOST && ++*losses > MAX_LOSSES)
        return sl_fail(SL_NETWORK, "see the coordinator's log; does it drop the request?",
                       "the coordinator was asked %d times, and no answer has arrived", *losses);
    if (why == REPLACED) {
        self->request->request_id = self->next_id++;
        *losses = 0;
    }
    return send_to(self, &self->peer, self->request);
}

/* Reads what had come in before anybody waited: the answer, or HELLOs of a time before the request, which tell of no
 * loss. *out: what became of the request. What is left after MAX_DRAINED is dropped as stale by the wait. */
static sl_status drain(sl_learn_client *self, bool resend, outcome *out) {
    outcome what = WAITING;
    for (int i = 0; i < MAX_DRAINED; i++) {
        int hellos = 0;
        sl_status status = take_one(self, 0, self->request->request_id, &hellos, &what);
        if (status == SL_TIMEOUT) return SL_OK;
        SL_TRY(status);
        // a loss is told of once a second, and asked for once
        if (what == LOST || what == REPLACED) *out = what;
        if (what == REPLACED && !resend) return SL_OK;
        if (what != ANSWERED && what != REFUSED) continue;
        *out = what;
        return SL_OK;
    }
    return SL_OK;
}

static sl_status finish(sl_learn_client *self, bool resend) {
    int hellos = 0, losses = 0;
    outcome what = WAITING;
    SL_TRY(drain(self, resend, &what));
    for (;;) {
        if (what == ANSWERED) return SL_OK;
        if (what == REFUSED) return refusal(&self->incoming);
        if (what == WAITING) SL_TRY(check_silence(self));
        if (what == REPLACED && !resend) return sl_fail(SL_TIMEOUT, NULL, "the coordinator was restarted");
        if (what == LOST || what == REPLACED) {
            hellos = 0;
            SL_TRY(ask_again(self, what, &losses));
        }
        SL_TRY(check_stop(self, self->def.grace_ms));
        sl_status status = take_one(self, POLL_MS, self->request->request_id, &hellos, &what);
        if (status != SL_OK && status != SL_TIMEOUT) return status;
    }
}

sl_status sl_learn_client_finish(sl_learn_client *self, bool resend, const sl_learn_message **answer) {
    SL_ASSERT(self->request);
    sl_status status = finish(self, resend);
    self->request = NULL;
    if (status == SL_OK) *answer = &self->incoming;
    return status;
}

sl_status sl_learn_client_ask(sl_learn_client *self, sl_learn_message *request, bool resend,
                              const sl_learn_message **answer) {
    SL_TRY(sl_learn_client_begin(self, request));
    return sl_learn_client_finish(self, resend, answer);
}
