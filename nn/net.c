/* net.c - forward and backward of the whole network over (T, B), tile by tile. */
#include "nn/net.h"

#include "common/assert.h"
#include "nn/blas.h"
#include "nn/gru.h"
#include "nn/layers.h"
#include "nn/products.h"
#include "nn/workspace_state.h"

#include <string.h>

// one tile: sequences b0..b0+nb of all T steps, at rows row0.. of the planes
typedef struct tile {
    sl_net_workspace *ws;
    const float *params;
    int T, B, b0, nb, rows;
    size_t row0;
} tile;

static tile tile_at(sl_net_workspace *ws, const float *params, int b0) {
    int nb = ws->B - b0 < ws->tile_B ? ws->B - b0 : ws->tile_B;
    SL_ASSERT(ws->T * nb <= ws->max_tile_rows);
    return (tile){ws, params, ws->T, ws->B, b0, nb, ws->T * nb, (size_t)ws->T * (size_t)b0};
}

// the tile's rows of a plane
static float *rows_of(const tile *t, float *plane, int width) {
    return plane + t->row0 * (size_t)width;
}

// between a (T, B, width) array of the caller and the tile's dense (T, nb, width)
static void gather(const tile *t, const float *whole, int width, float *dense) {
    size_t n = (size_t)t->nb * (size_t)width;
    for (int s = 0; s < t->T; s++) {
        size_t from = ((size_t)s * (size_t)t->B + (size_t)t->b0) * (size_t)width;
        memcpy(dense + (size_t)s * n, whole + from, n * sizeof *whole);
    }
}

static void scatter(const tile *t, const float *dense, int width, float *whole) {
    size_t n = (size_t)t->nb * (size_t)width;
    for (int s = 0; s < t->T; s++) {
        size_t to = ((size_t)s * (size_t)t->B + (size_t)t->b0) * (size_t)width;
        memcpy(whole + to, dense + (size_t)s * n, n * sizeof *whole);
    }
}

// not_first of step s for the tile's sequences, NULL when everything is kept
static const float *not_first_at(const tile *t, int s) {
    return t->ws->not_first ? t->ws->not_first + (size_t)s * (size_t)t->B + (size_t)t->b0 : NULL;
}

static const float *forward_layers(const tile *t) {
    sl_net_workspace *ws = t->ws;
    const sl_net_def *def = &ws->def;
    const float *p = t->params;
    int H = def->hidden, I = def->in_dim;
    const float *in = rows_of(t, ws->x, I);
    if (def->layer_norm) {
        float *normed = rows_of(t, ws->x_norm, I);
        sl_norm_forward(t->rows, I, in, p + ws->at.in_norm_w, p + ws->at.in_norm_b, normed,
                        rows_of(t, ws->x_stats, 2));
        in = normed;
    }
    for (int l = 0; l < def->n_layers; l++) {
        float *act = rows_of(t, ws->act[l], H);
        sl_product_linear(ws->bf16, t->rows, l == 0 ? I : H, H, in, p + ws->at.layer[l].w, ws->layer_packed[l],
                          p + ws->at.layer[l].b, &def->activation, act, H);
        in = act;
        if (!def->layer_norm) continue;
        float *out = rows_of(t, ws->out[l], H);
        sl_norm_forward(t->rows, H, act, p + ws->at.layer[l].norm_w, p + ws->at.layer[l].norm_b, out,
                        rows_of(t, ws->act_stats[l], 2));
        in = out;
    }
    return in;
}

// the masked state before the first step
static void first_state(const tile *t, const float *h0, float *hm) {
    size_t H = (size_t)t->ws->def.hidden;
    const float *not_first = not_first_at(t, 0);
    for (size_t b = 0; b < (size_t)t->nb; b++) {
        const float *from = h0 ? h0 + ((size_t)t->b0 + b) * H : NULL;
        float k = not_first ? not_first[b] : 1.0f;
        for (size_t j = 0; j < H; j++) hm[b * H + j] = from ? k * from[j] : 0.0f;
    }
}

