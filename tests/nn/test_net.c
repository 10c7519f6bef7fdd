/* test_net.c - the network against its naive twin, the twin against finite differences, and the promises of net.h:
 * same bits for the same shape, no allocation, survival of every failing allocation. */
#include "nn/net.h"

#include "common/alloc.h"
#include "nn/blas_start.h"
#include "support/heap_count.h"
#include "support/net_ref.h"
#include "support/torture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef struct setup {
    const char *name;
    sl_net_def def;
    int T, B;
    bool masked, embedding;
} setup;

// clang-format off
static const setup setups[] = {
    {"ff relu",      {7, 16, 5, 2, SL_CELL_NONE, SL_ACT_RELU, false}, 3, 4, false, true},
    {"ff tanh norm", {6, 12, 3, 2, SL_CELL_NONE, SL_ACT_TANH, true}, 2, 5, false, true},
    {"ff deep",      {5, 33, 1, 4, SL_CELL_NONE, SL_ACT_TANH, false}, 1, 7, false, false},
    {"gru tanh",     {7, 16, 5, 1, SL_CELL_GRU, SL_ACT_TANH, false}, 6, 4, true, true},
    {"gru relu",     {9, 20, 4, 2, SL_CELL_GRU, SL_ACT_RELU, false}, 5, 3, true, false},
    {"gru norm",     {6, 10, 3, 1, SL_CELL_GRU, SL_ACT_TANH, true}, 5, 3, true, true},
    {"gru open",     {4, 8, 2, 1, SL_CELL_GRU, SL_ACT_TANH, false}, 4, 2, false, true},
    {"gru one step", {4, 64, 5, 2, SL_CELL_GRU, SL_ACT_RELU, true}, 1, 30, true, true},
    {"gru tiles",    {7, 16, 3, 1, SL_CELL_GRU, SL_ACT_RELU, true}, 4, 701, true, true},
    {"ff tiles",     {21, 64, 5, 3, SL_CELL_NONE, SL_ACT_RELU, false}, 1, 2500, false, false},
    {"wide head",    {3, 64, 70, 1, SL_CELL_NONE, SL_ACT_RELU, false}, 1, 100, false, false},
};
// clang-format on
enum { N_SETUPS = sizeof setups / sizeof setups[0] };

// one instance of a setup with random data
typedef struct data {
    const setup *s;
    size_t n, rows;
    float *params, *grads, *x, *h0, *not_first, *out, *z, *dout, *dz;
    sl_net_workspace *ws;
} data;

static float *random_floats(size_t n, double scale, sl_rng *rng) {
    float *values = sl_alloc_array(n, sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < n; i++) values[i] = (float)(scale * sl_rng_normal(rng));
    return values;
}

static data data_new(const setup *s) {
    sl_rng rng = sl_rng_seed(17);
    size_t rows = (size_t)s->T * (size_t)s->B, H = (size_t)s->def.hidden, A = (size_t)s->def.out_dim;
    data d = {.s = s, .n = sl_net_n_params(&s->def), .rows = rows};
    d.params = random_floats(d.n, 0.1, &rng);
    sl_net_init(&s->def, 1.0f, &rng, d.params);
    // biases and norms away from 0 and 1, so that nothing hides behind them
    for (size_t i = 0; i < d.n; i++) d.params[i] += (float)(0.1 * sl_rng_normal(&rng));
    d.grads = random_floats(d.n, 0, &rng);
    d.x = random_floats(rows * (size_t)s->def.in_dim, 1, &rng);
    d.h0 = s->masked ? random_floats((size_t)s->B * H, 0.5, &rng) : NULL;
    d.not_first = s->masked ? random_floats(rows, 1, &rng) : NULL;
    for (size_t i = 0; s->masked && i < rows; i++) d.not_first[i] = d.not_first[i] > -0.7f ? 1.0f : 0.0f;
    d.out = random_floats(rows * A, 0, &rng);
    d.z = random_floats(rows * H, 0, &rng);
    d.dout = random_floats(rows * A, 1, &rng);
    d.dz = s->embedding ? random_floats(rows * H, 1, &rng) : NULL;
    assert_int_equal(sl_net_workspace_create(&s->def, s->T, s->B, &d.ws), SL_OK);
    return d;
}

static void data_free(data *d) {
    float *all[] = {d->params, d->grads, d->x, d->h0, d->not_first, d->out, d->z, d->dout, d->dz};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) sl_free(all[i]);
    sl_net_workspace_destroy(&d->ws);
    assert_null(d->ws);
}

static void forward(data *d) {
    sl_net_forward(&d->s->def, d->params, d->ws, d->s->T, d->s->B, d->x, d->h0, d->not_first, d->out, d->z);
}

static void backward(data *d) {
    memset(d->grads, 0, d->n * sizeof *d->grads);
    sl_net_backward(&d->s->def, d->params, d->ws, d->dout, d->dz, d->grads);
}

