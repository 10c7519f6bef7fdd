/* test_buffer.c - the expert buffer's bounds, samplers and survival: a log that is cut anywhere opens with the whole
 * episodes in front of the cut, and damage in front of the tail is named. */
#include "common/alloc.h"
#include "coordinator/buffer.h"
#include "storage/file.h"
#include "support/temp_folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

enum { T = 2, N = 1, O = 3, A = 2, H = 4 };

static const float floats[64] = {1, 2, 3, 4};
static const int32_t action[T * N] = {1, 0};
static const float obs_mask[N * O] = {1, 0, 1};

static sl_episode make_episode(uint64_t index) {
    return (sl_episode){.T = T,
                        .N = N,
                        .O = O,
                        .A = A,
                        .H = H,
                        .M = 1,
                        .index = index,
                        .ret = (double)index,
                        .obs = floats,
                        .obs_mask = obs_mask,
                        .action = action,
                        .logp = floats,
                        .value = floats,
                        .reward = floats,
                        .logits = floats,
                        .z = floats};
}

static sl_buffer_def make_def(const char *path) {
    return (sl_buffer_def){.path = path, .max_items = 100, .max_bytes = 1 << 20, .min_size = 1, .error_buffer = 1};
}

static void append(sl_buffer *buffer, int n) {
    for (int i = 0; i < n; i++) {
        sl_episode episode = make_episode(sl_buffer_next(buffer));
        assert_int_equal(sl_buffer_append(buffer, &episode), SL_OK);
    }
    assert_int_equal(sl_buffer_sync(buffer), SL_OK);
}

static void insert_all(sl_buffer *buffer) {
    while (sl_buffer_inserted(buffer) < sl_buffer_next(buffer)) sl_buffer_insert(buffer);
}

static void check_read(sl_buffer *buffer, uint64_t index) {
    sl_episode episode;
    void *memory = NULL;
    assert_int_equal(sl_buffer_read(buffer, index, &episode, &memory), SL_OK);
    assert_int_equal(episode.index, index);
    assert_true(episode.ret == (double)index);
    assert_int_equal(episode.T, T);
    assert_float_equal(episode.obs[3], 4.0f, 0);
    sl_free(memory);
}

static void test_reads_what_was_written(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    sl_buffer_def def = make_def(sl_temp_folder_file(&folder, "expert.log"));
    sl_buffer *buffer = NULL;
    assert_int_equal(sl_buffer_open(&def, &buffer), SL_OK);
    append(buffer, 5);
    assert_false(sl_buffer_may_sample(buffer));
    insert_all(buffer);
    assert_true(sl_buffer_may_sample(buffer));
    for (uint64_t e = 0; e < 5; e++) check_read(buffer, e);
    sl_episode episode;
    void *memory = NULL;
    assert_int_equal(sl_buffer_read(buffer, 5, &episode, &memory), SL_NOT_FOUND);
    sl_buffer_close(&buffer);
    // opened again: the log is there, the window starts empty and takes it up to a snapshot's count
    assert_int_equal(sl_buffer_open(&def, &buffer), SL_OK);
    assert_int_equal(sl_buffer_next(buffer), 5);
    assert_int_equal(sl_buffer_inserted(buffer), 0);
    sl_buffer_restore(buffer, 3, 17);
    assert_int_equal(sl_buffer_inserted(buffer), 3);
    uint64_t inserted = 0;
    int64_t samples = 0;
    sl_buffer_counts(buffer, &inserted, &samples);
    assert_int_equal(inserted, 3);
    assert_int_equal(samples, 17);
    check_read(buffer, 4);
    sl_buffer_close(&buffer);
    sl_temp_folder_remove(&folder);
}

static void test_samplers(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    sl_buffer_def def = make_def(sl_temp_folder_file(&folder, "expert.log"));
    def.max_items = 4;
    static const sl_exp_sampler samplers[] = {SL_EXP_UNIFORM, SL_EXP_FIFO, SL_EXP_LIFO};
    for (int s = 0; s < 3; s++) {
        sl_buffer *buffer = NULL;
        def.sampler = samplers[s];
        assert_int_equal(sl_buffer_open(&def, &buffer), SL_OK);
        if (s == 0) append(buffer, 10);
        insert_all(buffer);
        // the oldest left: 6, 7, 8, 9 are live
        sl_rng rng = sl_rng_seed(3);
        int seen[10] = {0};
        for (int k = 0; k < 400; k++) {
            uint64_t e = sl_buffer_pick(buffer, k, &rng);
            assert_in_range(e, 6, 9);
            seen[e]++;
            if (def.sampler == SL_EXP_FIFO) assert_int_equal(e, 6 + k % 4);
            if (def.sampler == SL_EXP_LIFO) assert_int_equal(e, 9 - k % 4);
        }
        for (int e = 6; e < 10; e++) assert_in_range(seen[e], 70, 130);
        sl_buffer_close(&buffer);
    }
    sl_temp_folder_remove(&folder);
}

