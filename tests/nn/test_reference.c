/* test_reference.c - against numbers recorded from PyTorch (reference/make_reference.py): forward, losses, gradients
 * and ten clipped Adam steps of a feed-forward, a recurrent and a layer-normed network; Huber. */
#include "common/alloc.h"
#include "nn/blas_start.h"
#include "nn/dist.h"
#include "nn/net.h"
#include "nn/optim.h"
#include "storage/tensors_file.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

// as in make_reference.py
enum { T = 5, B = 4, R = T * B, I = 6, H = 16, A = 5, STEPS = 10, MAX_PARAMS = 4096 };
static const float clip = 0.2f, entropy_coef = 0.01f, embedding_coef = 0.1f, lr = 7e-4f, eps = 1e-5f,
                   max_norm = 0.05f;

static sl_tensors *file;

static const void *find(const char *net, const char *name, sl_dtype dtype, int64_t n) {
    char full[64];
    const sl_tensor *tensor;
    snprintf(full, sizeof full, "%s.%s", net, name);
    if (sl_tensors_find(file, full, dtype, n, &tensor) != SL_OK) fail_msg("%s", sl_error_what());
    return tensor->data;
}

static const float *floats(const char *net, const char *name, size_t n) {
    return find(net, name, SL_F32, (int64_t)n);
}

// largest difference relative to the largest entry
static double distance(size_t n, const float *got, const float *want) {
    double most = 0, size = 1e-12;
    for (size_t i = 0; i < n; i++) {
        double difference = fabs((double)got[i] - (double)want[i]);
        if (!(difference <= most)) most = difference;
        if (fabs((double)want[i]) > size) size = fabs((double)want[i]);
    }
    return most / size;
}

static void compare(const char *net, const char *name, size_t n, const float *got, double tolerance) {
    double far = distance(n, got, floats(net, name, n));
    if (!(far <= tolerance)) fail_msg("%s.%s is off by %g", net, name, far);
}

typedef struct run {
    const char *name;
    sl_net_def def;
    sl_net_workspace *ws;
    float params[MAX_PARAMS], grads[MAX_PARAMS];
    float out[R * A], z[R * H], logp[R * A], dlogp[R], dout[R * A], dz[R * H], entropy[R], scale[R];
} run;

static double forward_and_loss(run *self) {
    const char *net = self->name;
    const uint8_t *avail = find(net, "avail", SL_U8, -1);
    const int32_t *actions = find(net, "actions", SL_I32, R);
    const float *old_logp = floats(net, "old_logp", R), *advantages = floats(net, "advantages", R);
    sl_net_forward(&self->def, self->params, self->ws, T, B, floats(net, "x", R * I), floats(net, "h0", B * H),
                   floats(net, "keep", R), self->out, self->z);
    sl_categorical_log_softmax(R, A, self->out, avail, self->logp);
    memset(self->dout, 0, sizeof self->dout);
    double loss = 0;
    for (int r = 0; r < R; r++) {
        float ratio = expf(self->logp[r * A + actions[r]] - old_logp[r]), adv = advantages[r];
        float clipped = ratio < 1 - clip ? 1 - clip : ratio > 1 + clip ? 1 + clip : ratio;
        bool free = ratio * adv <= clipped * adv;
        loss -= (double)(free ? ratio * adv : clipped * adv) / R;
        self->dlogp[r] = free ? -ratio * adv / R : 0;
        self->scale[r] = -entropy_coef / R;
    }
    sl_categorical_backward(R, A, self->logp, actions, self->dlogp, self->dout);
    sl_categorical_entropy(R, A, self->logp, self->scale, self->entropy, self->dout);
    for (int r = 0; r < R; r++) loss -= (double)(entropy_coef * self->entropy[r]) / R;
    for (int i = 0; i < R * H; i++) {
        loss += (double)(embedding_coef * self->z[i] * self->z[i]) / (R * H);
        self->dz[i] = 2 * embedding_coef * self->z[i] / (R * H);
    }
    return loss;
}

