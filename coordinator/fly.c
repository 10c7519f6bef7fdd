/* fly.c - see fly.h. */
#include "coordinator/fly.h"

#include "common/array_pool.h"
#include "common/log.h"
#include "envs/recording/recorder.h"
#include "envs/streams.h"

#include <stdio.h>
#include <string.h>

enum { WAIT_A_ROUND_MS = 500, NOTE_AFTER_MS = 2000, POLL_FROM_NS = 20000000 };

typedef struct flight {
    const sl_fly_def *def;
    const sl_setup *setup;
    sl_env *env;
    sl_mask *masks; /* NULL: everything is seen */
    float *obs;     /* (N, O), masked in place; so is avail (N, A), which the environment writes anew */
    uint8_t *avail, terminated, truncated, won;
    int32_t *action;
    double *reward;
    sl_env_recorder *writer; /* NULL: nothing is recorded */
    sl_shape *shapes;        /* NULL: nobody looks on */
    int64_t due_ns;          /* when the next step may come */
    int64_t episode;
    sl_array_pool arrays;
} flight;

static sl_status prepare(flight *self) {
    const sl_setup *setup = self->setup;
    sl_array_pool *k = &self->arrays;
    SL_TRY(sl_setup_env(setup, 1, &setup->root, &self->env));
    if (setup->masked) SL_TRY(sl_setup_masks(setup, 1, &self->masks));
    self->obs = SL_TAKE_FLOATS(k, (int64_t)setup->N * setup->O);
    self->avail = sl_array_pool_take(k, setup->uses_avail ? (int64_t)setup->N * setup->A : 0, 1);
    self->action = sl_array_pool_take(k, setup->N, sizeof(int32_t));
    self->reward = sl_array_pool_take(k, setup->N, sizeof(double));
    self->shapes = sl_array_pool_take(k, self->def->watch.show ? SL_MAX_SHAPES : 0, sizeof *self->shapes);
    if (k->failed) return sl_fail(SL_MEMORY, NULL, "cannot allocate a flight");
    if (self->avail) sl_setup_fill_avail(&setup->spec, 1, self->avail);
    if (!self->def->record) return SL_OK;
    sl_env_recorder_def writer = {self->def->record, setup->experiment->env.name, &setup->options, "students",
                                  self->def->seed};
    return sl_env_recorder_open(&writer, self->env, &self->writer);
}

static void note_wait(void *context, const char *slots) {
    const flight *self = context;
    char text[SL_FLEET_NAMES + 32];
    (void)snprintf(text, sizeof text, "waiting for slot%s %s", strchr(slots, ',') ? "s" : "", slots);
    sl_progress_note(self->def->progress, self->episode, self->def->n_episodes, text);
}

