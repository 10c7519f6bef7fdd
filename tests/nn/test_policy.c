/* test_policy.c - a policy file: round trip, every kind of damage refused with the reason, torture. */
#include "nn/policy.h"

#include "common/alloc.h"
#include "storage/file.h"
#include "storage/tensors_file.h"
#include "support/temp_folder.h"
#include "support/torture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static sl_policy example(bool critic) {
    sl_policy policy = {.def = {5, 8, 3, 1, SL_CELL_GRU, SL_ACT_TANH, true}, .value_std = 1};
    policy.profile = (sl_profile){.kind = "student",
                                  .env = "mpe/simple_spread_v3",
                                  .agent = 1,
                                  .n_agents = 3,
                                  .role = "agent",
                                  .obs_dim = 5,
                                  .mask = "none",
                                  .n_blocks = 1,
                                  .blocks = {{"self", 0, 5}},
                                  .run = "test",
                                  .seed = 7};
    sl_rng rng = sl_rng_seed(1);
    policy.params = sl_alloc_array(sl_net_n_params(&policy.def), sizeof(float));
    assert_non_null(policy.params);
    sl_net_init(&policy.def, 0.5f, &rng, policy.params);
    if (!critic) return policy;
    policy.has_critic = true;
    policy.critic_team = true;
    policy.critic_def = (sl_net_def){9, 4, 1, 2, SL_CELL_NONE, SL_ACT_RELU, false};
    policy.critic_params = sl_alloc_array(sl_net_n_params(&policy.critic_def), sizeof(float));
    assert_non_null(policy.critic_params);
    sl_net_init(&policy.critic_def, 1, &rng, policy.critic_params);
    policy.value_mean = -12.5;
    policy.value_std = 3.25;
    return policy;
}

static bool same_def(const sl_net_def *a, const sl_net_def *b) {
    return a->in_dim == b->in_dim && a->hidden == b->hidden && a->out_dim == b->out_dim &&
           a->n_layers == b->n_layers && a->cell == b->cell && a->activation == b->activation &&
           a->layer_norm == b->layer_norm;
}

static void test_round_trip(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    for (int critic = 0; critic < 3; critic++) {
        sl_policy saved = example(critic), loaded = {0};
        saved.critic_mean = critic == 2;
        const char *path = sl_temp_folder_file(&folder, "p.safetensors");
        assert_int_equal(sl_policy_save(&saved, path), SL_OK);
        assert_int_equal(sl_policy_load(path, &loaded), SL_OK);
        assert_true(same_def(&saved.def, &loaded.def));
        assert_memory_equal(saved.params, loaded.params, sl_net_n_params(&saved.def) * sizeof(float));
        assert_string_equal(loaded.profile.cell, "gru");
        assert_string_equal(loaded.profile.activation, "tanh");
        assert_int_equal(loaded.profile.n_bytes, sl_net_n_params(&saved.def) * sizeof(float));
        assert_true(loaded.profile.flops == sl_net_flops(&saved.def));
        assert_int_equal(loaded.profile.agent, 1);
        assert_int_equal(loaded.has_critic, critic > 0);
        if (critic) {
            assert_true(same_def(&saved.critic_def, &loaded.critic_def));
            assert_memory_equal(saved.critic_params, loaded.critic_params,
                                sl_net_n_params(&saved.critic_def) * sizeof(float));
            assert_int_equal(loaded.critic_mean, critic == 2);
            assert_true(loaded.critic_team && loaded.value_mean == -12.5 && loaded.value_std == 3.25);
        } else {
            assert_null(loaded.critic_params);
        }
        sl_policy_fini(&saved);
        sl_policy_fini(&loaded);
        sl_policy_fini(&loaded);
    }
    sl_temp_folder_remove(&folder);
}

