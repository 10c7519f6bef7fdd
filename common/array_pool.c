/* array_pool.c - see array_pool.h. */
#include "common/array_pool.h"

#include "common/alloc.h"
#include "common/assert.h"

#include <string.h>

enum { FIRST_ITEMS = 64 };

// room for one more array
static bool make_room(sl_array_pool *self) {
    if (self->n < self->capacity) return true;
    size_t capacity = self->capacity ? 2 * self->capacity : FIRST_ITEMS;
    void **items = sl_alloc_array(capacity, sizeof *items);
    if (!items) return false;
    if (self->n > 0) memcpy(items, self->items, self->n * sizeof *items);
    sl_free(self->items);
    self->items = items;
    self->capacity = capacity;
    return true;
}

void *sl_array_pool_take(sl_array_pool *self, int64_t n, size_t element_bytes) {
    SL_ASSERT(n >= 0);
    if (n == 0) return NULL;
    void *memory = make_room(self) ? sl_alloc_array((size_t)n, element_bytes) : NULL;
    if (memory)
        self->items[self->n++] = memory;
    else
        self->failed = true;
    return memory;
}

void sl_array_pool_fini(sl_array_pool *self) {
    for (size_t i = 0; i < self->n; i++) sl_free(self->items[i]);
    sl_free(self->items);
    *self = (sl_array_pool){0};
}
