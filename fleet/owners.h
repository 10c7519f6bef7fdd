/* owners.h - whose key holds a slot. On a link without keys everybody may do everything. With keys the one that a
 * message's connection has proved counts, whatever the message says of itself. On the fleet's thread. */
#ifndef SL_FLEET_OWNERS_H
#define SL_FLEET_OWNERS_H

#include "fleet/state.h"

/* Who said the message that was received last; before anything is asked about it. */
void sl_owner_look(sl_fleet *self);
/* Whether the sender's key is still allowed. */
bool sl_owner_is_allowed(const sl_fleet *self);
/* Whether it may hold that slot. */
bool sl_owner_may_hold(const sl_fleet *self, int slot);
/* Whether it is the key of the slot's agent. */
bool sl_owner_holds(const sl_fleet *self, const sl_slot *slot);
/* The sender's agent holds the slot from now on. */
void sl_owner_take(const sl_fleet *self, sl_slot *slot);
/* REJECT to who said it, counted and told. why: what it may not. */
void sl_owner_refuse(sl_fleet *self, const sl_peer *peer, uint64_t run_id, const char *why);
/* The same with what is wrong about its HELLO. */
void sl_owner_refuse_hello(sl_fleet *self, const sl_peer *peer, const sl_fleet_message *hello);
/* Whether the key of the slot's agent was revoked, or may not hold this slot any more. */
bool sl_owner_lost(const sl_fleet *self, const sl_slot *slot);

#endif
