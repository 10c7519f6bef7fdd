/* evaluate.c - slice s plays the episodes s, s + n, s + 2n, ... of n slices; a copy that is through starts its
 * slice's next one, and when there is none it plays on for nobody. */
#include "rollout/evaluate.h"

#include "common/array_pool.h"
#include "common/assert.h"
#include "rollout/actor.h"
#include "rollout/divergence.h"

#include <string.h>

enum { MAX_WIDTH = 64, STEPS_A_ROUND = 32 };

typedef struct evaluation {
    const sl_evaluate_def *def;
    const sl_episodes *out;
    int N;
    sl_env *env;
    sl_mask *masks; /* NULL: everything is seen */
    sl_runner *runner;
    sl_actor *actor;
    sl_divergence *divergence; /* NULL: not wanted */
    sl_link_counts *tallies;   /* (slices); NULL: not wanted */
    int64_t *playing;          /* (V): the episode, -1 for nobody's */
    int64_t *next;             /* (slices): the next episode */
    int64_t *finished;         /* (slices) */
    sl_array_pool arrays;
} evaluation;

int sl_evaluate_width(int n_episodes) {
    return n_episodes < MAX_WIDTH ? n_episodes : MAX_WIDTH;
}

// gives copy v the next episode of its slice
static bool start(void *context, int slice, int v) {
    evaluation *self = context;
    int64_t e = self->next[slice];
    sl_streams streams = sl_streams_of_episode(self->def->seed, e);
    self->next[slice] = e + sl_runner_slices(self->runner).n;
    self->playing[v] = e < self->def->n_episodes ? e : -1;
    sl_runner_seed(self->runner, v, &streams);
    sl_actor_begin(self->actor, v, &streams);
    if (self->divergence) sl_divergence_begin(self->divergence, v);
    if (self->tallies && sl_runner_team(self->runner)) sl_link_team_clear(sl_runner_team(self->runner), v, v + 1);
    return true;
}

static sl_status act(void *context, const sl_step *step) {
    evaluation *self = context;
    sl_actor_act(self->actor, self->runner, step);
    return SL_OK;
}

static void compare(void *context, const sl_step *step) {
    evaluation *self = context;
    sl_link_counts *tally = &self->tallies[step->slice];
    sl_divergence_compare(self->divergence, step, self->playing, &tally->divergent, &tally->compared);
}

static void count(void *context, const sl_step *step) {
    evaluation *self = context;
    const sl_episodes *out = self->out;
    for (int v = step->begin; v < step->end; v++) {
        int64_t e = self->playing[v];
        if (e < 0) continue;
        for (int n = 0; n < self->N; n++)
            out->returns[e * self->N + n] += step->next.reward[(int64_t)v * self->N + n];
        out->length[e]++;
        if (!step->ended[v]) continue;
        if (out->won) out->won[e] = step->next.won && step->next.won[v];
        sl_link_team *team = self->tallies ? sl_runner_team(self->runner) : NULL;
        if (team) sl_link_team_count(team, v, v + 1, &self->tallies[step->slice]);
        self->finished[step->slice]++;
    }
}

static void play_slice(void *context, int slice, int thread) {
    (void)thread;
    evaluation *self = context;
    // nothing here can fail
    for (int i = 0; i < STEPS_A_ROUND; i++) SL_ASSERT(sl_runner_step(self->runner, slice) == SL_OK);
}

