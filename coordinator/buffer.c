/* buffer.c - see buffer.h. Records are numbered by their place in the log, episodes by their index; the two differ by
 * the episodes that left. */
#include "coordinator/buffer.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "common/log.h"
#include "storage/framed.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct sl_buffer {
    sl_buffer_def def;
    char *path;
    sl_framed *log;
    uint64_t first; /* index of the log's record 0 */
    sl_limiter limiter;
};

static uint64_t max_u64(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

// where the window begins: no further back than the log, and max_items long
static uint64_t window_first(const sl_buffer *self) {
    uint64_t inserted = sl_buffer_inserted(self), items = (uint64_t)self->def.max_items;
    uint64_t first = max_u64(self->first, inserted > items ? inserted - items : 0);
    return first < inserted ? first : inserted;
}

static void count_deletes(sl_buffer *self) {
    self->limiter.deletes = (int64_t)window_first(self);
}

static sl_status read_index(sl_buffer *self, int64_t record, uint64_t *index) {
    const uint8_t *bytes = NULL;
    size_t n = 0;
    sl_episode episode;
    void *memory = NULL;
    SL_TRY(sl_framed_read(self->log, record, &bytes, &n));
    SL_TRY(sl_episode_decode(bytes, n, &episode, &memory));
    *index = episode.index;
    sl_free(memory);
    return SL_OK;
}

// the first and the last record say which episodes the log has
static sl_status open_log(sl_buffer *self) {
    SL_TRY(sl_framed_open(self->path, self->def.max_bytes, SL_EPISODE_MAX_BYTES, &self->log));
    int64_t n = sl_framed_count(self->log), cut = sl_framed_cut_bytes(self->log);
    if (cut > 0) SL_WARN("%s: dropped %lld bytes of an episode that was not finished", self->path, (long long)cut);
    self->first = 0;
    if (n == 0) return SL_OK;
    uint64_t first = 0, last = 0;
    SL_TRY(read_index(self, 0, &first));
    SL_TRY(read_index(self, n - 1, &last));
    if (last - first != (uint64_t)(n - 1))
        return sl_fail(SL_CORRUPT, "remove the file to record again",
                       "%s: %lld episodes, but their numbers run from %llu to %llu", self->path, (long long)n,
                       (unsigned long long)first, (unsigned long long)last);
    self->first = first;
    return SL_OK;
}

sl_status sl_buffer_open(const sl_buffer_def *def, sl_buffer **out) {
    if (def->max_items < 1 || def->max_bytes < 1)
        return sl_fail(SL_CONFIG, "at least 1", "keys 'record.max_items', 'record.max_bytes': %lld, %lld",
                       (long long)def->max_items, (long long)def->max_bytes);
    if (def->min_size > def->max_items)
        return sl_fail(SL_CONFIG, "at most record.max_items",
                       "key 'record.min_size': %lld, but the buffer holds %lld", (long long)def->min_size,
                       (long long)def->max_items);
    sl_limiter limiter;
    SL_TRY(sl_limiter_init(&limiter, def->samples_per_insert, def->min_size, def->error_buffer));
    sl_buffer *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "cannot allocate the expert buffer");
    *self = (sl_buffer){.def = *def, .path = sl_alloc_string(def->path), .limiter = limiter};
    self->def.path = self->path;
    sl_status status = self->path ? open_log(self) : sl_fail(SL_MEMORY, NULL, "cannot allocate the expert buffer");
    if (status != SL_OK) {
        sl_buffer_close(&self);
        return status;
    }
    *out = self;
    return SL_OK;
}

void sl_buffer_close(sl_buffer **self_pointer) {
    sl_buffer *self = *self_pointer;
    if (!self) return;
    sl_framed_close(&self->log);
    sl_free(self->path);
    sl_free(self);
    *self_pointer = NULL;
}

uint64_t sl_buffer_first(const sl_buffer *self) {
    return self->first;
}

uint64_t sl_buffer_next(const sl_buffer *self) {
    return self->first + (uint64_t)sl_framed_count(self->log);
}

int64_t sl_buffer_bytes(const sl_buffer *self) {
    return sl_framed_bytes(self->log);
}

// copies records [from, count) of the log into a fresh file, newest that fit into 3/4 of the bytes
static sl_status copy_newest(sl_buffer *self, int64_t from, sl_framed *to, int64_t *kept_from) {
    const uint8_t *bytes = NULL;
    size_t n = 0;
    int64_t total = 0, budget = self->def.max_bytes / 4 * 3, first = sl_framed_count(self->log);
    while (first > from) {
        SL_TRY(sl_framed_read(self->log, first - 1, &bytes, &n));
        total += (int64_t)n + 16;
        if (total > budget) break;
        first--;
    }
    for (int64_t i = first; i < sl_framed_count(self->log); i++) {
        SL_TRY(sl_framed_read(self->log, i, &bytes, &n));
        SL_TRY(sl_framed_append(to, bytes, n));
    }
    *kept_from = first;
    return sl_framed_sync(to);
}

