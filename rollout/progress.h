/* progress.h - how long work tells that it goes on, and hears that it shall not. */
#ifndef SL_ROLLOUT_PROGRESS_H
#define SL_ROLLOUT_PROGRESS_H

#include "common/status.h"

#include <stdint.h>

typedef struct sl_progress {
    /* Called between pieces of work, by the thread that asked for it. Other than SL_OK: stop and return that. */
    sl_status (*report)(void *context, int64_t done, int64_t total);
    void *context;
    /* Called while it waits for others, with whom for; only tells. NULL: not wanted. */
    void (*note)(void *context, int64_t done, int64_t total, const char *text);
} sl_progress;

SL_MUST_CHECK static inline sl_status sl_progress_report(const sl_progress *self, int64_t done, int64_t total) {
    return self && self->report ? self->report(self->context, done, total) : SL_OK;
}

static inline void sl_progress_note(const sl_progress *self, int64_t done, int64_t total, const char *text) {
    if (self && self->note) self->note(self->context, done, total, text);
}

#endif
