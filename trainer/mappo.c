/* mappo.c - the epochs over one advantage batch: permute, split over slices, losses and gradients, one step a
 * network and minibatch. The row losses are in ppo_loss.c, the way from batch to rows in gather.c. */
#include "trainer/mappo.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "common/log.h"
#include "nn/dist.h"
#include "trainer/gather.h"
#include "trainer/ppo_loss.h"
#include "trainer/trainee.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK_ROWS = 2048 };

/* An actor or the critic: what it is, which rows of a step it reads, and its training state. */
typedef struct net {
    sl_net_def def;
    sl_group group, input; /* rows of agents' data; rows of the network's input */
    int used, n_id;        /* features read of a source row, one-hot length */
    char name[24];
    sl_trainee trainee;
} net;

/* One learner slice: activations for a block of rows, for the largest of the networks. */
typedef struct slice {
    sl_net_workspace **workspaces; /* (n_nets + 1): the critic's is last */
    float *x, *h0, *keep, *out, *dout, *logp, *scratch;
    float *old, *advantage, *weight; /* old: log-probability at roll-out, or value */
    int32_t *action;
    uint8_t *avail;
    int *units; /* this slice's units, full chunks first */
    sl_ppo_sums sums;
} slice;

struct sl_mappo {
    sl_mappo_def def;
    sl_batch_need need;
    int n_actions[SL_EXP_MAX_AGENTS];
    sl_pool *pool;
    int n_nets, n_slices, chunk, C, n_units, block_units;
    net *nets; /* (n_nets + 1), the critic last */
    float *actor_params, *critic_params;
    size_t n_actor, n_critic;
    slice *slices;
    int *order;            /* (n_units) the epoch's permutation */
    float *advantage;      /* (T, B, M) normalised */
    float *target, *value; /* (T, B, M) in normalised units */
    sl_value_norm value_norm;
    sl_rng minibatch;
    int64_t skipped_losses;
    /* of the minibatch at work */
    const sl_batch *batch;
    const int *units;
    int n_minibatch;
    double entropy_coef;
    double *row_share; /* (n_nets + 1): 1 / rows that count */
};

/* ---- create ---- */

static void describe_nets(sl_mappo *self) {
    const sl_shapes *shapes = self->def.shapes;
    for (int k = 0; k < self->n_nets; k++) {
        net *actor = &self->nets[k];
        actor->def = self->def.separate ? shapes->students[k] : shapes->teacher;
        actor->group = self->def.separate ? (sl_group){shapes->N, k, 1} : (sl_group){shapes->N, 0, shapes->N};
        actor->input = actor->group;
        actor->used = self->def.separate ? actor->def.in_dim : shapes->O;
        actor->n_id = actor->def.in_dim - actor->used;
        snprintf(actor->name, sizeof actor->name, self->def.separate ? "student%d" : "actor", k);
    }
    net *critic = &self->nets[self->n_nets];
    critic->def = shapes->critic;
    critic->group = (sl_group){shapes->M == 1 ? 1 : shapes->N, 0, shapes->M};
    // the state is one row a step of a copy, whatever the number of critic rows
    critic->input = (sl_group){1, 0, shapes->M};
    critic->used = shapes->S;
    critic->n_id = critic->def.in_dim - shapes->S;
    snprintf(critic->name, sizeof critic->name, "critic");
}

