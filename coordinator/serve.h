/* serve.h - the coordinator's end of the learn link: HELLO once a second while idle, one request at a time, an answer
 * or an ERROR for each, PROGRESS during long work. What it reads may be anything; it is checked, answered or dropped,
 * and never the end of the program. One thread owns it. */
#ifndef SL_COORDINATOR_SERVE_H
#define SL_COORDINATOR_SERVE_H

#include "coordinator/coordinator.h"

#include <signal.h>

typedef struct sl_serve_def {
    const char *endpoint;              /* of the asker */
    char config_hash[65];              /* SHA-256 of the resolved experiment file, sent with HELLO; "" = none */
    const volatile sig_atomic_t *stop; /* set by a signal handler; NULL = never */
} sl_serve_def;

typedef struct sl_server sl_server;

/* Connects; the asker may come later. progress of coordinator (its def) is filled in by this: pass the coordinator's
 * definition, the server makes the coordinator. SL_NETWORK, and what sl_coordinator_create says. */
SL_MUST_CHECK sl_status sl_server_open(const sl_serve_def *def, const sl_coordinator_def *coordinator,
                                       sl_server **out);
void sl_server_close(sl_server **self);
/* Waits at most timeout_ms for one message and answers it, saying HELLO when it is time. *finished: STOP was
 * answered. SL_INTERRUPTED: *stop is set. SL_MISMATCH: the asker rejected this coordinator, with its reason. */
SL_MUST_CHECK sl_status sl_server_step(sl_server *self, int timeout_ms, bool *finished);
/* Steps until STOP (SL_OK) or one of the ends above. */
SL_MUST_CHECK sl_status sl_server_run(sl_server *self);

#endif
