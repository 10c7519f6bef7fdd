/* tensors_impl.h - what tensors.c and tensors_decode.c share. Private to storage/. */
#ifndef SL_STORAGE_TENSORS_IMPL_H
#define SL_STORAGE_TENSORS_IMPL_H

#include "storage/tensors.h"

#include <jansson.h>
#include <stdbool.h>

enum { SL_TENSORS_MAX_HEADER = 16 << 20 };

struct sl_tensors {
    char *what;
    json_t *meta; /* an object of strings */
    sl_tensor **items;
    int count, capacity;
};

const char *sl_dtype_name(sl_dtype dtype); /* "F32", as in the file */
/* Bytes of a tensor of that shape; false on overflow or a negative dimension. */
bool sl_tensor_measure(sl_dtype dtype, int n_dims, const int64_t *dims, size_t *n_bytes);
/* Whether an allocation of jansson's failed on this thread since the last call. */
bool sl_tensors_json_memory_failed(void);
/* Copies a tensor that was checked. */
SL_MUST_CHECK sl_status sl_tensors_take(sl_tensors *self, const sl_tensor *tensor);

#endif
