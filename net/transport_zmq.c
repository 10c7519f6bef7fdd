/* transport_zmq.c - the ZeroMQ backend: a ROUTER for the server, a DEALER for a client, each with its own context and
 * I/O thread. The option set and what each option is for: docs/protocol.md. One thread owns a transport. */
#include "net/transport_backend.h"

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "net/guard.h"
#include "net/keyring.h"
#include "net/refusal.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <zmq.h>

typedef struct zmq_transport {
    sl_transport base;
    void *context, *socket;
    sl_guard *guard;        /* of a server */
    sl_refusal *refusal;    /* of a client */
    int receive_timeout_ms; /* what ZMQ_RCVTIMEO is set to */
    int n_held;             /* frames of the message that the owner borrows */
    zmq_msg_t held[SL_MAX_FRAMES];
} zmq_transport;

static int set_int(zmq_transport *self, int option, int value) {
    return zmq_setsockopt(self->socket, option, &value, sizeof value);
}

// a client's routing id is random, so that a reconnect is the same peer and a restart is another
static int set_routing_id(zmq_transport *self) {
    uint8_t id[17] = {'c'};
    if (getrandom(id + 1, sizeof id - 1, 0) != (ssize_t)(sizeof id - 1)) return -1;
    return zmq_setsockopt(self->socket, ZMQ_ROUTING_ID, id, sizeof id);
}

/* TCP's own timeouts notice a lost host: of what is sent, and of a silent connection. ZMTP's heartbeats would notice
 * a stopped process too, and that process aborts in libzmq when it goes on (docs/protocol.md) */
static int set_host_timeouts(zmq_transport *self, int lost_host_ms) {
    int failed = set_int(self, ZMQ_TCP_MAXRT, lost_host_ms);
    failed |= set_int(self, ZMQ_TCP_KEEPALIVE, 1);
    failed |= set_int(self, ZMQ_TCP_KEEPALIVE_IDLE, 1 + lost_host_ms / 2000);
    failed |= set_int(self, ZMQ_TCP_KEEPALIVE_INTVL, 1 + lost_host_ms / 8000);
    failed |= set_int(self, ZMQ_TCP_KEEPALIVE_CNT, 3);
    return failed;
}

static int set_options(zmq_transport *self, const sl_link_def *link) {
    int failed = 0;
    if (self->base.serves) {
        failed |= set_int(self, ZMQ_ROUTER_HANDOVER, 1);
        failed |= set_int(self, ZMQ_ROUTER_MANDATORY, 1);
        failed |= set_int(self, ZMQ_BACKLOG, link->backlog);
    } else {
        failed |= set_int(self, ZMQ_IMMEDIATE, 1);
        failed |= set_int(self, ZMQ_RECONNECT_IVL, 100);
        failed |= set_int(self, ZMQ_RECONNECT_IVL_MAX, 5000);
        failed |= set_int(self, ZMQ_CONNECT_TIMEOUT, 3000);
        failed |= set_routing_id(self);
    }
    failed |= set_int(self, ZMQ_SNDHWM, link->high_water_mark);
    // a server's inbox has no mark: at one libzmq stops reading, and a peer that has sent ZMTP pings behind the last
    // message that found room and breaks the connection makes it abort, as with heartbeats of our own
    failed |= set_int(self, ZMQ_RCVHWM, self->base.serves ? 0 : link->high_water_mark);
    failed |= set_host_timeouts(self, link->lost_host_ms);
    failed |= set_int(self, ZMQ_HANDSHAKE_IVL, 3000);
    failed |= set_int(self, ZMQ_LINGER, link->linger_ms);
    failed |= set_int(self, ZMQ_SNDTIMEO, link->send_wait_ms);
    failed |= zmq_setsockopt(self->socket, ZMQ_MAXMSGSIZE, &link->max_frame_bytes, sizeof link->max_frame_bytes);
    return failed;
}

static int set_text(zmq_transport *self, int option, const char *text) {
    return zmq_setsockopt(self->socket, option, text, strlen(text));
}

