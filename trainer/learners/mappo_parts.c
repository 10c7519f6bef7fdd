/* mappo_parts.c - the MAPPO learner's networks, slices and buffers, from its definition. Called at start. */
#include "trainer/learners/mappo_parts.h"

#include "common/alloc.h"

#include <stdio.h>

enum { BLOCK_ROWS = 2048, SLICE_ROWS = 200 };

static void describe_nets(sl_mappo *self) {
    const sl_setup *setup = self->setup;
    for (int k = 0; k < self->n_nets; k++) {
        sl_mappo_net *actor = &self->nets[k];
        actor->def = self->separate ? setup->students[k] : setup->teacher;
        actor->rows = self->separate ? (sl_rows){setup->N, k, 1} : (sl_rows){setup->N, 0, setup->N};
        actor->used = self->separate ? actor->def.in_dim : setup->O;
        actor->n_id = actor->def.in_dim - actor->used;
        snprintf(actor->name, sizeof actor->name, self->separate ? "student%d" : "actor", k);
    }
    sl_mappo_net *critic = &self->nets[self->n_nets];
    critic->def = setup->critic;
    critic->rows = (sl_rows){setup->M == 1 ? 1 : setup->N, 0, setup->M};
    snprintf(critic->name, sizeof critic->name, "critic");
}

static void describe_need(sl_mappo *self) {
    const sl_exp_ppo *ppo = self->ppo;
    int widest = 0, hidden = 0, critic_hidden = 0;
    bool cells = false;
    for (int k = 0; k < self->n_nets; k++) {
        if (self->nets[k].def.hidden > widest) widest = self->nets[k].def.hidden;
        cells = cells || self->nets[k].def.cell == SL_CELL_GRU;
    }
    // of the widest network, whether or not that one is recurrent
    if (cells) hidden = widest;
    if (self->nets[self->n_nets].def.cell == SL_CELL_GRU) critic_hidden = self->nets[self->n_nets].def.hidden;
    // a feed-forward team learns from single steps
    bool recurrent = hidden || critic_hidden;
    self->chunk = !recurrent ? 1 : ppo->chunk < ppo->rollout_steps ? ppo->chunk : ppo->rollout_steps;
    self->C = (ppo->rollout_steps + self->chunk - 1) / self->chunk;
    self->n_chunks = self->C * ppo->n_envs;
    for (int i = 0; i < self->setup->N; i++)
        self->n_actions[i] = self->separate ? self->nets[i].def.out_dim : self->setup->A;
    self->base.need = (sl_batch_need){.T = ppo->rollout_steps,
                                      .B = ppo->n_envs,
                                      .chunk = self->chunk,
                                      .critic = true,
                                      .H = hidden,
                                      .critic_H = critic_hidden,
                                      .n_actions = self->n_actions};
}

/* Of one slice of network k, in products for a step of the minibatch. */
static double work(const sl_mappo *self, int k) {
    const sl_mappo_net *one = &self->nets[k];
    return (double)sl_net_n_params(&one->def) * one->rows.G / one->n_slices;
}

/* What the threads take, network by network: those with the longest slices first, so that short ones fill the end. */
static sl_status cut(sl_mappo *self, int block_rows) {
    int minibatch = (self->n_chunks + self->ppo->minibatches - 1) / self->ppo->minibatches;
    for (int k = 0; k <= self->n_nets; k++) {
        sl_mappo_net *one = &self->nets[k];
        int n = sl_learner_slices(minibatch, self->chunk * one->rows.G, SLICE_ROWS);
        int share = (minibatch + n - 1) / n,
            most = (block_rows ? block_rows : BLOCK_ROWS) / (self->chunk * one->rows.G);
        one->n_slices = n;
        one->block_chunks = most < 1 ? 1 : most < share ? most : share;
        self->n_slices += n;
    }
    self->slices = sl_array_pool_take(&self->arrays, self->n_slices, sizeof *self->slices);
    if (!self->slices) return sl_fail(SL_MEMORY, NULL, "cannot allocate a learner");
    for (int k = 0, n = 0; k <= self->n_nets; k++)
        for (int i = 0; i < self->nets[k].n_slices; i++) {
            int at = n++;
            for (; at > 0 && work(self, self->slices[at - 1].net) < work(self, k); at--)
                self->slices[at] = self->slices[at - 1];
            self->slices[at] = (sl_mappo_slice){.net = k, .index = i};
        }
    return SL_OK;
}

