/* tensors.h - named tensors and string metadata, as a .safetensors file holds them (tensors_file.h). Models and
 * checkpoints are such files. An object owns its bytes; one owner. */
#ifndef SL_STORAGE_TENSORS_H
#define SL_STORAGE_TENSORS_H

#include "common/status.h"
#include "storage/tensor.h"

enum { SL_TENSORS_MAX = 8192 }; /* in one file */

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
/* The name that decode or load was given ("" for a file made by create): for the errors of those who read it. */
const char *sl_tensors_what(const sl_tensors *self);

#endif
