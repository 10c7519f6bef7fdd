/* snapshot.h - plain numbers on their way from the thread that owns them to the one that shows them: a block of
 * bytes, written whole now and then and read whole. Neither waits for the other's work: while the reader copies, the
 * writer goes without; the reader waits for as long as writing a block takes. Nothing is allocated after create. */
#ifndef SL_TELEMETRY_SNAPSHOT_H
#define SL_TELEMETRY_SNAPSHOT_H

#include "common/status.h"

#include <stddef.h>
#include <stdint.h>

typedef struct sl_snapshot sl_snapshot;

/* Of n_bytes, all zero. SL_MEMORY, SL_IO. */
SL_MUST_CHECK sl_status sl_snapshot_create(size_t n_bytes, sl_snapshot **out);
void sl_snapshot_destroy(sl_snapshot **self);
/* The writer's thread: the block, to be filled in without delay and ended; NULL: not now. It holds what it held. */
void *sl_snapshot_begin(sl_snapshot *self);
void sl_snapshot_end(sl_snapshot *self);
/* The reader's thread: copies the block (n_bytes). When it was written, as sl_clock_ns says; 0: never yet. */
int64_t sl_snapshot_read(sl_snapshot *self, void *bytes);

#endif
