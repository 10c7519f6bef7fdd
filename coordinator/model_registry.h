/* model_registry.h - the run's fleet between flights: its endpoint, a slot an agent as the environment says, and the
 * students' files, which are handed out to agents that lack them. It is open from start to end, so that agents may
 * come early. One thread. */
#ifndef SL_COORDINATOR_MODEL_REGISTRY_H
#define SL_COORDINATOR_MODEL_REGISTRY_H

#include "fleet/fleet.h"
#include "setup/setup.h"

typedef struct sl_model_registry_def {
    const sl_setup *setup; /* borrowed for life */
    const char *run;       /* copied; students are looked for there */
    sl_link_def link;      /* where agents connect; its endpoint is copied */
    char config_hash[65];
    const volatile sig_atomic_t *stop;
} sl_model_registry_def;

typedef struct sl_model_registry sl_model_registry;

/* Binds the endpoint. Without students in the run's folder, agents bring their own. SL_NETWORK, SL_MEMORY; a
 * student's file that is corrupt or of another shape is refused. */
SL_MUST_CHECK sl_status sl_model_registry_open(const sl_model_registry_def *def, sl_model_registry **out);
void sl_model_registry_close(sl_model_registry **self);                /* with goodbye to the agents */
const char *sl_model_registry_endpoint(const sl_model_registry *self); /* resolved */
sl_fleet *sl_model_registry_fleet(sl_model_registry *self); /* borrowed until the next refresh; NULL: that failed */
/* Takes the students of the run's folder when they are others than those handed out: agents are welcomed anew.
 * A student's file that is refused leaves the fleet as it was; a fleet that cannot be opened again, for want of
 * files or memory, is opened by the next refresh. */
SL_MUST_CHECK sl_status sl_model_registry_refresh(sl_model_registry *self);

#endif
