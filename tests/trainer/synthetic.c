/* synthetic.c - see synthetic.h. */
#include "trainer/synthetic.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "setup/lessons.h"

#include <math.h>
#include <string.h>

sl_synthetic_def sl_synthetic_default_def(void) {
    return (sl_synthetic_def){.T = 5,
                              .B = 6,
                              .N = 3,
                              .O = 4,
                              .A = 5,
                              .hidden = 8,
                              .critic_hidden = 7,
                              .teacher_hidden = 12,
                              .cell = SL_CELL_GRU,
                              .chunk = 3,
                              .team = true,
                              .agent_id = true,
                              .seed = 1};
}

static void *own(sl_synthetic *self, size_t n, size_t size) {
    SL_ASSERT(self->n_owned < 16);
    void *memory = sl_alloc_array(n, size);
    SL_ASSERT(memory);
    self->owned[self->n_owned++] = memory;
    return memory;
}

static float *normals(sl_synthetic *self, size_t n, double mean, double deviation, sl_rng *rng) {
    float *memory = own(self, n, sizeof(float));
    for (size_t k = 0; k < n; k++) memory[k] = (float)(mean + deviation * sl_rng_normal(rng));
    return memory;
}

static void make_setup(sl_synthetic *self) {
    const sl_synthetic_def *d = &self->def;
    sl_setup *s = &self->setup;
    sl_net_def net = {.n_layers = 1, .cell = d->cell, .activation = SL_ACT_TANH, .layer_norm = d->layer_norm};
    s->experiment = &self->experiment;
    s->root = sl_rng_seed(5);
    s->direct = d->direct;
    s->N = s->spec.n_agents = d->N;
    s->O = d->O;
    s->P = d->O;
    s->A = d->A;
    s->S = d->N * d->O;
    s->M = d->team ? 1 : d->N;
    s->teacher_agent_id = d->agent_id;
    s->spec.state_is_obs = true;
    s->spec.max_steps = d->T;
    s->teacher = s->critic = net;
    s->teacher.in_dim = d->O + (d->agent_id ? d->N : 0);
    s->teacher.hidden = d->teacher_hidden;
    s->teacher.out_dim = d->A;
    s->critic_own = d->critic_own;
    s->critic_rows = !d->team;
    s->critic.in_dim = s->S + (d->critic_own ? d->O : 0) + (d->team ? 0 : d->N);
    s->critic.hidden = d->critic_hidden;
    s->critic.out_dim = 1;
    s->students = own(self, (size_t)d->N, sizeof *s->students);
    for (int i = 0; i < d->N; i++) {
        // the last agent sees and can do less than the others
        int less = i == d->N - 1 && d->N > 1;
        s->students[i] = net;
        s->students[i].in_dim = d->O - less;
        s->students[i].hidden = d->hidden + 2 * i;
        s->students[i].out_dim = d->A - less;
    }
}

static void make_options(sl_synthetic *self) {
    const sl_synthetic_def *d = &self->def;
    self->ppo = &self->experiment.teacher.ppo;
    self->experiment.teacher.precision = self->def.bf16 ? SL_EXP_BF16 : SL_EXP_F32;
    self->distill = &self->experiment.distill;
    *self->ppo = (sl_exp_ppo){.n_envs = d->B,
                              .rollout_steps = d->T,
                              .epochs = 1,
                              .minibatches = 1,
                              .chunk = d->chunk,
                              .lr = 1e-2,
                              .lr_final = 1e-2,
                              .adam_eps = 1e-5,
                              .clip = 0.2,
                              .entropy = 0.01,
                              .entropy_final = 0.01,
                              .value_coef = 1,
                              .huber_delta = 10,
                              .max_grad_norm = 10,
                              .reward = d->team ? SL_EXP_SUM : SL_EXP_OWN};
    *self->distill = (sl_exp_distill){.episodes = d->B,
                                      .epochs = 1,
                                      .minibatches = 1,
                                      .lr = 1e-2,
                                      .lr_final = 1e-2,
                                      .adam_eps = 1e-5,
                                      .max_grad_norm = 10,
                                      .w_ppo = 0.7,
                                      .w_kl = 1,
                                      .w_ce = 0.5,
                                      .w_sr = 0.8,
                                      .w_role = 0.6,
                                      .tau = 1.5,
                                      .tau_role = 0.9,
                                      .clip = 0.2,
                                      .entropy = 0.02,
                                      .common_dim = 6,
                                      .role_dim = 4,
                                      .teacher_role_period = !d->mapped};
}

static void make_masks(sl_synthetic *self, sl_rng *rng) {
    const sl_synthetic_def *d = &self->def;
    sl_batch *b = &self->batch;
    size_t R = (size_t)d->T * (size_t)d->B, N = (size_t)d->N, A = (size_t)d->A;
    int32_t *action = own(self, R * N, sizeof *action);
    uint8_t *avail = own(self, R * N * A, 1);
    float *not_first = own(self, R, sizeof *not_first), *alive = own(self, R * N, sizeof *alive);
    for (size_t r = 0; r < R; r++) {
        size_t t = r / (size_t)d->B;
        not_first[r] = t == 0 ? 0.0f : sl_rng_uniform(rng) < 0.2 ? 0.0f : 1.0f;
        for (size_t i = 0; i < N; i++) {
            // action 0 is always legal, the last one is never the last agent's
            uint8_t *row = avail + (r * N + i) * A;
            for (size_t a = 0; a < A; a++) row[a] = a == 0 || sl_rng_uniform(rng) < 0.7;
            if (i == N - 1 && N > 1) row[A - 1] = 0;
            uint32_t limit = (uint32_t)(i == N - 1 && N > 1 ? A - 1 : A);
            int32_t drawn = (int32_t)sl_rng_below(rng, limit);
            action[r * N + i] = d->with_avail && !row[drawn] ? 0 : drawn;
            alive[r * N + i] = t + 1 < (size_t)d->T || sl_rng_uniform(rng) < 0.4 ? 1.0f : 0.0f;
        }
    }
    b->action = action;
    b->avail = d->with_avail ? avail : NULL;
    b->not_first = not_first;
    b->alive = d->with_alive ? alive : NULL;
}

