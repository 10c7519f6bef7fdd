/* distill_parts.c - the distillation learner's students, maps, slices and buffers, from its definition. Called at
 * start. */
#include "trainer/learners/distill_parts.h"

#include "common/alloc.h"

#include <stdio.h>

// a slice counts the rows of all students, whose networks are small
enum { BLOCK_ROWS = 1024, SLICE_ROWS = 300 };

static sl_status out_of_memory(void) {
    return sl_fail(SL_MEMORY, "lower distill.episodes", "cannot allocate the distillation learner");
}

static void describe(sl_distill *self) {
    const sl_setup *setup = self->setup;
    const sl_exp_distill *options = self->options;
    self->N = setup->N;
    self->D = options->common_dim;
    self->K = options->role_dim;
    self->n_chunks = options->episodes;
    for (int i = 0; i < self->N; i++) {
        sl_distill_student *one = &self->students[i];
        one->def = setup->students[i];
        self->n_actions[i] = one->def.out_dim;
        (void)snprintf(one->name, sizeof one->name, "student%d", i);
        (void)snprintf(one->maps_name, sizeof one->maps_name, "maps%d", i);
        self->n_students += sl_net_n_params(&one->def);
    }
    // whole episodes: one chunk
    self->base.need = (sl_batch_need){.T = setup->spec.max_steps,
                                      .B = options->episodes,
                                      .chunk = setup->spec.max_steps,
                                      .distills = true,
                                      .ppo = self->lessons.ppo,
                                      .Z = self->lessons.Z,
                                      .n_actions = self->n_actions};
}

static sl_status create_params(sl_distill *self) {
    int H_teacher = self->setup->teacher.hidden, D = self->D, K = self->K;
    size_t n_maps = 0, n_role = (size_t)K * (size_t)H_teacher;
    for (int i = 0; i < self->N; i++) n_maps += (size_t)(D + K) * (size_t)self->students[i].def.hidden;
    self->n_params = self->n_students + n_maps + n_role;
    self->params = SL_TAKE_FLOATS(&self->arrays, (int64_t)self->n_params);
    self->teacher_common = SL_TAKE_FLOATS(&self->arrays, (int64_t)D * H_teacher);
    sl_parameter_group **groups = sl_array_pool_take(&self->arrays, 2 * self->N + 1, sizeof(sl_parameter_group *));
    if (self->arrays.failed) return out_of_memory();
    const sl_rng *root = &self->setup->root;
    sl_rng inits = sl_rng_split_name(root, "students/init"), streams = sl_rng_split_name(root, "kd/maps");
    float *net = self->params, *maps = self->params + self->n_students;
    for (int i = 0; i < self->N; i++) {
        sl_distill_student *one = &self->students[i];
        size_t n = sl_net_n_params(&one->def), n_own = (size_t)(D + K) * (size_t)one->def.hidden;
        SL_TRY(sl_parameter_group_init(&one->net, one->name, n, net, self->n_slices));
        SL_TRY(sl_parameter_group_init(&one->maps, one->maps_name, n_own, maps, self->n_slices));
        groups[2 * i] = &one->net;
        groups[2 * i + 1] = &one->maps;
        sl_rng init = sl_rng_split(&inits, (uint64_t)i), stream = sl_rng_split(&streams, (uint64_t)i);
        sl_net_init(&one->def, 0.01f, &init, net);
        sl_lessons_orthogonal(D, one->def.hidden, &stream, maps);
        sl_lessons_orthogonal(K, one->def.hidden, &stream, maps + (size_t)D * (size_t)one->def.hidden);
        net += n;
        maps += n_own;
    }
    // the teacher's maps: random, orthogonal, and W_T fixed unless a period is given
    sl_lessons_draw(self->setup, self->teacher_common, maps);
    SL_TRY(sl_parameter_group_init(&self->teacher_role, "teacher_role", n_role, maps, self->n_slices));
    groups[2 * self->N] = &self->teacher_role;
    return sl_group_step_create(self->pool, 2 * self->N + 1, groups, &self->step);
}

/* Rows of floats, remembering a failure. */
static sl_status create_view(sl_distill *self, const sl_net_def *def, sl_distill_view *v) {
    sl_array_pool *arrays = &self->arrays;
    int T = self->base.need.T, n = self->block_chunks;
    int64_t R = (int64_t)T * n, A = def->out_dim;
    bool recurrent = def->cell == SL_CELL_GRU;
    SL_TRY(sl_net_workspace_create(def, recurrent ? T : 1, recurrent ? n : T * n, &v->ws));
    v->x = SL_TAKE_FLOATS(arrays, R * def->in_dim);
    float **of_actions[] = {&v->logits, &v->dlogits, &v->lt};
    for (int k = 0; k < 3; k++) *of_actions[k] = SL_TAKE_FLOATS(arrays, R * A);
    float **of_common[] = {&v->common, &v->dcommon};
    for (int k = 0; k < 2; k++) *of_common[k] = SL_TAKE_FLOATS(arrays, R * self->D);
    float **of_roles[] = {&v->roles, &v->droles, &v->rt, &v->drt};
    for (int k = 0; k < 4; k++) *of_roles[k] = SL_TAKE_FLOATS(arrays, R * self->K);
    float **of_rows[] = {&v->alive, &v->weight, &v->advantage, &v->old_logp};
    for (int k = 0; k < 4; k++) *of_rows[k] = SL_TAKE_FLOATS(arrays, R);
    v->z = SL_TAKE_FLOATS(arrays, R * def->hidden);
    v->dz = SL_TAKE_FLOATS(arrays, R * def->hidden);
    v->action = sl_array_pool_take(arrays, R, sizeof(int32_t));
    v->avail = sl_array_pool_take(arrays, R * A, 1);
    return arrays->failed ? out_of_memory() : SL_OK;
}

