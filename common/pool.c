/* pool.c - workers that look for a task for a moment and then sleep on a condition variable: two programs share the
 * cores of a small machine, and a worker that spins for long would slow the other. */
#include "common/pool.h"

#include "common/alloc.h"
#include "common/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { SPIN_NS = 20000 };

typedef struct worker {
    sl_pool *pool;
    pthread_t thread;
    int index;
} worker;

struct sl_pool {
    pthread_mutex_t lock;
    pthread_cond_t start, done;
    worker *workers;
    int n_threads;
    int n_asleep; /* under the lock, as stop */
    bool stop;
    // of the run at work: changed only while nobody holds a task, read only by who holds one
    int n_tasks;
    sl_pool_task task;
    void *context;
    _Alignas(64) atomic_int n_left; /* tasks that nobody has taken; below 0 when some asked in vain */
    _Alignas(64) atomic_int n_done;
};

static inline void pause_a_little(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ volatile("yield" ::: "memory");
#endif
}

static bool has_task(sl_pool *self) {
    return atomic_load_explicit(&self->n_left, memory_order_relaxed) > 0;
}

/* Takes tasks until there are none. A late worker may find those of a later run, which are as good. */
static void run_tasks(sl_pool *self, int thread) {
    while (has_task(self)) {
        int left = atomic_fetch_sub_explicit(&self->n_left, 1, memory_order_acquire);
        if (left <= 0) return;
        // from here to n_done the run cannot end
        int n_tasks = self->n_tasks;
        self->task(self->context, n_tasks - left, thread);
        int n_done = atomic_fetch_add_explicit(&self->n_done, 1, memory_order_acq_rel) + 1;
        if (n_done < n_tasks || thread == 0) continue;
        pthread_mutex_lock(&self->lock);
        pthread_cond_signal(&self->done);
        pthread_mutex_unlock(&self->lock);
    }
}

static bool is_done(sl_pool *self) {
    return atomic_load_explicit(&self->n_done, memory_order_acquire) >= self->n_tasks;
}

/* Whether test came true within a moment, in which another thread of this pool most often gets there. */
static bool comes_soon(sl_pool *self, bool (*test)(sl_pool *self)) {
    if (test(self)) return true;
    int64_t end = sl_clock_ns() + SPIN_NS;
    while (sl_clock_ns() < end) {
        for (int k = 0; k < 8; k++) pause_a_little();
        if (test(self)) return true;
    }
    return false;
}

static void *worker_main(void *argument) {
    worker *me = argument;
    sl_pool *self = me->pool;
    for (bool stop = false; !stop;) {
        run_tasks(self, me->index);
        if (comes_soon(self, has_task)) continue;
        pthread_mutex_lock(&self->lock);
        self->n_asleep++;
        while (!has_task(self) && !self->stop) pthread_cond_wait(&self->start, &self->lock);
        self->n_asleep--;
        stop = self->stop;
        pthread_mutex_unlock(&self->lock);
    }
    return NULL;
}

sl_status sl_pool_create(int n_threads, sl_pool **out) {
    sl_pool *self = sl_alloc(sizeof *self);
    worker *workers = self ? sl_alloc_array((size_t)n_threads, sizeof *workers) : NULL;
    if (!workers) {
        sl_free(self);
        return sl_fail(SL_MEMORY, NULL, "cannot allocate a pool of %d threads", n_threads);
    }
    self->workers = workers;
    self->n_threads = 1;
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->start, NULL);
    pthread_cond_init(&self->done, NULL);
    for (int i = 1; i < n_threads; i++) {
        workers[i] = (worker){.pool = self, .index = i};
        if (pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]) != 0) {
            sl_pool_destroy(&self);
            return sl_fail(SL_IO, "lower the thread count", "cannot start thread %d of %d", i, n_threads);
        }
        self->n_threads = i + 1;
    }
    *out = self;
    return SL_OK;
}

void sl_pool_destroy(sl_pool **self_pointer) {
    sl_pool *self = *self_pointer;
    if (!self) return;
    pthread_mutex_lock(&self->lock);
    self->stop = true;
    pthread_cond_broadcast(&self->start);
    pthread_mutex_unlock(&self->lock);
    for (int i = 1; i < self->n_threads; i++) pthread_join(self->workers[i].thread, NULL);
    pthread_cond_destroy(&self->start);
    pthread_cond_destroy(&self->done);
    pthread_mutex_destroy(&self->lock);
    sl_free(self->workers);
    sl_free(self);
    *self_pointer = NULL;
}

int sl_pool_n_threads(const sl_pool *self) {
    return self->n_threads;
}

/* As many sleepers as there are tasks for, besides the caller. */
static void wake(sl_pool *self) {
    pthread_mutex_lock(&self->lock);
    int n = self->n_asleep;
    pthread_mutex_unlock(&self->lock);
    if (n > self->n_tasks - 1) n = self->n_tasks - 1;
    for (int i = 0; i < n; i++) pthread_cond_signal(&self->start);
}

void sl_pool_run(sl_pool *self, int n_tasks, sl_pool_task task, void *context) {
    self->task = task;
    self->context = context;
    self->n_tasks = n_tasks;
    atomic_store_explicit(&self->n_done, 0, memory_order_relaxed);
    atomic_store_explicit(&self->n_left, n_tasks, memory_order_release);
    if (self->n_threads > 1 && n_tasks > 1) wake(self);
    run_tasks(self, 0);
    // who has not woken by now holds no task
    if (comes_soon(self, is_done)) return;
    pthread_mutex_lock(&self->lock);
    while (!is_done(self)) pthread_cond_wait(&self->done, &self->lock);
    pthread_mutex_unlock(&self->lock);
}
