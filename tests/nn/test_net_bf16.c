/* test_net_bf16.c - the network with products in bf16: near its float32 twin, near finite differences at a step that
 * rounding does not drown, and the same bits wherever a row stands. */
#include "nn/net.h"

#include "common/alloc.h"
#include "nn/blas_start.h"
#include "nn/gemm_bf16.h"
#include "support/heap_count.h"
#include "support/torture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef struct setup {
    const char *name;
    sl_net_def def;
    int T, B;
} setup;

// clang-format off
static const setup setups[] = {
    {"ff relu",       {18, 256, 5, 2, SL_CELL_NONE, SL_ACT_RELU, false}, 1, 700},
    {"ff tanh norm",  {54, 40, 3, 3, SL_CELL_NONE, SL_ACT_TANH, true}, 1, 90},
    {"gru relu",      {22, 64, 9, 1, SL_CELL_GRU, SL_ACT_RELU, false}, 10, 37},
    {"gru tanh norm", {9, 24, 3, 2, SL_CELL_GRU, SL_ACT_TANH, true}, 4, 13},
    {"gru tiles",     {7, 100, 3, 1, SL_CELL_GRU, SL_ACT_TANH, false}, 6, 300},
};
// clang-format on
enum { N_SETUPS = sizeof setups / sizeof setups[0] };

typedef struct data {
    const setup *s;
    size_t n, n_out;
    float *params, *grads, *x, *out, *dout;
    sl_net_workspace *ws;
} data;

static float *random_floats(size_t n, double scale, sl_rng *rng) {
    float *values = sl_alloc_array(n, sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < n; i++) values[i] = (float)(scale * sl_rng_normal(rng));
    return values;
}

static data data_new(const setup *s, bool bf16) {
    sl_rng rng = sl_rng_seed(17);
    size_t rows = (size_t)s->T * (size_t)s->B;
    data d = {.s = s, .n = sl_net_n_params(&s->def), .n_out = rows * (size_t)s->def.out_dim};
    d.params = random_floats(d.n, 0.1, &rng);
    sl_net_init(&s->def, 1.0f, &rng, d.params);
    for (size_t i = 0; i < d.n; i++) d.params[i] += (float)(0.1 * sl_rng_normal(&rng)) / sqrtf((float)s->def.hidden);
    d.grads = random_floats(d.n, 0, &rng);
    d.x = random_floats(rows * (size_t)s->def.in_dim, 1, &rng);
    d.out = random_floats(d.n_out, 0, &rng);
    d.dout = random_floats(d.n_out, 1, &rng);
    sl_status status = bf16 ? sl_net_workspace_create_bf16(&s->def, s->T, s->B, &d.ws)
                            : sl_net_workspace_create(&s->def, s->T, s->B, &d.ws);
    assert_int_equal(status, SL_OK);
    return d;
}

static void data_free(data *d) {
    float *all[] = {d->params, d->grads, d->x, d->out, d->dout};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) sl_free(all[i]);
    sl_net_workspace_destroy(&d->ws);
}

static void forward(data *d) {
    sl_net_forward(&d->s->def, d->params, d->ws, d->s->T, d->s->B, d->x, NULL, NULL, d->out, NULL);
}

static void backward(data *d) {
    memset(d->grads, 0, d->n * sizeof *d->grads);
    sl_net_backward(&d->s->def, d->params, d->ws, d->dout, NULL, d->grads);
}

// length of the difference over the length of the second
static double distance(size_t n, const float *a, const float *b) {
    double difference = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        difference += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        size += (double)b[i] * (double)b[i];
    }
    return sqrt(difference / size);
}

static bool has_none(void) {
    if (sl_bf16_get_kind() != SL_BF16_NONE) return false;
    printf("skipped: this CPU has %s\n", sl_bf16_describe_cpu());
    return true;
}

// compares gradients tensor by tensor, so that a wrong small one does not hide behind a large one
static void compare_gradients(const data *a, const data *b) {
    sl_net_layout layout = sl_net_get_layout(&a->s->def);
    for (int k = 0; k < layout.n_tensors; k++) {
        const sl_net_tensor *tensor = &layout.tensors[k];
        size_t n = (size_t)tensor->rows * (size_t)tensor->cols;
        double far = distance(n, a->grads + tensor->offset, b->grads + tensor->offset);
        // units near a relu's kink change sides
        double most = a->s->def.activation == SL_ACT_RELU ? 6e-2 : 1.5e-2;
        if (!(far < most)) fail_msg("%s: gradient of %s is off by %g", a->s->name, tensor->name, far);
    }
}

