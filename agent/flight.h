/* flight.h - one flight: the session's observations go through the kernel, models come from a file or from the cache.
 * The main thread of starling-agent-<H>, once. */
#ifndef SL_AGENT_FLIGHT_H
#define SL_AGENT_FLIGHT_H

#include "agent/kernel.h"
#include "agent/options.h"
#include "net/link.h"

#include <signal.h>

/* Flies until the coordinator's goodbye (SL_OK) or *stop (SL_INTERRUPTED). Events go to stdout: "ready" with the slot
 * when it flies, "done" with what it answered at the end. Errors of the model and of the session as they are. */
SL_MUST_CHECK sl_status sl_flight_run(const sl_agent_options *options, const sl_link_def *link,
                                      const volatile sig_atomic_t *stop, sl_kernel *kernel);

#endif
