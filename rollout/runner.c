/* runner.c - see runner.h. */
#include "rollout/runner.h"

#include "common/alloc.h"
#include "common/array_pool.h"
#include "common/assert.h"
#include "rollout/view.h"
#include "setup/setup.h"

#include <string.h>

struct sl_runner {
    sl_runner_def def;
    const sl_env_spec *spec;
    sl_env_recorder *recorder; /* NULL: nothing is recorded */
    sl_slices slices;
    sl_view view;
    sl_link_team *team; /* NULL: everything is fresh */
    bool remote;
    sl_rng *fates;           /* (V): of the next episode's links */
    uint8_t *active;         /* (V, N): remote */
    uint8_t *got, *answered; /* (V, N): at_once */
    /* (T + 1, V, ...), T being 0 where a single step is kept */
    float *obs, *state, *seen, *vectors; /* seen: NULL where it is obs */
    uint8_t *avail, *alive, *shown, *terminated, *truncated, *won;
    int32_t *actions;
    double *reward;   /* (V, N) */
    uint8_t *ended;   /* (V) */
    int64_t *episode; /* (V) */
    int *row;         /* (slices): of what the next step begins with */
    sl_array_pool arrays;
};

static void allocate(sl_runner *self) {
    const sl_env_spec *spec = self->spec;
    const sl_runner_def *def = &self->def;
    sl_array_pool *k = &self->arrays;
    int64_t V = def->V, rows = (def->T + 1) * V, N = spec->n_agents, NO = N * spec->obs_dim, NA = N * spec->n_actions;
    bool uses_avail = sl_setup_uses_avail(spec);
    self->obs = SL_TAKE_FLOATS(k, rows * NO);
    self->state = SL_TAKE_FLOATS(k, def->for_critic && !spec->state_is_obs ? rows * spec->state_dim : 0);
    self->alive = sl_array_pool_take(k, def->for_critic && spec->mortal ? rows * N : 0, 1);
    self->seen = SL_TAKE_FLOATS(k, def->masks || def->ages || self->team ? rows * N * self->view.P : 0);
    self->avail = sl_array_pool_take(k, uses_avail ? rows * NA : 0, 1);
    self->shown = sl_array_pool_take(k, uses_avail && (self->view.hides_avail || self->remote) ? rows * NA : 0, 1);
    self->vectors = SL_TAKE_FLOATS(k, spec->continuous ? rows * NA : 0);
    self->actions = sl_array_pool_take(k, rows * N, sizeof(int32_t));
    self->terminated = sl_array_pool_take(k, rows, 1);
    self->truncated = sl_array_pool_take(k, rows, 1);
    self->won = sl_array_pool_take(k, spec->can_win ? rows : 0, 1);
    self->reward = sl_array_pool_take(k, V * N, sizeof(double));
    self->ended = sl_array_pool_take(k, V, 1);
    self->episode = sl_array_pool_take(k, V, sizeof(int64_t));
    self->row = sl_array_pool_take(k, self->slices.n, sizeof(int));
    self->fates = sl_array_pool_take(k, self->team ? V : 0, sizeof(sl_rng));
    self->active = sl_array_pool_take(k, self->remote ? V * N : 0, 1);
    self->got = sl_array_pool_take(k, self->remote && def->at_once ? V * N : 0, 1);
    self->answered = sl_array_pool_take(k, self->remote && def->at_once ? V * N : 0, 1);
}

static sl_status create_team(sl_runner *self) {
    const sl_links *links = self->def.links;
    if (!links || (sl_links_is_none(links) && !self->def.counts_none)) return SL_OK;
    self->remote = links->execution == SL_EXECUTION_REMOTE;
    SL_ASSERT(!self->remote || (self->def.T == 0 && !self->spec->continuous));
    return sl_link_team_create(links, self->def.V, self->def.ages, &self->team);
}