// who serves asks its guard about each key. Without one libzmq would take everybody (the option against it is a
// draft): the guard lives as long as the socket does, and a connection that it was not asked about has no User-Id
static int set_keys(zmq_transport *self, const sl_keyring *keys) {
    int failed = 0;
    if (self->base.serves) {
        failed |= set_int(self, ZMQ_CURVE_SERVER, 1);
        failed |= set_text(self, ZMQ_ZAP_DOMAIN, "starling");
    } else {
        failed |= set_text(self, ZMQ_CURVE_SERVERKEY, keys->own.server_key);
        failed |= set_text(self, ZMQ_CURVE_PUBLICKEY, keys->own.public_key);
    }
    failed |= set_text(self, ZMQ_CURVE_SECRETKEY, keys->own.secret_key);
    return failed;
}

static void drop_held(zmq_transport *self) {
    for (int i = 0; i < self->n_held; i++) (void)zmq_msg_close(&self->held[i]);
    self->n_held = 0;
}

static void close_zmq(sl_transport *base) {
    zmq_transport *self = (zmq_transport *)base;
    drop_held(self);
    sl_guard_close(&self->guard);
    sl_refusal_close(&self->refusal);
    if (self->socket) (void)zmq_close(self->socket);
    // term waits for the linger time; a signal may cut it short, then it is called again
    while (self->context && zmq_ctx_term(self->context) != 0 && errno == EINTR) continue;
    sl_free(self);
}

// the routing id stays, so that a server sees the same peer; the socket alone knows why it failed, and goes on trying
static void reconnect_zmq(sl_transport *base) {
    zmq_transport *self = (zmq_transport *)base;
    bool failed = zmq_disconnect(self->socket, base->endpoint) != 0;
    if (zmq_connect(self->socket, base->endpoint) != 0 || failed)
        SL_WARN("connecting to %s anew: %s", base->endpoint, zmq_strerror(errno));
}

static sl_status send_frame(zmq_transport *self, const void *bytes, size_t n_bytes, int flags) {
    // libzmq looks for room at most once a millisecond, so a full pipe is believed only after asking for the events
    for (bool asked = false;; asked = true) {
        if (zmq_send(self->socket, bytes, n_bytes, flags) >= 0) return SL_OK;
        if (errno == EHOSTUNREACH) return SL_NOT_FOUND;
        if (errno == EAGAIN && asked) return SL_FULL;
        if (errno == ENOMEM)
            return sl_fail(SL_MEMORY, "fewer copies or steps at a time, or a higher limit (ulimit -v)",
                           "no memory to send %zu bytes on %s", n_bytes, self->base.endpoint);
        if (errno != EAGAIN && errno != EINTR)
            return sl_fail(SL_NETWORK, NULL, "sending on %s: %s", self->base.endpoint, zmq_strerror(errno));
        int events;
        size_t size = sizeof events;
        (void)zmq_getsockopt(self->socket, ZMQ_EVENTS, &events, &size);
    }
}

static sl_status send_zmq(sl_transport *base, const sl_peer *peer, int n_frames, const sl_frame *frames) {
    zmq_transport *self = (zmq_transport *)base;
    if (base->serves) SL_TRY(send_frame(self, peer->bytes, peer->len, ZMQ_SNDMORE));
    // once the first frame is taken, the high-water mark does not stop the rest
    for (int i = 0; i < n_frames; i++) {
        int flags = i + 1 < n_frames ? ZMQ_SNDMORE : 0;
        SL_TRY(send_frame(self, frames[i].bytes, frames[i].n_bytes, flags));
    }
    return SL_OK;
}

static sl_status receive_frame(zmq_transport *self, zmq_msg_t *frame) {
    if (zmq_msg_recv(frame, self->socket, 0) >= 0) return SL_OK;
    if (errno == EAGAIN) return SL_TIMEOUT;
    if (errno == EINTR) return SL_INTERRUPTED;
    return sl_fail(SL_NETWORK, NULL, "receiving on %s: %s", self->base.endpoint, zmq_strerror(errno));
}

// small frames point into libzmq's own buffer at any offset; those are copied to where numbers can be read
static sl_status align_frame(zmq_msg_t *frame) {
    size_t n_bytes = zmq_msg_size(frame);
    if (((uintptr_t)zmq_msg_data(frame) & 7) == 0) return SL_OK;
    zmq_msg_t copy;
    if (zmq_msg_init_size(&copy, n_bytes) != 0) return sl_fail(SL_MEMORY, NULL, "no memory for a received frame");
    memcpy(zmq_msg_data(&copy), zmq_msg_data(frame), n_bytes);
    (void)zmq_msg_close(frame);
    (void)zmq_msg_init(frame);
    (void)zmq_msg_move(frame, &copy);
    (void)zmq_msg_close(&copy);
    return SL_OK;
}

