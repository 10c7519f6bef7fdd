/* links.h - one definition of a link, used at any endpoint. */
#ifndef SL_TESTS_SUPPORT_LINKS_H
#define SL_TESTS_SUPPORT_LINKS_H

#include "net/transport.h"

static inline sl_status serve_on(const char *endpoint, sl_link_def link, sl_transport **out) {
    link.endpoint = endpoint;
    return sl_transport_serve(&link, out);
}

static inline sl_status connect_to(const char *endpoint, sl_link_def link, sl_transport **out) {
    link.endpoint = endpoint;
    return sl_transport_connect(&link, out);
}

#endif
