/* complaints.c - see complaints.h. */
#include "fleet/complaints.h"

#include "common/log.h"

#include <string.h>

// FNV-1a
static uint64_t hash(uint64_t h, const void *bytes, size_t n) {
    for (size_t i = 0; i < n; i++) h = (h ^ ((const uint8_t *)bytes)[i]) * 1099511628211u;
    return h;
}

bool sl_complaint_is_new(sl_complaints *self, const sl_peer *peer, const char *reason) {
    uint64_t h = hash(14695981039346656037u, peer->bytes, peer->len);
    h = hash(h, reason, strlen(reason));
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