// fsync of the folder, so that the rename is as durable as the file
static sl_status replace_log(const char *from, const char *to) {
    if (rename(from, to) != 0) return sl_fail(SL_IO, NULL, "%s: cannot replace the log", to);
    char folder[4096];
    (void)snprintf(folder, sizeof folder, "%s", to);
    char *slash = strrchr(folder, '/');
    if (slash) *slash = '\0';
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY);
    if (fd < 0) return sl_fail(SL_IO, NULL, "%s: cannot open", folder);
    int failed = fsync(fd);
    (void)close(fd);
    return failed ? sl_fail(SL_IO, NULL, "%s: cannot sync", folder) : SL_OK;
}

// rewrites a full log without what left the window, and without the oldest when that is not enough
static sl_status compact(sl_buffer *self) {
    char path[4096];
    (void)snprintf(path, sizeof path, "%s.new", self->path);
    (void)unlink(path);
    uint64_t live = max_u64(self->first, window_first(self));
    int64_t kept_from = 0;
    sl_framed *fresh = NULL;
    SL_TRY(sl_framed_open(path, self->def.max_bytes, SL_EPISODE_MAX_BYTES, &fresh));
    sl_status status = copy_newest(self, (int64_t)(live - self->first), fresh, &kept_from);
    sl_framed_close(&fresh);
    if (status == SL_OK) status = replace_log(path, self->path);
    if (status != SL_OK) {
        (void)unlink(path);
        return status;
    }
    uint64_t first = self->first + (uint64_t)kept_from;
    SL_INFO("%s: dropped %lld episodes to stay below its bounds", self->path, (long long)kept_from);
    sl_framed_close(&self->log);
    SL_TRY(sl_framed_open(self->path, self->def.max_bytes, SL_EPISODE_MAX_BYTES, &self->log));
    self->first = first;
    count_deletes(self);
    return SL_OK;
}

sl_status sl_buffer_append(sl_buffer *self, const sl_episode *episode) {
    SL_ASSERT(episode->index == sl_buffer_next(self) || sl_framed_count(self->log) == 0);
    uint8_t *bytes = NULL;
    size_t n = 0;
    SL_TRY(sl_episode_encode(episode, &bytes, &n));
    sl_status status = sl_framed_append(self->log, bytes, n);
    if (status == SL_FULL && sl_framed_count(self->log) > 0) {
        status = compact(self);
        if (status == SL_OK) status = sl_framed_append(self->log, bytes, n);
    }
    if (status == SL_FULL)
        status = sl_fail(SL_FULL, "raise record.max_bytes", "%s: an episode of %zu bytes does not fit into %lld",
                         self->path, n, (long long)self->def.max_bytes);
    if (status == SL_OK && sl_framed_count(self->log) == 1) self->first = episode->index;
    sl_free(bytes);
    return status;
}

sl_status sl_buffer_sync(sl_buffer *self) {
    return sl_framed_sync(self->log);
}

sl_status sl_buffer_read(sl_buffer *self, uint64_t index, sl_episode *out, void **memory) {
    if (index < self->first || index >= sl_buffer_next(self))
        return sl_fail(SL_NOT_FOUND, NULL, "%s: has no episode %llu", self->path, (unsigned long long)index);
    const uint8_t *bytes = NULL;
    size_t n = 0;
    SL_TRY(sl_framed_read(self->log, (int64_t)(index - self->first), &bytes, &n));
    return sl_episode_decode(bytes, n, out, memory);
}

uint64_t sl_buffer_inserted(const sl_buffer *self) {
    return (uint64_t)self->limiter.inserts;
}

bool sl_buffer_may_insert(const sl_buffer *self) {
    return sl_limiter_may_insert(&self->limiter);
}

bool sl_buffer_may_sample(const sl_buffer *self) {
    return sl_limiter_may_sample(&self->limiter);
}

void sl_buffer_insert(sl_buffer *self) {
    SL_ASSERT(sl_buffer_inserted(self) < sl_buffer_next(self));
    self->limiter.inserts++;
    count_deletes(self);
}

uint64_t sl_buffer_pick(sl_buffer *self, int k, sl_rng *rng) {
    uint64_t first = window_first(self), size = sl_buffer_inserted(self) - first;
    SL_ASSERT(size > 0);
    self->limiter.samples++;
    switch (self->def.sampler) {
    case SL_EXP_FIFO:
        return first + (uint64_t)k % size;
    case SL_EXP_LIFO:
        return first + size - 1 - (uint64_t)k % size;
    case SL_EXP_UNIFORM:
        break;
    }
    return first + sl_rng_below(rng, (uint32_t)size);
}

void sl_buffer_counts(const sl_buffer *self, uint64_t *inserted, int64_t *samples) {
    *inserted = sl_buffer_inserted(self);
    *samples = self->limiter.samples;
}

void sl_buffer_restore(sl_buffer *self, uint64_t inserted, int64_t samples) {
    self->limiter.inserts = (int64_t)inserted;
    self->limiter.samples = samples;
    count_deletes(self);
}
