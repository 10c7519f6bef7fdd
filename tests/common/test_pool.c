/* test_pool.c - every task once, by whoever is free, and the caller sees what the tasks wrote. */
#include "common/pool.h"
#include "support/heap_count.h"
#include "support/torture.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_TASKS = 1000, MAX_THREADS = 8 };

typedef struct ledger {
    int runs[MAX_TASKS];            /* by task */
    pthread_t self_of[MAX_THREADS]; /* by thread index; written by that thread only, as sums */
    long sums[MAX_THREADS];
} ledger;

static void enter(void *context, int task, int thread) {
    ledger *book = context;
    book->runs[task]++;
    book->self_of[thread] = pthread_self();
    book->sums[thread] += task;
}

static void every_task_runs_once(void **state) {
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
            for (int i = 0; i < MAX_TASKS; i++) assert_int_equal(book.runs[i], i < task_counts[k] ? 1 : 0);
            // thread 0 is the caller
            if (book.self_of[0]) assert_true(pthread_equal(book.self_of[0], pthread_self()));
        }
        sl_pool_destroy(&pool);
        assert_null(pool);
    }
    sl_pool *none = NULL;
    sl_pool_destroy(&none);
}

/* Tasks that end only when all of them are at work. */
typedef struct meeting {
    ledger book;
    pthread_barrier_t barrier;
} meeting;

static void meet(void *context, int task, int thread) {
    meeting *m = context;
    enter(&m->book, task, thread);
    (void)pthread_barrier_wait(&m->barrier);
}

static void threads_are_distinct(void **state) {
    (void)state;
    static meeting m;
    sl_pool *pool = NULL;
    assert_int_equal(sl_pool_create(4, &pool), SL_OK);
    assert_int_equal(pthread_barrier_init(&m.barrier, NULL, 4), 0);
    sl_pool_run(pool, 4, meet, &m);
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < i; k++) assert_false(pthread_equal(m.book.self_of[i], m.book.self_of[k]));
    }
    (void)pthread_barrier_destroy(&m.barrier);
    sl_pool_destroy(&pool);
}

/* The first two tasks meet, so that one thread is then held up until the other has done all the rest. */
typedef struct jam {
    pthread_barrier_t barrier;
    atomic_int n_done;
} jam;

static void hold_up(void *context, int task, int thread) {
    (void)thread;
    jam *j = context;
    if (task < 2) (void)pthread_barrier_wait(&j->barrier);
    while (task == 0 && atomic_load(&j->n_done) < 99) (void)sched_yield();
    atomic_fetch_add(&j->n_done, 1);
}

static void who_is_held_up_does_less(void **state) {
    (void)state;
    jam j = {0};
    sl_pool *pool = NULL;
    assert_int_equal(sl_pool_create(2, &pool), SL_OK);
    assert_int_equal(pthread_barrier_init(&j.barrier, NULL, 2), 0);
    // with shares dealt out before, this would never end
    sl_pool_run(pool, 100, hold_up, &j);
    assert_int_equal(atomic_load(&j.n_done), 100);
    (void)pthread_barrier_destroy(&j.barrier);
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
    assert_int_equal(book.sums[0] + book.sums[1] + book.sums[2], ROUNDS * (0 + 1 + 2 + 3 + 4));
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
        cmocka_unit_test(every_task_runs_once),     cmocka_unit_test(threads_are_distinct),
        cmocka_unit_test(who_is_held_up_does_less), cmocka_unit_test(many_short_runs_lose_nothing),
        cmocka_unit_test(runs_allocate_nothing),    cmocka_unit_test(a_failed_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
