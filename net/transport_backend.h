/* transport_backend.h - what a backend of the transport implements. Included by the transports of net/ alone. */
#ifndef SL_NET_TRANSPORT_BACKEND_H
#define SL_NET_TRANSPORT_BACKEND_H

#include "common/status.h"
#include "net/allow_list.h"
#include "net/endpoint.h"
#include "net/link.h"
#include "net/message.h"

#include <stdbool.h>

typedef struct sl_transport sl_transport;

/* As the functions of net/transport.h. */
typedef struct sl_transport_ops {
    void (*close)(sl_transport *self);
    void (*reconnect)(sl_transport *self);
    sl_status (*send)(sl_transport *self, const sl_peer *peer, int n_frames, const sl_frame *frames);
    sl_status (*receive)(sl_transport *self, int timeout_ms, sl_message *out);
    int64_t (*now_ns)(const sl_transport *self);
    void (*wait)(sl_transport *self, int64_t until_ns);
    const char *(*sender)(const sl_transport *self);
    const char *(*key)(const sl_transport *self); /* of who sent the message received last, Z85; NULL: none */
    void (*count)(sl_transport *self);            /* what others than the owner have counted, into stats */
} sl_transport_ops;

/* The first member of each backend's struct. */
struct sl_transport {
    const sl_transport_ops *ops;
    bool serves;
    int64_t max_frame_bytes; /* of what is sent, as of what may come */
    char endpoint[SL_ENDPOINT_BYTES];
    sl_link_stats stats;
    sl_allow_list *list; /* of a server with keys; NULL: everybody may connect */
    uint64_t keys_version;
    sl_allowed stranger; /* who sent the message received last, when the key is not allowed any more */
};

/* The ZeroMQ backend, a ROUTER for the server, a DEALER for a client: as sl_transport_serve and _connect. list: of a
 * server with keys, borrowed for the life of *out. */
SL_MUST_CHECK sl_status sl_zmq_open(const sl_link_def *link, bool serves, sl_allow_list *list, sl_transport **out);

#endif
