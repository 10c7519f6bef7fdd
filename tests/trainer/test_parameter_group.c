/* test_parameter_group.c - what a checkpoint holds of a network in training. */
#include "trainer/parameter_group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

enum { N = 5, SLICES = 3 };

// parameters, gradients and moments that differ from one another
static void start(sl_parameter_group *self, float *params, float first) {
    for (int i = 0; i < N; i++) params[i] = first + 0.5f * (float)i;
    assert_int_equal(sl_parameter_group_init(self, "a", N, params, SLICES), SL_OK);
}

static void step(sl_parameter_group *self, int t) {
    for (int i = 0; i < N; i++) self->grads[i] = (float)((i - 2) * 0.25 + t * 0.125);
    sl_adam_rates rates = sl_adam_begin(&self->adam, 0.01, 1e-5, 1);
    sl_adam_step(&rates, N, self->grads, self->adam.m, self->adam.v, self->params);
}

static void saved_and_loaded_goes_on_the_same(void **state) {
    (void)state;
    float params[N], others[N], wrong[N + 1] = {0};
    sl_parameter_group self, other, wider;
    start(&self, params, 1);
    start(&other, others, 2);
    for (int t = 0; t < 3; t++) step(&self, t);
    self.skipped = 7;
    sl_tensors *file = NULL;
    assert_int_equal(sl_tensors_create(&file), SL_OK);
    assert_int_equal(sl_parameter_group_save(&self, file), SL_OK);
    assert_int_equal(sl_parameter_group_load(&other, file), SL_OK);
    assert_true(other.skipped == 7 && other.adam.t == 3);
    for (int t = 3; t < 6; t++) {
        step(&self, t);
        step(&other, t);
    }
    assert_memory_equal(params, others, sizeof params);
    // another name, another size: nothing is taken
    other.name = "b";
    assert_int_not_equal(sl_parameter_group_load(&other, file), SL_OK);
    assert_int_equal(sl_parameter_group_init(&wider, "a", N + 1, wrong, 1), SL_OK);
    assert_int_equal(sl_parameter_group_load(&wider, file), SL_MISMATCH);
    assert_true(wrong[0] == 0.0f && wider.adam.t == 0);
    sl_tensors_destroy(&file);
    sl_parameter_group_fini(&self);
    sl_parameter_group_fini(&other);
    sl_parameter_group_fini(&wider);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saved_and_loaded_goes_on_the_same),
    };
    return cmocka_run_group_tests_name("parameter_group", tests, NULL, NULL);
}
