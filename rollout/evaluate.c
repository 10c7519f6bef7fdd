/* evaluate.c - slice s plays the episodes s, s + n, s + 2n, ... of n slices; a copy that is through starts its
 * slice's next one, and when there is none it plays on for nobody. */
#include "rollout/evaluate.h"

#include "common/array_pool.h"
#include "envs/streams.h"
#include "nn/dist.h"

#include <string.h>

enum { MAX_WIDTH = 64, STEPS_A_ROUND = 32 };

typedef struct evaluation {
    const sl_evaluate_def *def;
    const sl_setup *setup;
    sl_slices slices;
    int N, O, A;
    sl_env *env;
    sl_mask *masks; /* NULL: everything is seen */
    float *obs, *masked, *logits;
    uint8_t *shown; /* (V, N, A): the legal actions as students are told; NULL: as they are */
    uint8_t *avail, *terminated, *truncated, *won, *which;
    int32_t *action;
    double *reward;
    sl_rng *rngs;      /* (V): the random policy's */
    int64_t *playing;  /* (V): the episode, -1 for nobody's */
    int64_t *next;     /* (slices): the next episode */
    int64_t *finished; /* (slices) */
    const sl_episodes *out;
    sl_array_pool arrays;
} evaluation;

int sl_evaluate_width(int n_episodes) {
    return n_episodes < MAX_WIDTH ? n_episodes : MAX_WIDTH;
}

static sl_env_out outputs(const evaluation *self) {
    return (sl_env_out){.obs = self->obs,
                        .avail = self->setup->spec.masks_actions ? self->avail : NULL,
                        .reward = self->reward,
                        .terminated = self->terminated,
                        .truncated = self->truncated,
                        .won = self->won};
}

// gives copy v the next episode of its slice
static void start(evaluation *self, int slice, int v) {
    int64_t e = self->next[slice];
    self->next[slice] = e + self->slices.n;
    self->which[v] = 1;
    self->playing[v] = e < self->def->n_episodes ? e : -1;
    sl_streams streams = sl_streams_of_episode(self->def->seed, e);
    sl_env_seed(self->env, v, &streams.env);
    if (self->masks) sl_mask_draw(self->masks, v, &streams.mask);
    self->rngs[v] = streams.action;
    if (self->def->set) sl_policy_set_reset(self->def->set, v);
}

static void act_randomly(evaluation *self, int begin, int end) {
    for (int v = begin; v < end; v++) {
        for (int n = 0; n < self->N; n++) {
            int64_t row = (int64_t)v * self->N + n;
            const uint8_t *avail = self->avail ? self->avail + row * self->A : NULL;
            self->action[row] = sl_streams_choose(&self->rngs[v], self->A, avail);
        }
    }
}

static void act(evaluation *self, int slice) {
    int begin = sl_slices_begin(self->slices, slice), end = sl_slices_end(self->slices, slice);
    if (self->def->policy == SL_POLICY_RANDOM) {
        act_randomly(self, begin, end);
        return;
    }
    if (self->def->policy == SL_POLICY_HEURISTIC) {
        sl_env_heuristic(self->env, begin, end, self->action);
        return;
    }
    const float *seen = self->obs;
    if (self->masks) {
        sl_mask_apply(self->masks, begin, end, self->obs, self->masked);
        seen = self->masked;
    }
    sl_policy_set_forward(self->def->set, slice, SL_FORWARD_EXACT, seen, self->logits, NULL);
    int64_t first = (int64_t)begin * self->N, n_rows = (int64_t)(end - begin) * self->N;
    const uint8_t *avail = self->avail ? self->avail + first * self->A : NULL;
    if (self->shown) {
        sl_mask_avail(self->masks, n_rows, avail, self->shown + first * self->A);
        avail = self->shown + first * self->A;
    }
    sl_categorical_argmax((int)n_rows, self->A, self->logits + first * self->A, avail, self->action + first);
}