static sl_status create_scratch(sl_distill *self, sl_distill_scratch *s) {
    sl_array_pool *arrays = &self->arrays;
    int64_t R = (int64_t)self->base.need.T * self->block_chunks;
    s->views = sl_array_pool_take(arrays, self->N, sizeof *s->views);
    s->not_first = SL_TAKE_FLOATS(arrays, R);
    s->zt = SL_TAKE_FLOATS(arrays, R * self->setup->teacher.hidden);
    s->pair_weight = SL_TAKE_FLOATS(arrays, R);
    s->cosines = SL_TAKE_FLOATS(arrays, R * self->N * (self->N - 1) / 2);
    s->cs = sl_array_pool_take(arrays, self->N, sizeof *s->cs);
    s->alive = sl_array_pool_take(arrays, self->N, sizeof *s->alive);
    s->dcs = sl_array_pool_take(arrays, self->N, sizeof *s->dcs);
    if (arrays->failed) return out_of_memory();
    for (int i = 0; i < self->N; i++) SL_TRY(create_view(self, &self->students[i].def, &s->views[i]));
    return SL_OK;
}

static sl_status create_parts(sl_distill *self, int block_rows) {
    const sl_exp_distill *options = self->options;
    sl_array_pool *arrays = &self->arrays;
    self->students = sl_array_pool_take(arrays, self->setup->N, sizeof *self->students);
    self->n_actions = sl_array_pool_take(arrays, self->setup->N, sizeof *self->n_actions);
    self->scratch = sl_array_pool_take(arrays, sl_pool_n_threads(self->pool), sizeof *self->scratch);
    if (arrays->failed) return out_of_memory();
    describe(self);
    if (self->K < 1 || self->K > SL_KD_MAX_ROLES || self->D < 1)
        return sl_fail(SL_CONFIG, "1 to 256 roles, common_dim at least 1", "distill.role_dim %d or common_dim %d",
                       self->K, self->D);
    int minibatch = (self->n_chunks + options->minibatches - 1) / options->minibatches;
    // eq. 9 couples the students: all go through a slice together
    self->n_slices = sl_learner_slices(minibatch, self->base.need.T * self->N, SLICE_ROWS);
    self->sums = sl_array_pool_take(arrays, self->n_slices, sizeof *self->sums);
    if (arrays->failed) return out_of_memory();
    SL_TRY(create_params(self));
    int64_t rows = (int64_t)self->base.need.T * self->n_chunks * self->N;
    self->common_t = SL_TAKE_FLOATS(arrays, self->lessons.whole_z ? rows * self->D : 0);
    self->cosines_t = SL_TAKE_FLOATS(arrays, rows * (self->N - 1) / 2);
    self->own_role_t = SL_TAKE_FLOATS(arrays, self->lessons.whole_z ? rows * self->K : 0);
    self->advantage = SL_TAKE_FLOATS(arrays, rows);
    self->order = sl_array_pool_take(arrays, self->n_chunks, sizeof *self->order);
    if (arrays->failed) return out_of_memory();
    for (int k = 0; k < self->n_chunks; k++) self->order[k] = k;
    int share = (minibatch + self->n_slices - 1) / self->n_slices;
    int most = (block_rows ? block_rows : BLOCK_ROWS) / self->base.need.T;
    self->block_chunks = most < 1 ? 1 : most < share ? most : share;
    for (int t = 0; t < sl_pool_n_threads(self->pool); t++) SL_TRY(create_scratch(self, &self->scratch[t]));
    return SL_OK;
}

sl_status sl_distill_create(const sl_learner_def *def, sl_learner **out) {
    sl_distill *self = sl_alloc(sizeof *self);
    if (!self) return out_of_memory();
    self->base = (sl_learner){.class = &sl_distill_class, .stats = &self->stats};
    self->setup = def->setup;
    self->options = &def->setup->experiment->distill;
    self->lessons = sl_lessons_of(def->setup);
    self->pool = def->pool;
    self->minibatch = sl_rng_split_name(&def->setup->root, "distill/minibatch");
    sl_status status = create_parts(self, def->block_rows);
    if (status == SL_OK)
        *out = &self->base;
    else
        sl_distill_destroy(&self->base);
    return status;
}

void sl_distill_destroy(sl_learner *learner) {
    sl_distill *self = (sl_distill *)learner;
    for (int t = 0; self->scratch && t < sl_pool_n_threads(self->pool); t++)
        for (int i = 0; self->scratch[t].views && i < self->N; i++)
            sl_net_workspace_destroy(&self->scratch[t].views[i].ws);
    sl_group_step_destroy(&self->step);
    for (int i = 0; self->students && i < self->N; i++) {
        sl_parameter_group_fini(&self->students[i].net);
        sl_parameter_group_fini(&self->students[i].maps);
    }
    sl_parameter_group_fini(&self->teacher_role);
    sl_array_pool_fini(&self->arrays);
    sl_free(self);
}
