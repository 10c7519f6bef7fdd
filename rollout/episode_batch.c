/* episode_batch.c - one task per slice plays all of its episodes to the end. A copy that is through plays on for
 * nobody until the longest episode of its slice has ended, so that every batch keeps its shape and with it its bits.
 */
#include "rollout/episode_batch.h"

#include "common/alloc.h"
#include "common/array_pool.h"
#include "common/assert.h"
#include "nn/dist.h"
#include "rollout/critic.h"
#include "rollout/policy_set.h"

#include <string.h>

struct sl_episode_batch {
    const sl_setup *setup;
    sl_pool *pool;
    sl_slices slices;
    int T, V, N, O, A, S, M, H;
    sl_env *env;
    sl_mask *masks;
    sl_policy_set *teacher, *students; /* students: NULL where the teacher acts */
    sl_critic *critic;
    sl_episode *episodes; /* (V) */
    /* a step of all copies */
    sl_rng *rngs; /* (V, N) */
    float *obs, *masked, *state, *acting, *logits, *all_logp, *z, *value;
    double *reward;
    uint8_t *avail, *alive, *terminated, *truncated, *won, *ended, *done;
    uint8_t *shown; /* (V, N, A): the legal actions as students are told; NULL: as they are */
    int32_t *action;
    /* whole episodes, (V, T or T + 1, ...) */
    float *obs_vt, *obs_mask, *state_vt, *logp_vt, *value_vt, *reward_vt, *logits_vt, *z_vt, *alive_vt;
    uint8_t *avail_vt;
    int32_t *action_vt;
    sl_array_pool arrays;
};

static void allocate(sl_episode_batch *self) {
    sl_array_pool *k = &self->arrays;
    int64_t T = self->T, V = self->V, N = self->N, NO = N * self->O, NA = N * self->A, M = self->M, VT = V * T;
    int64_t S = self->setup->spec.state_is_obs ? 0 : self->S, avail = self->setup->uses_avail ? NA : 0;
    self->episodes = sl_array_pool_take(k, V, sizeof(sl_episode));
    self->rngs = sl_array_pool_take(k, V * N, sizeof(sl_rng));
    self->obs = SL_TAKE_FLOATS(k, V * NO);
    self->masked = SL_TAKE_FLOATS(k, self->students ? V * NO : 0);
    self->state = SL_TAKE_FLOATS(k, V * S);
    self->acting = SL_TAKE_FLOATS(k, self->students ? V * NA : 0);
    self->logits = SL_TAKE_FLOATS(k, V * NA);
    self->all_logp = SL_TAKE_FLOATS(k, V * NA);
    self->z = SL_TAKE_FLOATS(k, V * N * self->H);
    self->value = SL_TAKE_FLOATS(k, V * M);
    self->reward = sl_array_pool_take(k, V * N, sizeof(double));
    self->avail = sl_array_pool_take(k, V * avail, 1);
    self->shown = sl_array_pool_take(k, self->students && self->setup->hides_avail ? V * avail : 0, 1);
    self->alive = sl_array_pool_take(k, self->setup->spec.mortal ? V * N : 0, 1);
    self->terminated = sl_array_pool_take(k, V, 1);
    self->truncated = sl_array_pool_take(k, V, 1);
    self->won = sl_array_pool_take(k, self->setup->spec.can_win ? V : 0, 1);
    self->ended = sl_array_pool_take(k, V, 1);
    self->done = sl_array_pool_take(k, V, 1);
    self->action = sl_array_pool_take(k, V * N, sizeof(int32_t));
    self->obs_vt = SL_TAKE_FLOATS(k, (VT + V) * NO);
    self->obs_mask = SL_TAKE_FLOATS(k, V * NO);
    self->state_vt = SL_TAKE_FLOATS(k, (VT + V) * S);
    self->logp_vt = SL_TAKE_FLOATS(k, VT * N);
    self->value_vt = SL_TAKE_FLOATS(k, (VT + V) * M);
    self->reward_vt = SL_TAKE_FLOATS(k, VT * N);
    self->logits_vt = SL_TAKE_FLOATS(k, VT * NA);
    self->z_vt = SL_TAKE_FLOATS(k, VT * N * self->H);
    self->alive_vt = SL_TAKE_FLOATS(k, self->setup->spec.mortal ? VT * N : 0);
    self->avail_vt = sl_array_pool_take(k, VT * avail, 1);
    self->action_vt = sl_array_pool_take(k, VT * N, sizeof(int32_t));
}

