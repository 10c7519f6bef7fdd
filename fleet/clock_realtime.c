/* clock_realtime.c - ticks end when their time has come: tick k at origin + k * period, on an absolute timer, so that
 * no lateness adds up. An agent has one observation outstanding; when it answers it is sent the newest, and those in
 * between are never seen. What is applied is the newest-made action that has arrived, else the fallback. An agent
 * that comes in the middle of an episode begins with the recurrent state of its start. */
#include "fleet/clock.h"

#include "common/assert.h"
#include "common/plant.h"
#include "fleet/slots.h"
#include "fleet/turn.h"

#include <string.h>

enum { LISTEN_MS = 10, DEAF_NS = 1100000, RUSH = 8 };

static void begin(sl_fleet *self) {
    sl_fleet_pace *pace = &self->pace;
    int64_t now_ns = sl_transport_now_ns(self->transport);
    if (pace->origin_ns == 0) pace->origin_ns = now_ns;
    // between episodes nobody is late
    if (now_ns > pace->due_ns) pace->due_ns = now_ns - (now_ns - pace->origin_ns) % self->def.period_ns;
    for (int i = 0; i < self->def.n_slots; i++) {
        sl_slot *slot = &self->slots[i];
        slot->n_answered = slot->pace.run = 0;
        // one that is busy with the last episode's is not given more until it is free
        slot->acted = slot->pace.has_news = false;
        slot->action = slot->pace.applied = 0;
        slot->pace.applied_tick = -1;
        slot->fed_from = slot->sequence + 1;
    }
}

static void feed(sl_fleet *self, sl_slot *slot) {
    bool flies = slot->state == SL_SLOT_LIVE || slot->state == SL_SLOT_SUSPECT;
    if (!flies || slot->outstanding || !slot->pace.has_news) return;
    size_t i = (size_t)sl_fleet_index(self, slot);
    sl_fleet_message message = sl_fleet_to(self, slot, SL_FLEET_OBSERVATION);
    message.tick = slot->pace.news.tick;
    message.sequence = ++slot->sequence;
    // until it has answered: the first one may be lost, or skipped for a newer one
    message.episode_start = slot->n_answered == 0;
    message.n_obs = slot->def.obs_dim;
    message.obs = self->obs + i * (size_t)self->def.O;
    message.n_avail = self->has_avail ? slot->def.n_actions : 0;
    message.avail = self->avail + i * (size_t)self->def.A;
    slot->outstanding = true;
    slot->pace.has_news = false;
    slot->sent_ns = sl_transport_now_ns(self->transport);
    slot->said_ns = self->now_ns;
    slot->pace.sent[slot->sequence % SL_PACE_SENT] =
        (sl_sent){slot->sequence, slot->pace.news.tick, slot->pace.news.made_ns, slot->sent_ns};
    if (sl_fleet_send(self, &slot->peer, &message) == SL_NOT_FOUND)
        sl_fleet_lose(self, slot, SL_SLOT_DEAD, "its connection is gone");
}

/* An old observation is not said again: it is given up for the newest. */
static void repeat(sl_fleet *self, sl_slot *slot) {
    if (!slot->pace.has_news) return;
    self->stats.resent++;
    slot->outstanding = false;
    feed(self, slot);
}

static const char *answer(sl_fleet *self, sl_slot *slot, const sl_fleet_message *message) {
    if (message->sequence > slot->sequence) return "an ACTION for an observation that was not sent";
    if (message->sequence < slot->fed_from && !SL_PLANTED(realtime_replay)) {
        if (message->sequence + 1 == slot->fed_from && slot->n_answered > 0)
            self->stats.duplicate++;
        else
            self->stats.stale++;
        if (message->sequence == slot->sequence) slot->outstanding = false;
        feed(self, slot);
        return NULL;
    }
    const sl_sent *sent = &slot->pace.sent[message->sequence % SL_PACE_SENT];
    if (sent->sequence != message->sequence) {
        self->stats.stale++;
        return NULL;
    }
    if (message->tick != sent->tick) return "an ACTION whose tick is not its observation's";
    if (message->action >= slot->def.n_actions) return "an ACTION that its slot does not have";
    // half of what is not its residence was the way there
    int64_t trip_ns = self->clock_ns - sent->sent_ns, way_ns = (trip_ns - message->residence_ns) / 2;
    int64_t age_ns = sent->sent_ns - sent->made_ns + (way_ns > 0 ? way_ns : 0), age = age_ns / self->def.period_ns;
    sl_latency_add(&self->stats.round_trip, trip_ns);
    sl_latency_add(&slot->window, trip_ns);
    sl_latency_add(&self->stats.residence, message->residence_ns);
    sl_latency_add(&self->stats.observation_age, age_ns);
    self->counts.observation_ages[age < SL_LINKS_AGES - 2 ? age : SL_LINKS_AGES - 2]++;
    if (sent->tick < self->last_tick || !self->in_tick) self->stats.late++;
    slot->fed_from = message->sequence + 1;
    slot->n_answered++;
    slot->misses = 0;
    slot->acted = true;
    slot->action = message->action;
    slot->pace.acts_on = (sl_news){sent->tick, sent->made_ns};
    if (message->sequence == slot->sequence) slot->outstanding = false;
    feed(self, slot);
    return NULL;
}