static sl_status create_parts(evaluation *self, int V) {
    const sl_evaluate_def *def = self->def;
    const sl_setup *setup = def->setup;
    bool students = def->policy == SL_POLICY_STUDENTS, masked = students && setup->masked;
    SL_TRY(sl_setup_env(setup, V, &setup->root, &self->env));
    if (masked) SL_TRY(sl_setup_masks(setup, V, &self->masks));
    sl_runner_def runner = {.V = V,
                            .env = self->env,
                            .masks = self->masks,
                            .hides_avail = setup->hides_avail,
                            .for_critic = def->want_divergence,
                            .ages = students && setup->ages,
                            .counts_none = def->counts != NULL,
                            .context = self,
                            .act = act,
                            .decided = def->want_divergence ? compare : NULL,
                            .keep = count,
                            .next = start};
    if (def->set) runner.links = def->links ? def->links : sl_setup_trained_links(setup, students);
    SL_TRY(sl_runner_create(&runner, &self->runner));
    sl_divergence_def divergence = {setup, self->env, self->masks, def->policy, V, def->set};
    if (def->want_divergence) SL_TRY(sl_divergence_create(&divergence, &self->divergence));
    sl_actor_def actor = {def->policy, V, self->env, def->set, def->behaviour};
    return sl_actor_create(&actor, &self->actor);
}

static sl_status prepare(evaluation *self) {
    int V = sl_evaluate_width(self->def->n_episodes);
    SL_ASSERT(!self->def->want_divergence || (self->def->counts && self->def->set));
    if (self->def->links && !self->def->set && !sl_links_is_none(self->def->links))
        return sl_fail(SL_CONFIG, "evaluate students, or a teacher",
                       "this policy reads nothing that a link could delay");
    SL_TRY(create_parts(self, V));
    sl_slices slices = sl_runner_slices(self->runner);
    self->playing = sl_array_pool_take(&self->arrays, V, sizeof(int64_t));
    self->next = sl_array_pool_take(&self->arrays, slices.n, sizeof(int64_t));
    self->finished = sl_array_pool_take(&self->arrays, slices.n, sizeof(int64_t));
    self->tallies = sl_array_pool_take(&self->arrays, self->def->counts ? slices.n : 0, sizeof *self->tallies);
    if (self->arrays.failed) return sl_fail(SL_MEMORY, NULL, "cannot allocate an evaluation of %d copies", V);
    for (int s = 0; s < slices.n; s++) {
        self->next[s] = s;
        for (int v = sl_slices_begin(slices, s); v < sl_slices_end(slices, s); v++) (void)start(self, s, v);
        SL_TRY(sl_runner_reset(self->runner, s));
    }
    return SL_OK;
}

static sl_status play(evaluation *self) {
    int n_slices = sl_runner_slices(self->runner).n;
    for (;;) {
        int64_t finished = 0;
        for (int s = 0; s < n_slices; s++) finished += self->finished[s];
        SL_TRY(sl_progress_report(self->def->progress, finished, self->def->n_episodes));
        if (finished == self->def->n_episodes) return SL_OK;
        sl_pool_run(self->def->pool, n_slices, play_slice, self);
    }
}

// the same sums in whatever order the episodes were played
static void add_up(const evaluation *self, sl_link_counts *out) {
    memset(out, 0, sizeof *out);
    for (int s = 0; s < sl_runner_slices(self->runner).n; s++) {
        const sl_link_counts *tally = &self->tallies[s];
        const uint64_t *from = (const uint64_t *)tally;
        uint64_t *to = (uint64_t *)out, longest = out->longest_run;
        for (size_t i = 0; i < sizeof *out / sizeof *to; i++) to[i] += from[i];
        out->longest_run = tally->longest_run > longest ? tally->longest_run : longest;
    }
}

sl_status sl_evaluate_run(const sl_evaluate_def *def, const sl_episodes *out) {
    evaluation self = {.def = def, .out = out, .N = def->setup->N};
    size_t n = (size_t)def->n_episodes;
    memset(out->returns, 0, n * (size_t)self.N * sizeof *out->returns);
    memset(out->length, 0, n * sizeof *out->length);
    sl_status status = prepare(&self);
    if (status == SL_OK) status = play(&self);
    if (status == SL_OK && def->counts) add_up(&self, def->counts);
    sl_divergence_destroy(&self.divergence);
    sl_actor_destroy(&self.actor);
    sl_runner_destroy(&self.runner);
    sl_env_destroy(&self.env);
    sl_mask_destroy(&self.masks);
    sl_array_pool_fini(&self.arrays);
    return status;
}
