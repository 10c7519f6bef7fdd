/* sidecar.h - the signature file beside a model, FILE.minisig, and what Starling says in its trusted comment:
 * "version:N file:NAME env:ENVIRONMENT". Any thread. */
#ifndef SL_STORAGE_SIDECAR_H
#define SL_STORAGE_SIDECAR_H

#include "storage/minisign.h"

#define SL_SIDECAR ".minisig"
enum { SL_SIDECAR_PATH = 4096 };

/* The text of FILE.minisig, for sl_free. SL_NOT_FOUND: there is none; SL_CORRUPT, SL_MISMATCH, which name it: too
 * long, cut, or not a signature that is taken; SL_MEMORY, SL_IO. Whose it is, and of what, is not looked at. */
SL_MUST_CHECK sl_status sl_sidecar_read(const char *file, uint8_t **text, size_t *n);
/* Signs the file as it is now; FILE.minisig is replaced whole. env: what the file is made for. SL_CONFIG: its name,
 * or that of env, is too long or not printable ASCII; what sl_file_read and sl_file_replace say. */
SL_MUST_CHECK sl_status sl_sidecar_write(const sl_minisign_secret *key, const char *file, const char *env,
                                         int64_t version);
/* The version that the comment begins with, from 1 on. SL_MISMATCH: it has none. */
SL_MUST_CHECK sl_status sl_sidecar_version(const char *what, const sl_minisign_signature *signature,
                                           int64_t *version);

#endif
