/* keys.h - the keys of simulated fleets: a coordinator's, of an agent for each slot, and of one who is not allowed.
 * Made once, with the folder of the allowed on disk, as a coordinator reads it. The network has no handshake that
 * refuses a key, so that what a stranger says reaches the fleet's own checks. One owner. */
#ifndef SL_SIMULATE_KEYS_H
#define SL_SIMULATE_KEYS_H

#include "net/keyring.h"

enum { SL_SIM_KEYS = 8 }; /* fleets of so many agents have keys */

typedef struct sl_sim_keys {
    sl_keyring server, stranger, agents[SL_SIM_KEYS];
} sl_sim_keys;

/* folder: an empty one. SL_NETWORK: libzmq has no CURVE. SL_IO, SL_NO_SPACE. */
SL_MUST_CHECK sl_status sl_sim_keys_make(const char *folder, sl_sim_keys *out);

#endif