static void backward(run *self, size_t n) {
    memset(self->grads, 0, n * sizeof *self->grads);
    sl_net_backward(&self->def, self->params, self->ws, self->dout, self->dz, self->grads);
}

static void check_net(const char *name, sl_net_def def) {
    run *self = sl_alloc(sizeof *self);
    size_t n = sl_net_n_params(&def);
    assert_true(self && n <= MAX_PARAMS);
    self->name = name;
    self->def = def;
    assert_int_equal(sl_net_workspace_create(&def, T, B, &self->ws), SL_OK);
    memcpy(self->params, floats(name, "params", n), n * sizeof *self->params);

    float loss = (float)forward_and_loss(self);
    backward(self, n);
    compare(name, "out", R * A, self->out, 2e-6);
    compare(name, "z", R * H, self->z, 2e-6);
    compare(name, "loss", 1, &loss, 1e-5);
    // gradients tensor by tensor
    sl_net_layout layout = sl_net_get_layout(&def);
    const float *grads = floats(name, "grads", n);
    for (int i = 0; i < layout.n_tensors; i++) {
        const sl_net_tensor *tensor = &layout.tensors[i];
        double far =
            distance((size_t)(tensor->rows * tensor->cols), self->grads + tensor->offset, grads + tensor->offset);
        if (!(far <= 1e-5)) fail_msg("%s: gradient of %s is off by %g", name, tensor->name, far);
    }

    sl_adam adam;
    assert_int_equal(sl_adam_init(&adam, n), SL_OK);
    for (int step = 0; step < STEPS; step++) {
        if (step > 0) {
            forward_and_loss(self);
            backward(self, n);
        }
        double norm = sqrt(sl_grad_sum(1, n, n, self->grads));
        assert_true(norm > (double)max_norm);
        sl_adam_rates rates = sl_adam_begin(&adam, (double)lr, (double)eps, sl_grad_clip(norm, (double)max_norm));
        sl_adam_step(&rates, n, self->grads, adam.m, adam.v, self->params);
    }
    // what ten steps moved, not only where they ended
    const float *before = floats(name, "params", n), *after = floats(name, "params_after", n);
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        double moved = (double)self->params[i] - (double)before[i], want = (double)after[i] - (double)before[i];
        worst = fmax(worst, fabs(moved - want));
    }
    if (!(worst <= 1e-3 * (double)(lr * STEPS))) fail_msg("%s: ten steps of Adam are off by %g", name, worst);
    compare(name, "params_after", n, self->params, 5e-6);
    sl_adam_fini(&adam);
    sl_net_workspace_destroy(&self->ws);
    sl_free(self);
}

static void test_feed_forward(void **state) {
    (void)state;
    check_net("ff", (sl_net_def){I, H, A, 2, SL_CELL_NONE, SL_ACT_RELU, false});
}

static void test_gru(void **state) {
    (void)state;
    check_net("gru", (sl_net_def){I, H, A, 1, SL_CELL_GRU, SL_ACT_TANH, false});
}

static void test_gru_with_norm(void **state) {
    (void)state;
    check_net("norm", (sl_net_def){I, H, A, 2, SL_CELL_GRU, SL_ACT_RELU, true});
}

static void test_huber(void **state) {
    (void)state;
    const float *error = floats("huber", "error", 12);
    float loss[12], d[12];
    for (int r = 0; r < 12; r++) loss[r] = sl_huber(error[r], 10.0f, &d[r]);
    compare("huber", "loss", 12, loss, 1e-6);
    compare("huber", "grads", 12, d, 1e-6);
}

int main(int argc, char **argv) {
    (void)argc;
    sl_blas_init(argv);
    if (sl_tensors_load(SL_SOURCE_DIR "/tests/nn/reference/reference.safetensors", &file) != SL_OK) {
        sl_error_print("test_reference");
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_feed_forward),
        cmocka_unit_test(test_gru),
        cmocka_unit_test(test_gru_with_norm),
        cmocka_unit_test(test_huber),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sl_tensors_destroy(&file);
    return failed;
}
