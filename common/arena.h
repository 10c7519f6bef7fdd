/* arena.h - scratch memory for a step: one block taken at creation, handed out by bumping, given back by
 * mark and release. One thread owns an arena. */
#ifndef SL_COMMON_ARENA_H
#define SL_COMMON_ARENA_H

#include "common/status.h"

#include <stddef.h>

typedef struct sl_arena sl_arena;

SL_MUST_CHECK sl_status sl_arena_create(size_t n_bytes, sl_arena **out); /* SL_MEMORY */
void sl_arena_destroy(sl_arena **self);
/* 64-byte aligned, not zeroed, valid until the release of an earlier mark. Asserts that it fits: the
 * owner sized the arena, so running out is a bug of ours. */
void *sl_arena_take(sl_arena *self, size_t n_bytes);
size_t sl_arena_mark(const sl_arena *self);
void sl_arena_release(sl_arena *self, size_t mark);

#endif
