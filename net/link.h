/* link.h - one of the two links, as main defines it and hands it down to who serves or connects there: the fleet's,
 * between a coordinator and its agents, or the learn link, between a learn client and its coordinators. Plain data.
 */
#ifndef SL_NET_LINK_H
#define SL_NET_LINK_H

#include "common/metric.h"
#include "net/certificate.h"

enum { SL_LINK_LEARN_FRAME = 1 << 30 }; /* bytes: the learn link's largest frame */

struct sl_keyring;

typedef struct sl_link_def {
    const char *endpoint;          /* "tcp://10.0.0.1:5555", to serve on or to connect to; borrowed */
    int high_water_mark;           /* messages per peer, both ways; not of what a server receives */
    int64_t max_frame_bytes;       /* larger ones are not sent; incoming ones disconnect the sender */
    int lost_host_ms;              /* the peer's host acknowledges nothing for so long: the connection is closed */
    int linger_ms;                 /* how long close waits for what was sent */
    int backlog;                   /* connections that may wait for a server */
    int send_wait_ms;              /* how long send waits at the high-water mark or while not connected */
    sl_role server, client;        /* who serves it, and whose keys may connect */
    const struct sl_keyring *keys; /* CURVE with these (net/keyring.h), borrowed; NULL = everybody may connect */
} sl_link_def;

sl_link_def sl_link_fleet_def(const char *endpoint); /* 16, 1 MiB, 10000, 1000, 128, 0 */
sl_link_def sl_link_learn_def(const char *endpoint); /* 4, 1 GiB, 60000, 1000, 16, 5000 */

/* What passed over it. */
typedef struct sl_link_stats {
    uint64_t sent, received, dropped_out, dropped_in; /* whole messages */
    uint64_t denied, unhandshaken;                    /* connections to a server */
    uint64_t connected;                               /* connections that a client made */
} sl_link_stats;
extern const sl_metric_table sl_link_metrics;

#endif
