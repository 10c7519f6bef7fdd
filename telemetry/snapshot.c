/* snapshot.c - see snapshot.h. A mutex that the writer only tries: a sequence lock would do without, but its reader
 * looks at bytes that are being written, which C11 calls undefined. */
#include "telemetry/snapshot.h"

#include "common/alloc.h"
#include "common/clock.h"

#include <pthread.h>
#include <string.h>

struct sl_snapshot {
    pthread_mutex_t mutex;
    int64_t written_ns;
    size_t n_bytes;
    void *bytes;
};

sl_status sl_snapshot_create(size_t n_bytes, sl_snapshot **out) {
    sl_snapshot *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for a page of metrics");
    self->n_bytes = n_bytes;
    self->bytes = sl_alloc(n_bytes);
    sl_status status = self->bytes ? SL_OK : sl_fail(SL_MEMORY, NULL, "no memory for a page of metrics");
    if (status == SL_OK && pthread_mutex_init(&self->mutex, NULL) != 0) {
        sl_free(self->bytes);
        status = sl_fail(SL_IO, NULL, "cannot make a mutex");
    }
    if (status != SL_OK) {
        sl_free(self);
        return status;
    }
    *out = self;
    return SL_OK;
}

void sl_snapshot_destroy(sl_snapshot **self) {
    if (!*self) return;
    (void)pthread_mutex_destroy(&(*self)->mutex);
    sl_free((*self)->bytes);
    sl_free(*self);
    *self = NULL;
}

void *sl_snapshot_begin(sl_snapshot *self) {
    return pthread_mutex_trylock(&self->mutex) == 0 ? self->bytes : NULL;
}

void sl_snapshot_end(sl_snapshot *self) {
    self->written_ns = sl_clock_ns();
    (void)pthread_mutex_unlock(&self->mutex);
}

int64_t sl_snapshot_read(sl_snapshot *self, void *bytes) {
    (void)pthread_mutex_lock(&self->mutex);
    memcpy(bytes, self->bytes, self->n_bytes);
    int64_t written_ns = self->written_ns;
    (void)pthread_mutex_unlock(&self->mutex);
    return written_ns;
}
