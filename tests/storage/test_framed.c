/* test_framed.c - the record log: known CRCs, TFRecord's bytes, torn tails, damage, a full disk, failed memory. */
#include "common/alloc.h"
#include "common/rng.h"
#include "storage/crc32c.h"
#include "storage/file.h"
#include "storage/framed.h"
#include "support/temp_folder.h"
#include "support/torture.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX_RECORD = 4096, MAX_LOG = 1 << 20 };

static sl_temp_folder folder;
static char path[SL_TEMP_PATH + 16];

static int setup(void **state) {
    (void)state;
    folder = sl_temp_folder_create();
    snprintf(path, sizeof path, "%s/log", folder.path);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    sl_temp_folder_remove(&folder);
    return 0;
}

static sl_framed *open_log(void) {
    sl_framed *log = NULL;
    assert_int_equal(sl_framed_open(path, MAX_LOG, MAX_RECORD, &log), SL_OK);
    return log;
}

static size_t read_whole(uint8_t *bytes, size_t size) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t n = fread(bytes, 1, size, file);
    fclose(file);
    return n;
}

static void assert_record(sl_framed *log, int64_t i, const char *expected) {
    const uint8_t *bytes;
    size_t n_bytes;
    assert_int_equal(sl_framed_read(log, i, &bytes, &n_bytes), SL_OK);
    assert_int_equal(n_bytes, strlen(expected));
    assert_memory_equal(bytes, expected, n_bytes);
}

static const char *const three[] = {"first", "", "the third record"};
static const int64_t three_ends[] = {0, 21, 37, 69};

static void write_three(void) {
    sl_framed *log = open_log();
    for (int i = 0; i < 3; i++) assert_int_equal(sl_framed_append(log, three[i], strlen(three[i])), SL_OK);
    assert_int_equal(sl_framed_sync(log), SL_OK);
    sl_framed_close(&log);
    assert_null(log);
    uint8_t whole[128];
    assert_int_equal(read_whole(whole, sizeof whole), 69);
}

static void crc32c_gives_the_known_values(void **state) {
    (void)state;
    // RFC 3720, appendix B.4, and the customary check value
    uint8_t bytes[32];
    uint32_t (*const both[])(const void *, size_t) = {sl_crc32c, sl_crc32c_ref};
    for (int k = 0; k < 2; k++) {
        assert_int_equal(both[k]("123456789", 9), 0xe3069283u);
        memset(bytes, 0, 32);
        assert_int_equal(both[k](bytes, 32), 0x8a9136aau);
        memset(bytes, 0xff, 32);
        assert_int_equal(both[k](bytes, 32), 0x62a8ab43u);
        for (int i = 0; i < 32; i++) bytes[i] = (uint8_t)i;
        assert_int_equal(both[k](bytes, 32), 0x46dd794eu);
        assert_int_equal(both[k]("", 0), 0);
    }
}

static void crc32c_equals_its_twin(void **state) {
    (void)state;
    uint8_t bytes[300];
    sl_rng rng = sl_rng_seed(1);
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)sl_rng_u64(&rng);
    for (size_t begin = 0; begin < 9; begin++) {
        for (size_t end = begin; end < sizeof bytes; end++) {
            assert_int_equal(sl_crc32c(bytes + begin, end - begin), sl_crc32c_ref(bytes + begin, end - begin));
        }
    }
}

static void a_record_has_the_bytes_of_a_tfrecord(void **state) {
    (void)state;
    sl_framed *log = open_log();
    assert_int_equal(sl_framed_append(log, "123456789", 9), SL_OK);
    sl_framed_close(&log);
    uint8_t bytes[64];
    assert_int_equal(read_whole(bytes, sizeof bytes), 25);
    const uint8_t length[8] = {9, 0, 0, 0, 0, 0, 0, 0};
    assert_memory_equal(bytes, length, 8);
    assert_memory_equal(bytes + 12, "123456789", 9);
    // crc32c("123456789") = e3069283; rotated right by 15: 2507c60d; plus a282ead8: c78ab0e5
    const uint8_t foot[4] = {0xe5, 0xb0, 0x8a, 0xc7};
    assert_memory_equal(bytes + 21, foot, 4);
}

static void records_are_read_back_after_reopening(void **state) {
    (void)state;
    write_three();
    sl_framed *log = open_log();
    assert_int_equal(sl_framed_count(log), 3);
    assert_int_equal(sl_framed_cut_bytes(log), 0);
    for (int i = 2; i >= 0; i--) assert_record(log, i, three[i]);
    assert_int_equal(sl_framed_append(log, "fourth", 6), SL_OK);
    assert_record(log, 3, "fourth");
    assert_record(log, 0, "first");
    sl_framed_close(&log);
}

