/* messages.c - what comes in from the agents. Only messages of this coordinator's session and of the
 * incarnation that holds the slot have any effect; to all others the answer is RESET. On the fleet's thread. */
#include "fleet/messages.h"

#include "common/plant.h"
#include "fleet/clock.h"
#include "fleet/owners.h"
#include "fleet/slots.h"

#include <stdio.h>
#include <string.h>

static void drop(sl_fleet *self, const sl_peer *peer, const char *why) {
    char text[300];
    (void)snprintf(text, sizeof text, "what it said was dropped: %s", why);
    sl_fleet_complain(self, SL_LOG_WARN, peer, why, text);
}

/* the slot that the message speaks for, or NULL */
static sl_slot *find_slot(sl_fleet *self, const sl_fleet_message *message) {
    bool is_session = message->session == self->session || SL_PLANTED(any_session);
    if (!is_session || message->slot < 0 || message->slot >= self->def.n_slots) return NULL;
    sl_slot *slot = &self->slots[message->slot];
    bool is_former = SL_PLANTED(old_incarnation) && slot->former == message->run_id;
    return slot->run_id == message->run_id || is_former ? slot : NULL;
}

static void on_action(sl_fleet *self, sl_slot *slot, const sl_fleet_message *message, bool is_early) {
    const char *fault =
        is_early ? "an ACTION for an observation that was not sent" : self->def.clock->answer(self, slot, message);
    if (!fault) return;
    self->stats.unusable++;
    drop(self, &slot->peer, fault);
}

static void on_model_request(sl_fleet *self, const sl_slot *slot, const sl_fleet_message *message) {
    if ((uint64_t)message->offset >= slot->def.model_bytes) {
        self->stats.unusable++;
        drop(self, &slot->peer, "a MODEL_REQUEST from where its slot's file has nothing");
        return;
    }
    size_t left = slot->def.model_bytes - (size_t)message->offset;
    sl_fleet_message chunk = sl_fleet_to(self, slot, SL_FLEET_MODEL_CHUNK);
    chunk.model_bytes = (int64_t)slot->def.model_bytes;
    chunk.offset = message->offset;
    chunk.n_chunk = left < SL_FLEET_CHUNK ? left : SL_FLEET_CHUNK;
    chunk.chunk = slot->def.model + message->offset;
    (void)sl_fleet_send(self, &slot->peer, &chunk);
}

/* what belongs to nobody here: told while somebody waits for agents, as it may be why they do not come */
static void note_unaddressed(sl_fleet *self, const sl_peer *peer, const sl_fleet_message *message) {
    const char *kind = sl_fleet_kind_name(message->kind), *what = "of another session";
    if (message->session == self->session) {
        bool is_slot = message->slot >= 0 && message->slot < self->def.n_slots;
        if (is_slot && self->slots[message->slot].former == message->run_id) return;
        what = is_slot ? "whose run id does not hold its slot" : "for a slot that is none";
    }
    self->stats.unaddressed++;
    char text[120];
    (void)snprintf(text, sizeof text, "%s %s %s", message->kind == SL_FLEET_ACTION ? "an" : "a", kind, what);
    if (self->waits) drop(self, peer, text);
}

static void reset(sl_fleet *self, const sl_peer *peer, const sl_fleet_message *message) {
    self->stats.resets++;
    if (message->kind == SL_FLEET_ACTION) self->stats.stale++;
    sl_fleet_message answer = {
        .kind = SL_FLEET_RESET, .run_id = message->run_id, .session = message->session, .slot = -1};
    (void)sl_fleet_send(self, peer, &answer);
}

/* An agent that says why it leaves cannot fly what it was given, and its successor could not either: told once for
 * each slot, address and reason, whatever new names it comes under. */
static void on_goodbye(sl_fleet *self, sl_slot *slot, const sl_fleet_message *message) {
    static const sl_peer nobody;
    bool was_flying = slot->state == SL_SLOT_LIVE || slot->state == SL_SLOT_SUSPECT;
    const char *at = sl_transport_sender(self->transport);
    char line[320];
    if (!message->text[0]) {
        sl_fleet_lose(self, slot, SL_SLOT_FREE, "it said goodbye");
        return;
    }
    self->stats.declined++;
    (void)snprintf(line, sizeof line, "slot %d lost its agent%s%.60s%s: %s", sl_fleet_index(self, slot),
                   at[0] ? " (" : "", at, at[0] ? ")" : "", message->text);
    if (sl_complaint_is_new(was_flying ? &self->complaints : &self->strangers, &nobody, line)) SL_WARN("%s", line);
    sl_fleet_lose(self, slot, SL_SLOT_FREE, NULL);
}

