/* secret_file.h - files that hold a secret, such as a key: written so that only their owner can read them, and read
 * with a look at who else could. Any thread. */
#ifndef SL_STORAGE_SECRET_FILE_H
#define SL_STORAGE_SECRET_FILE_H

#include "common/status.h"

#include <stddef.h>
#include <stdint.h>

/* As sl_file_read; the caller wipes the bytes before it frees them (sl_secret_free). Others can read the file: a
 * warning, as containers and clusters hand secrets out so. Others, the group too, can write it: SL_MISMATCH, as the
 * key may be theirs. What the group may read is warned of only where the reader owns the file: from another owner,
 * group or ACL are how a secret is handed down. */
SL_MUST_CHECK sl_status sl_secret_file_read(const char *path, size_t max_bytes, uint8_t **bytes, size_t *n_bytes);
/* As sl_file_replace, with mode 0600. */
SL_MUST_CHECK sl_status sl_secret_file_replace(const char *path, const void *bytes, size_t n_bytes);
/* Overwrites, then frees; NULL-safe. */
void sl_secret_free(void *bytes, size_t n_bytes);

#endif
