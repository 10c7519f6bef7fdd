/* episode_batch.c - one task per slice plays all of its episodes to the end. A copy that is through plays on for
 * nobody until the longest episode of its slice has ended, so that every batch keeps its shape and with it its bits.
 */
#include "rollout/episode_batch.h"

#include "common/alloc.h"
#include "common/array_pool.h"
#include "rollout/critic.h"
#include "rollout/policy_set.h"
#include "rollout/runner.h"

#include <string.h>

struct sl_episode_batch {
    const sl_setup *setup;
    sl_pool *pool;
    const sl_teacher *frozen;
    int T, V, N, O, A, S, M, H;
    sl_env *env;
    sl_mask *masks;
    sl_runner *runner;
    sl_policy_set *teacher;
    sl_critic *critic;
    sl_episode *episodes; /* (V) */
    /* a step of all copies */
    sl_rng *rngs; /* (V, N) */
    float *logits, *all_logp, *z, *value;
    uint8_t *done;  /* (V) */
    int *n_playing; /* (slices): copies that are not done */
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
    self->logits = SL_TAKE_FLOATS(k, V * NA);
    self->all_logp = SL_TAKE_FLOATS(k, V * NA);
    self->z = SL_TAKE_FLOATS(k, V * N * self->H);
    self->value = SL_TAKE_FLOATS(k, V * M);
    self->done = sl_array_pool_take(k, V, 1);
    self->n_playing = sl_array_pool_take(k, sl_runner_slices(self->runner).n, sizeof(int));
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
            .knows_won = self->setup->spec.can_win,
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

// observation and state that copy v has at step t
static void keep_observation(sl_episode_batch *self, int v, int t, const float *obs, const float *state) {
    int64_t NO = (int64_t)self->N * self->O, S = self->S, row = (int64_t)v * (self->T + 1) + t;
    memcpy(self->obs_vt + row * NO, obs + v * NO, (size_t)NO * sizeof(float));
    if (state) memcpy(self->state_vt + row * S, state + v * S, (size_t)S * sizeof(float));
    memcpy(self->value_vt + row * self->M, self->value + (int64_t)v * self->M, (size_t)self->M * sizeof(float));
}

// everything that copy v decides at step t
static void keep_decision(sl_episode_batch *self, int v, int t, const sl_step *step) {
    int64_t N = self->N, A = self->A, row = (int64_t)v * self->T + t, NA = N * A, NH = N * self->H;
    memcpy(self->logits_vt + row * NA, self->logits + v * NA, (size_t)NA * sizeof(float));
    memcpy(self->z_vt + row * NH, self->z + v * NH, (size_t)NH * sizeof(float));
    if (step->avail) memcpy(self->avail_vt + row * NA, step->avail + v * NA, (size_t)NA);
    memcpy(self->action_vt + row * N, step->actions + v * N, (size_t)N * sizeof(int32_t));
    for (int64_t n = 0; n < N; n++) {
        self->logp_vt[row * N + n] = self->all_logp[(v * N + n) * A + step->actions[v * N + n]];
        if (step->alive) self->alive_vt[row * N + n] = step->alive[v * N + n] ? 1.0f : 0.0f;
    }
}

// the teacher acts
static sl_status act(void *context, const sl_step *step) {
    sl_episode_batch *self = context;
    sl_critic_view view = {step->state, step->obs, step->alive};
    sl_policy_set_forward(self->teacher, step->slice, SL_FORWARD_STEP, step->obs, self->logits, self->z);
    sl_runner_choose(self->runner, step, &sl_behaviours[0], self->logits, self->rngs, self->all_logp);
    sl_critic_value(self->critic, step->slice, SL_FORWARD_STEP, &view, self->value);
    for (int v = step->begin; v < step->end; v++) {
        if (self->done[v]) continue;
        keep_observation(self, v, self->episodes[v].T, step->obs, step->state);
        keep_decision(self, v, self->episodes[v].T, step);
    }
    return SL_OK;
}

static void keep(void *context, const sl_step *step) {
    sl_episode_batch *self = context;
    const sl_env_out *next = &step->next;
    sl_critic_view view = {next->state, next->obs, next->alive};
    // the value behind the last step, for the bootstrap of a truncated episode
    if (step->n_ended > 0) sl_critic_value(self->critic, step->slice, SL_FORWARD_PEEK, &view, self->value);
    for (int v = step->begin; v < step->end; v++) {
        sl_episode *episode = &self->episodes[v];
        if (self->done[v]) continue;
        for (int n = 0; n < self->N; n++) {
            double reward = next->reward[(int64_t)v * self->N + n];
            self->reward_vt[((int64_t)v * self->T + episode->T) * self->N + n] = (float)reward;
            episode->ret += reward;
        }
        episode->T++;
        if (!step->ended[v]) continue;
        keep_observation(self, v, episode->T, next->obs, next->state);
        episode->terminated = next->terminated[v] != 0;
        episode->won = next->won && next->won[v];
        self->done[v] = 1;
        self->n_playing[step->slice]--;
    }
}

// a copy that is done plays on for nobody until its slice is
static bool goes_on(void *context, int slice, int v) {
    (void)v;
    sl_episode_batch *self = context;
    return self->n_playing[slice] > 0;
}

static sl_status create_parts(sl_episode_batch *self) {
    const sl_setup *setup = self->setup;
    sl_policy_set_def teacher = sl_policy_set_teacher_def(setup, self->V);
    teacher.params = self->frozen->actor;
    SL_TRY(sl_setup_env(setup, self->V, &setup->root, &self->env));
    SL_TRY(sl_setup_masks(setup, self->V, &self->masks));
    SL_TRY(sl_policy_set_create(&teacher, &self->teacher));
    SL_TRY(sl_critic_create(setup, self->V, self->frozen->critic, &self->critic));
    sl_runner_def runner = {.V = self->V,
                            .env = self->env,
                            .hides_avail = setup->hides_avail,
                            .for_critic = true,
                            .context = self,
                            .act = act,
                            .keep = keep,
                            .next = goes_on};
    SL_TRY(sl_runner_create(&runner, &self->runner));
    self->H = sl_policy_set_hidden_dim(self->teacher);
    allocate(self);
    if (self->arrays.failed)
        return sl_fail(SL_MEMORY, "lower the number of episodes", "cannot allocate %d episodes of %d steps", self->V,
                       self->T);
    point_episodes(self);
    return SL_OK;
}

sl_status sl_episode_batch_create(const sl_setup *setup, sl_pool *pool, int V, const sl_teacher *teacher,
                                  sl_episode_batch **out) {
    sl_episode_batch *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "cannot allocate an episode batch");
    *self = (sl_episode_batch){.setup = setup,
                               .pool = pool,
                               .frozen = teacher,
                               .T = setup->spec.max_steps,
                               .V = V,
                               .N = setup->N,
                               .O = setup->O,
                               .A = setup->A,
                               .S = setup->S,
                               .M = setup->M};
    sl_status status = create_parts(self);
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
    sl_runner_destroy(&self->runner);
    sl_env_destroy(&self->env);
    sl_mask_destroy(&self->masks);
    sl_policy_set_destroy(&self->teacher);
    sl_critic_destroy(&self->critic);
    sl_array_pool_fini(&self->arrays);
    sl_free(self);
    *self_pointer = NULL;
}

