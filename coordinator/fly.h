/* fly.h - episodes flown by the fleet's agents: one environment, whose masked observations go out to the slots and
 * whose actions come back, by the fleet's clock. Episode e has the streams of the evaluation's episode e, so that a
 * fleet of the same students must come to the same returns, under links, too, but for realtime. One thread. */
#ifndef SL_COORDINATOR_FLY_H
#define SL_COORDINATOR_FLY_H

#include "fleet/fleet.h"
#include "net/flight_clock.h"
#include "rollout/evaluate.h"
#include "rollout/progress.h"
#include "rollout/watch.h"
#include "setup/setup.h"

typedef struct sl_fly_def {
    const sl_setup *setup;
    sl_fleet *fleet;
    int n_episodes;
    uint64_t seed;
    int join_ms;                 /* how long to wait for the agents; SL_WAIT_FOREVER */
    const sl_progress *progress; /* in episodes; NULL = not wanted */
    sl_watch watch;              /* of the flight: */
    int64_t watch_ns;            /* a step takes that long at least, for whoever looks on */
    const char *record;          /* a file to record to (envs/recording/recorder.h); NULL = none */
    const sl_links *links;       /* between environment and agents; NULL = none */
    sl_link_counts *counts;      /* what they, and realtime, did is added; NULL = not wanted */
    sl_flight_clock *clock;      /* how the flight kept time; NULL = not wanted */
} sl_fly_def;

/* tick_ns (n_episodes * max_steps): wall time of each environment step with its exchange, *n_ticks of them. stats:
 * what the fleet counted meanwhile. SL_CONFIG: links with a clock that knows no delay. SL_TIMEOUT names the slots
 * without an agent; SL_INTERRUPTED; SL_NETWORK; SL_MEMORY; what the recording says. */
SL_MUST_CHECK sl_status sl_fly_run(const sl_fly_def *def, const sl_episodes *out, int64_t *tick_ns, int64_t *n_ticks,
                                   sl_fleet_stats *stats);

#endif
