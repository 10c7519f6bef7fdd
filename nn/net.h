/* net.h - the policy and critic network: [norm] (linear act [norm]) x layers, [GRU [norm]], linear head. All
 * parameters are one flat float array, so that Adam, clipping, files and the wire see one vector. A workspace holds
 * the saved activations of one forward; one thread owns one workspace, the definition and parameters are shared
 * read-only. T time, B batch (independent sequences), I input, H hidden, A outputs. Weights are (in, out), row-major.
 */
#ifndef SL_NN_NET_H
#define SL_NN_NET_H

#include "nn/decide.h"
#include "nn/layout.h"

/* The saved activations of one forward. */
typedef struct sl_net_workspace sl_net_workspace;
SL_MUST_CHECK sl_status sl_net_workspace_create(const sl_net_def *def, int max_T, int max_B, sl_net_workspace **out);
/* With factors of the products, but for the head's, rounded to bfloat16 and everything else, sums above all, in
 * float32. SL_CONFIG: the CPU has no such products, and what it has; the first function only asks. */
SL_MUST_CHECK sl_status sl_net_check_bf16(void);
SL_MUST_CHECK sl_status sl_net_workspace_create_bf16(const sl_net_def *def, int max_T, int max_B,
                                                     sl_net_workspace **out);
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

#endif