static bool awaits(const sl_fleet *self, const sl_slot *slot) {
    (void)self, (void)slot;
    return false;
}

static void take_news(sl_fleet *self, sl_slot *slot, const sl_fleet_ask *ask) {
    size_t i = (size_t)sl_fleet_index(self, slot), O = (size_t)self->def.O, A = (size_t)self->def.A;
    memcpy(self->obs + i * O, ask->obs + i * O, O * sizeof(float));
    if (ask->avail) memcpy(self->avail + i * A, ask->avail + i * A, A);
    if (slot->pace.has_news) self->stats.skipped++;
    slot->pace.has_news = true;
    slot->pace.news = (sl_news){self->last_tick, self->clock_ns};
    feed(self, slot);
}

/* When the tick ends. A coordinator that was busy for longer than a period leaves out what it cannot keep. */
static int64_t next_deadline(sl_fleet *self) {
    sl_fleet_pace *pace = &self->pace;
    int64_t period_ns = self->def.period_ns, late_ns = self->clock_ns - (pace->due_ns + period_ns);
    int64_t n = late_ns >= 0 ? late_ns / period_ns + 1 : 0;
    self->stats.overruns += (uint64_t)n;
    pace->due_ns += (n + 1) * period_ns;
    return pace->due_ns;
}

/* Messages are taken until the time has come, and then what has come by then. */
static sl_status listen(sl_fleet *self, int64_t due_ns) {
    for (int64_t left_ns = due_ns - self->clock_ns; left_ns > DEAF_NS; left_ns = due_ns - self->clock_ns)
        SL_TRY(sl_fleet_turn(self, left_ns > (LISTEN_MS + 1) * (int64_t)SL_FLEET_MS ? LISTEN_MS : 1));
    // a wait for messages is whole milliseconds long, so the last one is deaf
    sl_transport_wait(self->transport, due_ns);
    self->pace.woke_ns = sl_transport_now_ns(self->transport);
    sl_latency_add(&self->stats.timer_late, self->pace.woke_ns - due_ns);
    uint64_t n = self->n_received + (uint64_t)(RUSH * self->def.n_slots);
    for (uint64_t before = n; before != self->n_received && self->n_received < n;) {
        before = self->n_received;
        SL_TRY(sl_fleet_turn(self, 0));
    }
    return SL_OK;
}

static int32_t fall_back(const sl_fleet *self, const sl_slot *slot) {
    return sl_fallback_act(self->def.fallback, slot->pace.applied, slot->pace.run);
}

/* of what acts now, though it be held: as links/team.h counts */
static void count_age(sl_fleet *self, const sl_slot *slot) {
    int64_t age = self->last_tick - slot->pace.applied_tick;
    if (slot->pace.applied_tick < 0)
        age = SL_LINKS_AGES - 1;
    else if (age > SL_LINKS_AGES - 2)
        age = SL_LINKS_AGES - 2;
    self->counts.action_ages[age]++;
}

static sl_act miss(sl_fleet *self, sl_slot *slot, int32_t *action) {
    slot->pace.run++;
    *action = fall_back(self, slot);
    count_age(self, slot);
    self->counts.misses++;
    self->counts.fallbacks++;
    if ((uint64_t)slot->pace.run > self->counts.longest_run) self->counts.longest_run = (uint64_t)slot->pace.run;
    if (slot->state == SL_SLOT_LIVE) {
        self->stats.missed++, slot->missed++, slot->misses++;
        return SL_ACT_MISSED;
    }
    self->stats.absent++, slot->absent++;
    return SL_ACT_ABSENT;
}

static sl_act settle(sl_fleet *self, sl_slot *slot, int32_t *action) {
    // nothing was asked of it
    if (!slot->is_active && !slot->acted) {
        *action = fall_back(self, slot);
        return slot->state == SL_SLOT_LIVE ? SL_ACT_MISSED : SL_ACT_ABSENT;
    }
    self->counts.decisions++;
    if (!slot->acted) return miss(self, slot, action);
    slot->pace.applied_tick = slot->pace.acts_on.tick;
    count_age(self, slot);
    sl_latency_add(&self->stats.action_age, self->pace.woke_ns - slot->pace.acts_on.made_ns);
    self->stats.answered++;
    slot->acted = false;
    slot->pace.run = 0;
    slot->patience_is_used = false;
    *action = slot->pace.applied = slot->action;
    return SL_ACT_ANSWERED;
}

static sl_status tick(sl_fleet *self, const sl_fleet_ask *ask, int32_t *actions, sl_act *acts) {
    int64_t due_ns = next_deadline(self);
    for (int i = 0; i < self->def.n_slots; i++)
        if (self->slots[i].is_active) take_news(self, &self->slots[i], ask);
    SL_TRY(listen(self, due_ns));
    // an answer to what was asked earlier may have come since
    for (int i = 0; i < self->def.n_slots; i++) {
        sl_act act = settle(self, &self->slots[i], &actions[i]);
        if (acts) acts[i] = act;
    }
    return SL_OK;
}

const sl_fleet_clock sl_fleet_realtime = {
    .name = SL_FLEET_REALTIME,
    .is_timed = true,
    .begin = begin,
    .feed = feed,
    .repeat = repeat,
    .answer = answer,
    .awaits = awaits,
    .tick = tick,
};
