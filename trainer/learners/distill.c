/* distill.c - the epochs over one distillation batch. A block is a few whole episodes: all students go forward on it,
 * the losses couple them (eq. 9), then all go backward. The row losses are in logit_loss.c and
 * kd_loss.c. */
#include "trainer/learners/distill_parts.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/vitals.h"
#include "nn/blas.h"

#include <math.h>
#include <string.h>

/* ---- one block of episodes ---- */

/* Student i forward on the chunks, with what the losses need of it. */
static void forward(const sl_distill *self, sl_distill_scratch *s, int i, const sl_chunks *chunks) {
    const sl_distill_student *one = &self->students[i];
    const sl_batch *batch = self->batch;
    const sl_exp_distill *options = self->options;
    sl_distill_view *v = &s->views[i];
    sl_rows rows = {self->N, i, 1};
    int L = chunks->L, n = chunks->n, R = L * n, H = one->def.hidden, A = one->def.out_dim;
    sl_gather_input(chunks, &rows, batch->obs, batch->P, one->def.in_dim, 0, v->x);
    bool recurrent = one->def.cell == SL_CELL_GRU;
    sl_net_forward(&one->def, one->net.params, v->ws, recurrent ? L : 1, recurrent ? n : R, v->x, NULL,
                   recurrent ? s->not_first : NULL, v->logits, v->z);
    if (batch->avail) sl_gather_bytes(chunks, &rows, batch->avail, batch->A, A, v->avail);
    sl_gather_input(chunks, &rows, batch->teacher_logits, batch->A, A, 0, v->lt);
    if (batch->alive) sl_gather_floats(chunks, &rows, batch->alive, v->alive);
    for (int r = 0; r < R; r++) v->weight[r] = (float)self->row_share * (batch->alive ? v->alive[r] : 1.0f);
    // the maps of eq. 9 and eq. 11 on the student's embedding
    if (options->w_sr != 0) sl_blas_nt(R, self->D, H, v->z, H, one->maps.params, H, 0.0f, v->common, self->D);
    if (options->w_role != 0) {
        sl_gather_input(chunks, &rows, self->role_t, self->role_stride, self->K, 0, v->rt);
        sl_blas_nt(R, self->K, H, v->z, H, one->maps.params + (size_t)self->D * (size_t)H, H, 0.0f, v->roles,
                   self->K);
    }
}

/* Eq. 3-5, 7 and 8: what concerns student i's logits alone. */
static void logit_losses(const sl_distill *self, sl_distill_scratch *s, int i, const sl_chunks *chunks) {
    const sl_exp_distill *options = self->options;
    const sl_batch *batch = self->batch;
    sl_distill_view *v = &s->views[i];
    sl_rows rows = {self->N, i, 1}, advantage_rows = {batch->M == 1 ? 1 : self->N, i, 1};
    sl_logit_rows logit_rows = {.R = chunks->L * chunks->n,
                                .A = self->students[i].def.out_dim,
                                .avail = batch->avail ? v->avail : NULL,
                                .teacher = v->lt,
                                .weight = v->weight,
                                .action = v->action,
                                .old_logp = v->old_logp,
                                .advantage = v->advantage};
    const sl_logit_weights weights = {.ppo = options->w_ppo,
                                      .clip = options->clip,
                                      .entropy = options->entropy,
                                      .kl = options->w_kl,
                                      .tau = options->tau,
                                      .ce = options->w_ce};
    if (options->w_ppo != 0) {
        sl_gather_floats(chunks, &rows, batch->logp, v->old_logp);
        sl_gather_ints(chunks, &rows, batch->action, v->action);
        sl_gather_floats(chunks, &advantage_rows, self->advantage, v->advantage);
    }
    sl_logit_loss(&logit_rows, &weights, v->logits, v->dlogits, &s->sums.logits);
}

