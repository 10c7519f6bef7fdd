/* stage.c - the loop over updates. */
#include "trainer/stage.h"

#include "common/assert.h"
#include "common/clock.h"
#include "trainer/checkpoint.h"
#include "trainer/metrics.h"

#include <math.h>
#include <string.h>

/* What the loop needs and a definition's functions do not. */
typedef struct run {
    sl_stage stage;
    sl_metrics *metrics;
    sl_meter meter;
    int n_columns;
    sl_metrics_column columns[SL_METRICS_MAX_COLUMNS];
    sl_batch_score score; /* of the last episodes that the learner's own networks finished */
} run;

void sl_stage_add_params(const sl_stage *self, sl_learn_message *request) {
    sl_learner_params p = self->learner->class->get_params(self->learner);
    request->value_mean = p.value_mean;
    request->value_std = p.value_std;
    sl_learn_add(request, SL_TENSOR_PARAMS, p.actor, SL_SHAPE((int64_t)p.n_actor));
    if (p.critic) sl_learn_add(request, SL_TENSOR_CRITIC, p.critic, SL_SHAPE((int64_t)p.n_critic));
}

sl_status sl_stage_ask(const sl_stage *self, const char *what, sl_learn_message *request,
                       const sl_learn_message **answer) {
    SL_TRY(sl_learn_client_ask(self->training->client, request, false, answer));
    if ((*answer)->kind == SL_LEARN_BATCH) return SL_OK;
    return sl_fail(SL_MISMATCH, NULL, "the coordinator answered %s with something else", what);
}

sl_status sl_stage_save(const sl_stage *self, const char *name, const sl_learn_message *answer, sl_tensors **out) {
    sl_tensors *file = NULL;
    SL_TRY(sl_checkpoint_begin(name, self->update, answer, &file));
    sl_status status = self->learner->class->save(self->learner, file);
    if (status == SL_OK && self->def->save) status = self->def->save(self, file);
    if (status != SL_OK)
        sl_tensors_destroy(&file);
    else
        *out = file;
    return status;
}

static sl_status load(sl_stage *self, const sl_tensors *file) {
    const sl_tensor *update;
    SL_TRY(sl_tensors_find(file, "update", SL_I64, 1, &update));
    self->update = *(const int64_t *)update->data;
    // the checkpoint at the end of the stage before has nothing of this one yet
    if (self->update == 0) return SL_OK;
    if (self->def->load) SL_TRY(self->def->load(self, file));
    return self->learner->class->load(self->learner, file);
}

static void add_columns(const sl_metric_table *table, const void *owner, bool can_win, int *n,
                        sl_metrics_column columns[SL_METRICS_MAX_COLUMNS]) {
    for (int k = 0; k < table->n; k++) {
        const sl_metric *metric = &table->metrics[k];
        if (!can_win && metric->offset == offsetof(sl_stage_row, won)) continue;
        SL_ASSERT(*n < SL_METRICS_MAX_COLUMNS);
        columns[(*n)++] = (sl_metrics_column){metric, owner};
    }
}

static sl_status open_metrics(run *self) {
    const sl_stage *stage = &self->stage;
    const sl_learner *learner = stage->learner;
    bool can_win = stage->training->setup->spec.can_win;
    int *n = &self->n_columns;
    add_columns(&stage->def->before, &stage->row, can_win, n, self->columns);
    add_columns(&learner->class->columns, learner->stats, true, n, self->columns);
    add_columns(&stage->def->after, &stage->row, can_win, n, self->columns);
    return sl_metrics_open(stage->training->run, stage->def->name, *n, self->columns, stage->update, &self->metrics);
}

static sl_status open_stage(run *self, const sl_tensors *resume) {
    sl_stage *stage = &self->stage;
    const sl_stage_def *def = stage->def;
    sl_learner_def learner = {.setup = stage->training->setup, .pool = stage->training->pool};
    SL_TRY(sl_learner_create(def->learner, &learner, &stage->learner));
    if (resume) SL_TRY(load(stage, resume));
    if (stage->update == 0 && def->start) SL_TRY(def->start(stage));
    SL_TRY(open_metrics(self));
    self->meter = sl_meter_start(def->name, def->unit, stage->update * def->unit_per_update,
                                 def->n_updates * def->unit_per_update);
    return SL_OK;
}

