/* test_tensors.c - the .safetensors reader and writer: the layout byte by byte, round trips, every truncation, random
 * mutations, foreign and hostile headers, failed memory. */
#include "common/alloc.h"
#include "common/rng.h"
#include "storage/file.h"
#include "storage/tensors_file.h"
#include "support/temp_folder.h"
#include "support/torture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const float weights[6] = {0.0f, 1.0f, -2.5f, 3e-30f, 4.0f, 5.0f};
static const double moments[2] = {1.0 / 3.0, -1e300};
static const int32_t actions[3] = {0, -1, 2147483647};
static const uint8_t flags[5] = {0, 1, 2, 254, 255};

static sl_status fill(sl_tensors *file) {
    SL_TRY(sl_tensors_add(file, "flags", SL_U8, 1, (const int64_t[]){5}, flags));
    SL_TRY(sl_tensors_add(file, "policy.head.weight", SL_F32, 2, (const int64_t[]){2, 3}, weights));
    SL_TRY(sl_tensors_add(file, "moments", SL_F64, 1, (const int64_t[]){2}, moments));
    SL_TRY(sl_tensors_add(file, "actions", SL_I32, 4, (const int64_t[]){1, 3, 1, 1}, actions));
    SL_TRY(sl_tensors_add(file, "step", SL_I64, 0, NULL, &(int64_t){-7}));
    SL_TRY(sl_tensors_add(file, "nothing", SL_F32, 2, (const int64_t[]){4, 0}, NULL));
    SL_TRY(sl_tensors_set_meta(file, "format", "1"));
    return sl_tensors_set_meta(file, "run", "quote \" slash \\ line \n umlaut \xc3\xa4");
}

static void make_bytes(uint8_t **bytes, size_t *n_bytes) {
    sl_tensors *file = NULL;
    assert_int_equal(sl_tensors_create(&file), SL_OK);
    assert_int_equal(fill(file), SL_OK);
    assert_int_equal(sl_tensors_encode(file, bytes, n_bytes), SL_OK);
    sl_tensors_destroy(&file);
    assert_null(file);
}

// header followed by n_data zero bytes, as a file
static sl_status decode_header(const char *header, size_t n_data) {
    uint8_t bytes[2048] = {0};
    size_t length = strlen(header);
    assert_true(8 + length + n_data <= sizeof bytes);
    bytes[0] = (uint8_t)length;
    bytes[1] = (uint8_t)(length >> 8);
    memcpy(bytes + 8, header, length);
    sl_tensors *file = NULL;
    sl_status status = sl_tensors_decode("a test", bytes, 8 + length + n_data, &file);
    assert_true((status == SL_OK) == (file != NULL));
    sl_tensors_destroy(&file);
    return status;
}

static void the_layout_is_that_of_safetensors(void **state) {
    (void)state;
    static const char expected[] = "\x88\0\0\0\0\0\0\0"
                                   "{\"__metadata__\":{\"a\":\"b\"},"
                                   "\"x\":{\"data_offsets\":[8,16],\"dtype\":\"F32\",\"shape\":[2,1]},"
                                   "\"y\":{\"data_offsets\":[0,8],\"dtype\":\"I64\",\"shape\":[]}}"
                                   "  "
                                   "\x02\x01\0\0\0\0\0\0"
                                   "\0\0\x80\x3f\0\0\0\xc0";
    sl_tensors *file = NULL;
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    assert_int_equal(sl_tensors_create(&file), SL_OK);
    assert_int_equal(sl_tensors_add(file, "x", SL_F32, 2, (const int64_t[]){2, 1}, (const float[]){1.0f, -2.0f}),
                     SL_OK);
    assert_int_equal(sl_tensors_add(file, "y", SL_I64, 0, NULL, &(int64_t){258}), SL_OK);
    assert_int_equal(sl_tensors_set_meta(file, "a", "b"), SL_OK);
    assert_int_equal(sl_tensors_encode(file, &bytes, &n_bytes), SL_OK);
    assert_int_equal(n_bytes, sizeof expected - 1);
    assert_memory_equal(bytes, expected, n_bytes);
    sl_free(bytes);
    sl_tensors_destroy(&file);
}

