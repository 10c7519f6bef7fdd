/* test_policy_set.c - those who are active decide as if all did, and of the others nothing changes. */
#include "rollout/example.h"
#include "rollout/policy_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { V = 40, N = 3, O = 18, A = 5, ROWS = V * N, STEPS = 6 };

static void make(const sl_policy_set_def *def, const float *params, sl_policy_set **out) {
    assert_int_equal(sl_policy_set_create(def, out), SL_OK);
    memcpy(sl_policy_set_params(*out), params, sl_policy_set_n_params(*out) * sizeof *params);
}

/* Each row steps on inputs of its own; one set steps all rows at once, the other each row in a step of its own. */
static void test_active_rows_alone(void **state) {
    (void)state;
    static float params[40000], in[ROWS * O], all[ROWS * A], some[ROWS * A];
    for (int k = 0; k < 4; k++) {
        example x;
        example_init(&x);
        if (k % 2) example_make_recurrent(&x);
        sl_setup *setup = NULL;
        sl_policy_set *together = NULL, *apart = NULL;
        sl_rng rng = sl_rng_seed(5);
        for (int i = 0; i < 40000; i++) params[i] = (float)sl_rng_between(&rng, -0.5, 0.5);
        assert_int_equal(sl_setup_create(&x.e, &setup), SL_OK);
        sl_policy_set_def def = k / 2 ? sl_policy_set_students_def(setup, V) : sl_policy_set_teacher_def(setup, V);
        make(&def, params, &together);
        make(&def, params, &apart);
        int n_slices = sl_slices_of(V).n;
        for (int t = 0; t < STEPS; t++) {
            for (int i = 0; i < ROWS * O; i++) in[i] = (float)sl_rng_between(&rng, -1, 1);
            for (int s = 0; s < n_slices; s++) sl_policy_set_decide(together, s, NULL, in, all);
            for (int turn = 0; turn < 3; turn++) {
                uint8_t active[ROWS];
                for (int r = 0; r < ROWS; r++) active[r] = r * 7 % 3 == turn;
                for (int i = 0; i < ROWS * A; i++) some[i] = -7.0f;
                for (int s = 0; s < n_slices; s++) sl_policy_set_decide(apart, s, active, in, some);
                for (int r = 0; r < ROWS; r++) {
                    if (active[r]) assert_memory_equal(some + r * A, all + r * A, A * sizeof(float));
                    if (!active[r]) assert_float_equal(some[r * A], -7.0f, 0);
                }
            }
        }
        sl_policy_set_destroy(&together);
        sl_policy_set_destroy(&apart);
        sl_setup_destroy(&setup);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_active_rows_alone)};
    return cmocka_run_group_tests_name("policy set", tests, NULL, NULL);
}
