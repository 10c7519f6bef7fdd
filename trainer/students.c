/* students.c - record, then sample and learn. */
#include "trainer/students.h"

#include "common/clock.h"
#include "trainer/kept.h"
#include "trainer/learners/distill.h"
#include "trainer/teacher.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// the won column only where there is something to win
#define COLUMNS(won)                                                                                                 \
    "update,source,return,episode_length," won "loss,ppo,kl,ce,sr,role,entropy,agreement,ratio_kl,clip_fraction,"    \
    "grad_norm,lr,skipped,sample_seconds,learn_seconds"
enum { MAX_COLUMNS = 24 };

typedef struct stage {
    sl_training *training;
    sl_distill *distill;
    sl_metrics *metrics;
    sl_meter meter;
    int64_t update, n_updates;
    sl_rng source;      /* which states the next batch is of, when mixed */
    sl_batch_score own; /* of the students' last episodes */
} stage;

sl_status sl_students_record(sl_training *training) {
    char path[1024];
    sl_policy teacher = {0};
    sl_teacher_path(training, path);
    SL_TRY(sl_teacher_file_load(training->setup, path, &teacher));
    sl_learn_message request = {.kind = SL_LEARN_RECORD, .n_episodes = training->experiment->record.episodes};
    request.value_mean = teacher.value_mean;
    request.value_std = teacher.value_std;
    int64_t n_actor = (int64_t)sl_net_n_params(&teacher.def),
            n_critic = (int64_t)sl_net_n_params(&teacher.critic_def);
    sl_learn_add(&request, SL_TENSOR_PARAMS, teacher.params, SL_SHAPE(n_actor));
    sl_learn_add(&request, SL_TENSOR_CRITIC, teacher.critic_params, SL_SHAPE(n_critic));
    const sl_learn_message *answer = NULL;
    training->recording = sl_meter_start("record", "episodes", 0, request.n_episodes);
    sl_status status = sl_learn_client_ask(training->client, &request, false, &answer);
    if (status == SL_OK && training->recording.done < training->recording.total)
        sl_meter_report(&training->recording, training->recording.total, (double)NAN, (double)NAN);
    training->recording.stage = NULL;
    sl_policy_fini(&teacher);
    return status;
}

static sl_status drop(const char *path) {
    if (unlink(path) == 0 || errno == ENOENT) return SL_OK;
    return sl_fail(SL_IO, NULL, "cannot remove %s: %s", path, strerror(errno));
}

sl_status sl_students_drop(const sl_training *training) {
    char path[1024];
    SL_TRY(sl_kept_forget(training));
    (void)snprintf(path, sizeof path, "%s/buffer/expert.log", training->run);
    SL_TRY(drop(path));
    for (int i = 0; i < training->setup->N; i++) {
        (void)snprintf(path, sizeof path, "%s/students/agent-%d.safetensors", training->run, i);
        SL_TRY(drop(path));
    }
    return SL_OK;
}

/* 0: states of the expert buffer, 1: of the students. Mixed goes from the one to the other over the updates. */
static int draw_source(stage *self) {
    sl_exp_source source = self->training->experiment->distill.source;
    if (source != SL_EXP_SOURCE_MIXED) return source == SL_EXP_SOURCE_STUDENT;
    double share = self->n_updates > 1 ? (double)self->update / (double)(self->n_updates - 1) : 0.0;
    return sl_rng_uniform(&self->source) < share;
}

static sl_status sample(stage *self, int source, bool want_snapshot, const sl_learn_message **answer) {
    size_t n;
    const float *params = sl_distill_params(self->distill, &n);
    sl_learn_message request = {.kind = SL_LEARN_SAMPLE,
                                .version = self->update,
                                .n_episodes = self->training->experiment->distill.episodes,
                                .source = source,
                                .want_snapshot = want_snapshot};
    if (source == 1) sl_learn_add(&request, SL_TENSOR_PARAMS, params, SL_SHAPE((int64_t)n));
    SL_TRY(sl_learn_client_ask(self->training->client, &request, false, answer));
    if ((*answer)->kind != SL_LEARN_BATCH)
        return sl_fail(SL_MISMATCH, NULL, "the coordinator answered a sample with something else");
    return SL_OK;
}

static sl_status checkpoint(stage *self, const char *stage_name, const sl_learn_message *answer) {
    sl_tensors *file = NULL;
    SL_TRY(sl_checkpoint_begin(stage_name, self->update, answer, &file));
    bool done = self->update == self->n_updates;
    sl_status status = sl_distill_save(self->distill, file);
    if (status == SL_OK) status = sl_kept_carry(self->training, true, done, file);
    if (status == SL_OK)
        status = sl_tensors_add(file, "source", SL_I64, 1, (const int64_t[]){4}, (const int64_t *)self->source.s);
    if (status == SL_OK) return sl_training_checkpoint(self->training, &file);
    sl_tensors_destroy(&file);
    return status;
}