/* Eq. 9: the relations between the students of a step. */
static void relation_loss(const sl_distill *self, sl_distill_scratch *s, const sl_chunks *chunks) {
    bool all = !self->batch->alive;
    int R = chunks->L * chunks->n, n_pairs = self->N * (self->N - 1) / 2;
    sl_rows steps = {1, 0, 1};
    sl_gather_input(chunks, &steps, self->cosines_t, n_pairs, n_pairs, 0, s->cosines);
    for (int i = 0; i < self->N; i++) {
        sl_distill_view *v = &s->views[i];
        s->cs[i] = v->common;
        s->alive[i] = v->alive;
        s->dcs[i] = v->dcommon;
        memset(v->dcommon, 0, (size_t)R * (size_t)self->D * sizeof(float));
    }
    for (int r = 0; r < R; r++) s->pair_weight[r] = (float)self->pair_share;
    s->sums.sr += sl_kd_relation(R, self->N, self->D, s->cosines, s->cs, all ? NULL : s->alive, s->pair_weight,
                                 self->options->w_sr, s->dcs);
}

/* Eq. 10 and 11 for student i; every n-th step its gradient moves W_T too. */
static void role_loss(const sl_distill *self, sl_distill_scratch *s, int i, const sl_chunks *chunks) {
    sl_distill_view *v = &s->views[i];
    int R = chunks->L * chunks->n, K = self->K, H_teacher = self->setup->teacher.hidden;
    size_t n = (size_t)R * (size_t)K;
    memset(v->droles, 0, n * sizeof(float));
    memset(v->drt, 0, n * sizeof(float));
    s->sums.role += sl_kd_role(R, K, v->rt, v->roles, self->options->tau_role, v->weight, self->options->w_role,
                               v->droles, self->teacher_role.moves ? v->drt : NULL);
    if (!self->teacher_role.moves) return;
    sl_rows rows = {self->N, i, 1};
    sl_gather_input(chunks, &rows, self->batch->teacher_z, H_teacher, H_teacher, 0, s->zt);
    sl_blas_tn(K, H_teacher, R, v->drt, K, s->zt, H_teacher, 1.0f,
               sl_parameter_group_slice(&self->teacher_role, s->slice), H_teacher);
}

/* From the losses back through the maps and the network of student i. */
static void backward(const sl_distill *self, sl_distill_scratch *s, int i, int R) {
    const sl_distill_student *one = &self->students[i];
    const sl_exp_distill *options = self->options;
    sl_distill_view *v = &s->views[i];
    int H = one->def.hidden, D = self->D, K = self->K;
    size_t n_common = (size_t)D * (size_t)H;
    bool uses_z = options->w_sr != 0 || options->w_role != 0;
    float *dmaps = sl_parameter_group_slice(&one->maps, s->slice);
    if (uses_z) memset(v->dz, 0, (size_t)R * (size_t)H * sizeof(float));
    if (options->w_sr != 0) {
        sl_blas_nn(R, H, D, v->dcommon, D, one->maps.params, H, 1.0f, v->dz, H);
        sl_blas_tn(D, H, R, v->dcommon, D, v->z, H, 1.0f, dmaps, H);
    }
    if (options->w_role != 0) {
        sl_blas_nn(R, H, K, v->droles, K, one->maps.params + n_common, H, 1.0f, v->dz, H);
        sl_blas_tn(K, H, R, v->droles, K, v->z, H, 1.0f, dmaps + n_common, H);
    }
    sl_net_backward(&one->def, one->net.params, v->ws, v->dlogits, uses_z ? v->dz : NULL,
                    sl_parameter_group_slice(&one->net, s->slice));
}

static void run_block(sl_distill *self, sl_distill_scratch *s, const sl_chunks *chunks) {
    int R = chunks->L * chunks->n;
    sl_gather_not_first(chunks, 1, s->not_first);
    for (int i = 0; i < self->N; i++) forward(self, s, i, chunks);
    for (int i = 0; i < self->N; i++) logit_losses(self, s, i, chunks);
    if (self->options->w_sr != 0) relation_loss(self, s, chunks);
    for (int i = 0; i < self->N && self->options->w_role != 0; i++) role_loss(self, s, i, chunks);
    for (int i = 0; i < self->N; i++) backward(self, s, i, R);
}

