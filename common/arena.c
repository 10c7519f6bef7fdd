/* arena.c - see arena.h. */
#include "common/arena.h"

#include "common/alloc.h"
#include "common/assert.h"

#include <stdint.h>

#define ALIGNMENT ((size_t)64)

struct sl_arena {
    uint8_t *base;
    size_t n_bytes;
    size_t used;
};

sl_status sl_arena_create(size_t n_bytes, sl_arena **out) {
    sl_arena *self = sl_alloc(sizeof *self);
    uint8_t *base = self ? sl_alloc(n_bytes) : NULL;
    if (!base) {
        sl_free(self);
        return sl_fail(SL_MEMORY, NULL, "cannot allocate an arena of %zu bytes", n_bytes);
    }
    *self = (sl_arena){.base = base, .n_bytes = n_bytes};
    *out = self;
    return SL_OK;
}

void sl_arena_destroy(sl_arena **self) {
    if (!*self) return;
    sl_free((*self)->base);
    sl_free(*self);
    *self = NULL;
}

void *sl_arena_take(sl_arena *self, size_t n_bytes) {
    size_t rounded = (n_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    SL_ASSERT(rounded >= n_bytes && rounded <= self->n_bytes - self->used);
    void *memory = self->base + self->used;
    self->used += rounded;
    return memory;
}

size_t sl_arena_mark(const sl_arena *self) {
    return self->used;
}

void sl_arena_release(sl_arena *self, size_t mark) {
    SL_ASSERT(mark <= self->used);
    self->used = mark;
}