sl_status sl_runner_create(const sl_runner_def *def, sl_runner **out) {
    sl_runner *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "cannot allocate a runner of episodes");
    self->def = *def;
    self->spec = sl_env_get_spec(def->env);
    self->slices = sl_slices_of(def->V);
    self->view = sl_view_of(self->spec, def->masks, def->hides_avail, def->ages);
    sl_status status = create_team(self);
    if (status == SL_OK) allocate(self);
    if (self->arrays.failed)
        status = sl_fail(SL_MEMORY, "lower n_envs, rollout_steps or the number of episodes",
                         "cannot allocate %d steps of %d copies", def->T + 1, def->V);
    if (status != SL_OK) {
        sl_runner_destroy(&self);
        return status;
    }
    if (self->avail) sl_setup_fill_avail(self->spec, (int64_t)(def->T + 1) * def->V, self->avail);
    for (int s = 0; s < self->slices.n; s++) self->row[s] = def->T;
    *out = self;
    return SL_OK;
}

void sl_runner_destroy(sl_runner **self) {
    if (!*self) return;
    sl_link_team_destroy(&(*self)->team);
    sl_array_pool_fini(&(*self)->arrays);
    sl_free(*self);
    *self = NULL;
}

void sl_runner_record(sl_runner *self, sl_env_recorder *recorder) {
    self->recorder = recorder;
}

sl_slices sl_runner_slices(const sl_runner *self) {
    return self->slices;
}

// the step of row t, and what comes of it in row next
static sl_step place(sl_runner *self, int slice, int t, int next) {
    const sl_env_spec *spec = self->spec;
    int64_t V = self->def.V, N = spec->n_agents, NO = N * spec->obs_dim, NA = N * spec->n_actions;
    int64_t at = t * V, to = next * V, S = spec->state_dim;
    const float *obs = self->obs + at * NO;
    const uint8_t *avail = self->avail ? self->avail + at * NA : NULL;
    return (sl_step){
        .slice = slice,
        .begin = sl_slices_begin(self->slices, slice),
        .end = sl_slices_end(self->slices, slice),
        .t = t,
        .obs = obs,
        .state = self->state ? self->state + at * S : NULL,
        .alive = self->alive ? self->alive + at * N : NULL,
        .seen = self->seen ? self->seen + at * N * self->view.P : obs,
        .avail = avail,
        .shown = self->shown ? self->shown + at * NA : avail,
        .actions = self->actions + at * N,
        .vectors = self->vectors ? self->vectors + at * NA : NULL,
        .next = {.obs = self->obs + to * NO,
                 .state = self->state ? self->state + to * S : NULL,
                 .avail = spec->masks_actions ? self->avail + to * NA : NULL,
                 .alive = self->alive ? self->alive + to * N : NULL,
                 .reward = self->reward,
                 .terminated = self->terminated + at,
                 .truncated = self->truncated + at,
                 .won = self->won ? self->won + at : NULL},
        .ended = self->ended,
    };
}

sl_step sl_runner_get(sl_runner *self, int slice) {
    return place(self, slice, self->row[slice], self->row[slice]);
}

sl_step sl_runner_rows(sl_runner *self) {
    return place(self, 0, 0, 0);
}

void sl_runner_seed(sl_runner *self, int v, const sl_streams *streams) {
    sl_rng mask = streams->mask;
    sl_env_seed(self->def.env, v, &streams->env);
    if (self->def.masks) sl_mask_draw(self->def.masks, v, &mask);
    sl_runner_link(self, v, &streams->links);
    self->episode[v] = streams->episode;
}

void sl_runner_link(sl_runner *self, int v, const sl_rng *stream) {
    if (self->team) self->fates[v] = *stream;
}

sl_link_team *sl_runner_team(sl_runner *self) {
    return self->team;
}

// a new episode's links: whoever plays on for nobody has links, too
static void begin_links(sl_runner *self, int v) {
    if (!self->team) return;
    sl_link_team_begin(self->team, v, &self->fates[v]);
    self->fates[v] = sl_rng_split_name(&self->fates[v], "next");
}

