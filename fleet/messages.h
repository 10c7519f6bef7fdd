/* messages.h - what comes in from the agents. On the fleet's thread. */
#ifndef SL_FLEET_MESSAGES_H
#define SL_FLEET_MESSAGES_H

#include "fleet/state.h"

/* Waits at most timeout_ms for one message and handles it. SL_OK also when none came; SL_NETWORK. */
SL_MUST_CHECK sl_status sl_fleet_receive(sl_fleet *self, int timeout_ms);

#endif
