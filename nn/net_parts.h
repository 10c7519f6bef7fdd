/* net_parts.h - internal to nn/: where each parameter lies in the flat vector, and the pieces (linear, layer norm,
 * gates) that net.c strings together and tests check one by one. R rows; matrices row-major and dense unless a
 * leading dimension is named. Gradients of parameters are added to, gradients of activations are written. */
#ifndef SL_NN_NET_PARTS_H
#define SL_NN_NET_PARTS_H

#include "nn/net.h"

enum { SL_NET_MAX_LAYERS = 4, SL_NET_MAX_HIDDEN = 1024 };
#define SL_NORM_EPS 1e-5f

/* Offsets into the flat parameters; those of parts that the network lacks are 0 and unused. */
typedef struct sl_net_offsets {
    size_t in_norm_w, in_norm_b;
    struct {
        size_t w, b, norm_w, norm_b;
    } layer[SL_NET_MAX_LAYERS];
    size_t w_ih, b_ih, w_hh, b_hh, cell_norm_w, cell_norm_b;
    size_t head_w, head_b;
} sl_net_offsets;

sl_net_offsets sl_net_get_offsets(const sl_net_def *def);

/* y (R, O; rows ldy apart) = act(x (R, I) W + b); act NULL = none. */
void sl_linear_forward(int R, int I, int O, const float *x, const float *W, const float *b, const sl_activation *act,
                       float *y, int ldy);
/* dy *= act'(y) in place, and db (H) += its column sums. */
void sl_activation_backward(int R, int H, sl_activation act, const float *y, float *dy, float *db);
void sl_column_sums(int R, int C, const float *x, float *sums); /* sums (C) += */

/* to (cols, rows) = from (rows, cols; rows ld apart) turned. */
void sl_transpose(int rows, int cols, const float *from, int ld, float *to);

/* y = (x - mean) / sqrt(var + eps) * w + b row by row; stats (R, 2) keeps mean and 1 / sqrt(var + eps). */
void sl_norm_forward(int R, int H, const float *x, const float *w, const float *b, float *y, float *stats);
/* dy (R, H) becomes dx in place; dw, db += . */
void sl_norm_backward(int R, int H, const float *x, const float *stats, const float *w, float *dy, float *dw,
                      float *db);

/* GRU, torch's definition: r = s(gi_r + gh_r), z = s(gi_z + gh_z), n = tanh(gi_n + r gh_n), h' = (1 - z) n + z h.
 * gates (R, 4H): in columns 0..3H the input products gi, out [r z n gh_n]. gh (R, 3H): hidden products with bias.
 * hm (R, H) the masked state before, h the state after; next_hm (R, H) = h * next_not_first (NULL = 1), unless NULL.
 */
void sl_gru_gates_forward(int R, int H, float *gates, const float *gh, const float *hm, float *h,
                          const float *next_not_first, float *next_hm);
/* dh (R, H) of the state after, plus carry (R, H) * next_not_first (R; NULL = 1), the gradient from the step after.
 * gates come in as [r z n gh_n] and leave as the gradients [n r z gh_n] of the pre-activations: columns 0..3H belong
 * to the input product (n first), H..4H to the hidden product. carry leaves as dh * z; sums (4H) += column sums. */
void sl_gru_gates_backward(int R, int H, float *gates, const float *hm, const float *dh, const float *next_not_first,
                           float *carry, float *sums);

#endif