static void assert_same_tensor(const sl_tensors *file, const char *name, sl_dtype dtype, int64_t n,
                               const void *data) {
    const sl_tensor *tensor = NULL;
    assert_int_equal(sl_tensors_find(file, name, dtype, n, &tensor), SL_OK);
    assert_int_equal(tensor->n_bytes, (size_t)n * sl_dtype_bytes(dtype));
    assert_int_equal((uintptr_t)tensor->data % 64, 0);
    if (n) assert_memory_equal(tensor->data, data, tensor->n_bytes);
}

static void a_file_comes_back_as_it_was(void **state) {
    (void)state;
    uint8_t *bytes, *again;
    size_t n_bytes, n_again;
    make_bytes(&bytes, &n_bytes);
    sl_tensors *file = NULL;
    assert_int_equal(sl_tensors_decode("a test", bytes, n_bytes, &file), SL_OK);
    assert_int_equal(sl_tensors_count(file), 6);
    assert_string_equal(sl_tensors_what(file), "a test");
    assert_same_tensor(file, "policy.head.weight", SL_F32, 6, weights);
    assert_same_tensor(file, "moments", SL_F64, 2, moments);
    assert_same_tensor(file, "actions", SL_I32, 3, actions);
    assert_same_tensor(file, "flags", SL_U8, 5, flags);
    assert_same_tensor(file, "step", SL_I64, 1, &(int64_t){-7});
    assert_same_tensor(file, "nothing", SL_F32, 0, NULL);
    const sl_tensor *tensor;
    assert_int_equal(sl_tensors_find(file, "actions", SL_I32, -1, &tensor), SL_OK);
    assert_int_equal(tensor->n_dims, 4);
    assert_int_equal(tensor->dims[1], 3);
    assert_string_equal(sl_tensors_meta(file, "run"), "quote \" slash \\ line \n umlaut \xc3\xa4");
    assert_null(sl_tensors_meta(file, "none"));
    // the same content in another order of adding: the same bytes
    assert_int_equal(sl_tensors_encode(file, &again, &n_again), SL_OK);
    assert_int_equal(n_again, n_bytes);
    assert_memory_equal(again, bytes, n_bytes);
    sl_free(again);
    sl_free(bytes);
    sl_tensors_destroy(&file);
}

static void find_says_what_does_not_match(void **state) {
    (void)state;
    uint8_t *bytes;
    size_t n_bytes;
    make_bytes(&bytes, &n_bytes);
    sl_tensors *file = NULL;
    const sl_tensor *tensor = (const sl_tensor *)(const void *)bytes;
    assert_int_equal(sl_tensors_decode("model.st", bytes, n_bytes, &file), SL_OK);
    assert_int_equal(sl_tensors_find(file, "bias", SL_F32, -1, &tensor), SL_MISMATCH);
    assert_string_equal(sl_error_what(), "model.st has no tensor 'bias'");
    assert_int_equal(sl_tensors_find(file, "moments", SL_F32, -1, &tensor), SL_MISMATCH);
    assert_string_equal(sl_error_what(), "model.st: tensor 'moments' is F64, not F32");
    assert_int_equal(sl_tensors_find(file, "moments", SL_F64, 3, &tensor), SL_MISMATCH);
    assert_string_equal(sl_error_what(), "model.st: tensor 'moments' has 2 elements, not 3");
    assert_ptr_equal(tensor, bytes);
    sl_free(bytes);
    sl_tensors_destroy(&file);
}

static void metadata_is_set_again_and_has_to_be_utf8(void **state) {
    (void)state;
    static const char *const bad[] = {"\x80", "a\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80"};
    sl_tensors *file = NULL;
    assert_int_equal(sl_tensors_create(&file), SL_OK);
    assert_int_equal(sl_tensors_set_meta(file, "k", "one"), SL_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(sl_tensors_set_meta(file, "k", bad[i]), SL_CONFIG);
    }
    assert_string_equal(sl_tensors_meta(file, "k"), "one");
    assert_int_equal(sl_tensors_set_meta(file, "k", "\xf0\x9f\x90\xa6 \xe2\x82\xac"), SL_OK);
    assert_string_equal(sl_tensors_meta(file, "k"), "\xf0\x9f\x90\xa6 \xe2\x82\xac");
    sl_tensors_destroy(&file);
}

