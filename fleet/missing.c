/* missing.c - see missing.h. */
#include "fleet/missing.h"

#include "fleet/clock.h"

#include <stdio.h>

enum { NOTE_EVERY_MS = 500, NAMES_BYTES = 16 };

void sl_fleet_name_missing(const sl_fleet *self, char text[SL_FLEET_NAMES]) {
    int n = 0, left = 0;
    text[0] = 0;
    for (int i = 0; i < self->def.n_slots; i++) {
        const sl_slot *slot = &self->slots[i];
        if (!(self->in_tick ? self->def.clock->awaits(self, slot) : slot->state != SL_SLOT_LIVE)) continue;
        // a few: it is a part of a line
        if (n < NAMES_BYTES)
            n += snprintf(text + n, (size_t)(SL_FLEET_NAMES - n), "%s%d", n ? ", " : "", i);
        else
            left++;
    }
    if (left > 0) (void)snprintf(text + n, (size_t)(SL_FLEET_NAMES - n), " and %d more", left);
}

sl_status sl_fleet_miss(const sl_fleet *self, int waited_ms) {
    char missing[SL_FLEET_NAMES];
    sl_fleet_name_missing(self, missing);
    return sl_fail(SL_TIMEOUT, "is an agent running for each of them, and can it reach this endpoint?",
                   "no agent for slots %s at %s after %d ms", missing, sl_transport_endpoint(self->transport),
                   waited_ms);
}

void sl_fleet_watch(sl_fleet *self, void (*waits)(void *context, const char *slots), void *context) {
    self->waits = waits;
    self->waits_context = context;
    if (waits) self->complaints.n = self->strangers.n = 0;
}

void sl_fleet_note_wait(sl_fleet *self) {
    if (!self->waits || self->clock_ns < self->next_note_ns) return;
    char slots[SL_FLEET_NAMES];
    sl_fleet_name_missing(self, slots);
    if (slots[0]) self->waits(self->waits_context, slots);
    self->next_note_ns = self->clock_ns + (int64_t)NOTE_EVERY_MS * SL_FLEET_MS;
}
