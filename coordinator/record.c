/* record.c - batches of episodes, aligned to multiples of their width: a batch that was half written before a kill is
 * played again as a whole, in the same batch, so that its second half has the same bits. */
#include "coordinator/record.h"

#include "common/alloc.h"
#include "rollout/episode_batch.h"
#include "storage/file.h"

#include <math.h>
#include <stdio.h>

struct sl_recorder {
    const sl_setup *setup;
    sl_buffer *buffer;
    sl_episode_batch *batch;
    sl_mask *mask; /* of one copy, for record.from */
    sl_rng stream;
    int V;
    bool has_teacher, foreign, verified;
};

static sl_status open_buffer(sl_recorder *self, const char *run) {
    const sl_exp_record *record = &self->setup->experiment->record;
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/buffer", self->foreign ? record->from : run);
    if (n < 0 || (size_t)n + 16 > sizeof path) return sl_fail(SL_USAGE, NULL, "the run folder's name is too long");
    if (!self->foreign) SL_TRY(sl_file_make_folder(path));
    (void)snprintf(path + n, sizeof path - (size_t)n, "/expert.log");
    sl_buffer_def def = {.path = path,
                         .max_items = record->max_items,
                         .max_bytes = record->max_bytes,
                         .sampler = record->sampler,
                         .samples_per_insert = record->samples_per_insert,
                         .error_buffer = record->error_buffer,
                         .min_size = record->min_size};
    return sl_buffer_open(&def, &self->buffer);
}

sl_status sl_recorder_create(const sl_setup *setup, sl_pool *pool, const char *run, const sl_teacher *teacher,
                             sl_recorder **out) {
    sl_recorder *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "cannot allocate a recorder");
    const sl_experiment *e = setup->experiment;
    self->setup = setup;
    self->stream = sl_rng_split_name(&setup->root, "record");
    self->V = e->teacher.ppo.n_envs;
    self->foreign = e->record.from && e->record.from[0];
    sl_status status = open_buffer(self, run);
    if (status == SL_OK) status = sl_episode_batch_create(setup, pool, self->V, teacher, &self->batch);
    if (status == SL_OK) status = sl_setup_masks(setup, 1, &self->mask);
    if (status != SL_OK) {
        sl_recorder_destroy(&self);
        return status;
    }
    *out = self;
    return SL_OK;
}

void sl_recorder_destroy(sl_recorder **self_pointer) {
    sl_recorder *self = *self_pointer;
    if (!self) return;
    sl_buffer_close(&self->buffer);
    sl_episode_batch_destroy(&self->batch);
    sl_mask_destroy(&self->mask);
    sl_free(self);
    *self_pointer = NULL;
}

sl_buffer *sl_recorder_buffer(sl_recorder *self) {
    return self->buffer;
}

// the log's oldest episode, played again by this teacher: its first decision must be the recorded one
static sl_status verify(sl_recorder *self) {
    uint64_t index = sl_buffer_first(self->buffer), V = (uint64_t)self->V;
    if (self->foreign || self->verified || sl_buffer_next(self->buffer) == index) return SL_OK;
    sl_episode_batch_play(self->batch, &self->stream, index / V * V);
    const sl_episode *played = sl_episode_batch_get(self->batch, (int)(index % V));
    sl_episode recorded;
    void *memory = NULL;
    SL_TRY(sl_buffer_read(self->buffer, index, &recorded, &memory));
    bool same = recorded.N == played->N && recorded.O == played->O && recorded.A == played->A &&
                recorded.H == played->H && recorded.M == played->M && recorded.T > 0;
    for (int i = 0; same && i < played->N * played->O; i++) same = recorded.obs[i] == played->obs[i];
    // another core's kernels may round differently
    for (int i = 0; same && i < played->N * played->A; i++)
        same = fabsf(recorded.logits[i] - played->logits[i]) <= 1e-3f * (1.0f + fabsf(played->logits[i]));
    sl_free(memory);
    if (!same)
        return sl_fail(SL_MISMATCH, "remove the run's buffer folder to record again",
                       "the expert buffer was recorded with another teacher, seed or environment");
    self->verified = true;
    return SL_OK;
}

sl_status sl_recorder_check_teacher(sl_recorder *self) {
    SL_TRY(verify(self));
    self->has_teacher = true;
    return SL_OK;
}

// plays the batch that holds the log's next episode and appends from there on, below limit
static sl_status record_batch(sl_recorder *self, uint64_t limit) {
    uint64_t next = sl_buffer_next(self->buffer), V = (uint64_t)self->V, first = next / V * V;
    if (self->foreign)
        return sl_fail(SL_NOT_FOUND, "lower record.episodes, or leave record.from empty",
                       "the buffer of '%s' has only %llu episodes", self->setup->experiment->record.from,
                       (unsigned long long)next);
    if (!self->has_teacher) return sl_fail(SL_MISMATCH, "ask RECORD first", "there is no teacher to record with");
    sl_episode_batch_play(self->batch, &self->stream, first);
    for (uint64_t e = next; e < first + V && e < limit; e++)
        SL_TRY(sl_buffer_append(self->buffer, sl_episode_batch_get(self->batch, (int)(e - first))));
    return sl_buffer_sync(self->buffer);
}

sl_status sl_recorder_fill(sl_recorder *self, uint64_t n, const sl_progress *progress) {
    sl_buffer *buffer = self->buffer;
    // what a snapshot knows of and the log lost comes first
    uint64_t wanted = sl_buffer_inserted(buffer) > n ? sl_buffer_inserted(buffer) : n;
    while (sl_buffer_next(buffer) < sl_buffer_inserted(buffer)) {
        SL_TRY(record_batch(self, wanted));
        SL_TRY(sl_progress_report(progress, (int64_t)sl_buffer_next(buffer), (int64_t)wanted));
    }
    while (sl_buffer_inserted(buffer) < n && sl_buffer_may_insert(buffer)) {
        if (sl_buffer_inserted(buffer) == sl_buffer_next(buffer)) {
            SL_TRY(record_batch(self, n));
            SL_TRY(sl_progress_report(progress, (int64_t)sl_buffer_next(buffer), (int64_t)n));
        }
        sl_buffer_insert(buffer);
    }
    return SL_OK;
}

sl_status sl_recorder_allow_sample(sl_recorder *self) {
    sl_buffer *buffer = self->buffer;
    while (!sl_buffer_may_sample(buffer)) {
        if (sl_buffer_inserted(buffer) >= sl_buffer_next(buffer)) SL_TRY(record_batch(self, UINT64_MAX));
        sl_buffer_insert(buffer);
    }
    return SL_OK;
}

const float *sl_recorder_obs_mask(sl_recorder *self, const sl_episode *episode) {
    if (!self->foreign) return episode->obs_mask;
    sl_rng stream = sl_rng_split(&self->stream, episode->index);
    sl_rng mask = sl_rng_split_name(&stream, "mask");
    sl_mask_draw(self->mask, 0, &mask);
    return sl_mask_get(self->mask, 0);
}
