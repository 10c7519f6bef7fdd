/* clock_lockstep.c - a tick waits for the action of every active slot, up to deadline and patience. Each slot keeps
 * the observations that it was given in the episode, and an incarnation is fed them in order from the first one that
 * it has not answered: a replacement comes to the recurrent state that its predecessor had. */
#include "fleet/clock_lockstep.h"

#include "common/assert.h"
#include "common/plant.h"
#include "fleet/missing.h"
#include "fleet/slots.h"
#include "fleet/turn.h"

#include <string.h>

/* where the slot's observation of that step lies */
static size_t row_of(const sl_fleet *self, const sl_slot *slot, int step) {
    return (size_t)sl_fleet_index(self, slot) * (size_t)self->n_rows + (size_t)step;
}

void sl_lockstep_begin(sl_fleet *self) {
    // a new episode needs no answer to what the last one left open
    for (int i = 0; i < self->def.n_slots; i++) {
        sl_slot *slot = &self->slots[i];
        slot->n_steps = slot->n_answered = 0;
        slot->outstanding = false;
    }
}

static void send_observation(sl_fleet *self, sl_slot *slot) {
    int step = slot->n_answered;
    size_t row = row_of(self, slot, step);
    sl_fleet_message message = sl_fleet_to(self, slot, SL_FLEET_OBSERVATION);
    message.tick = self->ticks[row];
    message.sequence = slot->sequence;
    message.episode_start = step == 0 || (SL_PLANTED(no_replay) && slot->sequence == slot->fed_from);
    message.replay = step < slot->n_steps - 1;
    message.n_obs = slot->def.obs_dim;
    message.obs = self->obs + row * (size_t)self->def.O;
    message.n_avail = self->has_avail ? slot->def.n_actions : 0;
    message.avail = self->avail + row * (size_t)self->def.A;
    slot->sent_ns = sl_transport_now_ns(self->transport);
    slot->said_ns = self->now_ns;
    if (sl_fleet_send(self, &slot->peer, &message) == SL_NOT_FOUND)
        sl_fleet_lose(self, slot, SL_SLOT_DEAD, "its connection is gone");
}

void sl_lockstep_feed(sl_fleet *self, sl_slot *slot) {
    bool flies = slot->state == SL_SLOT_LIVE || slot->state == SL_SLOT_SUSPECT;
    if (!flies || slot->outstanding || slot->n_answered == slot->n_steps) return;
    if (SL_PLANTED(no_replay)) slot->n_answered = slot->n_steps - 1;
    if (slot->n_answered < slot->n_steps - 1) self->stats.replayed++;
    slot->sequence++;
    slot->outstanding = true;
    slot->resent = false;
    send_observation(self, slot);
    slot->first_sent_ns = slot->sent_ns;
}

void sl_lockstep_repeat(sl_fleet *self, sl_slot *slot) {
    slot->resent = true;
    self->stats.resent++;
    send_observation(self, slot);
}

/* why the ACTION cannot be an answer to any observation; NULL: it is the outstanding one's, or late or repeated */
static const char *find_fault(const sl_fleet *self, const sl_slot *slot, const sl_fleet_message *message) {
    if (message->sequence > slot->sequence) return "an ACTION for an observation that was not sent";
    if (!slot->outstanding) return NULL;
    int64_t tick = self->ticks[row_of(self, slot, slot->n_answered)];
    if (message->sequence < slot->sequence) {
        bool is_late = message->sequence < slot->fed_from || message->tick < tick;
        return is_late ? NULL : "an ACTION whose sequence is not its observation's";
    }
    if (message->tick != tick && !SL_PLANTED(any_tick)) return "an ACTION whose tick is not its observation's";
    if (message->action >= slot->def.n_actions) return "an ACTION that its slot does not have";
    return NULL;
}

/* it has answered a step that is past: the tick waits for the next answer, within the patience */
static void note_progress(const sl_fleet *self, sl_slot *slot) {
    int64_t from_ns = slot->live_ns > self->tick_ns ? slot->live_ns : self->tick_ns;
    int64_t last_ns = from_ns + (int64_t)self->def.patience_ms * SL_FLEET_MS;
    int64_t due_ns = self->now_ns + (int64_t)self->def.deadline_ms * SL_FLEET_MS;
    if (due_ns > last_ns) due_ns = last_ns;
    if (due_ns > slot->due_ns) slot->due_ns = due_ns;
}

