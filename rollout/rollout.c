/* rollout.c - one task per slice of copies runs all T steps by itself: environment, actors, critic, advantages. The
 * slices meet only at the end, so that threads wait for each other once a call and not once a step. */
#include "rollout/rollout.h"

#include "common/alloc.h"
#include "common/array_pool.h"
#include "common/assert.h"
#include "rollout/critic.h"
#include "rollout/gae.h"
#include "rollout/policy_set.h"
#include "rollout/runner.h"

#include <string.h>

struct sl_rollout {
    const sl_setup *setup;
    sl_pool *pool;
    sl_batch data;
    int T, V, N, O, A, S, M, chunk;
    sl_env *env;
    sl_mask *masks; /* NULL: everything is seen */
    sl_runner *runner;
    sl_policy_set *actors;
    sl_critic *critic;
    /* what goes on from call to call */
    sl_rng *mask_rngs, *action_rngs; /* (V), (V, N) */
    double *running_return;          /* (V, N) */
    int32_t *running_length;         /* (V) */
    /* (T, ...), besides the runner's rows; value (T + 1, ...) */
    float *value, *logp, *reward, *last_value, *advantage, *target, *not_first, *hidden, *critic_hidden;
    float *counts;            /* alive, as the learner wants it; NULL where nobody dies */
    double *finished_return;  /* (T, V, N), where an episode ended */
    int32_t *finished_length; /* (T, V), 0 = none ended */
    double *episode_return;
    int32_t *episode_length;
    uint8_t *episode_won; /* NULL: nothing to win */
    const sl_behaviour *behaviour;
    float *logits, *all_logp; /* (V, N, A) */
    sl_array_pool arrays;
};

static void allocate(sl_rollout *self) {
    sl_array_pool *k = &self->arrays;
    int64_t T = self->T, V = self->V, N = self->N, M = self->M, TV = T * V, C = self->data.C;
    self->mask_rngs = sl_array_pool_take(k, V, sizeof(sl_rng));
    self->action_rngs = sl_array_pool_take(k, V * N, sizeof(sl_rng));
    self->running_return = sl_array_pool_take(k, V * N, sizeof(double));
    self->running_length = sl_array_pool_take(k, V, sizeof(int32_t));
    self->value = SL_TAKE_FLOATS(k, (TV + V) * M);
    self->counts = SL_TAKE_FLOATS(k, self->setup->spec.mortal ? TV * N : 0);
    self->logp = SL_TAKE_FLOATS(k, TV * N);
    self->reward = SL_TAKE_FLOATS(k, TV * M);
    self->last_value = SL_TAKE_FLOATS(k, TV * M);
    self->advantage = SL_TAKE_FLOATS(k, TV * M);
    self->target = SL_TAKE_FLOATS(k, TV * M);
    self->not_first = SL_TAKE_FLOATS(k, TV);
    self->hidden = SL_TAKE_FLOATS(k, C * V * N * self->data.H);
    self->critic_hidden = SL_TAKE_FLOATS(k, C * V * M * self->data.critic_H);
    self->finished_return = sl_array_pool_take(k, TV * N, sizeof(double));
    self->finished_length = sl_array_pool_take(k, TV, sizeof(int32_t));
    self->episode_return = sl_array_pool_take(k, TV * N, sizeof(double));
    self->episode_length = sl_array_pool_take(k, TV, sizeof(int32_t));
    self->episode_won = sl_array_pool_take(k, self->setup->spec.can_win ? TV : 0, 1);
    self->logits = SL_TAKE_FLOATS(k, V * N * self->A);
    self->all_logp = SL_TAKE_FLOATS(k, V * N * self->A);
}

