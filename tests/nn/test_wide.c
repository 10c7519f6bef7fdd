/* test_wide.c - the AVX-512 passes against their equations in double, over every edge of a vector. */
#include "nn/wide.h"

#include "common/rng.h"
#include "nn/layers.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 8192 };

static void fill(int n, double spread, uint64_t seed, float *x) {
    sl_rng rng = sl_rng_seed(seed);
    for (int i = 0; i < n; i++) x[i] = (float)(spread * sl_rng_normal(&rng));
}

static void assert_close(const char *what, int i, float got, double want, double relative, double absolute) {
    double off = fabs((double)got - want);
    if (!(off <= relative * fabs(want) + absolute)) {
        fail_msg("%s %d: %.9g, not %.9g, off by %g", what, i, (double)got, want, off);
    }
}

static void test_tanh(void **state) {
    (void)state;
    if (!sl_wide_suits()) skip();
    static float x[ROOM], y[ROOM];
    // from the smallest to far beyond saturation, both signs
    for (int i = 0; i < ROOM; i++) x[i] = (i % 2 ? 1.0f : -1.0f) * ldexpf(1.0f + (float)(i % 61) / 61, i % 41 - 34);
    memcpy(y, x, sizeof y);
    sl_wide_tanh(ROOM, y);
    for (int i = 0; i < ROOM; i++) assert_close("tanh", i, y[i], tanh((double)x[i]), 4e-7, 0);
    // any length, and nothing behind it
    for (size_t n = 0; n < 40; n++) {
        for (size_t i = 0; i < 48; i++) y[i] = 0.5f;
        sl_wide_tanh(n, y);
        for (size_t i = 0; i < 48; i++) assert_close("tanh", (int)i, y[i], i < n ? tanh(0.5) : 0.5, 4e-7, 0);
    }
    float odd[] = {0.0f, INFINITY, -INFINITY, NAN, 1e30f};
    sl_wide_tanh(5, odd);
    assert_true(odd[0] == 0.0f && odd[1] == 1.0f && odd[2] == -1.0f && odd[4] == 1.0f);
    assert_true(isnan(odd[3]) != 0);
}

static void compare_activation(int R, int H, bool relu) {
    static float y[ROOM], dy[ROOM], got[ROOM], db[80];
    double want[80];
    fill(R * H, 0.5, 8, y);
    fill(R * H, 1, 9, dy);
    memcpy(got, dy, sizeof got);
    got[R * H] = db[H] = 7.0f;
    for (int j = 0; j < H; j++) want[j] = (double)(db[j] = 1.0f);
    sl_wide_activation_backward(R, H, relu, y, got, db);
    for (int i = 0; i < R * H; i++) {
        double out = (double)y[i], d = (double)dy[i] * (relu ? out > 0 : 1 - out * out);
        assert_close("dx", i, got[i], d, 1e-6, 1e-6);
        want[i % H] += d;
    }
    for (int j = 0; j < H; j++) assert_close("db", j, db[j], want[j], 1e-5, 1e-5);
    assert_true(got[R * H] == 7.0f && db[H] == 7.0f);
}

static void test_activation_backward(void **state) {
    (void)state;
    if (!sl_wide_suits()) skip();
    for (int H = 1; H < 70; H += 3) compare_activation(H, H, H % 2);
    compare_activation(33, 64, true);
    compare_activation(99, 16, false);
}

static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

static void compare_gates(int R, int H, bool ends) {
    static float gates[ROOM], before[ROOM], gh[ROOM], hm[ROOM], h[ROOM], next[ROOM], not_first[64];
    fill(R * 4 * H, 3, 1, gates);
    fill(R * 3 * H, 3, 2, gh);
    fill(R * H, 1, 3, hm);
    for (int r = 0; r < R; r++) not_first[r] = (float)(r % 2);
    memcpy(before, gates, sizeof before);
    h[R * H] = next[R * H] = 7.0f;
    sl_wide_gates_forward(R, H, gates, gh, hm, h, ends ? not_first : NULL, next);
    for (int r = 0; r < R; r++) {
        for (int j = 0; j < H; j++) {
            const float *g = before + 4 * H * r + j, *hidden = gh + 3 * H * r + j, *out = gates + 4 * H * r + j;
            double reset = sigmoid((double)(g[0] + hidden[0])), z = sigmoid((double)(g[H] + hidden[H]));
            double n = tanh((double)g[2 * H] + reset * (double)hidden[2 * H]);
            double state = (1 - z) * n + z * (double)hm[r * H + j];
            assert_close("r", j, out[0], reset, 4e-7, 0);
            assert_close("z", j, out[H], z, 4e-7, 0);
            assert_close("n", j, out[2 * H], n, 1e-6, 1e-6);
            assert_true(out[3 * H] == hidden[2 * H]);
            assert_close("h", j, h[r * H + j], state, 1e-6, 1e-6);
            assert_true(next[r * H + j] == (ends ? not_first[r] : 1.0f) * h[r * H + j]);
        }
    }
    assert_true(h[R * H] == 7.0f && next[R * H] == 7.0f);
}

