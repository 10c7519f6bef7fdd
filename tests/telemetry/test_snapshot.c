/* test_snapshot.c - a block is read whole while it is written, and the writer is never kept waiting. */
#include "telemetry/snapshot.h"

#include "common/alloc.h"
#include "support/torture.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

enum { N = 512, ROUNDS = 2000 };

typedef struct block {
    uint64_t numbers[N];
} block;

typedef struct race {
    sl_snapshot *snapshot;
    atomic_bool over;
    int torn, seen;
} race;

static void *read_on(void *context) {
    race *self = context;
    static block copy;
    while (!atomic_load(&self->over)) {
        // the writer only tries: it shall find a gap
        (void)sched_yield();
        if (sl_snapshot_read(self->snapshot, &copy) == 0) continue;
        self->seen++;
        for (int i = 1; i < N; i++) self->torn += copy.numbers[i] != copy.numbers[0];
    }
    return NULL;
}

static void nobody_sees_half_a_block(void **state) {
    (void)state;
    race r = {.torn = 0};
    pthread_t reader;
    uint64_t before = 0, written = 0;
    atomic_init(&r.over, false);
    assert_int_equal(sl_snapshot_create(sizeof(block), &r.snapshot), SL_OK);
    assert_int_equal(pthread_create(&reader, NULL, read_on, &r), 0);
    before = sl_alloc_count();
    for (uint64_t k = 1; written < ROUNDS; k++) {
        block *at = sl_snapshot_begin(r.snapshot);
        if (!at) {
            (void)sched_yield();
            continue;
        }
        written++;
        for (int i = 0; i < N; i++) at->numbers[i] = k;
        sl_snapshot_end(r.snapshot);
    }
    assert_true(sl_alloc_count() == before);
    atomic_store(&r.over, true);
    assert_int_equal(pthread_join(reader, NULL), 0);
    assert_int_equal(r.torn, 0);
    sl_snapshot_destroy(&r.snapshot);
}

static void what_was_written_is_there_until_the_next(void **state) {
    (void)state;
    sl_snapshot *snapshot = NULL;
    static block copy;
    assert_int_equal(sl_snapshot_create(sizeof(block), &snapshot), SL_OK);
    assert_true(sl_snapshot_read(snapshot, &copy) == 0);
    for (uint64_t k = 1; k < 4; k++) {
        block *at = sl_snapshot_begin(snapshot);
        assert_non_null(at);
        assert_true(at->numbers[5] == k - 1);
        at->numbers[5] = k;
        sl_snapshot_end(snapshot);
        assert_true(sl_snapshot_read(snapshot, &copy) > 0 && copy.numbers[5] == k);
    }
    sl_snapshot_destroy(&snapshot);
    sl_snapshot_destroy(&snapshot);
}

static sl_status live(void *context) {
    (void)context;
    sl_snapshot *snapshot = NULL;
    SL_TRY(sl_snapshot_create(64, &snapshot));
    sl_snapshot_destroy(&snapshot);
    return SL_OK;
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    assert_int_equal(sl_torture(live, NULL), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_sees_half_a_block),
        cmocka_unit_test(what_was_written_is_there_until_the_next),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