static void every_truncation_is_refused(void **state) {
    (void)state;
    uint8_t *bytes;
    size_t n_bytes;
    make_bytes(&bytes, &n_bytes);
    for (size_t n = 0; n < n_bytes; n++) {
        // a block of exactly that size, so that a sanitizer sees a read past its end
        uint8_t *cut = sl_alloc_copy(bytes, n);
        assert_non_null(cut);
        sl_tensors *file = NULL;
        assert_int_equal(sl_tensors_decode("cut", cut, n, &file), SL_CORRUPT);
        assert_null(file);
        sl_free(cut);
    }
    sl_free(bytes);
}

static void random_mutations_are_refused_or_read(void **state) {
    (void)state;
    uint8_t *original, *bytes;
    size_t n_bytes;
    make_bytes(&original, &n_bytes);
    bytes = sl_alloc(n_bytes);
    assert_non_null(bytes);
    sl_rng rng = sl_rng_seed(2);
    int n_ok = 0;
    for (int i = 0; i < 100000; i++) {
        memcpy(bytes, original, n_bytes);
        uint32_t n_changes = 1 + sl_rng_below(&rng, 3);
        for (uint32_t k = 0; k < n_changes; k++) {
            uint32_t at = sl_rng_below(&rng, (uint32_t)n_bytes);
            bytes[at] =
                sl_rng_below(&rng, 2) ? (uint8_t)sl_rng_u64(&rng) : bytes[sl_rng_below(&rng, (uint32_t)n_bytes)];
        }
        sl_tensors *file = NULL;
        sl_status status = sl_tensors_decode("mutant", bytes, n_bytes, &file);
        if (status == SL_OK) {
            size_t total = 0;
            for (int k = 0; k < sl_tensors_count(file); k++) total += sl_tensors_at(file, k)->n_bytes;
            assert_true(total < n_bytes);
            n_ok++;
        } else {
            assert_int_equal(status, SL_CORRUPT);
        }
        sl_tensors_destroy(&file);
    }
    assert_in_range(n_ok, 1000, 99000);
    sl_free(bytes);
    sl_free(original);
}

#define TENSOR(dtype, shape, begin, end)                                                                             \
    "{\"t\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}}"

static void hostile_headers_are_refused(void **state) {
    (void)state;
    // the control: this one is well-formed
    assert_int_equal(decode_header(TENSOR("\"F32\"", "[2]", "0", "8"), 8), SL_OK);
    assert_int_equal(decode_header("{}", 0), SL_OK);
    static const char *const headers[] = {
        "",
        "[]",
        "null",
        "{",
        "{}}",
        "{} x",
        TENSOR("\"F16\"", "[4]", "0", "8"),
        TENSOR("7", "[2]", "0", "8"),
        TENSOR("\"F32\"", "2", "0", "8"),
        TENSOR("\"F32\"", "[2.0]", "0", "8"),
        TENSOR("\"F32\"", "[-2]", "0", "8"),
        TENSOR("\"F32\"", "[3]", "0", "8"),
        TENSOR("\"F32\"", "[1,1,1,1,2]", "0", "8"),
        TENSOR("\"F32\"", "[2]", "0", "12"),
        TENSOR("\"F32\"", "[2]", "1", "9"),
        TENSOR("\"F32\"", "[1]", "0", "4"),
        TENSOR("\"F32\"", "[1]", "4", "8"),
        TENSOR("\"F32\"", "[2]", "8", "0"),
        TENSOR("\"F32\"", "[2]", "-8", "0"),
        TENSOR("\"F32\"", "[2]", "0", "8,8"),
        // products that wrap around to 8 bytes
        TENSOR("\"F32\"", "[4611686018427387906]", "0", "8"),
        TENSOR("\"F32\"", "[2147483648,2147483648,2,2]", "0", "8"),
        TENSOR("\"F32\"", "[0,9223372036854775807,9223372036854775807]", "0", "0"),
        TENSOR("\"F32\"", "[99999999999999999999]", "0", "8"),
        TENSOR("\"F32\"", "[2]", "18446744073709551608", "18446744073709551616"),
        // overlap, hole, twice the same name, a missing and a foreign member, metadata that is no text
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
        "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},"
        "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
        "\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
        "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1}}",
        "{\"__metadata__\":{\"a\":1},\"t\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"__metadata__\":[],\"t\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"a234567890123456789012345678901234567890123456789012345678901234\":"
        "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"a\\u0000b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        if (decode_header(headers[i], 8) != SL_CORRUPT) fail_msg("header %zu was accepted: %s", i, headers[i]);
        assert_non_null(strstr(sl_error_what(), "a test"));
    }
}

