/* slots.c - who holds a slot: joining, liveness, leases. */
#include "fleet/slots.h"

#include "common/log.h"
#include "common/plant.h"
#include "fleet/clock.h"
#include "fleet/owners.h"

#include <stdio.h>
#include <string.h>

enum { SUSPECT_HEARTBEATS = 3, DEAD_HEARTBEATS = 6 };

/* ticks wait for it once, until it has acted again: one that comes and goes holds up no tick for ever */
static void start_patience(const sl_fleet *self, sl_slot *slot) {
    if (!slot->patience_is_used) slot->patience_ns = self->now_ns + (int64_t)self->def.patience_ms * SL_FLEET_MS;
    slot->patience_is_used = true;
}

void sl_fleet_vacate(sl_slot *slot) {
    if (slot->run_id != 0) slot->former = slot->run_id;
    slot->run_id = 0;
}

void sl_fleet_lose(sl_fleet *self, sl_slot *slot, sl_slot_state state, const char *why) {
    bool was_flying = slot->state == SL_SLOT_LIVE || slot->state == SL_SLOT_SUSPECT;
    if (was_flying) {
        // a goodbye, which alone frees a slot at once, matters to a flight only: when all ends, agents may be the
        // first
        bool stopping = self->def.stop && *self->def.stop;
        bool harmless = state == SL_SLOT_FREE && (!self->in_tick || stopping);
        if (why)
            sl_log(harmless ? SL_LOG_INFO : SL_LOG_WARN, "slot %d lost its agent: %s", sl_fleet_index(self, slot),
                   why);
        self->stats.lost++;
        slot->lost_ns = self->now_ns;
    }
    // the patience runs from when it stopped being LIVE; SUSPECT has started it already
    if (slot->state == SL_SLOT_LIVE) start_patience(self, slot);
    slot->state = state;
    slot->outstanding = false;
    slot->n_answered = 0;
    slot->fed_from = slot->sequence + 1;
    if (state == SL_SLOT_FREE) sl_fleet_vacate(slot);
}

void sl_fleet_revive(sl_fleet *self, sl_slot *slot) {
    if (slot->state == SL_SLOT_JOINING) {
        SL_INFO("slot %d is live", sl_fleet_index(self, slot));
        self->stats.joined++;
    }
    slot->state = SL_SLOT_LIVE;
    slot->live_ns = self->now_ns;
    // it has all of the deadline, however old the tick is; but a sign of life is no answer
    if (slot->misses < SL_FLEET_MISSES) slot->due_ns = self->now_ns + (int64_t)self->def.deadline_ms * SL_FLEET_MS;
    self->def.clock->feed(self, slot);
}

/* a sign of life for an agent that waits; one that is not heard itself gets none, they would pile up before it */
static void send_heartbeat(sl_fleet *self, sl_slot *slot) {
    sl_fleet_message message = sl_fleet_to(self, slot, SL_FLEET_HEARTBEAT);
    slot->said_ns = self->now_ns;
    if (sl_fleet_send(self, &slot->peer, &message) == SL_NOT_FOUND)
        sl_fleet_lose(self, slot, SL_SLOT_DEAD, "its connection is gone");
}

static void check_slot(sl_fleet *self, sl_slot *slot) {
    sl_fleet_turn_window(self, slot);
    int64_t silence_ns = self->now_ns - slot->heard_ns, beat_ns = (int64_t)self->def.heartbeat_ms * SL_FLEET_MS;
    int64_t lease_ns = (int64_t)self->def.lease_ms * SL_FLEET_MS;
    if (slot->state == SL_SLOT_JOINING && silence_ns > lease_ns && !SL_PLANTED(lease_kept))
        sl_fleet_lose(self, slot, SL_SLOT_FREE, "it never became ready");
    if (slot->state == SL_SLOT_LIVE && silence_ns > SUSPECT_HEARTBEATS * beat_ns) {
        slot->state = SL_SLOT_SUSPECT;
        start_patience(self, slot);
    }
    if (slot->state == SL_SLOT_SUSPECT && silence_ns > DEAD_HEARTBEATS * beat_ns)
        sl_fleet_lose(self, slot, SL_SLOT_DEAD, "silent for six heartbeats");
    if (slot->state == SL_SLOT_DEAD && self->now_ns - slot->lost_ns > lease_ns && !SL_PLANTED(dead_kept))
        sl_fleet_lose(self, slot, SL_SLOT_FREE, "the lease ended");
    if (slot->state == SL_SLOT_LIVE && self->now_ns - slot->said_ns >= beat_ns) send_heartbeat(self, slot);
    // a SUSPECT gets no repeats: they would pile up before a stopped process
    if (slot->state == SL_SLOT_LIVE && slot->outstanding &&
        self->clock_ns - slot->sent_ns >= (int64_t)self->def.resend_ms * SL_FLEET_MS) {
        self->def.clock->repeat(self, slot);
    }
}