// the example's file with one tensor replaced, one field replaced, or one tensor left out
static sl_status read_spoiled(const char *tensor, const sl_tensor *other, const char *key, const char *value) {
    sl_temp_folder folder = sl_temp_folder_create();
    sl_policy saved = example(true), loaded = {0};
    const char *path = sl_temp_folder_file(&folder, "p.safetensors");
    sl_tensors *whole = NULL, *spoiled = NULL;
    assert_int_equal(sl_policy_save(&saved, path), SL_OK);
    assert_int_equal(sl_tensors_load(path, &whole), SL_OK);
    assert_int_equal(sl_tensors_create(&spoiled), SL_OK);
    assert_int_equal(sl_profile_write(&saved.profile, spoiled) == SL_OK, 1);
    static const char *const keys[] = {"in_dim",
                                       "n_actions",
                                       "cell",
                                       "activation",
                                       "hidden",
                                       "layers",
                                       "layer_norm",
                                       "flops",
                                       "n_bytes",
                                       "critic.in_dim",
                                       "critic.hidden",
                                       "critic.layers",
                                       "critic.cell",
                                       "critic.activation",
                                       "critic.layer_norm",
                                       "critic.team",
                                       "critic.value_mean",
                                       "critic.value_std",
                                       "critic.out_dim",
                                       "arithmetic"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *text = sl_tensors_meta(whole, keys[i]);
        assert_non_null(text);
        assert_int_equal(sl_tensors_set_meta(spoiled, keys[i], text), SL_OK);
    }
    if (key) assert_int_equal(sl_tensors_set_meta(spoiled, key, value), SL_OK);
    for (int i = 0; i < sl_tensors_count(whole); i++) {
        const sl_tensor *t = sl_tensors_at(whole, i);
        if (tensor && strcmp(t->name, tensor) == 0) t = other;
        if (t)
            assert_int_equal(sl_tensors_add(spoiled, tensor && t == other ? tensor : t->name, t->dtype, t->n_dims,
                                            t->dims, t->data),
                             SL_OK);
    }
    sl_status status = sl_policy_read(spoiled, &loaded);
    if (status != SL_OK) assert_null(loaded.params);
    sl_tensors_destroy(&whole);
    sl_tensors_destroy(&spoiled);
    sl_policy_fini(&saved);
    sl_policy_fini(&loaded);
    sl_temp_folder_remove(&folder);
    return status;
}

static void test_damage_is_refused(void **state) {
    (void)state;
    static float numbers[24];
    sl_tensor bias = {.dtype = SL_F32, .n_dims = 1, .dims = {3}, .data = numbers};
    assert_int_equal(read_spoiled(NULL, NULL, NULL, NULL), SL_OK);
    // changed weights fail the known-answer test
    assert_int_equal(read_spoiled("policy.head.bias", &bias, NULL, NULL), SL_OK);
    numbers[2] = 1e-3f;
    assert_int_equal(read_spoiled("policy.head.bias", &bias, NULL, NULL), SL_MISMATCH);
    // not a number, wrong length, wrong shape, missing
    numbers[2] = NAN;
    assert_int_equal(read_spoiled("policy.head.bias", &bias, NULL, NULL), SL_CORRUPT);
    numbers[2] = 0;
    bias.dims[0] = 4;
    assert_int_equal(read_spoiled("policy.head.bias", &bias, NULL, NULL), SL_MISMATCH);
    sl_tensor head = {.dtype = SL_F32, .n_dims = 2, .dims = {3, 8}, .data = numbers};
    assert_int_equal(read_spoiled("policy.head.weight", &head, NULL, NULL), SL_MISMATCH);
    assert_int_equal(read_spoiled("critic.head.bias", NULL, NULL, NULL), SL_MISMATCH);
    assert_int_equal(read_spoiled("kat.logits", NULL, NULL, NULL), SL_MISMATCH);
    // a profile that does not fit the tensors
    assert_int_equal(read_spoiled(NULL, NULL, "hidden", "9"), SL_MISMATCH);
    assert_int_equal(read_spoiled(NULL, NULL, "n_actions", "2000"), SL_CORRUPT);
    assert_int_equal(read_spoiled(NULL, NULL, "cell", "lstm"), SL_CORRUPT);
    assert_int_equal(read_spoiled(NULL, NULL, "critic.hidden", "100000"), SL_CORRUPT);
    assert_int_equal(read_spoiled(NULL, NULL, "critic.layers", "1.5"), SL_CORRUPT);
    assert_int_equal(read_spoiled(NULL, NULL, "critic.value_std", "nan"), SL_CORRUPT);
    assert_int_equal(read_spoiled(NULL, NULL, "critic.team", ""), SL_CORRUPT);
}

