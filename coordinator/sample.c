/* sample.c - see sample.h. */
#include "coordinator/sample.h"

#include "common/alloc.h"
#include "common/array_pool.h"
#include "links/team.h"
#include "rollout/gae.h"
#include "rollout/view.h"

#include <string.h>

struct sl_sample {
    const sl_setup *setup;
    sl_mask *mask;      /* what students see, of one copy */
    sl_link_team *team; /* what has arrived of it, of one copy; NULL: everything */
    sl_view view;       /* without the mask, which comes with the episode */
    int T_max, B;
    sl_batch data;
    float *obs, *logp, *advantage, *target, *value, *not_first, *alive, *logits, *z;
    uint8_t *avail, *won;
    int32_t *action, *length;
    double *episode_return;
    /* one episode */
    float *reward, *last_value, *episode_advantage, *episode_target; /* (T, M) */
    double *rewards;                                                 /* (N) of one step */
    uint8_t *terminated, *truncated;
    bool any_dead;  /* some agent of some episode of the batch died on the way */
    bool knows_won; /* of all episodes of the batch */
    sl_array_pool arrays;
};

static void allocate(sl_sample *self, int H) {
    const sl_setup *s = self->setup;
    sl_array_pool *k = &self->arrays;
    int64_t T = self->T_max, TB = T * self->B, N = s->N, M = s->M;
    self->obs = SL_TAKE_FLOATS(k, TB * N * s->P);
    self->logp = SL_TAKE_FLOATS(k, TB * N);
    self->advantage = SL_TAKE_FLOATS(k, TB * M);
    self->target = SL_TAKE_FLOATS(k, TB * M);
    self->value = SL_TAKE_FLOATS(k, TB * M);
    self->not_first = SL_TAKE_FLOATS(k, TB);
    self->alive = SL_TAKE_FLOATS(k, TB * N);
    self->logits = SL_TAKE_FLOATS(k, TB * N * s->A);
    self->z = SL_TAKE_FLOATS(k, TB * N * H);
    self->avail = sl_array_pool_take(k, s->uses_avail ? TB * N * s->A : 0, 1);
    self->action = sl_array_pool_take(k, TB * N, sizeof(int32_t));
    self->length = sl_array_pool_take(k, self->B, sizeof(int32_t));
    self->won = sl_array_pool_take(k, self->B, 1);
    self->episode_return = sl_array_pool_take(k, self->B * N, sizeof(double));
    self->reward = SL_TAKE_FLOATS(k, T * M);
    self->rewards = sl_array_pool_take(k, N, sizeof(double));
    self->last_value = SL_TAKE_FLOATS(k, T * M);
    self->episode_advantage = SL_TAKE_FLOATS(k, T * M);
    self->episode_target = SL_TAKE_FLOATS(k, T * M);
    self->terminated = sl_array_pool_take(k, T, 1);
    self->truncated = sl_array_pool_take(k, T, 1);
}

sl_status sl_sample_create(const sl_setup *setup, int B, int H, sl_sample **out) {
    sl_sample *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "cannot allocate a batch");
    *self = (sl_sample){.setup = setup, .T_max = setup->spec.max_steps, .B = B};
    allocate(self, H);
    self->view = sl_view_of(&setup->spec, NULL, false, setup->ages);
    const sl_links *links = sl_setup_trained_links(setup, true);
    sl_status status = sl_setup_masks(setup, 1, &self->mask);
    if (status == SL_OK && links) status = sl_link_team_create(links, 1, setup->ages, &self->team);
    if (status == SL_OK && self->arrays.failed)
        status = sl_fail(SL_MEMORY, "lower distill.episodes", "cannot allocate a batch of %d episodes", B);
    if (status != SL_OK) {
        sl_sample_destroy(&self);
        return status;
    }
    self->data = (sl_batch){.B = B,
                            .N = setup->N,
                            .O = setup->O,
                            .P = setup->P,
                            .A = setup->A,
                            .M = setup->M,
                            .teacher_H = H,
                            .n_episodes = B,
                            .obs = self->obs,
                            .avail = self->avail,
                            .action = self->action,
                            .logp = self->logp,
                            .advantage = self->advantage,
                            .target = self->target,
                            .value = self->value,
                            .not_first = self->not_first,
                            .teacher_logits = self->logits,
                            .teacher_z = self->z,
                            .episode_return = self->episode_return,
                            .episode_length = self->length};
    *out = self;
    return SL_OK;
}

void sl_sample_destroy(sl_sample **self) {
    if (!*self) return;
    sl_mask_destroy(&(*self)->mask);
    sl_link_team_destroy(&(*self)->team);
    sl_array_pool_fini(&(*self)->arrays);
    sl_free(*self);
    *self = NULL;
}

// the episode's advantages with the values that the teacher's critic gave its states
static void set_advantages(sl_sample *self, int b, const sl_episode *e) {
    const sl_exp_distill *distill = &self->setup->experiment->distill;
    int M = e->M, N = e->N, last = e->T - 1;
    for (int t = 0; t < e->T; t++) {
        for (int n = 0; n < N; n++) self->rewards[n] = (double)e->reward[t * N + n];
        sl_setup_reward(self->setup, self->rewards, self->reward + (int64_t)t * M);
        self->terminated[t] = t == last && e->terminated;
        self->truncated[t] = t == last && !e->terminated;
    }
    memcpy(self->last_value + (int64_t)last * M, e->value + (int64_t)e->T * M, (size_t)M * sizeof(float));
    sl_gae gae = {e->T,
                  1,
                  M,
                  (float)distill->gamma,
                  (float)distill->lambda,
                  self->reward,
                  e->value,
                  self->last_value,
                  self->terminated,
                  self->truncated,
                  self->episode_advantage,
                  self->episode_target};
    sl_gae_compute(&gae, 0, 1);
    for (int t = 0; t < e->T; t++) {
        int64_t to = ((int64_t)t * self->B + b) * M, from = (int64_t)t * M;
        for (int m = 0; m < M; m++) {
            self->advantage[to + m] = self->episode_advantage[from + m];
            self->target[to + m] = self->episode_target[from + m];
            self->value[to + m] = e->value[from + m];
        }
    }
}