static sl_status report(run *self, const sl_batch *batch) {
    sl_stage *stage = &self->stage;
    sl_batch_score score = sl_batch_get_score(batch, &stage->training->setup->spec);
    // the return of the teacher's recorded episodes is known
    if (stage->row.source == 1 && batch->n_episodes > 0) self->score = score;
    stage->row.mean_return = score.mean_return;
    stage->row.episode_length = score.length;
    stage->row.won = score.won;
    stage->row.episodes = batch->n_episodes;
    stage->row.env_steps = stage->update * stage->def->unit_per_update;
    SL_TRY(sl_metrics_row(self->metrics, stage->update));
    sl_meter_report(&self->meter, stage->update * stage->def->unit_per_update, self->score.mean_return,
                    self->score.won);
    return SL_OK;
}

// shows the update to whoever looks on
static void tell(const run *self, const sl_batch *batch, int64_t version) {
    const sl_stage *stage = &self->stage;
    double seconds = stage->row.ask_seconds + stage->row.learn_seconds, none = (double)NAN;
    double rows = (double)batch->T * (double)batch->B;
    bool plays = strcmp(stage->def->unit, "steps") == 0;
    const sl_training_numbers numbers = {
        .updates = (uint64_t)stage->update,
        .checkpoints = (uint64_t)stage->training->n_checkpoint,
        .updates_wanted = stage->def->n_updates,
        .policy_lag = stage->update - 1 - version,
        .env_steps_per_second = plays && seconds > 0 ? (double)stage->def->unit_per_update / seconds : none,
        .flops_per_second =
            stage->row.learn_seconds > 0 ? rows * stage->def->flops_per_row / stage->row.learn_seconds : none};
    sl_trainer_page_update(stage->training->page, stage->def->name, &numbers, self->n_columns, self->columns);
    sl_training_tell(stage->training);
}

static sl_status one_update(run *self, bool want_snapshot, const sl_learn_message **answer) {
    sl_stage *stage = &self->stage;
    sl_learner *learner = stage->learner;
    double start = sl_clock_seconds();
    SL_TRY(stage->def->ask(stage, want_snapshot, answer));
    double answered = sl_clock_seconds();
    sl_batch batch;
    SL_TRY(sl_batch_read(*answer, stage->training->setup, &learner->need, &batch));
    learner->class->update(learner, &batch, (double)stage->update / (double)stage->def->n_updates);
    stage->update++;
    stage->row.ask_seconds = answered - start;
    stage->row.learn_seconds = sl_clock_seconds() - answered;
    SL_TRY(report(self, &batch));
    tell(self, &batch, (*answer)->version);
    return SL_OK;
}

static sl_status run_updates(run *self) {
    sl_stage *stage = &self->stage;
    while (stage->update < stage->def->n_updates) {
        const sl_learn_message *answer = NULL;
        sl_tensors *file = NULL;
        bool last = stage->update + 1 == stage->def->n_updates;
        bool want_snapshot = last || sl_training_wants_checkpoint(stage->training);
        SL_TRY(one_update(self, want_snapshot, &answer));
        if (last) return stage->def->finish(stage, answer);
        if (!want_snapshot) continue;
        SL_TRY(sl_stage_save(stage, stage->def->name, answer, &file));
        SL_TRY(sl_training_checkpoint(stage->training, &file));
        if (*stage->training->stop) return sl_fail(SL_INTERRUPTED, NULL, "interrupted; checkpointed");
    }
    return SL_OK;
}

sl_status sl_stage_run(const sl_stage_def *def, sl_training *training, const sl_tensors *resume) {
    const double unknown = (double)NAN;
    run self = {.stage = {.def = def, .training = training}, .score = {unknown, unknown, unknown}};
    sl_status status = open_stage(&self, resume);
    if (status == SL_OK) status = run_updates(&self);
    sl_metrics_close(&self.metrics);
    sl_learner_destroy(&self.stage.learner);
    return status;
}