// largest difference, relative to the largest entry
static double distance(size_t n, const float *a, const float *b) {
    double most = 0, size = 1e-12;
    for (size_t i = 0; i < n; i++) {
        double difference = fabs((double)a[i] - (double)b[i]);
        if (!(difference <= most)) most = difference;
        if (fabs((double)b[i]) > size) size = fabs((double)b[i]);
    }
    return most / size;
}

static void test_forward_equals_ref(void **state) {
    (void)state;
    for (int i = 0; i < N_SETUPS; i++) {
        data d = data_new(&setups[i]);
        size_t n_out = d.rows * (size_t)d.s->def.out_dim, n_z = d.rows * (size_t)d.s->def.hidden;
        float *out = sl_alloc_array(n_out, sizeof *out), *z = sl_alloc_array(n_z, sizeof *z);
        forward(&d);
        sl_net_forward_ref(&d.s->def, d.params, d.s->T, d.s->B, d.x, d.h0, d.not_first, out, z);
        if (distance(n_out, d.out, out) > 2e-6 || distance(n_z, d.z, z) > 2e-6) {
            fail_msg("%s: out %g, z %g", d.s->name, distance(n_out, d.out, out), distance(n_z, d.z, z));
        }
        sl_free(out);
        sl_free(z);
        data_free(&d);
    }
}

// compares gradients tensor by tensor, so that a wrong small one does not hide behind a large one
static void compare_gradients(const data *d, const float *got, const float *want, double tolerance) {
    sl_net_layout layout = sl_net_get_layout(&d->s->def);
    for (int i = 0; i < layout.n_tensors; i++) {
        const sl_net_tensor *tensor = &layout.tensors[i];
        size_t n = (size_t)tensor->rows * (size_t)tensor->cols;
        double far = distance(n, got + tensor->offset, want + tensor->offset);
        if (!(far <= tolerance)) fail_msg("%s: gradient of %s is off by %g", d->s->name, tensor->name, far);
    }
}

static void test_backward_equals_ref(void **state) {
    (void)state;
    for (int i = 0; i < N_SETUPS; i++) {
        data d = data_new(&setups[i]);
        float *want = sl_alloc_array(d.n, sizeof *want);
        forward(&d);
        backward(&d);
        sl_net_backward_ref(&d.s->def, d.params, d.s->T, d.s->B, d.x, d.h0, d.not_first, d.dout, d.dz, want);
        compare_gradients(&d, d.grads, want, 5e-6);
        // gradients are added to: a second pass doubles them
        forward(&d);
        sl_net_backward(&d.s->def, d.params, d.ws, d.dout, d.dz, d.grads);
        for (size_t p = 0; p < d.n; p++) want[p] *= 2;
        compare_gradients(&d, d.grads, want, 5e-6);
        sl_free(want);
        data_free(&d);
    }
}

// sum of out * dout + z * dz, whose gradient backward computes
static double loss(data *d) {
    sl_net_forward_ref(&d->s->def, d->params, d->s->T, d->s->B, d->x, d->h0, d->not_first, d->out, d->z);
    double sum = 0;
    for (size_t i = 0; i < d->rows * (size_t)d->s->def.out_dim; i++) sum += (double)d->out[i] * (double)d->dout[i];
    for (size_t i = 0; d->dz && i < d->rows * (size_t)d->s->def.hidden; i++) {
        sum += (double)d->z[i] * (double)d->dz[i];
    }
    return sum;
}

static double loss_at(data *d, size_t p, float value) {
    d->params[p] = value;
    return loss(d);
}

static void test_ref_equals_finite_differences(void **state) {
    (void)state;
    for (int i = 0; i < N_SETUPS; i++) {
        // a relu's kinks break finite differences: the tanh networks and the relu ones share all other code
        if (setups[i].def.activation == SL_ACT_RELU || setups[i].B > 10) continue;
        data d = data_new(&setups[i]);
        float *want = sl_alloc_array(d.n, sizeof *want);
        sl_net_backward_ref(&d.s->def, d.params, d.s->T, d.s->B, d.x, d.h0, d.not_first, d.dout, d.dz, d.grads);
        for (size_t p = 0; p < d.n; p++) {
            const float at = d.params[p], step = 0x1p-6f;
            double near = loss_at(&d, p, at + step) - loss_at(&d, p, at - step);
            double far = loss_at(&d, p, at + 2 * step) - loss_at(&d, p, at - 2 * step);
            // five-point stencil: the error is of fourth order
            want[p] = (float)((8 * near - far) / (12 * (double)step));
            d.params[p] = at;
        }
        compare_gradients(&d, d.grads, want, 1e-3);
        sl_free(want);
        data_free(&d);
    }
}

