/* fleet.h - the coordinator's side of a flying fleet: slots with leases, and a tick that sends agents their
 * observations and comes back with their actions. What a tick waits for is its clock's. In lockstep it waits for
 * every action, and an agent's recurrent state is kept exact: within an episode each incarnation of a slot's agent
 * sees every observation that the slot was given once, in order, and a replacement is first given the episode so far.
 * So the result depends on seed and membership only, and a killed agent that is replaced within the patience changes
 * nothing. States: JOINING (welcomed, fetching or loading its model) -> LIVE -> SUSPECT (silent for three
 * heartbeats, or three ticks missed) -> DEAD (six heartbeats, or its connection is gone; the slot is kept for the
 * lease) -> FREE. One thread owns a fleet; nothing is allocated after create. */
#ifndef SL_FLEET_FLEET_H
#define SL_FLEET_FLEET_H

#include "common/status.h"
#include "fleet/stats.h"
#include "links/team.h"
#include "net/link.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sl_fleet_slot_def {
    int obs_dim, n_actions; /* of the slot's model */
    int hidden;             /* of the slot's model; 0 = any agent */
    bool is_reserved;       /* only an agent that names the slot gets it */
    const uint8_t *model; /* the model file's bytes, borrowed for the life of the fleet; NULL = agents bring theirs */
    size_t model_bytes;
    const uint8_t *signature; /* of the model, goes into WELCOME; borrowed likewise */
    size_t n_signature;       /* at most SL_FLEET_SIGNATURE; 0 = it has none */
} sl_fleet_slot_def;

typedef struct sl_fleet_clock sl_fleet_clock;
const sl_fleet_clock *
sl_fleet_find_clock(const char *name); /* "lockstep", "virtual", "realtime"; NULL: none of these */

typedef struct sl_fleet_def {
    sl_link_def link; /* to serve on; its backlog is at least n_slots */
    int n_slots;
    const sl_fleet_slot_def *slots; /* (n_slots), copied */
    int O, A;                       /* lengths of a row of obs and of avail; a slot gets the front of its row */
    int max_steps;                  /* longest episode: no slot is concerned by more ticks */
    const sl_fleet_clock *clock;
    int64_t period_ns;    /* realtime: of a tick */
    sl_fallback fallback; /* realtime: what acts where no newer action has come; elsewhere that is a no-op */
    int lease_ms, heartbeat_ms;
    int deadline_ms;                   /* of a tick, for an agent that is LIVE; from when it became that, if later */
    int patience_ms;                   /* how long ticks wait for a replacement of one that is not, once per loss */
    int resend_ms;                     /* an unanswered observation is sent again after this */
    char config_hash[65];              /* goes into WELCOME; "" = none */
    const volatile sig_atomic_t *stop; /* set by a signal handler: waits end with SL_INTERRUPTED; NULL = never */
    /* Called now and then, about every 10 ms, while the fleet listens: for who tells others how it fares. */
    void (*pulse)(void *context);
    void *pulse_context;
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
    SL_ACT_MISSED,   /* the agent is there but was late: the fallback */
    SL_ACT_ABSENT    /* there is no agent: the fallback */
} sl_act;

/* In lockstep, lease 10 s, heartbeat 500 ms, deadline 5 s, patience 15 s, resend 50 ms. */
sl_fleet_def sl_fleet_default_def(sl_link_def link, int n_slots, const sl_fleet_slot_def *slots, int O, int A,
                                  int max_steps);

typedef struct sl_fleet sl_fleet;

/* SL_NETWORK (the endpoint), SL_MEMORY. */
SL_MUST_CHECK sl_status sl_fleet_create(const sl_fleet_def *def, sl_fleet **out);
void sl_fleet_destroy(sl_fleet **self); /* without goodbye: agents look for the next coordinator */
const char *sl_fleet_endpoint(const sl_fleet *self);
sl_slot_state sl_fleet_slot(const sl_fleet *self, int slot);

/* The link's clock, for whoever flies: what the time is, and waiting until it is that late, deaf to all messages. */
int64_t sl_fleet_now_ns(const sl_fleet *self);
void sl_fleet_sleep(sl_fleet *self, int64_t until_ns);
/* Until every slot is LIVE. SL_TIMEOUT names those that are not; SL_INTERRUPTED; SL_NETWORK. */
SL_MUST_CHECK sl_status sl_fleet_wait(sl_fleet *self, int timeout_ms);
/* Answers joining agents and keeps liveness for timeout_ms, between episodes; 0: no longer than one message takes. */
SL_MUST_CHECK sl_status sl_fleet_poll(sl_fleet *self, int timeout_ms);
/* A new episode: of the last one nothing is asked or applied any more. Before its first tick. */
void sl_fleet_begin(sl_fleet *self);
/* Observations for the slots that are active (n_slots), NULL = all of them, and their actions: obs (n_slots, O);
 * avail (n_slots, A), NULL = all legal, throughout an episode or not at all. Writes actions (n_slots) and acts
 * (n_slots, may be NULL) of the active slots alone, and no others are waited for; in realtime of all slots. After
 * SL_INTERRUPTED or SL_NETWORK nothing is written and the episode cannot be continued. */
SL_MUST_CHECK sl_status sl_fleet_tick(sl_fleet *self, const float *obs, const uint8_t *avail, const uint8_t *active,
                                      int32_t *actions, sl_act *acts);
/* waits is called from within a tick that has waited for more than 1 s, twice a second, with the slots that it waits
 * for ("0, 1"), until it is set to NULL. Whoever sets it is told again of what is dropped, though it was told before.
 */
void sl_fleet_watch(sl_fleet *self, void (*waits)(void *context, const char *slots), void *context);
/* The slots that the tick at work waits for, between ticks those that are not LIVE: "0, 1, 4, 5, 6, 7 and 9 more". */
enum { SL_FLEET_NAMES = 120 };
void sl_fleet_name_missing(const sl_fleet *self, char text[SL_FLEET_NAMES]);
/* SL_TIMEOUT, with their names, for who has waited for them in rounds. */
SL_MUST_CHECK sl_status sl_fleet_miss(const sl_fleet *self, int waited_ms);
/* Tells every agent that the flight is over: their sessions end, the slots are free. */
void sl_fleet_goodbye(sl_fleet *self);
const sl_fleet_stats *sl_fleet_get_stats(const sl_fleet *self); /* borrowed for the life of self */
sl_link_stats sl_fleet_get_link_stats(const sl_fleet *self);
/* Of the realtime clock, in ticks: ages of what agents decided on and of the actions applied, misses, fallbacks.
 * Since the last clear, as are the longest times in the stats. */
const sl_link_counts *sl_fleet_get_counts(const sl_fleet *self);
void sl_fleet_clear_counts(sl_fleet *self);
/* In place of def.fallback, from the next tick on. */
void sl_fleet_set_fallback(sl_fleet *self, sl_fallback fallback);
bool sl_fleet_is_timed(const sl_fleet *self);          /* its ticks wait for nobody: realtime */
const char *sl_fleet_clock_name(const sl_fleet *self); /* "lockstep" */
/* When the last tick ended, and by how much that was too late; on the clock of sl_fleet_now_ns. */
void sl_fleet_get_pace(const sl_fleet *self, int64_t *woke_ns, int64_t *late_ns);

#endif