// in rounds, so that the learn client hears that somebody is still there
static sl_status gather_agents(flight *self) {
    const sl_fly_def *def = self->def;
    for (int waited = 0;; waited += WAIT_A_ROUND_MS) {
        sl_status status = sl_fleet_wait(def->fleet, WAIT_A_ROUND_MS);
        if (status != SL_TIMEOUT) return status;
        if (waited + WAIT_A_ROUND_MS >= def->join_ms) return sl_fleet_miss(def->fleet, waited + WAIT_A_ROUND_MS);
        SL_TRY(sl_progress_report(def->progress, 0, def->n_episodes));
        if (waited < NOTE_AFTER_MS) continue;
        char slots[SL_FLEET_NAMES];
        sl_fleet_name_missing(def->fleet, slots);
        note_wait(self, slots);
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

// the agents' heartbeats come in meanwhile; a poll takes as long as nobody says anything
static sl_status wait_until_due(flight *self, int64_t e) {
    int64_t left = self->due_ns - sl_fleet_now_ns(self->def->fleet);
    for (; left > POLL_FROM_NS; left = self->due_ns - sl_fleet_now_ns(self->def->fleet)) {
        SL_TRY(sl_progress_report(self->def->progress, e, self->def->n_episodes));
        SL_TRY(sl_fleet_poll(self->def->fleet, 0));
    }
    sl_fleet_sleep(self->def->fleet, self->due_ns);
    return SL_OK;
}

// tells whoever looks on, and gives the time to look
static sl_status show(flight *self, int64_t e, int32_t step, const double *returns) {
    const sl_fly_def *def = self->def;
    if (!self->shapes) return SL_OK;
    sl_watch_frame frame = {.episode = e,
                            .n_episodes = def->n_episodes,
                            .step = step,
                            .actions = step > 0 ? self->action : NULL,
                            .returns = returns,
                            .outcome = "",
                            .n_agents = self->setup->N,
                            .shapes = self->shapes};
    if (self->truncated) frame.outcome = "time is up";
    if (self->terminated) frame.outcome = self->won ? "won" : "lost";
    frame.n_shapes = sl_env_draw(self->env, 0, self->shapes, SL_MAX_SHAPES);
    if (frame.n_shapes > SL_MAX_SHAPES) frame.n_shapes = SL_MAX_SHAPES;
    def->watch.show(def->watch.context, &frame);
    // what is late is not made up for
    int64_t now = sl_fleet_now_ns(self->def->fleet);
    self->due_ns = (self->due_ns > now - def->watch_ns ? self->due_ns : now) + def->watch_ns;
    return wait_until_due(self, e);
}

static sl_status start_episode(flight *self, int64_t e) {
    sl_env_out out = outputs(self);
    sl_streams streams = sl_streams_of_episode(self->def->seed, e);
    sl_env_seed(self->env, 0, &streams.env);
    if (self->masks) sl_mask_draw(self->masks, 0, &streams.mask);
    self->terminated = self->truncated = 0;
    if (self->writer) return sl_env_recorder_reset(self->writer, e, &out);
    sl_env_reset(self->env, 0, 1, NULL, &out);
    return SL_OK;
}

static sl_status step(flight *self) {
    sl_env_out out = outputs(self);
    if (self->writer) return sl_env_recorder_step(self->writer, self->action, &out);
    sl_env_step(self->env, 0, 1, self->action, &out);
    return SL_OK;
}

static sl_status fly_episode(flight *self, int64_t e, double *returns, int32_t *length, int64_t *tick_ns) {
    SL_TRY(start_episode(self, e));
    SL_TRY(show(self, e, 0, returns));
    for (*length = 0; !self->terminated && !self->truncated; ++*length) {
        int64_t begin = sl_fleet_now_ns(self->def->fleet);
        if (self->masks) sl_mask_apply(self->masks, 0, 1, self->obs, self->obs);
        if (self->setup->hides_avail) sl_mask_avail(self->masks, self->setup->N, self->avail, self->avail);
        SL_TRY(sl_fleet_tick(self->def->fleet, self->obs, self->avail, *length == 0, self->action, NULL));
        SL_TRY(step(self));
        for (int n = 0; n < self->setup->N; n++) returns[n] += self->reward[n];
        tick_ns[*length] = sl_fleet_now_ns(self->def->fleet) - begin;
        SL_TRY(show(self, e, *length + 1, returns));
    }
    return SL_OK;
}

static sl_status fly_all(flight *self, const sl_episodes *out, int64_t *tick_ns, int64_t *n_ticks) {
    const sl_fly_def *def = self->def;
    int64_t total = 0;
    SL_TRY(gather_agents(self));
    for (int64_t e = 0; e < def->n_episodes; e++) {
        SL_TRY(sl_progress_report(def->progress, e, def->n_episodes));
        self->episode = e;
        SL_TRY(fly_episode(self, e, out->returns + e * self->setup->N, &out->length[e], tick_ns + total));
        if (out->won) out->won[e] = self->won;
        total += out->length[e];
    }
    *n_ticks = total;
    return SL_OK;
}

// the first failure is the one to tell
static sl_status end_recording(flight *self, sl_status status) {
    sl_error first;
    if (status == SL_OK) return sl_env_recorder_close(&self->writer);
    sl_error_save(&first);
    if (sl_env_recorder_close(&self->writer) != SL_OK) SL_WARN("%s", sl_error_what());
    sl_error_restore(&first);
    return status;
}

sl_status sl_fly_run(const sl_fly_def *def, const sl_episodes *out, int64_t *tick_ns, int64_t *n_ticks,
                     sl_fleet_stats *stats) {
    flight self = {.def = def, .setup = def->setup};
    sl_fleet_stats before = *sl_fleet_get_stats(def->fleet);
    memset(out->returns, 0, (size_t)def->n_episodes * (size_t)def->setup->N * sizeof *out->returns);
    sl_fleet_watch(def->fleet, note_wait, &self);
    sl_status status = prepare(&self);
    if (status == SL_OK) status = fly_all(&self, out, tick_ns, n_ticks);
    sl_fleet_watch(def->fleet, NULL, NULL);
    *stats = *sl_fleet_get_stats(def->fleet);
    sl_metric_subtract(&sl_fleet_metrics, stats, &before);
    if (stats->missed + stats->absent > 0)
        SL_WARN("the fallback acted %llu times for a late agent, %llu times for an absent one",
                (unsigned long long)stats->missed, (unsigned long long)stats->absent);
    uint64_t dropped = sl_fleet_count_dropped(stats);
    if (dropped > 0) SL_WARN("%llu messages were dropped", (unsigned long long)dropped);
    status = end_recording(&self, status);
    sl_env_destroy(&self.env);
    sl_mask_destroy(&self.masks);
    sl_array_pool_fini(&self.arrays);
    return status;
}
