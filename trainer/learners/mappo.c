/* mappo.c - the epochs over one advantage batch: permute, split into slices, losses and gradients, one step a
 * network and minibatch. The row losses are in ppo_loss.c, the way from batch to rows in gather.c. */
#include "trainer/learners/mappo_parts.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/vitals.h"
#include "nn/dist.h"

#include <math.h>
#include <string.h>

/* ---- one block of rows through one network ---- */

/* from s->x to s->out */
static void forward(const sl_mappo_net *one, sl_mappo_scratch *s, sl_net_workspace *ws, const sl_chunks *chunks,
                    const float *hidden, int hidden_width) {
    int G = one->rows.G, sequences = chunks->n * G;
    if (one->def.cell == SL_CELL_GRU) {
        sl_gather_not_first(chunks, G, s->not_first);
        sl_gather_hidden(chunks, &one->rows, hidden, hidden_width, one->def.hidden, s->h0);
        sl_net_forward(&one->def, one->trained.params, ws, chunks->L, sequences, s->x, s->h0, s->not_first, s->out,
                       NULL);
    } else {
        // without a state every row stands alone
        sl_net_forward(&one->def, one->trained.params, ws, 1, chunks->L * sequences, s->x, NULL, NULL, s->out, NULL);
    }
}

/* The dead do not act; but their value is what the living bootstrap from, so that every row of a critic counts. */
static bool counts_the_living(const sl_mappo *self, int k) {
    return self->batch->alive && k < self->n_nets;
}

/* weight (L, n, G) = alive / rows that count. */
static void gather_weight(const sl_mappo *self, int k, const sl_chunks *chunks, float *weight) {
    const sl_rows *rows = &self->nets[k].rows;
    int R = chunks->L * chunks->n * rows->G;
    float share = (float)self->row_share[k];
    bool counted = counts_the_living(self, k);
    if (counted) sl_gather_floats(chunks, rows, self->batch->alive, weight);
    for (int r = 0; r < R; r++) weight[r] = counted ? weight[r] * share : share;
}

static void actor_block(sl_mappo *self, sl_mappo_slice *slice, sl_mappo_scratch *s, const sl_chunks *chunks) {
    int k = slice->net;
    const sl_mappo_net *one = &self->nets[k];
    const sl_batch *batch = self->batch;
    int R = chunks->L * chunks->n * one->rows.G, A = one->def.out_dim;
    sl_gather_input(chunks, &one->rows, batch->obs, batch->P, one->used, one->n_id, s->x);
    forward(one, s, s->workspaces[k], chunks, batch->hidden, batch->H);
    sl_ppo_rows rows = {.R = R, .A = A, .action = s->action, .old_logp = s->old, .advantage = s->advantage};
    rows.weight = s->weight;
    rows.avail = batch->avail ? s->avail : NULL;
    sl_gather_ints(chunks, &one->rows, batch->action, s->action);
    sl_gather_floats(chunks, &one->rows, batch->logp, s->old);
    sl_rows advantage_rows = one->rows;
    if (batch->M == 1) advantage_rows.n = 1;
    sl_gather_floats(chunks, &advantage_rows, self->advantage, s->advantage);
    gather_weight(self, k, chunks, s->weight);
    if (batch->avail) sl_gather_bytes(chunks, &one->rows, batch->avail, batch->A, A, s->avail);
    sl_categorical_log_softmax(R, A, s->out, rows.avail, s->logp);
    memset(s->dout, 0, (size_t)R * (size_t)A * sizeof *s->dout);
    sl_ppo_actor_loss(&rows, s->logp, 1.0, self->entropy_coef, self->ppo->clip, s->scratch, s->dout, &slice->sums);
    sl_net_backward(&one->def, one->trained.params, s->workspaces[k], s->dout, NULL,
                    sl_parameter_group_slice(&one->trained, slice->index));
}

