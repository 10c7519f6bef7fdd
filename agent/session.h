/* session.h - an agent's side of the fleet: finds the coordinator, says HELLO, fetches its slot's model if it lacks
 * it, then answers observations with actions until GOODBYE. It reconnects by itself, also to a restarted coordinator.
 * A repeated observation gets the same answer without being decided again. In real time the newest observation that
 * has come is decided, in the other modes every one, in order. Nothing is allocated per step. Protocol:
 * proto/README.md. One thread owns a session; it calls the callbacks. */
#ifndef SL_AGENT_SESSION_H
#define SL_AGENT_SESSION_H

#include "common/metric.h"
#include "common/status.h"
#include "net/fleet_message.h"
#include "net/link.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sl_session_def {
    sl_link_def link;       /* to the fleet's endpoint */
    int slot;               /* wanted, -1 = any that fits the model */
    int hidden;             /* that the kernels are built for; 0 = any */
    int obs_dim, n_actions; /* of the model at hand; 0 = none yet */
    char model_sha256[65];  /* of its file; "" = none yet */
    void *context;          /* of the callbacks */
    /* The action for obs (obs_dim), avail (n_actions, NULL = all legal). episode_start: zero the recurrent state
     * first. */
    int32_t (*decide)(void *context, const float *obs, const uint8_t *avail, bool episode_start);
    /* A model kept from an earlier start, by its hash: take it, say its shape. SL_NOT_FOUND: fetch it. NULL: none is
     * kept. */
    sl_status (*recall)(void *context, const char *sha256, int *obs_dim, int *n_actions);
    /* A model fetched from the coordinator, its hash checked: take it (and keep it for the next start), say its
     * shape. Not SL_OK ends the session. NULL: no other model than the one at hand is flown. */
    sl_status (*load)(void *context, const uint8_t *bytes, size_t n_bytes, const char *sha256, int *obs_dim,
                      int *n_actions);
    /* Welcomed to slot, whose model has that hash ("" = the agent's own flies) and signature file (n 0: none), before
     * anything else is done: may it fly? Not SL_OK ends the session. NULL: anything may. */
    sl_status (*welcome)(void *context, int slot, const char *sha256, const uint8_t *signature, size_t n);
    void (*live)(void *context, int slot); /* the agent flies this slot from now on; NULL = not told */
    size_t max_model_bytes;                /* larger models are refused */
    bool stays;                            /* after a goodbye it joins again, for the next flight */
    bool is_impatient;                     /* it does not stand by where every slot is held: SL_FULL */
    const volatile sig_atomic_t *stop;     /* set by a signal handler: run says goodbye; NULL = never */
} sl_session_def;
/* slot -1, no model, max_model_bytes 4 MiB. */
sl_session_def sl_session_default_def(sl_link_def link);

typedef enum sl_session_state {
    SL_SESSION_HELLO,    /* looking for a coordinator that takes it */
    SL_SESSION_FETCHING, /* welcomed, without the slot's model yet */
    SL_SESSION_LIVE,     /* ready for observations */
    SL_SESSION_OVER      /* the coordinator said goodbye */
} sl_session_state;

typedef struct sl_session_stats {
    uint64_t decided, repeated, skipped, ignored, welcomes, resets, rejects, reconnects;
} sl_session_stats;
/* What they mean; the first ones are those of the event `done`. */
enum { SL_SESSION_DONE_METRICS = 3 };
extern const sl_metric_table sl_session_metrics;

typedef struct sl_session sl_session;

SL_MUST_CHECK sl_status sl_session_create(const sl_session_def *def, sl_session **out); /* SL_NETWORK, SL_MEMORY */
void sl_session_destroy(sl_session **self);
/* Waits at most timeout_ms for a message and answers it; keeps timers. SL_TIMEOUT when none came; SL_INTERRUPTED
 * after a signal. Ends the session: SL_MISMATCH (another protocol version, clock, shape, or model), SL_CORRUPT (the
 * model's hash is wrong), SL_NETWORK (refused for good), what the callbacks said. A coordinator that has welcomed the
 * agent is told why in the agent's goodbye. */
SL_MUST_CHECK sl_status sl_session_step(sl_session *self, int timeout_ms);
/* Steps until the coordinator's goodbye (SL_OK), *stop (goodbye is said, SL_INTERRUPTED) or an error. */
SL_MUST_CHECK sl_status sl_session_run(sl_session *self);
/* The end that a REJECT comes to where waiting does not mend it: why, and what to do. */
SL_MUST_CHECK sl_status sl_session_refusal(sl_reject reject, const char *text);
sl_session_state sl_session_get_state(const sl_session *self);
int sl_session_slot(const sl_session *self); /* -1 before WELCOME */
sl_session_stats sl_session_get_stats(const sl_session *self);

#endif
