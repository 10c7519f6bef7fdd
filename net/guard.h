/* guard.h - the door of a server: a thread that knows who knocks. With keys it answers libzmq whether a client's key
 * may connect (ZAP, RFC 27), and rereads the folder of the allowed, also while nobody knocks. With or without it
 * tells of handshakes that fail, once for each address and reason, and the second, fourth, ... time. */
#ifndef SL_NET_GUARD_H
#define SL_NET_GUARD_H

#include "net/allow_list.h"
#include "net/link.h"

typedef struct sl_guard sl_guard;

/* Before the socket is bound, by its owner. list: NULL without keys; borrowed until close. SL_NETWORK, SL_MEMORY. */
SL_MUST_CHECK sl_status sl_guard_open(void *context, void *socket, const sl_link_def *link, sl_allow_list *list,
                                      sl_guard **out);
/* Before the socket is closed. */
void sl_guard_close(sl_guard **self);
void sl_guard_count(const sl_guard *self, sl_link_stats *stats); /* sets denied and unhandshaken */

#endif
