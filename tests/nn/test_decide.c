/* test_decide.c - the decision path: the bits of the order of operations that net.h publishes, written out here once
 * more in plain scalar loops; independence of the batch; closeness to the batched forward. */
#include "nn/net.h"

#include "common/alloc.h"
#include "common/fmath.h"
#include "support/heap_count.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

// clang-format off
static const sl_net_def defs[] = {
    {18, 16, 5, 1, SL_CELL_GRU, SL_ACT_RELU, false},
    {18, 32, 5, 1, SL_CELL_GRU, SL_ACT_TANH, false},
    {21, 64, 5, 2, SL_CELL_GRU, SL_ACT_RELU, true},
    {11, 64, 9, 2, SL_CELL_NONE, SL_ACT_TANH, false},
    {70, 20, 1, 3, SL_CELL_GRU, SL_ACT_TANH, true},
    {5, 250, 17, 1, SL_CELL_NONE, SL_ACT_RELU, false},
};
// clang-format on
enum { N_DEFS = sizeof defs / sizeof defs[0], B = 6, STEPS = 5, WIDEST = 3 * 250 };

static void linear(int I, int O, const float *x, const float **p, float *y) {
    const float *W = *p, *b = W + I * O;
    for (int j = 0; j < O; j++) {
        float s[4] = {b[j], 0, 0, 0};
        for (int i = 0; i < I; i++) s[i % 4] = fmaf(x[i], W[i * O + j], s[i % 4]);
        y[j] = (s[0] + s[1]) + (s[2] + s[3]);
    }
    *p = b + O;
}

static float total(const float *s) {
    float t[4];
    for (int i = 0; i < 4; i++) t[i] = (s[i] + s[i + 8]) + (s[i + 4] + s[i + 12]);
    return (t[0] + t[2]) + (t[1] + t[3]);
}

static void norm(bool on, int n, const float **p, float *x) {
    if (!on) return;
    const float *w = *p, *b = w + n;
    float s[16] = {0}, q[16] = {0};
    for (int i = 0; i < n; i++) s[i % 16] = s[i % 16] + x[i];
    float mean = total(s) / (float)n;
    for (int i = 0; i < n; i++) q[i % 16] = fmaf(x[i] - mean, x[i] - mean, q[i % 16]);
    float c = 1.0f / sqrtf(total(q) / (float)n + 1e-5f);
    for (int i = 0; i < n; i++) x[i] = fmaf((x[i] - mean) * c, w[i], b[i]);
    *p = b + n;
}

// one row as net.h says it
static void decide(const sl_net_def *def, const float *p, const float *obs, float *h, float *out) {
    float x[WIDEST] = {0}, y[WIDEST] = {0}, gi[WIDEST] = {0}, gh[WIDEST] = {0};
    int H = def->hidden;
    memcpy(x, obs, (size_t)def->in_dim * sizeof *x);
    norm(def->layer_norm, def->in_dim, &p, x);
    for (int l = 0; l < def->n_layers; l++) {
        linear(l == 0 ? def->in_dim : H, H, x, &p, y);
        for (int j = 0; j < H; j++) {
            if (def->activation == SL_ACT_RELU)
                x[j] = y[j] > 0 ? y[j] : 0;
            else
                x[j] = sl_tanhf(y[j]);
        }
        norm(def->layer_norm, H, &p, x);
    }
    if (def->cell == SL_CELL_GRU) {
        linear(H, 3 * H, x, &p, gi);
        linear(H, 3 * H, h, &p, gh);
        for (int j = 0; j < H; j++) {
            float r = sl_sigmoidf(gi[j] + gh[j]), z = sl_sigmoidf(gi[H + j] + gh[H + j]);
            float n = sl_tanhf(fmaf(r, gh[2 * H + j], gi[2 * H + j]));
            x[j] = h[j] = fmaf(z, h[j] - n, n);
        }
        norm(def->layer_norm, H, &p, x);
    }
    linear(H, def->out_dim, x, &p, out);
}

static float *random_floats(size_t n, double scale, uint64_t seed) {
    sl_rng rng = sl_rng_seed(seed);
    float *values = sl_alloc_array(n, sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < n; i++) values[i] = (float)(scale * sl_rng_normal(&rng));
    return values;
}

static void test_published_bits(void **state) {
    (void)state;
    for (int d = 0; d < N_DEFS; d++) {
        const sl_net_def *def = &defs[d];
        size_t I = (size_t)def->in_dim, H = (size_t)def->hidden, O = (size_t)def->out_dim;
        float *params = random_floats(sl_net_n_params(def), 0.3, 1), *x = random_floats(STEPS * B * I, 1, 2);
        float *h = random_floats(B * H, 0, 3), *out = random_floats(B * O, 0, 3),
              *scratch = random_floats(8 * H, 0, 3);
        float want_h[B * WIDEST] = {0}, want[WIDEST];
        for (int t = 0; t < STEPS; t++) {
            const float *x_t = x + (size_t)t * B * I;
            sl_net_decide(def, params, B, x_t, h, out, scratch);
            for (size_t b = 0; b < B; b++) {
                decide(def, params, x_t + b * I, want_h + b * H, want);
                assert_memory_equal(out + b * O, want, O * sizeof *want);
                if (def->cell == SL_CELL_GRU) assert_memory_equal(h + b * H, want_h + b * H, H * sizeof *want);
            }
        }
        float *all[] = {params, x, h, out, scratch};
        for (size_t i = 0; i < 5; i++) sl_free(all[i]);
    }
}

// the same episode through the batched forward: close, though summed in another order
static void test_close_to_forward(void **state) {
    (void)state;
    for (int d = 0; d < N_DEFS; d++) {
        const sl_net_def *def = &defs[d];
        size_t I = (size_t)def->in_dim, H = (size_t)def->hidden, O = (size_t)def->out_dim;
        float *params = random_floats(sl_net_n_params(def), 0.2, 1), *x = random_floats(STEPS * B * I, 1, 2);
        float *h = random_floats(B * H, 0, 3), *out = random_floats(B * O, 0, 3),
              *scratch = random_floats(8 * H, 0, 3);
        float *want = random_floats(STEPS * B * O, 0, 3);
        sl_net_workspace *ws;
        assert_int_equal(sl_net_workspace_create(def, STEPS, B, &ws), SL_OK);
        sl_net_forward(def, params, ws, STEPS, B, x, NULL, NULL, want, NULL);
        for (size_t t = 0; t < STEPS; t++) {
            sl_net_decide(def, params, B, x + t * B * I, h, out, scratch);
            for (size_t i = 0; i < B * O; i++) {
                double exact = (double)want[t * B * O + i];
                assert_true(fabs((double)out[i] - exact) < 1e-5 * (1 + fabs(exact)));
            }
        }
        sl_net_workspace_destroy(&ws);
        float *all[] = {params, x, h, out, scratch, want};
        for (size_t i = 0; i < 6; i++) sl_free(all[i]);
    }
}

static void test_no_allocation(void **state) {
    (void)state;
    if (!sl_heap_is_counted()) skip();
    const sl_net_def *def = &defs[0];
    float *params = random_floats(sl_net_n_params(def), 0.3, 1);
    float x[18] = {1}, h[16] = {0}, out[5], scratch[8 * 16];
    uint64_t count = sl_heap_count();
    for (int i = 0; i < 10000; i++) sl_net_decide(def, params, 1, x, h, out, scratch);
    assert_int_equal(sl_heap_count() - count, 0);
    sl_free(params);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_bits),
        cmocka_unit_test(test_close_to_forward),
        cmocka_unit_test(test_no_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
