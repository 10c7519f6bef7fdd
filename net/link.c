/* link.c - the numbers of the two links; what each is for: docs/protocol.md. */
#include "net/link.h"

sl_link_def sl_link_fleet_def(const char *endpoint) {
    return (sl_link_def){.endpoint = endpoint,
                         .high_water_mark = 16,
                         .max_frame_bytes = 1024 * 1024,
                         .lost_host_ms = 10000,
                         .linger_ms = 1000,
                         .backlog = 128,
                         .send_wait_ms = 0,
                         .server = SL_ROLE_COORDINATOR,
                         .client = SL_ROLE_AGENT};
}

sl_link_def sl_link_learn_def(const char *endpoint) {
    // a stopped process takes no part of a frame of hundreds of megabytes, and shall not lose its connection at once
    return (sl_link_def){.endpoint = endpoint,
                         .high_water_mark = 4,
                         .max_frame_bytes = SL_LINK_LEARN_FRAME,
                         .lost_host_ms = 60000,
                         .linger_ms = 1000,
                         .backlog = 16,
                         .send_wait_ms = 5000,
                         .server = SL_ROLE_TRAINER,
                         .client = SL_ROLE_COORDINATOR};
}

#define COUNTER(member, help) SL_METRIC(#member, sl_link_stats, member, SL_METRIC_COUNTER, "messages", help)
static const sl_metric metrics[] = {
    COUNTER(sent, "taken to be sent"),
    COUNTER(received, "handed to the owner"),
    COUNTER(dropped_out, "not sent: the peer is gone, its queue full, or there is no connection yet"),
    COUNTER(dropped_in, "with too many frames or too long a peer id"),
    SL_METRIC("denied", sl_link_stats, denied, SL_METRIC_COUNTER, "connections", "whose key is not allowed"),
    SL_METRIC("unhandshaken", sl_link_stats, unhandshaken, SL_METRIC_COUNTER, "connections",
              "that said nothing, nonsense, or not what the server's keys want"),
    SL_METRIC("connected", sl_link_stats, connected, SL_METRIC_COUNTER, "connections",
              "that a client made: one, and another for each that was lost"),
};
const sl_metric_table sl_link_metrics = SL_METRIC_TABLE(metrics);
