/* layout.c - what a network definition means: its checks, its parameters' names and places, its cost, and how it is
 * initialised. */
#include "nn/layout.h"

#include "common/assert.h"
#include "nn/dist.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// what exp, tanh and sigmoid cost in floating-point operations: see docs/glossary.md
enum { FLOPS_TRANSCENDENTAL = 10 };

static sl_status check_range(const char *field, int value, int low, int high) {
    if (value >= low && value <= high) return SL_OK;
    return sl_fail(SL_CONFIG, NULL, "network %s is %d, outside %d..%d", field, value, low, high);
}

sl_status sl_net_def_check(const sl_net_def *def) {
    SL_TRY(check_range("in_dim", def->in_dim, 1, SL_NET_MAX_IN));
    SL_TRY(check_range("hidden", def->hidden, 1, SL_NET_MAX_HIDDEN));
    SL_TRY(check_range("out_dim", def->out_dim, 1, SL_CATEGORICAL_MAX));
    SL_TRY(check_range("layers", def->n_layers, 1, SL_NET_MAX_LAYERS));
    SL_TRY(check_range("cell", (int)def->cell, SL_CELL_NONE, SL_CELL_GRU));
    return check_range("activation", (int)def->activation, SL_ACT_RELU, SL_ACT_TANH);
}

// adds one tensor at the end and returns its offset
static size_t add(sl_net_layout *layout, const char *name, int rows, int cols) {
    SL_ASSERT(layout->n_tensors < SL_NET_MAX_TENSORS);
    sl_net_tensor *tensor = &layout->tensors[layout->n_tensors++];
    snprintf(tensor->name, sizeof tensor->name, "%.31s", name);
    tensor->rows = rows;
    tensor->cols = cols;
    tensor->offset = layout->n_params;
    layout->n_params += (size_t)rows * (size_t)cols;
    return tensor->offset;
}

static void add_norm(sl_net_layout *layout, const char *part, int n, size_t *w, size_t *b) {
    char name[32];
    snprintf(name, sizeof name, "%.22s.weight", part);
    *w = add(layout, name, n, 1);
    snprintf(name, sizeof name, "%.22s.bias", part);
    *b = add(layout, name, n, 1);
}

// the one walk over the parts that fixes the order of the flat vector
static sl_net_offsets walk(const sl_net_def *def, sl_net_layout *layout) {
    sl_net_offsets at;
    memset(&at, 0, sizeof at);
    memset(layout, 0, sizeof *layout);
    int H = def->hidden;
    if (def->layer_norm) add_norm(layout, "input_norm", def->in_dim, &at.in_norm_w, &at.in_norm_b);
    for (int l = 0; l < def->n_layers; l++) {
        char name[32];
        snprintf(name, sizeof name, "layers.%d.weight", l);
        at.layer[l].w = add(layout, name, l == 0 ? def->in_dim : H, H);
        snprintf(name, sizeof name, "layers.%d.bias", l);
        at.layer[l].b = add(layout, name, H, 1);
        if (!def->layer_norm) continue;
        snprintf(name, sizeof name, "layers.%d.norm", l);
        add_norm(layout, name, H, &at.layer[l].norm_w, &at.layer[l].norm_b);
    }
    if (def->cell == SL_CELL_GRU) {
        at.w_ih = add(layout, "gru.weight_ih", H, 3 * H);
        at.b_ih = add(layout, "gru.bias_ih", 3 * H, 1);
        at.w_hh = add(layout, "gru.weight_hh", H, 3 * H);
        at.b_hh = add(layout, "gru.bias_hh", 3 * H, 1);
        if (def->layer_norm) add_norm(layout, "gru.norm", H, &at.cell_norm_w, &at.cell_norm_b);
    }
    at.head_w = add(layout, "head.weight", H, def->out_dim);
    at.head_b = add(layout, "head.bias", def->out_dim, 1);
    return at;
}

sl_net_offsets sl_net_get_offsets(const sl_net_def *def) {
    sl_net_layout layout;
    return walk(def, &layout);
}

sl_net_layout sl_net_get_layout(const sl_net_def *def) {
    sl_net_layout layout;
    walk(def, &layout);
    return layout;
}