// a rounding is off by 2^-9 at most; errors of many terms largely cancel
static void test_near_float32(void **state) {
    (void)state;
    if (has_none()) skip();
    for (int i = 0; i < N_SETUPS; i++) {
        data a = data_new(&setups[i], true), b = data_new(&setups[i], false);
        forward(&a);
        forward(&b);
        backward(&a);
        backward(&b);
        double out = distance(a.n_out, a.out, b.out);
        // and it was bf16 that ran
        if (!(out < 8e-3 && out > 1e-4)) fail_msg("%s: out is off by %g", a.s->name, out);
        compare_gradients(&a, &b);
        data_free(&a);
        data_free(&b);
    }
}

static double loss_at(data *d, double step, const float *direction, const float *from) {
    for (size_t p = 0; p < d->n; p++) d->params[p] = from[p] + (float)step * direction[p];
    forward(d);
    double sum = 0;
    for (size_t i = 0; i < d->n_out; i++) sum += (double)d->out[i] * (double)d->dout[i];
    return sum;
}

// along the gradient, a step long enough that the loss moves more than rounding does
static void test_near_finite_differences(void **state) {
    (void)state;
    if (has_none()) skip();
    for (int i = 0; i < N_SETUPS; i++) {
        data d = data_new(&setups[i], true);
        forward(&d);
        backward(&d);
        sl_rng rng = sl_rng_seed(5);
        float *direction = random_floats(d.n, 0, &rng), *from = random_floats(d.n, 0, &rng);
        memcpy(direction, d.grads, d.n * sizeof *from);
        memcpy(from, d.params, d.n * sizeof *from);
        double slope = 0;
        for (size_t p = 0; p < d.n; p++) slope += (double)d.grads[p] * (double)d.grads[p];
        double step = 0.02 / sqrt(slope);
        double moved = loss_at(&d, step, direction, from) - loss_at(&d, -step, direction, from);
        double ratio = moved / (2 * step) / slope;
        if (!(fabs(ratio - 1) < 0.05)) fail_msg("%s: finite differences over gradient %g", d.s->name, ratio);
        sl_free(direction);
        sl_free(from);
        data_free(&d);
    }
}

// a roll-out's rows may be worked on in any slices
static void test_rows_stand_alone(void **state) {
    (void)state;
    if (has_none()) skip();
    data d = data_new(&setups[0], true);
    size_t A = (size_t)d.s->def.out_dim, I = (size_t)d.s->def.in_dim;
    forward(&d);
    sl_rng rng = sl_rng_seed(1);
    float *part = random_floats(d.n_out, 0, &rng);
    for (size_t row = 0, step = 1; row < (size_t)d.s->B; row += step++) {
        size_t n = row + step > (size_t)d.s->B ? (size_t)d.s->B - row : step;
        sl_net_forward(&d.s->def, d.params, d.ws, 1, (int)n, d.x + row * I, NULL, NULL, part, NULL);
        assert_memory_equal(part, d.out + row * A, n * A * sizeof *part);
    }
    sl_free(part);
    data_free(&d);
}

static void test_no_allocation(void **state) {
    (void)state;
    if (!sl_heap_is_counted() || has_none()) skip();
    data d = data_new(&setups[2], true);
    uint64_t before = sl_heap_count();
    for (int i = 0; i < 30; i++) {
        forward(&d);
        backward(&d);
    }
    assert_int_equal(sl_heap_count() - before, 0);
    data_free(&d);
}

static sl_status make_workspace(void *context) {
    sl_net_workspace *ws = NULL;
    sl_status status = sl_net_workspace_create_bf16(context, 4, 8, &ws);
    if (status != SL_OK) assert_null(ws);
    sl_net_workspace_destroy(&ws);
    return status;
}

static void test_torture(void **state) {
    (void)state;
    if (has_none()) skip();
    sl_net_def def = setups[2].def;
    assert_true(sl_torture(make_workspace, &def) > 0);
}

// on every machine: made, or refused in words that say what there is
static void test_refused_without(void **state) {
    (void)state;
    sl_net_workspace *ws = NULL;
    sl_status status = sl_net_workspace_create_bf16(&setups[0].def, 1, 8, &ws);
    if (sl_bf16_get_kind() != SL_BF16_NONE) {
        assert_int_equal(status, SL_OK);
    } else {
        assert_int_equal(status, SL_CONFIG);
        assert_non_null(strstr(sl_error_what(), sl_bf16_describe_cpu()));
    }
    sl_net_workspace_destroy(&ws);
}

int main(int argc, char **argv) {
    (void)argc;
    sl_blas_init(argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_near_float32),

        cmocka_unit_test(test_near_finite_differences),
        cmocka_unit_test(test_rows_stand_alone),
        cmocka_unit_test(test_no_allocation),
        cmocka_unit_test(test_torture),
        cmocka_unit_test(test_refused_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
