/* tensor.c - see tensor.h. */
#include "storage/tensor.h"

#include "common/assert.h"

static const struct {
    const char *name;
    size_t n_bytes;
} dtypes[SL_DTYPE_COUNT] = {
    [SL_F32] = {"F32", 4}, [SL_F64] = {"F64", 8}, [SL_I32] = {"I32", 4}, [SL_I64] = {"I64", 8}, [SL_U8] = {"U8", 1},
};

size_t sl_dtype_bytes(sl_dtype dtype) {
    SL_ASSERT((unsigned)dtype < SL_DTYPE_COUNT);
    return dtypes[dtype].n_bytes;
}

const char *sl_dtype_name(sl_dtype dtype) {
    return dtypes[dtype].name;
}

bool sl_tensor_measure(sl_dtype dtype, int n_dims, const int64_t *dims, size_t *n_bytes) {
    size_t n = sl_dtype_bytes(dtype);
    bool empty = false;
    for (int i = 0; i < n_dims; i++) {
        if (dims[i] < 0) return false;
        if (dims[i] == 0)
            empty = true;
        else if (__builtin_mul_overflow(n, (size_t)dims[i], &n))
            return false;
    }
    *n_bytes = empty ? 0 : n;
    return n <= PTRDIFF_MAX;
}
