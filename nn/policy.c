/* policy.c - see policy.h. Nothing of a file is trusted: names, shapes, numbers and answers are checked before the
 * caller sees a policy. */
#include "nn/policy.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "common/decision.h"
#include "storage/tensors_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// the seed of the known-answer test's inputs: any will do
enum { KAT_SEED = 20 };

static void describe(const sl_net_def *def, sl_profile *out) {
    SL_ASSERT(def->in_dim == out->obs_dim + (out->agent_id ? out->n_agents : 0));
    out->in_dim = def->in_dim;
    out->n_actions = def->out_dim;
    out->hidden = def->hidden;
    out->layers = def->n_layers;
    out->layer_norm = def->layer_norm;
    (void)snprintf(out->cell, sizeof out->cell, "%s", def->cell == SL_CELL_GRU ? "gru" : "none");
    (void)snprintf(out->activation, sizeof out->activation, "%s", def->activation == SL_ACT_TANH ? "tanh" : "relu");
    out->flops = sl_net_flops(def);
    out->n_bytes = (int64_t)(sl_net_n_params(def) * sizeof(float));
}

static bool all_finite(size_t n, const float *values) {
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(values[i])) return false;
    }
    return true;
}

// the test's inputs from the stream, its logits from the network; logits (SL_KAT_STEPS, A)
static sl_status known_answer(const sl_net_def *def, const float *params, const float *input, float *logits) {
    size_t H = (size_t)def->hidden, I = (size_t)def->in_dim, A = (size_t)def->out_dim;
    float *h = sl_alloc_array(9 * H, sizeof *h);
    if (!h) return sl_fail(SL_MEMORY, NULL, "no memory for a known-answer test");
    for (size_t t = 0; t < SL_KAT_STEPS; t++) {
        sl_net_decide(def, params, 1, input + t * I, h, logits + t * A, h + H);
    }
    sl_free(h);
    return SL_OK;
}

static sl_status add_known_answer(const sl_net_def *def, const float *params, sl_tensors *file) {
    size_t n_input = (size_t)SL_KAT_STEPS * (size_t)def->in_dim;
    size_t n_logits = (size_t)SL_KAT_STEPS * (size_t)def->out_dim;
    float *input = sl_alloc_array(n_input + n_logits, sizeof *input);
    if (!input) return sl_fail(SL_MEMORY, NULL, "no memory for a known-answer test");
    float *logits = input + n_input;
    sl_rng rng = sl_rng_seed(KAT_SEED);
    for (size_t i = 0; i < n_input; i++) input[i] = (float)sl_rng_between(&rng, -1, 1);
    sl_status status = known_answer(def, params, input, logits);
    const int64_t in_dims[2] = {SL_KAT_STEPS, def->in_dim}, out_dims[2] = {SL_KAT_STEPS, def->out_dim};
    if (status == SL_OK) status = sl_tensors_add(file, "kat.input", SL_F32, 2, in_dims, input);
    if (status == SL_OK) status = sl_tensors_add(file, "kat.logits", SL_F32, 2, out_dims, logits);
    sl_free(input);
    return status;
}

static sl_status add_net(const sl_net_def *def, const float *params, const char *prefix, sl_tensors *file) {
    sl_net_layout layout = sl_net_get_layout(def);
    if (!all_finite(layout.n_params, params)) {
        return sl_fail(SL_NOT_FINITE, NULL, "a parameter of the %s is not a number: nothing is saved", prefix);
    }
    for (int i = 0; i < layout.n_tensors; i++) {
        const sl_net_tensor *tensor = &layout.tensors[i];
        const int64_t dims[2] = {tensor->rows, tensor->cols};
        char name[SL_TENSOR_NAME_SIZE];
        (void)snprintf(name, sizeof name, "%s.%s", prefix, tensor->name);
        SL_TRY(sl_tensors_add(file, name, SL_F32, tensor->cols == 1 ? 1 : 2, dims, params + tensor->offset));
    }
    return SL_OK;
}

static sl_status set_number(sl_tensors *file, const char *key, double value) {
    char text[32];
    (void)snprintf(text, sizeof text, "%.17g", value);
    return sl_tensors_set_meta(file, key, text);
}