static sl_status create_params(sl_mappo *self) {
    size_t n = 0;
    for (int k = 0; k < self->n_nets; k++) n += sl_net_n_params(&self->nets[k].def);
    self->n_actor = n;
    self->n_critic = sl_net_n_params(&self->nets[self->n_nets].def);
    self->actor_params = SL_TAKE_FLOATS(&self->arrays, (int64_t)self->n_actor);
    self->critic_params = SL_TAKE_FLOATS(&self->arrays, (int64_t)self->n_critic);
    if (!self->actor_params || !self->critic_params) return sl_fail(SL_MEMORY, NULL, "cannot allocate parameters");
    sl_parameter_group **groups = sl_array_pool_take(&self->arrays, self->n_nets + 1, sizeof(sl_parameter_group *));
    if (!groups) return sl_fail(SL_MEMORY, NULL, "cannot allocate parameters");
    float *params = self->actor_params;
    sl_rng init = sl_rng_split_name(&self->setup->root, self->separate ? "students/init" : "teacher/init");
    for (int k = 0; k <= self->n_nets; k++) {
        sl_mappo_net *one = &self->nets[k];
        bool critic = k == self->n_nets;
        size_t n_params = sl_net_n_params(&one->def);
        float *at = critic ? self->critic_params : params;
        SL_TRY(sl_parameter_group_init(&one->trained, one->name, n_params, at, one->n_slices));
        groups[k] = &one->trained;
        sl_rng stream = sl_rng_split_name(&init, one->name);
        // a small head makes the first policy uniform; the critic's is of gain 1
        sl_net_init(&one->def, critic ? 1.0f : 0.01f, &stream, one->trained.params);
        if (!critic) params += n_params;
    }
    return sl_group_step_create(self->pool, self->n_nets + 1, groups, &self->step);
}

static sl_status create_scratch(sl_mappo *self, sl_mappo_scratch *s) {
    sl_array_pool *arrays = &self->arrays;
    int64_t rows = 0, x = 0, h = 0, out = 0;
    s->workspaces = sl_array_pool_take(arrays, self->n_nets + 1, sizeof *s->workspaces);
    if (!s->workspaces) return sl_fail(SL_MEMORY, NULL, "cannot allocate what a thread learns with");
    for (int k = 0; k <= self->n_nets; k++) {
        const sl_net_def *def = &self->nets[k].def;
        int sequences = self->nets[k].block_chunks * self->nets[k].rows.G, L = self->chunk;
        int64_t n = (int64_t)sequences * L;
        bool recurrent = def->cell == SL_CELL_GRU;
        SL_TRY((self->bf16 ? sl_net_workspace_create_bf16 : sl_net_workspace_create)(
            def, recurrent ? L : 1, recurrent ? sequences : sequences * L, &s->workspaces[k]));
        if (n > rows) rows = n;
        if (n * def->in_dim > x) x = n * def->in_dim;
        if (n * def->out_dim > out) out = n * def->out_dim;
        if ((int64_t)sequences * def->hidden > h) h = (int64_t)sequences * def->hidden;
    }
    s->x = SL_TAKE_FLOATS(arrays, x);
    s->h0 = SL_TAKE_FLOATS(arrays, h);
    s->not_first = SL_TAKE_FLOATS(arrays, rows);
    s->out = SL_TAKE_FLOATS(arrays, out);
    s->dout = SL_TAKE_FLOATS(arrays, out);
    s->logp = SL_TAKE_FLOATS(arrays, out);
    s->scratch = SL_TAKE_FLOATS(arrays, 3 * rows);
    s->old = SL_TAKE_FLOATS(arrays, rows);
    s->advantage = SL_TAKE_FLOATS(arrays, rows);
    s->weight = SL_TAKE_FLOATS(arrays, rows);
    s->action = sl_array_pool_take(arrays, rows, sizeof(int32_t));
    s->avail = sl_array_pool_take(arrays, out, 1);
    s->chunks = sl_array_pool_take(arrays, self->n_chunks, sizeof(int));
    return arrays->failed ? sl_fail(SL_MEMORY, NULL, "cannot allocate what a thread learns with") : SL_OK;
}

