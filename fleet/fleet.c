/* fleet.c - the fleet's life and its tick. */
#include "fleet/fleet.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "common/log.h"
#include "common/program.h"
#include "common/run_id.h"
#include "common/vitals.h"
#include "fleet/messages.h"
#include "fleet/slots.h"
#include "storage/file.h"

#include <stdio.h>
#include <string.h>

enum { STRANGERS = 512, CHECK_MS = 10, NOTE_AFTER_MS = 1000, NOTE_EVERY_MS = 500, NAMES_BYTES = 16 };

sl_fleet_def sl_fleet_default_def(sl_link_def link, int n_slots, const sl_fleet_slot_def *slots, int O, int A,
                                  int max_steps) {
    return (sl_fleet_def){.link = link,
                          .n_slots = n_slots,
                          .slots = slots,
                          .O = O,
                          .A = A,
                          .max_steps = max_steps,
                          .lease_ms = 10000,
                          .heartbeat_ms = 500,
                          .deadline_ms = 5000,
                          .patience_ms = 15000,
                          .resend_ms = 50};
}

static sl_status check_def(const sl_fleet_def *def) {
    SL_ASSERT(def->max_steps > 0 && def->O > 0 && def->A > 0 && def->resend_ms > 0 && def->patience_ms >= 0);
    SL_ASSERT(def->heartbeat_ms > 0 && def->lease_ms > 0 && def->deadline_ms > 0);
    if (def->n_slots < 1 || def->n_slots > SL_FLEET_MAX_SLOTS)
        return sl_fail(SL_CONFIG, NULL, "a fleet has 1 to %d agents, not %d", SL_FLEET_MAX_SLOTS, def->n_slots);
    for (int i = 0; i < def->n_slots; i++) {
        const sl_fleet_slot_def *slot = &def->slots[i];
        SL_ASSERT(slot->obs_dim > 0 && slot->obs_dim <= def->O && slot->n_actions > 0 && slot->n_actions <= def->A);
        SL_ASSERT(slot->n_signature <= SL_FLEET_SIGNATURE);
        if (slot->obs_dim > SL_FLEET_MAX_OBS || slot->n_actions > SL_FLEET_MAX_ACTIONS)
            return sl_fail(SL_CONFIG, NULL, "slot %d: %d features and %d actions; %d and %d can fly", i,
                           slot->obs_dim, slot->n_actions, SL_FLEET_MAX_OBS, SL_FLEET_MAX_ACTIONS);
        if (slot->model_bytes > SL_FLEET_MAX_MODEL)
            return sl_fail(SL_CONFIG, NULL, "slot %d: a model of %zu bytes is too large to send", i,
                           slot->model_bytes);
    }
    return SL_OK;
}

static sl_status take_memory(sl_fleet *self) {
    size_t rows = (size_t)self->def.max_steps * (size_t)self->def.n_slots;
    self->slots = sl_alloc_array((size_t)self->def.n_slots, sizeof *self->slots);
    self->obs = sl_alloc_array(rows, (size_t)self->def.O * sizeof *self->obs);
    self->avail = sl_alloc_array(rows, (size_t)self->def.A);
    if (!self->slots || !self->obs || !self->avail)
        return sl_fail(SL_MEMORY, NULL, "no memory for a fleet of %d agents", self->def.n_slots);
    for (int i = 0; i < self->def.n_slots; i++) {
        sl_slot *slot = &self->slots[i];
        slot->def = self->def.slots[i];
        if (slot->def.model)
            sl_file_sha256(slot->def.model, slot->def.model_bytes, slot->sha256);
        else
            slot->def.model_bytes = 0;
    }
    return SL_OK;
}

sl_status sl_fleet_create(const sl_fleet_def *def, sl_fleet **out) {
    SL_TRY(check_def(def));
    sl_fleet *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for a fleet");
    self->def = *def;
    self->last_tick = -1;
    if (def->n_slots > def->link.backlog) self->def.link.backlog = def->n_slots;
    sl_status status = take_memory(self);
    if (status == SL_OK) status = sl_run_id_draw(&self->session);
    // a connection for each agent, and some for strangers and files
    if (status == SL_OK) status = sl_program_need_files(def->n_slots + SL_PROGRAM_FILES);
    // those who say nothing are thrown out after a while; until then each has a file, and shall take no agent's
    if (status == SL_OK && sl_program_need_files(def->n_slots + SL_PROGRAM_FILES + STRANGERS) != SL_OK)
        SL_DEBUGF("%s", sl_error_what());
    if (status == SL_OK) status = sl_fleet_codec_create(&self->codec);
    if (status == SL_OK) status = sl_transport_serve(&self->def.link, &self->transport);
    if (status != SL_OK) {
        sl_fleet_destroy(&self);
        return status;
    }
    self->clock_ns = self->now_ns = sl_transport_now_ns(self->transport);
    *out = self;
    return SL_OK;
}