static void point_data(sl_rollout *self) {
    sl_batch *d = &self->data;
    sl_step rows = sl_runner_rows(self->runner);
    d->obs = rows.seen;
    // the critic knows the state as it is
    bool sees_less = rows.seen != rows.obs;
    d->state = rows.state ? rows.state : sees_less ? rows.obs : NULL;
    d->critic_obs = sees_less && self->setup->critic_own ? rows.obs : NULL;
    d->alive = self->counts;
    d->avail = rows.shown;
    d->action = rows.actions;
    d->terminated = rows.next.terminated;
    d->truncated = rows.next.truncated;
    d->logp = self->logp;
    d->advantage = self->advantage;
    d->target = self->target;
    d->value = self->value;
    d->reward = self->reward;
    d->not_first = self->not_first;
    d->hidden = self->hidden;
    d->critic_hidden = self->critic_hidden;
    d->episode_return = self->episode_return;
    d->episode_length = self->episode_length;
    d->episode_won = self->episode_won;
}

// what the learner wants to know of the step before it is decided
static void note_start(sl_rollout *self, const sl_step *step) {
    int64_t first = (int64_t)step->t * self->V, N = self->N;
    for (int v = step->begin; v < step->end; v++)
        self->not_first[first + v] = self->running_length[v] == 0 ? 0.0f : 1.0f;
    for (int64_t r = step->begin * N; self->counts && r < step->end * N; r++)
        self->counts[first * N + r] = step->alive[r] ? 1.0f : 0.0f;
    if (step->t % self->chunk != 0) return;
    int64_t c = (int64_t)(step->t / self->chunk) * self->V;
    if (self->hidden) sl_policy_set_get_hidden(self->actors, step->slice, self->hidden + c * self->N * self->data.H);
    if (self->critic_hidden)
        sl_policy_set_get_hidden(sl_critic_net(self->critic), step->slice,
                                 self->critic_hidden + c * self->M * self->data.critic_H);
}

static sl_status act(void *context, const sl_step *step) {
    sl_rollout *self = context;
    int64_t row = (int64_t)step->t * self->V * self->N;
    note_start(self, step);
    sl_policy_set_forward(self->actors, step->slice, SL_FORWARD_STEP, step->seen, self->logits, NULL);
    sl_runner_choose(self->runner, step, self->behaviour, self->logits, self->action_rngs, self->all_logp);
    for (int64_t r = (int64_t)step->begin * self->N; r < (int64_t)step->end * self->N; r++)
        self->logp[row + r] = self->all_logp[r * self->A + step->actions[r]];
    sl_critic_view view = {step->state, step->obs, step->alive};
    sl_critic_value(self->critic, step->slice, SL_FORWARD_STEP, &view,
                    self->value + (int64_t)step->t * self->V * self->M);
    return SL_OK;
}

// rewards, and of the episodes that ended returns, lengths and the value behind a truncation
static void keep(void *context, const sl_step *step) {
    sl_rollout *self = context;
    int64_t first = (int64_t)step->t * self->V;
    int N = self->N, n_truncated = 0;
    for (int v = step->begin; v < step->end; v++) {
        const double *reward = step->next.reward + (int64_t)v * N;
        double *running = self->running_return + (int64_t)v * N;
        sl_setup_reward(self->setup, reward, self->reward + (first + v) * self->M);
        for (int n = 0; n < N; n++) running[n] += reward[n];
        self->running_length[v]++;
        self->finished_length[first + v] = step->ended[v] ? self->running_length[v] : 0;
        n_truncated += step->next.truncated[v] != 0;
        if (!step->ended[v]) continue;
        memcpy(self->finished_return + (first + v) * N, running, (size_t)N * sizeof *running);
        memset(running, 0, (size_t)N * sizeof *running);
        self->running_length[v] = 0;
    }
    if (n_truncated == 0) return;
    sl_critic_view view = {step->next.state, step->next.obs, step->next.alive};
    sl_critic_value(self->critic, step->slice, SL_FORWARD_PEEK, &view, self->last_value + first * self->M);
}

static bool begin_episode(void *context, int slice, int v) {
    (void)slice;
    sl_rollout *self = context;
    sl_policy_set_reset(self->actors, v);
    sl_critic_reset(self->critic, v);
    if (self->masks) sl_mask_draw(self->masks, v, &self->mask_rngs[v]);
    return true;
}