size_t sl_net_n_params(const sl_net_def *def) {
    return sl_net_get_layout(def).n_params;
}

double sl_net_flops(const sl_net_def *def) {
    double H = def->hidden, I = def->in_dim, A = def->out_dim, L = def->n_layers;
    double transcendental = FLOPS_TRANSCENDENTAL;
    // products: 2 per multiply-add
    double flops = 2 * (I * H + (L - 1) * H * H + H * A);
    // bias and activation of each layer, bias of the head
    flops += L * H * (1 + (def->activation == SL_ACT_TANH ? transcendental : 1)) + A;
    if (def->cell == SL_CELL_GRU) {
        // two products, two biases, the sums and products of the gates, three squashing functions
        flops += 2 * (2 * H * 3 * H) + 2 * 3 * H + H * (4 + 4) + 3 * H * transcendental;
    }
    if (def->layer_norm) {
        // a feature costs 8: sum, centre, square, sum, centre, scale, weight, bias
        flops += 8 * (I + L * H + (def->cell == SL_CELL_GRU ? H : 0));
    }
    return flops;
}

double sl_net_forward_products(const sl_net_def *d) {
    double I = d->in_dim, H = d->hidden, A = d->out_dim, cell = d->cell == SL_CELL_GRU ? 6 * H * H : 0;
    return 2 * (I * H + (d->n_layers - 1) * H * H + cell + H * A);
}

double sl_net_epoch_products(const sl_net_def *d) {
    return 3 * sl_net_forward_products(d) - (d->layer_norm ? 0 : 2.0 * d->in_dim * d->hidden);
}

// Gram-Schmidt on n vectors of len entries (vector v at v * step_v, entry e at e * step_e), twice for float32
static void orthonormalise(float *W, size_t n, size_t len, size_t step_v, size_t step_e) {
    for (size_t v = 0; v < 2 * n; v++) {
        float *a = W + v / 2 * step_v;
        for (size_t u = 0; u < v / 2; u++) {
            const float *b = W + u * step_v;
            double dot = 0;
            for (size_t e = 0; e < len; e++) dot += (double)a[e * step_e] * (double)b[e * step_e];
            for (size_t e = 0; e < len; e++) a[e * step_e] -= (float)dot * b[e * step_e];
        }
        double norm = 0;
        for (size_t e = 0; e < len; e++) norm += (double)a[e * step_e] * (double)a[e * step_e];
        float scale = (float)(1.0 / sqrt(norm));
        for (size_t e = 0; e < len; e++) a[e * step_e] *= scale;
    }
}

// a random matrix whose shorter side is orthonormal (Saxe et al. 2014), times gain
static void init_orthogonal(float *W, int rows, int cols, float gain, sl_rng *rng) {
    size_t R = (size_t)rows, C = (size_t)cols;
    for (size_t i = 0; i < R * C; i++) W[i] = (float)sl_rng_normal(rng);
    if (R <= C)
        orthonormalise(W, R, C, C, 1);
    else
        orthonormalise(W, C, R, 1, C);
    for (size_t i = 0; i < R * C; i++) W[i] *= gain;
}

void sl_net_init(const sl_net_def *def, float head_gain, sl_rng *rng, float *params) {
    sl_net_layout layout = sl_net_get_layout(def);
    float body_gain = def->activation == SL_ACT_RELU ? 1.41421356f : 5.0f / 3.0f;
    memset(params, 0, layout.n_params * sizeof *params);
    for (int i = 0; i < layout.n_tensors; i++) {
        const sl_net_tensor *tensor = &layout.tensors[i];
        float *W = params + tensor->offset;
        bool is_weight = strstr(tensor->name, ".weight") != NULL;
        if (is_weight && strstr(tensor->name, "norm")) {
            for (int j = 0; j < tensor->rows; j++) W[j] = 1.0f;
        } else if (is_weight) {
            float gain = strncmp(tensor->name, "head", 4) == 0 ? head_gain : body_gain;
            if (strncmp(tensor->name, "gru", 3) == 0) gain = 1.0f;
            init_orthogonal(W, tensor->rows, tensor->cols, gain, rng);
        }
    }
}
