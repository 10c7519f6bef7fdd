/* test_pool.c - every task once, always on the same thread, and the caller sees what the tasks wrote. */
#include "common/pool.h"
#include "support/heap_count.h"
#include "support/torture.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_TASKS = 1000, MAX_THREADS = 8 };

typedef struct ledger {
    int runs[MAX_TASKS], thread_of[MAX_TASKS]; /* by task; written by its thread only */
    pthread_t self_of[MAX_THREADS];            /* by thread index */
    long sums[MAX_THREADS];
} ledger;

static void enter(void *context, int task, int thread) {
    ledger *book = context;
    book->runs[task]++;
    book->thread_of[task] = thread;
    book->self_of[thread] = pthread_self();
    book->sums[thread] += task;
}

static void every_task_runs_once_on_its_thread(void **state) {
    (void)state;
    static const int task_counts[] = {0, 1, 2, 3, 7, 64, MAX_TASKS};
    for (int n_threads = 1; n_threads <= MAX_THREADS; n_threads++) {
        sl_pool *pool = NULL;
        assert_int_equal(sl_pool_create(n_threads, &pool), SL_OK);
        assert_int_equal(sl_pool_n_threads(pool), n_threads);
        for (size_t k = 0; k < sizeof task_counts / sizeof task_counts[0]; k++) {
            static ledger book;
            memset(&book, 0, sizeof book);
            sl_pool_run(pool, task_counts[k], enter, &book);
            for (int i = 0; i < MAX_TASKS; i++) {
                assert_int_equal(book.runs[i], i < task_counts[k] ? 1 : 0);
                if (i < task_counts[k]) assert_int_equal(book.thread_of[i], i % n_threads);
            }
            // thread 0 is the caller
            if (task_counts[k] > 0) assert_true(pthread_equal(book.self_of[0], pthread_self()));
        }
        sl_pool_destroy(&pool);
        assert_null(pool);
    }
    sl_pool *none = NULL;
    sl_pool_destroy(&none);
}

static void threads_are_distinct(void **state) {
    (void)state;
    static ledger book;
    sl_pool *pool = NULL;
    assert_int_equal(sl_pool_create(4, &pool), SL_OK);
    sl_pool_run(pool, 4, enter, &book);
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < i; k++) assert_false(pthread_equal(book.self_of[i], book.self_of[k]));
    }
    sl_pool_destroy(&pool);
}

static void many_short_runs_lose_nothing(void **state) {
    (void)state;
    enum { ROUNDS = 5000, TASKS = 5 };
    static ledger book;
    sl_pool *pool = NULL;
    assert_int_equal(sl_pool_create(3, &pool), SL_OK);
    memset(&book, 0, sizeof book);
    // between two runs the caller reads what the workers wrote without a lock of its own
    for (int round = 1; round <= ROUNDS; round++) {
        sl_pool_run(pool, TASKS, enter, &book);
        for (int i = 0; i < TASKS; i++) assert_int_equal(book.runs[i], round);
    }
    assert_int_equal(book.sums[0], ROUNDS * (0 + 3));
    assert_int_equal(book.sums[1], ROUNDS * (1 + 4));
    assert_int_equal(book.sums[2], ROUNDS * 2);
    sl_pool_destroy(&pool);
}

static void runs_allocate_nothing(void **state) {
    (void)state;
    if (!sl_heap_is_counted()) skip();
    static ledger book;
    sl_pool *pool = NULL;
    assert_int_equal(sl_pool_create(2, &pool), SL_OK);
    sl_pool_run(pool, 4, enter, &book);
    uint64_t before = sl_heap_count();
    for (int i = 0; i < 10000; i++) sl_pool_run(pool, 4, enter, &book);
    assert_int_equal(sl_heap_count() - before, 0);
    sl_pool_destroy(&pool);
}

static sl_status pool_life(void *context) {
    sl_pool *pool = context;
    SL_TRY(sl_pool_create(2, &pool));
    sl_pool_destroy(&pool);
    return SL_OK;
}

static void a_failed_allocation_is_an_error(void **state) {
    (void)state;
    assert_int_equal(sl_torture(pool_life, NULL), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_runs_once_on_its_thread), cmocka_unit_test(threads_are_distinct),
        cmocka_unit_test(many_short_runs_lose_nothing),       cmocka_unit_test(runs_allocate_nothing),
        cmocka_unit_test(a_failed_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
