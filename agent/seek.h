/* seek.h - asks a coordinator which slot is free and how large an agent it takes (ASK, OFFER of proto/README.md),
 * before an agent of that size is started. It waits for a coordinator, and for a slot, for as long as it takes, and
 * says so now and then. One thread. */
#ifndef SL_AGENT_SEEK_H
#define SL_AGENT_SEEK_H

#include "common/status.h"
#include "net/link.h"

#include <signal.h>

/* slot: wanted, -1 = any. *hidden: the size of the offered slot's student. SL_INTERRUPTED: *stop is set; SL_MISMATCH,
 * SL_NETWORK: the coordinator refuses; what the transport says. */
SL_MUST_CHECK sl_status sl_seek(const sl_link_def *link, int slot, const volatile sig_atomic_t *stop, int *hidden);

#endif
