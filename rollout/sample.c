/* sample.c - see sample.h. */
#include "rollout/sample.h"

#include "common/alloc.h"
#include "common/array_pool.h"
#include "common/assert.h"
#include "links/team.h"
#include "rollout/gae.h"
#include "rollout/view.h"

#include <string.h>

struct sl_sample {
    const sl_setup *setup;
    sl_lessons lessons;
    sl_mask *mask;      /* what students see, of one copy */
    sl_link_team *team; /* what has arrived of it, of one copy; NULL: everything */
    sl_view view;       /* without the mask, which comes with the episode */
    int T_max, B;
    sl_batch data;
    sl_sample_rows rows;  /* of step 0; value (T + 1, ...) */
    float *maps, *mapped; /* (H, Z) of lessons, or NULL; (T N, Z) of one episode */
    float *advantage, *target, *not_first;
    uint8_t *terminated, *truncated; /* (T, B) */
    double *episode_return;
    int32_t *length;
    sl_sample_end *ends; /* (B) */
    uint8_t *won;
    sl_array_pool arrays;
};

static void allocate(sl_sample *self) {
    const sl_setup *s = self->setup;
    const sl_lessons *lessons = &self->lessons;
    sl_array_pool *k = &self->arrays;
    sl_sample_rows *rows = &self->rows;
    int64_t B = self->B, TB = self->T_max * B, N = s->N, M = s->M, ppo = lessons->ppo;
    rows->obs = SL_TAKE_FLOATS(k, TB * N * s->P);
    rows->avail = sl_array_pool_take(k, s->uses_avail ? TB * N * s->A : 0, 1);
    rows->action = sl_array_pool_take(k, ppo * TB * N, sizeof(int32_t));
    rows->logp = SL_TAKE_FLOATS(k, ppo * TB * N);
    rows->alive = SL_TAKE_FLOATS(k, TB * N);
    rows->logits = SL_TAKE_FLOATS(k, TB * N * s->A);
    rows->z = SL_TAKE_FLOATS(k, TB * N * lessons->Z);
    rows->value = SL_TAKE_FLOATS(k, ppo * (TB + B) * M);
    rows->last_value = SL_TAKE_FLOATS(k, ppo * TB * M);
    rows->reward = SL_TAKE_FLOATS(k, ppo * TB * M);
    self->mapped = SL_TAKE_FLOATS(k, self->T_max * N * lessons->Z);
    self->advantage = SL_TAKE_FLOATS(k, ppo * TB * M);
    self->target = SL_TAKE_FLOATS(k, ppo * TB * M);
    self->not_first = SL_TAKE_FLOATS(k, TB);
    self->terminated = sl_array_pool_take(k, TB, 1);
    self->truncated = sl_array_pool_take(k, TB, 1);
    self->episode_return = sl_array_pool_take(k, B * N, sizeof(double));
    self->length = sl_array_pool_take(k, B, sizeof(int32_t));
    self->ends = sl_array_pool_take(k, B, sizeof *self->ends);
    self->won = sl_array_pool_take(k, B, 1);
}

// the members that are sent
static void point_data(sl_sample *self) {
    const sl_setup *s = self->setup;
    const sl_sample_rows *rows = &self->rows;
    self->data = (sl_batch){.B = self->B,
                            .N = s->N,
                            .O = s->O,
                            .P = s->P,
                            .A = s->A,
                            .M = s->M,
                            .Z = self->lessons.Z,
                            .n_episodes = self->B,
                            .obs = rows->obs,
                            .avail = rows->avail,
                            .action = rows->action,
                            .logp = rows->logp,
                            .advantage = self->advantage,
                            .not_first = self->not_first,
                            .teacher_logits = rows->logits,
                            .teacher_z = rows->z,
                            .episode_return = self->episode_return,
                            .episode_length = self->length};
}

sl_status sl_sample_create(const sl_setup *setup, int B, sl_sample **out) {
    sl_sample *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "cannot allocate a batch");
    *self = (sl_sample){.setup = setup, .lessons = sl_lessons_of(setup), .T_max = setup->spec.max_steps, .B = B};
    allocate(self);
    self->view = sl_view_of(&setup->spec, NULL, false, setup->ages);
    const sl_links *links = sl_setup_trained_links(setup, true);
    sl_status status = sl_setup_masks(setup, 1, &self->mask);
    if (status == SL_OK) status = sl_lessons_maps(&self->lessons, setup, &self->maps);
    if (status == SL_OK && links) status = sl_link_team_create(links, 1, setup->ages, &self->team);
    if (status == SL_OK && self->arrays.failed)
        status = sl_fail(SL_MEMORY, "lower distill.episodes", "cannot allocate a batch of %d episodes", B);
    if (status != SL_OK) {
        sl_sample_destroy(&self);
        return status;
    }
    point_data(self);
    *out = self;
    return SL_OK;
}