static sl_status add_critic(const sl_policy *self, sl_tensors *file) {
    const sl_net_def *def = &self->critic_def;
    SL_TRY(set_number(file, "critic.in_dim", def->in_dim));
    SL_TRY(set_number(file, "critic.out_dim", def->out_dim));
    SL_TRY(set_number(file, "critic.hidden", def->hidden));
    SL_TRY(set_number(file, "critic.layers", def->n_layers));
    SL_TRY(set_number(file, "critic.cell", def->cell));
    SL_TRY(set_number(file, "critic.activation", def->activation));
    SL_TRY(set_number(file, "critic.layer_norm", def->layer_norm));
    SL_TRY(set_number(file, "critic.team", self->critic_team));
    if (self->critic_mean) SL_TRY(set_number(file, "critic.mean", 1));
    SL_TRY(set_number(file, "critic.value_mean", self->value_mean));
    SL_TRY(set_number(file, "critic.value_std", self->value_std));
    return add_net(def, self->critic_params, "critic", file);
}

static sl_status fill(const sl_policy *self, sl_tensors *file) {
    sl_profile profile = self->profile;
    describe(&self->def, &profile);
    profile.kat_tolerance = 0;
    profile.arithmetic = SL_ARITHMETIC;
    SL_TRY(sl_profile_write(&profile, file));
    SL_TRY(add_net(&self->def, self->params, "policy", file));
    SL_TRY(add_known_answer(&self->def, self->params, file));
    if (self->has_critic) SL_TRY(add_critic(self, file));
    return sl_profile_seal(file);
}

sl_status sl_policy_save(const sl_policy *self, const char *path) {
    sl_tensors *file = NULL;
    SL_TRY(sl_tensors_create(&file));
    sl_status status = fill(self, file);
    if (status == SL_OK) status = sl_tensors_save(file, path);
    sl_tensors_destroy(&file);
    return status;
}

// the parameters of a network whose definition came from the file; every tensor is checked before memory is taken
static sl_status read_net(const sl_tensors *file, const sl_net_def *def, const char *prefix, float **out) {
    const char *what = sl_tensors_what(file);
    const sl_tensor *found[SL_NET_MAX_TENSORS];
    if (sl_net_def_check(def) != SL_OK) {
        return sl_fail(SL_CORRUPT, NULL, "%s describes a %s that cannot be: in %d, hidden %d, out %d, layers %d",
                       what, prefix, def->in_dim, def->hidden, def->out_dim, def->n_layers);
    }
    sl_net_layout layout = sl_net_get_layout(def);
    for (int i = 0; i < layout.n_tensors; i++) {
        const sl_net_tensor *tensor = &layout.tensors[i];
        char name[SL_TENSOR_NAME_SIZE];
        (void)snprintf(name, sizeof name, "%s.%s", prefix, tensor->name);
        SL_TRY(sl_tensors_find(file, name, SL_F32, (int64_t)tensor->rows * tensor->cols, &found[i]));
        if (found[i]->n_dims < 1 || found[i]->dims[0] != tensor->rows) {
            return sl_fail(SL_MISMATCH, NULL, "%s: tensor '%s' is not (%d, %d)", what, name, tensor->rows,
                           tensor->cols);
        }
        if (!all_finite(found[i]->n_bytes / sizeof(float), found[i]->data)) {
            return sl_fail(SL_CORRUPT, NULL, "%s: tensor '%s' holds a number that is not finite", what, name);
        }
    }
    float *params = sl_alloc_array(layout.n_params, sizeof *params);
    if (!params) return sl_fail(SL_MEMORY, NULL, "%s: no memory for %zu parameters", what, layout.n_params);
    for (int i = 0; i < layout.n_tensors; i++) {
        memcpy(params + layout.tensors[i].offset, found[i]->data, found[i]->n_bytes);
    }
    *out = params;
    return SL_OK;
}

static sl_status read_number(const sl_tensors *file, const char *key, double low, double high, double *out) {
    const char *text = sl_tensors_meta(file, key);
    char *end = NULL;
    double value = text ? strtod(text, &end) : 0;
    if (!text || end == text || *end || !isfinite(value) || value < low || value > high) {
        return sl_fail(SL_CORRUPT, NULL, "%s: field '%s' is missing or unreadable: '%.40s'", sl_tensors_what(file),
                       key, text ? text : "");
    }
    *out = value;
    return SL_OK;
}

static sl_status read_whole(const sl_tensors *file, const char *key, int high, int *out) {
    double value;
    SL_TRY(read_number(file, key, 0, high, &value));
    if (value != floor(value)) {
        return sl_fail(SL_CORRUPT, NULL, "%s: field '%s' is not a whole number", sl_tensors_what(file), key);
    }
    *out = (int)value;
    return SL_OK;
}

