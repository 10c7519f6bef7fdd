/* page_server.h - a few pages over HTTP, for Prometheus, for starling top and for people with a browser: GET of known
 * paths, all else is refused. It has a thread of its own, at a lower priority than the work's, a bounded number of
 * connections and a timeout for each, so that whoever calls, and however, the work is not disturbed. */
#ifndef SL_TELEMETRY_PAGE_SERVER_H
#define SL_TELEMETRY_PAGE_SERVER_H

#include "common/status.h"
#include "telemetry/page_text.h"

typedef struct sl_page {
    const char *path; /* "/metrics" */
    const char *type; /* of its content */
    void (*render)(void *context, sl_page_text *out);
} sl_page;

/* Prometheus' text, and JSON. */
#define SL_PAGE_PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"
#define SL_PAGE_JSON       "application/json"

typedef struct sl_page_server_def {
    const char *endpoint; /* as of --metrics: net/page_socket.h; port *: any free one */
    int n;
    const sl_page *pages; /* (n), borrowed for life */
    void *context;        /* of render, which is called on the server's thread, never twice at once */
    size_t capacity;      /* bytes of the longest page */
} sl_page_server_def;

enum { SL_PAGE_CONNECTIONS = 64, SL_PAGE_TIMEOUT_SECONDS = 3 };

typedef struct sl_page_server sl_page_server;

/* SL_USAGE: no such endpoint; SL_NETWORK: it is in use, or not of this machine; SL_MEMORY; SL_IO: too few files or
 * threads. */
SL_MUST_CHECK sl_status sl_page_server_open(const sl_page_server_def *def, sl_page_server **out);
void sl_page_server_close(sl_page_server **self);
const char *sl_page_server_address(const sl_page_server *self); /* "127.0.0.1:9464"; borrowed for life */

#endif
