/* tensors_file.h - tensors as a .safetensors file: u64 header length, JSON header, raw little-endian data. The reader
 * takes untrusted bytes: every offset, dtype, shape and overlap is checked. Any thread. */
#ifndef SL_STORAGE_TENSORS_FILE_H
#define SL_STORAGE_TENSORS_FILE_H

#include "storage/tensors.h"

/* Bytes of the file; for sl_free. The same content gives the same bytes, whatever the order of adding: data is laid
 * out by falling element size and then by name. */
SL_MUST_CHECK sl_status sl_tensors_encode(const sl_tensors *self, uint8_t **bytes, size_t *n_bytes);
/* what: the thing's name for error lines (a path, "model from agent 2"). Copies. SL_CORRUPT, SL_MEMORY. */
SL_MUST_CHECK sl_status sl_tensors_decode(const char *what, const uint8_t *bytes, size_t n_bytes, sl_tensors **out);
SL_MUST_CHECK sl_status sl_tensors_save(const sl_tensors *self, const char *path); /* through sl_file_replace */
SL_MUST_CHECK sl_status sl_tensors_load(const char *path, sl_tensors **out);       /* at most 1 GiB */

#endif