static void describe_need(sl_mappo *self) {
    const sl_exp_ppo *ppo = self->def.ppo;
    int hidden = 0, critic_hidden = 0;
    for (int k = 0; k < self->n_nets; k++)
        if (self->nets[k].def.cell == SL_CELL_GRU && self->nets[k].def.hidden > hidden)
            hidden = self->nets[k].def.hidden;
    if (self->nets[self->n_nets].def.cell == SL_CELL_GRU) critic_hidden = self->nets[self->n_nets].def.hidden;
    // a feed-forward team learns from single steps
    bool recurrent = hidden || critic_hidden;
    self->chunk = !recurrent ? 1 : ppo->chunk < ppo->rollout_steps ? ppo->chunk : ppo->rollout_steps;
    self->C = (ppo->rollout_steps + self->chunk - 1) / self->chunk;
    self->n_units = self->C * ppo->n_envs;
    for (int i = 0; i < self->def.shapes->N; i++)
        self->n_actions[i] = self->def.separate ? self->nets[i].def.out_dim : self->def.shapes->A;
    self->need = (sl_batch_need){.T = ppo->rollout_steps,
                                 .B = ppo->n_envs,
                                 .chunk = self->chunk,
                                 .critic = true,
                                 .H = hidden,
                                 .critic_H = critic_hidden,
                                 .n_actions = self->n_actions};
}

static sl_status create_params(sl_mappo *self) {
    size_t n = 0;
    for (int k = 0; k < self->n_nets; k++) n += sl_net_n_params(&self->nets[k].def);
    self->n_actor = n;
    self->n_critic = sl_net_n_params(&self->nets[self->n_nets].def);
    self->actor_params = sl_alloc_array(self->n_actor, sizeof(float));
    self->critic_params = sl_alloc_array(self->n_critic, sizeof(float));
    if (!self->actor_params || !self->critic_params) return sl_fail(SL_MEMORY, NULL, "cannot allocate parameters");
    float *params = self->actor_params;
    for (int k = 0; k <= self->n_nets; k++) {
        net *one = &self->nets[k];
        bool critic = k == self->n_nets;
        size_t n_params = sl_net_n_params(&one->def);
        SL_TRY(sl_trainee_init(&one->trainee, n_params, critic ? self->critic_params : params, self->n_slices));
        sl_rng stream = sl_rng_split_name(&self->def.init, one->name);
        // a small head makes the first policy uniform; the critic's is of gain 1
        sl_net_init(&one->def, critic ? 1.0f : 0.01f, &stream, one->trainee.params);
        if (!critic) params += n_params;
    }
    return SL_OK;
}

static sl_status create_slice(sl_mappo *self, slice *s) {
    size_t rows = 0, x = 0, h = 0, out = 0;
    s->workspaces = sl_alloc_array((size_t)self->n_nets + 1, sizeof *s->workspaces);
    if (!s->workspaces) return sl_fail(SL_MEMORY, NULL, "cannot allocate a learner slice");
    for (int k = 0; k <= self->n_nets; k++) {
        const sl_net_def *def = &self->nets[k].def;
        int sequences = self->block_units * self->nets[k].group.G, L = self->chunk;
        size_t n = (size_t)sequences * (size_t)L;
        bool recurrent = def->cell == SL_CELL_GRU;
        SL_TRY(sl_net_workspace_create(def, recurrent ? L : 1, recurrent ? sequences : sequences * L,
                                       &s->workspaces[k]));
        if (n > rows) rows = n;
        if (n * (size_t)def->in_dim > x) x = n * (size_t)def->in_dim;
        if (n * (size_t)def->out_dim > out) out = n * (size_t)def->out_dim;
        if ((size_t)sequences * (size_t)def->hidden > h) h = (size_t)sequences * (size_t)def->hidden;
    }
    s->x = sl_alloc_array(x, sizeof(float));
    s->h0 = sl_alloc_array(h, sizeof(float));
    s->keep = sl_alloc_array(rows, sizeof(float));
    s->out = sl_alloc_array(out, sizeof(float));
    s->dout = sl_alloc_array(out, sizeof(float));
    s->logp = sl_alloc_array(out, sizeof(float));
    s->scratch = sl_alloc_array(3 * rows, sizeof(float));
    s->old = sl_alloc_array(rows, sizeof(float));
    s->advantage = sl_alloc_array(rows, sizeof(float));
    s->weight = sl_alloc_array(rows, sizeof(float));
    s->action = sl_alloc_array(rows, sizeof(int32_t));
    s->avail = sl_alloc_array(out, 1);
    s->units = sl_alloc_array((size_t)self->n_units, sizeof(int));
    bool all = s->x && s->h0 && s->keep && s->out && s->dout && s->logp && s->scratch && s->old && s->advantage &&
               s->weight && s->action && s->avail && s->units;
    return all ? SL_OK : sl_fail(SL_MEMORY, NULL, "cannot allocate a learner slice");
}

