/* clock_lockstep.h - the exchange that waits for every answer, for the clocks that have it. As fleet/clock.h says. */
#ifndef SL_FLEET_CLOCK_LOCKSTEP_H
#define SL_FLEET_CLOCK_LOCKSTEP_H

#include "fleet/clock.h"

void sl_lockstep_begin(sl_fleet *self);
void sl_lockstep_feed(sl_fleet *self, sl_slot *slot);
void sl_lockstep_repeat(sl_fleet *self, sl_slot *slot);
const char *sl_lockstep_answer(sl_fleet *self, sl_slot *slot, const sl_fleet_message *action);
bool sl_lockstep_awaits(const sl_fleet *self, const sl_slot *slot);
sl_status sl_lockstep_tick(sl_fleet *self, const sl_fleet_ask *ask, int32_t *actions, sl_act *acts);

#endif
