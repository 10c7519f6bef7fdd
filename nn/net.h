/* net.h - the policy and critic network: [norm] (linear act [norm]) x layers, [GRU [norm]], linear head. All
 * parameters are one flat float array, so that Adam, clipping, files and the wire see one vector. A workspace holds
 * the saved activations of one forward; one thread owns one workspace, the definition and parameters are shared
 * read-only. T time, B batch (independent sequences), I input, H hidden, A outputs. Weights are (in, out), row-major.
 */
#ifndef SL_NN_NET_H
#define SL_NN_NET_H

#include "common/choice.h"
#include "common/rng.h"
#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { SL_NET_MAX_TENSORS = 32 };

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
/* Orthogonal, gain sqrt(2) (ReLU) or 5/3 (tanh) in the body, 1 in the GRU, head_gain on the head; zero biases. */
void sl_net_init(const sl_net_def *def, float head_gain, sl_rng *rng, float *params);

typedef struct sl_net_workspace sl_net_workspace;
SL_MUST_CHECK sl_status sl_net_workspace_create(const sl_net_def *def, int max_T, int max_B, sl_net_workspace **out);
void sl_net_workspace_destroy(sl_net_workspace **self);
/* How many sequences of T steps fit the cache (without a cell: rows, T 1). Training runs a quarter faster when
 * forward, loss and backward go slice by slice through one workspace of this size, gradients adding up, than over a
 * whole batch whose activations go out to memory and come back. */
int sl_net_slice_B(const sl_net_def *def, int T);

/* x (T, B, I) -> out (T, B, A), and z (T, B, H), the embedding (GRU state before its norm, or the last layer's
 * output after its norm), when not NULL. T <= max_T with a cell, T * B <= max_T * max_B. GRU as in torch, gates r z
 * n: n = tanh(W_n x + b_in + r (U_n h + b_hn)), h' = (1 - z) n + z h. h0 (B, H) or NULL = zeros; not_first (T, B) or
 * NULL: h before step t is multiplied by not_first[t] (0 at an episode's first step). What the backward needs stays
 * in ws. not_first stays borrowed until then. */
void sl_net_forward(const sl_net_def *def, const float *params, sl_net_workspace *ws, int T, int B, const float *x,
                    const float *h0, const float *not_first, float *out, float *z);
/* dout (T, B, A), dz (T, B, H) or NULL -> grads (n_params) += ; of the last forward of ws, with its T, B. Once a
 * forward: the saved gates are turned into gradients in place. Bits depend on T, B and the BLAS core alone. */
void sl_net_backward(const sl_net_def *def, const float *params, sl_net_workspace *ws, const float *dout,
                     const float *dz, float *grads);

/* The decision path: B rows, one step, h (B, H) updated in place (ignored, may be NULL, without a cell). No BLAS, no
 * allocation; bits equal those of agent/ on every machine and do not depend on B. scratch: 8 * H floats. In float32,
 * each operation rounded (no fused multiply-add), for one row:
 *   linear   y_j = b_j, then y_j = y_j + x_i * W_ij for i = 0, 1, ...
 *   act      relu: y > 0 ? y : 0; tanh: sl_tanhf
 *   norm     s = 0, s += x_i for i = 0, 1, ...; mean = s / n; q = 0, q += (x_i - mean) * (x_i - mean) likewise;
 *            c = 1 / sqrtf(q / n + 1e-5f); y_i = ((x_i - mean) * c) * w_i + b_i
 *   GRU      gi = linear(x, W_ih, b_ih), gh = linear(h, W_hh, b_hh); r = sl_sigmoidf(gi_r + gh_r), z likewise,
 *            n = sl_tanhf(gi_n + r * gh_n); h = (1 - z) * n + z * h */
void sl_net_decide(const sl_net_def *def, const float *params, int B, const float *x, float *h, float *out,
                   float *scratch);

/* The naive twins (plain loops, no BLAS), same contract; for tests. */
void sl_net_forward_ref(const sl_net_def *def, const float *params, int T, int B, const float *x, const float *h0,
                        const float *not_first, float *out, float *z);
void sl_net_backward_ref(const sl_net_def *def, const float *params, int T, int B, const float *x, const float *h0,
                         const float *not_first, const float *dout, const float *dz, float *grads);

#endif
