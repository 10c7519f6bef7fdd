/* test_mask.c - which features a student sees. */
#include "envs/mask.h"
#include "support/torture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { V = 20, N = 3, O = 18 };

static const sl_env_spec *spec;

static int open_spread(void **state) {
    static sl_env *env;
    sl_env_options options = sl_env_default_options();
    sl_rng stream = sl_rng_seed(1);
    if (sl_env_create("mpe/simple_spread_v3", &options, 1, &stream, &env) != SL_OK) return 1;
    spec = sl_env_get_spec(env);
    *state = &env;
    return 0;
}

static int close_spread(void **state) {
    sl_env_destroy(*state);
    return 0;
}

static sl_mask_blocks blocks[N];

static void name_block(int i, int b, const char *name) {
    (void)snprintf(blocks[i].names[b], SL_NAME_SIZE, "%s", name);
}

static sl_mask_def spread_blocks(void) {
    memset(blocks, 0, sizeof blocks);
    sl_mask_def def = {.kind = SL_MASK_BLOCKS, .n_agents = N, .blocks = blocks};
    name_block(0, 0, "landmarks");
    name_block(0, 1, "others");
    name_block(1, 0, "self_vel");
    name_block(2, 0, "self_pos");
    return def;
}

static void none_keeps_all(void **state) {
    (void)state;
    sl_mask_def def = {.kind = SL_MASK_NONE};
    sl_mask *mask = NULL;
    assert_int_equal(sl_mask_create(&def, spec, V, &mask), SL_OK);
    assert_true(sl_mask_is_identity(mask));
    for (int k = 0; k < N * O; k++) assert_true(sl_mask_get(mask, V - 1)[k] == 1.0f);
    sl_mask_destroy(&mask);
    assert_null(mask);
    sl_mask_destroy(&mask);
}

static void an_agent_may_see_nothing(void **state) {
    (void)state;
    sl_mask_def def = spread_blocks();
    name_block(0, 0, "none");
    name_block(0, 1, "");
    sl_mask *mask = NULL;
    assert_int_equal(sl_mask_create(&def, spec, V, &mask), SL_OK);
    float kept[N] = {0};
    for (int k = 0; k < N * O; k++) kept[k / O] += sl_mask_get(mask, 3)[k];
    assert_true(kept[0] == 0.0f && kept[1] == 2.0f && kept[2] == 2.0f);
    sl_mask_destroy(&mask);
}

static void blocks_keep_what_they_name(void **state) {
    (void)state;
    sl_mask_def def = spread_blocks();
    sl_mask *mask = NULL;
    assert_int_equal(sl_mask_create(&def, spec, V, &mask), SL_OK);
    assert_false(sl_mask_is_identity(mask));
    const float *obs_mask = sl_mask_get(mask, 3);
    for (int o = 0; o < O; o++) {
        assert_true(obs_mask[o] == (o >= 4 && o < 14 ? 1.0f : 0.0f));
        assert_true(obs_mask[O + o] == (o < 2 ? 1.0f : 0.0f));
        assert_true(obs_mask[2 * O + o] == (o == 2 || o == 3 ? 1.0f : 0.0f));
    }
    // drawing changes nothing and takes nothing from the stream
    sl_rng stream = sl_rng_seed(5), before = stream;
    sl_mask_draw(mask, 3, &stream);
    assert_memory_equal(&stream, &before, sizeof stream);
    sl_mask_destroy(&mask);
}

static void random_keeps_k(void **state) {
    (void)state;
    sl_mask_def def = {.kind = SL_MASK_RANDOM, .k_min = 8, .k_max = 10};
    sl_mask *mask = NULL;
    assert_int_equal(sl_mask_create(&def, spec, V, &mask), SL_OK);
    sl_rng stream = sl_rng_seed(5);
    int n_of_size[O + 1] = {0}, n_kept[O] = {0};
    enum { ROUNDS = 2000 };
    for (int round = 0; round < ROUNDS; round++) {
        sl_mask_draw(mask, 7, &stream);
        const float *obs_mask = sl_mask_get(mask, 7);
        for (int i = 0; i < N; i++) {
            int k = 0;
            for (int o = 0; o < O; o++) {
                assert_true(obs_mask[i * O + o] == 0.0f || obs_mask[i * O + o] == 1.0f);
                k += obs_mask[i * O + o] == 1.0f;
                n_kept[o] += obs_mask[i * O + o] == 1.0f;
            }
            n_of_size[k]++;
        }
    }
    // sizes 8, 9, 10 a third each, every feature half of the time
    assert_int_equal(n_of_size[8] + n_of_size[9] + n_of_size[10], ROUNDS * N);
    for (int k = 8; k <= 10; k++) assert_true(abs(n_of_size[k] - ROUNDS) < ROUNDS / 10);
    for (int o = 0; o < O; o++) assert_true(abs(n_kept[o] - ROUNDS * N / 2) < ROUNDS * N / 20);
    // other copies are as they were
    for (int k = 0; k < N * O; k++) assert_true(sl_mask_get(mask, 6)[k] == 0.0f);
    sl_mask_destroy(&mask);
}

