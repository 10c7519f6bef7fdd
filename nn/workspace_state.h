/* workspace_state.h - internal to nn/: the saved activations of a forward and the scratch of a backward. Sequences
 * are worked on in tiles of a few sequences times all steps, small enough that a tile's activations stay in the L2
 * cache from layer to layer; the planes are stored tile by tile, each tile (T, nb, width), so that all rows of a tile
 * are one dense matrix. */
#ifndef SL_NN_WORKSPACE_STATE_H
#define SL_NN_WORKSPACE_STATE_H

#include "nn/gemm_bf16.h"
#include "nn/net.h"

struct sl_net_workspace {
    sl_net_def def;
    sl_bf16_kind bf16; /* SL_BF16_NONE: products in float32 */
    sl_net_offsets at;
    size_t max_rows;
    int max_tile_rows;

    // of the last forward
    int T, B, tile_B;
    const float *not_first;

    // planes of max_rows rows, kept for the backward
    float *x;                            /* I: the input, tile by tile */
    float *x_norm, *x_stats;             /* I, 2: with layer norm */
    float *act[SL_NET_MAX_LAYERS];       /* H: after the activation */
    float *out[SL_NET_MAX_LAYERS];       /* H: after layer norm, else the same as act */
    float *act_stats[SL_NET_MAX_LAYERS]; /* 2 */
    float *gates, *hm, *h;               /* 4H, H, H: see gru.h; a backward turns gates into gradients */
    float *cell_out, *cell_stats;        /* H, 2: after layer norm, else cell_out is h */

    // scratch of one tile
    float *gh;       /* tile_B, 3H */
    float *out_tile; /* A: outputs going out, their gradients coming in */
    float *d, *d_in; /* max(H, I): gradients of a layer's output and input */
    float *carry;    /* tile_B, H */
    float *sums;     /* 4H */

    // transposed weights for the products of the backward
    float *layer_wt[SL_NET_MAX_LAYERS], *wt_ih, *wt_hh, *head_wt;

    // the same and the weights themselves, packed for products in bf16
    sl_bf16 *layer_packed[SL_NET_MAX_LAYERS], *ih_packed, *hh_packed;
    sl_bf16 *layer_turned[SL_NET_MAX_LAYERS], *ih_turned, *hh_turned;

    void *block; /* the one allocation that all of the above point into */
};

/* How many sequences a tile has at ws->T steps. */
int sl_workspace_tile_B(const sl_net_workspace *ws);
/* packed.c: for the products of a forward and of a backward. */
void sl_workspace_pack_weights(sl_net_workspace *ws, const float *params);
void sl_workspace_turn_weights(sl_net_workspace *ws, const float *params);

#endif
