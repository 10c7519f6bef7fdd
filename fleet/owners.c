/* owners.c - see owners.h. */
#include "fleet/owners.h"

#include "common/plant.h"

#include <stdio.h>
#include <string.h>

void sl_owner_look(sl_fleet *self) {
    self->sender = sl_transport_sender_key(self->transport);
}

bool sl_owner_is_allowed(const sl_fleet *self) {
    return !self->sender || self->sender->name[0] || SL_PLANTED(no_key);
}

bool sl_owner_may_hold(const sl_fleet *self, int slot) {
    return !self->sender || SL_PLANTED(any_key) || SL_PLANTED(no_key) || sl_slot_set_has(&self->sender->slots, slot);
}

bool sl_owner_holds(const sl_fleet *self, const sl_slot *slot) {
    return !self->sender || SL_PLANTED(any_key) || memcmp(self->sender->key, slot->key, sizeof slot->key) == 0;
}

void sl_owner_take(const sl_fleet *self, sl_slot *slot) {
    if (!self->sender) return;
    memcpy(slot->key, self->sender->key, sizeof slot->key);
    memcpy(slot->owner, self->sender->name, sizeof slot->owner);
}

void sl_owner_refuse(sl_fleet *self, const sl_peer *peer, uint64_t run_id, const char *why) {
    char line[256];
    sl_fleet_message message = {
        .kind = SL_FLEET_REJECT, .run_id = run_id, .slot = -1, .reject = SL_REJECT_UNAUTHORISED};
    (void)snprintf(message.text, sizeof message.text, "%s", why);
    self->stats.unauthorised++;
    (void)sl_fleet_send(self, peer, &message);
    (void)snprintf(line, sizeof line, "it was rejected (unauthorised): %s", message.text);
    sl_fleet_complain(self, SL_LOG_WARN, peer, line, line);
}

void sl_owner_refuse_hello(sl_fleet *self, const sl_peer *peer, const sl_fleet_message *hello) {
    char text[160], slots[40], wanted[32] = "any slot of this fleet";
    const sl_allowed *who = self->sender;
    sl_slot_set_print(&who->slots, sizeof slots, slots);
    if (hello->slot >= 0) (void)snprintf(wanted, sizeof wanted, "slot %d", hello->slot);
    (void)snprintf(text, sizeof text, "the key '%s' may not hold %s; its file allows slots: %s", who->name, wanted,
                   slots[0] ? slots : "none");
    self->stats.rejected++;
    sl_owner_refuse(self, peer, hello->run_id, text);
}

bool sl_owner_lost(const sl_fleet *self, const sl_slot *slot) {
    if (!slot->key[0]) return false;
    const sl_allowed *who = sl_transport_find_key(self->transport, slot->key);
    return !who || !sl_slot_set_has(&who->slots, sl_fleet_index(self, slot));
}
