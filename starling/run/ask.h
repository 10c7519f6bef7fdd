/* ask.h - one question at a time to a coordinator, on a thread that lives as long as the question, so that the main
 * thread can watch the programs meanwhile. The learn client (net/learn_client.h) passes from thread to thread at
 * creation and join and is never used by two at once. */
#ifndef SL_STARLING_RUN_ASK_H
#define SL_STARLING_RUN_ASK_H

#include "net/learn_message.h"

typedef struct sl_ask sl_ask;

/* Serves the link for coordinators of the experiment with that hash; a question waits join_ms for one,
 * SL_WAIT_FOREVER without end. SL_NETWORK, SL_MEMORY. */
SL_MUST_CHECK sl_status sl_ask_open(const sl_link_def *link, const char *config_hash, int join_ms, sl_ask **out);
void sl_ask_close(sl_ask **self); /* no question may be open */
const char *sl_ask_endpoint(const sl_ask *self);
/* Asks; request and its tensors stay borrowed until sl_ask_end. SL_IO: no thread. */
SL_MUST_CHECK sl_status sl_ask_begin(sl_ask *self, sl_learn_message *request);
bool sl_ask_is_answered(const sl_ask *self);
bool sl_ask_wait(const sl_ask *self, int timeout_ms); /* for the answer; whether it is there */
int sl_ask_wake_fd(const sl_ask *self);               /* becomes readable with the answer */
/* From the next question on: picture is called with every PROGRESS that has one, on the learn client's thread. NULL =
 * no more.
 */
void sl_ask_watch(sl_ask *self, void (*picture)(void *context, const sl_learn_message *message), void *context);
/* note: what the coordinator waits for, "waiting for slots 0, 1", or "". */
enum { SL_ASK_NOTE = 160 };
void sl_ask_progress(sl_ask *self, int64_t *done, int64_t *total, char note[SL_ASK_NOTE]);
/* Joins the thread and gives its answer, borrowed until the next question, or its error. give_up: do not wait for the
 * answer any longer. */
SL_MUST_CHECK sl_status sl_ask_end(sl_ask *self, bool give_up, const sl_learn_message **answer);

#endif
