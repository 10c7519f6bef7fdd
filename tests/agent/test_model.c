/* test_model.c - what the agent refuses to fly, and that it says why. */
#include "agent/model.h"
#include "common/alloc.h"
#include "common/rng.h"
#include "storage/file.h"
#include "student_file.h"
#include "support/temp_folder.h"
#include "support/torture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static sl_kernel kernel;
static const sl_net_def gru_16 = {.in_dim = 18, .hidden = 16, .out_dim = 5, .n_layers = 1, .cell = SL_CELL_GRU};

static sl_status decode(const sl_student_file *student) {
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    sl_model model;
    sl_student_file_encode(student, &bytes, &n_bytes);
    sl_status status = sl_model_decode("s.safetensors", bytes, n_bytes, &kernel, &model);
    sl_free(bytes);
    return status;
}

static void expect_refusal(const sl_student_file *student, sl_status status, const char *what, const char *hint) {
    assert_int_equal(decode(student), status);
    if (!strstr(sl_error_what(), what)) fail_msg("'%s' does not say '%s'", sl_error_what(), what);
    assert_non_null(strstr(sl_error_what(), "s.safetensors"));
    if (!hint) return;
    assert_non_null(sl_error_hint());
    if (!strstr(sl_error_hint(), hint)) fail_msg("'%s' does not hint '%s'", sl_error_hint(), hint);
}

static void takes_a_student(void **state) {
    (void)state;
    sl_student_file student;
    sl_student_file_init(&student, &gru_16, 1);
    assert_int_equal(decode(&student), SL_OK);
    assert_int_equal(kernel.obs_dim, 18);
    assert_true(kernel.gru);
    for (int j = 0; j < 16; j++) assert_true(kernel.h[j] == 0.0f);
    sl_student_file_fini(&student);
}

static void refuses_another_kind_or_size(void **state) {
    (void)state;
    sl_student_file student;
    sl_net_def def = gru_16;
    def.hidden = 32;
    sl_student_file_init(&student, &def, 1);
    expect_refusal(&student, SL_MISMATCH, "hidden size 32", "starling-agent-32");
    sl_student_file_fini(&student);
    def.hidden = 24;
    sl_student_file_init(&student, &def, 1);
    expect_refusal(&student, SL_MISMATCH, "hidden size 24", "16, 32, 64");
    sl_student_file_fini(&student);
    def = gru_16;
    def.in_dim = 513;
    sl_student_file_init(&student, &def, 1);
    expect_refusal(&student, SL_MISMATCH, "513 observed features", NULL);
    sl_student_file_fini(&student);
    sl_student_file_init(&student, &gru_16, 1);
    memcpy(student.profile.kind, "teacher", 8);
    expect_refusal(&student, SL_MISMATCH, "is a teacher", "students/");
    memcpy(student.profile.kind, "student", 8);
    student.profile.agent_id = true;
    student.profile.obs_dim = 15;
    student.profile.blocks[0].len = 15;
    expect_refusal(&student, SL_MISMATCH, "agent id", NULL);
    sl_student_file_fini(&student);
}

static void refuses_wrong_tensors(void **state) {
    (void)state;
    sl_student_file student;
    sl_student_file_init(&student, &gru_16, 1);
    student.leave_out = "gru.bias_hh";
    expect_refusal(&student, SL_MISMATCH, "policy.gru.bias_hh", NULL);
    student.leave_out = NULL;
    student.transpose = "gru.weight_ih";
    expect_refusal(&student, SL_MISMATCH, "policy.gru.weight_ih is not (16, 48)", NULL);
    student.transpose = NULL;
    student.spoil = "head.bias";
    expect_refusal(&student, SL_CORRUPT, "policy.head.bias", NULL);
    student.spoil = NULL;
    student.profile.n_actions = 4;
    expect_refusal(&student, SL_MISMATCH, "policy.head.weight", NULL);
    sl_student_file_fini(&student);
}