static void critic_block(sl_mappo *self, sl_mappo_slice *slice, sl_mappo_scratch *s, const sl_chunks *chunks) {
    int k = slice->net;
    const sl_mappo_net *one = &self->nets[k];
    const sl_batch *batch = self->batch;
    const sl_exp_ppo *ppo = self->ppo;
    int R = chunks->L * chunks->n * one->rows.G;
    const sl_setup *setup = self->setup;
    if (setup->critic_rows)
        sl_gather_critic(chunks, setup->critic_own ? batch->O : 0, s->x);
    else
        sl_gather_input(chunks, &one->rows, batch->state, batch->S, batch->S, 0, s->x);
    forward(one, s, s->workspaces[k], chunks, batch->critic_hidden, batch->critic_H);
    sl_gather_floats(chunks, &one->rows, self->value, s->old);
    sl_gather_floats(chunks, &one->rows, self->target, s->advantage);
    gather_weight(self, k, chunks, s->weight);
    sl_ppo_value_loss(R, s->out, s->old, s->advantage, s->weight, ppo->value_coef, ppo->clip, ppo->huber_delta,
                      s->dout, &slice->sums);
    sl_net_backward(&one->def, one->trained.params, s->workspaces[k], s->dout, NULL,
                    sl_parameter_group_slice(&one->trained, slice->index));
}

/* ---- one slice of a minibatch ---- */

/* The slice's chunks of the minibatch, those of full length first; returns how many of them are full. */
static int share_out(const sl_mappo *self, const sl_mappo_slice *slice, int *chunks, int *n) {
    int n_slices = self->nets[slice->net].n_slices;
    int begin = sl_learner_slice_begin(self->n_minibatch, slice->index, n_slices);
    int end = sl_learner_slice_begin(self->n_minibatch, slice->index + 1, n_slices);
    int B = self->batch->B, n_full = 0, rest = self->batch->T - (self->C - 1) * self->chunk;
    bool last_is_short = rest != self->chunk;
    for (int k = begin; k < end; k++)
        if (!last_is_short || self->chunks[k] / B != self->C - 1) chunks[n_full++] = self->chunks[k];
    *n = n_full;
    for (int k = begin; last_is_short && k < end; k++)
        if (self->chunks[k] / B == self->C - 1) chunks[(*n)++] = self->chunks[k];
    return n_full;
}

/* Chunks of one length, in blocks of about equal size. */
static void run_chunks(sl_mappo *self, sl_mappo_slice *slice, sl_mappo_scratch *s, int L, int n, const int *index) {
    int most = self->nets[slice->net].block_chunks, n_blocks = (n + most - 1) / most;
    for (int b = 0; b < n_blocks; b++) {
        int begin = (int)((int64_t)n * b / n_blocks), end = (int)((int64_t)n * (b + 1) / n_blocks);
        sl_chunks chunks = {.batch = self->batch, .chunk = self->chunk, .L = L, .n = end - begin};
        chunks.index = index + begin;
        if (slice->net < self->n_nets)
            actor_block(self, slice, s, &chunks);
        else
            critic_block(self, slice, s, &chunks);
    }
}

static void run_slice(void *context, int task, int thread) {
    sl_mappo *self = context;
    sl_mappo_slice *slice = &self->slices[task];
    sl_mappo_scratch *s = &self->scratch[thread];
    slice->sums = (sl_ppo_sums){0};
    sl_parameter_group_zero(&self->nets[slice->net].trained, slice->index);
    int n = 0, n_full = share_out(self, slice, s->chunks, &n);
    run_chunks(self, slice, s, self->chunk, n_full, s->chunks);
    // the last chunk of a roll-out may be shorter: its own blocks, instead of padding
    run_chunks(self, slice, s, self->batch->T - (self->C - 1) * self->chunk, n - n_full, s->chunks + n_full);
}

/* 1 / (rows that count) of each network in this minibatch. */
static void count_rows(sl_mappo *self) {
    const sl_batch *batch = self->batch;
    for (int k = 0; k <= self->n_nets; k++) {
        const sl_rows *rows = &self->nets[k].rows;
        double n = 0;
        for (int m = 0; m < self->n_minibatch; m++) {
            int c = self->chunks[m] / batch->B, b = self->chunks[m] % batch->B;
            int begin = c * self->chunk, end = begin + self->chunk < batch->T ? begin + self->chunk : batch->T;
            if (!counts_the_living(self, k)) {
                n += (double)(end - begin) * rows->G;
                continue;
            }
            for (int t = begin; t < end; t++)
                for (int g = 0; g < rows->G; g++)
                    n += (double)batch->alive[((size_t)t * (size_t)batch->B + (size_t)b) * (size_t)batch->N +
                                              (size_t)(rows->first + g)];
        }
        // every network's loss is the mean over its own rows
        self->row_share[k] = n > 0 ? 1.0 / n : 0;
    }
}