// the streams that follow from the seed, and the first observations
static sl_status start(sl_rollout *self, const sl_rng *stream) {
    sl_rng masks = sl_rng_split_name(stream, "mask"), actions = sl_rng_split_name(stream, "action");
    sl_rng links = sl_rng_split_name(stream, "links");
    for (int v = 0; v < self->V; v++) {
        sl_rng fates = sl_rng_split(&links, (uint64_t)v);
        sl_runner_link(self->runner, v, &fates);
        self->mask_rngs[v] = sl_rng_split(&masks, (uint64_t)v);
        if (self->masks) sl_mask_draw(self->masks, v, &self->mask_rngs[v]);
    }
    for (int i = 0; i < self->V * self->N; i++) self->action_rngs[i] = sl_rng_split(&actions, (uint64_t)i);
    for (int s = 0; s < sl_runner_slices(self->runner).n; s++) SL_TRY(sl_runner_reset(self->runner, s));
    return SL_OK;
}

static sl_status create_runner(sl_rollout *self) {
    sl_runner_def def = {.V = self->V,
                         .T = self->T,
                         .env = self->env,
                         .masks = self->masks,
                         .hides_avail = self->setup->hides_avail,
                         .for_critic = true,
                         .links = sl_setup_trained_links(self->setup, self->setup->direct),
                         .ages = self->setup->direct && self->setup->ages,
                         .context = self,
                         .act = act,
                         .keep = keep,
                         .next = begin_episode};
    return sl_runner_create(&def, &self->runner);
}

static sl_status create_parts(sl_rollout *self) {
    const sl_setup *setup = self->setup;
    sl_rng stream = sl_rng_split_name(&setup->root, "rollout");
    sl_policy_set_def actors =
        setup->direct ? sl_policy_set_students_def(setup, self->V) : sl_policy_set_teacher_def(setup, self->V);
    SL_TRY(sl_setup_env(setup, self->V, &stream, &self->env));
    if (setup->direct && setup->masked) SL_TRY(sl_setup_masks(setup, self->V, &self->masks));
    SL_TRY(sl_policy_set_create(&actors, &self->actors));
    SL_TRY(sl_critic_create(setup, self->V, NULL, &self->critic));
    SL_TRY(create_runner(self));
    sl_policy_set *critic = sl_critic_net(self->critic);
    self->data.H = sl_policy_set_is_recurrent(self->actors) ? sl_policy_set_hidden_dim(self->actors) : 0;
    self->data.critic_H = sl_policy_set_is_recurrent(critic) ? sl_policy_set_hidden_dim(critic) : 0;
    allocate(self);
    if (self->arrays.failed)
        return sl_fail(SL_MEMORY, "lower n_envs or rollout_steps", "cannot allocate a rollout of %d steps, %d copies",
                       self->T, self->V);
    point_data(self);
    return start(self, &stream);
}

sl_status sl_rollout_create(const sl_setup *setup, sl_pool *pool, sl_rollout **out) {
    sl_rollout *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "cannot allocate a rollout");
    const sl_exp_ppo *ppo = &setup->experiment->teacher.ppo;
    self->setup = setup;
    self->pool = pool;
    self->T = ppo->rollout_steps;
    self->V = ppo->n_envs;
    self->N = setup->N;
    self->O = setup->O;
    self->A = setup->A;
    self->S = setup->S;
    self->M = setup->M;
    self->chunk = ppo->chunk;
    self->data = (sl_batch){.T = self->T,
                            .B = self->V,
                            .N = self->N,
                            .O = self->O,
                            .P = setup->direct ? setup->P : setup->O,
                            .A = self->A,
                            .S = self->S,
                            .M = self->M,
                            .C = (self->T + self->chunk - 1) / self->chunk};
    sl_status status = create_parts(self);
    if (status != SL_OK) {
        sl_rollout_destroy(&self);
        return status;
    }
    *out = self;
    return SL_OK;
}

