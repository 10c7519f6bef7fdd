/* turn.h - the fleet listens: a message at a time, and between them what is due now and then. On the fleet's thread.
 */
#ifndef SL_FLEET_TURN_H
#define SL_FLEET_TURN_H

#include "fleet/state.h"

/* Waits at most timeout_ms for one message and handles it, then the periodic work when it is due. SL_OK also when
 * none came; SL_INTERRUPTED when asked to stop; SL_NETWORK. */
SL_MUST_CHECK sl_status sl_fleet_turn(sl_fleet *self, int timeout_ms);
/* The same, for who waits for as long as it takes. */
enum { SL_FLEET_TURN_MS = 10 };

#endif