static void test_same_bits_again(void **state) {
    (void)state;
    for (int i = 0; i < N_SETUPS; i++) {
        data a = data_new(&setups[i]), b = data_new(&setups[i]);
        forward(&a);
        backward(&a);
        forward(&b);
        backward(&b);
        assert_memory_equal(a.out, b.out, a.rows * (size_t)a.s->def.out_dim * sizeof *a.out);
        assert_memory_equal(a.grads, b.grads, a.n * sizeof *a.grads);
        data_free(&a);
        data_free(&b);
    }
}

static void test_no_allocation(void **state) {
    (void)state;
    if (!sl_heap_is_counted()) skip();
    for (int i = 0; i < N_SETUPS; i++) {
        data d = data_new(&setups[i]);
        forward(&d);
        uint64_t before = sl_heap_count();
        // rows of a step each, 10,000 at least
        for (int rows = 0; rows < 10000; rows += setups[i].T * setups[i].B) {
            forward(&d);
            backward(&d);
        }
        assert_int_equal(sl_heap_count() - before, 0);
        data_free(&d);
    }
}

static sl_status make_workspace(void *context) {
    sl_net_workspace *ws = NULL;
    sl_status status = sl_net_workspace_create(context, 4, 8, &ws);
    if (status != SL_OK) assert_null(ws);
    sl_net_workspace_destroy(&ws);
    return status;
}

static void test_torture(void **state) {
    (void)state;
    sl_net_def def = setups[3].def;
    assert_true(sl_torture(make_workspace, &def) > 0);
}

static void test_definition_is_checked(void **state) {
    (void)state;
    const sl_net_def good = setups[0].def;
    sl_net_def bad[] = {good, good, good, good, good, good, good};
    bad[0].hidden = 0;
    bad[1].hidden = 1025;
    bad[2].n_layers = 5;
    bad[3].in_dim = 0;
    bad[4].out_dim = -1;
    bad[5].cell = (sl_cell)7;
    bad[6].n_layers = 0;
    assert_int_equal(sl_net_def_check(&good), SL_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_int_equal(sl_net_def_check(&bad[i]), SL_CONFIG);
}

// the shorter side of every weight is orthonormal times its gain, norms are 1, biases 0
static void test_init(void **state) {
    (void)state;
    sl_net_def def = {7, 24, 5, 2, SL_CELL_GRU, SL_ACT_RELU, true};
    sl_net_layout layout = sl_net_get_layout(&def);
    float *params = sl_alloc_array(layout.n_params, sizeof *params);
    sl_rng rng = sl_rng_seed(3);
    sl_net_init(&def, 0.01f, &rng, params);
    for (int i = 0; i < layout.n_tensors; i++) {
        const sl_net_tensor *tensor = &layout.tensors[i];
        const float *W = params + tensor->offset;
        int rows = tensor->rows, cols = tensor->cols;
        if (cols == 1) {
            float want = strstr(tensor->name, "norm.weight") ? 1.0f : 0.0f;
            for (int j = 0; j < rows; j++) assert_true(W[j] == want);
            continue;
        }
        double gain = strstr(tensor->name, "head") ? 0.01 : strstr(tensor->name, "gru") ? 1.0 : sqrt(2.0);
        bool wide = rows <= cols;
        int n = wide ? rows : cols, len = wide ? cols : rows;
        for (int u = 0; u < n; u++) {
            for (int v = 0; v < n; v++) {
                double dot = 0;
                for (int e = 0; e < len; e++) {
                    float a = wide ? W[u * cols + e] : W[e * cols + u];
                    float b = wide ? W[v * cols + e] : W[e * cols + v];
                    dot += (double)a * (double)b;
                }
                assert_true(fabs(dot / (gain * gain) - (u == v)) < 1e-5);
            }
        }
    }
    sl_free(params);
}

// counted on paper: 3 inputs, 2 hidden, 1 output
static void test_flops(void **state) {
    (void)state;
    sl_net_def ff = {3, 2, 1, 1, SL_CELL_NONE, SL_ACT_RELU, false};
    // products 2 * (6 + 2), biases 3, relu 2
    assert_true(sl_net_flops(&ff) == 16 + 3 + 2);
    sl_net_def gru = ff;
    gru.cell = SL_CELL_GRU;
    // two products of 2 x 6; their biases 12; gates 8 a unit; three squashings of 10 a unit
    assert_true(sl_net_flops(&gru) == 21 + 2 * (12 + 12) + 12 + 16 + 60);
}

int main(int argc, char **argv) {
    (void)argc;
    sl_blas_init(argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forward_equals_ref),
        cmocka_unit_test(test_backward_equals_ref),
        cmocka_unit_test(test_ref_equals_finite_differences),
        cmocka_unit_test(test_same_bits_again),
        cmocka_unit_test(test_no_allocation),
        cmocka_unit_test(test_torture),
        cmocka_unit_test(test_definition_is_checked),
        cmocka_unit_test(test_init),
        cmocka_unit_test(test_flops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
