/* fleet_def.h - what a fleet is made from, and how its slots are: plain data. */
#ifndef SL_FLEET_FLEET_DEF_H
#define SL_FLEET_FLEET_DEF_H

#include "net/link.h"

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sl_fleet_slot_def {
    int obs_dim, n_actions; /* of the slot's model */
    int hidden;             /* of the slot's model; 0 = any agent */
    const uint8_t *model; /* the model file's bytes, borrowed for the life of the fleet; NULL = agents bring theirs */
    size_t model_bytes;
} sl_fleet_slot_def;

typedef struct sl_fleet_def {
    sl_link_def link; /* to serve on; its backlog is at least n_slots */
    int n_slots;
    const sl_fleet_slot_def *slots; /* (n_slots), copied */
    int O, A;                       /* lengths of a row of obs and of avail; a slot gets the front of its row */
    int max_steps;                  /* longest episode, in ticks */
    int lease_ms, heartbeat_ms;
    int deadline_ms;                   /* of a tick, for an agent that is LIVE; from when it became that, if later */
    int patience_ms;                   /* how long ticks wait for a replacement of one that is not, once per loss */
    int resend_ms;                     /* an unanswered observation is sent again after this */
    char config_hash[65];              /* goes into WELCOME; "" = none */
    const volatile sig_atomic_t *stop; /* set by a signal handler: waits end with SL_INTERRUPTED; NULL = never */
} sl_fleet_def;

typedef enum sl_slot_state {
    SL_SLOT_FREE,
    SL_SLOT_JOINING,
    SL_SLOT_LIVE,
    SL_SLOT_SUSPECT,
    SL_SLOT_DEAD
} sl_slot_state;

/* What became of a slot's action in a tick. */
typedef enum sl_act {
    SL_ACT_ANSWERED, /* the agent's own */
    SL_ACT_MISSED,   /* the agent is there but was late: the fallback, no-op (0) */
    SL_ACT_ABSENT    /* there is no agent: the fallback */
} sl_act;

#endif
