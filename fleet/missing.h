/* missing.h - whom a tick waits for, and who is told of it; what fleet.h says of that. On the fleet's thread. */
#ifndef SL_FLEET_MISSING_H
#define SL_FLEET_MISSING_H

#include "fleet/state.h"

/* Within a tick: tells whoever looks on what holds it up, when that is due. */
void sl_fleet_note_wait(sl_fleet *self);

#endif
