/* packed.c - the weights of a workspace as its products read them: turned for the backward, and packed for bf16. The
 * head is narrow, and what it says matters most: it stays in float32. */
#include "nn/layers.h"
#include "nn/workspace_state.h"

void sl_workspace_pack_weights(sl_net_workspace *ws, const float *params) {
    if (ws->bf16 == SL_BF16_NONE) return;
    const sl_net_def *def = &ws->def;
    int H = def->hidden;
    for (int l = 0; l < def->n_layers; l++)
        sl_bf16_pack(l == 0 ? def->in_dim : H, H, params + ws->at.layer[l].w, H, false, ws->layer_packed[l]);
    if (def->cell != SL_CELL_GRU) return;
    sl_bf16_pack(H, 3 * H, params + ws->at.w_ih, 3 * H, false, ws->ih_packed);
    sl_bf16_pack(H, 3 * H, params + ws->at.w_hh, 3 * H, false, ws->hh_packed);
}

// without a layer norm nobody asks for the gradient of the input
static int first_turned(const sl_net_def *def) {
    return def->layer_norm ? 0 : 1;
}

static void turn_float32(sl_net_workspace *ws, const float *p) {
    const sl_net_def *def = &ws->def;
    int H = def->hidden;
    for (int l = first_turned(def); l < def->n_layers; l++)
        sl_transpose(l == 0 ? def->in_dim : H, H, p + ws->at.layer[l].w, H, ws->layer_wt[l]);
    if (def->cell == SL_CELL_GRU) sl_transpose(H, 3 * H, p + ws->at.w_hh, 3 * H, ws->wt_hh);
}

static void turn_bf16(sl_net_workspace *ws, const float *p) {
    const sl_net_def *def = &ws->def;
    int H = def->hidden;
    for (int l = first_turned(def); l < def->n_layers; l++)
        sl_bf16_pack(H, l == 0 ? def->in_dim : H, p + ws->at.layer[l].w, H, true, ws->layer_turned[l]);
    if (def->cell != SL_CELL_GRU) return;
    sl_bf16_pack(3 * H, H, ws->wt_ih, H, false, ws->ih_turned);
    sl_bf16_pack(3 * H, H, p + ws->at.w_hh, 3 * H, true, ws->hh_turned);
}

void sl_workspace_turn_weights(sl_net_workspace *ws, const float *params) {
    const sl_net_def *def = &ws->def;
    int H = def->hidden;
    sl_transpose(H, def->out_dim, params + ws->at.head_w, def->out_dim, ws->head_wt);
    if (def->cell == SL_CELL_GRU) {
        // the gradients of the input product come as [n r z], of the hidden product as [r z n]
        sl_transpose(H, H, params + ws->at.w_ih + 2 * H, 3 * H, ws->wt_ih);
        sl_transpose(H, 2 * H, params + ws->at.w_ih, 3 * H, ws->wt_ih + H * H);
    }
    if (ws->bf16 == SL_BF16_NONE)
        turn_float32(ws, params);
    else
        turn_bf16(ws, params);
}
