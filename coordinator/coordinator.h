/* coordinator.h - the coordinator without its socket: a request in, an answer out. It holds the environments, the
 * expert buffer and the frozen teacher, and makes each when the first request needs it. One thread, which owns the
 * pool. */
#ifndef SL_COORDINATOR_COORDINATOR_H
#define SL_COORDINATOR_COORDINATOR_H

#include "coordinator/page.h"
#include "net/learn_message.h"
#include "rollout/progress.h"
#include "rollout/watch.h"
#include "setup/setup.h"

#include <signal.h>

typedef struct sl_coordinator sl_coordinator;

typedef struct sl_coordinator_def {
    const sl_experiment *experiment;   /* borrowed for life */
    const char *run;                   /* the run's folder, for the expert buffer; copied */
    sl_progress progress;              /* told of long work; what it returns other than SL_OK ends it */
    const sl_link_def *fleet;          /* for the agents, to serve on; copied; NULL: FLY is refused */
    sl_watch watch;                    /* shown the flights whose request asks for it */
    const char *record;                /* where flights are recorded, the last one of each; copied; NULL: nowhere */
    sl_slot_set reserve;               /* slots that only an agent that names them gets */
    bool clock_is_asked;               /* for by a flag; else the experiment's links make lockstep virtual */
    char config_hash[65];              /* SHA-256 of the resolved experiment file; "" = none */
    const volatile sig_atomic_t *stop; /* ends waiting for agents; NULL = never */
    void (*pulse)(void *context);      /* called while it listens to agents, as sl_fleet_def says; NULL: not wanted */
    void *pulse_context;
} sl_coordinator_def;

/* SL_CONFIG, SL_MEMORY, SL_IO. */
SL_MUST_CHECK sl_status sl_coordinator_create(const sl_coordinator_def *def, sl_coordinator **out);
void sl_coordinator_destroy(sl_coordinator **self);
const sl_setup *sl_coordinator_setup(const sl_coordinator *self);
/* Back to the state that follows from the seed: a new learn client. The log of the expert buffer stays, and the
 * fleet's students. */
void sl_coordinator_reset(sl_coordinator *self);
/* Between requests, from the first on: welcomes agents, keeps their leases. */
SL_MUST_CHECK sl_status sl_coordinator_idle(sl_coordinator *self);
/* Fills in the fleet and what there is of the expert buffer. */
void sl_coordinator_tell(const sl_coordinator *self, sl_page_news *out);
/* The flights are over for now: goodbye to the agents, of which some come again. */
void sl_coordinator_dismiss(sl_coordinator *self);
const char *sl_coordinator_fleet_endpoint(const sl_coordinator *self); /* resolved; "" without a fleet */
/* Does what request asks and fills answer's kind, version and tensors, which are borrowed until the next call. The
 * request is checked against the experiment before anything is done. On an error nothing is to be sent but the error:
 * SL_MISMATCH (a tensor's role, type or shape), SL_NOT_FINITE, SL_CONFIG, or what the work came to. */
SL_MUST_CHECK sl_status sl_coordinator_handle(sl_coordinator *self, const sl_learn_message *request,
                                              sl_learn_message *answer);

#endif
