/* model.c - tensors by name (nn/net.h) into the kernel's fixed places. Nothing of the file is trusted. */
#include "agent/model.h"

#include "common/agent_size.h"
#include "common/alloc.h"
#include "common/decision.h"
#include "common/rng.h"
#include "storage/file.h"
#include "storage/tensors_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct source {
    const char *what;
    const sl_tensors *file;
} source;

static bool has_shape(const sl_tensor *tensor, int rows, int cols) {
    if (tensor->n_dims == 1) return cols == 1 && tensor->dims[0] == rows;
    return tensor->n_dims == 2 && tensor->dims[0] == rows && tensor->dims[1] == cols;
}

// the tensor's numbers, borrowed from the file
static sl_status find(const source *from, const char *name, int rows, int cols, const float **out) {
    const sl_tensor *tensor = NULL;
    SL_TRY(sl_tensors_find(from->file, name, SL_F32, (int64_t)rows * cols, &tensor));
    if (!has_shape(tensor, rows, cols))
        return sl_fail(SL_MISMATCH, NULL, "%s: tensor %s is not (%d, %d)", from->what, name, rows, cols);
    const float *numbers = tensor->data;
    for (int i = 0; i < rows * cols; i++) {
        if (!isfinite(numbers[i]))
            return sl_fail(SL_CORRUPT, NULL, "%s: tensor %s holds a number that is not finite", from->what, name);
    }
    *out = numbers;
    return SL_OK;
}

static sl_status take_vector(const source *from, const char *name, int n, float *to) {
    const float *numbers;
    SL_TRY(find(from, name, n, 1, &numbers));
    memcpy(to, numbers, (size_t)n * sizeof *to);
    return SL_OK;
}

/* (rows, cols) into blocks of block columns, each with room for max_rows rows; the last may be padded. */
static sl_status take(const source *from, const char *name, int rows, int cols, int block, int max_rows, float *to) {
    const float *numbers;
    SL_TRY(find(from, name, rows, cols, &numbers));
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++) to[(j / block * max_rows + i) * block + j % block] = numbers[i * cols + j];
    return SL_OK;
}

/* (rows, 3 H), one gate after the other, into blocks of units with their gates. */
static sl_status take_gates(const source *from, const char *name, int rows, float *to) {
    enum { H = SL_HIDDEN, UNITS = SL_KERNEL_UNITS };
    const float *numbers;
    SL_TRY(rows == 1 ? find(from, name, 3 * H, 1, &numbers) : find(from, name, rows, 3 * H, &numbers));
    for (int i = 0; i < rows; i++)
        for (int gate = 0; gate < 3; gate++)
            for (int j = 0; j < H; j++)
                to[((j / UNITS * rows + i) * 3 + gate) * UNITS + j % UNITS] = numbers[(i * 3 + gate) * H + j];
    return SL_OK;
}

static sl_status take_layer(const source *from, int layer, sl_kernel *kernel) {
    enum { H = SL_HIDDEN, BLOCK = SL_KERNEL_BLOCK };
    char name[4][64];
    const char *parts[4] = {"weight", "bias", "norm.weight", "norm.bias"};
    for (int i = 0; i < 4; i++) snprintf(name[i], sizeof name[i], "policy.layers.%d.%s", layer, parts[i]);
    if (layer == 0)
        SL_TRY(take(from, name[0], kernel->obs_dim, H, BLOCK, SL_KERNEL_OBS, &kernel->first_weight[0][0][0]));
    else
        SL_TRY(take(from, name[0], H, H, BLOCK, H, &kernel->layer_weight[layer - 1][0][0][0]));
    SL_TRY(take_vector(from, name[1], H, kernel->layer_bias[layer]));
    if (!kernel->layer_norm) return SL_OK;
    SL_TRY(take_vector(from, name[2], H, kernel->layer_norms[layer].gain));
    return take_vector(from, name[3], H, kernel->layer_norms[layer].bias);
}