static void play_slice(void *context, int slice, int thread) {
    (void)thread;
    evaluation *self = context;
    int begin = sl_slices_begin(self->slices, slice), end = sl_slices_end(self->slices, slice);
    sl_env_out out = outputs(self);
    for (int step = 0; step < STEPS_A_ROUND; step++) {
        act(self, slice);
        sl_env_step(self->env, begin, end, self->action, &out);
        int n_ended = 0;
        for (int v = begin; v < end; v++) {
            int64_t e = self->playing[v];
            for (int n = 0; e >= 0 && n < self->N; n++)
                self->out->returns[e * self->N + n] += self->reward[(int64_t)v * self->N + n];
            if (e >= 0) self->out->length[e]++;
            self->which[v] = 0;
            if (!self->terminated[v] && !self->truncated[v]) continue;
            if (e >= 0 && self->won) self->out->won[e] = self->won[v];
            if (e >= 0) self->finished[slice]++;
            n_ended++;
            start(self, slice, v);
        }
        if (n_ended > 0) sl_env_reset(self->env, begin, end, self->which, &out);
    }
}

static sl_status prepare(evaluation *self, const sl_evaluate_def *def) {
    const sl_setup *setup = def->setup;
    int V = sl_evaluate_width(def->n_episodes);
    int64_t rows = (int64_t)V * setup->N;
    bool students = def->policy == SL_POLICY_STUDENTS, masked = students && setup->masked;
    self->slices = sl_slices_of(V);
    SL_TRY(sl_setup_env(setup, V, &setup->root, &self->env));
    if (masked) SL_TRY(sl_setup_masks(setup, V, &self->masks));
    sl_array_pool *k = &self->arrays;
    self->obs = SL_TAKE_FLOATS(k, rows * setup->O);
    self->masked = SL_TAKE_FLOATS(k, masked ? rows * setup->O : 0);
    self->logits = SL_TAKE_FLOATS(k, rows * setup->A);
    self->avail = sl_array_pool_take(k, setup->uses_avail ? rows * setup->A : 0, 1);
    self->shown = sl_array_pool_take(k, students && setup->hides_avail ? rows * setup->A : 0, 1);
    self->terminated = sl_array_pool_take(k, V, 1);
    self->truncated = sl_array_pool_take(k, V, 1);
    self->won = sl_array_pool_take(k, self->out->won ? V : 0, 1);
    self->which = sl_array_pool_take(k, V, 1);
    self->action = sl_array_pool_take(k, rows, sizeof(int32_t));
    self->reward = sl_array_pool_take(k, rows, sizeof(double));
    self->rngs = sl_array_pool_take(k, V, sizeof(sl_rng));
    self->playing = sl_array_pool_take(k, V, sizeof(int64_t));
    self->next = sl_array_pool_take(k, self->slices.n, sizeof(int64_t));
    self->finished = sl_array_pool_take(k, self->slices.n, sizeof(int64_t));
    if (k->failed) return sl_fail(SL_MEMORY, NULL, "cannot allocate an evaluation of %d copies", V);
    if (self->avail) sl_setup_fill_avail(setup, V, self->avail);
    for (int s = 0; s < self->slices.n; s++) {
        self->next[s] = s;
        for (int v = sl_slices_begin(self->slices, s); v < sl_slices_end(self->slices, s); v++) start(self, s, v);
    }
    sl_env_out out = outputs(self);
    sl_env_reset(self->env, 0, V, NULL, &out);
    return SL_OK;
}

static sl_status play(evaluation *self) {
    for (;;) {
        int64_t finished = 0;
        for (int s = 0; s < self->slices.n; s++) finished += self->finished[s];
        SL_TRY(sl_progress_report(self->def->progress, finished, self->def->n_episodes));
        if (finished == self->def->n_episodes) return SL_OK;
        sl_pool_run(self->def->pool, self->slices.n, play_slice, self);
    }
}

sl_status sl_evaluate_run(const sl_evaluate_def *def, const sl_episodes *out) {
    const sl_setup *setup = def->setup;
    if (def->policy == SL_POLICY_HEURISTIC && !setup->spec.has_heuristic)
        return sl_fail(SL_CONFIG, NULL, "%s has no built-in heuristic", setup->spec.name);
    evaluation self = {.def = def, .setup = setup, .N = setup->N, .O = setup->O, .A = setup->A, .out = out};
    size_t n = (size_t)def->n_episodes;
    memset(out->returns, 0, n * (size_t)setup->N * sizeof *out->returns);
    memset(out->length, 0, n * sizeof *out->length);
    sl_status status = prepare(&self, def);
    if (status == SL_OK) status = play(&self);
    sl_env_destroy(&self.env);
    sl_mask_destroy(&self.masks);
    sl_array_pool_fini(&self.arrays);
    return status;
}
