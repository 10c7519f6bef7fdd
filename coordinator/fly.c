/* fly.c - see fly.h. */
#include "coordinator/fly.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "common/log.h"
#include "experiment/clock.h"
#include "rollout/runner.h"

#include <stdio.h>
#include <string.h>

enum { WAIT_A_ROUND_MS = 500, NOTE_AFTER_MS = 2000, POLL_MS = 10, POLL_FROM_NS = 20000000 };

typedef struct flight {
    const sl_fly_def *def;
    const sl_setup *setup;
    sl_env *env;
    sl_mask *masks;            /* NULL: everything is seen */
    sl_env_recorder *recorder; /* NULL: nothing is recorded */
    sl_runner *runner;
    sl_step step;          /* of the runner's, the same arrays for life */
    sl_act *acts;          /* (N) */
    sl_shape *shapes;      /* NULL: nobody looks on */
    bool is_timed;         /* the fleet's clock */
    int64_t first_late_ns; /* of the first step; < 0: it was not yet */
    int64_t due_ns;        /* when the next step may come */
    int64_t episode;
    int32_t length; /* steps of the episode so far */
} flight;

static sl_status act(void *context, const sl_step *step) {
    const flight *self = context;
    SL_TRY(sl_fleet_tick(self->def->fleet, step->seen, step->shown, step->active, step->actions, self->acts));
    for (int i = 0; step->answered && i < self->setup->N; i++) step->answered[i] = self->acts[i] == SL_ACT_ANSWERED;
    return SL_OK;
}

static sl_status prepare(flight *self) {
    const sl_setup *setup = self->setup;
    SL_TRY(sl_setup_env(setup, 1, &setup->root, &self->env));
    if (setup->masked) SL_TRY(sl_setup_masks(setup, 1, &self->masks));
    self->acts = sl_alloc_array((size_t)setup->N, sizeof *self->acts);
    if (!self->acts) return sl_fail(SL_MEMORY, NULL, "cannot allocate a flight");
    if (self->def->watch.show) self->shapes = sl_alloc_array(SL_MAX_SHAPES, sizeof *self->shapes);
    if (self->def->watch.show && !self->shapes) return sl_fail(SL_MEMORY, NULL, "cannot allocate a flight");
    sl_runner_def runner = {.V = 1,
                            .env = self->env,
                            .masks = self->masks,
                            .hides_avail = setup->hides_avail,
                            .links = self->def->links,
                            .at_once = self->is_timed,
                            .ages = setup->ages,
                            .context = self,
                            .act = act};
    SL_TRY(sl_runner_create(&runner, &self->runner));
    self->step = sl_runner_get(self->runner, 0);
    if (!self->def->record) return SL_OK;
    sl_env_recorder_def recorder = {self->def->record, setup->experiment->env.name, &setup->options, "students",
                                    self->def->seed};
    SL_TRY(sl_env_recorder_open(&recorder, self->env, &self->recorder));
    sl_runner_record(self->runner, self->recorder);
    return SL_OK;
}

static void note_wait(void *context, const char *slots) {
    const flight *self = context;
    char text[SL_FLEET_NAMES + 128];
    (void)snprintf(text, sizeof text, "waiting for slot%s %s at %.90s", strchr(slots, ',') ? "s" : "", slots,
                   sl_fleet_endpoint(self->def->fleet));
    sl_progress_note(self->def->progress, self->episode, self->def->n_episodes, text);
}

// in rounds, so that the learn client hears that somebody is still there
static sl_status gather_agents(flight *self) {
    const sl_fly_def *def = self->def;
    bool forever = def->join_ms == SL_WAIT_FOREVER;
    for (int waited = 0;; waited += waited < NOTE_AFTER_MS || !forever ? WAIT_A_ROUND_MS : 0) {
        sl_status status = sl_fleet_wait(def->fleet, WAIT_A_ROUND_MS);
        if (status != SL_TIMEOUT) return status;
        if (!forever && waited + WAIT_A_ROUND_MS >= def->join_ms)
            return sl_fleet_miss(def->fleet, waited + WAIT_A_ROUND_MS);
        SL_TRY(sl_progress_report(def->progress, 0, def->n_episodes));
        if (waited < NOTE_AFTER_MS) continue;
        char slots[SL_FLEET_NAMES];
        sl_fleet_name_missing(def->fleet, slots);
        note_wait(self, slots);
    }
}