static const float *forward_cell(const tile *t, const float *in, const float *h0) {
    sl_net_workspace *ws = t->ws;
    int H = ws->def.hidden;
    const float *p = t->params;
    float *gates = rows_of(t, ws->gates, 4 * H), *hm = rows_of(t, ws->hm, H), *h = rows_of(t, ws->h, H);
    // the input's share of the gates for all steps at once, then the state's step by step
    sl_product_linear(ws->bf16, t->rows, H, 3 * H, in, p + ws->at.w_ih, ws->ih_packed, p + ws->at.b_ih, NULL, gates,
                      4 * H);
    first_state(t, h0, hm);
    for (int s = 0; s < t->T; s++) {
        size_t row = (size_t)s * (size_t)t->nb, width = (size_t)H;
        bool last = s + 1 == t->T;
        sl_product_linear(ws->bf16, t->nb, H, 3 * H, hm + row * width, p + ws->at.w_hh, ws->hh_packed,
                          p + ws->at.b_hh, NULL, ws->gh, 3 * H);
        sl_gru_gates_forward(t->nb, H, gates + row * 4 * width, ws->gh, hm + row * width, h + row * width,
                             last ? NULL : not_first_at(t, s + 1), last ? NULL : hm + (row + (size_t)t->nb) * width);
    }
    if (!ws->def.layer_norm) return h;
    float *out = rows_of(t, ws->cell_out, H);
    sl_norm_forward(t->rows, H, h, p + ws->at.cell_norm_w, p + ws->at.cell_norm_b, out,
                    rows_of(t, ws->cell_stats, 2));
    return out;
}

void sl_net_forward(const sl_net_def *def, const float *params, sl_net_workspace *ws, int T, int B, const float *x,
                    const float *h0, const float *not_first, float *out, float *z) {
    SL_ASSERT(T >= 1 && B >= 1 && (size_t)T * (size_t)B <= ws->max_rows);
    SL_ASSERT(def->hidden == ws->def.hidden && def->in_dim == ws->def.in_dim && def->cell == ws->def.cell);
    // without a cell time is one more batch dimension
    ws->T = def->cell == SL_CELL_NONE ? 1 : T;
    ws->B = def->cell == SL_CELL_NONE ? T * B : B;
    ws->tile_B = sl_workspace_tile_B(ws);
    ws->not_first = not_first;
    int H = def->hidden, A = def->out_dim;
    sl_workspace_pack_weights(ws, params);
    for (int b0 = 0; b0 < ws->B; b0 += ws->tile_B) {
        tile t = tile_at(ws, params, b0);
        gather(&t, x, def->in_dim, rows_of(&t, ws->x, def->in_dim));
        const float *features = forward_layers(&t), *embedding = features;
        if (def->cell == SL_CELL_GRU) {
            features = forward_cell(&t, features, h0);
            embedding = rows_of(&t, ws->h, H);
        }
        sl_linear_forward(t.rows, H, A, features, params + ws->at.head_w, params + ws->at.head_b, NULL, ws->out_tile,
                          A);
        scatter(&t, ws->out_tile, A, out);
        if (z) scatter(&t, embedding, H, z);
    }
}

// backward through time: gates become gradients; returns with d_in = gradient of the cell's input
static void backward_cell(const tile *t, const float *in, float *d, float *d_in, float *grads) {
    sl_net_workspace *ws = t->ws;
    int H = ws->def.hidden, R = t->rows;
    size_t width = (size_t)H;
    float *gates = rows_of(t, ws->gates, 4 * H), *hm = rows_of(t, ws->hm, H);
    memset(ws->carry, 0, (size_t)t->nb * width * sizeof *ws->carry);
    memset(ws->sums, 0, 4 * width * sizeof *ws->sums);
    for (int s = t->T - 1; s >= 0; s--) {
        size_t row = (size_t)s * (size_t)t->nb;
        float *gates_t = gates + row * 4 * width;
        sl_gru_gates_backward(t->nb, H, gates_t, hm + row * width, d + row * width,
                              s + 1 < t->T ? not_first_at(t, s + 1) : NULL, ws->carry, ws->sums);
        if (s > 0)
            sl_product_nn(ws->bf16, t->nb, H, 3 * H, gates_t + H, 4 * H, ws->wt_hh, ws->hh_turned, 1.0f, ws->carry,
                          H);
    }
    // the weights' gradients for all steps at once
    sl_product_tn(ws->bf16, H, 3 * H, R, hm, H, gates + H, 4 * H, grads + ws->at.w_hh, 3 * H);
    sl_product_tn(ws->bf16, H, 2 * H, R, in, H, gates + H, 4 * H, grads + ws->at.w_ih, 3 * H);
    sl_product_tn(ws->bf16, H, H, R, in, H, gates, 4 * H, grads + ws->at.w_ih + 2 * H, 3 * H);
    sl_column_sums(1, 3 * H, ws->sums + H, grads + ws->at.b_hh);
    sl_column_sums(1, 2 * H, ws->sums + H, grads + ws->at.b_ih);
    sl_column_sums(1, H, ws->sums, grads + ws->at.b_ih + 2 * H);
    sl_product_nn(ws->bf16, R, H, 3 * H, gates, 4 * H, ws->wt_ih, ws->ih_turned, 0.0f, d_in, H);
}