static sl_status report(stage *self, const sl_batch *batch, const sl_distill_stats *s, int source, double sampling,
                        double learning) {
    sl_batch_score score = sl_batch_get_score(batch, &self->training->setup->spec);
    double row[MAX_COLUMNS] = {source, score.mean_return, score.length};
    int n = 3;
    if (self->training->setup->spec.can_win) row[n++] = score.won;
    const double rest[] = {s->loss,
                           s->ppo,
                           s->kl,
                           s->ce,
                           s->sr,
                           s->role,
                           s->entropy,
                           s->agreement,
                           s->ratio_kl,
                           s->clip_fraction,
                           s->grad_norm,
                           s->lr,
                           (double)s->skipped,
                           sampling,
                           learning};
    memcpy(row + n, rest, sizeof rest);
    n += (int)(sizeof rest / sizeof *rest);
    SL_TRY(sl_metrics_row(self->metrics, self->update, n, row));
    // what the students themselves reach is worth a line, the teacher's return is known
    if (source == 1 && batch->n_episodes > 0) self->own = score;
    sl_meter_report(&self->meter, self->update, self->own.mean_return, self->own.won);
    return SL_OK;
}

static sl_status one_update(stage *self, bool want_snapshot, const sl_learn_message **answer) {
    double start = sl_clock_seconds();
    int source = draw_source(self);
    SL_TRY(sample(self, source, want_snapshot, answer));
    double sampled = sl_clock_seconds();
    sl_batch batch;
    SL_TRY(sl_batch_read(*answer, self->training->setup, sl_distill_need(self->distill), &batch));
    sl_distill_stats s;
    sl_distill_update(self->distill, &batch, (double)self->update / (double)self->n_updates, &s);
    self->update++;
    return report(self, &batch, &s, source, sampled - start, sl_clock_seconds() - sampled);
}

static sl_status run_updates(stage *self) {
    sl_training *training = self->training;
    while (self->update < self->n_updates) {
        const sl_learn_message *answer = NULL;
        bool last = self->update + 1 == self->n_updates;
        bool want_snapshot = last || sl_training_wants_checkpoint(training);
        SL_TRY(one_update(self, want_snapshot, &answer));
        if (last) {
            size_t n;
            SL_TRY(sl_students_write(training, sl_distill_params(self->distill, &n)));
            SL_TRY(sl_kept_note(training, false, true));
            return checkpoint(self, "done", answer);
        }
        if (want_snapshot) {
            SL_TRY(checkpoint(self, "distill", answer));
            if (*training->stop) return sl_fail(SL_INTERRUPTED, NULL, "interrupted; checkpointed");
        }
    }
    return SL_OK;
}

static sl_status load(stage *self, const sl_tensors *resume) {
    const sl_tensor *update, *source;
    SL_TRY(sl_tensors_find(resume, "update", SL_I64, 1, &update));
    self->update = *(const int64_t *)update->data;
    // the checkpoint at the end of the stage before has no students yet
    if (self->update == 0) return SL_OK;
    SL_TRY(sl_tensors_find(resume, "source", SL_I64, 4, &source));
    memcpy(self->source.s, source->data, sizeof self->source.s);
    return sl_distill_load(self->distill, resume);
}

static sl_status open_stage(stage *self, const sl_tensors *resume) {
    sl_training *training = self->training;
    const sl_exp_distill *options = &training->experiment->distill;
    sl_distill_def def = {.setup = training->setup, .options = options};
    def.init = sl_rng_split_name(&training->setup->root, "students/init");
    def.minibatch = sl_rng_split_name(&training->setup->root, "distill/minibatch");
    def.maps = sl_rng_split_name(&training->setup->root, "kd/maps");
    self->source = sl_rng_split_name(&training->setup->root, "distill/source");
    self->n_updates = options->updates;
    SL_TRY(sl_distill_create(&def, training->pool, &self->distill));
    if (resume) SL_TRY(load(self, resume));
    const char *columns = training->setup->spec.can_win ? COLUMNS("won,") : COLUMNS("");
    SL_TRY(sl_metrics_open(training->run, "distill", columns, self->update, &self->metrics));
    self->meter = sl_meter_start("distill", "updates", self->update, self->n_updates);
    return SL_OK;
}

sl_status sl_students_distill(sl_training *training, const sl_tensors *resume) {
    const double unknown = (double)NAN;
    stage self = {.training = training, .own = {unknown, unknown, unknown}};
    sl_status status = open_stage(&self, resume);
    if (status == SL_OK) status = run_updates(&self);
    sl_metrics_close(&self.metrics);
    sl_distill_destroy(&self.distill);
    return status;
}
