/* model_registry.h - the run's fleet between flights: its endpoint, a slot an agent as the environment says, and the
 * students' files and signatures as a request brought them, which are handed out to agents that lack them. It is open
 * from start to end, so that agents may come early. One thread. */
#ifndef SL_COORDINATOR_MODEL_REGISTRY_H
#define SL_COORDINATOR_MODEL_REGISTRY_H

#include "fleet/fleet.h"
#include "net/learn_message.h"
#include "setup/setup.h"

typedef struct sl_model_registry_def {
    const sl_setup *setup; /* borrowed for life */
    sl_link_def link;      /* where agents connect; its endpoint is copied */
    sl_slot_set reserve;   /* slots that only an agent that names them gets */
    bool clock_is_asked;   /* else the setup's links make lockstep virtual */
    char config_hash[65];
    const volatile sig_atomic_t *stop;
    void (*pulse)(void *context); /* the fleet's; NULL: not wanted */
    void *pulse_context;
} sl_model_registry_def;

typedef struct sl_model_registry sl_model_registry;

/* Binds the endpoint. Until students have come, agents bring their own. SL_NETWORK, SL_MEMORY. */
SL_MUST_CHECK sl_status sl_model_registry_open(const sl_model_registry_def *def, sl_model_registry **out);
void sl_model_registry_close(sl_model_registry **self);                /* with goodbye to the agents */
const char *sl_model_registry_endpoint(const sl_model_registry *self); /* resolved */
sl_fleet *sl_model_registry_fleet(sl_model_registry *self); /* borrowed until the next refresh; NULL: that failed */
/* Takes the students in the request's POLICY_FILES, if it has them, when they are others than those handed out:
 * agents are welcomed anew. They are copied, and checked as files are: SL_CORRUPT, SL_MISMATCH: of another
 * environment, agent or shape. What is refused leaves the fleet as it was; a fleet that cannot be opened again, for
 * want of files or memory, is opened by the next refresh. */
SL_MUST_CHECK sl_status sl_model_registry_refresh(sl_model_registry *self, const sl_learn_message *request);

#endif