static void add_rows(size_t n, const float *restrict from, float *restrict to) {
    for (size_t i = 0; i < n; i++) to[i] += from[i];
}

static void swap(float **a, float **b) {
    float *kept = *a;
    *a = *b;
    *b = kept;
}

// from d, the gradient of the last layer's output, down to the input
static void backward_layers(const tile *t, float *d, float *d_in, float *grads) {
    sl_net_workspace *ws = t->ws;
    const sl_net_def *def = &ws->def;
    const float *p = t->params;
    int H = def->hidden, I = def->in_dim, R = t->rows;
    for (int l = def->n_layers - 1; l >= 0; l--) {
        const float *act = rows_of(t, ws->act[l], H);
        if (def->layer_norm) {
            sl_norm_backward(R, H, act, rows_of(t, ws->act_stats[l], 2), p + ws->at.layer[l].norm_w, d,
                             grads + ws->at.layer[l].norm_w, grads + ws->at.layer[l].norm_b);
        }
        sl_activation_backward(R, H, def->activation, act, d, grads + ws->at.layer[l].b);
        int in_dim = l == 0 ? I : H;
        const float *in = l == 0 ? rows_of(t, ws->x_norm, I) : rows_of(t, ws->out[l - 1], H);
        sl_product_tn(ws->bf16, in_dim, H, R, in, in_dim, d, H, grads + ws->at.layer[l].w, H);
        if (l == 0 && !def->layer_norm) return;
        sl_product_nn(ws->bf16, R, in_dim, H, d, H, ws->layer_wt[l], ws->layer_turned[l], 0.0f, d_in, in_dim);
        swap(&d, &d_in);
    }
    sl_norm_backward(R, I, rows_of(t, ws->x, I), rows_of(t, ws->x_stats, 2), p + ws->at.in_norm_w, d,
                     grads + ws->at.in_norm_w, grads + ws->at.in_norm_b);
}

static void backward_tile(const tile *t, const float *dout, const float *dz, float *grads) {
    sl_net_workspace *ws = t->ws;
    const sl_net_def *def = &ws->def;
    int H = def->hidden, A = def->out_dim, R = t->rows;
    size_t n = (size_t)R * (size_t)H;
    bool gru = def->cell == SL_CELL_GRU;
    const float *last = rows_of(t, ws->out[def->n_layers - 1], H);
    const float *features = gru ? rows_of(t, ws->cell_out, H) : last;
    float *d = ws->d, *d_in = ws->d_in;
    gather(t, dout, A, ws->out_tile);
    sl_blas_tn(H, A, R, features, H, ws->out_tile, A, 1.0f, grads + ws->at.head_w, A);
    sl_column_sums(R, A, ws->out_tile, grads + ws->at.head_b);
    sl_blas_nn(R, H, A, ws->out_tile, A, ws->head_wt, H, 0.0f, d, H);
    if (gru && def->layer_norm) {
        sl_norm_backward(R, H, rows_of(t, ws->h, H), rows_of(t, ws->cell_stats, 2), t->params + ws->at.cell_norm_w, d,
                         grads + ws->at.cell_norm_w, grads + ws->at.cell_norm_b);
    }
    if (dz) {
        gather(t, dz, H, d_in);
        add_rows(n, d_in, d);
    }
    if (gru) {
        backward_cell(t, last, d, d_in, grads);
        swap(&d, &d_in);
    }
    backward_layers(t, d, d_in, grads);
}

void sl_net_backward(const sl_net_def *def, const float *params, sl_net_workspace *ws, const float *dout,
                     const float *dz, float *grads) {
    SL_ASSERT(def->hidden == ws->def.hidden && ws->T > 0);
    sl_workspace_turn_weights(ws, params);
    for (int b0 = 0; b0 < ws->B; b0 += ws->tile_B) {
        tile t = tile_at(ws, params, b0);
        backward_tile(&t, dout, dz, grads);
    }
}
