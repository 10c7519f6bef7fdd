/* layout.h - what a network is, and where each of its parameters lies in one flat float array, so that Adam,
 * clipping, files and the wire see one vector. Weights are (in, out), row-major. Plain data; any thread. */
#ifndef SL_NN_LAYOUT_H
#define SL_NN_LAYOUT_H

#include "common/choice.h"
#include "common/rng.h"
#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { SL_NET_MAX_TENSORS = 32, SL_NET_MAX_LAYERS = 4, SL_NET_MAX_HIDDEN = 1024, SL_NET_MAX_IN = 1 << 16 };

typedef struct sl_net_def {
    int in_dim, hidden, out_dim;
    int n_layers; /* linear layers before the cell and head, >= 1 */
    sl_cell cell;
    sl_activation activation;
    bool layer_norm; /* after every hidden activation and after the cell, and on the input (the MAPPO reference's way)
                      */
} sl_net_def;

typedef struct sl_net_tensor {
    char name[32];  /* "layers.0.weight", "gru.weight_ih", "head.bias" */
    int rows, cols; /* cols = 1 for vectors */
    size_t offset;  /* into the flat parameters, in floats */
} sl_net_tensor;

typedef struct sl_net_layout {
    int n_tensors;
    sl_net_tensor tensors[SL_NET_MAX_TENSORS];
    size_t n_params;
} sl_net_layout;

/* SL_CONFIG names the bad field (hidden 1..1024, layers 1..4, in_dim 1..65536, out_dim 1..1024). */
SL_MUST_CHECK sl_status sl_net_def_check(const sl_net_def *def);
sl_net_layout sl_net_get_layout(const sl_net_def *def);
size_t sl_net_n_params(const sl_net_def *def);
/* FLOPs of one decision: 2 per multiply-add, 1 per element-wise operation, exp and tanh counted as documented in
 * docs/glossary.md; the same count for teacher and student. */
double sl_net_flops(const sl_net_def *def);
/* FLOPs of the matrix products of one row's forward; and of an epoch over it, forward and backward: two products for
 * each of the forward's, but for the gradient of the input, which only an input normalisation asks for. */
double sl_net_forward_products(const sl_net_def *def);
double sl_net_epoch_products(const sl_net_def *def);
/* Orthogonal, gain sqrt(2) (ReLU) or 5/3 (tanh) in the body, 1 in the GRU, head_gain on the head; zero biases. */
void sl_net_init(const sl_net_def *def, float head_gain, sl_rng *rng, float *params);

/* For nn/: offsets into the flat parameters; those of parts that the network lacks are 0 and unused. */
typedef struct sl_net_offsets {
    size_t in_norm_w, in_norm_b;
    struct {
        size_t w, b, norm_w, norm_b;
    } layer[SL_NET_MAX_LAYERS];
    size_t w_ih, b_ih, w_hh, b_hh, cell_norm_w, cell_norm_b;
    size_t head_w, head_b;
} sl_net_offsets;

sl_net_offsets sl_net_get_offsets(const sl_net_def *def);

#endif
