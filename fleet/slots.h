/* slots.h - who holds a slot of the fleet: joining, liveness, leases. On the fleet's thread. */
#ifndef SL_FLEET_SLOTS_H
#define SL_FLEET_SLOTS_H

#include "fleet/state.h"

void sl_fleet_on_hello(sl_fleet *self, const sl_peer *peer, const sl_fleet_message *hello);
/* Which slot is free, and how large an agent it takes: nothing is held for who asks. */
void sl_fleet_on_ask(sl_fleet *self, const sl_peer *peer, const sl_fleet_message *ask);
void sl_fleet_reject(sl_fleet *self, const sl_peer *peer, uint64_t run_id, sl_reject code, const char *text);
/* The slot's agent is ready, or back. */
void sl_fleet_revive(sl_fleet *self, sl_slot *slot);
/* The slot has no agent any more: state is SL_SLOT_DEAD or SL_SLOT_FREE. why: for people, NULL: they
 * know. */
void sl_fleet_lose(sl_fleet *self, sl_slot *slot, sl_slot_state state, const char *why);
/* Nobody holds the slot any more. */
void sl_fleet_vacate(sl_slot *slot);
/* Behind a receive: takes the slots from those whose keys may not hold them any more. Nothing while the list of the
 * allowed is the same. */
void sl_fleet_check_owners(sl_fleet *self);
/* Silence, leases, repeats of what is not answered. */
void sl_fleet_check(sl_fleet *self);

#endif