// fifo: the window goes from the log's first episode to its last, and round again
static void check_window(sl_buffer *buffer) {
    uint64_t first = sl_buffer_first(buffer), n = sl_buffer_next(buffer) - first;
    sl_rng rng = sl_rng_seed(1);
    for (uint64_t k = 0; k <= n; k++) assert_int_equal(sl_buffer_pick(buffer, (int)k, &rng), first + k % n);
}

static void test_bounded_in_bytes(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    sl_buffer_def def = make_def(sl_temp_folder_file(&folder, "expert.log"));
    def.max_bytes = 4096;
    def.sampler = SL_EXP_FIFO;
    sl_buffer *buffer = NULL;
    assert_int_equal(sl_buffer_open(&def, &buffer), SL_OK);
    for (int i = 0; i < 60; i++) {
        append(buffer, 1);
        sl_buffer_insert(buffer);
        uint8_t *bytes = NULL;
        size_t n = 0;
        assert_int_equal(sl_file_read(def.path, 4096, &bytes, &n), SL_OK);
        sl_free(bytes);
    }
    assert_int_equal(sl_buffer_next(buffer), 60);
    assert_true(sl_buffer_first(buffer) > 0);
    assert_true(sl_buffer_first(buffer) <= 57);
    check_window(buffer);
    for (uint64_t e = sl_buffer_first(buffer); e < 60; e++) check_read(buffer, e);
    uint64_t first = sl_buffer_first(buffer);
    sl_buffer_close(&buffer);
    assert_int_equal(sl_buffer_open(&def, &buffer), SL_OK);
    assert_int_equal(sl_buffer_first(buffer), first);
    assert_int_equal(sl_buffer_next(buffer), 60);
    insert_all(buffer);
    check_window(buffer);
    sl_buffer_close(&buffer);
    // an episode that does not fit at all
    def.path = sl_temp_folder_file(&folder, "tiny.log");
    def.max_bytes = 64;
    assert_int_equal(sl_buffer_open(&def, &buffer), SL_OK);
    sl_episode episode = make_episode(0);
    assert_int_equal(sl_buffer_append(buffer, &episode), SL_FULL);
    sl_buffer_close(&buffer);
    sl_temp_folder_remove(&folder);
}

static void write_file(const char *path, const uint8_t *bytes, size_t n) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), n);
    (void)close(fd);
}

/* kill -9 at any byte: what was whole stays, and recording goes on behind it. */
static void test_cut_anywhere(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    sl_buffer_def def = make_def(sl_temp_folder_file(&folder, "expert.log"));
    sl_buffer *buffer = NULL;
    assert_int_equal(sl_buffer_open(&def, &buffer), SL_OK);
    append(buffer, 3);
    sl_buffer_close(&buffer);
    uint8_t *bytes = NULL;
    size_t n = 0;
    assert_int_equal(sl_file_read(def.path, 1 << 20, &bytes, &n), SL_OK);
    size_t record = n / 3;
    for (size_t cut = 0; cut <= n; cut++) {
        write_file(def.path, bytes, cut);
        assert_int_equal(sl_buffer_open(&def, &buffer), SL_OK);
        assert_in_range(sl_buffer_next(buffer), cut / (record + 4), cut / (record - 4));
        append(buffer, 1);
        check_read(buffer, sl_buffer_next(buffer) - 1);
        sl_buffer_close(&buffer);
    }
    // damage that is not a torn tail
    bytes[20] ^= 0x40;
    write_file(def.path, bytes, n);
    assert_int_equal(sl_buffer_open(&def, &buffer), SL_CORRUPT);
    assert_null(buffer);
    sl_free(bytes);
    sl_temp_folder_remove(&folder);
}

static void test_refuses(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    sl_buffer *buffer = NULL;
    sl_buffer_def def = make_def(sl_temp_folder_file(&folder, "expert.log"));
    def.max_items = 0;
    assert_int_equal(sl_buffer_open(&def, &buffer), SL_CONFIG);
    def.max_items = 10;
    def.min_size = 11;
    assert_int_equal(sl_buffer_open(&def, &buffer), SL_CONFIG);
    def.min_size = 0;
    assert_int_equal(sl_buffer_open(&def, &buffer), SL_CONFIG);
    // records that are not episodes, and episodes out of order
    def.min_size = 1;
    write_file(def.path, (const uint8_t *)"not a log of episodes at all, but some text", 43);
    assert_int_not_equal(sl_buffer_open(&def, &buffer), SL_OK);
    assert_null(buffer);
    sl_temp_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_what_was_written),
        cmocka_unit_test(test_samplers),
        cmocka_unit_test(test_bounded_in_bytes),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