static void on_member(sl_fleet *self, const sl_peer *peer, const sl_fleet_message *message) {
    sl_slot *slot = find_slot(self, message);
    bool names_slot = message->slot >= 0 && message->slot < self->def.n_slots;
    if (SL_PLANTED(any_goodbye) && message->kind == SL_FLEET_GOODBYE && names_slot)
        sl_fleet_lose(self, &self->slots[message->slot], SL_SLOT_FREE, NULL);
    if (!slot) {
        note_unaddressed(self, peer, message);
        if (message->kind != SL_FLEET_GOODBYE) reset(self, peer, message);
        return;
    }
    if (!sl_owner_holds(self, slot)) {
        char text[120];
        (void)snprintf(text, sizeof text, "for slot %d, with the key '%.40s', which is not its agent's",
                       sl_fleet_index(self, slot), self->sender->name);
        self->stats.unauthorised++;
        drop(self, peer, text);
        return;
    }
    // a past step's action that comes over another line is a replay, and gets no say in where the agent is
    bool is_same = peer->len == slot->peer.len && memcmp(peer->bytes, slot->peer.bytes, peer->len) == 0;
    if (!is_same && message->kind == SL_FLEET_ACTION && message->sequence != slot->sequence) {
        self->stats.stale++;
        return;
    }
    // it may have reconnected; it is alive whatever it says
    slot->peer = *peer;
    slot->heard_ns = self->now_ns;
    if (message->kind == SL_FLEET_GOODBYE) {
        on_goodbye(self, slot, message);
        return;
    }
    if (message->kind == SL_FLEET_MODEL_REQUEST) {
        on_model_request(self, slot, message);
        return;
    }
    // what it answers was sent before; what its coming back sends it can have no answer yet
    bool is_early = message->sequence > slot->sequence;
    if (slot->state != SL_SLOT_LIVE) sl_fleet_revive(self, slot);
    if (message->kind == SL_FLEET_ACTION) on_action(self, slot, message, is_early);
}

static void on_message(sl_fleet *self, const sl_message *received) {
    sl_fleet_message message = {.run_id = 0};
    sl_status status = received->n_frames == 1 ? sl_fleet_decode(self->codec, received->frames[0].bytes,
                                                                 received->frames[0].n_bytes, &message)
                                               : sl_fail(SL_CORRUPT, NULL, "a message of more than one frame");
    if (status == SL_MISMATCH) {
        // nothing but the version was read, so the answer cannot name the agent's run
        self->stats.other_version++;
        sl_fleet_reject(self, &received->peer, 0, SL_REJECT_VERSION, sl_error_what());
        return;
    }
    if (status != SL_OK) {
        self->stats.malformed++;
        drop(self, &received->peer, sl_error_what());
        return;
    }
    sl_owner_look(self);
    if (!sl_owner_is_allowed(self)) {
        char text[120];
        (void)snprintf(text, sizeof text, "the key %.8s... is not allowed any more", self->sender->key);
        sl_owner_refuse(self, &received->peer, message.run_id, text);
        return;
    }
    switch (message.kind) {
    case SL_FLEET_HELLO:
        sl_fleet_on_hello(self, &received->peer, &message);
        break;
    case SL_FLEET_ASK:
        sl_fleet_on_ask(self, &received->peer, &message);
        break;
    case SL_FLEET_ACTION:
    case SL_FLEET_HEARTBEAT:
    case SL_FLEET_MODEL_REQUEST:
    case SL_FLEET_GOODBYE:
        on_member(self, &received->peer, &message);
        break;
    default:
        self->stats.malformed++; // well-formed
        drop(self, &received->peer, "what only a coordinator says");
    }
}

sl_status sl_fleet_receive(sl_fleet *self, int timeout_ms) {
    sl_message received;
    sl_status status = sl_transport_receive(self->transport, timeout_ms, &received);
    sl_fleet_look(self);
    // what the transport could not take, it has told itself
    uint64_t dropped_in = sl_transport_get_stats(self->transport).dropped_in;
    self->stats.malformed += dropped_in - self->dropped_in;
    self->dropped_in = dropped_in;
    sl_fleet_check_owners(self);
    if (status == SL_OK) self->n_received++;
    if (status == SL_OK)
        on_message(self, &received);
    else if (status != SL_TIMEOUT && status != SL_INTERRUPTED)
        return status;
    return SL_OK;
}