const char *sl_lockstep_answer(sl_fleet *self, sl_slot *slot, const sl_fleet_message *message) {
    const char *fault = find_fault(self, slot, message);
    // it stays unanswered, and is sent again
    if (fault) return fault;
    bool is_replay = message->sequence != slot->sequence && !(SL_PLANTED(replay_applied) && message->sequence > 0);
    if (is_replay || !slot->outstanding) {
        // a repeat of the last answer comes from a repeated observation
        if (message->sequence == slot->sequence)
            self->stats.duplicate++;
        else
            self->stats.stale++;
        return NULL;
    }
    slot->outstanding = false;
    slot->n_answered++;
    slot->misses = 0;
    if (!slot->resent) {
        sl_latency_add(&self->stats.round_trip, self->clock_ns - slot->first_sent_ns);
        sl_latency_add(&slot->window, self->clock_ns - slot->first_sent_ns);
        sl_latency_add(&self->stats.residence, message->residence_ns);
    }
    if (slot->n_answered < slot->n_steps) {
        note_progress(self, slot);
        sl_lockstep_feed(self, slot);
        return NULL;
    }
    slot->action = message->action;
    slot->acted = true;
    slot->patience_is_used = false;
    return NULL;
}

bool sl_lockstep_awaits(const sl_fleet *self, const sl_slot *slot) {
    if (slot->acted || !slot->is_active) return false;
    if (slot->state == SL_SLOT_LIVE) return self->now_ns < slot->due_ns;
    if (slot->patience_ns == 0 || SL_PLANTED(no_patience)) return false;
    // a successor that has come has as long as an agent to get ready
    int more_ms = slot->state == SL_SLOT_JOINING ? self->def.deadline_ms : 0;
    if (SL_PLANTED(endless_patience)) return true;
    return self->now_ns < slot->patience_ns + (int64_t)more_ms * SL_FLEET_MS;
}

/* the tick's observation becomes the newest step of the slot's episode */
static void remember(sl_fleet *self, sl_slot *slot, const sl_fleet_ask *ask) {
    SL_ASSERT(slot->n_steps < self->def.max_steps);
    size_t row = row_of(self, slot, slot->n_steps), i = (size_t)sl_fleet_index(self, slot);
    size_t O = (size_t)self->def.O, A = (size_t)self->def.A;
    memcpy(self->obs + row * O, ask->obs + i * O, O * sizeof(float));
    if (ask->avail) memcpy(self->avail + row * A, ask->avail + i * A, A);
    self->ticks[row] = self->last_tick;
    slot->n_steps++;
    int deadline_ms = slot->misses < SL_FLEET_MISSES ? self->def.deadline_ms : 0;
    slot->due_ns = self->now_ns + (int64_t)deadline_ms * SL_FLEET_MS;
    slot->acted = slot->acted && SL_PLANTED(old_action);
}

/* the action of a slot at the tick's end; three misses in a row, and ticks wait no more until it answers */
static sl_act settle(sl_fleet *self, sl_slot *slot, int32_t *action) {
    *action = slot->acted || SL_PLANTED(other_fallback) ? slot->action : 0;
    if (slot->acted) {
        self->stats.answered++;
        return SL_ACT_ANSWERED;
    }
    if (slot->state != SL_SLOT_LIVE) {
        self->stats.absent++;
        slot->absent++;
        return SL_ACT_ABSENT;
    }
    self->stats.missed++;
    slot->missed++;
    if (++slot->misses >= SL_FLEET_MISSES) slot->state = SL_SLOT_SUSPECT, slot->patience_ns = 0;
    return SL_ACT_MISSED;
}

/* until every slot has answered or is waited for no more */
static sl_status await_actions(sl_fleet *self) {
    // slots are looked at in order: those that have answered are passed once
    for (int i = 0; i < self->def.n_slots;) {
        if (!sl_lockstep_awaits(self, &self->slots[i])) {
            i++;
            continue;
        }
        SL_TRY(sl_fleet_turn(self, SL_FLEET_TURN_MS));
        sl_fleet_note_wait(self);
    }
    return SL_OK;
}

sl_status sl_lockstep_tick(sl_fleet *self, const sl_fleet_ask *ask, int32_t *actions, sl_act *acts) {
    for (int i = 0; i < self->def.n_slots; i++)
        if (self->slots[i].is_active) remember(self, &self->slots[i], ask);
    // one that is not active may have steps to catch up with
    for (int i = 0; i < self->def.n_slots; i++) sl_lockstep_feed(self, &self->slots[i]);
    SL_TRY(await_actions(self));
    for (int i = 0; i < self->def.n_slots; i++) {
        if (!self->slots[i].is_active) continue;
        sl_act act = settle(self, &self->slots[i], &actions[i]);
        if (acts) acts[i] = act;
    }
    return SL_OK;
}

const sl_fleet_clock sl_fleet_lockstep = {
    .name = SL_FLEET_LOCKSTEP,
    .keeps_episodes = true,
    .begin = sl_lockstep_begin,
    .feed = sl_lockstep_feed,
    .repeat = sl_lockstep_repeat,
    .answer = sl_lockstep_answer,
    .awaits = sl_lockstep_awaits,
    .tick = sl_lockstep_tick,
};
