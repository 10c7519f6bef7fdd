/* stage.c - the loop over updates. */
#include "trainer/stage.h"

#include "common/alloc.h"
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

void sl_stage_add_params(sl_stage *self) {
    sl_learn_message *request = &self->asked.request;
    const sl_learner_params *p = &self->asked.params;
    request->value_mean = p->value_mean;
    request->value_std = p->value_std;
    sl_learn_add(request, SL_TENSOR_PARAMS, p->actor, SL_SHAPE((int64_t)p->n_actor));
    if (p->critic) sl_learn_add(request, SL_TENSOR_CRITIC, p->critic, SL_SHAPE((int64_t)p->n_critic));
}

sl_status sl_stage_begin(sl_stage *self) {
    return sl_learn_client_begin(self->training->client, &self->asked.request);
}

sl_status sl_stage_take(sl_stage *self, const sl_learn_message **answer) {
    SL_TRY(sl_learn_client_finish(self->training->client, false, answer));
    if ((*answer)->kind != SL_LEARN_BATCH)
        return sl_fail(SL_MISMATCH, NULL, "the coordinator answered with something else than a batch");
    if ((*answer)->version == self->asked.version) return SL_OK;
    return sl_fail(SL_MISMATCH, NULL, "the coordinator's batch is of parameter version %lld, version %lld was sent",
                   (long long)(*answer)->version, (long long)self->asked.version);
}

/* The next request is known from here on, whatever becomes of the learner: batch n will be made with the parameters
 * as they are now. */
static void prepare(sl_stage *self, int64_t n) {
    sl_stage_asked *asked = &self->asked;
    sl_learner_params now = self->learner->class->get_params(self->learner), *kept = &asked->params;
    SL_ASSERT(kept->actor && (kept->critic || !now.critic));
    memcpy(kept->actor, now.actor, now.n_actor * sizeof *now.actor);
    if (now.critic) memcpy(kept->critic, now.critic, now.n_critic * sizeof *now.critic);
    kept->value_mean = now.value_mean;
    kept->value_std = now.value_std;
    asked->version = self->update;
    asked->source = self->def->choose ? self->def->choose(self, n) : 1;
}

static sl_status begin(sl_stage *self) {
    sl_stage_asked *asked = &self->asked;
    // a checkpoint may be due after every update, and its snapshot is small beside a batch
    asked->request = (sl_learn_message){.version = asked->version, .want_snapshot = true};
    asked->at = sl_clock_seconds();
    return self->def->begin(self);
}

// room for the parameters that batches are asked for with
static sl_status make_room(sl_stage *self) {
    sl_learner_params now = self->learner->class->get_params(self->learner), *kept = &self->asked.params;
    *kept = (sl_learner_params){.n_actor = now.n_actor, .n_critic = now.n_critic};
    kept->actor = sl_alloc_array(now.n_actor, sizeof(float));
    if (now.critic) kept->critic = sl_alloc_array(now.n_critic, sizeof(float));
    if (kept->actor && (kept->critic || !now.critic)) return SL_OK;
    return sl_fail(SL_MEMORY, NULL, "cannot allocate the parameters of a request");
}

static sl_status save_asked(const sl_stage_asked *asked, sl_tensors *file) {
    const sl_learner_params *p = &asked->params;
    const int64_t numbers[] = {asked->version, asked->source};
    const double scale[] = {p->value_mean, p->value_std};
    SL_TRY(sl_tensors_add(file, "asked", SL_I64, 1, (const int64_t[]){2}, numbers));
    SL_TRY(sl_tensors_add(file, "asked.value", SL_F64, 1, (const int64_t[]){2}, scale));
    SL_TRY(sl_tensors_add(file, "asked.actor", SL_F32, 1, (const int64_t[]){(int64_t)p->n_actor}, p->actor));
    if (!p->critic) return SL_OK;
    return sl_tensors_add(file, "asked.critic", SL_F32, 1, (const int64_t[]){(int64_t)p->n_critic}, p->critic);
}

