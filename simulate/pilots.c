/* pilots.c - the agents' processes of a simulated fleet: real sessions with toy policies, played from within the
 * coordinator's waits. */
#include "simulate/pilots.h"

#include <string.h>

enum { WAKE_MS = 10 };

/* Who holds its slot decides honestly; one whose slot was given to another does the same for itself, but says
 * something else, so that it shows when it is heeded. */
static int32_t decide(void *context, const float *obs, const uint8_t *avail, bool episode_start) {
    sl_pilot *self = context;
    int32_t action = sl_toy_decide(&self->policy, obs, avail, episode_start);
    int slot = sl_session_slot(self->session);
    bool holds = slot >= 0 && slot < self->world->N && self->world->holders[slot].run_id == self->run_id;
    return holds ? action : (action + 1) % SL_TOY_A;
}

static sl_status load(void *context, const uint8_t *bytes, size_t n_bytes, const char *sha256, int *obs_dim,
                      int *n_actions) {
    sl_pilot *self = context;
    (void)sha256;
    if (n_bytes != SL_WORLD_MODEL || memcmp(bytes, self->world->model, n_bytes) != 0)
        return sl_fail(SL_CORRUPT, NULL, "the model is another one");
    *obs_dim = SL_TOY_O, *n_actions = SL_TOY_A;
    return SL_OK;
}

static void end(sl_pilot *self) {
    sl_session_destroy(&self->session);
    if (self->member < SL_WORLD_IDS) self->world->who[self->member] = -1;
    self->lost = false;
    self->asleep_until = self->cut_until = 0;
}

static bool is_asleep(const sl_pilot *self) {
    return self->lost || sl_world_now(self->world) < self->asleep_until;
}

/* it takes what came, until nothing is left or it has to think */
static void play(void *context) {
    sl_pilot *self = context;
    sl_status status = SL_OK;
    while (status == SL_OK && self->session && !is_asleep(self)) {
        uint64_t decided = sl_session_get_stats(self->session).decided;
        status = sl_session_step(self->session, 0);
        if (self->think_ns && sl_session_get_stats(self->session).decided > decided)
            self->asleep_until = sl_world_now(self->world) + self->think_ns;
    }
    if (status == SL_OK || status == SL_TIMEOUT) return;
    sl_world_tell(self->world, "agent %d.%d ends: %s", self->index, self->life, sl_error_what());
    // nothing that a network does ends an agent
    sl_world_break(self->world, SL_PROMISE_ALIVE, "agent %d.%d ended: %s", self->index, self->life, sl_error_what());
    end(self);
    self->restart_ns = sl_world_now(self->world) + (int64_t)500 * SL_WORLD_MS;
}

static void set_up(sl_pilot *self, int index, int slot) {
    sl_world *world = self->world;
    self->index = index, self->slot = slot;
    self->def = sl_session_default_def(sl_link_fleet_def(SL_WORLD_ENDPOINT));
    self->def.slot = slot;
    self->def.stays = true;
    self->def.hidden = 16;
    self->def.decide = decide;
    self->def.context = self;
    self->def.stop = &self->stop;
    if (world->has_keys) self->def.link.keys = &world->def->keys->agents[slot];
}

void sl_pilots_init(sl_world *self) {
    for (int i = 0; i < self->N + SL_WORLD_MORE; i++) self->pilots[i].world = self;
    for (int i = 0; i < self->N; i++) set_up(&self->pilots[i], i, i);
    self->n_pilots = self->N;
}

sl_pilot *sl_pilots_new(sl_world *self, int slot) {
    if (self->n_pilots == self->N + SL_WORLD_MORE) return NULL;
    sl_pilot *made = &self->pilots[self->n_pilots];
    set_up(made, self->n_pilots++, slot);
    return made;
}

sl_pilot *sl_pilots_draw(sl_world *self) {
    int first = (int)sl_rng_below(&self->rng, (uint32_t)self->n_pilots);
    for (int i = 0; i < self->n_pilots; i++) {
        sl_pilot *pilot = &self->pilots[(first + i) % self->n_pilots];
        if (pilot->session && !pilot->lost) return pilot;
    }
    return NULL;
}

sl_status sl_pilot_start(sl_pilot *self) {
    sl_world *world = self->world;
    sl_session_def def = self->def;
    // one that fetches its model has none at its start
    def.load = world->slots[0].model ? load : NULL;
    if (!def.load) {
        def.obs_dim = SL_TOY_O, def.n_actions = SL_TOY_A;
        memset(def.model_sha256, 'b', 64);
    }
    self->restart_ns = 0;
    self->run_id = 0;
    self->stop = 0;
    SL_TRY(sl_session_create(&def, &self->session));
    self->life++;
    self->member = sl_sim_newest(world->sim);
    if (self->member < SL_WORLD_IDS) {
        world->who[self->member] = (int16_t)self->index;
        world->keys[self->member] = (int16_t)self->slot;
    }
    sl_sim_attach(world->sim, (int64_t)WAKE_MS * SL_WORLD_MS, play, self);
    sl_world_tell(world, "agent %d.%d starts, for slot %d", self->index, self->life, self->slot);
    return SL_OK;
}

void sl_pilot_crash(sl_pilot *self) {
    sl_world_tell(self->world, "agent %d.%d is killed", self->index, self->life);
    end(self);
}

void sl_pilot_leave(sl_pilot *self) {
    sl_world_tell(self->world, "agent %d.%d leaves", self->index, self->life);
    self->stop = 1;
    // says goodbye and comes back at once
    sl_status status = sl_session_run(self->session);
    (void)status; // interrupted, as asked
    end(self);
}
