/* page_socket.h - where a page of metrics is served and asked for: endpoints as people write them, and TCP sockets of
 * them. Any thread. */
#ifndef SL_NET_PAGE_SOCKET_H
#define SL_NET_PAGE_SOCKET_H

#include "net/endpoint.h"

#include <stdint.h>

enum { SL_PAGE_PORT = 9464 };

/* HOST:PORT, HOST, :PORT or PORT, perhaps with http:// or tcp:// before it, as tcp://HOST:PORT: the host is 127.0.0.1
 * when none is said, so that a page is for this machine unless an address or * says more. SL_USAGE. */
SL_MUST_CHECK sl_status sl_page_endpoint(const char *text, bool serves, char out[SL_ENDPOINT_BYTES]);
/* A socket that listens there and does not block; address: "127.0.0.1:9464", with the port that * came to.
 * SL_NETWORK: in use, no address of this machine, or no such host. */
SL_MUST_CHECK sl_status sl_page_listen(const char *endpoint, int backlog, int *out, char address[SL_ENDPOINT_BYTES]);
/* A socket that is connected and does not block. SL_NETWORK; SL_TIMEOUT: not until deadline_ns (sl_clock_ns);
 * SL_INTERRUPTED: a signal came. */
SL_MUST_CHECK sl_status sl_page_connect(const char *endpoint, int64_t deadline_ns, int *out);
/* Until fd can be read, or written. SL_TIMEOUT, SL_INTERRUPTED. */
SL_MUST_CHECK sl_status sl_page_wait(int fd, bool writes, int64_t deadline_ns);

#endif