static sl_status create_parts(sl_mappo *self) {
    const sl_exp_ppo *ppo = self->def.ppo;
    size_t nets = (size_t)self->n_nets + 1;
    self->nets = sl_alloc_array(nets, sizeof *self->nets);
    self->slices = sl_alloc_array((size_t)self->n_slices, sizeof *self->slices);
    self->row_share = sl_alloc_array(nets, sizeof *self->row_share);
    if (!self->nets || !self->slices || !self->row_share)
        return sl_fail(SL_MEMORY, NULL, "cannot allocate a learner");
    describe_nets(self);
    describe_need(self);
    SL_TRY(create_params(self));
    size_t n_targets = (size_t)ppo->rollout_steps * (size_t)ppo->n_envs * (size_t)self->def.shapes->M;
    self->order = sl_alloc_array((size_t)self->n_units, sizeof *self->order);
    self->advantage = sl_alloc_array(n_targets, sizeof(float));
    self->target = sl_alloc_array(n_targets, sizeof(float));
    self->value = sl_alloc_array(n_targets, sizeof(float));
    if (!self->order || !self->advantage || !self->target || !self->value)
        return sl_fail(SL_MEMORY, NULL, "cannot allocate a learner for batches of %d units", self->n_units);
    // a slice never has more units than its share of the largest minibatch
    int block_rows = self->def.block_rows ? self->def.block_rows : BLOCK_ROWS;
    int minibatch = (self->n_units + ppo->minibatches - 1) / ppo->minibatches;
    int share = (minibatch + self->n_slices - 1) / self->n_slices;
    int most = block_rows / (self->chunk * self->def.shapes->N);
    self->block_units = most < 1 ? 1 : most < share ? most : share;
    for (int s = 0; s < self->n_slices; s++) SL_TRY(create_slice(self, &self->slices[s]));
    return SL_OK;
}

sl_status sl_mappo_create(const sl_mappo_def *def, sl_pool *pool, sl_mappo **out) {
    sl_mappo *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "cannot allocate a learner");
    self->def = *def;
    self->pool = pool;
    self->n_slices = sl_pool_n_threads(pool);
    self->n_nets = def->separate ? def->shapes->N : 1;
    self->minibatch = def->minibatch;
    sl_status status = create_parts(self);
    if (status != SL_OK) {
        sl_mappo_destroy(&self);
        return status;
    }
    *out = self;
    return SL_OK;
}

static void destroy_slice(slice *s, int n_workspaces) {
    for (int k = 0; s->workspaces && k < n_workspaces; k++) sl_net_workspace_destroy(&s->workspaces[k]);
    void *owned[] = {s->workspaces, s->x,   s->h0,        s->keep,   s->out,    s->dout,  s->logp,
                     s->scratch,    s->old, s->advantage, s->weight, s->action, s->avail, s->units};
    for (size_t k = 0; k < sizeof owned / sizeof *owned; k++) sl_free(owned[k]);
}

void sl_mappo_destroy(sl_mappo **self_pointer) {
    sl_mappo *self = *self_pointer;
    if (!self) return;
    for (int s = 0; self->slices && s < self->n_slices; s++) destroy_slice(&self->slices[s], self->n_nets + 1);
    for (int k = 0; self->nets && k <= self->n_nets; k++) sl_trainee_fini(&self->nets[k].trainee);
    void *owned[] = {self->nets,  self->slices,    self->row_share, self->actor_params, self->critic_params,
                     self->order, self->advantage, self->target,    self->value};
    for (size_t k = 0; k < sizeof owned / sizeof *owned; k++) sl_free(owned[k]);
    sl_free(self);
    *self_pointer = NULL;
}