void sl_synthetic_init(sl_synthetic *self, const sl_synthetic_def *def) {
    *self = (sl_synthetic){.def = *def};
    const sl_synthetic_def *d = &self->def;
    make_setup(self);
    make_options(self);
    sl_rng rng = sl_rng_seed(d->seed);
    sl_batch *b = &self->batch;
    b->T = d->T;
    b->B = d->B;
    b->N = d->N;
    b->O = d->O;
    b->P = d->O;
    b->A = d->A;
    b->S = self->setup.S;
    b->M = self->setup.M;
    b->C = (d->T + d->chunk - 1) / d->chunk;
    b->H = d->direct ? d->hidden + 2 * (d->N - 1) : d->teacher_hidden;
    b->critic_H = d->critic_hidden;
    b->Z = sl_lessons_of(&self->setup).Z;
    size_t R = (size_t)d->T * (size_t)d->B, N = (size_t)d->N, M = (size_t)b->M, C = (size_t)b->C * (size_t)d->B;
    make_masks(self, &rng);
    b->obs = normals(self, R * N * (size_t)d->O, 0, 1, &rng);
    b->state = b->obs;
    b->critic_obs = d->critic_own ? normals(self, R * N * (size_t)d->O, 0, 1, &rng) : b->obs;
    b->logp = normals(self, R * N, -log((double)d->A), 0.1, &rng);
    b->advantage = normals(self, R * M, 0.5, 2, &rng);
    b->target = normals(self, R * M, 0, 1, &rng);
    b->value = normals(self, R * M, 0, 0.1, &rng);
    b->hidden = normals(self, C * N * (size_t)b->H, 0, 0.5, &rng);
    b->critic_hidden = normals(self, C * M * (size_t)b->critic_H, 0, 0.5, &rng);
    b->teacher_logits = normals(self, R * N * (size_t)d->A, 0, 1.5, &rng);
    b->teacher_z = normals(self, R * N * (size_t)b->Z, 0, 1, &rng);
}

void sl_synthetic_fini(sl_synthetic *self) {
    for (int k = 0; k < self->n_owned; k++) sl_free(self->owned[k]);
    self->n_owned = 0;
}

void sl_synthetic_message(const sl_synthetic *self, sl_learn_message *out) {
    *out = (sl_learn_message){.kind = SL_LEARN_BATCH};
    sl_batch sent = self->batch;
    // a state that is the observations is not sent
    sent.state = NULL;
    if (sent.critic_obs == sent.obs) sent.critic_obs = NULL;
    sl_batch_add(&sent, out);
}

void sl_synthetic_learner_create(sl_synthetic_learner *self, const char *name, const sl_synthetic_def *def,
                                 int n_threads, int block_rows) {
    *self = (sl_synthetic_learner){0};
    sl_synthetic_init(&self->data, def);
    SL_ASSERT(sl_pool_create(n_threads, &self->pool) == SL_OK);
    sl_learner_def learner = {&self->data.setup, self->pool, block_rows};
    SL_ASSERT(sl_learner_create(name, &learner, &self->learner) == SL_OK);
}

void sl_synthetic_learner_destroy(sl_synthetic_learner *self) {
    sl_learner_destroy(&self->learner);
    sl_pool_destroy(&self->pool);
    sl_synthetic_fini(&self->data);
}

void sl_synthetic_learner_update(sl_synthetic_learner *self, double progress) {
    self->learner->class->update(self->learner, &self->data.batch, progress);
}

void sl_synthetic_disturb(size_t n, float *params, double deviation, uint64_t seed) {
    sl_rng rng = sl_rng_seed(seed);
    for (size_t k = 0; k < n; k++) params[k] += (float)(deviation * sl_rng_normal(&rng));
}

static void move(size_t n, float *params, const float *start, const float *direction, double step) {
    for (size_t k = 0; k < n; k++) params[k] = start[k] + (float)(step * (double)direction[k]);
}

double sl_gradient_error(size_t n, float *params, const float *grads, double (*loss)(void *context), void *context,
                         double step, int n_directions) {
    sl_rng rng = sl_rng_seed(99);
    float *start = sl_alloc_copy(params, n * sizeof *params);
    float *gradient = sl_alloc_copy(grads, n * sizeof *grads), *direction = sl_alloc_array(n, sizeof *direction);
    SL_ASSERT(start && gradient && direction);
    double worst = 0;
    for (int d = 0; d < n_directions; d++) {
        // the first one is the gradient itself, the others are half of it
        double norm = 0, expected = 0;
        for (size_t k = 0; k < n; k++) {
            direction[k] = d == 0 || sl_rng_uniform(&rng) < 0.5 ? gradient[k] : 0.0f;
            norm += (double)direction[k] * (double)direction[k];
        }
        norm = sqrt(norm);
        for (size_t k = 0; k < n; k++) {
            direction[k] = (float)((double)direction[k] / norm);
            expected += (double)direction[k] * (double)gradient[k];
        }
        move(n, params, start, direction, step);
        double above = loss(context);
        move(n, params, start, direction, -step);
        double below = loss(context);
        double error = fabs((above - below) / (2 * step) - expected) / fabs(expected);
        if (!(error <= worst)) worst = error;
    }
    memcpy(params, start, n * sizeof *params);
    sl_free(start);
    sl_free(gradient);
    sl_free(direction);
    return worst;
}
