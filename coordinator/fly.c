/* fly.c - see fly.h. */
#include "coordinator/fly.h"

#include "common/clock.h"
#include "common/log.h"
#include "coordinator/keeper.h"
#include "envs/streams.h"

#include <string.h>

enum { WAIT_A_ROUND_MS = 500 };

typedef struct flight {
    const sl_fly_def *def;
    const sl_setup *setup;
    sl_env *env;
    sl_mask *masks; /* NULL: everything is seen */
    float *obs;     /* (N, O), masked in place; so is avail (N, A), which the environment writes anew */
    uint8_t *avail, terminated, truncated, won;
    int32_t *action;
    double *reward;
    sl_keeper keeper;
} flight;

static sl_status prepare(flight *self) {
    const sl_setup *setup = self->setup;
    sl_keeper *k = &self->keeper;
    SL_TRY(sl_setup_env(setup, 1, &setup->root, &self->env));
    if (setup->masked || setup->hides_avail) SL_TRY(sl_setup_masks(setup, 1, &self->masks));
    self->obs = SL_KEEPER_FLOATS(k, (int64_t)setup->N * setup->O);
    self->avail = sl_keeper_array(k, setup->uses_avail ? (int64_t)setup->N * setup->A : 0, 1);
    self->action = sl_keeper_array(k, setup->N, sizeof(int32_t));
    self->reward = sl_keeper_array(k, setup->N, sizeof(double));
    if (k->failed) return sl_fail(SL_MEMORY, NULL, "cannot allocate a flight");
    if (self->avail) sl_setup_fill_avail(setup, 1, self->avail);
    return SL_OK;
}

// in rounds, so that the asker hears that somebody is still there
static sl_status gather_agents(const flight *self) {
    const sl_fly_def *def = self->def;
    for (int waited = 0;; waited += WAIT_A_ROUND_MS) {
        sl_status status = sl_fleet_wait(def->fleet, WAIT_A_ROUND_MS);
        if (status != SL_TIMEOUT || waited + WAIT_A_ROUND_MS >= def->join_ms) return status;
        SL_TRY(sl_progress_report(def->progress, 0, def->n_episodes));
    }
}

static sl_env_out outputs(flight *self) {
    return (sl_env_out){.obs = self->obs,
                        .avail = self->setup->spec.masks_actions ? self->avail : NULL,
                        .reward = self->reward,
                        .terminated = &self->terminated,
                        .truncated = &self->truncated,
                        .won = &self->won};
}

static sl_status fly_episode(flight *self, int64_t e, double *returns, int32_t *length, int64_t *tick_ns) {
    sl_env_out out = outputs(self);
    sl_streams streams = sl_streams_of_episode(self->def->seed, e);
    sl_env_seed(self->env, 0, &streams.env);
    if (self->masks) sl_mask_draw(self->masks, 0, &streams.mask);
    sl_env_reset(self->env, 0, 1, NULL, &out);
    self->terminated = self->truncated = 0;
    for (*length = 0; !self->terminated && !self->truncated; ++*length) {
        int64_t begin = sl_clock_ns();
        if (self->masks) sl_mask_apply(self->masks, 0, 1, self->obs, self->obs);
        if (self->setup->hides_avail) sl_mask_avail(self->masks, self->setup->N, self->avail, self->avail);
        SL_TRY(sl_fleet_tick(self->def->fleet, self->obs, self->avail, *length == 0, self->action, NULL));
        sl_env_step(self->env, 0, 1, self->action, &out);
        for (int n = 0; n < self->setup->N; n++) returns[n] += self->reward[n];
        tick_ns[*length] = sl_clock_ns() - begin;
    }
    return SL_OK;
}

static sl_status fly_all(flight *self, const sl_episodes *out, int64_t *tick_ns, int64_t *n_ticks) {
    const sl_fly_def *def = self->def;
    int64_t total = 0;
    SL_TRY(gather_agents(self));
    for (int64_t e = 0; e < def->n_episodes; e++) {
        SL_TRY(sl_progress_report(def->progress, e, def->n_episodes));
        SL_TRY(fly_episode(self, e, out->returns + e * self->setup->N, &out->length[e], tick_ns + total));
        if (out->won) out->won[e] = self->won;
        total += out->length[e];
    }
    *n_ticks = total;
    return SL_OK;
}

sl_status sl_fly_run(const sl_fly_def *def, const sl_episodes *out, int64_t *tick_ns, int64_t *n_ticks) {
    flight self = {.def = def, .setup = def->setup};
    sl_fleet_stats before = *sl_fleet_get_stats(def->fleet);
    memset(out->returns, 0, (size_t)def->n_episodes * (size_t)def->setup->N * sizeof *out->returns);
    sl_status status = prepare(&self);
    if (status == SL_OK) status = fly_all(&self, out, tick_ns, n_ticks);
    const sl_fleet_stats *after = sl_fleet_get_stats(def->fleet);
    uint64_t missed = after->missed - before.missed, absent = after->absent - before.absent;
    if (missed + absent > 0)
        SL_WARN("the fallback acted %llu times for a late agent, %llu times for an absent one",
                (unsigned long long)missed, (unsigned long long)absent);
    sl_env_destroy(&self.env);
    sl_mask_destroy(&self.masks);
    sl_keeper_fini(&self.keeper);
    return status;
}
