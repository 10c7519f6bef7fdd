/* training.c - opening and closing. */
#include "trainer/training.h"

#include "common/alloc.h"
#include "common/clock.h"
#include "common/cores.h"
#include "common/vitals.h"
#include "storage/file.h"
#include "trainer/checkpoint.h"

#include <math.h>
#include <string.h>

static void on_progress(void *context, const sl_learn_message *message) {
    sl_training *self = context;
    if (!self->recording.stage) return;
    self->recording.total = message->total;
    sl_meter_report(&self->recording, message->done, (double)NAN, (double)NAN);
}

static void on_turn(void *context, int64_t clock_ns) {
    sl_vitals_beat(clock_ns);
    sl_training_tell(context);
}

static sl_status hash_experiment(const char *path, char text[65]) {
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    SL_TRY(sl_file_read(path, 16 * 1024 * 1024, &bytes, &n_bytes));
    sl_file_sha256(bytes, n_bytes, text);
    sl_free(bytes);
    return SL_OK;
}

static sl_status hash_task(const sl_experiment *experiment, char text[65]) {
    sl_experiment task = *experiment;
    char *words = NULL;
    size_t n = 0;
    // how long, and what changes no result
    task.teacher.ppo.total_steps = task.distill.updates = task.threads = task.checkpoint_seconds = 1;
    SL_TRY(sl_experiment_format_identity(&task, &words, &n));
    sl_file_sha256((const uint8_t *)words, n, text);
    sl_free(words);
    return SL_OK;
}

static sl_status open_parts(sl_training *self, const sl_training_def *def) {
    SL_TRY(hash_experiment(def->experiment_path, self->config_hash));
    SL_TRY(hash_task(def->experiment, self->task_hash));
    SL_TRY(sl_setup_create(def->experiment, &self->setup));
    sl_cores_warn("threads", def->experiment->threads);
    SL_TRY(sl_pool_create(def->experiment->threads, &self->pool));
    sl_learn_client_def client = sl_learn_client_default_def(def->link);
    client.alive = on_turn;
    memcpy(client.config_hash, self->config_hash, sizeof client.config_hash);
    client.stop = def->stop;
    client.join_ms = def->join_ms;
    if (def->join_ms == SL_WAIT_FOREVER) client.silence_ms = SL_WAIT_FOREVER;
    client.progress = on_progress;
    client.context = self;
    SL_TRY(sl_learn_client_open(&client, &self->client));
    const char *env = def->experiment->env.name;
    return def->metrics ? sl_trainer_page_open(def->metrics, def->run, env, &self->page) : SL_OK;
}

sl_status sl_training_open(const sl_training_def *def, sl_training **out) {
    sl_training *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "cannot allocate the training of a run");
    self->experiment = def->experiment;
    self->run = def->run;
    self->stop = def->stop;
    self->checkpoint_clock = sl_clock_seconds();
    sl_status status = open_parts(self, def);
    if (status != SL_OK) {
        sl_training_close(&self);
        return status;
    }
    *out = self;
    return SL_OK;
}

void sl_training_close(sl_training **self_pointer) {
    sl_training *self = *self_pointer;
    if (!self) return;
    sl_trainer_page_close(&self->page);
    sl_learn_client_close(&self->client);
    sl_pool_destroy(&self->pool);
    sl_setup_destroy(&self->setup);
    sl_free(self);
    *self_pointer = NULL;
}

void sl_training_tell(sl_training *self) {
    if (!self->page) return;
    sl_link_stats link = sl_learn_client_get_stats(self->client);
    sl_trainer_page_tell(self->page, sl_clock_ns(), sl_clock_seconds() - self->checkpoint_clock, &link);
}

bool sl_training_wants_checkpoint(const sl_training *self) {
    return *self->stop || sl_clock_seconds() - self->checkpoint_clock >= self->experiment->checkpoint_seconds;
}

sl_status sl_training_checkpoint(sl_training *self, sl_tensors **file) {
    sl_status status = sl_checkpoint_save(self->run, self->n_checkpoint + 1, self->task_hash, *file);
    sl_tensors_destroy(file);
    if (status != SL_OK) return status;
    self->n_checkpoint++;
    self->checkpoint_clock = sl_clock_seconds();
    return SL_OK;
}
