/* test_kernel.c - the fixed-size inference against nn/'s decision path, bit for bit, and against numbers on paper.
 * Built once for each hidden size. */
#include "agent/kernel.h"
#include "agent/model.h"
#include "common/alloc.h"
#include "common/fmath.h"
#include "common/rng.h"
#include "student_file.h"
#include "support/heap_count.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static sl_kernel kernel;

static void load(const sl_student_file *student) {
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    sl_model model;
    sl_student_file_encode(student, &bytes, &n_bytes);
    sl_status status = sl_model_decode("student", bytes, n_bytes, &kernel, &model);
    if (status != SL_OK) fail_msg("%s", sl_error_what());
    sl_free(bytes);
}

static void compare_steps(const sl_student_file *student, int n_steps) {
    enum { MAX_OBS = 512, MAX_ACTIONS = 64 };
    float obs[MAX_OBS], expected[MAX_ACTIONS], logits[SL_KERNEL_ACTIONS];
    float h[SL_HIDDEN] = {0}, scratch[8 * SL_HIDDEN];
    const sl_net_def *def = &student->def;
    sl_rng rng = sl_rng_seed(11);
    for (int t = 0; t < n_steps; t++) {
        for (int i = 0; i < def->in_dim; i++) obs[i] = (float)sl_rng_between(&rng, -2.0, 2.0);
        sl_net_decide(def, student->params, 1, obs, h, expected, scratch);
        sl_kernel_decide(&kernel, obs, logits);
        assert_memory_equal(logits, expected, (size_t)def->out_dim * sizeof *logits);
        if (def->cell == SL_CELL_GRU) assert_memory_equal(kernel.h, h, sizeof h);
    }
}

static void compare(const sl_net_def *def, uint64_t seed) {
    sl_student_file student;
    sl_student_file_init(&student, def, seed);
    load(&student);
    compare_steps(&student, 30);
    sl_student_file_fini(&student);
}

static void equals_nn_bit_for_bit(void **state) {
    (void)state;
    const int obs_dims[] = {1, 18, 33, 512}, actions[] = {1, 5, 17, 64};
    for (int kind = 0; kind < 32; kind++) {
        sl_net_def def = {.in_dim = obs_dims[kind % 4],
                          .hidden = SL_HIDDEN,
                          .out_dim = actions[(kind + kind / 4) % 4],
                          .n_layers = 1 + kind / 8,
                          .cell = kind & 1 ? SL_CELL_GRU : SL_CELL_NONE,
                          .activation = kind & 2 ? SL_ACT_TANH : SL_ACT_RELU,
                          .layer_norm = (kind & 4) != 0};
        compare(&def, (uint64_t)kind);
        // the other dimensions of the same kind
        def.in_dim = obs_dims[kind / 4 % 4];
        def.out_dim = actions[kind / 8];
        compare(&def, (uint64_t)kind + 100);
    }
}

static void gru_on_paper(void **state) {
    (void)state;
    memset(&kernel, 0, sizeof kernel);
    kernel.obs_dim = 1;
    kernel.n_actions = 1;
    kernel.n_layers = 1;
    kernel.gru = true;
    // all weights are 0: r = z = 1/2, n = tanh(1/4 + r * 1/2) = tanh(1/2), h1 = n / 2, h2 = n / 2 + h1 / 2
    kernel.gru_bias_ih[0][2 * SL_KERNEL_UNITS] = 0.25f;
    kernel.gru_bias_hh[0][2 * SL_KERNEL_UNITS] = 0.5f;
    kernel.head_weight[0][0][0] = 1.0f;
    kernel.head_bias[0] = 3.0f;
    const float obs[1] = {9.0f};
    float logits[SL_KERNEL_ACTIONS];
    const float n = 0.46211716f; /* tanh(1/2) */
    sl_kernel_decide(&kernel, obs, logits);
    assert_float_equal(logits[0], 3.0f + n * 0.5f, 1e-6f);
    sl_kernel_decide(&kernel, obs, logits);
    assert_float_equal(logits[0], 3.0f + n * 0.75f, 1e-6f);
    sl_kernel_reset(&kernel);
    sl_kernel_decide(&kernel, obs, logits);
    assert_float_equal(logits[0], 3.0f + n * 0.5f, 1e-6f);
}

static void chooses_the_first_legal_maximum(void **state) {
    (void)state;
    const float logits[5] = {1.0f, 3.0f, 2.0f, 3.0f, 5.0f};
    assert_int_equal(sl_kernel_choose(logits, NULL, 5), 4);
    assert_int_equal(sl_kernel_choose(logits, (const uint8_t[]){1, 1, 1, 1, 0}, 5), 1);
    assert_int_equal(sl_kernel_choose(logits, (const uint8_t[]){1, 0, 1, 1, 0}, 5), 3);
    assert_int_equal(sl_kernel_choose(logits, (const uint8_t[]){0, 0, 1, 0, 0}, 5), 2);
    assert_int_equal(sl_kernel_choose(logits, (const uint8_t[]){0, 0, 0, 0, 0}, 5), 0);
}

static void takes_no_memory_in_10000_decisions(void **state) {
    (void)state;
    if (!sl_heap_is_counted()) skip();
    sl_model_random(18, 5, 1, &kernel);
    float obs[18] = {0.5f}, logits[SL_KERNEL_ACTIONS];
    uint64_t before = sl_heap_count();
    int sum = 0;
    for (int t = 0; t < 10000; t++) {
        obs[0] = (float)t * 1e-4f;
        sl_kernel_decide(&kernel, obs, logits);
        sum += sl_kernel_choose(logits, NULL, 5);
    }
    assert_int_equal(sl_heap_count() - before, 0);
    assert_in_range(sum, 0, 40000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_nn_bit_for_bit),
        cmocka_unit_test(gru_on_paper),
        cmocka_unit_test(chooses_the_first_legal_maximum),
        cmocka_unit_test(takes_no_memory_in_10000_decisions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