void sl_fleet_destroy(sl_fleet **self) {
    if (!*self) return;
    sl_transport_close(&(*self)->transport);
    sl_fleet_codec_destroy(&(*self)->codec);
    sl_free((*self)->slots);
    sl_free((*self)->obs);
    sl_free((*self)->avail);
    sl_free(*self);
    *self = NULL;
}

const char *sl_fleet_endpoint(const sl_fleet *self) {
    return sl_transport_endpoint(self->transport);
}

sl_slot_state sl_fleet_slot(const sl_fleet *self, int slot) {
    SL_ASSERT(slot >= 0 && slot < self->def.n_slots);
    return self->slots[slot].state;
}

int64_t sl_fleet_now_ns(const sl_fleet *self) {
    return sl_transport_now_ns(self->transport);
}

void sl_fleet_sleep(sl_fleet *self, int64_t until_ns) {
    sl_transport_wait(self->transport, until_ns);
}

const sl_fleet_stats *sl_fleet_get_stats(const sl_fleet *self) {
    return &self->stats;
}

sl_link_stats sl_fleet_get_link_stats(const sl_fleet *self) {
    return sl_transport_get_stats(self->transport);
}

/* one message, and the periodic work when it is due */
static sl_status turn(sl_fleet *self) {
    // the wait is always the same, so that the transport need not set it anew
    SL_TRY(sl_fleet_turn(self, CHECK_MS));
    sl_vitals_beat(self->clock_ns);
    if (self->now_ns < self->next_check_ns) return SL_OK;
    self->next_check_ns = self->now_ns + (int64_t)CHECK_MS * SL_FLEET_MS;
    sl_fleet_check(self);
    if (self->def.pulse) self->def.pulse(self->def.pulse_context);
    if (self->def.stop && *self->def.stop) return sl_fail(SL_INTERRUPTED, NULL, "asked to stop");
    return SL_OK;
}

/* whether the tick still waits for the slot */
static bool is_awaited(const sl_fleet *self, const sl_slot *slot) {
    if (slot->acted) return false;
    if (slot->state == SL_SLOT_LIVE) return self->now_ns < slot->due_ns;
    if (slot->patience_ns == 0) return false;
    // a successor that has come has as long as an agent to get ready
    int more_ms = slot->state == SL_SLOT_JOINING ? self->def.deadline_ms : 0;
    return self->now_ns < slot->patience_ns + (int64_t)more_ms * SL_FLEET_MS;
}

void sl_fleet_name_missing(const sl_fleet *self, char text[SL_FLEET_NAMES]) {
    int n = 0, left = 0;
    text[0] = 0;
    for (int i = 0; i < self->def.n_slots; i++) {
        const sl_slot *slot = &self->slots[i];
        if (!(self->in_tick ? is_awaited(self, slot) : slot->state != SL_SLOT_LIVE)) continue;
        // a few: it is a part of a line
        if (n < NAMES_BYTES)
            n += snprintf(text + n, (size_t)(SL_FLEET_NAMES - n), "%s%d", n ? ", " : "", i);
        else
            left++;
    }
    if (left > 0) (void)snprintf(text + n, (size_t)(SL_FLEET_NAMES - n), " and %d more", left);
}

sl_status sl_fleet_miss(const sl_fleet *self, int waited_ms) {
    char missing[SL_FLEET_NAMES];
    sl_fleet_name_missing(self, missing);
    return sl_fail(SL_TIMEOUT, "is an agent running for each of them, and can it reach this endpoint?",
                   "no agent for slots %s at %s after %d ms", missing, sl_fleet_endpoint(self), waited_ms);
}

static bool all_live(const sl_fleet *self) {
    for (int i = 0; i < self->def.n_slots; i++)
        if (self->slots[i].state != SL_SLOT_LIVE) return false;
    return true;
}

sl_status sl_fleet_wait(sl_fleet *self, int timeout_ms) {
    sl_fleet_look(self);
    int64_t end_ns = self->now_ns + (int64_t)timeout_ms * SL_FLEET_MS;
    while (!all_live(self)) {
        if (self->now_ns >= end_ns) return sl_fleet_miss(self, timeout_ms);
        SL_TRY(turn(self));
    }
    return SL_OK;
}

