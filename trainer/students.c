/* students.c - record, then sample and learn. */
#include "trainer/students.h"

#include "setup/teacher_file.h"
#include "trainer/policy_files.h"
#include "trainer/stage.h"

#include <math.h>
#include <string.h>

sl_status sl_students_record(sl_training *training) {
    char path[SL_POLICY_PATH];
    sl_policy teacher = {0};
    sl_policy_files_teacher(training, path);
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

/* 0: states of the expert buffer, 1: of the students. Mixed goes from the one to the other over the updates. */
static int64_t choose(sl_stage *self, int64_t n) {
    sl_exp_source source = self->training->experiment->distill.source;
    if (source != SL_EXP_SOURCE_MIXED) return source == SL_EXP_SOURCE_STUDENT;
    int64_t n_updates = self->def->n_updates;
    double share = n_updates > 1 ? (double)n / (double)(n_updates - 1) : 0.0;
    return sl_rng_uniform(self->def->context) < share;
}

static sl_status sample(sl_stage *self) {
    sl_learn_message *request = &self->asked.request;
    request->kind = SL_LEARN_SAMPLE;
    request->n_episodes = self->training->experiment->distill.episodes;
    request->source = (int)self->asked.source;
    if (self->asked.source == 1) sl_stage_add_params(self);
    return sl_stage_begin(self);
}

static sl_status save(const sl_stage *self, sl_tensors *file) {
    const sl_rng *source = self->def->context;
    SL_TRY(sl_policy_files_carry(self->training, true, self->update == self->def->n_updates, file));
    return sl_tensors_add(file, "source", SL_I64, 1, (const int64_t[]){4}, source->s);
}

static sl_status load(sl_stage *self, const sl_tensors *file) {
    sl_rng *stream = self->def->context;
    const sl_tensor *source;
    SL_TRY(sl_tensors_find(file, "source", SL_I64, 4, &source));
    memcpy(stream->s, source->data, sizeof stream->s);
    return SL_OK;
}

static sl_status finish(sl_stage *self, const sl_learn_message *answer) {
    sl_tensors *file = NULL;
    SL_TRY(sl_policy_files_write_students(self->training, self->learner->class->get_params(self->learner).actor));
    SL_TRY(sl_policy_files_note(self->training, false, true));
    SL_TRY(sl_stage_save(self, "done", answer, &file));
    return sl_training_checkpoint(self->training, &file);
}

static const sl_metric before[] = {
    SL_METRIC("source", sl_stage_row, source, SL_METRIC_GAUGE, "",
              "0: states of the expert buffer, 1: the students'"),
    SL_METRIC("return", sl_stage_row, mean_return, SL_METRIC_GAUGE, "", "mean of the batch's episodes"),
    SL_METRIC("episode_length", sl_stage_row, episode_length, SL_METRIC_GAUGE, "steps", "their mean length"),
    SL_METRIC("won", sl_stage_row, won, SL_METRIC_GAUGE, "", "the share of them that was won"),
};
static const sl_metric after[] = {
    SL_METRIC("sample_seconds", sl_stage_row, work_seconds, SL_METRIC_GAUGE, "seconds",
              "wall time of the sample, as the coordinator says"),
    SL_METRIC("wait_seconds", sl_stage_row, wait_seconds, SL_METRIC_GAUGE, "seconds",
              "in which the learner waited for it"),
    SL_METRIC("learn_seconds", sl_stage_row, learn_seconds, SL_METRIC_GAUGE, "seconds", "wall time of the epochs"),
    SL_METRIC("overlap_seconds", sl_stage_row, overlap_seconds, SL_METRIC_GAUGE, "seconds",
              "of the sample, in which the learner was at work too"),
};

static double flops_per_row(const sl_training *training) {
    double sum = 0;
    for (int i = 0; i < training->setup->N; i++) sum += sl_net_epoch_products(&training->setup->students[i]);
    return training->experiment->distill.epochs * sum;
}

sl_status sl_students_distill(sl_training *training, const sl_tensors *resume) {
    // draws which states the next batch is of, when mixed
    sl_rng source = sl_rng_split_name(&training->setup->root, "distill/source");
    const sl_stage_def def = {.name = "distill",
                              .learner = "distill",
                              .unit = "updates",
                              .before = SL_METRIC_TABLE(before),
                              .after = SL_METRIC_TABLE(after),
                              .n_updates = training->experiment->distill.updates,
                              .unit_per_update = 1,
                              .flops_per_row = flops_per_row(training),
                              .max_lag = training->experiment->distill.max_policy_lag,
                              .choose = choose,
                              .begin = sample,
                              .take = sl_stage_take,
                              .finish = finish,
                              .save = save,
                              .load = load,
                              .context = &source};
    return sl_stage_run(&def, training, resume);
}