// the agent is told, and may come back when its key is allowed again
static void expel(sl_fleet *self, sl_slot *slot) {
    char text[160];
    sl_fleet_message message = sl_fleet_to(self, slot, SL_FLEET_REJECT);
    message.reject = SL_REJECT_UNAUTHORISED;
    (void)snprintf(message.text, sizeof message.text, "the key '%s' may not hold slot %d any more", slot->owner,
                   message.slot);
    (void)sl_fleet_send(self, &slot->peer, &message);
    (void)snprintf(text, sizeof text, "its key '%s' was revoked, or is not for this slot any more", slot->owner);
    sl_fleet_lose(self, slot, SL_SLOT_FREE, text);
}

void sl_fleet_check_owners(sl_fleet *self) {
    uint64_t version = sl_transport_keys_version(self->transport);
    if (version == self->keys_version) return;
    self->keys_version = version;
    for (int i = 0; i < self->def.n_slots; i++) {
        sl_slot *slot = &self->slots[i];
        if (slot->state != SL_SLOT_FREE && sl_owner_lost(self, slot)) expel(self, slot);
    }
}

void sl_fleet_check(sl_fleet *self) {
    for (int i = 0; i < self->def.n_slots; i++) check_slot(self, &self->slots[i]);
}

void sl_fleet_reject(sl_fleet *self, const sl_peer *peer, uint64_t run_id, sl_reject code, const char *text) {
    sl_fleet_message message = {.kind = SL_FLEET_REJECT, .run_id = run_id, .reject = code};
    (void)snprintf(message.text, sizeof message.text, "%s", text);
    self->stats.rejected++;
    (void)sl_fleet_send(self, peer, &message);
    // a successor is told to wait until its predecessor is known to be gone
    bool passes = code == SL_REJECT_SLOT_TAKEN || code == SL_REJECT_FULL;
    char line[200];
    // of another version nothing else is read: it may be any message
    (void)snprintf(line, sizeof line, "%s was rejected (%s): %s", code == SL_REJECT_VERSION ? "it" : "its HELLO",
                   sl_reject_name(code), message.text);
    sl_fleet_complain(self, passes ? SL_LOG_INFO : SL_LOG_WARN, peer, line, line);
}

static sl_status welcome(sl_fleet *self, const sl_slot *slot) {
    sl_fleet_message message = sl_fleet_to(self, slot, SL_FLEET_WELCOME);
    message.lease_ms = self->def.lease_ms;
    message.heartbeat_ms = self->def.heartbeat_ms;
    message.model_bytes = (int64_t)slot->def.model_bytes;
    message.n_signature = slot->def.n_signature;
    message.signature = slot->def.signature;
    (void)snprintf(message.mode, sizeof message.mode, "%s", self->def.clock->name);
    memcpy(message.model_sha256, slot->sha256, sizeof message.model_sha256);
    memcpy(message.config_hash, self->def.config_hash, sizeof message.config_hash);
    return sl_fleet_send(self, &slot->peer, &message);
}

static bool brings_model(const sl_slot *slot, const sl_fleet_message *hello) {
    return hello->model_sha256[0] && strcmp(slot->sha256, hello->model_sha256) == 0;
}

/* whether the agent can fly the slot's model: the one it has, or the one it will fetch */
static sl_reject refusal(const sl_slot *slot, const sl_fleet_message *hello) {
    if (slot->def.hidden && hello->hidden && slot->def.hidden != hello->hidden) return SL_REJECT_SHAPE;
    if (slot->sha256[0] && !brings_model(slot, hello)) return SL_REJECT_NONE;
    if (!hello->model_sha256[0]) return SL_REJECT_MODEL_UNKNOWN;
    bool is_equal = hello->obs_dim == slot->def.obs_dim && hello->n_actions == slot->def.n_actions;
    return is_equal ? SL_REJECT_NONE : SL_REJECT_SHAPE;
}

