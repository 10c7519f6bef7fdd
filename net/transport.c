/* transport.c - picks the backend by the endpoint's scheme and counts. One thread owns a transport. */
#include "net/transport.h"

#include "common/assert.h"
#include "net/keyring.h"
#include "net/transport_sim.h"

#include <stdio.h>
#include <string.h>

static sl_status open_link(const sl_link_def *link, bool serves, sl_transport **out) {
    SL_ASSERT(link->high_water_mark > 0 && link->max_frame_bytes > 0);
    SL_TRY(sl_endpoint_check(link->endpoint, serves));
    bool simulated = strncmp(link->endpoint, "sim://", 6) == 0;
    sl_allow_list *list = NULL;
    if (serves && link->keys) SL_TRY(sl_allow_list_open(link->keys->allow, &list));
    sl_status status = simulated ? sl_sim_open(link, serves, out) : sl_zmq_open(link, serves, list, out);
    if (status != SL_OK) {
        sl_allow_list_close(&list);
        return status;
    }
    (*out)->max_frame_bytes = link->max_frame_bytes;
    (*out)->list = list;
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
    sl_allow_list *list = (*self)->list;
    (*self)->ops->close(*self);
    sl_allow_list_close(&list);
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
    // behind it: whoever was let in by a list that was read meanwhile has to be found in it
    if (self->list && sl_allow_list_take(self->list)) self->keys_version++;
    if (status == SL_OK) self->stats.received++;
    return status;
}

const char *sl_transport_sender(const sl_transport *self) {
    return self->ops->sender(self);
}

const sl_allowed *sl_transport_sender_key(sl_transport *self) {
    if (!self->list) return NULL;
    const char *key = self->ops->key(self);
    const sl_allowed *who = key ? sl_allow_list_look_up(self->list, key) : NULL;
    if (who) return who;
    self->stranger = (sl_allowed){.name = ""};
    if (key) (void)snprintf(self->stranger.key, sizeof self->stranger.key, "%s", key);
    return &self->stranger;
}

uint64_t sl_transport_keys_version(const sl_transport *self) {
    return self->keys_version;
}

const sl_allowed *sl_transport_find_key(const sl_transport *self, const char *key) {
    return self->list ? sl_allow_list_look_up(self->list, key) : NULL;
}

int64_t sl_transport_now_ns(const sl_transport *self) {
    return self->ops->now_ns(self);
}

void sl_transport_wait(sl_transport *self, int64_t until_ns) {
    self->ops->wait(self, until_ns);
}

sl_link_stats sl_transport_get_stats(sl_transport *self) {
    self->ops->count(self);
    return self->stats;
}
