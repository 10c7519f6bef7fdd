/* snapshot.c - see snapshot.h. */
#include "coordinator/snapshot.h"

#include "common/assert.h"

#include <string.h>

void sl_cursor_item(sl_cursor *self, void *data, size_t n) {
    if (n == 0) return;
    if (self->mode != SL_CURSOR_COUNT) SL_ASSERT(n <= self->n_bytes - self->at);
    if (self->mode == SL_CURSOR_WRITE) memcpy(self->bytes + self->at, data, n);
    if (self->mode == SL_CURSOR_READ) memcpy(data, self->input + self->at, n);
    self->at += n;
}

sl_status sl_cursor_expect(sl_cursor *self, uint64_t value, const char *what) {
    uint64_t found = value;
    if (self->mode == SL_CURSOR_READ && self->n_bytes - self->at < sizeof found)
        return sl_fail(SL_CORRUPT, NULL, "snapshot: ends before its %s", what);
    sl_cursor_item(self, &found, sizeof found);
    if (found == value) return SL_OK;
    return sl_fail(SL_MISMATCH, "it was taken by another version, or for another experiment",
                   "snapshot: %s is %llu, expected %llu", what, (unsigned long long)found, (unsigned long long)value);
}

sl_status sl_cursor_env(sl_cursor *self, sl_env *env) {
    size_t n = sl_env_state_bytes(env);
    if (self->mode != SL_CURSOR_COUNT) SL_ASSERT(n <= self->n_bytes - self->at);
    if (self->mode == SL_CURSOR_WRITE) sl_env_save(env, self->bytes + self->at);
    if (self->mode == SL_CURSOR_READ) SL_TRY(sl_env_load(env, self->input + self->at, n));
    self->at += n;
    return SL_OK;
}

sl_status sl_cursor_mask(sl_cursor *self, sl_mask *mask) {
    size_t n = sl_mask_state_bytes(mask);
    if (self->mode != SL_CURSOR_COUNT) SL_ASSERT(n <= self->n_bytes - self->at);
    if (self->mode == SL_CURSOR_WRITE) sl_mask_save(mask, self->bytes + self->at);
    if (self->mode == SL_CURSOR_READ) SL_TRY(sl_mask_load(mask, self->input + self->at, n));
    self->at += n;
    return SL_OK;
}