sl_status sl_fleet_poll(sl_fleet *self, int timeout_ms) {
    sl_fleet_look(self);
    int64_t end_ns = self->now_ns + (int64_t)timeout_ms * SL_FLEET_MS;
    do SL_TRY(turn(self));
    while (self->now_ns < end_ns);
    return SL_OK;
}

/* the tick's observations become the episode's newest step */
static void remember(sl_fleet *self, const float *obs, const uint8_t *avail, bool episode_start) {
    if (episode_start) self->n_steps = 0;
    SL_ASSERT(self->n_steps < self->def.max_steps && (episode_start || self->n_steps > 0));
    SL_ASSERT(episode_start || self->has_avail == (avail != NULL));
    size_t n_obs = (size_t)self->def.n_slots * (size_t)self->def.O;
    size_t n_avail = (size_t)self->def.n_slots * (size_t)self->def.A;
    memcpy(self->obs + (size_t)self->n_steps * n_obs, obs, n_obs * sizeof *obs);
    self->has_avail = avail != NULL;
    if (avail) memcpy(self->avail + (size_t)self->n_steps * n_avail, avail, n_avail);
    self->n_steps++;
    self->last_tick++;
    self->tick_ns = self->now_ns;
    self->next_note_ns = self->clock_ns + (int64_t)NOTE_AFTER_MS * SL_FLEET_MS;
    for (int i = 0; i < self->def.n_slots; i++) {
        sl_slot *slot = &self->slots[i];
        int deadline_ms = slot->misses < SL_FLEET_MISSES ? self->def.deadline_ms : 0;
        slot->due_ns = self->now_ns + (int64_t)deadline_ms * SL_FLEET_MS;
        slot->acted = false;
        // a new episode needs no answer to what the last one left open
        if (episode_start) slot->n_answered = 0, slot->outstanding = false;
    }
}

/* the action of a slot at the tick's end; three misses in a row, and ticks wait no more until it answers */
static sl_act settle(sl_fleet *self, sl_slot *slot, int32_t *action) {
    *action = slot->acted ? slot->action : 0;
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

/* tells whoever looks on what holds the tick up */
static void note_wait(sl_fleet *self) {
    if (!self->waits || self->clock_ns < self->next_note_ns) return;
    char slots[SL_FLEET_NAMES];
    sl_fleet_name_missing(self, slots);
    if (slots[0]) self->waits(self->waits_context, slots);
    self->next_note_ns = self->clock_ns + (int64_t)NOTE_EVERY_MS * SL_FLEET_MS;
}

void sl_fleet_watch(sl_fleet *self, void (*waits)(void *context, const char *slots), void *context) {
    self->waits = waits;
    self->waits_context = context;
    if (waits) self->complaints.n = self->strangers.n = 0;
}

/* until every slot has answered or is waited for no more */
static sl_status await_actions(sl_fleet *self) {
    // slots are looked at in order: those that have answered are passed once
    for (int i = 0; i < self->def.n_slots;) {
        if (!is_awaited(self, &self->slots[i])) {
            i++;
            continue;
        }
        SL_TRY(turn(self));
        note_wait(self);
    }
    return SL_OK;
}

sl_status sl_fleet_tick(sl_fleet *self, const float *obs, const uint8_t *avail, bool episode_start, int32_t *actions,
                        sl_act *acts) {
    sl_fleet_look(self);
    remember(self, obs, avail, episode_start);
    self->in_tick = true;
    for (int i = 0; i < self->def.n_slots; i++) sl_fleet_feed(self, &self->slots[i]);
    sl_status status = await_actions(self);
    self->in_tick = false;
    SL_TRY(status);
    self->stats.ticks++;
    for (int i = 0; i < self->def.n_slots; i++) {
        sl_act act = settle(self, &self->slots[i], &actions[i]);
        if (acts) acts[i] = act;
    }
    return SL_OK;
}

void sl_fleet_goodbye(sl_fleet *self) {
    for (int i = 0; i < self->def.n_slots; i++) {
        sl_slot *slot = &self->slots[i];
        if (slot->state == SL_SLOT_FREE) continue;
        sl_fleet_message message = sl_fleet_to(self, slot, SL_FLEET_GOODBYE);
        (void)sl_fleet_send(self, &slot->peer, &message);
        slot->state = SL_SLOT_FREE;
        sl_fleet_vacate(slot);
    }
}