static void refuses_a_wrong_answer(void **state) {
    (void)state;
    sl_student_file student;
    sl_student_file_init(&student, &gru_16, 1);
    student.wrong_answer = true;
    expect_refusal(&student, SL_MISMATCH, "known-answer test at step 3", "do not fly it");
    // one bit is within a stated tolerance
    student.profile.kat_tolerance = 1e-3;
    assert_int_equal(decode(&student), SL_OK);
    sl_student_file_fini(&student);
}

// another arithmetic differs by rounding: 1e-5 of the largest logit, or what the profile allows if that is more
static void takes_another_arithmetic_within_rounding(void **state) {
    (void)state;
    sl_student_file student;
    sl_student_file_init(&student, &gru_16, 1);
    for (int arithmetic = 1; arithmetic <= 3; arithmetic += 2) {
        student.profile.arithmetic = arithmetic;
        student.wrong_answer = true;
        assert_int_equal(decode(&student), SL_OK);
        student.wrong_answer = false;
        // a weight that changed by a thousandth is not rounding
        student.wrong_weight = true;
        expect_refusal(&student, SL_MISMATCH, "known-answer test", "do not fly it");
        student.wrong_weight = false;
    }
    sl_student_file_fini(&student);
}

static void refuses_each_cut_and_survives_noise(void **state) {
    (void)state;
    sl_student_file student;
    sl_net_def def = {.in_dim = 2, .hidden = 16, .out_dim = 2, .n_layers = 1};
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    sl_model model;
    sl_student_file_init(&student, &def, 1);
    sl_student_file_encode(&student, &bytes, &n_bytes);
    for (size_t n = 0; n < n_bytes; n++)
        assert_int_not_equal(sl_model_decode("cut", bytes, n, &kernel, &model), SL_OK);
    // a changed byte is refused, or is one that the student does not depend on
    sl_rng rng = sl_rng_seed(3);
    int n_taken = 0;
    for (int i = 0; i < 5000; i++) {
        size_t at = sl_rng_below(&rng, (uint32_t)n_bytes);
        uint8_t kept = bytes[at];
        bytes[at] ^= (uint8_t)(1u << sl_rng_below(&rng, 8));
        n_taken += sl_model_decode("noise", bytes, n_bytes, &kernel, &model) == SL_OK;
        bytes[at] = kept;
    }
    assert_in_range(n_taken, 0, 2500);
    sl_free(bytes);
    sl_student_file_fini(&student);
}

typedef struct path_and_file {
    const char *path;
} path_and_file;

static sl_status load(void *context) {
    const path_and_file *from = context;
    sl_model model;
    return sl_model_load(from->path, &kernel, &model);
}

static void loads_a_file_or_says_why_not(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    sl_student_file student;
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    sl_model model;
    path_and_file from = {sl_temp_folder_file(&folder, "student.safetensors")};
    assert_int_equal(sl_model_load(from.path, &kernel, &model), SL_NOT_FOUND);
    sl_student_file_init(&student, &gru_16, 1);
    sl_student_file_encode(&student, &bytes, &n_bytes);
    assert_int_equal(sl_file_replace(from.path, bytes, n_bytes), SL_OK);
    assert_int_equal(sl_model_load(from.path, &kernel, &model), SL_OK);
    char sha256[65];
    sl_file_sha256(bytes, n_bytes, sha256);
    assert_string_equal(model.sha256, sha256);
    assert_string_equal(model.profile.env, "mpe/simple_spread_v3");
    // each allocation fails in turn
    assert_true(sl_torture(load, &from) > 0);
    sl_free(bytes);
    sl_student_file_fini(&student);
    sl_temp_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_student),
        cmocka_unit_test(refuses_another_kind_or_size),
        cmocka_unit_test(refuses_wrong_tensors),
        cmocka_unit_test(refuses_a_wrong_answer),
        cmocka_unit_test(takes_another_arithmetic_within_rounding),
        cmocka_unit_test(refuses_each_cut_and_survives_noise),
        cmocka_unit_test(loads_a_file_or_says_why_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
