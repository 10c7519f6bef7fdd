/* barrier.h - the yardstick of the fleet: a bare ZeroMQ barrier, in which a ROUTER sends every one of N DEALER
 * processes a message and waits for N answers, of the sizes that the fleet's observations and actions have, with
 * nothing else in between. The peers are processes of the program starling-barrier-peer. One thread. */
#ifndef SL_BENCH_BARRIER_H
#define SL_BENCH_BARRIER_H

#include "common/status.h"

#include <stddef.h>
#include <stdint.h>

typedef struct sl_barrier_def {
    const char *peer;     /* path of starling-barrier-peer, which is installed beside the others */
    int n_agents;         /* 1..1024 processes */
    int obs_dim, n_avail; /* features and legal flags of an observation; n_avail 0 = none */
    double seconds;       /* to measure, after as many ticks as warm it up */
} sl_barrier_def;

typedef struct sl_barrier_result {
    uint64_t ticks;
    double ticks_per_second;
    double round_trip_p50_ns, round_trip_p99_ns; /* from a peer's send to its answer's arrival */
    size_t obs_bytes, action_bytes;              /* of a message */
} sl_barrier_result;

/* SL_NOT_FOUND (the peer program), SL_NETWORK, SL_TIMEOUT (a peer does not answer). No peer is left behind. */
SL_MUST_CHECK sl_status sl_barrier_bench(const sl_barrier_def *def, sl_barrier_result *out);
/* The peer's whole life: answers every message with action_bytes bytes until an empty one comes. */
SL_MUST_CHECK sl_status sl_barrier_peer(const char *endpoint, size_t action_bytes);

#endif
