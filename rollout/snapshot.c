/* snapshot.c - see snapshot.h. */
#include "rollout/snapshot.h"

#include "common/assert.h"

#include <string.h>

// WRITE is sized by a COUNT of our own; READ takes bytes from outside
static bool fits(sl_cursor *self, size_t n) {
    if (self->mode == SL_CURSOR_COUNT) return true;
    bool enough = n <= self->n_bytes - self->at;
    if (self->mode == SL_CURSOR_WRITE) SL_ASSERT(enough);
    if (!enough) self->short_of_bytes = true;
    return enough;
}

void sl_cursor_item(sl_cursor *self, void *data, size_t n) {
    if (n == 0 || !fits(self, n)) return;
    if (self->mode == SL_CURSOR_WRITE) memcpy(self->bytes + self->at, data, n);
    if (self->mode == SL_CURSOR_READ) memcpy(data, self->input + self->at, n);
    self->at += n;
}

sl_status sl_cursor_finish(const sl_cursor *self) {
    if (self->mode != SL_CURSOR_READ || (!self->short_of_bytes && self->at == self->n_bytes)) return SL_OK;
    return sl_fail(SL_CORRUPT, NULL, "snapshot: %zu bytes do not hold this experiment's state", self->n_bytes);
}

sl_status sl_cursor_expect(sl_cursor *self, uint64_t value, const char *what) {
    uint64_t found = value;
    sl_cursor_item(self, &found, sizeof found);
    if (self->short_of_bytes) return sl_fail(SL_CORRUPT, NULL, "snapshot: ends before its %s", what);
    if (found == value) return SL_OK;
    return sl_fail(SL_MISMATCH, "it was taken by another version, or for another experiment",
                   "snapshot: %s is %llu, expected %llu", what, (unsigned long long)found, (unsigned long long)value);
}

sl_status sl_cursor_env(sl_cursor *self, sl_env *env) {
    size_t n = sl_env_state_bytes(env);
    if (!fits(self, n)) return sl_fail(SL_CORRUPT, NULL, "snapshot: ends before its environments");
    if (self->mode == SL_CURSOR_WRITE) sl_env_save(env, self->bytes + self->at);
    if (self->mode == SL_CURSOR_READ) SL_TRY(sl_env_load(env, self->input + self->at, n));
    self->at += n;
    return SL_OK;
}

sl_status sl_cursor_mask(sl_cursor *self, sl_mask *mask) {
    size_t n = sl_mask_state_bytes(mask);
    if (!fits(self, n)) return sl_fail(SL_CORRUPT, NULL, "snapshot: ends before its masks");
    if (self->mode == SL_CURSOR_WRITE) sl_mask_save(mask, self->bytes + self->at);
    if (self->mode == SL_CURSOR_READ) SL_TRY(sl_mask_load(mask, self->input + self->at, n));
    self->at += n;
    return SL_OK;
}

sl_status sl_cursor_links(sl_cursor *self, sl_link_team *team) {
    size_t n = sl_link_team_state_bytes(team);
    if (!fits(self, n)) return sl_fail(SL_CORRUPT, NULL, "snapshot: ends before its links");
    if (self->mode == SL_CURSOR_WRITE) sl_link_team_save(team, self->bytes + self->at);
    if (self->mode == SL_CURSOR_READ) SL_TRY(sl_link_team_load(team, self->input + self->at, n));
    self->at += n;
    return SL_OK;
}
