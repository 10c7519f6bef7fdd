/* watcher.h - a flight on the screen, from the pictures that its coordinator sends (PROGRESS with SHAPES). Opened and
 * closed on the main thread, fed by the learn client's thread in between. */
#ifndef SL_STARLING_VIEW_WATCHER_H
#define SL_STARLING_VIEW_WATCHER_H

#include "net/learn_message.h"
#include "starling/run/run.h"

typedef struct sl_watcher sl_watcher;

/* run is borrowed for the watcher's life. SL_MEMORY, and what the environment says. */
SL_MUST_CHECK sl_status sl_watcher_open(const sl_run *run, sl_watcher **out);
void sl_watcher_close(sl_watcher **self);
/* Of the environment's own time, at least 1: for FLY. speed > 0. */
int64_t sl_watcher_step_us(const sl_watcher *self, double speed);
/* Shows a message's picture; self is an sl_watcher. A picture that is none is dropped; the bytes may be anyone's. */
void sl_watcher_take(void *self, const sl_learn_message *message);
int64_t sl_watcher_shown(const sl_watcher *self); /* how many pictures so far */

#endif
