/* rollout.c - one task per slice of copies runs all T steps by itself: environment, actors, critic, advantages. The
 * slices meet only at the end, so that threads wait for each other once a call and not once a step. */
#include "rollout/rollout.h"

#include "common/alloc.h"
#include "common/array_pool.h"
#include "nn/dist.h"
#include "rollout/critic.h"
#include "rollout/gae.h"
#include "rollout/policy_set.h"

#include <string.h>

struct sl_rollout {
    const sl_setup *setup;
    sl_pool *pool;
    sl_slices slices;
    sl_batch data;
    int T, V, N, O, A, S, M, chunk;
    sl_env *env;
    sl_mask *masks;
    sl_policy_set *actors;
    sl_critic *critic;
    /* what goes on from call to call */
    sl_rng *mask_rngs, *action_rngs; /* (V), (V, N) */
    double *running_return;          /* (V, N) */
    int32_t *running_length;         /* (V) */
    /* (T + 1, ...): row T is row 0 of the next call */
    float *obs, *state, *value;
    uint8_t *avail, *alive; /* alive: NULL where nobody dies */
    /* (T, ...) */
    float *masked, *logp, *reward, *last_value, *advantage, *target, *not_first, *hidden, *critic_hidden;
    float *counts;  /* alive, as the learner wants it */
    uint8_t *shown; /* the legal actions as students are told; NULL: as they are */
    int32_t *action;
    uint8_t *terminated, *truncated, *won;
    double *step_reward;      /* (V, N) */
    double *finished_return;  /* (T, V, N), where an episode ended */
    int32_t *finished_length; /* (T, V), 0 = none ended */
    double *episode_return;
    int32_t *episode_length;
    uint8_t *episode_won;     /* NULL: nothing to win */
    float *logits, *all_logp; /* (V, N, A) */
    uint8_t *ended;           /* (V) */
    sl_array_pool arrays;
};

static void allocate(sl_rollout *self) {
    sl_array_pool *k = &self->arrays;
    int64_t T = self->T, V = self->V, N = self->N, M = self->M, TV = T * V, C = self->data.C;
    self->mask_rngs = sl_array_pool_take(k, V, sizeof(sl_rng));
    self->action_rngs = sl_array_pool_take(k, V * N, sizeof(sl_rng));
    self->running_return = sl_array_pool_take(k, V * N, sizeof(double));
    self->running_length = sl_array_pool_take(k, V, sizeof(int32_t));
    self->obs = SL_TAKE_FLOATS(k, (TV + V) * N * self->O);
    self->state = SL_TAKE_FLOATS(k, self->setup->spec.state_is_obs ? 0 : (TV + V) * self->S);
    self->value = SL_TAKE_FLOATS(k, (TV + V) * M);
    self->avail = sl_array_pool_take(k, self->setup->uses_avail ? (TV + V) * N * self->A : 0, 1);
    self->alive = sl_array_pool_take(k, self->setup->spec.mortal ? (TV + V) * N : 0, 1);
    self->counts = SL_TAKE_FLOATS(k, self->setup->spec.mortal ? TV * N : 0);
    self->masked = SL_TAKE_FLOATS(k, self->masks ? TV * N * self->O : 0);
    self->shown = sl_array_pool_take(k, self->masks && self->setup->hides_avail ? TV * N * self->A : 0, 1);
    self->logp = SL_TAKE_FLOATS(k, TV * N);
    self->reward = SL_TAKE_FLOATS(k, TV * M);
    self->last_value = SL_TAKE_FLOATS(k, TV * M);
    self->advantage = SL_TAKE_FLOATS(k, TV * M);
    self->target = SL_TAKE_FLOATS(k, TV * M);
    self->not_first = SL_TAKE_FLOATS(k, TV);
    self->hidden = SL_TAKE_FLOATS(k, C * V * N * self->data.H);
    self->critic_hidden = SL_TAKE_FLOATS(k, C * V * M * self->data.critic_H);
    self->action = sl_array_pool_take(k, TV * N, sizeof(int32_t));
    self->terminated = sl_array_pool_take(k, TV, 1);
    self->truncated = sl_array_pool_take(k, TV, 1);
    self->won = sl_array_pool_take(k, self->setup->spec.can_win ? TV : 0, 1);
    self->step_reward = sl_array_pool_take(k, V * N, sizeof(double));
    self->finished_return = sl_array_pool_take(k, TV * N, sizeof(double));
    self->finished_length = sl_array_pool_take(k, TV, sizeof(int32_t));
    self->episode_return = sl_array_pool_take(k, TV * N, sizeof(double));
    self->episode_length = sl_array_pool_take(k, TV, sizeof(int32_t));
    self->episode_won = sl_array_pool_take(k, self->setup->spec.can_win ? TV : 0, 1);
    self->logits = SL_TAKE_FLOATS(k, V * N * self->A);
    self->all_logp = SL_TAKE_FLOATS(k, V * N * self->A);
    self->ended = sl_array_pool_take(k, V, 1);
}

