/* transport.h - moving whole multi-frame messages between one server and its clients. Two backends behind one
 * interface: ZeroMQ (ROUTER and DEALER with the option set of docs/protocol.md) and a simulated network with a seeded
 * virtual clock, for tests. One thread owns a transport. Messages to a peer that is gone or full are dropped and
 * counted, never queued without bound. */
#ifndef SL_NET_TRANSPORT_H
#define SL_NET_TRANSPORT_H

#include "common/status.h"

#include <stddef.h>
#include <stdint.h>

enum { SL_MAX_FRAMES = 34, SL_PEER_BYTES = 32 };

/* Who sent a message: the ROUTER's routing id. A client has one peer, its server, with len 0. */
typedef struct sl_peer {
    uint8_t len, bytes[SL_PEER_BYTES];
} sl_peer;

typedef struct sl_frame {
    const void *bytes;
    size_t n_bytes;
} sl_frame;

typedef struct sl_message {
    sl_peer peer;
    int n_frames;
    sl_frame frames[SL_MAX_FRAMES]; /* received: borrowed until the next receive; all but the first 8-byte aligned */
} sl_message;

typedef struct sl_transport_def {
    int high_water_mark;     /* messages per peer, both ways; not of what a server receives */
    int64_t max_frame_bytes; /* larger ones are not sent; incoming ones disconnect the sender */
    int lost_host_ms;        /* the peer's host acknowledges nothing for so long: the connection is closed */
    int linger_ms;           /* how long close waits for what was sent */
    int backlog;             /* connections that may wait for a server */
    int send_wait_ms;        /* how long send waits at the high-water mark or while not connected */
} sl_transport_def;
sl_transport_def sl_transport_default_def(void); /* the fleet's: 16, 1 MiB, 10000, 1000, 128, 0 */
sl_transport_def sl_transport_learn_def(void);   /* the learn link's: 4, 1 GiB, 60000, 1000, 16, 5000 */

typedef struct sl_transport_stats {
    uint64_t sent, received;
    uint64_t dropped_out; /* sends that ended in SL_FULL or SL_NOT_FOUND */
    uint64_t dropped_in;  /* messages with too many frames or too long a peer id */
} sl_transport_stats;

typedef struct sl_transport sl_transport;

/* Server: binds endpoint ("tcp://127.0.0.1:*" picks a port). Client: connects (the server may start later).
 * Both name the endpoint and the reason: SL_NETWORK: address in use; SL_CONFIG: malformed (net/endpoint.h), or no
 * address of this machine. */
SL_MUST_CHECK sl_status sl_transport_serve(const char *endpoint, const sl_transport_def *def, sl_transport **out);
SL_MUST_CHECK sl_status sl_transport_connect(const char *endpoint, const sl_transport_def *def, sl_transport **out);
void sl_transport_close(sl_transport **self);
const char *sl_transport_endpoint(const sl_transport *self); /* resolved, "tcp://127.0.0.1:40123" */
/* Copies every frame once; peer NULL = the server, from a client. Dropped, with no error line: SL_FULL (at the
 * high-water mark, or a client that is not connected yet), SL_NOT_FOUND (a server's peer that is gone). SL_CONFIG: a
 * frame is too large. */
SL_MUST_CHECK sl_status sl_transport_send(sl_transport *self, const sl_peer *peer, int n_frames,
                                          const sl_frame *frames);
/* The next message, waiting at most timeout_ms (-1 = for ever). SL_TIMEOUT, also when one was dropped (dropped_in);
 * SL_INTERRUPTED after a signal. */
SL_MUST_CHECK sl_status sl_transport_receive(sl_transport *self, int timeout_ms, sl_message *out);
/* The address of who sent the message received last, "10.0.0.7"; "" = not known. Borrowed until the next receive. */
const char *sl_transport_sender(const sl_transport *self);
int64_t sl_transport_now_ns(const sl_transport *self); /* the monotonic clock, or the simulation's */
sl_transport_stats sl_transport_get_stats(const sl_transport *self);

/* The simulated backend: one sl_sim is the network; its transports are made with serve and connect on endpoints
 * "sim://name" after sl_sim_install on this thread. receive advances the virtual clock instead of waiting. */
typedef struct sl_sim sl_sim;
typedef struct sl_sim_def {
    uint64_t seed;
    int64_t delay_min_ns, delay_max_ns; /* uniform per message; reordering follows */
    double loss, duplicate;             /* probabilities, each of a whole message */
} sl_sim_def;
typedef void (*sl_sim_handler)(void *context);
SL_MUST_CHECK sl_status sl_sim_create(const sl_sim_def *def, sl_sim **out);
void sl_sim_destroy(sl_sim **self);
void sl_sim_install(sl_sim *self); /* NULL uninstalls; per thread */
int64_t sl_sim_now_ns(const sl_sim *self);
/* Calls handler for each message that arrives at the transport opened last, and every wake_ns, from within the
 * receive of another transport: so one thread plays all ends. The handler may receive with timeout 0, send, and
 * close. */
void sl_sim_attach(sl_sim *self, int64_t wake_ns, sl_sim_handler handler, void *context);

#endif
