/* transport.h - moving whole multi-frame messages between one server and its clients. Two backends behind one
 * interface: ZeroMQ (ROUTER and DEALER with the option set of docs/protocol.md) and a simulated network with a seeded
 * virtual clock, for tests. One thread owns a transport. Messages to a peer that is gone or full are dropped and
 * counted, never queued without bound. */
#ifndef SL_NET_TRANSPORT_H
#define SL_NET_TRANSPORT_H

#include "common/status.h"
#include "net/allow_list.h"
#include "net/link.h"
#include "net/message.h"

typedef struct sl_transport sl_transport;

/* Server: binds link's endpoint ("tcp://127.0.0.1:*" picks a port). Client: connects (the server may start later).
 * Both name the endpoint and the reason: SL_NETWORK: address in use; SL_CONFIG: malformed (net/endpoint.h), or no
 * address of this machine. */
SL_MUST_CHECK sl_status sl_transport_serve(const sl_link_def *link, sl_transport **out);
SL_MUST_CHECK sl_status sl_transport_connect(const sl_link_def *link, sl_transport **out);
void sl_transport_close(sl_transport **self);
/* A client's: gives its connection up, which may lead nowhere, and makes a new one as the same peer, to where the
 * endpoint's name leads now. Does not wait. What was not sent yet may be lost. */
void sl_transport_reconnect(sl_transport *self);
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
/* A server with keys: the key that the connection of the message received last has proved, whatever the message says
 * of itself. name "": it is not allowed any more. NULL: without keys, or of a client. Borrowed until the next
 * receive. */
const sl_allowed *sl_transport_sender_key(sl_transport *self);
/* Who may connect: rises whenever the list was read anew, within a receive. Whoever holds a key looks it up again:
 * NULL: it is not allowed any more. */
uint64_t sl_transport_keys_version(const sl_transport *self);
const sl_allowed *sl_transport_find_key(const sl_transport *self, const char *key);
/* The link's clock, monotonic or simulated: what the time is, and waiting until it is that late. */
int64_t sl_transport_now_ns(const sl_transport *self);
void sl_transport_wait(sl_transport *self, int64_t until_ns);
sl_link_stats sl_transport_get_stats(sl_transport *self);

#endif