static void point_episodes(sl_episode_batch *self) {
    int64_t T = self->T, N = self->N, NO = N * self->O, NA = N * self->A;
    for (int v = 0; v < self->V; v++) {
        self->episodes[v] = (sl_episode){
            .N = self->N,
            .O = self->O,
            .A = self->A,
            .S = self->state_vt ? self->S : 0,
            .H = self->H,
            .M = self->M,
            .knows_won = self->won != NULL,
            .obs = self->obs_vt + v * (T + 1) * NO,
            .obs_mask = self->obs_mask + v * NO,
            .state = self->state_vt ? self->state_vt + v * (T + 1) * self->S : NULL,
            .avail = self->avail_vt ? self->avail_vt + v * T * NA : NULL,
            .action = self->action_vt + v * T * N,
            .logp = self->logp_vt + v * T * N,
            .value = self->value_vt + v * (T + 1) * self->M,
            .reward = self->reward_vt + v * T * N,
            .alive = self->alive_vt ? self->alive_vt + v * T * N : NULL,
            .logits = self->logits_vt + v * T * NA,
            .z = self->z_vt + v * T * N * self->H,
        };
    }
}

static sl_status create_parts(sl_episode_batch *self, bool students_act) {
    const sl_setup *setup = self->setup;
    sl_policy_set_def teacher = sl_policy_set_teacher_def(setup, self->V);
    SL_TRY(sl_setup_env(setup, self->V, &setup->root, &self->env));
    SL_TRY(sl_setup_masks(setup, self->V, &self->masks));
    SL_TRY(sl_policy_set_create(&teacher, &self->teacher));
    SL_TRY(sl_critic_create(setup, self->V, &self->critic));
    if (students_act) {
        sl_policy_set_def students = sl_policy_set_students_def(setup, self->V);
        SL_TRY(sl_policy_set_create(&students, &self->students));
    }
    self->H = sl_policy_set_hidden_dim(self->teacher);
    allocate(self);
    if (self->arrays.failed)
        return sl_fail(SL_MEMORY, "lower the number of episodes", "cannot allocate %d episodes of %d steps", self->V,
                       self->T);
    if (self->avail) sl_setup_fill_avail(&setup->spec, self->V, self->avail);
    point_episodes(self);
    return SL_OK;
}

sl_status sl_episode_batch_create(const sl_setup *setup, sl_pool *pool, int V, bool students_act,
                                  sl_episode_batch **out) {
    sl_episode_batch *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "cannot allocate a wave of episodes");
    *self = (sl_episode_batch){.setup = setup,
                               .pool = pool,
                               .slices = sl_slices_of(V),
                               .T = setup->spec.max_steps,
                               .V = V,
                               .N = setup->N,
                               .O = setup->O,
                               .A = setup->A,
                               .S = setup->S,
                               .M = setup->M};
    sl_status status = create_parts(self, students_act);
    if (status != SL_OK) {
        sl_episode_batch_destroy(&self);
        return status;
    }
    *out = self;
    return SL_OK;
}

void sl_episode_batch_destroy(sl_episode_batch **self_pointer) {
    sl_episode_batch *self = *self_pointer;
    if (!self) return;
    sl_env_destroy(&self->env);
    sl_mask_destroy(&self->masks);
    sl_policy_set_destroy(&self->teacher);
    sl_critic_destroy(&self->critic);
    sl_policy_set_destroy(&self->students);
    sl_array_pool_fini(&self->arrays);
    sl_free(self);
    *self_pointer = NULL;
}

