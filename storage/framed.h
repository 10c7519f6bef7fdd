/* framed.h - an append-only log of records, each framed as in TFRecord: u64 length, masked CRC-32C of the length,
 * bytes, masked CRC-32C of the bytes, little-endian. A torn tail (kill -9, full disk) is found at open and cut;
 * damage before the tail is SL_CORRUPT and leaves the file as it is. One owner. */
#ifndef SL_STORAGE_FRAMED_H
#define SL_STORAGE_FRAMED_H

#include "common/status.h"

#include <stddef.h>
#include <stdint.h>

enum { SL_FRAMED_OVERHEAD = 16 }; /* bytes that framing adds to a record */

typedef struct sl_framed sl_framed;

/* Opens for appending and reading, creates when missing; max_bytes bounds what append lets the file grow to,
 * max_record a record. Scans the whole log once. One process at a time may have a log open so (a lock that dies with
 * the process): a second gets SL_IO. SL_CORRUPT names the offset. */
SL_MUST_CHECK sl_status sl_framed_open(const char *path, int64_t max_bytes, size_t max_record, sl_framed **out);
/* Opens for reading only: no lock, never created, a torn tail is skipped and not cut. For another run's log.
 * SL_NOT_FOUND. */
SL_MUST_CHECK sl_status sl_framed_open_read(const char *path, size_t max_record, sl_framed **out);
/* Closes without a sync; NULL-safe. */
void sl_framed_close(sl_framed **self);
int64_t sl_framed_count(const sl_framed *self);
int64_t sl_framed_bytes(const sl_framed *self);     /* of the log, without a torn tail */
int64_t sl_framed_cut_bytes(const sl_framed *self); /* bytes of a torn tail dropped at open */
/* Appends one record; SL_FULL at max_bytes or above max_record, SL_NO_SPACE, SL_IO, SL_MEMORY: the log is as before.
 * It survives kill -9 of this process at once and loss of power after sync. */
SL_MUST_CHECK sl_status sl_framed_append(sl_framed *self, const void *bytes, size_t n_bytes);
SL_MUST_CHECK sl_status sl_framed_sync(sl_framed *self);
/* Record i, checked against its CRC; *bytes is borrowed until the next read or append. */
SL_MUST_CHECK sl_status sl_framed_read(sl_framed *self, int64_t i, const uint8_t **bytes, size_t *n_bytes);

#endif