// the ROUTER's first frame: who sent it. *kept says whether the id fits an sl_peer
static sl_status receive_peer(zmq_transport *self, sl_peer *peer, bool *kept) {
    zmq_msg_t frame;
    (void)zmq_msg_init(&frame);
    sl_status status = receive_frame(self, &frame);
    size_t n_bytes = status == SL_OK ? zmq_msg_size(&frame) : 0;
    *kept = n_bytes <= SL_PEER_BYTES;
    if (status == SL_OK && *kept) {
        peer->len = (uint8_t)n_bytes;
        memcpy(peer->bytes, zmq_msg_data(&frame), n_bytes);
    }
    (void)zmq_msg_close(&frame);
    return status;
}

static const char *sender_zmq(const sl_transport *base) {
    const zmq_transport *self = (const zmq_transport *)base;
    const char *address = self->n_held > 0 ? zmq_msg_gets(&self->held[0], "Peer-Address") : NULL;
    return address ? address : "";
}

// why a message cannot be taken; the first, second, fourth, ...: one who goes on shall not fill the log
static void note_dropped(zmq_transport *self, const char *why) {
    uint64_t n = ++self->base.stats.dropped_in;
    const char *at = sender_zmq(&self->base);
    if ((n & (n - 1)) == 0)
        SL_WARN("dropped a message on %s from %s, %llu so far: %s", self->base.endpoint, at[0] ? at : "somebody",
                (unsigned long long)n, why);
}

// one whole message into held; *kept becomes false when it has too many frames
static sl_status receive_message(zmq_transport *self, sl_peer *peer, bool *kept) {
    drop_held(self);
    *kept = true;
    *peer = (sl_peer){0};
    if (self->base.serves) SL_TRY(receive_peer(self, peer, kept));
    for (int more = 1; more;) {
        zmq_msg_t surplus, *frame = self->n_held < SL_MAX_FRAMES ? &self->held[self->n_held] : &surplus;
        (void)zmq_msg_init(frame);
        sl_status status = receive_frame(self, frame);
        if (status == SL_OK) {
            more = zmq_msg_more(frame);
            // frame 0 is read byte by byte, and on the fleet's link it is the only one
            if (self->n_held > 0) status = align_frame(frame);
        }
        if (status != SL_OK || frame == &surplus) {
            (void)zmq_msg_close(frame);
            *kept = false;
        } else {
            self->n_held++;
        }
        if (status != SL_OK) return status;
    }
    return SL_OK;
}

static sl_status receive_zmq(sl_transport *base, int timeout_ms, sl_message *out) {
    zmq_transport *self = (zmq_transport *)base;
    if (timeout_ms != self->receive_timeout_ms) {
        (void)set_int(self, ZMQ_RCVTIMEO, timeout_ms);
        self->receive_timeout_ms = timeout_ms;
    }
    if (self->refusal && sl_refusal_look(self->refusal, sl_clock_ns())) reconnect_zmq(base);
    sl_peer peer;
    bool kept = false;
    SL_TRY(receive_message(self, &peer, &kept));
    if (!kept) {
        // the caller has its own clock to look at: who sends such messages without end shall not hold it here
        note_dropped(self, self->n_held == SL_MAX_FRAMES ? "it has more frames than any"
                                                         : "its routing id is longer than 32 bytes");
        return SL_TIMEOUT;
    }
    out->peer = peer;
    out->n_frames = self->n_held;
    for (int i = 0; i < self->n_held; i++)
        out->frames[i] = (sl_frame){zmq_msg_data(&self->held[i]), zmq_msg_size(&self->held[i])};
    return SL_OK;
}

static const char *key_zmq(const sl_transport *base) {
    const zmq_transport *self = (const zmq_transport *)base;
    // of the connection that it came over: a routing id is what a peer says of itself
    return self->n_held > 0 ? zmq_msg_gets(&self->held[0], "User-Id") : NULL;
}

static void count_zmq(sl_transport *base) {
    zmq_transport *self = (zmq_transport *)base;
    if (self->guard) sl_guard_count(self->guard, &base->stats);
    if (self->refusal) base->stats.connected = sl_refusal_connected(self->refusal);
}

static int64_t now_zmq(const sl_transport *base) {
    (void)base;
    return sl_clock_ns();
}