static void a_log_of_thousands_keeps_its_index(void **state) {
    (void)state;
    sl_framed *log = open_log();
    char text[32];
    for (int i = 0; i < 3000; i++) {
        snprintf(text, sizeof text, "record %d", i);
        assert_int_equal(sl_framed_append(log, text, strlen(text)), SL_OK);
    }
    sl_framed_close(&log);
    log = open_log();
    assert_int_equal(sl_framed_count(log), 3000);
    for (int i = 0; i < 3000; i += 7) {
        snprintf(text, sizeof text, "record %d", i);
        assert_record(log, i, text);
    }
    sl_framed_close(&log);
}

static void a_log_cut_at_any_byte_keeps_its_whole_records(void **state) {
    (void)state;
    uint8_t bytes[128];
    write_three();
    size_t n_bytes = read_whole(bytes, sizeof bytes);
    assert_int_equal(n_bytes, 69);
    for (size_t cut = 0; cut <= n_bytes; cut++) {
        int whole = 0;
        while (whole < 3 && three_ends[whole + 1] <= (int64_t)cut) whole++;
        (void)sl_temp_folder_write(&folder, "log", bytes, cut);
        // a reader leaves the file alone
        sl_framed *log = NULL;
        assert_int_equal(sl_framed_open_read(path, MAX_RECORD, &log), SL_OK);
        assert_int_equal(sl_framed_count(log), whole);
        assert_int_equal(sl_framed_append(log, "x", 1), SL_IO);
        sl_framed_close(&log);
        uint8_t again[128];
        assert_int_equal(read_whole(again, sizeof again), cut);
        // a writer cuts the tail and goes on
        log = open_log();
        assert_int_equal(sl_framed_count(log), whole);
        assert_int_equal(sl_framed_cut_bytes(log), (int64_t)cut - three_ends[whole]);
        assert_int_equal(sl_framed_append(log, "next", 4), SL_OK);
        for (int i = 0; i < whole; i++) assert_record(log, i, three[i]);
        sl_framed_close(&log);
        log = open_log();
        assert_int_equal(sl_framed_count(log), whole + 1);
        assert_int_equal(sl_framed_cut_bytes(log), 0);
        assert_record(log, whole, "next");
        sl_framed_close(&log);
    }
}

static void a_tail_of_zeros_is_torn(void **state) {
    (void)state;
    static uint8_t bytes[10000];
    write_three();
    assert_int_equal(read_whole(bytes, 69), 69);
    // the third record's data never reached the disk, but the file's size did
    memset(bytes + 50, 0, sizeof bytes - 50);
    (void)sl_temp_folder_write(&folder, "log", bytes, sizeof bytes);
    sl_framed *log = open_log();
    assert_int_equal(sl_framed_count(log), 2);
    assert_int_equal(sl_framed_cut_bytes(log), (int64_t)sizeof bytes - 37);
    sl_framed_close(&log);
}

static void a_flipped_bit_is_found(void **state) {
    (void)state;
    uint8_t bytes[128], after[128];
    write_three();
    size_t n_bytes = read_whole(bytes, sizeof bytes);
    for (size_t bit = 0; bit < 8 * n_bytes; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        (void)sl_temp_folder_write(&folder, "log", bytes, n_bytes);
        sl_framed *log = NULL;
        sl_status status = sl_framed_open(path, MAX_LOG, MAX_RECORD, &log);
        size_t at = bit / 8;
        if (at >= 37 + 12) {
            // in the bytes of the last record: it may be torn
            assert_int_equal(status, SL_OK);
            assert_int_equal(sl_framed_count(log), 2);
        } else {
            // before the tail: refused, and not a byte of the file is touched
            assert_int_equal(status, SL_CORRUPT);
            assert_null(log);
            assert_int_equal(read_whole(after, sizeof after), n_bytes);
            assert_memory_equal(after, bytes, n_bytes);
        }
        sl_framed_close(&log);
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
}

static void damage_after_opening_is_found_by_the_read(void **state) {
    (void)state;
    write_three();
    sl_framed *log = open_log();
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 14, SEEK_SET), 0);
    assert_int_equal(fputc('X', file), 'X');
    fclose(file);
    const uint8_t *bytes;
    size_t n_bytes;
    assert_int_equal(sl_framed_read(log, 0, &bytes, &n_bytes), SL_CORRUPT);
    assert_record(log, 2, three[2]);
    assert_int_equal(truncate(path, 40), 0);
    assert_int_equal(sl_framed_read(log, 2, &bytes, &n_bytes), SL_CORRUPT);
    sl_framed_close(&log);
}

static void bounds_are_kept(void **state) {
    (void)state;
    sl_framed *log = NULL;
    assert_int_equal(sl_framed_open(path, 40, 20, &log), SL_OK);
    static const uint8_t bytes[32];
    assert_int_equal(sl_framed_append(log, bytes, 21), SL_FULL);
    assert_int_equal(sl_framed_append(log, bytes, 20), SL_OK);
    assert_int_equal(sl_framed_append(log, bytes, 0), SL_FULL);
    assert_int_equal(sl_framed_count(log), 1);
    uint8_t whole[64];
    assert_int_equal(read_whole(whole, sizeof whole), 36);
    sl_framed_close(&log);
    // a record larger than this program ever writes is not allocated for
    assert_int_equal(sl_framed_open(path, 40, 19, &log), SL_CORRUPT);
    assert_null(log);
}

