/* fleet.c - the fleet's life and its tick. */
#include "fleet/fleet.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "common/log.h"
#include "common/program.h"
#include "common/run_id.h"
#include "fleet/clock.h"
#include "fleet/slots.h"
#include "fleet/turn.h"
#include "storage/file.h"

#include <string.h>

enum { STRANGERS = 512, NOTE_AFTER_MS = 1000 };

sl_fleet_def sl_fleet_default_def(sl_link_def link, int n_slots, const sl_fleet_slot_def *slots, int O, int A,
                                  int max_steps) {
    return (sl_fleet_def){.link = link,
                          .n_slots = n_slots,
                          .slots = slots,
                          .O = O,
                          .A = A,
                          .max_steps = max_steps,
                          .clock = &sl_fleet_lockstep,
                          .lease_ms = 10000,
                          .heartbeat_ms = 500,
                          .deadline_ms = 5000,
                          .patience_ms = 15000,
                          .resend_ms = 50};
}

static sl_status check_def(const sl_fleet_def *def) {
    SL_ASSERT(def->max_steps > 0 && def->O > 0 && def->A > 0 && def->resend_ms > 0 && def->patience_ms >= 0);
    SL_ASSERT(def->clock && (!def->clock->is_timed || def->period_ns > 0));
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
    self->n_rows = self->def.clock->keeps_episodes ? self->def.max_steps : 1;
    size_t rows = (size_t)self->n_rows * (size_t)self->def.n_slots;
    self->slots = sl_alloc_array((size_t)self->def.n_slots, sizeof *self->slots);
    self->obs = sl_alloc_array(rows, (size_t)self->def.O * sizeof *self->obs);
    self->avail = sl_alloc_array(rows, (size_t)self->def.A);
    self->ticks = sl_alloc_array(rows, sizeof *self->ticks);
    if (!self->slots || !self->obs || !self->avail || !self->ticks)
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
    sl_free((*self)->ticks);
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

const sl_link_counts *sl_fleet_get_counts(const sl_fleet *self) {
    return &self->counts;
}

void sl_fleet_clear_counts(sl_fleet *self) {
    memset(&self->counts, 0, sizeof self->counts);
    self->stats.timer_late.max_ns = self->stats.observation_age.max_ns = self->stats.action_age.max_ns = 0;
}

void sl_fleet_set_fallback(sl_fleet *self, sl_fallback fallback) {
    self->def.fallback = fallback;
}

bool sl_fleet_is_timed(const sl_fleet *self) {
    return self->def.clock->is_timed;
}

const char *sl_fleet_clock_name(const sl_fleet *self) {
    return self->def.clock->name;
}

void sl_fleet_get_pace(const sl_fleet *self, int64_t *woke_ns, int64_t *late_ns) {
    *woke_ns = self->pace.woke_ns;
    *late_ns = self->pace.woke_ns - self->pace.due_ns;
}

sl_link_stats sl_fleet_get_link_stats(const sl_fleet *self) {
    return sl_transport_get_stats(self->transport);
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
        SL_TRY(sl_fleet_turn(self, SL_FLEET_TURN_MS));
    }
    return SL_OK;
}

sl_status sl_fleet_poll(sl_fleet *self, int timeout_ms) {
    sl_fleet_look(self);
    int64_t end_ns = self->now_ns + (int64_t)timeout_ms * SL_FLEET_MS;
    do {
        int64_t left_ms = (end_ns - self->now_ns + SL_FLEET_MS - 1) / SL_FLEET_MS;
        SL_TRY(sl_fleet_turn(self, left_ms < SL_FLEET_TURN_MS ? (int)left_ms : SL_FLEET_TURN_MS));
    } while (self->now_ns < end_ns);
    return SL_OK;
}

void sl_fleet_begin(sl_fleet *self) {
    self->n_ticks = 0;
    self->def.clock->begin(self);
}

sl_status sl_fleet_tick(sl_fleet *self, const float *obs, const uint8_t *avail, const uint8_t *active,
                        int32_t *actions, sl_act *acts) {
    SL_ASSERT(self->n_ticks == 0 || self->has_avail == (avail != NULL));
    sl_fleet_look(self);
    self->has_avail = avail != NULL;
    self->n_ticks++;
    self->last_tick++;
    self->tick_ns = self->now_ns;
    self->next_note_ns = self->clock_ns + (int64_t)NOTE_AFTER_MS * SL_FLEET_MS;
    for (int i = 0; i < self->def.n_slots; i++) self->slots[i].is_active = !active || active[i];
    const sl_fleet_ask ask = {obs, avail};
    self->in_tick = true;
    sl_status status = self->def.clock->tick(self, &ask, actions, acts);
    self->in_tick = false;
    SL_TRY(status);
    self->stats.ticks++;
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