/* ---- one block of rows through one network ---- */

static void forward(const net *one, slice *s, sl_net_workspace *ws, const sl_window *window, const float *source,
                    int width, const float *hidden, int hidden_width) {
    int G = one->group.G, sequences = window->U * G;
    sl_gather_input(window, &one->input, source, width, one->used, one->n_id, s->x);
    if (one->def.cell == SL_CELL_GRU) {
        sl_gather_keep(window, G, s->keep);
        sl_gather_hidden(window, &one->group, hidden, hidden_width, one->def.hidden, s->h0);
        sl_net_forward(&one->def, one->trainee.params, ws, window->L, sequences, s->x, s->h0, s->keep, s->out, NULL);
    } else {
        // without a state every row stands alone
        sl_net_forward(&one->def, one->trainee.params, ws, 1, window->L * sequences, s->x, NULL, NULL, s->out, NULL);
    }
}

/* weight (L, U, G) = alive / rows that count. */
static void gather_weight(const sl_mappo *self, int k, const sl_window *window, float *weight) {
    const sl_group *group = &self->nets[k].group;
    int R = window->L * window->U * group->G;
    float share = (float)self->row_share[k];
    // one critic row for the team counts as long as the episode goes on, which within a roll-out is always
    bool counted = self->batch->alive && group->n > 1;
    if (counted) sl_gather_floats(window, group, self->batch->alive, weight);
    for (int r = 0; r < R; r++) weight[r] = counted ? weight[r] * share : share;
}

static void actor_block(sl_mappo *self, int k, int index, const sl_window *window) {
    const net *one = &self->nets[k];
    const sl_batch *batch = self->batch;
    slice *s = &self->slices[index];
    int R = window->L * window->U * one->group.G, A = one->def.out_dim;
    forward(one, s, s->workspaces[k], window, batch->obs, batch->O, batch->hidden, batch->H);
    sl_ppo_rows rows = {.R = R, .A = A, .action = s->action, .old_logp = s->old, .advantage = s->advantage};
    rows.weight = s->weight;
    rows.avail = batch->avail ? s->avail : NULL;
    sl_gather_ints(window, &one->group, batch->action, s->action);
    sl_gather_floats(window, &one->group, batch->logp, s->old);
    sl_group advantage_group = one->group;
    if (batch->M == 1) advantage_group.n = 1;
    sl_gather_floats(window, &advantage_group, self->advantage, s->advantage);
    gather_weight(self, k, window, s->weight);
    if (batch->avail) sl_gather_bytes(window, &one->group, batch->avail, batch->A, A, s->avail);
    sl_categorical_log_softmax(R, A, s->out, rows.avail, s->logp);
    memset(s->dout, 0, (size_t)R * (size_t)A * sizeof *s->dout);
    sl_ppo_actor_loss(&rows, s->logp, 1.0, self->entropy_coef, self->def.ppo->clip, s->scratch, s->dout, &s->sums);
    sl_net_backward(&one->def, one->trainee.params, s->workspaces[k], s->dout, NULL,
                    sl_trainee_slice(&one->trainee, index));
}

static void critic_block(sl_mappo *self, int index, const sl_window *window) {
    int k = self->n_nets;
    const net *one = &self->nets[k];
    const sl_batch *batch = self->batch;
    const sl_exp_ppo *ppo = self->def.ppo;
    slice *s = &self->slices[index];
    int R = window->L * window->U * one->group.G;
    forward(one, s, s->workspaces[k], window, batch->state, batch->S, batch->critic_hidden, batch->critic_H);
    sl_gather_floats(window, &one->group, self->value, s->old);
    sl_gather_floats(window, &one->group, self->target, s->advantage);
    gather_weight(self, k, window, s->weight);
    sl_ppo_value_loss(R, s->out, s->old, s->advantage, s->weight, ppo->value_coef, ppo->clip, ppo->huber_delta,
                      s->dout, &s->sums);
    sl_net_backward(&one->def, one->trainee.params, s->workspaces[k], s->dout, NULL,
                    sl_trainee_slice(&one->trainee, index));
}

