/* test_profile.c - a profile survives its metadata, and no field can be missing or out of range unseen. */
#include "common/alloc.h"
#include "storage/profile.h"
#include "storage/tensors_file.h"
#include "support/torture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static sl_profile example(void) {
    return (sl_profile){
        .kind = "student",
        .env = "mpe/simple_spread_v3",
        .env_options = "n_agents=3 local_ratio=0.5",
        .agent = 1,
        .n_agents = 3,
        .role = "agent",
        .obs_dim = 18,
        .n_actions = 5,
        .in_dim = 21,
        .agent_id = true,
        .cell = "gru",
        .activation = "relu",
        .hidden = 32,
        .layers = 2,
        .layer_norm = true,
        .mask = "blocks: landmarks others",
        .n_blocks = 3,
        .blocks = {{"self_vel", 0, 2}, {"self_pos", 2, 2}, {"landmarks", 4, 14}},
        .flops = 12345.0,
        .n_bytes = 9876,
        .run = "spread seed 1",
        .seed = UINT64_MAX,
        .kat_tolerance = 1.0 / 3.0,
        .arithmetic = 2,
    };
}

// field by field through a second file: the struct has padding, which no reader sets
static void assert_same(const sl_profile *a, const sl_profile *b) {
    sl_tensors *files[2] = {NULL, NULL};
    uint8_t *bytes[2] = {NULL, NULL};
    size_t n_bytes[2] = {0, 0};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sl_tensors_create(&files[i]), SL_OK);
        assert_int_equal(sl_profile_write(i ? b : a, files[i]), SL_OK);
        assert_int_equal(sl_tensors_encode(files[i], &bytes[i], &n_bytes[i]), SL_OK);
    }
    assert_int_equal(n_bytes[0], n_bytes[1]);
    assert_memory_equal(bytes[0], bytes[1], n_bytes[0]);
    for (int i = 0; i < 2; i++) {
        sl_free(bytes[i]);
        sl_tensors_destroy(&files[i]);
    }
}

static sl_tensors *write_example(const sl_profile *profile) {
    sl_tensors *file = NULL;
    assert_int_equal(sl_tensors_create(&file), SL_OK);
    assert_int_equal(sl_profile_write(profile, file), SL_OK);
    return file;
}

static void a_profile_comes_back_as_it_was(void **state) {
    (void)state;
    sl_profile profile = example(), read = {0};
    sl_tensors *file = write_example(&profile);
    assert_int_equal(sl_profile_read("model", file, &read), SL_OK);
    assert_same(&read, &profile);
    assert_string_equal(sl_tensors_meta(file, "blocks"), "self_vel:0:2 self_pos:2:2 landmarks:4:14");
    sl_tensors_destroy(&file);
    // the other extremes: a shared teacher of one agent that sees one number
    profile = (sl_profile){.kind = "teacher",
                           .env = "e",
                           .role = "r",
                           .mask = "none",
                           .n_blocks = 1,
                           .blocks = {{"a", 0, 1}},
                           .cell = "none",
                           .activation = "tanh",
                           .agent = -1,
                           .n_agents = 1,
                           .obs_dim = 1,
                           .in_dim = 1,
                           .n_actions = 1,
                           .hidden = 1,
                           .layers = 1,
                           .arithmetic = 1};
    file = write_example(&profile);
    assert_int_equal(sl_profile_read("model", file, &read), SL_OK);
    assert_same(&read, &profile);
    sl_tensors_destroy(&file);
}

static void a_file_without_a_profile_is_not_a_policy(void **state) {
    (void)state;
    sl_profile read = {.agent = 77};
    sl_tensors *file = NULL;
    assert_int_equal(sl_tensors_create(&file), SL_OK);
    assert_int_equal(sl_profile_read("x.safetensors", file, &read), SL_CORRUPT);
    assert_string_equal(sl_error_what(), "x.safetensors has no profile");
    assert_int_equal(sl_tensors_set_meta(file, "format", "2"), SL_OK);
    assert_int_equal(sl_profile_read("x.safetensors", file, &read), SL_MISMATCH);
    assert_int_equal(sl_tensors_set_meta(file, "format", "1"), SL_OK);
    assert_int_equal(sl_profile_read("x.safetensors", file, &read), SL_CORRUPT);
    assert_string_equal(sl_error_what(), "x.safetensors: profile field 'kind' is missing");
    assert_int_equal(read.agent, 77);
    sl_tensors_destroy(&file);
}

