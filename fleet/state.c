/* state.c - see state.h. */
#include "fleet/state.h"

#include <stdio.h>
#include <string.h>

/* a wait for a message ends after 10 ms: five of them missed, and the fleet was away */
enum { AWAY_MS = 50 };

void sl_fleet_look(sl_fleet *self) {
    int64_t clock_ns = sl_transport_now_ns(self->transport), gap_ns = clock_ns - self->clock_ns;
    if (gap_ns > (int64_t)AWAY_MS * SL_FLEET_MS) self->away_ns += gap_ns;
    self->clock_ns = clock_ns;
    self->now_ns = clock_ns - self->away_ns;
}

int sl_fleet_index(const sl_fleet *self, const sl_slot *slot) {
    return (int)(slot - self->slots);
}

sl_fleet_message sl_fleet_to(const sl_fleet *self, const sl_slot *slot, sl_fleet_kind kind) {
    return (sl_fleet_message){.kind = kind,
                              .run_id = slot->run_id,
                              .session = self->session,
                              .slot = sl_fleet_index(self, slot),
                              .tick = self->last_tick};
}

sl_status sl_fleet_send(sl_fleet *self, const sl_peer *peer, const sl_fleet_message *message) {
    sl_frame frame;
    sl_fleet_encode(self->codec, message, &frame.bytes, &frame.n_bytes);
    sl_status status = sl_transport_send(self->transport, peer, 1, &frame);
    return status == SL_NOT_FOUND ? SL_NOT_FOUND : SL_OK;
}

/* who said the message at work, for people; whether it holds a slot */
static bool name_peer(const sl_fleet *self, const sl_peer *peer, char text[96]) {
    const char *at = sl_transport_sender(self->transport);
    for (int i = 0; i < self->def.n_slots; i++) {
        const sl_slot *slot = &self->slots[i];
        bool holds = slot->state != SL_SLOT_FREE && slot->peer.len == peer->len &&
                     memcmp(slot->peer.bytes, peer->bytes, peer->len) == 0;
        if (!holds) continue;
        (void)snprintf(text, 96, "the agent of slot %d%s%.60s", i, at[0] ? " at " : "", at);
        return true;
    }
    (void)snprintf(text, 96, "a peer without a slot%s%.60s", at[0] ? " at " : "", at);
    return false;
}

void sl_fleet_complain(sl_fleet *self, sl_log_level level, const sl_peer *peer, const char *key, const char *text) {
    char name[96];
    // strangers, however many, do not use up what is told of the fleet's own
    bool holds = name_peer(self, peer, name);
    if (!sl_complaint_is_new(holds ? &self->complaints : &self->strangers, peer, key)) return;
    sl_log(level, "%s: %s", name, text);
}