/* ---- one slice of a minibatch ---- */

/* This slice's units of the minibatch, those of full length first; returns how many of them are full. */
static int share_out(const sl_mappo *self, int index, int *units, int *n) {
    int begin = (int)((int64_t)self->n_minibatch * index / self->n_slices);
    int end = (int)((int64_t)self->n_minibatch * (index + 1) / self->n_slices);
    int B = self->batch->B, n_full = 0, rest = self->batch->T - (self->C - 1) * self->chunk;
    bool last_is_short = rest != self->chunk;
    for (int k = begin; k < end; k++)
        if (!last_is_short || self->units[k] / B != self->C - 1) units[n_full++] = self->units[k];
    *n = n_full;
    for (int k = begin; last_is_short && k < end; k++)
        if (self->units[k] / B == self->C - 1) units[(*n)++] = self->units[k];
    return n_full;
}

/* Units of one length, in blocks of about equal size. */
static void run_units(sl_mappo *self, int index, int L, int n, const int *units) {
    int n_blocks = (n + self->block_units - 1) / self->block_units;
    for (int b = 0; b < n_blocks; b++) {
        int begin = (int)((int64_t)n * b / n_blocks), end = (int)((int64_t)n * (b + 1) / n_blocks);
        sl_window window = {.batch = self->batch, .chunk = self->chunk, .L = L, .U = end - begin};
        window.units = units + begin;
        for (int k = 0; k < self->n_nets; k++) actor_block(self, k, index, &window);
        critic_block(self, index, &window);
    }
}

static void run_slice(void *context, int index, int thread) {
    (void)thread;
    sl_mappo *self = context;
    slice *s = &self->slices[index];
    s->sums = (sl_ppo_sums){0};
    for (int k = 0; k <= self->n_nets; k++) sl_trainee_zero(&self->nets[k].trainee, index);
    int n = 0, n_full = share_out(self, index, s->units, &n);
    run_units(self, index, self->chunk, n_full, s->units);
    // the last chunk of a roll-out may be shorter: its own blocks, instead of padding
    run_units(self, index, self->batch->T - (self->C - 1) * self->chunk, n - n_full, s->units + n_full);
}

/* 1 / (rows that count) of each network in this minibatch. */
static void count_rows(sl_mappo *self) {
    const sl_batch *batch = self->batch;
    for (int k = 0; k <= self->n_nets; k++) {
        const sl_group *group = &self->nets[k].group;
        double n = 0;
        for (int m = 0; m < self->n_minibatch; m++) {
            int c = self->units[m] / batch->B, b = self->units[m] % batch->B;
            int begin = c * self->chunk, end = begin + self->chunk < batch->T ? begin + self->chunk : batch->T;
            if (!batch->alive || group->n == 1) {
                n += (double)(end - begin) * group->G;
                continue;
            }
            for (int t = begin; t < end; t++)
                for (int g = 0; g < group->G; g++)
                    n += (double)batch->alive[((size_t)t * (size_t)batch->B + (size_t)b) * (size_t)batch->N +
                                              (size_t)(group->first + g)];
        }
        // every network's loss is the mean over its own rows
        self->row_share[k] = n > 0 ? 1.0 / n : 0;
    }
}

/* Losses and gradients of one minibatch, summed in slice order. */
static sl_ppo_sums run_minibatch(sl_mappo *self, int n, const int *units) {
    self->units = units;
    self->n_minibatch = n;
    count_rows(self);
    sl_pool_run(self->pool, self->n_slices, run_slice, self);
    sl_ppo_sums total = {0};
    for (int s = 0; s < self->n_slices; s++) {
        const sl_ppo_sums *part = &self->slices[s].sums;
        total.policy_loss += part->policy_loss;
        total.entropy += part->entropy;
        total.kl += part->kl;
        total.clipped += part->clipped;
        total.value_loss += part->value_loss;
    }
    return total;
}