const sl_episode *sl_episode_batch_get(const sl_episode_batch *self, int v) {
    return &self->episodes[v];
}

static void play_slice(void *context, int slice, int thread) {
    (void)thread;
    sl_episode_batch *self = context;
    sl_slices slices = sl_runner_slices(self->runner);
    self->n_playing[slice] = sl_slices_end(slices, slice) - sl_slices_begin(slices, slice);
    sl_runner_play_episodes(self->runner, slice, &self->n_playing[slice]);
}

void sl_episode_batch_play(sl_episode_batch *self, const sl_rng *stream, uint64_t first) {
    size_t NO = (size_t)self->N * (size_t)self->O;
    sl_critic_scale(self->critic, self->frozen->value_mean, self->frozen->value_std);
    for (int v = 0; v < self->V; v++) {
        sl_episode *episode = &self->episodes[v];
        sl_streams streams = sl_streams_split(stream, (int64_t)first + v);
        sl_runner_seed(self->runner, v, &streams);
        // what the students would have seen is recorded, too
        sl_mask_draw(self->masks, v, &streams.mask);
        for (int n = 0; n < self->N; n++)
            self->rngs[(int64_t)v * self->N + n] = sl_rng_split(&streams.action, (uint64_t)n);
        memcpy(self->obs_mask + (size_t)v * NO, sl_mask_get(self->masks, v), NO * sizeof(float));
        sl_policy_set_reset(self->teacher, v);
        sl_critic_reset(self->critic, v);
        self->done[v] = 0;
        episode->index = first + (uint64_t)v;
        episode->T = 0;
        episode->ret = 0;
    }
    sl_pool_run(self->pool, sl_runner_slices(self->runner).n, play_slice, self);
}