static sl_status take_gru(const source *from, sl_kernel *kernel) {
    enum { H = SL_HIDDEN };
    SL_TRY(take_gates(from, "policy.gru.weight_ih", H, &kernel->gru_weight_ih[0][0][0]));
    SL_TRY(take_gates(from, "policy.gru.weight_hh", H, &kernel->gru_weight_hh[0][0][0]));
    SL_TRY(take_gates(from, "policy.gru.bias_ih", 1, &kernel->gru_bias_ih[0][0]));
    SL_TRY(take_gates(from, "policy.gru.bias_hh", 1, &kernel->gru_bias_hh[0][0]));
    if (!kernel->layer_norm) return SL_OK;
    SL_TRY(take_vector(from, "policy.gru.norm.weight", H, kernel->gru_norm.gain));
    return take_vector(from, "policy.gru.norm.bias", H, kernel->gru_norm.bias);
}

static sl_status take_all(const source *from, sl_kernel *kernel) {
    if (kernel->layer_norm) {
        SL_TRY(take_vector(from, "policy.input_norm.weight", kernel->obs_dim, kernel->input_gain));
        SL_TRY(take_vector(from, "policy.input_norm.bias", kernel->obs_dim, kernel->input_bias));
    }
    for (int layer = 0; layer < kernel->n_layers; layer++) SL_TRY(take_layer(from, layer, kernel));
    if (kernel->gru) SL_TRY(take_gru(from, kernel));
    SL_TRY(take(from, "policy.head.weight", SL_HIDDEN, kernel->n_actions, SL_KERNEL_COLUMNS, SL_HIDDEN,
                &kernel->head_weight[0][0][0]));
    return take_vector(from, "policy.head.bias", kernel->n_actions, kernel->head_bias);
}

static sl_status check_hidden(const char *what, int hidden) {
    if (hidden == SL_HIDDEN) return SL_OK;
    char hint[SL_AGENT_SIZES_TEXT];
    if (sl_agent_size_is_built(hidden))
        snprintf(hint, sizeof hint, "fly it with starling-agent-%d", hidden);
    else
        sl_agent_size_hint(hint);
    return sl_fail(SL_MISMATCH, hint, "%s has hidden size %d, this is starling-agent-%d", what, hidden, SL_HIDDEN);
}

static sl_status check_profile(const char *what, const sl_profile *profile) {
    if (strcmp(profile->kind, "student") != 0)
        return sl_fail(SL_MISMATCH, "a run keeps its students in students/agent-<i>.safetensors",
                       "%s is a %s, agents fly students", what, profile->kind);
    SL_TRY(check_hidden(what, profile->hidden));
    if (profile->agent_id)
        return sl_fail(SL_MISMATCH, "distil it without the agent id", "%s wants the agent id as an input", what);
    if (profile->obs_dim > SL_KERNEL_OBS || profile->n_actions > SL_KERNEL_ACTIONS ||
        profile->layers > SL_KERNEL_LAYERS)
        return sl_fail(SL_MISMATCH, NULL, "%s: %d observed features, %d actions, %d layers; at most %d, %d, %d fit",
                       what, profile->obs_dim, profile->n_actions, profile->layers, SL_KERNEL_OBS, SL_KERNEL_ACTIONS,
                       SL_KERNEL_LAYERS);
    return SL_OK;
}

/* bit for bit; within the tolerance that the profile names; or, of another arithmetic, within what rounding explains
 */
