/* seed.h - one seed of a simulated fleet: the coordinator's fleet (fleet/fleet.h) and N real agent sessions
 * (agent/session.h) on the simulated network and its virtual clock, with the faults that the seed draws. Every
 * promise at the end of docs/protocol.md is checked while it runs, and once the faults have stopped the fleet has to
 * fly whole episodes again. What happens depends on the definition and the seed alone. One seed runs on one thread.
 */
#ifndef SL_SIMULATE_SEED_H
#define SL_SIMULATE_SEED_H

#include "common/status.h"
#include "simulate/faults.h"
#include "simulate/keys.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { SL_SIMULATE_AGENTS = 1024 };

typedef struct sl_simulation {
    int n_agents; /* 1 to SL_SIMULATE_AGENTS; 0 = 2 to 6, drawn from the seed */
    const sl_faults *faults;
    const char *folder;      /* of this thread alone, for the expert log */
    const sl_sim_keys *keys; /* of this thread alone; NULL: no seed has keys */
    const char *clock;       /* "lockstep", "virtual" or "realtime"; NULL = one of the first two */
    FILE *trace;             /* every step is told here; NULL = nowhere */
} sl_simulation;

/* The promises, in the order of docs/simulate.md. */
typedef enum sl_promise {
    SL_PROMISE_CONTROLLER, /* at most one controller per slot */
    SL_PROMISE_DEAD,       /* no action of a dead incarnation, or of anybody else, is applied */
    SL_PROMISE_STALE,      /* staleness is bounded and measured */
    SL_PROMISE_LOG,        /* an acknowledged expert episode survives kill -9 */
    SL_PROMISE_SAME,       /* any process may be killed at any moment; in lockstep to the same result */
    SL_PROMISE_KEY,        /* a peer without a key costs a handshake and nothing more */
    SL_PROMISE_ALIVE,      /* once the faults stop the fleet flies again */
    SL_PROMISES
} sl_promise;
const char *sl_promise_name(sl_promise promise); /* "at most one controller per slot" */

typedef enum sl_fault_kind {
    SL_FAULT_LOST, /* messages that the wire lost: a partition or a host that is gone; drops come on top */
    SL_FAULT_AGENT_CRASH,
    SL_FAULT_HOST_LOSS,
    SL_FAULT_AGENT_LEAVE,
    SL_FAULT_COORDINATOR_CRASH,
    SL_FAULT_AGENT_PAUSE,
    SL_FAULT_COORDINATOR_PAUSE,
    SL_FAULT_PARTITION,
    SL_FAULT_REPLAY,
    SL_FAULT_FORGE,
    SL_FAULT_MALFORMED,
    SL_FAULT_TWIN,
    SL_FAULT_STRANGER,
    SL_FAULT_KINDS
} sl_fault_kind;
const char *sl_fault_kind_name(sl_fault_kind kind); /* "agent_crash" */

typedef struct sl_simulated {
    bool broken;
    sl_promise promise; /* the first that broke */
    char text[240];     /* how, and when */
    int n_agents;
    uint64_t ticks, answered, missed, absent, episodes, acknowledged;
    uint64_t faults[SL_FAULT_KINDS];
    double seconds;                    /* virtual */
    double stalest;                    /* s: from an observation's tick to the action that was applied, at most */
    double recovery;                   /* s: from the end of the faults to a whole episode */
    double tick_seconds;               /* real, all ticks */
    double fleet_bytes, session_bytes; /* of memory, an agent; 0: not known */
} sl_simulated;

bool sl_simulate_knows_clock(const char *name);
/* SL_MEMORY, SL_IO (the log): the seed could not be run. A broken promise is no error here. */
SL_MUST_CHECK sl_status sl_simulate_seed(const sl_simulation *def, uint64_t seed, sl_simulated *out);

#endif
