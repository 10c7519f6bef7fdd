/* pool.h - a fixed set of worker threads for data-parallel loops. Tasks are taken as they come, in their order, by
 * whoever is free, so that a thread that the machine keeps waiting does less; which one that is must not show: what a
 * task computes may depend on its number, never on `thread`, which is for scratch memory. Where sums meet they are
 * added in the order of tasks. The caller is thread 0, starts at once and returns when every task is done; nobody
 * waits for a worker that has not woken. One owner at a time. */
#ifndef SL_COMMON_POOL_H
#define SL_COMMON_POOL_H

#include "common/status.h"

typedef struct sl_pool sl_pool;
typedef void (*sl_pool_task)(void *context, int task, int thread);

SL_MUST_CHECK sl_status sl_pool_create(int n_threads, sl_pool **out); /* n_threads >= 1; SL_MEMORY, SL_IO */
void sl_pool_destroy(sl_pool **self);
int sl_pool_n_threads(const sl_pool *self);
/* What the tasks wrote is the caller's to read afterwards. */
void sl_pool_run(sl_pool *self, int n_tasks, sl_pool_task task, void *context);

#endif
