/* transport.c - picks the backend by the endpoint's scheme and counts. One thread owns a transport. */
#include "net/transport_backend.h"

#include "common/assert.h"

#include <string.h>

sl_transport_def sl_transport_default_def(void) {
    return (sl_transport_def){.high_water_mark = 16,
                              .max_frame_bytes = 1024 * 1024,
                              .lost_host_ms = 10000,
                              .linger_ms = 1000,
                              .backlog = 128,
                              .send_wait_ms = 0};
}

sl_transport_def sl_transport_learn_def(void) {
    // a stopped process takes no part of a frame of hundreds of megabytes, and shall not lose its connection at once
    return (sl_transport_def){.high_water_mark = 4,
                              .max_frame_bytes = 1024LL * 1024 * 1024,
                              .lost_host_ms = 60000,
                              .linger_ms = 1000,
                              .backlog = 16,
                              .send_wait_ms = 5000};
}

static sl_status open_endpoint(const char *endpoint, const sl_transport_def *def, bool serves, sl_transport **out) {
    SL_ASSERT(def->high_water_mark > 0 && def->max_frame_bytes > 0);
    SL_TRY(sl_endpoint_check(endpoint, serves));
    bool simulated = strncmp(endpoint, "sim://", 6) == 0;
    SL_TRY(simulated ? sl_sim_open(endpoint, serves, out) : sl_zmq_open(endpoint, def, serves, out));
    (*out)->max_frame_bytes = def->max_frame_bytes;
    return SL_OK;
}

sl_status sl_transport_serve(const char *endpoint, const sl_transport_def *def, sl_transport **out) {
    return open_endpoint(endpoint, def, true, out);
}

sl_status sl_transport_connect(const char *endpoint, const sl_transport_def *def, sl_transport **out) {
    return open_endpoint(endpoint, def, false, out);
}

void sl_transport_close(sl_transport **self) {
    if (!*self) return;
    (*self)->ops->close(*self);
    *self = NULL;
}

const char *sl_transport_endpoint(const sl_transport *self) {
    return self->endpoint;
}

sl_status sl_transport_send(sl_transport *self, const sl_peer *peer, int n_frames, const sl_frame *frames) {
    SL_ASSERT(n_frames > 0 && n_frames <= SL_MAX_FRAMES && (peer != NULL || !self->serves));
    // the other side would close the connection, and be sent the same again
    for (int i = 0; i < n_frames; i++)
        if (frames[i].n_bytes > (size_t)self->max_frame_bytes)
            return sl_fail(SL_CONFIG, "fewer copies, steps or episodes at a time make smaller messages",
                           "a message has a frame of %zu bytes, more than the %lld that can be sent",
                           frames[i].n_bytes, (long long)self->max_frame_bytes);
    sl_status status = self->ops->send(self, peer, n_frames, frames);
    if (status == SL_OK) self->stats.sent++;
    if (status == SL_FULL || status == SL_NOT_FOUND) self->stats.dropped_out++;
    return status;
}

sl_status sl_transport_receive(sl_transport *self, int timeout_ms, sl_message *out) {
    sl_status status = self->ops->receive(self, timeout_ms, out);
    if (status == SL_OK) self->stats.received++;
    return status;
}

const char *sl_transport_sender(const sl_transport *self) {
    return self->ops->sender(self);
}

int64_t sl_transport_now_ns(const sl_transport *self) {
    return self->ops->now_ns(self);
}

sl_transport_stats sl_transport_get_stats(const sl_transport *self) {
    return self->stats;
}
