/* test_link_counts.c - what links did, through a message and back, and what is not that. */
#include "net/link_counts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static sl_link_counts sample(void) {
    sl_link_counts counts = {.sent = 1,
                             .lost = 2,
                             .duplicated = 3,
                             .skipped = 4,
                             .decisions = 5,
                             .misses = 6,
                             .longest_run = 7,
                             .fallbacks = 8,
                             .divergent = 9,
                             .compared = 10};
    counts.observation_ages[0] = 11;
    counts.observation_ages[SL_LINKS_AGES - 1] = 12;
    counts.action_ages[3] = UINT64_C(1) << 60;
    return counts;
}

static void counts_come_back(void **state) {
    (void)state;
    sl_learn_message message = {.kind = SL_LEARN_DONE};
    const sl_link_counts counts = sample();
    sl_link_counts out;
    bool found = true;
    assert_int_equal(sl_link_counts_take(&message, &found, &out), SL_OK);
    assert_false(found);
    sl_link_counts_add(&counts, &message);
    // in the order in which they are documented
    const sl_wire_tensor *numbers = sl_learn_tensor(&message, SL_TENSOR_LINK_COUNTS);
    assert_int_equal(numbers->dims[0], 10);
    for (int64_t k = 0; k < 10; k++) assert_int_equal(((const int64_t *)numbers->data)[k], k + 1);
    memset(&out, 0x5a, sizeof out);
    assert_int_equal(sl_link_counts_take(&message, &found, &out), SL_OK);
    assert_true(found);
    assert_memory_equal(&out, &counts, sizeof out);
}

static void others_are_refused(void **state) {
    (void)state;
    const sl_link_counts counts = sample();
    sl_link_counts out;
    bool found = false;
    for (int i = 0; i < 2; i++) {
        sl_learn_message message = {.kind = SL_LEARN_DONE};
        sl_link_counts_add(&counts, &message);
        message.tensors[i].dims[message.tensors[i].n_dims - 1]--;
        assert_int_equal(sl_link_counts_take(&message, &found, &out), SL_MISMATCH);
        assert_non_null(strstr(sl_error_what(), i ? "LINK_COUNTS" : "LINK_AGES"));
        message.n_tensors = 1;
        message.tensors[0] = message.tensors[1];
        assert_int_equal(sl_link_counts_take(&message, &found, &out), SL_MISMATCH);
        assert_false(found);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_come_back),
        cmocka_unit_test(others_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