static void apply_zeroes_the_hidden(void **state) {
    (void)state;
    static float obs[V * N * O], masked[V * N * O];
    sl_mask_def def = spread_blocks();
    sl_mask *mask = NULL;
    assert_int_equal(sl_mask_create(&def, spec, V, &mask), SL_OK);
    for (int k = 0; k < V * N * O; k++) obs[k] = k % 2 ? NAN : -3.0f;
    for (int k = 0; k < V * N * O; k++) masked[k] = 9.0f;
    sl_mask_apply(mask, 16, 18, obs, masked);
    for (int v = 0; v < V; v++) {
        for (int k = 0; k < N * O; k++) {
            const float *got = &masked[v * N * O + k], *given = &obs[v * N * O + k];
            float zero = 0.0f, nine = 9.0f;
            bool kept = sl_mask_get(mask, v)[k] == 1.0f;
            assert_memory_equal(got, v < 16 || v >= 18 ? &nine : kept ? given : &zero, sizeof *got);
        }
    }
    // in place
    sl_mask_apply(mask, 0, V, obs, obs);
    assert_memory_equal(obs + 16 * N * O, masked + 16 * N * O, 2 * N * O * sizeof(float));
    sl_mask_destroy(&mask);
}

static void saved_masks_return(void **state) {
    (void)state;
    sl_mask_def def = {.kind = SL_MASK_RANDOM, .k_min = 8, .k_max = 10};
    sl_mask *a = NULL, *b = NULL, *other = NULL;
    assert_int_equal(sl_mask_create(&def, spec, V, &a), SL_OK);
    assert_int_equal(sl_mask_create(&def, spec, V, &b), SL_OK);
    assert_int_equal(sl_mask_create(&def, spec, V + 1, &other), SL_OK);
    sl_rng stream = sl_rng_seed(5);
    for (int v = 0; v < V; v++) sl_mask_draw(a, v, &stream);
    static uint8_t bytes[8192];
    size_t n = sl_mask_state_bytes(a);
    assert_true(n <= sizeof bytes);
    sl_mask_save(a, bytes);
    assert_int_equal(sl_mask_load(b, bytes, n), SL_OK);
    for (int v = 0; v < V; v++) assert_memory_equal(sl_mask_get(a, v), sl_mask_get(b, v), N * O * sizeof(float));
    assert_int_equal(sl_mask_load(b, bytes, n - 1), SL_MISMATCH);
    assert_int_equal(sl_mask_load(other, bytes, n), SL_MISMATCH);
    bytes[0] ^= 1;
    assert_int_equal(sl_mask_load(b, bytes, n), SL_MISMATCH);
    sl_mask_destroy(&a);
    sl_mask_destroy(&b);
    sl_mask_destroy(&other);
}

static void wrong_definitions_are_refused(void **state) {
    (void)state;
    sl_mask *mask = NULL;
    sl_mask_def def = spread_blocks();
    name_block(1, 1, "velocity");
    assert_int_equal(sl_mask_create(&def, spec, V, &mask), SL_CONFIG);
    assert_non_null(strstr(sl_error_what(), "agent_1 has no block 'velocity'"));
    assert_non_null(strstr(sl_error_hint(), "self_vel self_pos landmarks others comm"));
    def = spread_blocks();
    def.n_agents = 2;
    assert_int_equal(sl_mask_create(&def, spec, V, &mask), SL_CONFIG);
    static const int wrong[][2] = {{-1, 4}, {5, 4}, {8, 19}};
    for (size_t i = 0; i < 3; i++) {
        def = (sl_mask_def){.kind = SL_MASK_RANDOM, .k_min = wrong[i][0], .k_max = wrong[i][1]};
        assert_int_equal(sl_mask_create(&def, spec, V, &mask), SL_CONFIG);
    }
    assert_null(mask);
}

static sl_status whole_life(void *context) {
    (void)context;
    sl_mask_def def = spread_blocks();
    sl_mask *mask = NULL;
    SL_TRY(sl_mask_create(&def, spec, V, &mask));
    sl_mask_destroy(&mask);
    return SL_OK;
}

static void every_failed_allocation_is_survived(void **state) {
    (void)state;
    assert_int_equal(sl_torture(whole_life, NULL), 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_keeps_all),
        cmocka_unit_test(an_agent_may_see_nothing),
        cmocka_unit_test(blocks_keep_what_they_name),
        cmocka_unit_test(random_keeps_k),
        cmocka_unit_test(apply_zeroes_the_hidden),
        cmocka_unit_test(saved_masks_return),
        cmocka_unit_test(wrong_definitions_are_refused),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests_name("mask", tests, open_spread, close_spread);
}