sl_status sl_runner_reset(sl_runner *self, int slice) {
    sl_step step = sl_runner_get(self, slice);
    memset(step.next.terminated + step.begin, 0, (size_t)(step.end - step.begin));
    memset(step.next.truncated + step.begin, 0, (size_t)(step.end - step.begin));
    for (int v = step.begin; v < step.end; v++) begin_links(self, v);
    if (self->recorder) return sl_env_recorder_reset(self->recorder, self->episode[0], &step.next);
    sl_env_reset(self->def.env, step.begin, step.end, NULL, &step.next);
    return SL_OK;
}

// row T of the last steps is row 0 of the next
static void carry_over(sl_runner *self, int slice) {
    sl_step from = place(self, slice, self->def.T, self->def.T), to = place(self, slice, 0, 0);
    const sl_env_spec *spec = self->spec;
    int64_t begin = from.begin, rows = from.end - from.begin, N = spec->n_agents, S = spec->state_dim;
    int64_t NO = N * spec->obs_dim, NA = N * spec->n_actions;
    memcpy(to.next.obs + begin * NO, from.obs + begin * NO, (size_t)(rows * NO) * sizeof(float));
    if (from.state) memcpy(to.next.state + begin * S, from.state + begin * S, (size_t)(rows * S) * sizeof(float));
    if (from.avail && to.next.avail) memcpy(to.next.avail + begin * NA, from.avail + begin * NA, (size_t)(rows * NA));
    if (from.alive) memcpy(to.next.alive + begin * N, from.alive + begin * N, (size_t)(rows * N));
    self->row[slice] = 0;
}

// what those who act are shown
static void show(const sl_runner *self, const sl_step *step) {
    int64_t V = self->def.V, N = self->spec->n_agents;
    if (!self->seen) return;
    float *seen = self->seen + step->t * V * N * self->view.P;
    if (self->team) {
        sl_link_team_show(self->team, step->begin, step->end, step->obs, seen);
        sl_view_cover(&self->view, step->begin, step->end, seen);
    } else {
        sl_view_fresh(&self->view, step->begin, step->end, step->obs, seen);
    }
    if (self->shown)
        sl_view_avail(&self->view, step->begin, step->end, step->avail,
                      self->shown + step->t * V * N * self->spec->n_actions);
}

// the next observation that has arrived for each agent, as that sees it
static bool deliver(sl_runner *self, const sl_step *step) {
    int begin = step->begin, end = step->end;
    if (!sl_link_team_deliver(self->team, begin, end, self->seen, self->shown, self->active)) return false;
    sl_view_cover(&self->view, begin, end, self->seen);
    if (self->view.hides_avail && self->shown) sl_view_avail(&self->view, begin, end, self->shown, self->shown);
    return true;
}

// what arrives later in the step goes over what came earlier
static sl_status act_at_once(sl_runner *self, sl_step *step) {
    int64_t N = self->spec->n_agents, first = step->begin * N, n = (step->end - step->begin) * N;
    sl_link_team_send(self->team, step->begin, step->end, step->obs, step->avail);
    memset(self->got + first, 0, (size_t)n);
    memset(self->answered + first, 0, (size_t)n);
    while (deliver(self, step))
        for (int64_t i = first; i < first + n; i++) self->got[i] |= self->active[i];
    step->active = self->got;
    step->answered = self->answered;
    SL_TRY(self->def.act(self->def.context, step));
    sl_link_team_act(self->team, step->begin, step->end, self->answered, step->actions);
    sl_link_team_apply(self->team, step->begin, step->end, step->actions);
    step->active = NULL;
    return SL_OK;
}

// round by round those act whose observations have arrived
static sl_status act_from_afar(sl_runner *self, sl_step *step) {
    int begin = step->begin, end = step->end;
    if (self->def.at_once) return act_at_once(self, step);
    sl_link_team_send(self->team, begin, end, step->obs, step->avail);
    step->active = self->active;
    while (deliver(self, step)) {
        SL_TRY(self->def.act(self->def.context, step));
        sl_link_team_act(self->team, begin, end, self->active, step->actions);
    }
    sl_link_team_apply(self->team, begin, end, step->actions);
    step->active = NULL;
    return SL_OK;
}

static sl_status decide(sl_runner *self, sl_step *step) {
    if (self->remote) {
        SL_TRY(act_from_afar(self, step));
    } else {
        show(self, step);
        SL_TRY(self->def.act(self->def.context, step));
    }
    if (self->def.decided) self->def.decided(self->def.context, step);
    return SL_OK;
}

