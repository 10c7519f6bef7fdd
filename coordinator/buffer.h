/* buffer.h - the expert buffer: an append-only log of episodes on disk (storage/framed.h, net/episode_record.h) with
 * a window of live ones. Bounded in items and bytes: the oldest leave first. Episodes are recorded to the log in
 * batches and then inserted into the window one by one, in the order of their index, as the rate limiter allows;
 * after a restart the window is put back to what a snapshot says while the log keeps what was recorded. Single owner.
 */
#ifndef SL_COORDINATOR_BUFFER_H
#define SL_COORDINATOR_BUFFER_H

#include "common/rng.h"
#include "coordinator/limiter.h"
#include "experiment/experiment.h"
#include "net/episode_record.h"

typedef struct sl_buffer_def {
    const char *path; /* copied */
    int64_t max_items, max_bytes;
    sl_exp_sampler sampler; /* uniform with replacement; fifo: the oldest, lifo: the newest of the window */
    double samples_per_insert, error_buffer;
    int64_t min_size;
} sl_buffer_def;

typedef struct sl_buffer sl_buffer;

/* Opens or creates the log; the window is empty. A torn tail is cut with a log line. SL_CONFIG: bounds or limiter;
 * SL_CORRUPT names the file and what is wrong. */
SL_MUST_CHECK sl_status sl_buffer_open(const sl_buffer_def *def, sl_buffer **out);
void sl_buffer_close(sl_buffer **self);

/* The log: episodes [first, next). An empty log has next 0. */
uint64_t sl_buffer_first(const sl_buffer *self);
uint64_t sl_buffer_next(const sl_buffer *self);
int64_t sl_buffer_bytes(const sl_buffer *self);
/* Appends the episode with index next. When the log is full its dead and then its oldest episodes are dropped.
 * SL_FULL: one episode is larger than max_bytes. SL_NO_SPACE, SL_IO: the log is as before. Durable after sync. */
SL_MUST_CHECK sl_status sl_buffer_append(sl_buffer *self, const sl_episode *episode);
SL_MUST_CHECK sl_status sl_buffer_sync(sl_buffer *self);
/* Episode index of the log; memory is for sl_free. SL_NOT_FOUND, SL_CORRUPT. */
SL_MUST_CHECK sl_status sl_buffer_read(sl_buffer *self, uint64_t index, sl_episode *out, void **memory);

/* The window: the newest of the inserted episodes. */
uint64_t sl_buffer_inserted(const sl_buffer *self); /* ever; the index of the next one to insert */
bool sl_buffer_may_insert(const sl_buffer *self);
bool sl_buffer_may_sample(const sl_buffer *self);
/* Inserts episode number inserted(), which the log has. */
void sl_buffer_insert(sl_buffer *self);
/* Picks an episode for sampling and counts it: the k-th of a batch. may_sample must hold. */
uint64_t sl_buffer_pick(sl_buffer *self, int k, sl_rng *rng);
/* For snapshots. restore: episodes below inserted that the log lacks must be recorded again before sampling. */
void sl_buffer_counts(const sl_buffer *self, uint64_t *inserted, int64_t *samples);
void sl_buffer_restore(sl_buffer *self, uint64_t inserted, int64_t samples);

#endif