/* ---- the update ---- */

/* Advantages to mean 0 and deviation 1; targets and old values to the critic's units. The reference moves its running
 * statistics once a minibatch and epoch with the same targets; once a batch has the same mean. */
static void prepare(sl_mappo *self, const sl_batch *batch) {
    size_t R = (size_t)batch->T * (size_t)batch->B, n = R * (size_t)batch->M;
    self->batch = batch;
    sl_advantage_normalise(R, batch->M, batch->N, batch->advantage, batch->alive, self->advantage);
    float old_mean = 0, old_std = 1, mean = 0, std = 1;
    if (self->def.ppo->value_norm) {
        sl_value_norm_stats(&self->value_norm, &old_mean, &old_std);
        sl_value_norm before = self->value_norm;
        sl_value_norm_update(&self->value_norm, n, batch->target);
        // one batch that is not finite must not spoil the statistics for good
        if (!isfinite(self->value_norm.mean) || !isfinite(self->value_norm.mean_sq)) self->value_norm = before;
        sl_value_norm_stats(&self->value_norm, &mean, &std);
    }
    for (size_t k = 0; k < n; k++) {
        // what the critic said at roll-out, in its own units of then
        self->value[k] = (batch->value[k] - old_mean) / old_std;
        self->target[k] = (batch->target[k] - mean) / std;
    }
}

static void permute(sl_mappo *self) {
    for (int k = 0; k < self->n_units; k++) self->order[k] = k;
    // a single minibatch is the same in any order
    if (self->def.ppo->minibatches <= 1) return;
    for (int k = self->n_units - 1; k > 0; k--) {
        int other = (int)sl_rng_below(&self->minibatch, (uint32_t)k + 1);
        int swap = self->order[k];
        self->order[k] = self->order[other];
        self->order[other] = swap;
    }
}

typedef struct step_context {
    sl_mappo *self;
    double lr;
} step_context;

static void step_net(void *context, int k, int thread) {
    (void)thread;
    step_context *step = context;
    net *one = &step->self->nets[k];
    const sl_exp_ppo *ppo = step->self->def.ppo;
    sl_trainee_step(&one->trainee, one->name, step->lr, ppo->adam_eps, ppo->max_grad_norm);
}

static bool is_finite(const sl_ppo_sums *sums) {
    return isfinite(sums->policy_loss) && isfinite(sums->value_loss) && isfinite(sums->entropy);
}

void sl_mappo_update(sl_mappo *self, const sl_batch *batch, double progress, sl_mappo_stats *stats) {
    const sl_exp_ppo *ppo = self->def.ppo;
    step_context step = {self, ppo->lr + (ppo->lr_final - ppo->lr) * progress};
    self->entropy_coef = ppo->entropy + (ppo->entropy_final - ppo->entropy) * progress;
    prepare(self, batch);
    sl_ppo_sums mean = {0};
    for (int epoch = 0; epoch < ppo->epochs; epoch++) {
        permute(self);
        mean = (sl_ppo_sums){0};
        for (int m = 0; m < ppo->minibatches; m++) {
            int begin = (int)((int64_t)self->n_units * m / ppo->minibatches);
            int end = (int)((int64_t)self->n_units * (m + 1) / ppo->minibatches);
            if (begin == end) continue;
            sl_ppo_sums sums = run_minibatch(self, end - begin, self->order + begin);
            if (is_finite(&sums))
                sl_pool_run(self->pool, self->n_nets + 1, step_net, &step);
            else if (self->skipped_losses++ == 0)
                SL_WARN("a loss is not finite: this update is skipped");
            mean.policy_loss += sums.policy_loss / ppo->minibatches;
            mean.entropy += sums.entropy / ppo->minibatches;
            mean.kl += sums.kl / ppo->minibatches;
            mean.clipped += sums.clipped / ppo->minibatches;
            mean.value_loss += sums.value_loss / ppo->minibatches;
        }
    }
    // separate networks each add a mean
    double per_net = 1.0 / self->n_nets;
    *stats = (sl_mappo_stats){.policy_loss = mean.policy_loss * per_net,
                              .value_loss = mean.value_loss,
                              .entropy = mean.entropy * per_net,
                              .kl = mean.kl * per_net,
                              .clip_fraction = mean.clipped * per_net,
                              .actor_norm = self->nets[0].trainee.norm,
                              .critic_norm = self->nets[self->n_nets].trainee.norm,
                              .lr = step.lr,
                              .skipped = self->skipped_losses};
    for (int k = 0; k <= self->n_nets; k++) stats->skipped += self->nets[k].trainee.skipped;
}