static void a_header_longer_than_the_file_is_refused(void **state) {
    (void)state;
    sl_tensors *file = NULL;
    static const uint8_t lengths[][8] = {{3, 0, 0, 0, 0, 0, 0, 0},
                                         {0, 0, 0, 1, 0, 0, 0, 0},
                                         {255, 255, 255, 255, 255, 255, 255, 255},
                                         {248, 255, 255, 255, 255, 255, 255, 255}};
    for (size_t i = 0; i < 4; i++) {
        uint8_t bytes[10] = {[8] = '{', [9] = '}'};
        memcpy(bytes, lengths[i], 8);
        assert_int_equal(sl_tensors_decode("long", bytes, sizeof bytes, &file), SL_CORRUPT);
    }
    assert_null(file);
}

static void deep_nesting_is_refused(void **state) {
    (void)state;
    static uint8_t bytes[8 + 60000];
    sl_tensors *file = NULL;
    memset(bytes + 8, '[', 60000);
    bytes[0] = 60000 & 255;
    bytes[1] = 60000 >> 8;
    assert_int_equal(sl_tensors_decode("deep", bytes, sizeof bytes, &file), SL_CORRUPT);
}

static void files_are_saved_and_loaded(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    const char *path = sl_temp_folder_file(&folder, "m.safetensors");
    sl_tensors *file = NULL, *loaded = NULL;
    assert_int_equal(sl_tensors_load(path, &loaded), SL_NOT_FOUND);
    assert_int_equal(sl_tensors_create(&file), SL_OK);
    assert_int_equal(fill(file), SL_OK);
    assert_int_equal(sl_tensors_save(file, path), SL_OK);
    assert_int_equal(sl_tensors_load(path, &loaded), SL_OK);
    assert_same_tensor(loaded, "moments", SL_F64, 2, moments);
    assert_string_equal(sl_tensors_what(loaded), path);
    sl_tensors_destroy(&loaded);
    assert_int_equal(sl_file_replace(path, "not a model", 11), SL_OK);
    assert_int_equal(sl_tensors_load(path, &loaded), SL_CORRUPT);
    assert_non_null(strstr(sl_error_what(), path));
    sl_tensors_destroy(&file);
    sl_temp_folder_remove(&folder);
}

static sl_status encode_and_decode(void *context) {
    (void)context;
    sl_tensors *file = NULL, *copy = NULL;
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    SL_TRY(sl_tensors_create(&file));
    sl_status status = fill(file);
    if (status == SL_OK) status = sl_tensors_encode(file, &bytes, &n_bytes);
    if (status == SL_OK) status = sl_tensors_decode("torture", bytes, n_bytes, &copy);
    sl_free(bytes);
    sl_tensors_destroy(&file);
    sl_tensors_destroy(&copy);
    return status;
}

static void a_failed_allocation_is_an_error_and_no_leak(void **state) {
    (void)state;
    assert_true(sl_torture(encode_and_decode, NULL) > 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_layout_is_that_of_safetensors),
        cmocka_unit_test(a_file_comes_back_as_it_was),
        cmocka_unit_test(find_says_what_does_not_match),
        cmocka_unit_test(metadata_is_set_again_and_has_to_be_utf8),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(random_mutations_are_refused_or_read),
        cmocka_unit_test(hostile_headers_are_refused),
        cmocka_unit_test(a_header_longer_than_the_file_is_refused),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(files_are_saved_and_loaded),
        cmocka_unit_test(a_failed_allocation_is_an_error_and_no_leak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
