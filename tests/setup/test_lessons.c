/* test_lessons.c - what the losses read, by their weights, and the maps that both programs draw. */
#include "common/alloc.h"
#include "setup/lessons.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

static void maps_are_orthonormal(void **state) {
    (void)state;
    const int shapes[][2] = {{4, 12}, {12, 4}, {6, 6}, {1, 5}};
    for (size_t k = 0; k < 4; k++) {
        int rows = shapes[k][0], cols = shapes[k][1], n = rows < cols ? rows : cols;
        float W[64 * 2];
        sl_rng rng = sl_rng_seed(k);
        sl_lessons_orthogonal(rows, cols, &rng, W);
        for (int a = 0; a < n; a++)
            for (int b = 0; b < n; b++) {
                double sum = 0;
                for (int d = 0; d < (rows < cols ? cols : rows); d++)
                    sum += rows < cols ? (double)W[a * cols + d] * (double)W[b * cols + d]
                                       : (double)W[d * cols + a] * (double)W[d * cols + b];
                assert_true(fabs(sum - (a == b)) < 2e-5);
            }
    }
}

static sl_lessons lessons_of(double w_ppo, double w_sr, double w_role, int period) {
    sl_experiment e = {.distill = {.w_ppo = w_ppo, .w_sr = w_sr, .w_role = w_role, .teacher_role_period = period}};
    sl_setup setup = {.experiment = &e};
    e.distill.common_dim = 5, e.distill.role_dim = 3;
    setup.teacher.hidden = 16;
    return sl_lessons_of(&setup);
}

static void weights_say_what_is_read(void **state) {
    (void)state;
    sl_lessons all = lessons_of(1, 1, 1, 0), none = lessons_of(0, 0, 0, 9), moving = lessons_of(0, 0, 1, 4);
    assert_true(all.ppo && !all.whole_z && all.Z == 8 && all.D == 5 && all.K == 3);
    assert_true(!none.ppo && !none.whole_z && none.Z == 0);
    assert_true(moving.whole_z && moving.Z == 16);
    assert_true(lessons_of(1, 1, 0, 4).Z == 5 && lessons_of(1, 0, 1, 0).Z == 3);
}

static void maps_are_the_experiments(void **state) {
    (void)state;
    sl_experiment e = {.distill = {.w_sr = 1, .w_role = 1, .common_dim = 5, .role_dim = 3}};
    sl_setup setup = {.experiment = &e, .root = sl_rng_seed(3)};
    setup.teacher.hidden = 16;
    sl_lessons lessons = sl_lessons_of(&setup);
    float *maps = NULL, common[5 * 16], role[3 * 16], z[2 * 16], out[2 * 8];
    assert_int_equal(sl_lessons_maps(&lessons, &setup, &maps), SL_OK);
    sl_lessons_draw(&setup, common, role);
    // of a unit vector the map's column
    memset(z, 0, sizeof z);
    z[4] = z[16 + 9] = 1;
    sl_lessons_map(&lessons, 2, 16, z, maps, out);
    for (int k = 0; k < 8; k++) {
        const float *row = k < 5 ? common + k * 16 : role + (k - 5) * 16;
        assert_true(out[k] == row[4] && out[8 + k] == row[9]);
    }
    sl_free(maps);
    e.distill.teacher_role_period = 1;
    lessons = sl_lessons_of(&setup);
    assert_int_equal(sl_lessons_maps(&lessons, &setup, &maps), SL_OK);
    assert_null(maps);
    float whole[2 * 16];
    sl_lessons_map(&lessons, 2, 16, z, maps, whole);
    assert_memory_equal(whole, z, sizeof z);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_are_orthonormal),
        cmocka_unit_test(weights_say_what_is_read),
        cmocka_unit_test(maps_are_the_experiments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