static const char *const bad[][2] = {
    {"kind", "pupil"},
    {"kind", ""},
    {"kind", "student teacher"},
    {"env", ""},
    {"env", "\x1b[31mred"},
    {"env", "a\u202eb"},
    {"env", "0123456789012345678901234567890123456789012345678901234567890123"},
    {"env_options", "a\nb"},
    {"role", ""},
    {"role", "\u2066"},
    {"mask", ""},
    {"run", "\xc2\x9b"},
    {"cell", ""},
    {"cell", "lstm"},
    {"cell", "grugrugrugru"},
    {"activation", "relu "},
    {"agent", "-2"},
    {"agent", "3"},
    {"agent", "1.5"},
    {"agent", ""},
    {"agent", " 1"},
    {"agent", "+1"},
    {"agent", "1x"},
    {"agent", "99999999999999999999"},
    {"n_agents", "0"},
    {"n_agents", "65"},
    {"obs_dim", "0"},
    {"obs_dim", "19"},
    {"obs_dim", "65537"},
    {"in_dim", "18"},
    {"agent_id", "yes"},
    {"agent_id", "false"},
    {"layer_norm", "1"},
    {"hidden", "0"},
    {"hidden", "1025"},
    {"layers", "5"},
    {"n_actions", "0"},
    {"flops", "nan"},
    {"flops", "inf"},
    {"flops", "-1"},
    {"flops", "1e999"},
    {"flops", "0x10"},
    {"flops", "-"},
    {"n_bytes", "-1"},
    {"seed", "-1"},
    {"seed", "18446744073709551616"},
    {"kat_tolerance", "2"},
    {"arithmetic", "0"},
    {"arithmetic", "2.0"},
    {"blocks", ""},
    {"blocks", "a\u202e:0:2"},
    {"blocks", "\x7f:0:2"},
    {"blocks", "self_vel"},
    {"blocks", "self_vel:0"},
    {"blocks", "self_vel:0:"},
    {"blocks", "self_vel:0:0"},
    {"blocks", "self_vel:-1:2"},
    {"blocks", "self_vel:0:19"},
    {"blocks", "self_vel:18:1"},
    {"blocks", ":0:2"},
    {"blocks", "a:0:2  b:2:2"},
    {"blocks", "a:0:2,b:2:2"},
    {"blocks", "a:0:99999999999"},
    {"blocks", "a2345678901234567890123456789012:0:1"},
    {"blocks",
     "a:0:1 a:0:1 a:0:1 a:0:1 a:0:1 a:0:1 a:0:1 a:0:1 a:0:1 a:0:1 a:0:1 a:0:1 a:0:1 a:0:1 a:0:1 a:0:1 a:0:1 a:0:1"},
};

static void every_bad_field_is_named(void **state) {
    (void)state;
    sl_profile profile = example(), read;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sl_tensors *file = write_example(&profile);
        assert_int_equal(sl_tensors_set_meta(file, bad[i][0], bad[i][1]), SL_OK);
        sl_status status = sl_profile_read("model", file, &read);
        if (status != SL_CORRUPT) fail_msg("%s = '%s' gave status %d", bad[i][0], bad[i][1], status);
        sl_tensors_destroy(&file);
    }
    sl_tensors *file = write_example(&profile);
    assert_int_equal(sl_tensors_set_meta(file, "hidden", "many"), SL_OK);
    assert_int_equal(sl_profile_read("model", file, &read), SL_CORRUPT);
    assert_string_equal(sl_error_what(), "model: profile field 'hidden' is unreadable: 'many'");
    assert_int_equal(sl_tensors_set_meta(file, "hidden", "32"), SL_OK);
    assert_int_equal(sl_tensors_set_meta(file, "blocks", ""), SL_OK);
    assert_int_equal(sl_profile_read("model", file, &read), SL_CORRUPT);
    assert_string_equal(sl_error_what(), "model: profile field 'blocks' is empty");
    sl_tensors_destroy(&file);
}

// what older files do not say; what another arithmetic's answers may differ by
static void arithmetic_of_answers(void **state) {
    (void)state;
    sl_profile profile = example(), read;
    const float expected[3] = {1.0f, -20.0f, 3.0f};
    assert_true(sl_profile_tolerance(&profile, 2, 3, expected) == 1.0 / 3.0);
    profile.kat_tolerance = 0;
    assert_true(sl_profile_tolerance(&profile, 2, 3, expected) == 0.0);
    assert_true(sl_profile_tolerance(&profile, 1, 3, expected) == 1e-5 * 20);
    const float near[3] = {1.0f, -20.0001f, 3.0f}, far[3] = {1.0f, -20.0f, 3.001f}, nan[3] = {1.0f, NAN, 3.0f};
    assert_true(sl_profile_is_answer(3, expected, expected, 0.0));
    assert_false(sl_profile_is_answer(3, near, expected, 0.0));
    assert_true(sl_profile_is_answer(3, near, expected, 2e-4));
    assert_false(sl_profile_is_answer(3, far, expected, 2e-4));
    assert_false(sl_profile_is_answer(3, nan, expected, 2e-4));
    sl_tensors *file = write_example(&profile), *older = NULL;
    assert_int_equal(sl_tensors_create(&older), SL_OK);
    static const char *const keys[] = {"format",     "kind",    "env",       "env_options",   "agent",    "n_agents",
                                       "role",       "obs_dim", "n_actions", "in_dim",        "agent_id", "cell",
                                       "activation", "hidden",  "layers",    "layer_norm",    "mask",     "flops",
                                       "n_bytes",    "run",     "seed",      "kat_tolerance", "blocks"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        assert_int_equal(sl_tensors_set_meta(older, keys[i], sl_tensors_meta(file, keys[i])), SL_OK);
    assert_int_equal(sl_profile_read("model", older, &read), SL_OK);
    assert_int_equal(read.arithmetic, 1);
    sl_tensors_destroy(&file);
    sl_tensors_destroy(&older);
}

static sl_status write_and_read(void *context) {
    sl_profile read;
    sl_tensors *file = NULL;
    SL_TRY(sl_tensors_create(&file));
    sl_status status = sl_profile_write(context, file);
    if (status == SL_OK) status = sl_profile_read("torture", file, &read);
    sl_tensors_destroy(&file);
    return status;
}

static void a_failed_allocation_is_an_error(void **state) {
    (void)state;
    sl_profile profile = example();
    assert_true(sl_torture(write_and_read, &profile) > 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_profile_comes_back_as_it_was),  cmocka_unit_test(a_file_without_a_profile_is_not_a_policy),
        cmocka_unit_test(every_bad_field_is_named),        cmocka_unit_test(arithmetic_of_answers),
        cmocka_unit_test(a_failed_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
