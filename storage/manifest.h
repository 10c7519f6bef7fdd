/* manifest.h - which files belong together: manifest.json of a run's or a model's folder names each with its SHA-256,
 * {"format": 1, "files": {"teacher.safetensors": "<hex>", ...}}. Names are paths below the folder. One writer at a
 * time: who holds the run. */
#ifndef SL_STORAGE_MANIFEST_H
#define SL_STORAGE_MANIFEST_H

#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SL_MANIFEST_NAME "manifest.json"
enum { SL_MANIFEST_FILE_NAME = 64, SL_MANIFEST_MAX_FILES = 256 };

typedef struct sl_manifest sl_manifest;

/* A folder without a manifest has an empty one. SL_CORRUPT, SL_MISMATCH (another format), SL_MEMORY. */
SL_MUST_CHECK sl_status sl_manifest_open(const char *folder, sl_manifest **out);
void sl_manifest_close(sl_manifest **self); /* without saving; NULL-safe */
/* The same of untrusted bytes; what names them in error lines. */
SL_MUST_CHECK sl_status sl_manifest_decode(const char *what, const uint8_t *bytes, size_t n_bytes, sl_manifest **out);

bool sl_manifest_has(const sl_manifest *self, const char *name);
/* SL_OK when the folder's file of that name is the one noted, and when none is noted. SL_NOT_FOUND: it is gone;
 * SL_CORRUPT: it is another one. */
SL_MUST_CHECK sl_status sl_manifest_check(const sl_manifest *self, const char *name);
/* The same of a folder that need not be open. */
SL_MUST_CHECK sl_status sl_manifest_check_in(const char *folder, const char *name);
/* Notes the folder's file as it is now. SL_NOT_FOUND, SL_IO, SL_MEMORY. */
SL_MUST_CHECK sl_status sl_manifest_note(sl_manifest *self, const char *name);
/* The same of a file outside, by a name of its own and its digest: SL_CORRUPT when another is noted. */
SL_MUST_CHECK sl_status sl_manifest_check_as(const sl_manifest *self, const char *name, const char sha256[65]);
SL_MUST_CHECK sl_status sl_manifest_note_as(sl_manifest *self, const char *name, const char sha256[65]);
/* Before a file is replaced by another, so that a kill in between leaves none that seems wrong. */
void sl_manifest_forget(sl_manifest *self, const char *name);
SL_MUST_CHECK sl_status sl_manifest_save(const sl_manifest *self); /* through sl_file_replace */

#endif