static void point_data(sl_rollout *self) {
    sl_batch *d = &self->data;
    bool state_is_obs = self->setup->spec.state_is_obs;
    d->obs = self->masked ? self->masked : self->obs;
    d->state = !state_is_obs ? self->state : self->masked ? self->obs : NULL;
    d->critic_obs = self->masked && self->setup->critic_own ? self->obs : NULL;
    d->alive = self->counts;
    d->avail = self->shown ? self->shown : self->avail;
    d->action = self->action;
    d->logp = self->logp;
    d->advantage = self->advantage;
    d->target = self->target;
    d->value = self->value;
    d->reward = self->reward;
    d->not_first = self->not_first;
    d->terminated = self->terminated;
    d->truncated = self->truncated;
    d->hidden = self->hidden;
    d->critic_hidden = self->critic_hidden;
    d->episode_return = self->episode_return;
    d->episode_length = self->episode_length;
    d->episode_won = self->episode_won;
}

// the streams that follow from the seed, and the first observations into row T
static void start(sl_rollout *self, const sl_rng *stream) {
    sl_rng masks = sl_rng_split_name(stream, "mask"), actions = sl_rng_split_name(stream, "action");
    int64_t last = (int64_t)self->T * self->V;
    if (self->avail) sl_setup_fill_avail(&self->setup->spec, last + self->V, self->avail);
    for (int v = 0; v < self->V; v++) {
        self->mask_rngs[v] = sl_rng_split(&masks, (uint64_t)v);
        if (self->masks) sl_mask_draw(self->masks, v, &self->mask_rngs[v]);
    }
    for (int i = 0; i < self->V * self->N; i++) self->action_rngs[i] = sl_rng_split(&actions, (uint64_t)i);
    sl_env_out out = {.obs = self->obs + last * self->N * self->O,
                      .state = self->state ? self->state + last * self->S : NULL,
                      .avail = self->setup->spec.masks_actions ? self->avail + last * self->N * self->A : NULL,
                      .alive = self->alive ? self->alive + last * self->N : NULL};
    sl_env_reset(self->env, 0, self->V, NULL, &out);
}