static void test_gates(void **state) {
    (void)state;
    if (!sl_wide_suits()) skip();
    for (int H = 1; H < 70; H += 5) compare_gates(9, H, H % 2);
    compare_gates(3, 256, true);
    // what no number is stays visible, and saturated gates are exact at both ends
    float gates[4] = {NAN, 200, -200, 0}, gh[3] = {0, 0, 0}, hm[1] = {0.25f}, h[1];
    sl_wide_gates_forward(1, 1, gates, gh, hm, h, NULL, NULL);
    assert_true(isnan(gates[0]) != 0 && isnan(h[0]) != 0);
    float large[4] = {-200, 200, 200, 0};
    sl_wide_gates_forward(1, 1, large, gh, hm, h, NULL, NULL);
    assert_true(large[0] >= 0 && large[0] < 1e-30f && large[1] == 1.0f && large[2] == 1.0f && h[0] == 0.25f);
}

static void compare_norm(int R, int H) {
    static float x[ROOM], w[64], b[64], y[ROOM], stats[64], d[ROOM], dy[ROOM], dw[64], db[64];
    double want_w[64], want_b[64];
    fill(R * H, 2, 4, x);
    fill(H, 1, 5, w);
    fill(H, 1, 6, b);
    fill(R * H, 1, 7, dy);
    memcpy(d, dy, sizeof d);
    for (int j = 0; j < H; j++) want_w[j] = want_b[j] = (double)(dw[j] = db[j] = 1.0f);
    y[R * H] = d[R * H] = 7.0f;
    sl_wide_norm_forward(R, H, x, w, b, y, stats);
    sl_wide_norm_backward(R, H, x, stats, w, d, dw, db);
    for (int r = 0; r < R; r++) {
        double mean = 0, var = 0, sum = 0, sum_xhat = 0, xhat[64];
        for (int j = 0; j < H; j++) mean += (double)x[r * H + j] / H;
        for (int j = 0; j < H; j++) var += ((double)x[r * H + j] - mean) * ((double)x[r * H + j] - mean) / H;
        double scale = 1 / sqrt(var + (double)SL_NORM_EPS);
        assert_close("mean", r, stats[2 * r], mean, 1e-6, 1e-6);
        assert_close("scale", r, stats[2 * r + 1], scale, 1e-5, 0);
        for (int j = 0; j < H; j++) {
            xhat[j] = ((double)x[r * H + j] - mean) * scale;
            double g = (double)dy[r * H + j] * (double)w[j];
            sum += g / H;
            sum_xhat += g * xhat[j] / H;
            want_w[j] += (double)dy[r * H + j] * xhat[j];
            want_b[j] += (double)dy[r * H + j];
            assert_close("y", j, y[r * H + j], xhat[j] * (double)w[j] + (double)b[j], 1e-5, 1e-5);
        }
        for (int j = 0; j < H; j++) {
            double g = (double)dy[r * H + j] * (double)w[j];
            assert_close("dx", j, d[r * H + j], scale * (g - sum - xhat[j] * sum_xhat), 1e-4, 1e-5 * (1 + scale));
        }
    }
    for (int j = 0; j < H; j++) {
        assert_close("dw", j, dw[j], want_w[j], 1e-5, 1e-5);
        assert_close("db", j, db[j], want_b[j], 1e-5, 1e-5);
    }
    assert_true(y[R * H] == 7.0f && d[R * H] == 7.0f);
}

static void test_norm(void **state) {
    (void)state;
    if (!sl_wide_suits()) skip();
    for (int H = 2; H <= SL_WIDE_NORM_MAX; H++) compare_norm(H % 9 + 1, H);
    // a NaN of one row stays in its row
    float x[8] = {1, 2, NAN, 4, 1, 2, 3, 4}, w[4] = {1, 1, 1, 1}, b[4] = {0}, y[8], stats[4];
    sl_wide_norm_forward(2, 4, x, w, b, y, stats);
    for (int j = 0; j < 4; j++) assert_true(isnan(y[j]) != 0 && isnan(y[4 + j]) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tanh),
        cmocka_unit_test(test_activation_backward),
        cmocka_unit_test(test_gates),
        cmocka_unit_test(test_norm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
