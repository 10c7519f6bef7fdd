/* discover.h - finds a coordinator on the local network by mDNS, where avahi-browse is installed (package
 * avahi-utils): the first one that announces _starling._tcp. main thread. */
#ifndef SL_AGENT_DISCOVER_H
#define SL_AGENT_DISCOVER_H

#include "common/status.h"
#include "net/endpoint.h"

#include <signal.h>

/* Looks again every few seconds until there is one. SL_NOT_FOUND: there is no avahi-browse; SL_INTERRUPTED. */
SL_MUST_CHECK sl_status sl_discover(const volatile sig_atomic_t *stop, char endpoint[SL_ENDPOINT_BYTES]);
/* The endpoint in a line of `avahi-browse -rpt`, "=;eth0;IPv4;name;_starling._tcp;local;host;10.0.0.1;5555;"; false:
 * it has none. */
bool sl_discover_read(const char *line, char endpoint[SL_ENDPOINT_BYTES]);

#endif