static void run_slice(void *context, int slice, int thread) {
    sl_distill *self = context;
    sl_distill_scratch *s = &self->scratch[thread];
    s->slice = slice;
    s->sums = (sl_distill_sums){0};
    for (int i = 0; i < self->N; i++) {
        sl_parameter_group_zero(&self->students[i].net, slice);
        if (self->students[i].maps.moves) sl_parameter_group_zero(&self->students[i].maps, slice);
    }
    if (self->teacher_role.moves) sl_parameter_group_zero(&self->teacher_role, slice);
    int begin = sl_learner_slice_begin(self->n_minibatch, slice, self->n_slices);
    int end = sl_learner_slice_begin(self->n_minibatch, slice + 1, self->n_slices);
    for (int k = begin; k < end; k += self->block_chunks) {
        int n = end - k < self->block_chunks ? end - k : self->block_chunks;
        sl_chunks chunks = {self->batch, self->batch->T, self->batch->T, n, self->chunks + k};
        run_block(self, s, &chunks);
    }
    self->sums[slice] = s->sums;
}

/* ---- minibatches ---- */

/* Rows that count, and steps at which at least one pair is alive. */
static void count_rows(sl_distill *self) {
    const sl_batch *batch = self->batch;
    double rows = 0, pairs = 0;
    for (int m = 0; m < self->n_minibatch; m++) {
        for (int t = 0; t < batch->T; t++) {
            int n = self->N;
            const float *alive = batch->alive;
            if (alive) {
                n = 0;
                alive += ((size_t)t * (size_t)batch->B + (size_t)self->chunks[m]) * (size_t)self->N;
                for (int i = 0; i < self->N; i++) n += alive[i] != 0.0f;
            }
            rows += n;
            pairs += n >= 2;
        }
    }
    self->row_share = rows > 0 ? 1.0 / rows : 0;
    self->pair_share = pairs > 0 ? 1.0 / pairs : 0;
}

static void add(sl_distill_sums *sum, const sl_distill_sums *part, double share) {
    sum->logits.ppo.policy_loss += part->logits.ppo.policy_loss * share;
    sum->logits.ppo.entropy += part->logits.ppo.entropy * share;
    sum->logits.ppo.kl += part->logits.ppo.kl * share;
    sum->logits.ppo.clipped += part->logits.ppo.clipped * share;
    sum->logits.kl += part->logits.kl * share;
    sum->logits.ce += part->logits.ce * share;
    sum->sr += part->sr * share;
    sum->role += part->role * share;
    sum->logits.agreement += part->logits.agreement * share;
}

static sl_distill_sums run_minibatch(sl_distill *self, int n, const int *chunks) {
    self->chunks = chunks;
    self->n_minibatch = n;
    count_rows(self);
    sl_pool_run(self->pool, self->n_slices, run_slice, self);
    sl_distill_sums total = {0};
    for (int k = 0; k < self->n_slices; k++) add(&total, &self->sums[k], 1);
    return total;
}

/* L = w_ppo L_PPO + L_KD - c_H H (eq. 5), L_KD by eq. 6. */
static double total_loss(const sl_exp_distill *w, const sl_distill_sums *s) {
    // eq. 6
    double kd = w->w_kl * s->logits.kl + w->w_ce * s->logits.ce + w->w_sr * s->sr + w->w_role * s->role;
    // eq. 5
    return w->w_ppo * s->logits.ppo.policy_loss + kd - w->entropy * s->logits.ppo.entropy;
}

/* The teacher's side of eq. 11, once a batch, and again after W_T has moved. */
static void project_roles(sl_distill *self) {
    const sl_batch *batch = self->batch;
    int R = batch->T * batch->B * batch->N, H = batch->Z, K = self->K;
    if (self->lessons.whole_z)
        sl_blas_nt(R, K, H, batch->teacher_z, H, self->teacher_role.params, H, 0.0f, self->own_role_t, K);
}

/* Points at the teacher's side of eq. 9 and 11, where it came under its maps; else maps it. */
static void map_teacher(sl_distill *self) {
    const sl_batch *batch = self->batch;
    const sl_lessons *lessons = &self->lessons;
    int steps = batch->T * batch->B, R = steps * batch->N, Z = batch->Z, D = self->D;
    const float *common = batch->teacher_z;
    self->role_t = lessons->whole_z ? self->own_role_t : batch->teacher_z + lessons->D;
    self->role_stride = lessons->whole_z ? self->K : Z;
    if (lessons->D > 0 && lessons->whole_z) {
        sl_blas_nt(R, D, Z, batch->teacher_z, Z, self->teacher_common, Z, 0.0f, self->common_t, D);
        common = self->common_t;
    }
    if (lessons->D > 0) sl_kd_cosines(steps, self->N, D, lessons->whole_z ? D : Z, common, self->cosines_t);
    project_roles(self);
}