static sl_status create_parts(sl_mappo *self, int block_rows) {
    const sl_exp_ppo *ppo = self->ppo;
    sl_array_pool *arrays = &self->arrays;
    self->nets = sl_array_pool_take(arrays, self->n_nets + 1, sizeof *self->nets);
    self->scratch = sl_array_pool_take(arrays, sl_pool_n_threads(self->pool), sizeof *self->scratch);
    self->n_actions = sl_array_pool_take(arrays, self->setup->N, sizeof *self->n_actions);
    self->row_share = sl_array_pool_take(arrays, self->n_nets + 1, sizeof *self->row_share);
    if (arrays->failed) return sl_fail(SL_MEMORY, NULL, "cannot allocate a learner");
    describe_nets(self);
    describe_need(self);
    SL_TRY(cut(self, block_rows));
    SL_TRY(create_params(self));
    int64_t n_targets = (int64_t)ppo->rollout_steps * ppo->n_envs * self->setup->M;
    self->order = sl_array_pool_take(arrays, self->n_chunks, sizeof *self->order);
    self->advantage = SL_TAKE_FLOATS(arrays, n_targets);
    self->target = SL_TAKE_FLOATS(arrays, n_targets);
    self->value = SL_TAKE_FLOATS(arrays, n_targets);
    if (arrays->failed)
        return sl_fail(SL_MEMORY, NULL, "cannot allocate a learner for batches of %d chunks", self->n_chunks);
    for (int k = 0; k < self->n_chunks; k++) self->order[k] = k;
    for (int t = 0; t < sl_pool_n_threads(self->pool); t++) SL_TRY(create_scratch(self, &self->scratch[t]));
    return SL_OK;
}

sl_status sl_mappo_create(const sl_learner_def *def, sl_learner **out) {
    SL_TRY(sl_setup_check_precision(def->setup));
    sl_mappo *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "cannot allocate a learner");
    self->base = (sl_learner){.class = &sl_mappo_class, .stats = &self->stats};
    self->setup = def->setup;
    self->ppo = &def->setup->experiment->teacher.ppo;
    self->separate = def->setup->direct;
    self->bf16 = def->setup->experiment->teacher.precision == SL_EXP_BF16;
    self->pool = def->pool;
    self->n_nets = self->separate ? def->setup->N : 1;
    self->minibatch = sl_rng_split_name(&def->setup->root, "minibatch");
    sl_status status = create_parts(self, def->block_rows);
    if (status == SL_OK)
        *out = &self->base;
    else
        sl_mappo_destroy(&self->base);
    return status;
}

void sl_mappo_destroy(sl_learner *learner) {
    sl_mappo *self = (sl_mappo *)learner;
    for (int t = 0; self->scratch && t < sl_pool_n_threads(self->pool); t++)
        for (int k = 0; self->scratch[t].workspaces && k <= self->n_nets; k++)
            sl_net_workspace_destroy(&self->scratch[t].workspaces[k]);
    sl_group_step_destroy(&self->step);
    for (int k = 0; self->nets && k <= self->n_nets; k++) sl_parameter_group_fini(&self->nets[k].trained);
    sl_array_pool_fini(&self->arrays);
    sl_free(self);
}