/* a free slot that the agent fits; where some slot flies the very model it holds, only such a one. NULL: *code */
static sl_slot *find_any(sl_fleet *self, const sl_fleet_message *hello, sl_reject *code) {
    bool is_known = false;
    for (int i = 0; i < self->def.n_slots; i++)
        is_known |= sl_owner_may_hold(self, i) && brings_model(&self->slots[i], hello);
    sl_reject why = SL_REJECT_UNAUTHORISED;
    for (int i = 0; i < self->def.n_slots; i++) {
        sl_slot *slot = &self->slots[i];
        if (!sl_owner_may_hold(self, i)) continue;
        if (why == SL_REJECT_UNAUTHORISED) why = SL_REJECT_SHAPE;
        if (is_known && !brings_model(slot, hello)) continue;
        sl_reject one = refusal(slot, hello);
        if (one == SL_REJECT_NONE && slot->state == SL_SLOT_FREE && !slot->def.is_reserved) return slot;
        // the reason nearest to success is the one to tell
        if (one == SL_REJECT_NONE)
            why = SL_REJECT_FULL;
        else if (one == SL_REJECT_MODEL_UNKNOWN && why == SL_REJECT_SHAPE)
            why = one;
    }
    *code = why;
    return NULL;
}

/* the slot that it asks for, if its holder is gone; a DEAD one gives way to a successor that names the slot */
static sl_slot *find_wanted(sl_fleet *self, const sl_fleet_message *hello, sl_reject *code) {
    sl_slot *slot = hello->slot < self->def.n_slots ? &self->slots[hello->slot] : NULL;
    sl_reject why = slot ? refusal(slot, hello) : SL_REJECT_SHAPE;
    if (slot && !sl_owner_may_hold(self, hello->slot)) {
        *code = SL_REJECT_UNAUTHORISED;
        return NULL;
    }
    // a killed agent's successor may be here before any silence is noticed: sending shows whether the peer is left
    bool is_held =
        slot && slot->state != SL_SLOT_FREE && slot->state != SL_SLOT_DEAD && !SL_PLANTED(slot_given_twice);
    if (is_held && welcome(self, slot) == SL_NOT_FOUND) {
        sl_fleet_lose(self, slot, SL_SLOT_DEAD, "its connection is gone");
        is_held = false;
    }
    if (why == SL_REJECT_NONE && is_held) why = SL_REJECT_SLOT_TAKEN;
    if (why == SL_REJECT_NONE) return slot;
    *code = why;
    return NULL;
}

static sl_slot *find_holder(sl_fleet *self, uint64_t run_id) {
    for (int i = 0; i < self->def.n_slots; i++)
        if (self->slots[i].run_id == run_id) return &self->slots[i];
    return NULL;
}

/* why the agent can fly the slot that it names, or any, never */
static void describe_misfit(const sl_fleet *self, const sl_fleet_message *hello, size_t size, char *text) {
    bool is_slot = hello->slot >= 0 && hello->slot < self->def.n_slots;
    const sl_fleet_slot_def *def = is_slot ? &self->slots[hello->slot].def : NULL;
    char shape[64] = "";
    if (hello->obs_dim > 0)
        (void)snprintf(shape, sizeof shape, ", %d features, %d actions", hello->obs_dim, hello->n_actions);
    if (hello->slot >= self->def.n_slots)
        (void)snprintf(text, size, "there is no slot %d, only 0 to %d", hello->slot, self->def.n_slots - 1);
    else if (def && def->hidden && hello->hidden && def->hidden != hello->hidden)
        (void)snprintf(text, size, "slot %d flies a student of %d units, this agent is built for %d", hello->slot,
                       def->hidden, hello->hidden);
    else if (def)
        (void)snprintf(text, size, "slot %d is not for hidden %d%s", hello->slot, hello->hidden, shape);
    else
        (void)snprintf(text, size, "no slot is for hidden %d%s", hello->hidden, shape);
}

