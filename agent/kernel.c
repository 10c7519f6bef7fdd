/* kernel.c - the network of a student in the arithmetic of common/decision.h. Sizes are constants, so that the sums
 * of a block of outputs stay in registers, and its weights lie one after the other as they are read. */
#include "agent/kernel.h"

#include "common/decision.h"

#include <string.h>

enum { H = SL_HIDDEN, BLOCK = SL_KERNEL_BLOCK, UNITS = SL_KERNEL_UNITS, COLUMNS = SL_KERNEL_COLUMNS };

static void linear(const float *x, int n, const float *weight, int rows, const float *bias, float *y) {
    for (int j = 0; j < H; j += BLOCK, weight += rows * BLOCK)
        sl_decision_linear(x, n, weight, BLOCK, BLOCK, bias + j, y + j);
}

// the state's products come first: they need not wait for the layers before
static void gru_state(const sl_kernel *self, float *b) {
    for (int u = 0; u < H / UNITS; u++)
        sl_decision_linear(self->h, H, &self->gru_weight_hh[u][0][0], 3 * UNITS, 3 * UNITS, self->gru_bias_hh[u],
                           b + u * 3 * UNITS);
}

static void gru_step(sl_kernel *self, const float *x, const float *b) {
    _Alignas(64) float a[3 * UNITS];
    for (int u = 0; u < H / UNITS; u++) {
        sl_decision_linear(x, H, &self->gru_weight_ih[u][0][0], 3 * UNITS, 3 * UNITS, self->gru_bias_ih[u], a);
        sl_decision_gates(UNITS, a, b + u * 3 * UNITS, UNITS, self->h + u * UNITS);
    }
}

void sl_kernel_reset(sl_kernel *self) {
    memset(self->h, 0, sizeof self->h);
}

void sl_kernel_decide(sl_kernel *self, const float *obs, float *logits) {
    _Alignas(64) float x[SL_KERNEL_OBS], y[H], b[3 * H], out[SL_KERNEL_ACTIONS];
    int n = self->obs_dim;
    if (self->gru) gru_state(self, b);
    memcpy(x, obs, (size_t)n * sizeof *x);
    if (self->layer_norm) sl_decision_norm(n, self->input_gain, self->input_bias, x);
    for (int layer = 0; layer < self->n_layers; layer++) {
        if (layer == 0)
            linear(x, n, &self->first_weight[0][0][0], SL_KERNEL_OBS, self->layer_bias[0], y);
        else
            linear(x, H, &self->layer_weight[layer - 1][0][0][0], H, self->layer_bias[layer], y);
        sl_decision_activate(H, self->tanh, y);
        const sl_kernel_norm *norm = &self->layer_norms[layer];
        if (self->layer_norm) sl_decision_norm(H, norm->gain, norm->bias, y);
        memcpy(x, y, sizeof y);
    }
    if (self->gru) {
        gru_step(self, x, b);
        // the norm is on what the head sees, not on the state
        memcpy(x, self->h, sizeof self->h);
        if (self->layer_norm) sl_decision_norm(H, self->gru_norm.gain, self->gru_norm.bias, x);
    }
    // the head's columns are padded with zeros to whole vectors
    for (int a = 0; a < self->n_actions; a += COLUMNS)
        sl_decision_linear(x, H, &self->head_weight[a / COLUMNS][0][0], COLUMNS, COLUMNS, &self->head_bias[a],
                           &out[a]);
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
