/* newest.c - see newest.h. */
#include "agent/newest.h"

#include "common/alloc.h"
#include "common/assert.h"

#include <string.h>

sl_status sl_newest_reserve(sl_newest *self, int obs_dim, int n_actions) {
    sl_newest_fini(self);
    self->obs = sl_alloc_array((size_t)obs_dim, sizeof *self->obs);
    self->avail = sl_alloc_array((size_t)n_actions, 1);
    if (!self->obs || !self->avail) {
        sl_newest_fini(self);
        return sl_fail(SL_MEMORY, NULL, "no memory for an observation");
    }
    self->obs_dim = obs_dim;
    self->n_actions = n_actions;
    return SL_OK;
}

void sl_newest_fini(sl_newest *self) {
    sl_free(self->obs);
    sl_free(self->avail);
    *self = (sl_newest){0};
}

bool sl_newest_put(sl_newest *self, const sl_fleet_message *observation, int64_t received_ns) {
    SL_ASSERT(observation->n_obs <= self->obs_dim && observation->n_avail <= self->n_actions);
    bool skips = self->is_there, is_older = skips && observation->sequence <= self->sequence;
    if (is_older) return true;
    memcpy(self->obs, observation->obs, (size_t)observation->n_obs * sizeof *self->obs);
    if (observation->n_avail) memcpy(self->avail, observation->avail, (size_t)observation->n_avail);
    self->n_obs = observation->n_obs;
    self->n_avail = observation->n_avail;
    self->sequence = observation->sequence;
    self->tick = observation->tick;
    self->received_ns = received_ns;
    self->episode_start = observation->episode_start || (skips && self->episode_start);
    self->is_there = true;
    return skips;
}
