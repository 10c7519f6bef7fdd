/* file.h - whole files that are never half-written: to a temporary name in the same folder, fsync, rename,
 * fsync of the folder. Reads are bounded. Any thread. A program whose file size may be limited by ulimit has to
 * ignore SIGXFSZ to see SL_NO_SPACE. */
#ifndef SL_STORAGE_FILE_H
#define SL_STORAGE_FILE_H

#include "common/status.h"

#include <stddef.h>
#include <stdint.h>

/* SL_NO_SPACE, SL_NOT_FOUND (no such folder), SL_CORRUPT (path is a folder or a device), SL_IO. On failure the old
 * file stays whole, or the new one has its name and may yet lose it with the power; no temporary is left behind. */
SL_MUST_CHECK sl_status sl_file_replace(const char *path, const void *bytes, size_t n_bytes);
/* The same with these permissions, less the umask: 0666 of sl_file_replace, 0600 of a secret. */
SL_MUST_CHECK sl_status sl_file_replace_as(const char *path, unsigned mode, const void *bytes, size_t n_bytes);
/* The same of a name that must not be there yet: SL_MISMATCH when it is, and then nothing is changed. */
SL_MUST_CHECK sl_status sl_file_create_as(const char *path, unsigned mode, const void *bytes, size_t n_bytes);
/* The whole regular file, for sl_free; a zero byte follows the content. SL_NOT_FOUND; SL_CORRUPT: longer than
 * max_bytes, or no regular file; SL_MEMORY, SL_IO. */
SL_MUST_CHECK sl_status sl_file_read(const char *path, size_t max_bytes, uint8_t **bytes, size_t *n_bytes);
/* The same of a file that is open, at its beginning; path is for the error lines. */
SL_MUST_CHECK sl_status sl_file_read_open(int fd, const char *path, size_t max_bytes, uint8_t **bytes,
                                          size_t *n_bytes);
SL_MUST_CHECK sl_status sl_file_make_folder(const char *path); /* with its parents; existing is fine */
/* Lower-case hex SHA-256 of bytes into text (65 with the zero). */
void sl_file_sha256(const void *bytes, size_t n_bytes, char text[65]);

/* The same of a file of any length. SL_NOT_FOUND, SL_CORRUPT (no regular file), SL_IO. */
SL_MUST_CHECK sl_status sl_file_sha256_of(const char *path, char text[65]);
/* Removes what a kill in the middle of sl_file_replace left in a folder. Only while nobody writes there. */
void sl_file_sweep(const char *folder);

/* errno after a failed call as a status and its line: "cannot <verb> <path>: <reason>". Out of space, quota and
 * size limit are SL_NO_SPACE, ENOENT is SL_NOT_FOUND, all else SL_IO. */
sl_status sl_file_fail(const char *verb, const char *path);
/* fsync of the folder that holds path, so that a new or renamed name in it is durable. */
SL_MUST_CHECK sl_status sl_file_sync_folder_of(const char *path);

#endif