static void a_log_has_one_writer(void **state) {
    (void)state;
    sl_framed *log = open_log(), *second = NULL;
    assert_int_equal(sl_framed_open(path, MAX_LOG, MAX_RECORD, &second), SL_IO);
    assert_non_null(sl_error_hint());
    assert_int_equal(sl_framed_open_read(path, MAX_RECORD, &second), SL_OK);
    sl_framed_close(&second);
    sl_framed_close(&log);
    log = open_log();
    sl_framed_close(&log);
    assert_int_equal(sl_framed_open_read(sl_temp_folder_file(&folder, "none"), MAX_RECORD, &log), SL_NOT_FOUND);
    assert_int_equal(sl_framed_open(folder.path, MAX_LOG, MAX_RECORD, &log), SL_IO);
    assert_int_equal(sl_framed_open_read("/dev/zero", MAX_RECORD, &log), SL_CORRUPT);
}

// at every possible size limit: either the record is there whole, or the log is as before
static void a_full_disk_leaves_the_log_as_before(void **state) {
    (void)state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    for (rlim_t size = 69; size <= 69 + 16 + 10; size++) {
        (void)unlink(path);
        write_three();
        sl_framed *log = open_log();
        struct rlimit limit = {.rlim_cur = size, .rlim_max = before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        sl_status status = sl_framed_append(log, "0123456789", 10);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        int64_t expected = size < 69 + 26 ? 3 : 4;
        assert_int_equal(status, expected == 3 ? SL_NO_SPACE : SL_OK);
        assert_int_equal(sl_framed_count(log), expected);
        uint8_t bytes[128];
        assert_int_equal(read_whole(bytes, sizeof bytes), expected == 3 ? 69 : 95);
        // space came back
        assert_int_equal(sl_framed_append(log, "later", 5), SL_OK);
        assert_record(log, expected, "later");
        sl_framed_close(&log);
    }
    signal(SIGXFSZ, handler);
}

static void random_mutations_are_refused_or_read(void **state) {
    (void)state;
    uint8_t original[128], bytes[128];
    write_three();
    size_t n_bytes = read_whole(original, sizeof original);
    sl_rng rng = sl_rng_seed(3);
    int n_ok = 0;
    for (int i = 0; i < 20000; i++) {
        memcpy(bytes, original, n_bytes);
        uint32_t n_changes = 1 + sl_rng_below(&rng, 4);
        for (uint32_t k = 0; k < n_changes; k++) {
            bytes[sl_rng_below(&rng, (uint32_t)n_bytes)] = (uint8_t)sl_rng_u64(&rng);
        }
        (void)sl_temp_folder_write(&folder, "log", bytes, n_bytes - sl_rng_below(&rng, 3));
        sl_framed *log = NULL;
        sl_status status = sl_framed_open_read(path, MAX_RECORD, &log);
        if (status == SL_OK) {
            for (int64_t r = 0; r < sl_framed_count(log); r++) assert_record(log, r, three[r]);
            n_ok++;
        } else {
            assert_int_equal(status, SL_CORRUPT);
        }
        sl_framed_close(&log);
    }
    // both outcomes were seen
    assert_in_range(n_ok, 100, 19900);
}

static sl_status whole_life(void *context) {
    (void)context;
    const uint8_t *bytes;
    size_t n_bytes;
    sl_framed *log = NULL;
    SL_TRY(sl_framed_open(path, MAX_LOG, MAX_RECORD, &log));
    int64_t count = sl_framed_count(log);
    sl_status status = sl_framed_append(log, "tortured", 8);
    // a failed append changed nothing
    if (status != SL_OK && sl_framed_count(log) != count) status = SL_CHECK;
    if (status == SL_OK) status = sl_framed_read(log, 0, &bytes, &n_bytes);
    sl_framed_close(&log);
    return status;
}

static void a_failed_allocation_changes_nothing(void **state) {
    (void)state;
    assert_true(sl_torture(whole_life, NULL) >= 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc32c_gives_the_known_values),
        cmocka_unit_test(crc32c_equals_its_twin),
        cmocka_unit_test_setup_teardown(a_record_has_the_bytes_of_a_tfrecord, setup, teardown),
        cmocka_unit_test_setup_teardown(records_are_read_back_after_reopening, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_of_thousands_keeps_its_index, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_cut_at_any_byte_keeps_its_whole_records, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tail_of_zeros_is_torn, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flipped_bit_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_after_opening_is_found_by_the_read, setup, teardown),
        cmocka_unit_test_setup_teardown(bounds_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_has_one_writer, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_leaves_the_log_as_before, setup, teardown),
        cmocka_unit_test_setup_teardown(random_mutations_are_refused_or_read, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_allocation_changes_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
