/* kd_loss.c - eq. 7 to 11 on rows. Distributions over few actions: plain loops, double sums. */
#include "trainer/kd_loss.h"

#include "nn/dist.h"

#include <math.h>

double sl_kd_kl(int R, int A, const float *lt, const float *ls, const uint8_t *avail, double tau, const float *weight,
                double scale, float *scratch, float *dls) {
    float *row_scale = scratch, *kl = scratch + R;
    for (int r = 0; r < R; r++) row_scale[r] = weight[r] * (float)scale;
    // eq. 7
    sl_kl_distill(R, A, lt, ls, avail, (float)tau, row_scale, kl, dls);
    double loss = 0;
    for (int r = 0; r < R; r++) loss += (double)(weight[r] * kl[r]);
    return loss;
}

double sl_kd_ce(int R, int A, const float *lt, const float *logp, const uint8_t *avail, const float *weight,
                double scale, float *scratch, int32_t *best, float *dls) {
    sl_categorical_argmax(R, A, lt, avail, best);
    double loss = 0;
    for (int r = 0; r < R; r++) {
        // eq. 8
        loss -= (double)(weight[r] * logp[(int64_t)r * A + best[r]]);
        scratch[r] = -weight[r] * (float)scale;
    }
    if (dls) sl_categorical_backward(R, A, logp, best, scratch, dls);
    return loss;
}

static float dot(int D, const float *a, const float *b) {
    float sum = 0;
    for (int d = 0; d < D; d++) sum += a[d] * b[d];
    return sum;
}

/* The cosine, and the inverse lengths that its gradient needs. */
static float cosine(int D, const float *a, const float *b, float *inv_a, float *inv_b) {
    float aa = dot(D, a, a), bb = dot(D, b, b);
    *inv_a = aa > 0 ? 1.0f / sqrtf(aa) : 0.0f;
    *inv_b = bb > 0 ? 1.0f / sqrtf(bb) : 0.0f;
    return dot(D, a, b) * *inv_a * *inv_b;
}

/* da += g * d cos(a, b) / da = g * (b / (|a| |b|) - cos * a / |a|^2). */
static void cosine_backward(int D, const float *a, const float *b, float cos, float inv_a, float inv_b, float g,
                            float *da) {
    float to_b = g * inv_a * inv_b, to_a = g * cos * inv_a * inv_a;
    for (int d = 0; d < D; d++) da[d] += to_b * b[d] - to_a * a[d];
}

static int count_alive(int N, const float *const *alive, int r) {
    int n = 0;
    for (int i = 0; i < N; i++) n += !alive || alive[i][r] != 0.0f;
    return n;
}

double sl_kd_relation(int R, int N, int D, const float *const *ct, const float *const *cs, const float *const *alive,
                      const float *weight, double scale, float *const *dcs) {
    double loss = 0;
    for (int r = 0; r < R; r++) {
        int n = count_alive(N, alive, r);
        if (n < 2 || weight[r] == 0.0f) continue;
        float share = weight[r] * 2.0f / (float)(n * (n - 1));
        int64_t row = (int64_t)r * D;
        for (int i = 0; i < N; i++) {
            for (int j = i + 1; j < N; j++) {
                if (alive && (alive[i][r] == 0.0f || alive[j][r] == 0.0f)) continue;
                float ti, tj, si, sj;
                float cos_t = cosine(D, ct[i] + row, ct[j] + row, &ti, &tj);
                float cos_s = cosine(D, cs[i] + row, cs[j] + row, &si, &sj);
                // eq. 9
                float gap = cos_t - cos_s;
                loss += (double)(share * gap * gap);
                if (!dcs) continue;
                float g = -2.0f * share * gap * (float)scale;
                cosine_backward(D, cs[i] + row, cs[j] + row, cos_s, si, sj, g, dcs[i] + row);
                cosine_backward(D, cs[j] + row, cs[i] + row, cos_s, sj, si, g, dcs[j] + row);
            }
        }
    }
    return loss;
}

/* log softmax(l / tau) of one row. */
static void log_softmax(int K, const float *l, double tau, double *logp) {
    double highest = -HUGE_VAL, sum = 0;
    for (int k = 0; k < K; k++) {
        logp[k] = (double)l[k] / tau;
        if (logp[k] > highest) highest = logp[k];
    }
    for (int k = 0; k < K; k++) sum += exp(logp[k] - highest);
    double shift = highest + log(sum);
    for (int k = 0; k < K; k++) logp[k] -= shift;
}

double sl_kd_role(int R, int K, const float *lt, const float *ls, double tau, const float *weight, double scale,
                  float *dls, float *dlt) {
    double logp_t[SL_KD_MAX_ROLES], logp_s[SL_KD_MAX_ROLES], loss = 0;
    for (int r = 0; r < R; r++) {
        if (weight[r] == 0.0f) continue;
        int64_t row = (int64_t)r * K;
        // eq. 11
        log_softmax(K, lt + row, tau, logp_t);
        log_softmax(K, ls + row, tau, logp_s);
        // eq. 10
        double kl = 0;
        for (int k = 0; k < K; k++) kl += exp(logp_t[k]) * (logp_t[k] - logp_s[k]);
        loss += (double)weight[r] * kl;
        double g = (double)weight[r] * scale / tau;
        for (int k = 0; k < K; k++) {
            double p_t = exp(logp_t[k]);
            if (dls) dls[row + k] += (float)(g * (exp(logp_s[k]) - p_t));
            if (dlt) dlt[row + k] += (float)(g * p_t * (logp_t[k] - logp_s[k] - kl));
        }
    }
    return loss;
}

void sl_kd_orthogonal(int rows, int cols, sl_rng *stream, float *W) {
    // the short side's vectors are made orthonormal, each of the length of the long side
    int n = rows < cols ? rows : cols, len = rows < cols ? cols : rows;
    int step = rows < cols ? 1 : cols, jump = rows < cols ? cols : 1;
    for (int64_t k = 0; k < (int64_t)rows * cols; k++) W[k] = (float)sl_rng_normal(stream);
    for (int v = 0; v < n; v++) {
        float *a = W + (int64_t)v * jump;
        for (int u = 0; u < v; u++) {
            const float *b = W + (int64_t)u * jump;
            double sum = 0;
            for (int d = 0; d < len; d++) sum += (double)a[(int64_t)d * step] * (double)b[(int64_t)d * step];
            for (int d = 0; d < len; d++) a[(int64_t)d * step] -= (float)(sum * (double)b[(int64_t)d * step]);
        }
        double norm = 0;
        for (int d = 0; d < len; d++) norm += (double)a[(int64_t)d * step] * (double)a[(int64_t)d * step];
        float inverse = (float)(1.0 / sqrt(norm));
        for (int d = 0; d < len; d++) a[(int64_t)d * step] *= inverse;
    }
}