void sl_episode_batch_set_teacher(sl_episode_batch *self, const float *actor, const float *critic, double value_mean,
                                  double value_std) {
    memcpy(sl_policy_set_params(self->teacher), actor, sl_policy_set_n_params(self->teacher) * sizeof(float));
    sl_critic_set(self->critic, critic, value_mean, value_std);
}

void sl_episode_batch_set_students(sl_episode_batch *self, const float *params) {
    SL_ASSERT(self->students);
    memcpy(sl_policy_set_params(self->students), params, sl_policy_set_n_params(self->students) * sizeof(float));
}

const sl_episode *sl_episode_batch_get(const sl_episode_batch *self, int v) {
    return &self->episodes[v];
}

static sl_env_out outputs(const sl_episode_batch *self) {
    return (sl_env_out){.obs = self->obs,
                        .state = self->state,
                        .avail = self->setup->spec.masks_actions ? self->avail : NULL,
                        .alive = self->alive,
                        .reward = self->reward,
                        .terminated = self->terminated,
                        .truncated = self->truncated,
                        .won = self->won};
}

// observation and state of copy v as row t of its episode
static void keep_observation(sl_episode_batch *self, int v, int t) {
    int64_t NO = (int64_t)self->N * self->O, row = (int64_t)v * (self->T + 1) + t;
    memcpy(self->obs_vt + row * NO, self->obs + v * NO, (size_t)NO * sizeof(float));
    if (self->state)
        memcpy(self->state_vt + row * self->S, self->state + (int64_t)v * self->S, (size_t)self->S * sizeof(float));
}

static void hold_value(sl_episode_batch *self, int v, int t) {
    float *to = self->value_vt + ((int64_t)v * (self->T + 1) + t) * self->M;
    for (int m = 0; m < self->M; m++) to[m] = self->value[(int64_t)v * self->M + m];
}

static void estimate_values(sl_episode_batch *self, int slice, sl_forward_mode mode) {
    sl_critic_view view = {.state = self->state, .obs = self->obs, .alive = self->alive};
    sl_critic_value(self->critic, slice, mode, &view, self->value);
}

// everything that is decided at step t by copy v
static void keep_decision(sl_episode_batch *self, int v, int t) {
    int64_t N = self->N, A = self->A, row = (int64_t)v * self->T + t, NA = N * A, NH = N * self->H;
    memcpy(self->logits_vt + row * NA, self->logits + v * NA, (size_t)NA * sizeof(float));
    memcpy(self->z_vt + row * NH, self->z + v * NH, (size_t)NH * sizeof(float));
    if (self->avail) memcpy(self->avail_vt + row * NA, self->avail + v * NA, (size_t)NA);
    memcpy(self->action_vt + row * N, self->action + v * N, (size_t)N * sizeof(int32_t));
    for (int64_t n = 0; n < N; n++) {
        self->logp_vt[row * N + n] = self->all_logp[(v * N + n) * A + self->action[v * N + n]];
        if (self->alive) self->alive_vt[row * N + n] = self->alive[v * N + n] ? 1.0f : 0.0f;
    }
}

static void decide(sl_episode_batch *self, int slice) {
    int begin = sl_slices_begin(self->slices, slice), end = sl_slices_end(self->slices, slice);
    int64_t first = (int64_t)begin * self->N;
    int R = (end - begin) * self->N, A = self->A;
    sl_policy_set_forward(self->teacher, slice, SL_FORWARD_STEP, self->obs, self->logits, self->z);
    const float *acting = self->logits;
    const uint8_t *avail = self->avail ? self->avail + first * A : NULL;
    if (self->students) {
        sl_mask_apply(self->masks, begin, end, self->obs, self->masked);
        sl_policy_set_forward(self->students, slice, SL_FORWARD_STEP, self->masked, self->acting, NULL);
        acting = self->acting;
        if (self->shown) {
            sl_mask_avail(self->masks, R, avail, self->shown + first * A);
            avail = self->shown + first * A;
        }
    }
    sl_categorical_log_softmax(R, A, acting + first * A, avail, self->all_logp + first * A);
    sl_categorical_sample(R, A, self->all_logp + first * A, self->rngs + first, self->action + first);
    estimate_values(self, slice, SL_FORWARD_STEP);
}

