/* tensors.h - named tensors and string metadata in a .safetensors file: u64 header length, JSON header, raw
 * little-endian data. Models and checkpoints are such files. The reader takes untrusted bytes: every offset, dtype,
 * shape and overlap is checked. A file object owns its bytes; one owner. */
#ifndef SL_STORAGE_TENSORS_H
#define SL_STORAGE_TENSORS_H

#include "common/status.h"

#include <stddef.h>
#include <stdint.h>

enum { SL_TENSORS_MAX = 8192, SL_TENSOR_NAME_SIZE = 64, SL_TENSOR_MAX_DIMS = 4 };

typedef enum sl_dtype { SL_F32, SL_F64, SL_I32, SL_I64, SL_U8, SL_DTYPE_COUNT } sl_dtype;
size_t sl_dtype_bytes(sl_dtype dtype);

typedef struct sl_tensor {
    char name[SL_TENSOR_NAME_SIZE];
    sl_dtype dtype;
    int n_dims; /* 0..4 */
    int64_t dims[SL_TENSOR_MAX_DIMS];
    const void *data; /* 64-byte aligned, also after a read; borrowed */
    size_t n_bytes;
} sl_tensor;

typedef struct sl_tensors sl_tensors;

SL_MUST_CHECK sl_status sl_tensors_create(sl_tensors **out);
void sl_tensors_destroy(sl_tensors **self);
/* Adds a tensor; data is copied. Names are unique, 1 to 63 bytes of UTF-8, and not "__metadata__". SL_MEMORY. */
SL_MUST_CHECK sl_status sl_tensors_add(sl_tensors *self, const char *name, sl_dtype dtype, int n_dims,
                                       const int64_t *dims, const void *data);
/* Copied; a key set again takes the new value. SL_MEMORY, SL_CONFIG when the value is not UTF-8. */
SL_MUST_CHECK sl_status sl_tensors_set_meta(sl_tensors *self, const char *key, const char *value);
/* Metadata by key, or NULL; borrowed until the key is set again. */
const char *sl_tensors_meta(const sl_tensors *self, const char *key);
int sl_tensors_count(const sl_tensors *self);
const sl_tensor *sl_tensors_at(const sl_tensors *self, int i); /* in order of adding, or of the file's data */
/* The tensor of that name, dtype and element count (n < 0 = any), or SL_MISMATCH naming it. */
SL_MUST_CHECK sl_status sl_tensors_find(const sl_tensors *self, const char *name, sl_dtype dtype, int64_t n,
                                        const sl_tensor **out);
/* SHA-256 in hex of each tensor, in order of name: its name, a line feed, its data; then of "key=value" and a line
 * feed for each key of the metadata but one, in order of key. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_tensors_digest(const sl_tensors *self, const char *except, char text[65]);
/* Bytes of the file; for sl_free. The same content gives the same bytes, whatever the order of adding: data is laid
 * out by falling element size and then by name. */
SL_MUST_CHECK sl_status sl_tensors_encode(const sl_tensors *self, uint8_t **bytes, size_t *n_bytes);
/* what: the thing's name for error lines (a path, "model from agent 2"). Copies. SL_CORRUPT, SL_MEMORY. */
SL_MUST_CHECK sl_status sl_tensors_decode(const char *what, const uint8_t *bytes, size_t n_bytes, sl_tensors **out);
SL_MUST_CHECK sl_status sl_tensors_save(const sl_tensors *self, const char *path); /* through sl_file_replace */
SL_MUST_CHECK sl_status sl_tensors_load(const char *path, sl_tensors **out);       /* at most 1 GiB */
/* The name that decode or load was given ("" for a file made by create): for the errors of those who read it. */
const char *sl_tensors_what(const sl_tensors *self);

#endif
