/* distill_parts.c - the distillation learner's students, maps, slices and buffers, from its definition. Called at
 * start. */
#include "trainer/learners/distill_parts.h"

#include "common/alloc.h"

#include <stdio.h>

enum { BLOCK_ROWS = 1024 };

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
                                      .teacher_H = setup->teacher.hidden,
                                      .n_actions = self->n_actions};
}

static sl_status create_params(sl_distill *self) {
    int H_teacher = self->base.need.teacher_H, D = self->D, K = self->K;
    size_t n_maps = 0, n_role = (size_t)K * (size_t)H_teacher;
    for (int i = 0; i < self->N; i++) n_maps += (size_t)(D + K) * (size_t)self->students[i].def.hidden;
    self->n_params = self->n_students + n_maps + n_role;
    self->params = sl_alloc_array(self->n_params, sizeof(float));
    self->teacher_common = sl_alloc_array((size_t)D * (size_t)H_teacher, sizeof(float));
    if (!self->params || !self->teacher_common) return out_of_memory();
    const sl_rng *root = &self->setup->root;
    sl_rng inits = sl_rng_split_name(root, "students/init"), streams = sl_rng_split_name(root, "kd/maps");
    float *net = self->params, *maps = self->params + self->n_students;
    for (int i = 0; i < self->N; i++) {
        sl_distill_student *one = &self->students[i];
        size_t n = sl_net_n_params(&one->def), n_own = (size_t)(D + K) * (size_t)one->def.hidden;
        SL_TRY(sl_parameter_group_init(&one->net, n, net, self->n_slices));
        SL_TRY(sl_parameter_group_init(&one->maps, n_own, maps, self->n_slices));
        sl_rng init = sl_rng_split(&inits, (uint64_t)i), stream = sl_rng_split(&streams, (uint64_t)i);
        sl_net_init(&one->def, 0.01f, &init, net);
        sl_kd_orthogonal(D, one->def.hidden, &stream, maps);
        sl_kd_orthogonal(K, one->def.hidden, &stream, maps + (size_t)D * (size_t)one->def.hidden);
        net += n;
        maps += n_own;
    }
    // the teacher's maps: random, orthogonal, and W_T fixed unless a period is given
    sl_rng common = sl_rng_split_name(&streams, "teacher/common");
    sl_rng role = sl_rng_split_name(&streams, "teacher/role");
    sl_kd_orthogonal(D, H_teacher, &common, self->teacher_common);
    sl_kd_orthogonal(K, H_teacher, &role, maps);
    return sl_parameter_group_init(&self->teacher_role, n_role, maps, self->n_slices);
}

/* Rows of floats, remembering a failure. */
static float *floats(size_t rows, int width, bool *ok) {
    float *memory = sl_alloc_array(rows * (size_t)width, sizeof(float));
    if (!memory) *ok = false;
    return memory;
}

static sl_status create_view(const sl_distill *self, const sl_net_def *def, sl_distill_view *v) {
    int T = self->base.need.T, n = self->block_chunks, H = def->hidden, A = def->out_dim, D = self->D, K = self->K;
    size_t R = (size_t)T * (size_t)n;
    bool recurrent = def->cell == SL_CELL_GRU, ok = true;
    SL_TRY(sl_net_workspace_create(def, recurrent ? T : 1, recurrent ? n : T * n, &v->ws));
    v->x = floats(R, def->in_dim, &ok);
    float **of_actions[] = {&v->logits, &v->dlogits, &v->logp, &v->lt};
    for (int k = 0; k < 4; k++) *of_actions[k] = floats(R, A, &ok);
    float **of_common[] = {&v->common, &v->dcommon, &v->ct};
    for (int k = 0; k < 3; k++) *of_common[k] = floats(R, D, &ok);
    float **of_roles[] = {&v->roles, &v->droles, &v->rt, &v->drt};
    for (int k = 0; k < 4; k++) *of_roles[k] = floats(R, K, &ok);
    float **of_rows[] = {&v->alive, &v->weight, &v->advantage, &v->old_logp};
    for (int k = 0; k < 4; k++) *of_rows[k] = floats(R, 1, &ok);
    v->z = floats(R, H, &ok);
    v->dz = floats(R, H, &ok);
    v->action = sl_alloc_array(R, sizeof(int32_t));
    v->best = sl_alloc_array(R, sizeof(int32_t));
    v->avail = sl_alloc_array(R * (size_t)A, 1);
    return ok && v->action && v->best && v->avail ? SL_OK : out_of_memory();
}