static sl_status load_asked(sl_stage_asked *asked, const sl_tensors *file) {
    sl_learner_params *p = &asked->params;
    const sl_tensor *numbers, *scale, *actor, *critic = NULL;
    SL_TRY(sl_tensors_find(file, "asked", SL_I64, 2, &numbers));
    SL_TRY(sl_tensors_find(file, "asked.value", SL_F64, 2, &scale));
    SL_TRY(sl_tensors_find(file, "asked.actor", SL_F32, (int64_t)p->n_actor, &actor));
    if (p->critic) SL_TRY(sl_tensors_find(file, "asked.critic", SL_F32, (int64_t)p->n_critic, &critic));
    asked->version = ((const int64_t *)numbers->data)[0];
    asked->source = ((const int64_t *)numbers->data)[1];
    p->value_mean = ((const double *)scale->data)[0];
    p->value_std = ((const double *)scale->data)[1];
    memcpy(p->actor, actor->data, actor->n_bytes);
    if (critic) memcpy(p->critic, critic->data, critic->n_bytes);
    return SL_OK;
}

sl_status sl_stage_save(const sl_stage *self, const char *name, const sl_learn_message *answer, sl_tensors **out) {
    sl_tensors *file = NULL;
    SL_TRY(sl_checkpoint_begin(name, self->update, answer, &file));
    sl_status status = self->learner->class->save(self->learner, file);
    if (status == SL_OK) status = save_asked(&self->asked, file);
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
    SL_TRY(load_asked(&self->asked, file));
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
    SL_TRY(make_room(stage));
    if (resume) SL_TRY(load(stage, resume));
    if (stage->update == 0 && def->start) SL_TRY(def->start(stage));
    if (stage->update == 0) prepare(stage, 0);
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
    if (stage->row.overlap_seconds > 0) self->meter.overlap_seconds += stage->row.overlap_seconds;
    sl_meter_report(&self->meter, stage->update * stage->def->unit_per_update, self->score.mean_return,
                    self->score.won);
    return SL_OK;
}

// shows the update to whoever looks on
static void tell(const run *self, const sl_batch *batch, int64_t version) {
    const sl_stage *stage = &self->stage;
    double seconds = stage->row.wait_seconds + stage->row.learn_seconds, none = (double)NAN;
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

// waits for the batch that was asked for
static sl_status take(sl_stage *self, const sl_learn_message **answer) {
    double begin = sl_clock_seconds(), none = (double)NAN;
    SL_TRY(self->def->take(self, answer));
    sl_stage_row *row = &self->row;
    row->source = self->asked.source;
    row->wait_seconds = sl_clock_seconds() - begin;
    row->work_seconds = (*answer)->worked_ns > 0 ? (double)(*answer)->worked_ns / 1e9 : none;
    // the coordinator began when it was asked, and the learner was at work until it began to wait
    row->overlap_seconds = (*answer)->worked_ns > 0 ? fmin(row->work_seconds, begin - self->asked.at) : none;
    return SL_OK;
}

static sl_status one_update(run *self, const sl_learn_message **answer) {
    sl_stage *stage = &self->stage;
    const sl_stage_def *def = stage->def;
    sl_learner *learner = stage->learner;
    bool last = stage->update + 1 == def->n_updates;
    sl_batch batch;
    SL_TRY(take(stage, answer));
    SL_TRY(sl_batch_read(*answer, stage->training->setup, &learner->need, &batch));
    double taken = sl_clock_seconds();
    if (def->max_lag > 0) prepare(stage, stage->update + 1);
    if (def->max_lag > 0 && !last) SL_TRY(begin(stage));
    learner->class->update(learner, &batch, (double)stage->update / (double)def->n_updates);
    stage->update++;
    stage->row.learn_seconds = sl_clock_seconds() - taken;
    if (def->max_lag == 0) prepare(stage, stage->update);
    if (def->max_lag == 0 && !last) SL_TRY(begin(stage));
    SL_TRY(report(self, &batch));
    tell(self, &batch, (*answer)->version);
    return SL_OK;
}

static sl_status run_updates(run *self) {
    sl_stage *stage = &self->stage;
    if (stage->update < stage->def->n_updates) SL_TRY(begin(stage));
    while (stage->update < stage->def->n_updates) {
        const sl_learn_message *answer = NULL;
        sl_tensors *file = NULL;
        SL_TRY(one_update(self, &answer));
        if (stage->update == stage->def->n_updates) return stage->def->finish(stage, answer);
        if (!sl_training_wants_checkpoint(stage->training)) continue;
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
    sl_free(self.stage.asked.params.actor);
    sl_free(self.stage.asked.params.critic);
    return status;
}
