/* tally.c - see tally.h. */
#include "net/tally.h"

#include "common/fnv1a.h"

#include <string.h>

uint64_t sl_tally_count(sl_tally *self, const char *address, const char *reason) {
    uint64_t h = sl_fnv1a(sl_fnv1a(SL_FNV1A, address, strlen(address) + 1), reason, strlen(reason));
    int i = 0;
    while (i < self->n && self->hashes[i] != h) i++;
    if (i == self->n && i < SL_TALLIES) self->hashes[self->n++] = h;
    uint64_t count = ++self->counts[i];
    return (count & (count - 1)) == 0 ? count : 0;
}
