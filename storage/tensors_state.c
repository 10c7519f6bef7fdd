/* tensors_state.c - see tensors_state.h. */
#include "storage/tensors_state.h"

#include "common/alloc.h"

#include <string.h>

static sl_status reserve(sl_tensors *self) {
    if (self->count < self->capacity) return SL_OK;
    int capacity = self->capacity ? 2 * self->capacity : 32;
    sl_tensor **items = sl_alloc_array((size_t)capacity, sizeof *items);
    if (!items) return sl_fail(SL_MEMORY, NULL, "cannot allocate memory for a list of tensors");
    if (self->count) memcpy(items, self->items, (size_t)self->count * sizeof(sl_tensor *));
    sl_free(self->items);
    self->items = items;
    self->capacity = capacity;
    return SL_OK;
}

sl_status sl_tensors_take(sl_tensors *self, const sl_tensor *tensor) {
    // a description and its data are one block: the data starts at the next 64-byte border
    enum { DATA_AT = (sizeof(sl_tensor) + 63) / 64 * 64 };
    SL_TRY(reserve(self));
    uint8_t *block = tensor->n_bytes > SIZE_MAX - DATA_AT ? NULL : sl_alloc(DATA_AT + tensor->n_bytes);
    if (!block) return sl_fail(SL_MEMORY, NULL, "cannot allocate memory for %s", tensor->name);
    sl_tensor *copy = (sl_tensor *)(void *)block;
    *copy = *tensor;
    copy->data = block + DATA_AT;
    if (tensor->n_bytes) memcpy(block + DATA_AT, tensor->data, tensor->n_bytes);
    self->items[self->count++] = copy;
    return SL_OK;
}