static void add(sl_ppo_sums *sum, const sl_ppo_sums *part, int n) {
    sum->policy_loss += part->policy_loss / n;
    sum->entropy += part->entropy / n;
    sum->kl += part->kl / n;
    sum->clipped += part->clipped / n;
    sum->value_loss += part->value_loss / n;
}

/* Losses and gradients of one minibatch, summed in slice order. */
static sl_ppo_sums run_minibatch(sl_mappo *self, int n, const int *chunks) {
    self->chunks = chunks;
    self->n_minibatch = n;
    count_rows(self);
    sl_pool_run(self->pool, self->n_slices, run_slice, self);
    sl_ppo_sums total = {0};
    for (int s = 0; s < self->n_slices; s++) add(&total, &self->slices[s].sums, 1);
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
    if (self->ppo->value_norm) {
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

/* The epoch's order of the chunks; a single minibatch is the same in any. */
static void permute(sl_mappo *self) {
    if (self->ppo->minibatches > 1) sl_rng_permute(&self->minibatch, self->n_chunks, self->order);
}

static bool is_finite(const sl_ppo_sums *sums) {
    return isfinite(sums->policy_loss) && isfinite(sums->value_loss) && isfinite(sums->entropy);
}

static void update(sl_learner *learner, const sl_batch *batch, double progress) {
    sl_mappo *self = (sl_mappo *)learner;
    const sl_exp_ppo *ppo = self->ppo;
    double lr = ppo->lr + (ppo->lr_final - ppo->lr) * progress;
    const sl_group_step_options step = {lr, ppo->adam_eps, ppo->max_grad_norm};
    self->entropy_coef = ppo->entropy + (ppo->entropy_final - ppo->entropy) * progress;
    prepare(self, batch);
    sl_ppo_sums mean = {0};
    for (int epoch = 0; epoch < ppo->epochs; epoch++) {
        permute(self);
        mean = (sl_ppo_sums){0};
        for (int m = 0; m < ppo->minibatches; m++) {
            int begin = (int)((int64_t)self->n_chunks * m / ppo->minibatches);
            int end = (int)((int64_t)self->n_chunks * (m + 1) / ppo->minibatches);
            if (begin == end) continue;
            sl_vitals_beat(sl_clock_ns());
            sl_ppo_sums sums = run_minibatch(self, end - begin, self->order + begin);
            if (is_finite(&sums))
                sl_group_step_run(self->step, &step);
            else if (self->skipped_losses++ == 0)
                SL_WARN("a loss is not finite: this update is skipped");
            add(&mean, &sums, ppo->minibatches);
        }
    }
    // separate networks each add a mean
    double per_net = 1.0 / self->n_nets;
    self->stats = (sl_mappo_stats){.policy_loss = mean.policy_loss * per_net,
                                   .value_loss = mean.value_loss,
                                   .entropy = mean.entropy * per_net,
                                   .kl = mean.kl * per_net,
                                   .clip_fraction = mean.clipped * per_net,
                                   .actor_norm = self->nets[0].trained.norm,
                                   .critic_norm = self->nets[self->n_nets].trained.norm,
                                   .lr = lr,
                                   .skipped = self->skipped_losses};
    for (int k = 0; k <= self->n_nets; k++) self->stats.skipped += self->nets[k].trained.skipped;
}

double sl_mappo_loss(sl_learner *learner, const sl_batch *batch, int n_chunks, const int *chunks, float *actor_grads,
                     float *critic_grads) {
    sl_mappo *self = (sl_mappo *)learner;
    self->entropy_coef = self->ppo->entropy;
    prepare(self, batch);
    sl_ppo_sums sums = run_minibatch(self, n_chunks, chunks);
    for (int k = 0; k < self->n_nets; k++) actor_grads += sl_parameter_group_sum(&self->nets[k].trained, actor_grads);
    (void)sl_parameter_group_sum(&self->nets[self->n_nets].trained, critic_grads);
    return sums.policy_loss - self->entropy_coef * sums.entropy + self->ppo->value_coef * sums.value_loss;
}

/* ---- what others see ---- */

static sl_learner_params get_params(const sl_learner *learner) {
    const sl_mappo *self = (const sl_mappo *)learner;
    float mean = 0, std = 1;
    if (self->ppo->value_norm) sl_value_norm_stats(&self->value_norm, &mean, &std);
    return (sl_learner_params){self->actor_params, self->critic_params, self->n_actor,
                               self->n_critic,     (double)mean,        (double)std};
}

static void start_from(sl_learner *learner, const sl_policy *teacher) {
    sl_mappo *self = (sl_mappo *)learner;
    memcpy(self->actor_params, teacher->params, self->n_actor * sizeof *self->actor_params);
    memcpy(self->critic_params, teacher->critic_params, self->n_critic * sizeof *self->critic_params);
    sl_value_norm_set(&self->value_norm, teacher->value_mean, teacher->value_std, 1000);
}

static sl_status save(const sl_learner *learner, sl_tensors *file) {
    const sl_mappo *self = (const sl_mappo *)learner;
    for (int k = 0; k <= self->n_nets; k++) SL_TRY(sl_parameter_group_save(&self->nets[k].trained, file));
    const double norm[3] = {self->value_norm.mean, self->value_norm.mean_sq, self->value_norm.debias};
    int64_t stream[5];
    memcpy(stream, self->minibatch.s, sizeof self->minibatch.s);
    stream[4] = self->skipped_losses;
    SL_TRY(sl_tensors_add(file, "value_norm", SL_F64, 1, (const int64_t[]){3}, norm));
    return sl_tensors_add(file, "minibatch", SL_I64, 1, (const int64_t[]){5}, stream);
}

static sl_status load(sl_learner *learner, const sl_tensors *file) {
    sl_mappo *self = (sl_mappo *)learner;
    const sl_tensor *norm, *stream;
    SL_TRY(sl_tensors_find(file, "value_norm", SL_F64, 3, &norm));
    SL_TRY(sl_tensors_find(file, "minibatch", SL_I64, 5, &stream));
    for (int k = 0; k <= self->n_nets; k++) SL_TRY(sl_parameter_group_load(&self->nets[k].trained, file));
    const double *values = norm->data;
    self->value_norm = (sl_value_norm){.mean = values[0], .mean_sq = values[1], .debias = values[2]};
    memcpy(self->minibatch.s, stream->data, sizeof self->minibatch.s);
    self->skipped_losses = ((const int64_t *)stream->data)[4];
    return SL_OK;
}

static const sl_metric columns[] = {
    SL_METRIC("policy_loss", sl_mappo_stats, policy_loss, SL_METRIC_GAUGE, "",
              "the clipped surrogate with its sign turned, without the entropy bonus"),
    SL_METRIC("value_loss", sl_mappo_stats, value_loss, SL_METRIC_GAUGE, "",
              "the clipped Huber loss of the critic, in normalised units"),
    SL_METRIC("entropy", sl_mappo_stats, entropy, SL_METRIC_GAUGE, "nats", "of the policy"),
    SL_METRIC("kl", sl_mappo_stats, kl, SL_METRIC_GAUGE, "nats",
              "of the new policy from the one that acted: mean of rho - 1 - log rho"),
    SL_METRIC("clip_fraction", sl_mappo_stats, clip_fraction, SL_METRIC_GAUGE, "",
              "share of the samples whose probability ratio left the clip range"),
    SL_METRIC("actor_norm", sl_mappo_stats, actor_norm, SL_METRIC_GAUGE, "",
              "gradient norm of the last minibatch before clipping; of agent 0 with method direct"),
    SL_METRIC("critic_norm", sl_mappo_stats, critic_norm, SL_METRIC_GAUGE, "",
              "gradient norm of the last minibatch before clipping"),
    SL_METRIC("lr", sl_mappo_stats, lr, SL_METRIC_GAUGE, "", "learning rate"),
    SL_METRIC("skipped", sl_mappo_stats, skipped, SL_METRIC_COUNTER, "steps",
              "skipped so far: a loss or a gradient was not finite"),
};

const sl_learner_class sl_mappo_class = {
    .name = "mappo",
    .columns = SL_METRIC_TABLE(columns),
    .create = sl_mappo_create,
    .destroy = sl_mappo_destroy,
    .update = update,
    .get_params = get_params,
    .start_from = start_from,
    .save = save,
    .load = load,
};