static void prepare(sl_distill *self, const sl_batch *batch) {
    self->batch = batch;
    for (int i = 0; i < self->N; i++)
        self->students[i].maps.moves = self->options->w_sr != 0 || self->options->w_role != 0;
    if (self->options->w_ppo != 0)
        sl_advantage_normalise((size_t)batch->T * (size_t)batch->B, batch->M, batch->N, batch->advantage,
                               batch->alive, self->advantage);
    map_teacher(self);
}

/* The epoch's order of the chunks; a single minibatch is the same in any. */
static void permute(sl_distill *self) {
    if (self->options->minibatches > 1) sl_rng_permute(&self->minibatch, self->n_chunks, self->order);
}

static void one_epoch(sl_distill *self, double lr, sl_distill_sums *mean) {
    const sl_exp_distill *options = self->options;
    const sl_group_step_options step = {lr, options->adam_eps, options->max_grad_norm};
    permute(self);
    *mean = (sl_distill_sums){0};
    for (int m = 0; m < options->minibatches; m++) {
        int begin = (int)((int64_t)self->n_chunks * m / options->minibatches);
        int end = (int)((int64_t)self->n_chunks * (m + 1) / options->minibatches);
        if (begin == end) continue;
        sl_vitals_beat(sl_clock_ns());
        int period = options->teacher_role_period;
        self->teacher_role.moves = period > 0 && options->w_role != 0 && (self->steps + 1) % period == 0;
        sl_distill_sums part = run_minibatch(self, end - begin, self->order + begin);
        if (isfinite(total_loss(options, &part))) {
            sl_group_step_run(self->step, &step);
            if (self->teacher_role.moves) project_roles(self);
        } else if (self->skipped_losses++ == 0) {
            SL_WARN("a distillation loss is not finite: this update is skipped");
        }
        self->steps++;
        add(mean, &part, 1.0 / options->minibatches);
    }
}

static void update(sl_learner *learner, const sl_batch *batch, double progress) {
    sl_distill *self = (sl_distill *)learner;
    const sl_exp_distill *options = self->options;
    double lr = options->lr + (options->lr_final - options->lr) * progress;
    prepare(self, batch);
    sl_distill_sums mean = {0};
    for (int epoch = 0; epoch < options->epochs; epoch++) one_epoch(self, lr, &mean);
    self->stats = (sl_distill_stats){.loss = total_loss(options, &mean),
                                     .ppo = mean.logits.ppo.policy_loss,
                                     .kl = mean.logits.kl,
                                     .ce = mean.logits.ce,
                                     .sr = mean.sr,
                                     .role = mean.role,
                                     .entropy = mean.logits.ppo.entropy,
                                     .agreement = mean.logits.agreement,
                                     .ratio_kl = mean.logits.ppo.kl,
                                     .clip_fraction = mean.logits.ppo.clipped,
                                     .grad_norm = self->students[0].net.norm,
                                     .lr = lr,
                                     .skipped = self->skipped_losses};
    for (int i = 0; i < self->N; i++)
        self->stats.skipped += self->students[i].net.skipped + self->students[i].maps.skipped;
}

/* ---- what others see ---- */

static sl_learner_params get_params(const sl_learner *learner) {
    const sl_distill *self = (const sl_distill *)learner;
    return (sl_learner_params){.actor = self->params, .n_actor = self->n_students};
}

float *sl_distill_all_params(const sl_learner *learner, size_t *n) {
    const sl_distill *self = (const sl_distill *)learner;
    *n = self->n_params;
    return self->params;
}

