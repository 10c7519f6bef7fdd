/* complaints.c - see complaints.h. */
#include "fleet/complaints.h"

#include "common/fnv1a.h"
#include "common/log.h"

#include <string.h>

bool sl_complaint_is_new(sl_complaints *self, const sl_peer *peer, const char *reason) {
    uint64_t h = sl_fnv1a(SL_FNV1A, peer->bytes, peer->len);
    h = sl_fnv1a(h, reason, strlen(reason));
    for (int i = 0; i < self->n && i < SL_COMPLAINTS; i++)
        if (self->told[i] == h) return false;
    if (self->n == SL_COMPLAINTS) {
        SL_WARN("that was the %dth kind of complaint: from now on they are counted only", SL_COMPLAINTS);
        self->n++;
    }
    if (self->n > SL_COMPLAINTS) return false;
    self->told[self->n++] = h;
    return true;
}