static bool has_won(const flight *self) {
    return self->step.next.won && self->step.next.won[0];
}

// the agents' heartbeats come in meanwhile
static sl_status wait_until_due(flight *self) {
    int64_t left = self->due_ns - sl_fleet_now_ns(self->def->fleet);
    for (; left > POLL_FROM_NS; left = self->due_ns - sl_fleet_now_ns(self->def->fleet)) {
        SL_TRY(sl_progress_report(self->def->progress, self->episode, self->def->n_episodes));
        SL_TRY(sl_fleet_poll(self->def->fleet, POLL_MS));
    }
    sl_fleet_sleep(self->def->fleet, self->due_ns);
    return SL_OK;
}

// tells whoever looks on, and gives the time to look
static sl_status show(flight *self, const double *returns) {
    const sl_fly_def *def = self->def;
    if (!self->shapes) return SL_OK;
    sl_watch_frame frame = {.episode = self->episode,
                            .n_episodes = def->n_episodes,
                            .step = self->length,
                            .actions = self->length > 0 ? self->step.actions : NULL,
                            .returns = returns,
                            .outcome = "",
                            .n_agents = self->setup->N,
                            .shapes = self->shapes};
    if (self->step.next.truncated[0]) frame.outcome = "time is up";
    if (self->step.next.terminated[0]) frame.outcome = has_won(self) ? "won" : "lost";
    frame.n_shapes = sl_env_draw(self->env, 0, self->shapes, SL_MAX_SHAPES);
    if (frame.n_shapes > SL_MAX_SHAPES) frame.n_shapes = SL_MAX_SHAPES;
    def->watch.show(def->watch.context, &frame);
    // the steps have their own time
    if (self->is_timed) return SL_OK;
    // what is late is not made up for
    int64_t now = sl_fleet_now_ns(self->def->fleet);
    self->due_ns = (self->due_ns > now - def->watch_ns ? self->due_ns : now) + def->watch_ns;
    return wait_until_due(self);
}

static int64_t late_ns(const flight *self) {
    int64_t woke = 0, late = 0;
    sl_fleet_get_pace(self->def->fleet, &woke, &late);
    return late > 0 ? late : 0;
}

static sl_status fly_episode(flight *self, double *returns, int64_t *tick_ns) {
    const sl_env_out *out = &self->step.next;
    sl_streams streams = sl_streams_of_episode(self->def->seed, self->episode);
    sl_runner_seed(self->runner, 0, &streams);
    SL_TRY(sl_runner_reset(self->runner, 0));
    sl_fleet_begin(self->def->fleet);
    self->length = 0;
    SL_TRY(show(self, returns));
    while (!out->terminated[0] && !out->truncated[0]) {
        int64_t begin = sl_fleet_now_ns(self->def->fleet);
        SL_TRY(sl_runner_step(self->runner, 0));
        for (int n = 0; n < self->setup->N; n++) returns[n] += out->reward[n];
        tick_ns[self->length++] = sl_fleet_now_ns(self->def->fleet) - begin;
        if (self->first_late_ns < 0) self->first_late_ns = late_ns(self);
        SL_TRY(show(self, returns));
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
        SL_TRY(fly_episode(self, out->returns + e * self->setup->N, tick_ns + total));
        out->length[e] = self->length;
        if (out->won) out->won[e] = has_won(self);
        total += self->length;
    }
    *n_ticks = total;
    return SL_OK;
}

// the first failure is the one to tell
static sl_status end_recording(flight *self, sl_status status) {
    sl_error first;
    if (status == SL_OK) return sl_env_recorder_close(&self->recorder);
    sl_error_save(&first);
    if (sl_env_recorder_close(&self->recorder) != SL_OK) SL_WARN("%s", sl_error_what());
    sl_error_restore(&first);
    return status;
}

static sl_status check_links(const sl_fly_def *def) {
    bool knows = strcmp(sl_fleet_clock_name(def->fleet), sl_exp_clock_name(SL_EXP_LOCKSTEP)) != 0;
    if (knows || !def->links || sl_links_is_none(def->links)) return SL_OK;
    return sl_fail(SL_CONFIG, "--clock virtual, or realtime",
                   "in lockstep nothing is late: links need another clock");
}