void sl_sample_destroy(sl_sample **self) {
    if (!*self) return;
    sl_mask_destroy(&(*self)->mask);
    sl_link_team_destroy(&(*self)->team);
    sl_free((*self)->maps);
    sl_array_pool_fini(&(*self)->arrays);
    sl_free(*self);
    *self = NULL;
}

void sl_sample_begin(sl_sample *self) {
    memset(self->episode_return, 0, (size_t)self->B * (size_t)self->data.N * sizeof(double));
}

static float *offset(float *base, int64_t n) {
    return base ? base + n : NULL;
}

sl_sample_rows sl_sample_at(sl_sample *self, int t) {
    const sl_batch *d = &self->data;
    const sl_sample_rows *rows = &self->rows;
    int64_t at = (int64_t)t * self->B, N = d->N;
    return (sl_sample_rows){.obs = rows->obs + at * N * d->P,
                            .avail = rows->avail ? rows->avail + at * N * d->A : NULL,
                            .action = rows->action ? rows->action + at * N : NULL,
                            .logp = offset(rows->logp, at * N),
                            .alive = rows->alive + at * N,
                            .logits = rows->logits + at * N * d->A,
                            .z = offset(rows->z, at * N * d->Z),
                            .value = offset(rows->value, at * d->M),
                            .last_value = offset(rows->last_value, at * d->M),
                            .reward = offset(rows->reward, at * d->M)};
}

void sl_sample_reward(sl_sample *self, int t, int b, const double *reward) {
    const sl_batch *d = &self->data;
    for (int n = 0; n < d->N; n++) self->episode_return[(int64_t)b * d->N + n] += reward[n];
    if (self->rows.reward)
        sl_setup_reward(self->setup, reward, self->rows.reward + ((int64_t)t * self->B + b) * d->M);
}

void sl_sample_close(sl_sample *self, int b, const sl_sample_end *end) {
    self->ends[b] = *end;
    self->length[b] = end->T;
    self->won[b] = end->won;
}

/* ---- recorded episodes ---- */

void sl_sample_forbid(int64_t n, const uint8_t *avail, float *logits) {
    for (int64_t i = 0; i < n; i++)
        if (!avail[i]) logits[i] = -1e10f;
}

