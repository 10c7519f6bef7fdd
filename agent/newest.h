/* newest.h - the newest observation that came to an agent in real time and is not decided yet; those before it are
 * not decided any more. One owner; nothing is allocated between reservations. */
#ifndef SL_AGENT_NEWEST_H
#define SL_AGENT_NEWEST_H

#include "net/fleet_message.h"

typedef struct sl_newest {
    float *obs;     /* (n_obs) */
    uint8_t *avail; /* (n_avail) */
    int obs_dim, n_actions, n_obs, n_avail;
    uint64_t sequence;
    int64_t tick, received_ns;
    bool episode_start; /* of it, or of one that it made way for */
    bool is_there;
} sl_newest;

/* Room for observations of that shape. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_newest_reserve(sl_newest *self, int obs_dim, int n_actions);
void sl_newest_fini(sl_newest *self);
/* Copies an observation that fits, unless a newer one is there. Whether one of the two is left out. */
bool sl_newest_put(sl_newest *self, const sl_fleet_message *observation, int64_t received_ns);

#endif
