/* serve.h - the coordinator's end of the learn link: HELLO once a second while idle, one request at a time, an answer
 * or an ERROR for each, PROGRESS during long work. What it reads may be anything; it is checked, answered or dropped,
 * and never the end of the program. One thread owns it. */
#ifndef SL_COORDINATOR_SERVE_H
#define SL_COORDINATOR_SERVE_H

#include "coordinator/coordinator.h"

typedef struct sl_server sl_server;

/* Connects to the learn client, which may come later, and makes the coordinator; def's config_hash goes
 * with HELLO, its stop ends everything, its progress and pulse are filled in here. metrics: where its page is served
 * (coordinator/page.h), NULL = nowhere. SL_NETWORK, and what sl_coordinator_create says. */
SL_MUST_CHECK sl_status sl_server_open(const sl_link_def *link, const sl_coordinator_def *def, const char *metrics,
                                       sl_server **out);
void sl_server_close(sl_server **self);
/* Waits at most timeout_ms for one message and answers it, saying HELLO when it is time. *finished: STOP was
 * answered. SL_INTERRUPTED: *stop is set. SL_MISMATCH: the learn client rejected this coordinator, with its reason.
 */
SL_MUST_CHECK sl_status sl_server_step(sl_server *self, int timeout_ms, bool *finished);
const char *sl_server_fleet_endpoint(const sl_server *self);  /* where agents connect; "" without a fleet */
const char *sl_server_metrics_address(const sl_server *self); /* of its page; "" without one */
/* Steps until STOP (SL_OK) or one of the ends above. stays: STOP ends the learn client's business only; the agents
 * get a goodbye, and the next learn client is looked for. */
SL_MUST_CHECK sl_status sl_server_run(sl_server *self, bool stays);

#endif
