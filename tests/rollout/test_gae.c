/* test_gae.c - eq. 1 and 2 against numbers on paper. */
#include "rollout/gae.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { T = 3, B = 2 };

/* gamma = lambda = 1/2, r = 1, 2, 4, V = 1, 2, 3 and 8 behind the end; step 1 ends the episode of both copies.
 *   copy 0, truncated, V(last observation) = 6:   d2 = 4 + 8/2 - 3 = 5, d1 = 2 + 6/2 - 2 = 3, d0 = 1 + 2/2 - 1 = 1
 *                                                 A2 = 5, A1 = 3, A0 = 1 + 3/4
 *   copy 1, terminated:                           d1 = 2 - 2 = 0, A2 = 5, A1 = 0, A0 = 1 + 0/4                    */
static const float reward[T * B] = {1, 1, 2, 2, 4, 4};
static const float value[(T + 1) * B] = {1, 1, 2, 2, 3, 3, 8, 8};
static const float last_value[T * B] = {99, 99, 6, 99, 99, 99};
static const uint8_t terminated[T * B] = {0, 0, 0, 1, 0, 0}, truncated[T * B] = {0, 0, 1, 0, 0, 0};
static const float wanted[T * B] = {1.75f, 1, 3, 0, 5, 5};
static const float wanted_target[T * B] = {2.75f, 2, 5, 2, 8, 8};

static sl_gae paper(float *advantage, float *target) {
    return (sl_gae){T, B, 1, 0.5f, 0.5f, reward, value, last_value, terminated, truncated, advantage, target};
}

static void test_three_steps_on_paper(void **state) {
    (void)state;
    float advantage[T * B], target[T * B];
    sl_gae gae = paper(advantage, target);
    sl_gae_compute(&gae, 0, B);
    for (int i = 0; i < T * B; i++) {
        assert_float_equal(advantage[i], wanted[i], 1e-6f);
        assert_float_equal(target[i], wanted_target[i], 1e-6f);
    }
}

static void test_ranges_leave_the_rest_alone(void **state) {
    (void)state;
    float advantage[T * B] = {0}, target[T * B] = {0};
    sl_gae gae = paper(advantage, target);
    sl_gae_compute(&gae, 1, 2);
    for (int t = 0; t < T; t++) {
        assert_float_equal(advantage[t * B], 0, 0);
        assert_float_equal(advantage[t * B + 1], wanted[t * B + 1], 1e-6f);
    }
}

static void test_termination_wins(void **state) {
    (void)state;
    float advantage[T * B], target[T * B];
    sl_gae gae = paper(advantage, target);
    uint8_t both[T * B] = {0, 0, 1, 1, 0, 0};
    gae.truncated = both;
    sl_gae_compute(&gae, 0, B);
    assert_float_equal(advantage[1 * B + 1], 0, 1e-6f);
    assert_float_equal(advantage[0 * B + 1], 1, 1e-6f);
}

/* Two rewards a copy: the flags are the copy's, the numbers each row's own. */
static void test_rows_of_agents(void **state) {
    (void)state;
    enum { M = 2 };
    float r[T * B * M], v[(T + 1) * B * M], last[T * B * M], advantage[T * B * M], target[T * B * M];
    for (int i = 0; i < (T + 1) * B; i++) {
        for (int m = 0; m < M; m++) {
            float scale = m == 0 ? 1.0f : -3.0f;
            v[i * M + m] = scale * value[i];
            if (i >= T * B) continue;
            r[i * M + m] = scale * reward[i];
            last[i * M + m] = scale * last_value[i];
        }
    }
    sl_gae gae = {T, B, M, 0.5f, 0.5f, r, v, last, terminated, truncated, advantage, target};
    sl_gae_compute(&gae, 0, B);
    for (int i = 0; i < T * B; i++) {
        assert_float_equal(advantage[i * M], wanted[i], 1e-6f);
        assert_float_equal(advantage[i * M + 1], -3.0f * wanted[i], 1e-5f);
        assert_float_equal(target[i * M + 1], -3.0f * wanted_target[i], 1e-5f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_steps_on_paper),
        cmocka_unit_test(test_ranges_leave_the_rest_alone),
        cmocka_unit_test(test_termination_wins),
        cmocka_unit_test(test_rows_of_agents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
