/* array_pool.h - the arrays of an object that allocates only when it is made: taken one after the other, checked
 * once, given back together. As many as it takes: an object of many copies has arrays for each slice of them.
 * Embedded in its owner, which starts zeroed. */
#ifndef SL_COMMON_ARRAY_POOL_H
#define SL_COMMON_ARRAY_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sl_array_pool {
    void **items;
    size_t n, capacity;
    bool failed; /* some array could not be had: the owner gives up */
} sl_array_pool;

/* n zeroed elements, or NULL for n = 0 and when memory is out (failed is set). */
void *sl_array_pool_take(sl_array_pool *self, int64_t n, size_t element_bytes);
#define SL_TAKE_FLOATS(self, n) ((float *)sl_array_pool_take((self), (n), sizeof(float)))
void sl_array_pool_fini(sl_array_pool *self);

#endif
