/* pool.h - a fixed set of worker threads for data-parallel loops. Task i always runs on thread
 * i % n_threads, so that per-thread state (and with it every sum) does not depend on timing.
 * The caller is thread 0; run() returns when every task is done. One owner at a time. */
#ifndef SL_COMMON_POOL_H
#define SL_COMMON_POOL_H

#include "common/status.h"

typedef struct sl_pool sl_pool;
typedef void (*sl_pool_task)(void *context, int task, int thread);

SL_MUST_CHECK sl_status sl_pool_create(int n_threads, sl_pool **out); /* n_threads >= 1; SL_MEMORY, SL_IO */
void sl_pool_destroy(sl_pool **self);
int sl_pool_n_threads(const sl_pool *self);
void sl_pool_run(sl_pool *self, int n_tasks, sl_pool_task task, void *context);

#endif
