/* plain.c - see plain.h. Compiled once for each hidden size. */
#include "bench/plain.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

enum { O = SL_PLAIN_OBS, A = SL_PLAIN_ACTIONS, H = SL_HIDDEN };

// whole cache lines: without, every second vector would be in two of them
#define ALIGNED _Alignas(64)
static struct weights {
    ALIGNED float first[O * H], first_bias[H];
    ALIGNED float second[H * H], second_bias[H];
    ALIGNED float gru_ih[H * 3 * H], gru_hh[H * 3 * H], gru_bias_ih[3 * H], gru_bias_hh[3 * H];
    ALIGNED float head[H * A], head_bias[A];
} self;
static ALIGNED float h[H];

#define INLINE static inline __attribute__((always_inline))

INLINE void linear(sl_plain_rows rows, int n_in, int n_out, const float *restrict x, const float *restrict w,
                   const float *restrict b, float *restrict y) {
    if (rows == SL_PLAIN_BY_INPUT) {
        for (int j = 0; j < n_out; j++) y[j] = b[j];
        for (int i = 0; i < n_in; i++)
            for (int j = 0; j < n_out; j++) y[j] += x[i] * w[i * n_out + j];
    } else {
        for (int j = 0; j < n_out; j++) {
            float sum = b[j];
            for (int i = 0; i < n_in; i++) sum += x[i] * w[j * n_in + i];
            y[j] = sum;
        }
    }
}

INLINE void gru(sl_plain_rows rows, const float *restrict x) {
    ALIGNED float a[3 * H], b[3 * H];
    linear(rows, H, 3 * H, x, self.gru_ih, self.gru_bias_ih, a);
    linear(rows, H, 3 * H, h, self.gru_hh, self.gru_bias_hh, b);
    for (int j = 0; j < H; j++) {
        float r = 1.0f / (1.0f + expf(-(a[j] + b[j]))), z = 1.0f / (1.0f + expf(-(a[H + j] + b[H + j])));
        float n = tanhf(a[2 * H + j] + r * b[2 * H + j]);
        h[j] = (1.0f - z) * n + z * h[j];
    }
}

INLINE int decide(sl_plain_net net, sl_plain_rows rows, const float *obs) {
    ALIGNED float x[H], y[H];
    float logits[A];
    linear(rows, O, H, obs, self.first, self.first_bias, x);
    if (net == SL_PLAIN_GRU) {
        for (int j = 0; j < H; j++) x[j] = x[j] > 0.0f ? x[j] : 0.0f;
        gru(rows, x);
        linear(rows, H, A, h, self.head, self.head_bias, logits);
    } else {
        for (int j = 0; j < H; j++) x[j] = tanhf(x[j]);
        linear(rows, H, H, x, self.second, self.second_bias, y);
        for (int j = 0; j < H; j++) y[j] = tanhf(y[j]);
        linear(rows, H, A, y, self.head, self.head_bias, logits);
    }
    int best = 0;
    for (int a = 1; a < A; a++)
        if (logits[a] > logits[best]) best = a;
    return best;
}

static int gru_by_input(const float *obs) {
    return decide(SL_PLAIN_GRU, SL_PLAIN_BY_INPUT, obs);
}
static int gru_by_output(const float *obs) {
    return decide(SL_PLAIN_GRU, SL_PLAIN_BY_OUTPUT, obs);
}
static int tanh_by_input(const float *obs) {
    return decide(SL_PLAIN_TANH, SL_PLAIN_BY_INPUT, obs);
}
static int tanh_by_output(const float *obs) {
    return decide(SL_PLAIN_TANH, SL_PLAIN_BY_OUTPUT, obs);
}

static void reset(float (*draw)(void)) {
    float *all = (float *)&self;
    for (size_t i = 0; i < sizeof self / sizeof *all; i++) all[i] = draw();
    for (int j = 0; j < H; j++) h[j] = 0.0f;
}

// sl_plain_16, ...
#define JOIN(name, size)  name##size
#define NAMED(name, size) JOIN(name, size)
extern const sl_plain NAMED(sl_plain_, SL_HIDDEN);
const sl_plain NAMED(sl_plain_,
                     SL_HIDDEN) = {H, reset, {{gru_by_input, gru_by_output}, {tanh_by_input, tanh_by_output}}};
