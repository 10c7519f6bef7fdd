/* workspace.c - sizes and the single allocation of a workspace. */
#include "nn/net.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "nn/workspace_state.h"

#include <string.h>

// a tile's activations are to fill about a 2 MB L2 cache; halves and doubles of it measured no better
enum { TILE_FLOATS = 1 << 19, TILE_MIN_B = 24, TILE_MIN_B_BF16 = 32 };

static int max_int(int a, int b) {
    return a > b ? a : b;
}

// floats that one row of a tile keeps warm
static int row_floats(const sl_net_def *def) {
    int per_layer = def->layer_norm ? 2 : 1;
    int cell = def->cell == SL_CELL_GRU ? 6 + per_layer : 0;
    return def->in_dim * per_layer + def->hidden * (per_layer * def->n_layers + cell + 2) + def->out_dim;
}

// whole blocks of so many rows suit the product's register tiles
static int tile_B(const sl_net_def *def, int T, int whole) {
    int rows = TILE_FLOATS / row_floats(def);
    return max_int(rows / T / whole * whole, whole);
}

int sl_net_slice_B(const sl_net_def *def, int T) {
    return tile_B(def, T, TILE_MIN_B);
}

int sl_workspace_tile_B(const sl_net_workspace *ws) {
    return tile_B(&ws->def, ws->T, ws->bf16 == SL_BF16_NONE ? TILE_MIN_B : TILE_MIN_B_BF16);
}

// hands out parts of the block; with a NULL block it only counts
typedef struct cursor {
    float *block;
    size_t used;
} cursor;

static float *take(cursor *at, size_t rows, int width) {
    size_t n = (rows * (size_t)width + 15) / 16 * 16;
    float *part = at->block ? at->block + at->used : NULL;
    at->used += n;
    return part;
}

static void place_planes(sl_net_workspace *ws, cursor *at) {
    const sl_net_def *def = &ws->def;
    size_t R = ws->max_rows;
    int I = def->in_dim, H = def->hidden;
    ws->x = take(at, R, I);
    ws->x_norm = def->layer_norm ? take(at, R, I) : ws->x;
    if (def->layer_norm) ws->x_stats = take(at, R, 2);
    for (int l = 0; l < def->n_layers; l++) {
        ws->act[l] = take(at, R, H);
        ws->out[l] = def->layer_norm ? take(at, R, H) : ws->act[l];
        if (def->layer_norm) ws->act_stats[l] = take(at, R, 2);
    }
    if (def->cell == SL_CELL_GRU) {
        ws->gates = take(at, R, 4 * H);
        ws->hm = take(at, R, H);
        ws->h = take(at, R, H);
        ws->cell_out = def->layer_norm ? take(at, R, H) : ws->h;
        if (def->layer_norm) ws->cell_stats = take(at, R, 2);
    }
}

static void place_scratch(sl_net_workspace *ws, cursor *at) {
    const sl_net_def *def = &ws->def;
    size_t R = (size_t)ws->max_tile_rows;
    int I = def->in_dim, H = def->hidden, A = def->out_dim;
    ws->out_tile = take(at, R, A);
    ws->d = take(at, R, max_int(H, I));
    ws->d_in = take(at, R, max_int(H, I));
    ws->head_wt = take(at, (size_t)A, H);
    for (int l = 0; l < def->n_layers; l++) ws->layer_wt[l] = take(at, (size_t)H, l == 0 ? I : H);
    if (def->cell != SL_CELL_GRU) return;
    ws->gh = take(at, R, 3 * H);
    ws->carry = take(at, R, H);
    ws->sums = take(at, 1, 4 * H);
    ws->wt_ih = take(at, (size_t)(3 * H), H);
    ws->wt_hh = take(at, (size_t)(3 * H), H);
}

static sl_bf16 *take_packed(cursor *at, int k, int n) {
    return (sl_bf16 *)(void *)take(at, (sl_bf16_packed_len(k, n) + 1) / 2, 1);
}

static void place_packed(sl_net_workspace *ws, cursor *at) {
    const sl_net_def *def = &ws->def;
    int H = def->hidden;
    for (int l = 0; l < def->n_layers; l++) {
        int in_dim = l == 0 ? def->in_dim : H;
        ws->layer_packed[l] = take_packed(at, in_dim, H);
        ws->layer_turned[l] = take_packed(at, H, in_dim);
    }
    if (def->cell != SL_CELL_GRU) return;
    ws->ih_packed = take_packed(at, H, 3 * H);
    ws->hh_packed = take_packed(at, H, 3 * H);
    ws->ih_turned = take_packed(at, 3 * H, H);
    ws->hh_turned = take_packed(at, 3 * H, H);
}

static void place(sl_net_workspace *ws, cursor *at) {
    place_planes(ws, at);
    place_scratch(ws, at);
    if (ws->bf16 != SL_BF16_NONE) place_packed(ws, at);
}

static sl_status create(const sl_net_def *def, int max_T, int max_B, sl_bf16_kind bf16, sl_net_workspace **out) {
    SL_TRY(sl_net_def_check(def));
    SL_ASSERT(max_T >= 1 && max_B >= 1);
    sl_net_workspace *ws = sl_alloc(sizeof *ws);
    if (!ws) return sl_fail(SL_MEMORY, NULL, "no memory for a network workspace");
    ws->def = *def;
    ws->bf16 = bf16;
    ws->at = sl_net_get_offsets(def);
    ws->max_rows = (size_t)max_T * (size_t)max_B;
    // the largest tile: many rows of short sequences, or the fewest sequences of long ones
    size_t tile_rows = (size_t)max_int(TILE_FLOATS / row_floats(def), TILE_MIN_B_BF16 * max_T);
    ws->max_tile_rows = (int)(tile_rows < ws->max_rows ? tile_rows : ws->max_rows);

    cursor at = {NULL, 0};
    place(ws, &at);
    at.block = sl_alloc_array(at.used, sizeof(float));
    if (!at.block) {
        sl_free(ws);
        return sl_fail(SL_MEMORY, NULL, "no memory for activations of %d steps of %d sequences", max_T, max_B);
    }
    ws->block = at.block;
    at.used = 0;
    place(ws, &at);
    *out = ws;
    return SL_OK;
}

sl_status sl_net_workspace_create(const sl_net_def *def, int max_T, int max_B, sl_net_workspace **out) {
    return create(def, max_T, max_B, SL_BF16_NONE, out);
}

sl_status sl_net_check_bf16(void) {
    if (sl_bf16_get_kind() != SL_BF16_NONE) return SL_OK;
    return sl_fail(SL_CONFIG, "f32 runs everywhere", "bf16 needs AMX-BF16 or AVX512-BF16, this CPU has %s",
                   sl_bf16_describe_cpu());
}

sl_status sl_net_workspace_create_bf16(const sl_net_def *def, int max_T, int max_B, sl_net_workspace **out) {
    SL_TRY(sl_net_check_bf16());
    return create(def, max_T, max_B, sl_bf16_get_kind(), out);
}

void sl_net_workspace_destroy(sl_net_workspace **self) {
    if (!*self) return;
    sl_free((*self)->block);
    sl_free(*self);
    *self = NULL;
}
