/* http_get.h - one page over HTTP/1.1, read whole within a deadline: small and strict, for pages of our own programs.
 * A library would bring TLS, proxies and redirects, none of which is wanted here. What is read may be anything. */
#ifndef SL_NET_HTTP_GET_H
#define SL_NET_HTTP_GET_H

#include "common/status.h"

#include <stddef.h>

enum { SL_HTTP_HEADER_BYTES = 8192 };

/* GET of path at endpoint (tcp://HOST:PORT). body (capacity) gets n bytes and a zero. SL_NETWORK: nobody there, or
 * the connection broke; SL_TIMEOUT; SL_INTERRUPTED; SL_CORRUPT: no HTTP, no length; SL_NOT_FOUND: there is no such
 * page; SL_MISMATCH: another answer than 200; SL_FULL: longer than capacity - SL_HTTP_HEADER_BYTES. */
SL_MUST_CHECK sl_status sl_http_get(const char *endpoint, const char *path, int timeout_ms, char *body,
                                    size_t capacity, size_t *n);

#endif
