/* seek.c - see seek.h. */
#include "agent/seek.h"

#include "agent/session.h"
#include "common/log.h"
#include "common/run_id.h"
#include "common/vitals.h"
#include "net/fleet_message.h"
#include "net/transport.h"

enum { MS = 1000000, ASK_MS = 250, FULL_MS = 1000, UNSENT_MS = 20, NOBODY_MS = 3000, RECONNECT_MS = 5000 };

typedef struct seeker {
    const sl_link_def *link;
    int slot;
    sl_transport *transport;
    sl_fleet_codec *codec;
    uint64_t run_id;
    int64_t next_ns, heard_ns, told_ns, reconnect_ns; /* told_ns: at which silence the next line is due */
    uint64_t n_full;
    uint64_t n_dropped; /* messages that no coordinator says to who asks */
    bool found;
    int hidden;
} seeker;

static sl_status say(seeker *self, int64_t now_ns) {
    sl_fleet_message ask = {.kind = SL_FLEET_ASK, .run_id = self->run_id, .slot = self->slot};
    sl_frame frame;
    sl_fleet_encode(self->codec, &ask, &frame.bytes, &frame.n_bytes);
    sl_status status = sl_transport_send(self->transport, NULL, 1, &frame);
    bool unsent = status == SL_FULL || status == SL_NOT_FOUND;
    self->next_ns = now_ns + (int64_t)(unsent ? UNSENT_MS : ASK_MS) * MS;
    return unsent ? SL_OK : status;
}

// nobody there is told after 3 s, 12 s, 48 s, ...; a connection that leads nowhere is made anew
static void count_silence(seeker *self, int64_t now_ns) {
    int64_t silence_ns = now_ns - self->heard_ns;
    if (silence_ns >= self->told_ns) {
        SL_WARN("nobody answers at %s; waiting for a coordinator", self->link->endpoint);
        self->told_ns *= 4;
    }
    if (silence_ns < self->reconnect_ns) return;
    self->reconnect_ns += (int64_t)RECONNECT_MS * MS;
    sl_transport_reconnect(self->transport);
}

// the first, second, fourth, ...
static void on_refused(seeker *self, const char *text, int64_t now_ns) {
    self->n_full++;
    if ((self->n_full & (self->n_full - 1)) == 0) SL_WARN("standing by: %s", text);
    self->next_ns = now_ns + (int64_t)FULL_MS * MS;
}

static void on_offer(seeker *self, const sl_fleet_message *offer, int64_t now_ns) {
    self->found = offer->slot >= 0;
    if (self->found)
        self->hidden = offer->hidden;
    else
        on_refused(self, offer->text, now_ns);
}

// somebody is there, and it is no coordinator: the first, second, fourth, ... time
static void drop(seeker *self, const char *why) {
    uint64_t n = ++self->n_dropped;
    if ((n & (n - 1)) == 0)
        SL_WARN("what %s says was dropped, %llu so far: %s; is it a coordinator's port for agents?",
                self->link->endpoint, (unsigned long long)n, why);
}

static sl_status on_message(seeker *self, const sl_message *received, int64_t now_ns) {
    static const char many[] = "a message of more than one frame";
    sl_fleet_message message = {0};
    sl_status status = received->n_frames == 1 ? sl_fleet_decode(self->codec, received->frames[0].bytes,
                                                                 received->frames[0].n_bytes, &message)
                                               : sl_fail(SL_CORRUPT, NULL, many);
    if (status == SL_MISMATCH) return sl_session_refusal(SL_REJECT_VERSION, sl_error_what());
    if (status != SL_OK) {
        drop(self, sl_error_what());
        return SL_OK;
    }
    if (message.run_id != self->run_id) return SL_OK;
    self->heard_ns = now_ns;
    self->told_ns = (int64_t)NOBODY_MS * MS;
    self->reconnect_ns = (int64_t)RECONNECT_MS * MS;
    // an operator may allow its key yet
    if (message.kind == SL_FLEET_REJECT && message.reject == SL_REJECT_UNAUTHORISED) {
        on_refused(self, message.text, now_ns);
        return SL_OK;
    }
    if (message.kind == SL_FLEET_REJECT) return sl_session_refusal(message.reject, message.text);
    if (message.kind == SL_FLEET_OFFER) on_offer(self, &message, now_ns);
    return SL_OK;
}

static sl_status turn(seeker *self, const volatile sig_atomic_t *stop) {
    int64_t now_ns = sl_transport_now_ns(self->transport);
    sl_vitals_beat(now_ns);
    if (stop && *stop) return sl_fail(SL_INTERRUPTED, NULL, "asked to stop");
    count_silence(self, now_ns);
    if (now_ns >= self->next_ns) SL_TRY(say(self, now_ns));
    int64_t wait_ms = (self->next_ns - now_ns + MS - 1) / MS;
    sl_message received;
    sl_status status = sl_transport_receive(self->transport, (int)(wait_ms < ASK_MS ? wait_ms : ASK_MS), &received);
    if (status == SL_TIMEOUT || status == SL_INTERRUPTED) return SL_OK;
    SL_TRY(status);
    return on_message(self, &received, sl_transport_now_ns(self->transport));
}

sl_status sl_seek(const sl_link_def *link, int slot, const volatile sig_atomic_t *stop, int *hidden) {
    seeker self = {.link = link, .slot = slot, .told_ns = (int64_t)NOBODY_MS * MS};
    self.reconnect_ns = (int64_t)RECONNECT_MS * MS;
    sl_status status = sl_run_id_draw(&self.run_id);
    if (status == SL_OK) status = sl_fleet_codec_create(&self.codec);
    if (status == SL_OK) status = sl_transport_connect(link, &self.transport);
    if (status == SL_OK) self.heard_ns = sl_transport_now_ns(self.transport);
    while (status == SL_OK && !self.found) status = turn(&self, stop);
    sl_transport_close(&self.transport);
    sl_fleet_codec_destroy(&self.codec);
    if (status == SL_OK) *hidden = self.hidden;
    return status;
}
