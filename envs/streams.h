/* streams.h - what episode e of a seed is: the same for every policy, whoever plays it. The coordinator's evaluations
 * and flights and `starling env play` agree by this. Any thread. */
#ifndef SL_ENVS_STREAMS_H
#define SL_ENVS_STREAMS_H

#include "common/rng.h"

typedef struct sl_streams {
    int64_t episode;
    sl_rng env, mask, action, links; /* action: the random policy's; links: what the network does to its messages */
} sl_streams;

/* env = split(seed(seed), episode), and split from that by name the others. */
sl_streams sl_streams_of_episode(uint64_t seed, int64_t episode);
/* The same with another stream in seed(seed)'s place. */
sl_streams sl_streams_split(const sl_rng *stream, int64_t episode);
/* The random policy: uniform over the legal of n actions, with one draw; avail (n) or NULL = all. 0 when none is. */
int32_t sl_streams_choose(sl_rng *action, int n, const uint8_t *avail);

#endif