// wherever a bit flips among the weights, also where no known answer depends on it
static void test_a_flipped_bit_is_refused(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    sl_policy saved = example(true), loaded = {0};
    const char *path = sl_temp_folder_file(&folder, "p.safetensors");
    uint8_t *bytes = NULL;
    size_t n_bytes = 0, n_header = 0;
    assert_int_equal(sl_policy_save(&saved, path), SL_OK);
    assert_int_equal(sl_file_read(path, 1 << 20, &bytes, &n_bytes), SL_OK);
    for (size_t i = 0; i < 8; i++) n_header |= (size_t)bytes[i] << (8 * i);
    assert_true(n_bytes > 8 + n_header + 2000);
    for (size_t at = 8 + n_header; at < n_bytes; at++) {
        sl_tensors *file = NULL;
        bytes[at] ^= (uint8_t)(1u << at % 8);
        assert_int_equal(sl_tensors_decode("p", bytes, n_bytes, &file), SL_OK);
        sl_status status = sl_policy_read(file, &loaded);
        if (status != SL_CORRUPT) fail_msg("byte %zu of the data: status %d", at - 8 - n_header, status);
        assert_string_equal(sl_error_what(), "p has a wrong digest");
        sl_tensors_destroy(&file);
        bytes[at] ^= (uint8_t)(1u << at % 8);
    }
    sl_free(bytes);
    sl_policy_fini(&saved);
    sl_temp_folder_remove(&folder);
}

// what it says of itself is under the digest too, and files from before there was one are read
static void test_digest_is_of_all(void **state) {
    (void)state;
    sl_policy loaded = {0};
    sl_tensors *file = NULL;
    assert_int_equal(sl_tensors_load(SL_SOURCE_DIR "/models/mpe/spread/students/agent-0.safetensors", &file), SL_OK);
    assert_non_null(sl_tensors_meta(file, "digest"));
    assert_int_equal(sl_policy_read(file, &loaded), SL_OK);
    sl_policy_fini(&loaded);
    assert_int_equal(sl_tensors_set_meta(file, "seed", "2"), SL_OK);
    assert_int_equal(sl_policy_read(file, &loaded), SL_CORRUPT);
    assert_int_equal(sl_profile_seal(file), SL_OK);
    assert_int_equal(sl_policy_read(file, &loaded), SL_OK);
    sl_policy_fini(&loaded);
    sl_tensors_destroy(&file);
    assert_int_equal(sl_policy_load(SL_SOURCE_DIR "/tests/fuzz/corpus/policy/no-digest.safetensors", &loaded), SL_OK);
    sl_policy_fini(&loaded);
}

static void test_files(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    sl_policy policy = example(false), loaded = {0};
    assert_int_equal(sl_policy_load(sl_temp_folder_file(&folder, "none"), &loaded), SL_NOT_FOUND);
    assert_int_equal(sl_file_replace(sl_temp_folder_file(&folder, "text"), "hello hello hello", 17), SL_OK);
    assert_int_equal(sl_policy_load(sl_temp_folder_file(&folder, "text"), &loaded), SL_CORRUPT);
    // a NaN is not written, and the file of before stays
    const char *path = sl_temp_folder_file(&folder, "kept.safetensors");
    assert_int_equal(sl_policy_save(&policy, path), SL_OK);
    policy.params[3] = NAN;
    assert_int_equal(sl_policy_save(&policy, path), SL_NOT_FINITE);
    assert_int_equal(sl_policy_load(path, &loaded), SL_OK);
    sl_policy_fini(&policy);
    sl_policy_fini(&loaded);
    sl_temp_folder_remove(&folder);
}

static sl_status save_and_load(void *context) {
    const char *path = context;
    sl_policy policy = {.def = {3, 4, 2, 1, SL_CELL_GRU, SL_ACT_RELU, false}}, loaded = {0};
    float params[512] = {0};
    policy.profile = (sl_profile){.kind = "student",
                                  .env = "e",
                                  .n_agents = 1,
                                  .role = "agent",
                                  .obs_dim = 3,
                                  .mask = "none",
                                  .n_blocks = 1,
                                  .blocks = {{"self", 0, 3}}};
    policy.params = params;
    SL_TRY(sl_policy_save(&policy, path));
    SL_TRY(sl_policy_load(path, &loaded));
    sl_policy_fini(&loaded);
    return SL_OK;
}

static void test_torture(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char path[SL_TEMP_PATH + 16];
    (void)snprintf(path, sizeof path, "%s", sl_temp_folder_file(&folder, "t.safetensors"));
    assert_true(sl_torture(save_and_load, path) > 5);
    sl_temp_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_damage_is_refused),
        cmocka_unit_test(test_a_flipped_bit_is_refused),
        cmocka_unit_test(test_digest_is_of_all),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