static void refuse(sl_fleet *self, const sl_peer *peer, const sl_fleet_message *hello, sl_reject code) {
    char text[120] = "";
    if (code == SL_REJECT_UNAUTHORISED) {
        sl_owner_refuse_hello(self, peer, hello);
        return;
    }
    switch (code) {
    case SL_REJECT_SLOT_TAKEN:
        (void)snprintf(text, sizeof text, "slot %d is held by a live agent", hello->slot);
        break;
    case SL_REJECT_FULL:
        (void)snprintf(text, sizeof text, "every slot that fits is held");
        break;
    case SL_REJECT_MODEL_UNKNOWN:
        (void)snprintf(text, sizeof text, "there is no model file to send");
        break;
    default:
        describe_misfit(self, hello, sizeof text, text);
    }
    sl_fleet_reject(self, peer, hello->run_id, code, text);
}

void sl_fleet_on_hello(sl_fleet *self, const sl_peer *peer, const sl_fleet_message *hello) {
    // said again: its WELCOME was lost, or this HELLO is a copy; nothing changes
    sl_slot *slot = find_holder(self, hello->run_id);
    if (slot && !sl_owner_holds(self, slot)) {
        sl_owner_refuse(self, peer, hello->run_id, "another key's agent has this run id");
        return;
    }
    if (slot) {
        slot->peer = *peer;
        (void)welcome(self, slot);
        return;
    }
    sl_reject code = SL_REJECT_NONE;
    slot = hello->slot >= 0 ? find_wanted(self, hello, &code) : find_any(self, hello, &code);
    if (!slot) {
        refuse(self, peer, hello, code);
        return;
    }
    // a new incarnation: nothing of the old one counts for it
    sl_fleet_vacate(slot);
    slot->state = SL_SLOT_JOINING;
    slot->peer = *peer;
    slot->run_id = hello->run_id;
    sl_owner_take(self, slot);
    slot->heard_ns = self->now_ns;
    slot->misses = slot->n_answered = 0;
    slot->patience_is_used = false;
    // the sequence goes on: a HELLO that is said again for an agent which is still there puts it behind by a replay
    // only
    if (SL_PLANTED(sequence_restarts)) slot->sequence = 0;
    slot->fed_from = slot->sequence + 1;
    slot->outstanding = false;
    sl_fleet_note_holder(self, slot, hello);
    (void)welcome(self, slot);
}

/* What an agent of any size may have now: the slot that it names, else the lowest that is free. NULL: why not; no
 * reason: its key is for none. */
static const sl_slot *find_offer(sl_fleet *self, int wanted, const char **why) {
    *why = NULL;
    for (int i = 0; i < self->def.n_slots; i++) {
        sl_slot *slot = &self->slots[i];
        if ((wanted >= 0 && i != wanted) || !sl_owner_may_hold(self, i)) continue;
        if (!*why) *why = "every slot is held";
        if (wanted < 0 && slot->def.is_reserved) continue;
        if (!slot->def.model) {
            *why = "there are no students yet";
            continue;
        }
        if (slot->state == SL_SLOT_FREE || (wanted >= 0 && slot->state == SL_SLOT_DEAD)) return slot;
        // a killed agent's successor may be here before any silence is noticed
        if (wanted >= 0 && welcome(self, slot) == SL_NOT_FOUND) {
            sl_fleet_lose(self, slot, SL_SLOT_DEAD, "its connection is gone");
            return slot;
        }
        if (wanted >= 0) *why = "the slot is held by a live agent";
    }
    return NULL;
}

void sl_fleet_on_ask(sl_fleet *self, const sl_peer *peer, const sl_fleet_message *ask) {
    if (ask->slot >= self->def.n_slots) {
        refuse(self, peer, ask, SL_REJECT_SHAPE);
        return;
    }
    const char *why = "";
    const sl_slot *slot = find_offer(self, ask->slot, &why);
    if (!slot && !why) {
        refuse(self, peer, ask, SL_REJECT_UNAUTHORISED);
        return;
    }
    sl_fleet_message offer = {.kind = SL_FLEET_OFFER, .run_id = ask->run_id, .slot = -1};
    if (slot) {
        offer.slot = sl_fleet_index(self, slot);
        offer.hidden = slot->def.hidden;
    } else {
        (void)snprintf(offer.text, sizeof offer.text, "%s", why);
    }
    (void)sl_fleet_send(self, peer, &offer);
}
