/* endpoint.h - what an endpoint may be: tcp://HOST:PORT, with a name, an IPv4 address, an IPv6 address in brackets,
 * or, to serve on, * or the name of a network interface, and the port * for a free one; ipc://PATH; in tests
 * sim://NAME. Any thread. */
#ifndef SL_NET_ENDPOINT_H
#define SL_NET_ENDPOINT_H

#include "common/status.h"

#include <stdbool.h>

enum { SL_ENDPOINT_BYTES = 256 };

/* SL_CONFIG says what is wrong. Whether such a host exists is not looked at. */
SL_MUST_CHECK sl_status sl_endpoint_check(const char *endpoint, bool serves);
/* As check, for the value of a command line's flag: SL_USAGE names it. NULL is fine, a flag that was not given. */
SL_MUST_CHECK sl_status sl_endpoint_check_flag(const char *flag, const char *endpoint, bool serves);
/* Whether it reaches this machine alone: 127.0.0.0/8, ::1, localhost, names that resolve to nothing else, ipc:// and
 * sim://. Not so *, interfaces, and names that are not known. Asks the system's resolver, as resolve. */
bool sl_endpoint_is_loopback(const char *endpoint);
/* Whether its host is an IPv6 address. */
bool sl_endpoint_is_ipv6(const char *endpoint);
/* The same with the host's name as its address: an IPv4 address where it has one. Asks the system's resolver, which
 * may ask the network. SL_CONFIG: there is no such name. */
SL_MUST_CHECK sl_status sl_endpoint_resolve(const char *endpoint, char out[SL_ENDPOINT_BYTES]);

/* What a person types: HOST, HOST:PORT, an address, or a whole endpoint, as the endpoint of a server; without a port
 * it gets this one. An IPv6 address has brackets where a port follows. SL_CONFIG. */
SL_MUST_CHECK sl_status sl_endpoint_complete(const char *text, int port, char out[SL_ENDPOINT_BYTES]);
/* Where a program on the same machine reaches who serves there: the loopback's address in place of "all of them". */
void sl_endpoint_reach(const char *served, char out[SL_ENDPOINT_BYTES]);

#endif