static sl_status create_parts(sl_rollout *self) {
    const sl_setup *setup = self->setup;
    sl_rng stream = sl_rng_split_name(&setup->root, "rollout");
    sl_policy_set_def actors =
        setup->direct ? sl_policy_set_students_def(setup, self->V) : sl_policy_set_teacher_def(setup, self->V);
    SL_TRY(sl_setup_env(setup, self->V, &stream, &self->env));
    if (setup->direct && setup->masked) SL_TRY(sl_setup_masks(setup, self->V, &self->masks));
    SL_TRY(sl_policy_set_create(&actors, &self->actors));
    SL_TRY(sl_critic_create(setup, self->V, &self->critic));
    sl_policy_set *critic = sl_critic_net(self->critic);
    self->data.H = sl_policy_set_is_recurrent(self->actors) ? sl_policy_set_hidden_dim(self->actors) : 0;
    self->data.critic_H = sl_policy_set_is_recurrent(critic) ? sl_policy_set_hidden_dim(critic) : 0;
    allocate(self);
    if (self->arrays.failed)
        return sl_fail(SL_MEMORY, "lower n_envs or rollout_steps", "cannot allocate a rollout of %d steps, %d copies",
                       self->T, self->V);
    point_data(self);
    start(self, &stream);
    return SL_OK;
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
    self->slices = sl_slices_of(self->V);
    self->data = (sl_batch){.T = self->T,
                            .B = self->V,
                            .N = self->N,
                            .O = self->O,
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

// the critic's values of the slice at row t of the stored states, in reward units, into value (V, M)
static void estimate_values(sl_rollout *self, int slice, int t, sl_forward_mode mode, float *value) {
    int64_t first = (int64_t)t * self->V;
    sl_critic_view view = {.state = self->state ? self->state + first * self->S : NULL,
                           .obs = self->obs + first * self->N * self->O,
                           .alive = self->alive ? self->alive + first * self->N : NULL};
    sl_critic_value(self->critic, slice, mode, &view, value);
}

// actions of the slice at step t, with their log-probabilities
static void act(sl_rollout *self, int slice, int t) {
    int begin = sl_slices_begin(self->slices, slice), end = sl_slices_end(self->slices, slice);
    int64_t first = (int64_t)t * self->V, row = (first + begin) * self->N, lane = (int64_t)begin * self->N;
    const float *seen = self->obs + first * self->N * self->O;
    if (self->masked) {
        float *masked = self->masked + first * self->N * self->O;
        sl_mask_apply(self->masks, begin, end, seen, masked);
        seen = masked;
    }
    sl_policy_set_forward(self->actors, slice, SL_FORWARD_STEP, seen, self->logits, NULL);
    int R = (end - begin) * self->N, A = self->A;
    const uint8_t *avail = self->avail ? self->avail + row * A : NULL;
    if (self->shown) {
        sl_mask_avail(self->masks, R, avail, self->shown + row * A);
        avail = self->shown + row * A;
    }
    for (int r = 0; self->alive && r < R; r++) self->counts[row + r] = self->alive[row + r] ? 1.0f : 0.0f;
    float *logp = self->all_logp + lane * A;
    int32_t *action = self->action + row;
    sl_categorical_log_softmax(R, A, self->logits + lane * A, avail, logp);
    sl_categorical_sample(R, A, logp, self->action_rngs + lane, action);
    for (int r = 0; r < R; r++) self->logp[row + r] = logp[(int64_t)r * A + action[r]];
}

// closes the episodes of the slice that ended at step t: last values, returns, masks, recurrent states, reset
static void finish(sl_rollout *self, int slice, int t, sl_env_out *next) {
    int begin = sl_slices_begin(self->slices, slice), end = sl_slices_end(self->slices, slice);
    int64_t first = (int64_t)t * self->V;
    int n_ended = 0, n_truncated = 0;
    for (int v = begin; v < end; v++) {
        n_truncated += self->truncated[first + v] != 0;
        self->ended[v] = self->terminated[first + v] | self->truncated[first + v];
        n_ended += self->ended[v] != 0;
        self->finished_length[first + v] = self->ended[v] ? self->running_length[v] : 0;
    }
    if (n_ended == 0) return;
    // the last observations are read before the reset writes over them
    if (n_truncated > 0) estimate_values(self, slice, t + 1, SL_FORWARD_PEEK, self->last_value + first * self->M);
    for (int v = begin; v < end; v++) {
        if (!self->ended[v]) continue;
        double *running = self->running_return + (int64_t)v * self->N;
        memcpy(self->finished_return + (first + v) * self->N, running, (size_t)self->N * sizeof *running);
        memset(running, 0, (size_t)self->N * sizeof *running);
        self->running_length[v] = 0;
        sl_policy_set_reset(self->actors, v);
        sl_critic_reset(self->critic, v);
        if (self->masks) sl_mask_draw(self->masks, v, &self->mask_rngs[v]);
    }
    sl_env_reset(self->env, begin, end, self->ended, next);
}

static void step(sl_rollout *self, int slice, int t) {
    int begin = sl_slices_begin(self->slices, slice), end = sl_slices_end(self->slices, slice), N = self->N;
    int64_t first = (int64_t)t * self->V, next_row = first + self->V;
    sl_env_out next = {
        .obs = self->obs + next_row * N * self->O,
        .state = self->state ? self->state + next_row * self->S : NULL,
        .avail = self->setup->spec.masks_actions ? self->avail + next_row * N * self->A : NULL,
        .alive = self->alive ? self->alive + next_row * N : NULL,
        .reward = self->step_reward,
        .terminated = self->terminated + first,
        .truncated = self->truncated + first,
        .won = self->won ? self->won + first : NULL,
    };
    sl_env_step(self->env, begin, end, self->action + first * N, &next);
    for (int v = begin; v < end; v++) {
        const double *reward = self->step_reward + (int64_t)v * N;
        sl_setup_reward(self->setup, reward, self->reward + (first + v) * self->M);
        for (int n = 0; n < N; n++) self->running_return[(int64_t)v * N + n] += reward[n];
        self->running_length[v]++;
    }
    finish(self, slice, t, &next);
}

// row T of the last call is row 0 of this one
static void carry_over(sl_rollout *self, int begin, int end) {
    int64_t rows = end - begin, from = (int64_t)self->T * self->V + begin, N = self->N;
    int64_t NO = N * self->O, NA = N * self->A;
    memcpy(self->obs + begin * NO, self->obs + from * NO, (size_t)(rows * NO) * sizeof(float));
    if (self->state)
        memcpy(self->state + (int64_t)begin * self->S, self->state + from * self->S,
               (size_t)(rows * self->S) * sizeof(float));
    if (self->setup->spec.masks_actions)
        memcpy(self->avail + begin * NA, self->avail + from * NA, (size_t)(rows * NA));
    if (self->alive) memcpy(self->alive + begin * N, self->alive + from * N, (size_t)(rows * N));
}

static void collect_slice(void *context, int slice, int thread) {
    (void)thread;
    sl_rollout *self = context;
    int begin = sl_slices_begin(self->slices, slice), end = sl_slices_end(self->slices, slice);
    int64_t row = (int64_t)self->V * self->M;
    carry_over(self, begin, end);
    for (int t = 0; t < self->T; t++) {
        for (int v = begin; v < end; v++)
            self->not_first[(int64_t)t * self->V + v] = self->running_length[v] == 0 ? 0.0f : 1.0f;
        if (t % self->chunk == 0) {
            int64_t c = (int64_t)(t / self->chunk) * self->V;
            if (self->hidden)
                sl_policy_set_get_hidden(self->actors, slice, self->hidden + c * self->N * self->data.H);
            if (self->critic_hidden)
                sl_policy_set_get_hidden(sl_critic_net(self->critic), slice,
                                         self->critic_hidden + c * self->M * self->data.critic_H);
        }
        act(self, slice, t);
        estimate_values(self, slice, t, SL_FORWARD_STEP, self->value + t * row);
        step(self, slice, t);
    }
    estimate_values(self, slice, self->T, SL_FORWARD_PEEK, self->value + self->T * row);
    const sl_exp_ppo *ppo = &self->setup->experiment->teacher.ppo;
    sl_gae gae = {self->T,         self->V,     self->M,          (float)ppo->gamma, (float)ppo->lambda,
                  self->reward,    self->value, self->last_value, self->terminated,  self->truncated,
                  self->advantage, self->target};
    sl_gae_compute(&gae, begin, end);
}

void sl_rollout_collect(sl_rollout *self, const float *params, const float *critic, double value_mean,
                        double value_std) {
    memcpy(sl_policy_set_params(self->actors), params, sl_policy_set_n_params(self->actors) * sizeof(float));
    sl_critic_set(self->critic, critic, value_mean, value_std);
    sl_pool_run(self->pool, self->slices.n, collect_slice, self);
    // the finished episodes, by time and then by copy
    int n = 0;
    for (int64_t i = 0; i < (int64_t)self->T * self->V; i++) {
        if (self->finished_length[i] == 0) continue;
        memcpy(self->episode_return + (int64_t)n * self->N, self->finished_return + i * self->N,
               (size_t)self->N * sizeof(double));
        if (self->won) self->episode_won[n] = self->won[i];
        self->episode_length[n++] = self->finished_length[i];
    }
    self->data.n_episodes = n;
}

sl_status sl_rollout_visit(sl_rollout *self, sl_cursor *cursor) {
    size_t V = (size_t)self->V, N = (size_t)self->N, last = (size_t)self->T * V, n;
    SL_TRY(sl_cursor_expect(cursor, (uint64_t)V, "number of copies"));
    SL_TRY(sl_cursor_expect(cursor, (uint64_t)self->T, "rollout length"));
    SL_TRY(sl_cursor_env(cursor, self->env));
    if (self->masks) SL_TRY(sl_cursor_mask(cursor, self->masks));
    sl_cursor_item(cursor, self->mask_rngs, V * sizeof(sl_rng));
    sl_cursor_item(cursor, self->action_rngs, V * N * sizeof(sl_rng));
    sl_cursor_item(cursor, self->running_return, V * N * sizeof(double));
    sl_cursor_item(cursor, self->running_length, V * sizeof(int32_t));
    size_t NO = N * (size_t)self->O, NA = N * (size_t)self->A, S = (size_t)self->S;
    sl_cursor_item(cursor, self->obs + last * NO, V * NO * sizeof(float));
    if (self->state) sl_cursor_item(cursor, self->state + last * S, V * S * sizeof(float));
    if (self->avail) sl_cursor_item(cursor, self->avail + last * NA, V * NA);
    if (self->alive) sl_cursor_item(cursor, self->alive + last * N, V * N);
    for (int k = 0; k < sl_policy_set_n_nets(self->actors); k++) {
        float *h = sl_policy_set_states(self->actors, k, &n);
        sl_cursor_item(cursor, h, n * sizeof(float));
    }
    float *h = sl_policy_set_states(sl_critic_net(self->critic), 0, &n);
    sl_cursor_item(cursor, h, n * sizeof(float));
    return SL_OK;
}