static sl_status move(sl_runner *self, sl_step *step) {
    sl_env_recorder *recorder = self->recorder;
    if (step->vectors) {
        if (recorder) return sl_env_recorder_step_continuous(recorder, step->vectors, &step->next);
        sl_env_step_continuous(self->def.env, step->begin, step->end, step->vectors, &step->next);
    } else {
        if (recorder) return sl_env_recorder_step(recorder, step->actions, &step->next);
        sl_env_step(self->def.env, step->begin, step->end, step->actions, &step->next);
    }
    return SL_OK;
}

// the next episodes of the copies that ended theirs
static void go_on(sl_runner *self, sl_step *step) {
    bool any = false;
    for (int v = step->begin; v < step->end; v++) {
        if (step->ended[v]) step->ended[v] = self->def.next(self->def.context, step->slice, v);
        if (step->ended[v]) begin_links(self, v);
        any |= step->ended[v] != 0;
    }
    if (any) sl_env_reset(self->def.env, step->begin, step->end, step->ended, &step->next);
}

sl_status sl_runner_step(sl_runner *self, int slice) {
    const sl_runner_def *def = &self->def;
    int *row = &self->row[slice];
    if (def->T > 0 && *row == def->T) carry_over(self, slice);
    int next = def->T > 0 ? *row + 1 : 0;
    sl_step step = place(self, slice, *row, next);
    SL_TRY(decide(self, &step));
    SL_TRY(move(self, &step));
    for (int v = step.begin; v < step.end; v++) {
        step.ended[v] = step.next.terminated[v] | step.next.truncated[v];
        step.n_ended += step.ended[v] != 0;
    }
    if (def->keep) def->keep(def->context, &step);
    *row = next;
    if (step.n_ended > 0 && def->next) go_on(self, &step);
    return SL_OK;
}

void sl_runner_play_episodes(sl_runner *self, int slice, const int *n_playing) {
    SL_ASSERT(sl_runner_reset(self, slice) == SL_OK);
    // every environment truncates after max_steps
    int n = self->spec->max_steps;
    for (int t = 0; t < n && n_playing[0] > 0; t++) SL_ASSERT(sl_runner_step(self, slice) == SL_OK);
    SL_ASSERT(*n_playing == 0);
}

sl_status sl_runner_visit(sl_runner *self, sl_cursor *cursor) {
    const sl_env_spec *spec = self->spec;
    size_t V = (size_t)self->def.V, N = V * (size_t)spec->n_agents, A = N * (size_t)spec->n_actions;
    int64_t t = self->def.T;
    sl_env_out now = place(self, 0, self->def.T, self->def.T).next;
    sl_cursor_item(cursor, now.obs, N * (size_t)spec->obs_dim * sizeof(float));
    if (now.state) sl_cursor_item(cursor, now.state, V * (size_t)spec->state_dim * sizeof(float));
    if (self->avail) sl_cursor_item(cursor, self->avail + t * (int64_t)A, A);
    if (now.alive) sl_cursor_item(cursor, now.alive, N);
    if (!self->team) return SL_OK;
    sl_cursor_item(cursor, self->fates, V * sizeof *self->fates);
    return sl_cursor_links(cursor, self->team);
}

void sl_runner_choose(const sl_runner *self, const sl_step *step, const sl_behaviour *behaviour, const float *logits,
                      sl_rng *rngs, float *logp) {
    int N = self->spec->n_agents, A = self->spec->n_actions, end = step->end * N;
    // who does not act draws nothing: a run of rows that act at a time
    for (int row = step->begin * N, next; row < end; row = next) {
        bool acts = !step->active || step->active[row];
        for (next = step->active ? row + 1 : end; next < end && (step->active[next] != 0) == acts;) next++;
        int64_t first = (int64_t)row * A;
        if (acts)
            behaviour->choose(next - row, A, logits + first, step->shown ? step->shown + first : NULL, rngs + row,
                              step->actions + row, logp + first);
    }
}