static sl_status create_slice(const sl_distill *self, sl_distill_slice *s) {
    size_t R = (size_t)self->base.need.T * (size_t)self->block_chunks, N = (size_t)self->N;
    bool ok = true;
    s->views = sl_alloc_array(N, sizeof *s->views);
    s->not_first = floats(R, 1, &ok);
    s->scratch = floats(R, 3, &ok);
    s->zt = floats(R, self->base.need.teacher_H, &ok);
    s->pair_weight = floats(R, 1, &ok);
    s->ct = sl_alloc_array(N, sizeof *s->ct);
    s->cs = sl_alloc_array(N, sizeof *s->cs);
    s->alive = sl_alloc_array(N, sizeof *s->alive);
    s->dcs = sl_alloc_array(N, sizeof *s->dcs);
    if (!ok || !s->views || !s->ct || !s->cs || !s->alive || !s->dcs) return out_of_memory();
    for (int i = 0; i < self->N; i++) SL_TRY(create_view(self, &self->students[i].def, &s->views[i]));
    return SL_OK;
}

static sl_status create_parts(sl_distill *self, int block_rows) {
    const sl_exp_distill *options = self->options;
    self->students = sl_alloc_array((size_t)self->setup->N, sizeof *self->students);
    self->slices = sl_alloc_array((size_t)self->n_slices, sizeof *self->slices);
    if (!self->students || !self->slices) return out_of_memory();
    describe(self);
    if (self->K < 1 || self->K > SL_KD_MAX_ROLES || self->D < 1)
        return sl_fail(SL_CONFIG, "1 to 256 roles, common_dim at least 1", "distill.role_dim %d or common_dim %d",
                       self->K, self->D);
    SL_TRY(create_params(self));
    bool ok = true;
    size_t rows = (size_t)self->base.need.T * (size_t)self->n_chunks * (size_t)self->N;
    self->common_t = floats(rows, self->D, &ok);
    self->role_t = floats(rows, self->K, &ok);
    self->advantage = floats(rows, 1, &ok);
    self->order = sl_alloc_array((size_t)self->n_chunks, sizeof *self->order);
    if (!ok || !self->order) return out_of_memory();
    for (int k = 0; k < self->n_chunks; k++) self->order[k] = k;
    int minibatch = (self->n_chunks + options->minibatches - 1) / options->minibatches;
    int share = (minibatch + self->n_slices - 1) / self->n_slices;
    int most = (block_rows ? block_rows : BLOCK_ROWS) / self->base.need.T;
    self->block_chunks = most < 1 ? 1 : most < share ? most : share;
    for (int s = 0; s < self->n_slices; s++) SL_TRY(create_slice(self, &self->slices[s]));
    return SL_OK;
}

sl_status sl_distill_create(const sl_learner_def *def, sl_learner **out) {
    sl_distill *self = sl_alloc(sizeof *self);
    if (!self) return out_of_memory();
    self->base = (sl_learner){.class = &sl_distill_class, .stats = &self->stats};
    self->setup = def->setup;
    self->options = &def->setup->experiment->distill;
    self->pool = def->pool;
    self->n_slices = sl_pool_n_threads(def->pool);
    self->minibatch = sl_rng_split_name(&def->setup->root, "distill/minibatch");
    sl_status status = create_parts(self, def->block_rows);
    if (status == SL_OK)
        *out = &self->base;
    else
        sl_distill_destroy(&self->base);
    return status;
}

static void destroy_slice(sl_distill_slice *s, int N) {
    for (int i = 0; s->views && i < N; i++) {
        sl_distill_view *v = &s->views[i];
        sl_net_workspace_destroy(&v->ws);
        void *owned[] = {v->x,       v->logits, v->dlogits, v->logp,      v->z,        v->dz,   v->common,
                         v->dcommon, v->roles,  v->droles,  v->alive,     v->weight,   v->lt,   v->ct,
                         v->rt,      v->drt,    v->action,  v->advantage, v->old_logp, v->best, v->avail};
        for (size_t k = 0; k < sizeof owned / sizeof *owned; k++) sl_free(owned[k]);
    }
    void *owned[] = {s->views, s->not_first, s->scratch, s->zt, s->pair_weight, s->ct, s->cs, s->alive, s->dcs};
    for (size_t k = 0; k < sizeof owned / sizeof *owned; k++) sl_free(owned[k]);
}

void sl_distill_destroy(sl_learner *learner) {
    sl_distill *self = (sl_distill *)learner;
    for (int s = 0; self->slices && s < self->n_slices; s++) destroy_slice(&self->slices[s], self->N);
    for (int i = 0; self->students && i < self->N; i++) {
        sl_parameter_group_fini(&self->students[i].net);
        sl_parameter_group_fini(&self->students[i].maps);
    }
    sl_parameter_group_fini(&self->teacher_role);
    void *owned[] = {self->students, self->slices, self->params,    self->teacher_common,
                     self->common_t, self->role_t, self->advantage, self->order};
    for (size_t k = 0; k < sizeof owned / sizeof *owned; k++) sl_free(owned[k]);
    sl_free(self);
}
