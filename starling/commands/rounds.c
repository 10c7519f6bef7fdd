/* rounds.c - see rounds.h. */
#include "starling/commands/rounds.h"

#include "starling/report/report.h"
#include "starling/report/statistics.h"
#include "starling/run/process_group.h"
#include "starling/run/spawn.h"
#include "starling/run/supervise.h"

#include "bench/barrier.h"
#include "common/assert.h"

enum { WARM_EPISODES = 4, MAX_EPISODES = 100000, WARM_SEED = 1, SEED = 2 };

static sl_status take_paces(const sl_evaluation *results, double out[SL_PACES]) {
    sl_step_times times;
    SL_TRY(sl_step_times_of(results, &times));
    out[SL_PACE_STEPS] = times.per_second;
    out[SL_PACE_MS_P50] = times.p50;
    out[SL_PACE_MS_P99] = times.p99;
    out[SL_PACE_TRIP_P50] = results->round_trip_ns[0] / 1e3;
    out[SL_PACE_TRIP_P99] = results->round_trip_ns[1] / 1e3;
    out[SL_PACE_AGENT_P50] = results->residence_ns[0] / 1e3;
    out[SL_PACE_AGENT_P99] = results->residence_ns[1] / 1e3;
    return SL_OK;
}

static sl_status run_barrier(sl_rounds *self, double seconds, int round) {
    char peer[SL_PATH_BYTES];
    const sl_env_spec *spec = self->fleets[0]->spec;
    sl_barrier_result result;
    SL_TRY(sl_program_find("starling-barrier-peer", peer));
    sl_barrier_def def = {.peer = peer, .n_agents = spec->n_agents, .obs_dim = spec->obs_dim, .seconds = seconds};
    def.n_avail = self->fleets[0]->setup->uses_avail ? spec->n_actions : 0;
    SL_TRY(sl_barrier_bench(&def, &result));
    self->paces[SL_ROUNDS_BARRIER][SL_PACE_STEPS][round] = result.ticks_per_second;
    self->paces[SL_ROUNDS_BARRIER][SL_PACE_TRIP_P50][round] = result.round_trip_p50_ns / 1e3;
    self->paces[SL_ROUNDS_BARRIER][SL_PACE_TRIP_P99][round] = result.round_trip_p99_ns / 1e3;
    self->obs_bytes = result.obs_bytes;
    self->action_bytes = result.action_bytes;
    return SL_OK;
}

/* Which flight: of which fleet, in which round, and how long the barrier runs before it; 0 = not at all. */
typedef struct turn {
    int fleet, round;
    double barrier_seconds;
} turn;

// a few episodes to warm up, the barrier, then the episodes that count
static sl_status run_turn(sl_rounds *self, const turn *t, sl_process_group *group, sl_evaluation *out) {
    sl_evaluation warm = {0};
    SL_TRY(sl_process_group_serve(group));
    SL_TRY(sl_process_group_start_coordinator(group));
    SL_TRY(sl_process_group_start_agents(group));
    SL_TRY(sl_process_group_fly(group, WARM_EPISODES, WARM_SEED, "warm up", &warm));
    sl_evaluation_fini(&warm);
    if (t->barrier_seconds > 0) SL_TRY(run_barrier(self, t->barrier_seconds, t->round));
    return sl_process_group_fly(group, self->n_episodes, SEED, "fly", out);
}

static sl_status fly(sl_rounds *self, const sl_args *args, const turn *t, sl_evaluation *out) {
    sl_run_progress progress;
    sl_run_progress_init(&progress, args->log_json);
    progress.quiet = true;
    sl_process_group *group = NULL;
    sl_members members = sl_members_local(self->fleets[t->fleet]->spec->n_agents);
    members.keys = self->keys[t->fleet];
    SL_TRY(sl_process_group_create(self->fleets[t->fleet], args, &members, &progress, &group));
    sl_status status = run_turn(self, t, group, out);
    sl_process_group_end(group);
    sl_process_group_destroy(&group);
    // one that came at the end of a process group, or that the barrier's waiting failed of, counts too
    int number = sl_supervisor_signal();
    if (!number) return status;
    if (status == SL_OK) sl_evaluation_fini(out);
    return sl_fail(SL_INTERRUPTED, NULL, "interrupted by signal %d", number);
}

static sl_status measure(sl_rounds *self, const sl_args *args, const turn *t) {
    sl_evaluation results = {0};
    double paces[SL_PACES];
    sl_score score = {0};
    SL_TRY(fly(self, args, t, &results));
    sl_status status = take_paces(&results, paces);
    if (status == SL_OK) status = sl_score_of(self->fleets[t->fleet]->spec, &results, &score);
    self->returns[t->fleet][t->round] = score.mean;
    self->n_steps[t->fleet][t->round] = results.n_ticks;
    sl_evaluation_fini(&results);
    for (int p = 0; p < SL_PACES && status == SL_OK; p++) self->paces[t->fleet][p][t->round] = paces[p];
    return status;
}

// as many episodes as take all fleets together their share of the time
static sl_status choose_episodes(sl_rounds *self, const sl_args *args, double slice) {
    double episode = 0;
    self->n_episodes = WARM_EPISODES;
    for (int f = 0; f < self->n_fleets; f++) {
        sl_evaluation results = {0};
        SL_TRY(fly(self, args, &(turn){.fleet = f}, &results));
        for (int64_t t = 0; t < results.n_ticks; t++) episode += (double)results.tick_ns[t] / 1e9 / WARM_EPISODES;
        sl_evaluation_fini(&results);
    }
    double episodes = self->n_fleets * slice / episode;
    self->n_episodes = episodes < 1 ? 1 : episodes > MAX_EPISODES ? MAX_EPISODES : (int)episodes;
    return SL_OK;
}

sl_status sl_rounds_run(sl_rounds *self, const sl_args *args) {
    SL_ASSERT(self->n_fleets >= 1 && self->n_fleets <= SL_ROUNDS_FLEETS);
    SL_ASSERT(self->n_rounds >= 1 && self->n_rounds <= SL_ROUNDS_MAX);
    double slice = self->seconds / self->n_rounds / (self->n_fleets + 1);
    SL_TRY(choose_episodes(self, args, slice));
    for (int r = 0; r < self->n_rounds; r++) {
        // they take turns in who comes first: a load that grows during a round shall not tell
        for (int i = 0; i < self->n_fleets; i++) {
            turn t = {.fleet = (i + r) % self->n_fleets, .round = r, .barrier_seconds = i == 0 ? slice : 0};
            SL_TRY(measure(self, args, &t));
        }
    }
    return SL_OK;
}

double sl_rounds_median(const sl_rounds *self, int fleet, sl_pace pace) {
    double sorted[SL_ROUNDS_MAX];
    for (int r = 0; r < self->n_rounds; r++) sorted[r] = self->paces[fleet][pace][r];
    sl_sort(self->n_rounds, sorted);
    return sl_percentile(self->n_rounds, sorted, 50);
}

double sl_rounds_mean(const sl_rounds *self, int fleet, sl_pace pace) {
    return sl_mean(self->n_rounds, self->paces[fleet][pace]);
}

void sl_rounds_ratio(const sl_rounds *self, sl_pace pace, int a, int b, double out[3]) {
    double sorted[SL_ROUNDS_MAX];
    for (int r = 0; r < self->n_rounds; r++) sorted[r] = self->paces[a][pace][r] / self->paces[b][pace][r];
    sl_sort(self->n_rounds, sorted);
    out[0] = sl_percentile(self->n_rounds, sorted, 50);
    out[1] = sorted[0];
    out[2] = sorted[self->n_rounds - 1];
}
