/* keeper.c - see keeper.h. */
#include "coordinator/keeper.h"

#include "common/alloc.h"
#include "common/assert.h"

void *sl_keeper_array(sl_keeper *self, int64_t n, size_t element_bytes) {
    SL_ASSERT(n >= 0 && self->n < SL_KEEPER_ITEMS);
    if (n == 0) return NULL;
    void *memory = sl_alloc_array((size_t)n, element_bytes);
    if (memory) {
        self->items[self->n++] = memory;
    } else {
        self->failed = true;
    }
    return memory;
}

void sl_keeper_fini(sl_keeper *self) {
    for (int i = 0; i < self->n; i++) sl_free(self->items[i]);
    self->n = 0;
}
