/* version_file.h - the highest version of a key's signatures that was made, or seen: a number in a file that only
 * rises, whoever writes it and whenever they are killed. Any thread, any number of processes. */
#ifndef SL_STORAGE_VERSION_FILE_H
#define SL_STORAGE_VERSION_FILE_H

#include "common/status.h"

#include <stdint.h>

#define SL_VERSION_MAX INT64_C(999999999999999999)

/* key: its id as text. SL_NOT_FOUND: there is none; SL_CORRUPT: damaged, or of another key, and left as it is; SL_IO.
 */
SL_MUST_CHECK sl_status sl_version_file_read(const char *path, const char *key, int64_t *version);
/* Writes *version, from 1 on, when the file has a lower one or is not there; 0 becomes one more than it has, and 1
 * without it. SL_MISMATCH: it has a higher one already, and keeps it. Otherwise as above; SL_NO_SPACE. The folder
 * gets PATH.lock too. */
SL_MUST_CHECK sl_status sl_version_file_raise(const char *path, const char *key, int64_t *version);

#endif
