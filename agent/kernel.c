/* kernel.c - loops over the output index have the fixed trip count H, so that the compiler keeps the H sums in
 * registers; the loop over the input index is outside, which makes every sum run in index order. */
#include "agent/kernel.h"

#include "common/fmath.h"

#include <math.h>
#include <string.h>

// 24 sums leave some of AVX-512's 32 registers free; with fewer, more passes go over the input
enum { H = SL_HIDDEN, LANES = 16, MAX_GROUPS = 3 * H / LANES, BLOCK = MAX_GROUPS < 24 ? MAX_GROUPS : 24 };
_Static_assert(MAX_GROUPS % BLOCK == 0, "the gates are whole blocks, or there is one block");

/* sixteen floats side by side, in whatever registers the machine has; unlike a plain loop, gcc keeps them there */
typedef float lanes __attribute__((vector_size(LANES * sizeof(float)), may_alias));

static void layer_normalise(const float *gain, const float *bias, int n, float *x) {
    float sum = 0.0f;
    for (int i = 0; i < n; i++) sum += x[i];
    float mean = sum / (float)n;
    float square = 0.0f;
    for (int i = 0; i < n; i++) square += (x[i] - mean) * (x[i] - mean);
    float scale = 1.0f / sqrtf(square / (float)n + 1e-5f);
    for (int i = 0; i < n; i++) x[i] = (x[i] - mean) * scale * gain[i] + bias[i];
}

// n_groups is a constant where it is called, so that all the sums stay in registers
static inline __attribute__((always_inline)) void multiply_block(const float *restrict x, int n,
                                                                 const float *restrict w, int n_groups, int stride,
                                                                 const float *restrict bias, float *restrict y) {
    lanes sum[BLOCK];
    for (int g = 0; g < n_groups; g++) sum[g] = *(const lanes *)(bias + g * LANES);
    for (int i = 0; i < n; i++)
        for (int g = 0; g < n_groups; g++) sum[g] += x[i] * *(const lanes *)(w + i * stride + g * LANES);
    for (int g = 0; g < n_groups; g++) *(lanes *)(y + g * LANES) = sum[g];
}

/* y[j] = bias[j] + sum over i of x[i] w[i][j], for the n_groups * LANES outputs j; rows of w are stride apart. Which
 * block an output is in changes no bit of it: its sum has the same order in all. */
static inline __attribute__((always_inline)) void multiply(const float *restrict x, int n, const float *restrict w,
                                                           int n_groups, int stride, const float *restrict bias,
                                                           float *restrict y) {
    const int block = n_groups < BLOCK ? n_groups : BLOCK;
    for (int j = 0; j < n_groups * LANES; j += block * LANES)
        multiply_block(x, n, w + j, block, stride, bias + j, y + j);
}

static void activate(bool use_tanh, float *x) {
    if (use_tanh) {
        for (int j = 0; j < H; j++) x[j] = sl_tanhf(x[j]);
    } else {
        for (int j = 0; j < H; j++) x[j] = x[j] > 0.0f ? x[j] : 0.0f;
    }
}

/* r = sigmoid(a_r + b_r), z = sigmoid(a_z + b_z), n = tanh(a_n + r b_n), h = (1 - z) n + z h, where a = W_ih x + bias
 * and b = W_hh h + bias. */
static void gru_step(sl_kernel *self, const float *x) {
    _Alignas(64) float a[3 * H], b[3 * H];
    multiply(x, H, &self->gru_weight_ih[0][0], MAX_GROUPS, 3 * H, self->gru_bias_ih, a);
    multiply(self->h, H, &self->gru_weight_hh[0][0], MAX_GROUPS, 3 * H, self->gru_bias_hh, b);
    for (int j = 0; j < H; j++) {
        float r = sl_sigmoidf(a[j] + b[j]);
        float z = sl_sigmoidf(a[H + j] + b[H + j]);
        float n = sl_tanhf(a[2 * H + j] + r * b[2 * H + j]);
        self->h[j] = (1.0f - z) * n + z * self->h[j];
    }
}

void sl_kernel_reset(sl_kernel *self) {
    memset(self->h, 0, sizeof self->h);
}

void sl_kernel_decide(sl_kernel *self, const float *obs, float *logits) {
    _Alignas(64) float x[SL_KERNEL_OBS], y[H], out[SL_KERNEL_ACTIONS];
    int n = self->obs_dim;
    memcpy(x, obs, (size_t)n * sizeof *x);
    if (self->layer_norm) layer_normalise(self->input_gain, self->input_bias, n, x);
    for (int layer = 0; layer < self->n_layers; layer++) {
        const float *weight = layer == 0 ? &self->first_weight[0][0] : &self->layer_weight[layer - 1][0][0];
        multiply(x, layer == 0 ? n : H, weight, H / LANES, H, self->layer_bias[layer], y);
        activate(self->tanh, y);
        const sl_kernel_norm *norm = &self->layer_norms[layer];
        if (self->layer_norm) layer_normalise(norm->gain, norm->bias, H, y);
        memcpy(x, y, sizeof y);
    }
    if (self->gru) {
        gru_step(self, x);
        // the norm is on what the head sees, not on the state
        memcpy(x, self->h, sizeof self->h);
        if (self->layer_norm) layer_normalise(self->gru_norm.gain, self->gru_norm.bias, H, x);
    }
    // the head's rows are padded with zeros to whole lanes
    for (int a = 0; a < self->n_actions; a += LANES)
        multiply(x, H, &self->head_weight[0][a], 1, SL_KERNEL_ACTIONS, &self->head_bias[a], &out[a]);
    memcpy(logits, out, (size_t)self->n_actions * sizeof *logits);
}

int sl_kernel_choose(const float *logits, const uint8_t *legal, int n_actions) {
    int best = -1;
    for (int a = 0; a < n_actions; a++) {
        if (legal && !legal[a]) continue;
        if (best < 0 || logits[a] > logits[best]) best = a;
    }
    return best < 0 ? 0 : best;
}
