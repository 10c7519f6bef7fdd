/* pool.c - workers that sleep on a condition variable between runs: two programs share the two cores of a
 * small machine, and a spinning worker of the one would slow the other. */
#include "common/pool.h"

#include "common/alloc.h"

#include <pthread.h>
#include <stdint.h>

typedef struct worker {
    sl_pool *pool;
    pthread_t thread;
    int index;
} worker;

struct sl_pool {
    pthread_mutex_t lock;
    pthread_cond_t start, done;
    worker *workers;
    int n_threads, n_running, n_tasks, stop;
    uint64_t round;
    sl_pool_task task;
    void *context;
};

static void run_share(sl_pool *self, int thread) {
    for (int i = thread; i < self->n_tasks; i += self->n_threads) self->task(self->context, i, thread);
}

static void *worker_main(void *argument) {
    worker *me = argument;
    sl_pool *self = me->pool;
    uint64_t seen = 0;
    pthread_mutex_lock(&self->lock);
    for (;;) {
        while (self->round == seen && !self->stop) pthread_cond_wait(&self->start, &self->lock);
        if (self->stop) break;
        seen = self->round;
        pthread_mutex_unlock(&self->lock);
        run_share(self, me->index);
        pthread_mutex_lock(&self->lock);
        if (--self->n_running == 0) pthread_cond_signal(&self->done);
    }
    pthread_mutex_unlock(&self->lock);
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
    self->stop = 1;
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

void sl_pool_run(sl_pool *self, int n_tasks, sl_pool_task task, void *context) {
    pthread_mutex_lock(&self->lock);
    self->task = task;
    self->context = context;
    self->n_tasks = n_tasks;
    self->n_running = self->n_threads - 1;
    self->round++;
    pthread_cond_broadcast(&self->start);
    pthread_mutex_unlock(&self->lock);
    run_share(self, 0);
    pthread_mutex_lock(&self->lock);
    while (self->n_running > 0) pthread_cond_wait(&self->done, &self->lock);
    pthread_mutex_unlock(&self->lock);
}