// closes the episodes that ended at step t; returns how many copies of the slice still play
static int finish(sl_episode_batch *self, int slice, int t) {
    int begin = sl_slices_begin(self->slices, slice), end = sl_slices_end(self->slices, slice);
    int n_ended = 0, n_playing = 0;
    for (int v = begin; v < end; v++) {
        self->ended[v] = self->terminated[v] | self->truncated[v];
        n_ended += self->ended[v] != 0;
    }
    // the value behind the last step, for the bootstrap of a truncated episode
    if (n_ended > 0) estimate_values(self, slice, SL_FORWARD_PEEK);
    for (int v = begin; v < end; v++) {
        if (self->ended[v] && !self->done[v]) {
            keep_observation(self, v, t + 1);
            hold_value(self, v, t + 1);
            self->episodes[v].T = t + 1;
            self->episodes[v].terminated = self->terminated[v] != 0;
            self->episodes[v].won = self->won && self->won[v];
            self->done[v] = 1;
        }
        n_playing += !self->done[v];
    }
    if (n_ended > 0 && n_playing > 0) {
        sl_env_out out = outputs(self);
        sl_env_reset(self->env, begin, end, self->ended, &out);
    }
    return n_playing;
}

static void play_slice(void *context, int slice, int thread) {
    (void)thread;
    sl_episode_batch *self = context;
    int begin = sl_slices_begin(self->slices, slice), end = sl_slices_end(self->slices, slice), N = self->N;
    sl_env_out out = outputs(self);
    sl_env_reset(self->env, begin, end, NULL, &out);
    int n_playing = end - begin;
    for (int t = 0; t < self->T && n_playing > 0; t++) {
        decide(self, slice);
        for (int v = begin; v < end; v++) {
            if (self->done[v]) continue;
            keep_observation(self, v, t);
            hold_value(self, v, t);
            keep_decision(self, v, t);
        }
        sl_env_step(self->env, begin, end, self->action, &out);
        for (int v = begin; v < end; v++) {
            if (self->done[v]) continue;
            for (int n = 0; n < N; n++) {
                double reward = self->reward[(int64_t)v * N + n];
                self->reward_vt[((int64_t)v * self->T + t) * N + n] = (float)reward;
                self->episodes[v].ret += reward;
            }
        }
        n_playing = finish(self, slice, t);
    }
    // every environment truncates after max_steps
    SL_ASSERT(n_playing == 0);
}

void sl_episode_batch_play(sl_episode_batch *self, const sl_rng *stream, uint64_t first) {
    size_t NO = (size_t)self->N * (size_t)self->O;
    for (int v = 0; v < self->V; v++) {
        sl_rng episode = sl_rng_split(stream, first + (uint64_t)v);
        sl_rng mask = sl_rng_split_name(&episode, "mask"), action = sl_rng_split_name(&episode, "action");
        sl_env_seed(self->env, v, &episode);
        sl_mask_draw(self->masks, v, &mask);
        for (int n = 0; n < self->N; n++) self->rngs[(int64_t)v * self->N + n] = sl_rng_split(&action, (uint64_t)n);
        memcpy(self->obs_mask + (size_t)v * NO, sl_mask_get(self->masks, v), NO * sizeof(float));
        sl_policy_set_reset(self->teacher, v);
        sl_critic_reset(self->critic, v);
        if (self->students) sl_policy_set_reset(self->students, v);
        self->done[v] = 0;
        self->episodes[v].index = first + (uint64_t)v;
        self->episodes[v].ret = 0;
    }
    sl_pool_run(self->pool, self->slices.n, play_slice, self);
}