static sl_status fly_known_answer(const source *from, const sl_profile *profile, sl_kernel *kernel) {
    const float *input = NULL, *expected = NULL;
    float logits[SL_KERNEL_ACTIONS];
    int I = profile->in_dim, A = profile->n_actions;
    SL_TRY(find(from, "kat.input", SL_KAT_STEPS, I, &input));
    SL_TRY(find(from, "kat.logits", SL_KAT_STEPS, A, &expected));
    sl_kernel_reset(kernel);
    double tolerance = sl_profile_tolerance(profile, SL_ARITHMETIC, SL_KAT_STEPS * A, expected);
    for (int t = 0; t < SL_KAT_STEPS; t++) {
        sl_kernel_decide(kernel, input + t * I, logits);
        if (!sl_profile_is_answer(A, logits, expected + t * A, tolerance))
            return sl_fail(SL_MISMATCH, "the file was changed, or this build computes otherwise: do not fly it",
                           "%s fails its known-answer test at step %d", from->what, t);
    }
    sl_kernel_reset(kernel);
    return SL_OK;
}

static sl_status read_model(const source *from, sl_kernel *kernel, sl_profile *out) {
    SL_TRY(sl_profile_read(from->what, from->file, out));
    SL_TRY(check_profile(from->what, out));
    memset(kernel, 0, sizeof *kernel);
    kernel->obs_dim = out->obs_dim;
    kernel->n_actions = out->n_actions;
    kernel->n_layers = out->layers;
    kernel->gru = strcmp(out->cell, "gru") == 0;
    kernel->tanh = strcmp(out->activation, "tanh") == 0;
    kernel->layer_norm = out->layer_norm;
    SL_TRY(take_all(from, kernel));
    return fly_known_answer(from, out, kernel);
}

sl_status sl_model_decode(const char *what, const uint8_t *bytes, size_t n_bytes, sl_kernel *kernel, sl_model *out) {
    sl_tensors *file = NULL;
    sl_model model;
    SL_TRY(sl_tensors_decode(what, bytes, n_bytes, &file));
    source from = {what, file};
    sl_status status = read_model(&from, kernel, &model.profile);
    sl_tensors_destroy(&file);
    if (status != SL_OK) return status;
    sl_file_sha256(bytes, n_bytes, model.sha256);
    *out = model;
    return SL_OK;
}

sl_status sl_model_load(const char *path, sl_kernel *kernel, sl_model *out) {
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    SL_TRY(sl_file_read(path, SL_MODEL_MAX_BYTES, &bytes, &n_bytes));
    sl_status status = sl_model_decode(path, bytes, n_bytes, kernel, out);
    sl_free(bytes);
    return status;
}

static void fill(sl_rng *rng, int n, float *to) {
    for (int i = 0; i < n; i++) to[i] = (float)sl_rng_between(rng, -0.3, 0.3);
}

void sl_model_random(int obs_dim, int n_actions, uint64_t seed, sl_kernel *kernel) {
    sl_rng rng = sl_rng_seed(seed);
    memset(kernel, 0, sizeof *kernel);
    kernel->obs_dim = obs_dim;
    kernel->n_actions = n_actions;
    kernel->n_layers = 1;
    kernel->gru = true;
    for (int i = 0; i < SL_HIDDEN / SL_KERNEL_BLOCK; i++)
        fill(&rng, obs_dim * SL_KERNEL_BLOCK, &kernel->first_weight[i][0][0]);
    fill(&rng, SL_HIDDEN, kernel->layer_bias[0]);
    fill(&rng, 3 * SL_HIDDEN * SL_HIDDEN, &kernel->gru_weight_ih[0][0][0]);
    fill(&rng, 3 * SL_HIDDEN * SL_HIDDEN, &kernel->gru_weight_hh[0][0][0]);
    fill(&rng, 3 * SL_HIDDEN, &kernel->gru_bias_ih[0][0]);
    fill(&rng, 3 * SL_HIDDEN, &kernel->gru_bias_hh[0][0]);
    for (int a = 0; a < n_actions; a++)
        for (int i = 0; i < SL_HIDDEN; i++)
            fill(&rng, 1, &kernel->head_weight[a / SL_KERNEL_COLUMNS][i][a % SL_KERNEL_COLUMNS]);
    fill(&rng, n_actions, kernel->head_bias);
}