static void measure_clock(const flight *self, const sl_fleet_stats *stats, sl_flight_clock *out) {
    sl_exp_clock kind = SL_EXP_LOCKSTEP;
    const double ms = 1e-6;
    const sl_latency *timer = &stats->timer_late, *seen = &stats->observation_age, *acted = &stats->action_age;
    sl_status status = sl_exp_clock_parse(sl_fleet_clock_name(self->def->fleet), &kind);
    SL_ASSERT(status == SL_OK);
    *out = (sl_flight_clock){.kind = kind, .step_ms = self->setup->step_ms};
    if (!self->is_timed) return;
    out->late_p50_ms = sl_latency_percentile(timer, 0.5) * ms;
    out->late_p99_ms = sl_latency_percentile(timer, 0.99) * ms;
    out->late_max_ms = (double)timer->max_ns * ms;
    out->drift_ms = (double)(late_ns(self) - self->first_late_ns) * ms;
    out->overruns = (double)stats->overruns;
    out->late = (double)stats->late;
    out->skipped = (double)stats->skipped;
    out->observation_p50_ms = sl_latency_percentile(seen, 0.5) * ms;
    out->observation_p99_ms = sl_latency_percentile(seen, 0.99) * ms;
    out->observation_max_ms = (double)seen->max_ns * ms;
    out->action_p50_ms = sl_latency_percentile(acted, 0.5) * ms;
    out->action_p99_ms = sl_latency_percentile(acted, 0.99) * ms;
    out->action_max_ms = (double)acted->max_ns * ms;
}

/* Over the whole way, where links were drawn: they know what was delivered of it. Else what realtime saw itself. */
static void count_links(const flight *self, sl_link_counts *out) {
    sl_link_team *team = sl_runner_team(self->runner);
    const sl_link_counts *seen = sl_fleet_get_counts(self->def->fleet);
    bool remote = self->def->links && self->def->links->execution == SL_EXECUTION_REMOTE;
    if (team) sl_link_team_count(team, 0, 1, out);
    if (!self->is_timed || (team && remote)) return;
    out->decisions += team ? 0 : seen->decisions;
    out->misses += seen->misses;
    out->fallbacks += seen->fallbacks;
    if (seen->longest_run > out->longest_run) out->longest_run = seen->longest_run;
    for (int a = 0; a < SL_LINKS_AGES; a++) {
        out->action_ages[a] += seen->action_ages[a];
        if (!team) out->observation_ages[a] += seen->observation_ages[a];
    }
}

sl_status sl_fly_run(const sl_fly_def *def, const sl_episodes *out, int64_t *tick_ns, int64_t *n_ticks,
                     sl_fleet_stats *stats) {
    flight self = {.def = def, .setup = def->setup, .is_timed = sl_fleet_is_timed(def->fleet), .first_late_ns = -1};
    sl_fleet_stats before = *sl_fleet_get_stats(def->fleet);
    SL_TRY(check_links(def));
    if (def->links) sl_fleet_set_fallback(def->fleet, def->links->fallback);
    sl_fleet_clear_counts(def->fleet);
    memset(out->returns, 0, (size_t)def->n_episodes * (size_t)def->setup->N * sizeof *out->returns);
    sl_fleet_watch(def->fleet, note_wait, &self);
    sl_status status = prepare(&self);
    if (status == SL_OK) status = fly_all(&self, out, tick_ns, n_ticks);
    sl_fleet_watch(def->fleet, NULL, NULL);
    *stats = *sl_fleet_get_stats(def->fleet);
    sl_metric_subtract(&sl_fleet_metrics, stats, &before);
    if (stats->missed + stats->absent > 0 && !self.is_timed)
        SL_WARN("the fallback acted %llu times for a late agent, %llu times for an absent one",
                (unsigned long long)stats->missed, (unsigned long long)stats->absent);
    if (def->clock) measure_clock(&self, stats, def->clock);
    if (def->counts && status == SL_OK) count_links(&self, def->counts);
    uint64_t dropped = sl_fleet_count_dropped(stats);
    if (dropped > 0) SL_WARN("%llu messages were dropped", (unsigned long long)dropped);
    status = end_recording(&self, status);
    sl_runner_destroy(&self.runner);
    sl_env_destroy(&self.env);
    sl_mask_destroy(&self.masks);
    sl_free(self.acts);
    sl_free(self.shapes);
    return status;
}