double sl_mappo_loss(sl_mappo *self, const sl_batch *batch, int n_units, const int *units, float *actor_grads,
                     float *critic_grads) {
    self->entropy_coef = self->def.ppo->entropy;
    prepare(self, batch);
    sl_ppo_sums sums = run_minibatch(self, n_units, units);
    float *grads = actor_grads;
    for (int k = 0; k <= self->n_nets; k++) {
        const sl_trainee *trainee = &self->nets[k].trainee;
        if (k == self->n_nets) grads = critic_grads;
        memset(grads, 0, trainee->n * sizeof *grads);
        for (int s = 0; s < self->n_slices; s++)
            for (size_t p = 0; p < trainee->n; p++) grads[p] += sl_trainee_slice(trainee, s)[p];
        grads += trainee->n;
    }
    return sums.policy_loss - self->entropy_coef * sums.entropy + self->def.ppo->value_coef * sums.value_loss;
}

/* ---- what others see ---- */

const sl_batch_need *sl_mappo_need(const sl_mappo *self) {
    return &self->need;
}

float *sl_mappo_actor(const sl_mappo *self, size_t *n) {
    *n = self->n_actor;
    return self->actor_params;
}

float *sl_mappo_critic(const sl_mappo *self, size_t *n) {
    *n = self->n_critic;
    return self->critic_params;
}

void sl_mappo_value_stats(const sl_mappo *self, double *mean, double *std) {
    float m = 0, s = 1;
    if (self->def.ppo->value_norm) sl_value_norm_stats(&self->value_norm, &m, &s);
    *mean = (double)m;
    *std = (double)s;
}

sl_status sl_mappo_save(const sl_mappo *self, sl_tensors *file) {
    for (int k = 0; k <= self->n_nets; k++) SL_TRY(sl_trainee_save(&self->nets[k].trainee, self->nets[k].name, file));
    const double norm[3] = {self->value_norm.mean, self->value_norm.mean_sq, self->value_norm.debias};
    int64_t stream[5];
    memcpy(stream, self->minibatch.s, sizeof self->minibatch.s);
    stream[4] = self->skipped_losses;
    SL_TRY(sl_tensors_add(file, "value_norm", SL_F64, 1, (const int64_t[]){3}, norm));
    return sl_tensors_add(file, "minibatch", SL_I64, 1, (const int64_t[]){5}, stream);
}

sl_status sl_mappo_load(sl_mappo *self, const sl_tensors *file) {
    const sl_tensor *norm, *stream;
    SL_TRY(sl_tensors_find(file, "value_norm", SL_F64, 3, &norm));
    SL_TRY(sl_tensors_find(file, "minibatch", SL_I64, 5, &stream));
    for (int k = 0; k <= self->n_nets; k++) SL_TRY(sl_trainee_load(&self->nets[k].trainee, self->nets[k].name, file));
    const double *values = norm->data;
    self->value_norm = (sl_value_norm){.mean = values[0], .mean_sq = values[1], .debias = values[2]};
    memcpy(self->minibatch.s, stream->data, sizeof self->minibatch.s);
    self->skipped_losses = ((const int64_t *)stream->data)[4];
    return SL_OK;
}
