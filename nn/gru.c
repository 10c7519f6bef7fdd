/* gru.c - the gates of the GRU, forward and backward, each one fused pass over a step's rows. The row functions take
 * every stream as a restrict parameter of its own: that is what both gcc and clang need to vectorise them. */
#include "nn/gru.h"

#include "common/fmath.h"
#include "nn/wide.h"

static void forward_row(int H, float *restrict gr, float *restrict gz, float *restrict gn, float *restrict gg,
                        const float *restrict gh_r, const float *restrict gh_z, const float *restrict gh_n,
                        const float *restrict hm, float *restrict h) {
    for (int j = 0; j < H; j++) {
        float r = sl_sigmoidf(gr[j] + gh_r[j]);
        float z = sl_sigmoidf(gz[j] + gh_z[j]);
        float n = sl_tanhf(gn[j] + r * gh_n[j]);
        h[j] = (1.0f - z) * n + z * hm[j];
        gr[j] = r;
        gz[j] = z;
        gn[j] = n;
        gg[j] = gh_n[j];
    }
}

static void mask_row(int H, float not_first, const float *restrict h, float *restrict hm) {
    for (int j = 0; j < H; j++) hm[j] = not_first * h[j];
}

void sl_gru_gates_forward(int R, int H, float *gates, const float *gh, const float *hm, float *h,
                          const float *next_not_first, float *next_hm) {
    if (sl_wide_suits()) {
        sl_wide_gates_forward(R, H, gates, gh, hm, h, next_not_first, next_hm);
        return;
    }
    size_t n = (size_t)H;
    for (size_t r = 0; r < (size_t)R; r++) {
        float *g = gates + 4 * n * r;
        const float *hidden = gh + 3 * n * r;
        forward_row(H, g, g + n, g + 2 * n, g + 3 * n, hidden, hidden + n, hidden + 2 * n, hm + n * r, h + n * r);
        if (next_hm) mask_row(H, next_not_first ? next_not_first[r] : 1.0f, h + n * r, next_hm + n * r);
    }
}

// g0..g3 come in as r z n gh_n and leave as the gradients of n r z gh_n
static void backward_row(int H, float *restrict g0, float *restrict g1, float *restrict g2, float *restrict g3,
                         const float *restrict hm, const float *restrict dh, float not_first, float *restrict carry,
                         float *restrict sum_n, float *restrict sum_r, float *restrict sum_z,
                         float *restrict sum_hidden) {
    for (int j = 0; j < H; j++) {
        float r = g0[j], z = g1[j], n = g2[j], hidden_n = g3[j];
        float d = dh[j] + not_first * carry[j];
        float d_n = d * (1.0f - z) * (1.0f - n * n);
        float d_z = d * (hm[j] - n) * z * (1.0f - z);
        float d_r = d_n * hidden_n * r * (1.0f - r);
        float d_hidden = d_n * r;
        carry[j] = d * z;
        g0[j] = d_n;
        g1[j] = d_r;
        g2[j] = d_z;
        g3[j] = d_hidden;
        sum_n[j] += d_n;
        sum_r[j] += d_r;
        sum_z[j] += d_z;
        sum_hidden[j] += d_hidden;
    }
}

void sl_gru_gates_backward(int R, int H, float *gates, const float *hm, const float *dh, const float *next_not_first,
                           float *carry, float *sums) {
    size_t n = (size_t)H;
    for (size_t r = 0; r < (size_t)R; r++) {
        float *g = gates + 4 * n * r;
        backward_row(H, g, g + n, g + 2 * n, g + 3 * n, hm + n * r, dh + n * r,
                     next_not_first ? next_not_first[r] : 1.0f, carry + n * r, sums, sums + n, sums + 2 * n,
                     sums + 3 * n);
    }
}
