/* gru.c - the gates of the GRU, forward and backward, each one fused pass over a step's rows. */
#include "common/fmath.h"
#include "nn/net_parts.h"

static void gates_forward_row(int H, float *restrict gates, const float *restrict gh, const float *restrict hm,
                              float *restrict h) {
    float *restrict gr = gates, *restrict gz = gates + H, *restrict gn = gates + 2 * H, *restrict gg = gates + 3 * H;
    for (int j = 0; j < H; j++) {
        float hidden_n = gh[2 * H + j];
        float r = sl_sigmoidf(gr[j] + gh[j]);
        float z = sl_sigmoidf(gz[j] + gh[H + j]);
        float n = sl_tanhf(gn[j] + r * hidden_n);
        h[j] = (1.0f - z) * n + z * hm[j];
        gr[j] = r;
        gz[j] = z;
        gn[j] = n;
        gg[j] = hidden_n;
    }
}

void sl_gru_gates_forward(int R, int H, float *gates, const float *gh, const float *hm, float *h,
                          const float *next_keep, float *next_hm) {
    size_t step = (size_t)H;
    for (size_t r = 0; r < (size_t)R; r++) {
        gates_forward_row(H, gates + 4 * step * r, gh + 3 * step * r, hm + step * r, h + step * r);
        if (!next_hm) continue;
        float keep = next_keep ? next_keep[r] : 1.0f;
        for (size_t j = 0; j < step; j++) next_hm[step * r + j] = keep * h[step * r + j];
    }
}

static void gates_backward_row(int H, float *restrict gates, const float *restrict hm, const float *restrict dh,
                               float keep, float *restrict carry, float *restrict sums) {
    float *restrict g0 = gates, *restrict g1 = gates + H, *restrict g2 = gates + 2 * H, *restrict g3 = gates + 3 * H;
    for (int j = 0; j < H; j++) {
        float r = g0[j], z = g1[j], n = g2[j], hidden_n = g3[j];
        float d = dh[j] + keep * carry[j];
        float d_n = d * (1.0f - z) * (1.0f - n * n);
        float d_z = d * (hm[j] - n) * z * (1.0f - z);
        float d_r = d_n * hidden_n * r * (1.0f - r);
        float d_hidden = d_n * r;
        carry[j] = d * z;
        g0[j] = d_n;
        g1[j] = d_r;
        g2[j] = d_z;
        g3[j] = d_hidden;
        sums[j] += d_n;
        sums[H + j] += d_r;
        sums[2 * H + j] += d_z;
        sums[3 * H + j] += d_hidden;
    }
}

void sl_gru_gates_backward(int R, int H, float *gates, const float *hm, const float *dh, const float *next_keep,
                           float *carry, float *sums) {
    size_t step = (size_t)H;
    for (size_t r = 0; r < (size_t)R; r++) {
        gates_backward_row(H, gates + 4 * step * r, hm + step * r, dh + step * r, next_keep ? next_keep[r] : 1.0f,
                           carry + step * r, sums);
    }
}