static void wait_zmq(sl_transport *base, int64_t until_ns) {
    // the clock of sl_clock_ns, and the time itself: what is computed before adds nothing
    struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000), .tv_nsec = (long)(until_ns % 1000000000)};
    (void)base;
    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static const sl_transport_ops zmq_ops = {close_zmq, reconnect_zmq, send_zmq, receive_zmq, now_zmq,
                                         wait_zmq,  sender_zmq,    key_zmq,  count_zmq};

// libzmq serves on addresses and interfaces only, so a name that is no interface becomes an address
static int serve(zmq_transport *self, const char *endpoint) {
    char resolved[SL_ENDPOINT_BYTES];
    (void)set_int(self, ZMQ_IPV6, sl_endpoint_is_ipv6(endpoint));
    if (zmq_bind(self->socket, endpoint) == 0) return 0;
    int error = errno;
    bool found = error == ENODEV && sl_endpoint_resolve(endpoint, resolved) == SL_OK;
    errno = error;
    if (!found) return -1;
    (void)set_int(self, ZMQ_IPV6, sl_endpoint_is_ipv6(resolved));
    return zmq_bind(self->socket, resolved);
}

// with IPv6 on, libzmq would take a name's IPv6 address where the server has the IPv4 one
static int join(zmq_transport *self, const char *endpoint) {
    char resolved[SL_ENDPOINT_BYTES];
    bool known = sl_endpoint_resolve(endpoint, resolved) == SL_OK;
    (void)set_int(self, ZMQ_IPV6, sl_endpoint_is_ipv6(known ? resolved : endpoint));
    return zmq_connect(self->socket, endpoint);
}

static sl_status refused(const zmq_transport *self, const char *endpoint, int error) {
    const char *verb = self->base.serves ? "serve on" : "connect to";
    if (error == EADDRINUSE)
        return sl_fail(SL_NETWORK, "another process serves there; choose another port, or tcp://127.0.0.1:*",
                       "cannot serve on '%s': %s", endpoint, zmq_strerror(error));
    if (error == ENODEV || error == EADDRNOTAVAIL)
        return sl_fail(SL_CONFIG, "use an address of this machine, or tcp://*:PORT for all of them",
                       "cannot %s '%s': no address of this machine", verb, endpoint);
    // out of files or memory is not the endpoint's fault
    bool passing = error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS || error == ENOSPC;
    return sl_fail(passing ? SL_NETWORK : SL_CONFIG, "use tcp://HOST:PORT", "cannot %s '%s': %s", verb, endpoint,
                   zmq_strerror(error));
}

static sl_status attach(zmq_transport *self, const char *endpoint) {
    int failed = self->base.serves ? serve(self, endpoint) : join(self, endpoint);
    if (failed) return refused(self, endpoint, errno);
    size_t n_bytes = sizeof self->base.endpoint;
    if (zmq_getsockopt(self->socket, ZMQ_LAST_ENDPOINT, self->base.endpoint, &n_bytes) != 0)
        return sl_fail(SL_NETWORK, NULL, "'%s' has no endpoint: %s", endpoint, zmq_strerror(errno));
    return SL_OK;
}

sl_status sl_zmq_open(const sl_link_def *link, bool serves, sl_allow_list *list, sl_transport **out) {
    zmq_transport *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for a transport");
    self->base.ops = &zmq_ops;
    self->base.serves = serves;
    self->receive_timeout_ms = -1;
    sl_status status = SL_OK;
    self->context = zmq_ctx_new();
    self->socket = self->context ? zmq_socket(self->context, serves ? ZMQ_ROUTER : ZMQ_DEALER) : NULL;
    if (!self->socket || set_options(self, link) != 0 || (link->keys && set_keys(self, link->keys) != 0))
        status = sl_fail(SL_NETWORK, "is the limit of open files reached (ulimit -n)?",
                         "cannot make a socket for '%s': %s", link->endpoint, zmq_strerror(errno));
    if (status == SL_OK)
        status = serves ? sl_guard_open(self->context, self->socket, link, list, &self->guard)
                        : sl_refusal_open(self->context, self->socket, link, &self->refusal);
    if (status == SL_OK) status = attach(self, link->endpoint);
    if (status != SL_OK) {
        close_zmq(&self->base);
        return status;
    }
    *out = &self->base;
    return SL_OK;
}
