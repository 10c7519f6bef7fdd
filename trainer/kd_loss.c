/* kd_loss.c - eq. 9 to 11 on rows: sums of sixteen, and tiles of rows side by side. What a row costs is paid once for
 * each epoch, so these loops are as hot as the products. */
#include "trainer/kd_loss.h"

#include "common/assert.h"
#include "envs/spec.h"
#include "nn/lanes.h"
#include "trainer/tile.h"

#include <math.h>

/* ---- eq. 9: relations ---- */

// sixteen sums side by side, which any machine adds up in the same order
static inline float dot(int D, const float *a, const float *b) {
    sl_vec16 sum = {0};
    float rest = 0;
    int d = 0;
    for (; d + SL_LANES <= D; d += SL_LANES) sum += SL_LOAD16(a + d) * SL_LOAD16(b + d);
    for (; d < D; d++) rest += a[d] * b[d];
    return sl_sum16(&sum) + rest;
}

// 1 / |a|; 0 of a vector of length zero
static inline float inverse_length(int D, const float *a) {
    float aa = dot(D, a, a);
    return aa > 0 ? 1.0f / sqrtf(aa) : 0.0f;
}

void sl_kd_cosines(int64_t R, int N, int D, int stride, const float *c, float *cosines) {
    float inverse[SL_MAX_AGENTS];
    for (int64_t r = 0; r < R; r++, c += (int64_t)N * stride) {
        for (int i = 0; i < N; i++) inverse[i] = inverse_length(D, c + (int64_t)i * stride);
        for (int i = 0; i < N; i++)
            for (int j = i + 1; j < N; j++)
                *cosines++ = dot(D, c + (int64_t)i * stride, c + (int64_t)j * stride) * inverse[i] * inverse[j];
    }
}

// da += g * d cos(a, b) / da = g * (b / (|a| |b|) - cos * a / |a|^2), and db likewise
static inline void cosine_backward(int D, const float *a, const float *b, float cosine, float inv_a, float inv_b,
                                   float g, float *restrict da, float *restrict db) {
    float across = g * inv_a * inv_b, along_a = g * cosine * inv_a * inv_a, along_b = g * cosine * inv_b * inv_b;
    for (int d = 0; d < D; d++) {
        da[d] += across * b[d] - along_a * a[d];
        db[d] += across * a[d] - along_b * b[d];
    }
}

static int count_alive(int N, const float *const *alive, int r) {
    int n = 0;
    for (int i = 0; i < N; i++) n += !alive || alive[i][r] != 0.0f;
    return n;
}

double sl_kd_relation(int R, int N, int D, const float *cosines, const float *const *cs, const float *const *alive,
                      const float *weight, double scale, float *const *dcs) {
    float inverse[SL_MAX_AGENTS];
    double loss = 0;
    for (int r = 0; r < R; r++, cosines += N * (N - 1) / 2) {
        int n = count_alive(N, alive, r);
        if (n < 2 || weight[r] == 0.0f) continue;
        float share = weight[r] * 2.0f / (float)(n * (n - 1));
        int64_t row = (int64_t)r * D;
        const float *wanted = cosines;
        for (int i = 0; i < N; i++) inverse[i] = inverse_length(D, cs[i] + row);
        for (int i = 0; i < N; i++) {
            for (int j = i + 1; j < N; j++, wanted++) {
                if (alive && (alive[i][r] == 0.0f || alive[j][r] == 0.0f)) continue;
                float cosine = dot(D, cs[i] + row, cs[j] + row) * inverse[i] * inverse[j];
                // eq. 9
                float gap = *wanted - cosine;
                loss += (double)(share * gap * gap);
                if (!dcs) continue;
                float g = -2.0f * share * gap * (float)scale;
                cosine_backward(D, cs[i] + row, cs[j] + row, cosine, inverse[i], inverse[j], g, dcs[i] + row,
                                dcs[j] + row);
            }
        }
    }
    return loss;
}

/* ---- eq. 10 and 11: roles ---- */

// of n rows: what eq. 10 comes to, without the weights, and the gradients of g times it
static void role_tile(int n, int K, const float *lt, const float *ls, float inverse_tau, const float *g, float *loss,
                      float *ds, float *dt) {
    float x[SL_TILE_FLOATS], legal[SL_TILE_FLOATS], logp_t[SL_TILE_FLOATS], logp_s[SL_TILE_FLOATS];
    float p_t[SL_TILE_FLOATS], p_s[SL_TILE_FLOATS];
    int W = sl_tile_rows(K);
    sl_tile_load_legal(n, K, NULL, legal);
    // eq. 11
    sl_tile_load(n, K, lt, x);
    sl_tile_softmax(n, K, x, legal, inverse_tau, logp_t, p_t);
    sl_tile_load(n, K, ls, x);
    sl_tile_softmax(n, K, x, legal, inverse_tau, logp_s, p_s);
    for (int l = 0; l < n; l++) loss[l] = 0;
    // eq. 10
    for (int k = 0; k < K; k++)
        for (int l = 0; l < n; l++) loss[l] += p_t[k * W + l] * (logp_t[k * W + l] - logp_s[k * W + l]);
    for (int k = 0; k < K; k++)
        for (int l = 0; l < n; l++) {
            float gap = logp_t[k * W + l] - logp_s[k * W + l] - loss[l];
            ds[k * W + l] = g[l] == 0.0f ? 0.0f : g[l] * (p_s[k * W + l] - p_t[k * W + l]);
            dt[k * W + l] = g[l] == 0.0f ? 0.0f : g[l] * p_t[k * W + l] * gap;
        }
}

double sl_kd_role(int R, int K, const float *lt, const float *ls, double tau, const float *weight, double scale,
                  float *dls, float *dlt) {
    float g[SL_TILE_ROWS], kl[SL_TILE_ROWS], ds[SL_TILE_FLOATS], dt[SL_TILE_FLOATS];
    float inverse_tau = (float)(1.0 / tau), factor = (float)(scale / tau);
    double loss = 0;
    SL_ASSERT(K >= 1 && K <= SL_KD_MAX_ROLES);
    for (int r = 0, n; r < R; r += n) {
        int64_t at = (int64_t)r * K;
        n = R - r < sl_tile_rows(K) ? R - r : sl_tile_rows(K);
        for (int l = 0; l < n; l++) g[l] = weight[r + l] * factor;
        role_tile(n, K, lt + at, ls + at, inverse_tau, g, kl, ds, dt);
        for (int l = 0; l < n; l++) loss += weight[r + l] == 0.0f ? 0.0 : (double)(weight[r + l] * kl[l]);
        if (dls) sl_tile_add(n, K, ds, dls + at);
        if (dlt) sl_tile_add(n, K, dt, dlt + at);
    }
    return loss;
}
