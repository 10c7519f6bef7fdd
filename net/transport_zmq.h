/* transport_zmq.h - the ZeroMQ backend: a ROUTER for the server, a DEALER for a client. For net/transport.c alone. */
#ifndef SL_NET_TRANSPORT_ZMQ_H
#define SL_NET_TRANSPORT_ZMQ_H

#include "net/transport_backend.h"

/* As sl_transport_serve and sl_transport_connect. */
SL_MUST_CHECK sl_status sl_zmq_open(const sl_link_def *link, bool serves, sl_transport **out);

#endif