// the teacher never plays what is illegal, whatever the student believes (eq. 7)
static void set_avail(sl_sample *self, int64_t row, const uint8_t *avail) {
    int64_t NA = (int64_t)self->data.N * self->data.A;
    sl_mask_avail(self->mask, self->data.N, avail, self->avail + row * NA);
    if (!self->setup->hides_avail) return;
    for (int64_t i = 0; i < NA; i++)
        if (!avail[i]) self->logits[row * NA + i] = -1e10f;
}

// what students would have seen of a step: what has arrived of it, under their mask
static void see(sl_sample *self, const float *obs_mask, const float *obs, float *seen) {
    if (!self->team && !self->view.ages) {
        sl_mask_see(self->mask, obs_mask, obs, seen);
        return;
    }
    if (self->team)
        sl_link_team_show(self->team, 0, 1, obs, seen);
    else
        sl_view_fresh(&self->view, 0, 1, obs, seen);
    sl_mask_cover(self->mask, obs_mask, self->view.P, seen);
}

static void set_step(sl_sample *self, int b, int t, const sl_episode *e, const float *obs_mask) {
    int64_t N = e->N, NO = N * e->O, NA = N * e->A, NH = N * e->H, row = (int64_t)t * self->B + b;
    see(self, obs_mask, e->obs + t * NO, self->obs + row * N * self->data.P);
    memcpy(self->logits + row * NA, e->logits + t * NA, (size_t)NA * sizeof(float));
    memcpy(self->z + row * NH, e->z + t * NH, (size_t)NH * sizeof(float));
    memcpy(self->logp + row * N, e->logp + t * N, (size_t)N * sizeof(float));
    memcpy(self->action + row * N, e->action + t * N, (size_t)N * sizeof(int32_t));
    if (self->avail) set_avail(self, row, e->avail + t * NA);
    self->not_first[row] = t == 0 ? 0.0f : 1.0f;
    for (int64_t n = 0; n < N; n++) {
        self->alive[row * N + n] = e->alive ? e->alive[t * N + n] : 1.0f;
        self->episode_return[b * N + n] += (double)e->reward[t * N + n];
    }
}

// behind the end of a short episode everything is zero
static void clear_step(sl_sample *self, int b, int t) {
    const sl_batch *d = &self->data;
    int64_t N = d->N, NP = N * d->P, NA = N * d->A, NH = N * d->teacher_H, row = (int64_t)t * self->B + b;
    memset(self->obs + row * NP, 0, (size_t)NP * sizeof(float));
    memset(self->logits + row * NA, 0, (size_t)NA * sizeof(float));
    memset(self->z + row * NH, 0, (size_t)NH * sizeof(float));
    memset(self->logp + row * N, 0, (size_t)N * sizeof(float));
    memset(self->action + row * N, 0, (size_t)N * sizeof(int32_t));
    if (self->avail) sl_setup_fill_avail(&self->setup->spec, 1, self->avail + row * NA);
    memset(self->alive + row * N, 0, (size_t)N * sizeof(float));
    self->not_first[row] = 0.0f;
    for (int m = 0; m < d->M; m++) {
        int64_t i = row * d->M + m;
        self->advantage[i] = self->target[i] = self->value[i] = 0.0f;
    }
}

sl_status sl_sample_set(sl_sample *self, int b, const sl_episode *e, const float *obs_mask, const sl_rng *links) {
    const sl_batch *d = &self->data;
    if (e->N != d->N || e->O != d->O || e->A != d->A || e->H != d->teacher_H || e->M != d->M || e->T < 1 ||
        e->T > self->T_max || (self->avail && !e->avail))
        return sl_fail(SL_MISMATCH, "was it recorded for another experiment?",
                       "episode %llu: %d steps, %d agents, %d observations, %d actions, embedding %d, %d values; "
                       "expected at most %d, %d, %d, %d, %d, %d",
                       (unsigned long long)e->index, e->T, e->N, e->O, e->A, e->H, e->M, self->T_max, d->N, d->O,
                       d->A, d->teacher_H, d->M);
    if (b == 0) self->any_dead = false, self->knows_won = true;
    if (e->alive) self->any_dead = true;
    if (!e->knows_won) self->knows_won = false;
    self->won[b] = e->won;
    memset(self->episode_return + (int64_t)b * d->N, 0, (size_t)d->N * sizeof(double));
    self->length[b] = e->T;
    if (self->team) sl_link_team_begin(self->team, 0, links);
    for (int t = 0; t < e->T; t++) set_step(self, b, t, e, obs_mask);
    for (int t = e->T; t < self->T_max; t++) clear_step(self, b, t);
    set_advantages(self, b, e);
    return SL_OK;
}

const sl_batch *sl_sample_finish(sl_sample *self) {
    int shortest = self->T_max;
    self->data.T = 0;
    for (int b = 0; b < self->B; b++) {
        if (self->length[b] > self->data.T) self->data.T = self->length[b];
        if (self->length[b] < shortest) shortest = self->length[b];
    }
    self->data.episode_won = self->knows_won ? self->won : NULL;
    self->data.alive = shortest < self->data.T || self->any_dead ? self->alive : NULL;
    return &self->data;
}
