/* expert_log.c - the coordinator's expert episodes in a simulated fleet: appended to a framed log as
 * coordinator/buffer.c does, acknowledged, and read again after each crash, which may come in the middle of an
 * append. */
#include "simulate/expert_log.h"

#include <string.h>
#include <unistd.h>

enum { LOG_BYTES = 1 << 22, WORDS = 24 };

// what stands in record i
static size_t make_record(const sl_world *self, uint64_t i, uint64_t words[WORDS]) {
    sl_rng root = sl_rng_seed(self->seed), stream = sl_rng_split(&root, i);
    size_t n = 1 + sl_rng_below(&stream, WORDS);
    for (size_t k = 0; k < n; k++) words[k] = sl_rng_u64(&stream);
    return n * sizeof *words - sl_rng_below(&stream, 8);
}

sl_status sl_expert_log_open(sl_world *self) {
    SL_TRY(sl_framed_open(self->log_path, LOG_BYTES, sizeof(uint64_t[WORDS]), &self->log));
    uint64_t n = (uint64_t)sl_framed_count(self->log);
    // the one that was under way may be there too
    if (n < self->n_acknowledged || n > self->n_acknowledged + 1)
        sl_world_break(self, SL_PROMISE_LOG, "%llu episodes were acknowledged, %llu are there",
                       (unsigned long long)self->n_acknowledged, (unsigned long long)n);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t words[WORDS];
        const uint8_t *bytes = NULL;
        size_t expected = make_record(self, i, words), n_bytes = 0;
        sl_status status = sl_framed_read(self->log, (int64_t)i, &bytes, &n_bytes);
        if (status != SL_OK || n_bytes != expected || memcmp(bytes, words, n_bytes) != 0)
            sl_world_break(self, SL_PROMISE_LOG, "episode %llu is not what was acknowledged", (unsigned long long)i);
    }
    self->n_acknowledged = n;
    return SL_OK;
}

sl_status sl_expert_log_append(sl_world *self) {
    uint64_t words[WORDS];
    size_t n = make_record(self, self->n_acknowledged, words);
    SL_TRY(sl_framed_append(self->log, words, n));
    self->n_acknowledged++;
    self->result->acknowledged++;
    return SL_OK;
}

sl_status sl_expert_log_crash(sl_world *self) {
    if (!self->log) return SL_OK;
    int64_t size = sl_framed_bytes(self->log);
    uint64_t words[WORDS];
    size_t n = make_record(self, self->n_acknowledged, words);
    // every second one in the middle of an append: of what it writes, so much is there
    if (sl_rng_uniform(&self->rng) < 0.5) {
        SL_TRY(sl_framed_append(self->log, words, n));
        size += (int64_t)sl_rng_below(&self->rng, (uint32_t)(sl_framed_bytes(self->log) - size + 1));
    }
    sl_framed_close(&self->log);
    if (truncate(self->log_path, size) != 0) return sl_fail(SL_IO, NULL, "cannot cut '%s'", self->log_path);
    return SL_OK;
}
