/* test_model_files.c - the students of a folder as requests carry them, with the signatures that lie beside them. */
#include "starling/run/model_files.h"

#include "common/alloc.h"
#include "storage/file.h"
#include "storage/sidecar.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sl_temp_folder folder;
static sl_run *run;
static sl_minisign_secret secret;

static int set_up(void **state) {
    (void)state;
    char words[2 * SL_TEMP_PATH];
    sl_minisign_public key;
    folder = sl_temp_folder_create();
    (void)snprintf(words, sizeof words, "cp -r " SL_SOURCE_DIR "/models/mpe/spread %s/models", folder.path);
    assert_int_equal(system(words), 0);
    assert_int_equal(sl_run_open(sl_temp_folder_file(&folder, "models"), &run), SL_OK);
    assert_int_equal(sl_run_load_policies(run, false, true), SL_OK);
    assert_int_equal(sl_minisign_make(&key, &secret), SL_OK);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    sl_run_close(&run);
    sl_temp_folder_remove(&folder);
    return 0;
}

static void sign(int agent) {
    char path[SL_RUN_PATH];
    assert_int_equal(sl_run_student_path(run, agent, path), SL_OK);
    assert_int_equal(sl_sidecar_write(&secret, path, "e", agent + 1), SL_OK);
}

static void carries_what_lies_there(void **state) {
    (void)state;
    sl_model_files files = {.n = 0};
    sl_learn_message request = {.kind = SL_LEARN_MODELS};
    assert_int_equal(sl_model_files_read(run, &files), SL_OK);
    sl_model_files_add(&files, &request);
    assert_int_equal(request.n_tensors, 2);
    assert_int_equal(sl_learn_tensor(&request, SL_TENSOR_POLICY_BYTES)->dims[0], 3);
    sl_model_files_fini(&files);
    // the second and the third are signed
    sign(1);
    sign(2);
    request = (sl_learn_message){.kind = SL_LEARN_MODELS};
    assert_int_equal(sl_model_files_read(run, &files), SL_OK);
    sl_model_files_add(&files, &request);
    const sl_wire_tensor *all = sl_learn_tensor(&request, SL_TENSOR_POLICY_SIGNATURES);
    const sl_wire_tensor *sizes = sl_learn_tensor(&request, SL_TENSOR_SIGNATURE_BYTES);
    assert_true(all && sizes && sizes->dims[0] == 3);
    const int64_t *n = sizes->data;
    assert_true(n[0] == 0 && n[1] > 0 && n[2] > 0 && n[1] + n[2] == all->dims[0]);
    sl_minisign_signature signature;
    assert_int_equal(sl_minisign_read_signature("s", (const char *)all->data + n[1], (size_t)n[2], &signature),
                     SL_OK);
    assert_string_equal(signature.comment, "version:3 file:agent-2.safetensors env:e");
    sl_model_files_fini(&files);
}

static void names_what_is_no_signature(void **state) {
    (void)state;
    static const char name[] = "models/students/agent-1.safetensors.minisig";
    char text[3000];
    uint8_t *bytes = NULL;
    size_t n = 0;
    sl_model_files files = {.n = 0};
    sign(1);
    assert_int_equal(sl_file_read(sl_temp_folder_file(&folder, name), 2048, &bytes, &n), SL_OK);
    (void)sl_temp_folder_write(&folder, name, bytes, n / 2);
    sl_free(bytes);
    assert_int_equal(sl_model_files_read(run, &files), SL_CORRUPT);
    assert_non_null(strstr(sl_error_what(), "/students/agent-1.safetensors.minisig: "));
    sl_model_files_fini(&files);
    memset(text, 'u', sizeof text);
    (void)sl_temp_folder_write(&folder, name, text, sizeof text);
    assert_int_equal(sl_model_files_read(run, &files), SL_CORRUPT);
    assert_non_null(
        strstr(sl_error_what(), "agent-1.safetensors.minisig has 3000 bytes, more than the 2048 allowed"));
    sl_model_files_fini(&files);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(carries_what_lies_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_what_is_no_signature, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