double sl_distill_loss(sl_learner *learner, const sl_batch *batch, float *grads) {
    sl_distill *self = (sl_distill *)learner;
    prepare(self, batch);
    self->teacher_role.moves = self->lessons.whole_z;
    for (int k = 0; k < self->n_chunks; k++) self->order[k] = k;
    sl_distill_sums total = run_minibatch(self, self->n_chunks, self->order);
    for (int i = 0; i < self->N; i++) grads += sl_parameter_group_sum(&self->students[i].net, grads);
    for (int i = 0; i < self->N; i++) grads += sl_parameter_group_sum(&self->students[i].maps, grads);
    (void)sl_parameter_group_sum(&self->teacher_role, grads);
    return total_loss(self->options, &total);
}

static sl_status save(const sl_learner *learner, sl_tensors *file) {
    const sl_distill *self = (const sl_distill *)learner;
    for (int i = 0; i < self->N; i++) {
        SL_TRY(sl_parameter_group_save(&self->students[i].net, file));
        SL_TRY(sl_parameter_group_save(&self->students[i].maps, file));
    }
    SL_TRY(sl_parameter_group_save(&self->teacher_role, file));
    int64_t stream[6];
    memcpy(stream, self->minibatch.s, sizeof self->minibatch.s);
    stream[4] = self->skipped_losses;
    stream[5] = self->steps;
    return sl_tensors_add(file, "minibatch", SL_I64, 1, (const int64_t[]){6}, stream);
}

static sl_status load(sl_learner *learner, const sl_tensors *file) {
    sl_distill *self = (sl_distill *)learner;
    const sl_tensor *stream;
    SL_TRY(sl_tensors_find(file, "minibatch", SL_I64, 6, &stream));
    for (int i = 0; i < self->N; i++) {
        SL_TRY(sl_parameter_group_load(&self->students[i].net, file));
        SL_TRY(sl_parameter_group_load(&self->students[i].maps, file));
    }
    SL_TRY(sl_parameter_group_load(&self->teacher_role, file));
    const int64_t *words = stream->data;
    memcpy(self->minibatch.s, words, sizeof self->minibatch.s);
    self->skipped_losses = words[4];
    self->steps = words[5];
    return SL_OK;
}

static const sl_metric columns[] = {
    SL_METRIC("loss", sl_distill_stats, loss, SL_METRIC_GAUGE, "", "eq. 5, weighted and summed"),
    SL_METRIC("ppo", sl_distill_stats, ppo, SL_METRIC_GAUGE, "", "eq. 3 without its weight"),
    SL_METRIC("kl", sl_distill_stats, kl, SL_METRIC_GAUGE, "", "eq. 7 without its weight"),
    SL_METRIC("ce", sl_distill_stats, ce, SL_METRIC_GAUGE, "", "eq. 8 without its weight"),
    SL_METRIC("sr", sl_distill_stats, sr, SL_METRIC_GAUGE, "", "eq. 9 without its weight"),
    SL_METRIC("role", sl_distill_stats, role, SL_METRIC_GAUGE, "", "eq. 10 without its weight"),
    SL_METRIC("entropy", sl_distill_stats, entropy, SL_METRIC_GAUGE, "nats", "of the students"),
    SL_METRIC("agreement", sl_distill_stats, agreement, SL_METRIC_GAUGE, "",
              "share of the samples in which student and teacher prefer the same action"),
    SL_METRIC("ratio_kl", sl_distill_stats, ratio_kl, SL_METRIC_GAUGE, "nats",
              "of the students from the policy that acted: mean of rho - 1 - log rho"),
    SL_METRIC("clip_fraction", sl_distill_stats, clip_fraction, SL_METRIC_GAUGE, "",
              "share of the samples whose probability ratio left the clip range"),
    SL_METRIC("grad_norm", sl_distill_stats, grad_norm, SL_METRIC_GAUGE, "",
              "of agent 0's student, last minibatch, before clipping"),
    SL_METRIC("lr", sl_distill_stats, lr, SL_METRIC_GAUGE, "", "learning rate"),
    SL_METRIC("skipped", sl_distill_stats, skipped, SL_METRIC_COUNTER, "steps",
              "skipped so far: a loss or a gradient was not finite"),
};

const sl_learner_class sl_distill_class = {
    .name = "distill",
    .columns = SL_METRIC_TABLE(columns),
    .create = sl_distill_create,
    .destroy = sl_distill_destroy,
    .update = update,
    .get_params = get_params,
    .save = save,
    .load = load,
};