// the teacher never plays what is illegal, whatever the student believes (eq. 7)
static void set_avail(const sl_sample *self, int b, const uint8_t *avail, const sl_sample_rows *rows) {
    int64_t NA = (int64_t)self->data.N * self->data.A, at = b * NA;
    sl_mask_avail(self->mask, self->data.N, avail, rows->avail + at);
    if (self->setup->hides_avail) sl_sample_forbid(NA, avail, rows->logits + at);
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

// the values that the teacher's critic gave the episode's states
static void set_values(int b, int t, const sl_episode *e, const sl_sample_rows *rows) {
    size_t bytes = (size_t)e->M * sizeof(float);
    memcpy(rows->value + (int64_t)b * e->M, e->value + (int64_t)t * e->M, bytes);
    if (t == e->T - 1) memcpy(rows->last_value + (int64_t)b * e->M, e->value + (int64_t)e->T * e->M, bytes);
}

static void set_step(sl_sample *self, int b, int t, const sl_episode *e, const float *obs_mask) {
    int64_t N = e->N, NA = N * e->A, NZ = N * self->data.Z, at = (int64_t)b * N;
    sl_sample_rows rows = sl_sample_at(self, t);
    double reward[SL_MAX_AGENTS];
    see(self, obs_mask, e->obs + t * N * e->O, rows.obs + at * self->data.P);
    memcpy(rows.logits + b * NA, e->logits + t * NA, (size_t)NA * sizeof(float));
    if (rows.z) memcpy(rows.z + b * NZ, self->mapped + t * NZ, (size_t)NZ * sizeof(float));
    if (rows.avail) set_avail(self, b, e->avail + t * NA, &rows);
    for (int64_t n = 0; n < N; n++) {
        rows.alive[at + n] = e->alive ? e->alive[t * N + n] : 1.0f;
        reward[n] = (double)e->reward[t * N + n];
    }
    sl_sample_reward(self, t, b, reward);
    if (!self->lessons.ppo) return;
    SL_ASSERT(rows.logp && rows.action && rows.value && rows.last_value);
    memcpy(rows.logp + at, e->logp + t * N, (size_t)N * sizeof(float));
    memcpy(rows.action + at, e->action + t * N, (size_t)N * sizeof(int32_t));
    set_values(b, t, e, &rows);
}

sl_status sl_sample_set(sl_sample *self, int b, const sl_episode *e, const float *obs_mask, const sl_rng *links) {
    const sl_batch *d = &self->data;
    int H = self->setup->teacher.hidden;
    if (e->N != d->N || e->O != d->O || e->A != d->A || e->H != H || e->M != d->M || e->T < 1 || e->T > self->T_max ||
        (self->rows.avail && !e->avail))
        return sl_fail(SL_MISMATCH, "was it recorded for another experiment?",
                       "episode %llu: %d steps, %d agents, %d observations, %d actions, embedding %d, %d values; "
                       "expected at most %d, %d, %d, %d, %d, %d",
                       (unsigned long long)e->index, e->T, e->N, e->O, e->A, e->H, e->M, self->T_max, d->N, d->O,
                       d->A, H, d->M);
    if (self->team) sl_link_team_begin(self->team, 0, links);
    sl_lessons_map(&self->lessons, e->T * e->N, e->H, e->z, self->maps, self->mapped);
    for (int t = 0; t < e->T; t++) set_step(self, b, t, e, obs_mask);
    sl_sample_end end = {e->T, e->terminated, e->alive != NULL, e->knows_won, e->won};
    sl_sample_close(self, b, &end);
    return SL_OK;
}

/* ---- the end ---- */

// behind the end of a short episode everything is zero
static void clear_step(sl_sample *self, int b, int t) {
    const sl_batch *d = &self->data;
    int64_t N = d->N, NP = N * d->P, NA = N * d->A, NZ = N * d->Z, at = b * N;
    sl_sample_rows rows = sl_sample_at(self, t);
    memset(rows.obs + b * NP, 0, (size_t)NP * sizeof(float));
    memset(rows.logits + b * NA, 0, (size_t)NA * sizeof(float));
    if (rows.z) memset(rows.z + b * NZ, 0, (size_t)NZ * sizeof(float));
    if (rows.avail) sl_setup_fill_avail(&self->setup->spec, 1, rows.avail + b * NA);
    memset(rows.alive + at, 0, (size_t)N * sizeof(float));
    if (!self->lessons.ppo) return;
    SL_ASSERT(rows.logp && rows.action && rows.value && rows.reward);
    memset(rows.logp + at, 0, (size_t)N * sizeof(float));
    memset(rows.action + at, 0, (size_t)N * sizeof(int32_t));
    memset(rows.value + (int64_t)b * d->M, 0, (size_t)d->M * sizeof(float));
    memset(rows.reward + (int64_t)b * d->M, 0, (size_t)d->M * sizeof(float));
}

static void end_episode(sl_sample *self, int b, int T) {
    const sl_sample_end *end = &self->ends[b];
    for (int t = 0; t < T; t++) {
        int64_t at = (int64_t)t * self->B + b;
        bool is_last = t == end->T - 1;
        // a step behind the end is one that ends: it has no advantage
        self->terminated[at] = t >= end->T || (is_last && end->terminated);
        self->truncated[at] = is_last && !end->terminated;
        self->not_first[at] = t > 0 && t < end->T ? 1.0f : 0.0f;
        if (t >= end->T) clear_step(self, b, t);
    }
}

const sl_batch *sl_sample_finish(sl_sample *self) {
    const sl_exp_distill *distill = &self->setup->experiment->distill;
    const sl_sample_rows *rows = &self->rows;
    int shortest = self->T_max, T = 0;
    bool dies = false, knows_won = true;
    for (int b = 0; b < self->B; b++) {
        const sl_sample_end *end = &self->ends[b];
        T = end->T > T ? end->T : T;
        shortest = end->T < shortest ? end->T : shortest;
        dies = dies || end->dies;
        knows_won = knows_won && end->knows_won;
    }
    for (int b = 0; b < self->B; b++) end_episode(self, b, T);
    sl_gae gae = {
        T,           self->B,          self->data.M,     (float)distill->gamma, (float)distill->lambda, rows->reward,
        rows->value, rows->last_value, self->terminated, self->truncated,       self->advantage,        self->target};
    if (self->lessons.ppo) sl_gae_compute(&gae, 0, self->B);
    self->data.T = T;
    self->data.episode_won = knows_won ? self->won : NULL;
    self->data.alive = shortest < T || dies ? rows->alive : NULL;
    return &self->data;
}
