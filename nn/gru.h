/* gru.h - internal to nn/: the gates of a GRU, forward and backward. R rows. */
#ifndef SL_NN_GRU_H
#define SL_NN_GRU_H

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
