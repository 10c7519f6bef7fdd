/* tensors.h - named tensors and string metadata in a .safetensors file: u64 header length, JSON header, raw
 * little-endian data. Models and checkpoints are such files. The reader takes untrusted bytes: every offset, dtype,
 * shape and overlap is checked. A file object owns its bytes; one owner. */
#ifndef SL_STORAGE_TENSORS_H
#define SL_STORAGE_TENSORS_H

#include "common/status.h"

#include <stddef.h>
#include <stdint.h>

typedef enum sl_dtype { SL_F32, SL_F64, SL_I32, SL_I64, SL_U8, SL_DTYPE_COUNT } sl_dtype;
size_t sl_dtype_bytes(sl_dtype dtype);

typedef struct sl_tensor {
    char name[64];
    sl_dtype dtype;
    int n_dims; /* 0..4 */
    int64_t dims[4];
    const void *data; /* 8-byte aligned after a read; borrowed */
    size_t n_bytes;
} sl_tensor;

typedef struct sl_tensors sl_tensors;

SL_MUST_CHECK sl_status sl_tensors_create(sl_tensors **out);
void sl_tensors_destroy(sl_tensors **self);
/* Adds a tensor; data is copied. Names are unique and at most 63 bytes. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_tensors_add(sl_tensors *self, const char *name, sl_dtype dtype, int n_dims,
                                       const int64_t *dims, const void *data);
SL_MUST_CHECK sl_status sl_tensors_set_meta(sl_tensors *self, const char *key, const char *value); /* copied */
/* Metadata by key, or NULL. */
const char *sl_tensors_meta(const sl_tensors *self, const char *key);
int sl_tensors_count(const sl_tensors *self);
const sl_tensor *sl_tensors_at(const sl_tensors *self, int i);
/* The tensor of that name, dtype and element count (n < 0 = any), or SL_MISMATCH naming it. */
SL_MUST_CHECK sl_status sl_tensors_find(const sl_tensors *self, const char *name, sl_dtype dtype, int64_t n,
                                        const sl_tensor **out);
/* Bytes of the file; for sl_free. The same content gives the same bytes. */
SL_MUST_CHECK sl_status sl_tensors_encode(const sl_tensors *self, uint8_t **bytes, size_t *n_bytes);
/* what: the thing's name for error lines (a path, "model from agent 2"). Copies. SL_CORRUPT. */
SL_MUST_CHECK sl_status sl_tensors_decode(const char *what, const uint8_t *bytes, size_t n_bytes, sl_tensors **out);
SL_MUST_CHECK sl_status sl_tensors_save(const sl_tensors *self, const char *path); /* through sl_file_replace */
SL_MUST_CHECK sl_status sl_tensors_load(const char *path, sl_tensors **out);       /* at most 1 GiB */

#endif
