/* student_file.c - tensors and metadata as nn/policy.c writes them, put together here so that each can be wrong. */
#include "student_file.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "common/decision.h"
#include "common/rng.h"
#include "storage/tensors_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void sl_student_file_init(sl_student_file *self, const sl_net_def *def, uint64_t seed) {
    memset(self, 0, sizeof *self);
    SL_ASSERT(sl_net_def_check(def) == SL_OK);
    self->def = *def;
    size_t n_params = sl_net_n_params(def);
    self->params = sl_alloc_array(n_params, sizeof *self->params);
    SL_ASSERT(self->params);
    sl_rng rng = sl_rng_seed(seed);
    // biases and gains too: zeros and ones would hide a mix-up
    for (size_t i = 0; i < n_params; i++) self->params[i] = (float)sl_rng_between(&rng, -0.5, 0.5);
    sl_profile *profile = &self->profile;
    *profile = (sl_profile){.kind = "student",
                            .env = "mpe/simple_spread_v3",
                            .n_agents = 3,
                            .role = "agent",
                            .obs_dim = def->in_dim,
                            .in_dim = def->in_dim,
                            .n_actions = def->out_dim,
                            .hidden = def->hidden,
                            .layers = def->n_layers,
                            .layer_norm = def->layer_norm,
                            .mask = "none",
                            .n_blocks = 1,
                            .blocks = {{"all", 0, def->in_dim}},
                            .run = "test",
                            .arithmetic = SL_ARITHMETIC,
                            .flops = sl_net_flops(def),
                            .n_bytes = (int64_t)(n_params * sizeof(float))};
    memcpy(profile->cell, def->cell == SL_CELL_GRU ? "gru" : "none", def->cell == SL_CELL_GRU ? 4 : 5);
    memcpy(profile->activation, def->activation == SL_ACT_TANH ? "tanh" : "relu", 5);
}

void sl_student_file_fini(sl_student_file *self) {
    sl_free(self->params);
}

static void add(sl_tensors *file, const char *name, int rows, int cols, const float *numbers) {
    int64_t dims[2] = {rows, cols};
    SL_ASSERT(sl_tensors_add(file, name, SL_F32, cols == 1 ? 1 : 2, dims, numbers) == SL_OK);
}

static void add_param(const sl_student_file *self, sl_tensors *file, const sl_net_tensor *tensor) {
    char name[64];
    if (self->leave_out && strcmp(tensor->name, self->leave_out) == 0) return;
    snprintf(name, sizeof name, "policy.%s", tensor->name);
    bool swap = self->transpose && strcmp(tensor->name, self->transpose) == 0;
    float *numbers = self->params + tensor->offset;
    float kept = numbers[0];
    if (self->spoil && strcmp(tensor->name, self->spoil) == 0) numbers[0] = NAN;
    if (self->wrong_weight && strcmp(tensor->name, "head.weight") == 0) numbers[0] += 1e-3f;
    add(file, name, swap ? tensor->cols : tensor->rows, swap ? tensor->rows : tensor->cols, numbers);
    numbers[0] = kept;
}

static void add_known_answer(const sl_student_file *self, sl_tensors *file) {
    int I = self->def.in_dim, A = self->def.out_dim, H = self->def.hidden;
    float *input = sl_alloc_array((size_t)(SL_KAT_STEPS * I), sizeof *input);
    float *logits = sl_alloc_array((size_t)(SL_KAT_STEPS * A), sizeof *logits);
    float *h = sl_alloc_array((size_t)(9 * H), sizeof *h);
    SL_ASSERT(input && logits && h);
    sl_rng rng = sl_rng_seed(7);
    for (int i = 0; i < SL_KAT_STEPS * I; i++) input[i] = (float)sl_rng_between(&rng, -1.0, 1.0);
    for (int t = 0; t < SL_KAT_STEPS; t++)
        sl_net_decide(&self->def, self->params, 1, input + t * I, h, logits + t * A, h + H);
    if (self->wrong_answer) logits[SL_KAT_STEPS * A - 1] = nextafterf(logits[SL_KAT_STEPS * A - 1], 1e9f);
    // cols == 1 must stay a matrix here
    int64_t in_dims[2] = {SL_KAT_STEPS, I}, out_dims[2] = {SL_KAT_STEPS, A};
    SL_ASSERT(sl_tensors_add(file, "kat.input", SL_F32, 2, in_dims, input) == SL_OK);
    SL_ASSERT(sl_tensors_add(file, "kat.logits", SL_F32, 2, out_dims, logits) == SL_OK);
    sl_free(input);
    sl_free(logits);
    sl_free(h);
}

void sl_student_file_encode(const sl_student_file *self, uint8_t **bytes, size_t *n_bytes) {
    sl_tensors *file = NULL;
    SL_ASSERT(sl_tensors_create(&file) == SL_OK);
    sl_net_layout layout = sl_net_get_layout(&self->def);
    for (int i = 0; i < layout.n_tensors; i++) add_param(self, file, &layout.tensors[i]);
    add_known_answer(self, file);
    SL_ASSERT(sl_profile_write(&self->profile, file) == SL_OK);
    SL_ASSERT(sl_profile_seal(file) == SL_OK);
    SL_ASSERT(sl_tensors_encode(file, bytes, n_bytes) == SL_OK);
    sl_tensors_destroy(&file);
}
