/* tensor.h - one named array. Plain data. */
#ifndef SL_STORAGE_TENSOR_H
#define SL_STORAGE_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SL_TENSOR_NAME_SIZE = 64, SL_TENSOR_MAX_DIMS = 4 };

typedef enum sl_dtype { SL_F32, SL_F64, SL_I32, SL_I64, SL_U8, SL_DTYPE_COUNT } sl_dtype;
size_t sl_dtype_bytes(sl_dtype dtype);
const char *sl_dtype_name(sl_dtype dtype); /* "F32", as in a file */

typedef struct sl_tensor {
    char name[SL_TENSOR_NAME_SIZE];
    sl_dtype dtype;
    int n_dims; /* 0..4 */
    int64_t dims[SL_TENSOR_MAX_DIMS];
    const void *data; /* 64-byte aligned, also after a read; borrowed */
    size_t n_bytes;
} sl_tensor;

/* Bytes of a tensor of that shape; false on overflow or a negative dimension. */
bool sl_tensor_measure(sl_dtype dtype, int n_dims, const int64_t *dims, size_t *n_bytes);

#endif