static sl_status read_critic(const sl_tensors *file, sl_policy *out) {
    sl_net_def *def = &out->critic_def;
    int cell = 0, activation = 0, layer_norm = 0, team = 0, mean = 0;
    SL_TRY(read_whole(file, "critic.in_dim", 1 << 20, &def->in_dim));
    SL_TRY(read_whole(file, "critic.out_dim", 1 << 20, &def->out_dim));
    SL_TRY(read_whole(file, "critic.hidden", 1 << 20, &def->hidden));
    SL_TRY(read_whole(file, "critic.layers", 1 << 20, &def->n_layers));
    SL_TRY(read_whole(file, "critic.cell", SL_CELL_GRU, &cell));
    SL_TRY(read_whole(file, "critic.activation", SL_ACT_TANH, &activation));
    SL_TRY(read_whole(file, "critic.layer_norm", 1, &layer_norm));
    SL_TRY(read_whole(file, "critic.team", 1, &team));
    // files of the sum do not say so
    if (sl_tensors_meta(file, "critic.mean")) SL_TRY(read_whole(file, "critic.mean", 1, &mean));
    SL_TRY(read_number(file, "critic.value_mean", -1e30, 1e30, &out->value_mean));
    SL_TRY(read_number(file, "critic.value_std", 0, 1e30, &out->value_std));
    def->cell = (sl_cell)cell;
    def->activation = (sl_activation)activation;
    def->layer_norm = layer_norm;
    out->critic_team = team;
    out->critic_mean = mean;
    out->has_critic = true;
    return read_net(file, def, "critic", &out->critic_params);
}

// the network must say of the recorded inputs what it said when it was saved
static sl_status fly_known_answer(const sl_tensors *file, const sl_policy *self) {
    const sl_tensor *input, *logits;
    int64_t n = (int64_t)SL_KAT_STEPS * self->def.out_dim;
    SL_TRY(sl_tensors_find(file, "kat.input", SL_F32, (int64_t)SL_KAT_STEPS * self->def.in_dim, &input));
    SL_TRY(sl_tensors_find(file, "kat.logits", SL_F32, n, &logits));
    float *got = sl_alloc_array((size_t)n, sizeof *got);
    if (!got) return sl_fail(SL_MEMORY, NULL, "no memory for a known-answer test");
    sl_status status = known_answer(&self->def, self->params, input->data, got);
    const float *want = logits->data;
    double tolerance = sl_profile_tolerance(&self->profile, SL_ARITHMETIC, n, want);
    bool same = sl_profile_is_answer(n, got, want, tolerance);
    sl_free(got);
    if (status != SL_OK || same) return status;
    return sl_fail(SL_MISMATCH, "the file was changed, or this build computes otherwise",
                   "%s fails its known-answer test", sl_tensors_what(file));
}

static sl_status read_all(const sl_tensors *file, sl_policy *out) {
    SL_TRY(sl_profile_read(sl_tensors_what(file), file, &out->profile));
    const sl_profile *profile = &out->profile;
    out->def = (sl_net_def){.in_dim = profile->in_dim,
                            .hidden = profile->hidden,
                            .out_dim = profile->n_actions,
                            .n_layers = profile->layers,
                            .cell = strcmp(profile->cell, "gru") == 0 ? SL_CELL_GRU : SL_CELL_NONE,
                            .activation = strcmp(profile->activation, "tanh") == 0 ? SL_ACT_TANH : SL_ACT_RELU,
                            .layer_norm = profile->layer_norm};
    SL_TRY(read_net(file, &out->def, "policy", &out->params));
    if (sl_tensors_meta(file, "critic.in_dim")) SL_TRY(read_critic(file, out));
    return fly_known_answer(file, out);
}

sl_status sl_policy_read(const sl_tensors *file, sl_policy *out) {
    sl_policy policy = {.value_std = 1};
    sl_status status = read_all(file, &policy);
    if (status != SL_OK) {
        sl_policy_fini(&policy);
        return status;
    }
    *out = policy;
    return SL_OK;
}

sl_status sl_policy_load(const char *path, sl_policy *out) {
    sl_tensors *file = NULL;
    SL_TRY(sl_tensors_load(path, &file));
    sl_status status = sl_policy_read(file, out);
    sl_tensors_destroy(&file);
    return status;
}

void sl_policy_fini(sl_policy *self) {
    sl_free(self->params);
    sl_free(self->critic_params);
    self->params = NULL;
    self->critic_params = NULL;
}
