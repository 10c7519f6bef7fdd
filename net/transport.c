/* transport.c - picks the backend by the endpoint's scheme and counts. One thread owns a transport. */
#include "net/transport.h"

#include "common/assert.h"
#include "net/transport_sim.h"

#include <string.h>

static sl_status open_link(const sl_link_def *link, bool serves, sl_transport **out) {
    SL_ASSERT(link->high_water_mark > 0 && link->max_frame_bytes > 0);
    SL_TRY(sl_endpoint_check(link->endpoint, serves));
    bool simulated = strncmp(link->endpoint, "sim://", 6) == 0;
    SL_TRY(simulated ? sl_sim_open(link->endpoint, serves, out) : sl_zmq_open(link, serves, out));
    (*out)->max_frame_bytes = link->max_frame_bytes;
    return SL_OK;
}

sl_status sl_transport_serve(const sl_link_def *link, sl_transport **out) {
    return open_link(link, true, out);
}

sl_status sl_transport_connect(const sl_link_def *link, sl_transport **out) {
    return open_link(link, false, out);
}

void sl_transport_close(sl_transport **self) {
    if (!*self) return;
    (*self)->ops->close(*self);
    *self = NULL;
}

void sl_transport_reconnect(sl_transport *self) {
    SL_ASSERT(!self->serves);
    self->ops->reconnect(self);
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

void sl_transport_wait(sl_transport *self, int64_t until_ns) {
    self->ops->wait(self, until_ns);
}

sl_link_stats sl_transport_get_stats(const sl_transport *self) {
    return self->stats;
}
