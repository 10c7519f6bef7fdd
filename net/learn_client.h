/* learn_client.h - the asking side of the learn link, for the trainer and for starling in its place: serves an
 * endpoint, answers a coordinator's HELLO with WELCOME (REJECT when it has another experiment), sends it one request
 * at a time and waits for the answer, at once or later. It serves one coordinator; a successor takes the place of one
 * whose connection is gone, or that is silent for 10 s at work, and a second one beside it is rejected. One thread
 * owns it. */
#ifndef SL_NET_LEARN_CLIENT_H
#define SL_NET_LEARN_CLIENT_H

#include "net/learn_message.h"

#include <signal.h>

typedef struct sl_learn_client_def {
    sl_link_def link;                  /* to serve on */
    char config_hash[65];              /* SHA-256 of the resolved experiment file; "" takes any coordinator */
    int join_ms;                       /* how long to wait for a coordinator; SL_WAIT_FOREVER */
    int silence_ms;                    /* how long one at work may say nothing, not even PROGRESS; SL_WAIT_FOREVER */
    int grace_ms;                      /* how long a request at work is still waited for once *stop is set */
    const volatile sig_atomic_t *stop; /* set by a signal handler; NULL = never */
    void (*progress)(void *context, const sl_learn_message *message); /* for PROGRESS; NULL = not wanted */
    void (*alive)(void *context, int64_t clock_ns); /* called at every turn of a wait; NULL = not wanted */
    void *context;
} sl_learn_client_def;
/* join 60 s, silence 120 s, grace 3 s. */
sl_learn_client_def sl_learn_client_default_def(sl_link_def link);

typedef struct sl_learn_client sl_learn_client;

SL_MUST_CHECK sl_status sl_learn_client_open(const sl_learn_client_def *def,
                                             sl_learn_client **out); /* SL_NETWORK, SL_MEMORY */
sl_link_stats sl_learn_client_get_stats(const sl_learn_client *self);
void sl_learn_client_close(sl_learn_client **self);
const char *sl_learn_client_endpoint(const sl_learn_client *self); /* resolved; borrowed for the life of self */
/* Waits until a coordinator is there. SL_NETWORK after join_ms; SL_INTERRUPTED. */
SL_MUST_CHECK sl_status sl_learn_client_wait(sl_learn_client *self);
/* Sends request (run_id, request_id, versions and hash are set here), which is borrowed until it is answered, as what
 * its tensors point to: it may have to be sent again. The last answer stays as it is, and whoever asked may work on
 * it while the coordinator works on this one. Waits only for a first coordinator, as sl_learn_client_wait. */
SL_MUST_CHECK sl_status sl_learn_client_begin(sl_learn_client *self, sl_learn_message *request);
/* Waits for the BATCH or DONE of what was begun; it is borrowed until the next finish. A request that was lost is
 * sent again. When the coordinator is replaced meanwhile: resend says whether the request may simply go to the new
 * one (it depends on no state), else SL_TIMEOUT: the caller restores and goes on from there. SL_INTERRUPTED after
 * *stop and the grace; SL_NETWORK when nobody answers, or 30 losses; an ERROR of the coordinator comes back with its
 * code (SL_NETWORK for an internal one) and text. */
SL_MUST_CHECK sl_status sl_learn_client_finish(sl_learn_client *self, bool resend, const sl_learn_message **answer);
/* Both. */
SL_MUST_CHECK sl_status sl_learn_client_ask(sl_learn_client *self, sl_learn_message *request, bool resend,
                                            const sl_learn_message **answer);

#endif