void sl_rollout_destroy(sl_rollout **self_pointer) {
    sl_rollout *self = *self_pointer;
    if (!self) return;
    sl_runner_destroy(&self->runner);
    sl_env_destroy(&self->env);
    sl_mask_destroy(&self->masks);
    sl_policy_set_destroy(&self->actors);
    sl_critic_destroy(&self->critic);
    sl_array_pool_fini(&self->arrays);
    sl_free(self);
    *self_pointer = NULL;
}

size_t sl_rollout_n_params(const sl_rollout *self) {
    return sl_policy_set_n_params(self->actors);
}

size_t sl_rollout_n_critic(const sl_rollout *self) {
    return sl_net_n_params(&self->setup->critic);
}

const sl_batch *sl_rollout_get(const sl_rollout *self) {
    return &self->data;
}

static void collect_slice(void *context, int slice, int thread) {
    (void)thread;
    sl_rollout *self = context;
    // none of the callbacks can fail
    for (int t = 0; t < self->T; t++) SL_ASSERT(sl_runner_step(self->runner, slice) == SL_OK);
    sl_step last = sl_runner_get(self->runner, slice);
    sl_critic_view view = {last.state, last.obs, last.alive};
    sl_critic_value(self->critic, slice, SL_FORWARD_PEEK, &view, self->value + (int64_t)self->T * self->V * self->M);
    const sl_exp_ppo *ppo = &self->setup->experiment->teacher.ppo;
    sl_gae gae = {self->T,         self->V,     self->M,          (float)ppo->gamma,     (float)ppo->lambda,
                  self->reward,    self->value, self->last_value, self->data.terminated, self->data.truncated,
                  self->advantage, self->target};
    sl_gae_compute(&gae, last.begin, last.end);
}

void sl_rollout_collect(sl_rollout *self, const float *params, const float *critic, double value_mean,
                        double value_std, const sl_behaviour *behaviour) {
    const uint8_t *won = sl_runner_rows(self->runner).next.won;
    self->behaviour = behaviour;
    memcpy(sl_policy_set_params(self->actors), params, sl_policy_set_n_params(self->actors) * sizeof(float));
    sl_critic_set(self->critic, critic);
    sl_critic_scale(self->critic, value_mean, value_std);
    sl_pool_run(self->pool, sl_runner_slices(self->runner).n, collect_slice, self);
    // the finished episodes, by time and then by copy
    int n = 0;
    for (int64_t i = 0; i < (int64_t)self->T * self->V; i++) {
        if (self->finished_length[i] == 0) continue;
        memcpy(self->episode_return + (int64_t)n * self->N, self->finished_return + i * self->N,
               (size_t)self->N * sizeof(double));
        if (won) self->episode_won[n] = won[i];
        self->episode_length[n++] = self->finished_length[i];
    }
    self->data.n_episodes = n;
}

sl_status sl_rollout_visit(sl_rollout *self, sl_cursor *cursor) {
    size_t V = (size_t)self->V, N = (size_t)self->N, n;
    SL_TRY(sl_cursor_expect(cursor, (uint64_t)V, "number of copies"));
    SL_TRY(sl_cursor_expect(cursor, (uint64_t)self->T, "rollout length"));
    SL_TRY(sl_cursor_env(cursor, self->env));
    if (self->masks) SL_TRY(sl_cursor_mask(cursor, self->masks));
    sl_cursor_item(cursor, self->mask_rngs, V * sizeof(sl_rng));
    sl_cursor_item(cursor, self->action_rngs, V * N * sizeof(sl_rng));
    sl_cursor_item(cursor, self->running_return, V * N * sizeof(double));
    sl_cursor_item(cursor, self->running_length, V * sizeof(int32_t));
    SL_TRY(sl_runner_visit(self->runner, cursor));
    for (int k = 0; k < sl_policy_set_n_nets(self->actors); k++) {
        float *h = sl_policy_set_states(self->actors, k, &n);
        sl_cursor_item(cursor, h, n * sizeof(float));
    }
    float *h = sl_policy_set_states(sl_critic_net(self->critic), 0, &n);
    sl_cursor_item(cursor, h, n * sizeof(float));
    return SL_OK;
}
