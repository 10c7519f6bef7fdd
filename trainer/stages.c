/* stages.c - which stage comes next, and what happens after a restart. */
#include "trainer/stages.h"

#include "common/clock.h"
#include "common/log.h"
#include "trainer/checkpoint.h"
#include "trainer/policy_files.h"
#include "trainer/students.h"
#include "trainer/teacher.h"

#include <string.h>

/* Brings the coordinator to the checkpoint's state. Without one it is at its start, for it begins anew with every new
 * trainer. */
static sl_status restore(sl_training *training, const sl_tensors *checkpoint) {
    SL_TRY(sl_learn_client_wait(training->client));
    if (!checkpoint) return SL_OK;
    const sl_tensor *snapshot;
    SL_TRY(sl_tensors_find(checkpoint, "snapshot", SL_U8, -1, &snapshot));
    sl_learn_message request = {.kind = SL_LEARN_RESTORE};
    sl_learn_add(&request, SL_TENSOR_SNAPSHOT, snapshot->data, SL_SHAPE((int64_t)snapshot->n_bytes));
    const sl_learn_message *answer = NULL;
    return sl_learn_client_ask(training->client, &request, true, &answer);
}

static sl_status run_first(sl_training *training, const char *stage, const char *next, const sl_tensors *resume) {
    double start = sl_clock_seconds();
    sl_event_stage_start(stage);
    const char *from = training->experiment->teacher.from;
    bool take = training->experiment->method == SL_EXP_KD_MARL && from && from[0];
    SL_TRY(take ? sl_teacher_take(training) : sl_teacher_run(training, stage, next, resume));
    sl_event_stage_done(stage, sl_clock_seconds() - start);
    return SL_OK;
}

static sl_status run_students(sl_training *training, const sl_tensors *resume) {
    double start = sl_clock_seconds();
    sl_event_stage_start("record");
    SL_TRY(sl_students_record(training));
    sl_event_stage_done("record", sl_clock_seconds() - start);
    start = sl_clock_seconds();
    sl_event_stage_start("distill");
    SL_TRY(sl_students_distill(training, resume));
    sl_event_stage_done("distill", sl_clock_seconds() - start);
    return SL_OK;
}

static const char *first_stage(const sl_training *training) {
    return training->experiment->method == SL_EXP_DIRECT ? "direct" : "teacher";
}

static sl_status updates_of(const sl_tensors *checkpoint, int64_t *out) {
    const sl_tensor *update;
    SL_TRY(sl_tensors_find(checkpoint, "update", SL_I64, 1, &update));
    *out = *(const int64_t *)update->data;
    return SL_OK;
}

/* Of a run whose first stage has ended, but is asked for more updates now: makes its end the newest checkpoint. What
 * followed is dropped. checkpoint: NULL when all are gone. */
static sl_status go_on(sl_training *training, const sl_tensors *checkpoint, bool *more) {
    const char *first = first_stage(training), *stage = checkpoint ? sl_tensors_meta(checkpoint, "stage") : "done";
    sl_tensors *end = NULL;
    int64_t done = 0, wanted = sl_teacher_n_updates(training);
    if (!stage || strcmp(stage, first) == 0) return SL_OK;
    SL_TRY(sl_checkpoint_load_end(training->run, first, training->task_hash, &end));
    if (!end) return SL_OK;
    sl_status status = updates_of(end, &done);
    *more = status == SL_OK && done < wanted;
    if (*more) {
        SL_INFO("the stage '%s' goes on from update %lld to %lld; what followed it is done again", first,
                (long long)done, (long long)wanted);
        status = sl_policy_files_drop(training);
    }
    if (*more && status == SL_OK) return sl_training_checkpoint(training, &end);
    sl_tensors_destroy(&end);
    return status;
}

/* A finished distillation goes on as well. */
static sl_status is_finished(const sl_training *training, const sl_tensors *checkpoint, bool *out) {
    int64_t done = 0, wanted = training->experiment->distill.updates;
    if (training->experiment->method == SL_EXP_KD_MARL) SL_TRY(updates_of(checkpoint, &done));
    *out = training->experiment->method == SL_EXP_DIRECT || done >= wanted;
    if (!*out) SL_INFO("the distillation goes on from update %lld to %lld", (long long)done, (long long)wanted);
    return SL_OK;
}

/* From the checkpoint (NULL: the beginning) to the end. */
static sl_status run_from(sl_training *training, const sl_tensors *checkpoint) {
    bool direct = training->experiment->method == SL_EXP_DIRECT;
    const char *first = first_stage(training), *stage = first;
    if (checkpoint) {
        stage = sl_tensors_meta(checkpoint, "stage");
        bool known = stage && (strcmp(stage, first) == 0 || strcmp(stage, "done") == 0 ||
                               (!direct && strcmp(stage, "distill") == 0));
        if (!known) return sl_fail(SL_CORRUPT, NULL, "the checkpoint names no stage of this experiment");
    }
    if (checkpoint) SL_TRY(sl_policy_files_restore(training, checkpoint));
    bool finished = false;
    if (strcmp(stage, "done") == 0) SL_TRY(is_finished(training, checkpoint, &finished));
    if (finished) return sl_policy_files_check_buffer(training);
    SL_TRY(restore(training, checkpoint));
    if (strcmp(stage, first) == 0) {
        SL_TRY(run_first(training, first, direct ? "done" : "distill", checkpoint));
        // what follows starts afresh
        checkpoint = NULL;
    }
    return direct ? SL_OK : run_students(training, checkpoint);
}

sl_status sl_stages_run(sl_training *training, bool resume) {
    if (!resume) SL_TRY(sl_checkpoint_clear(training->run));
    for (;;) {
        sl_tensors *checkpoint = NULL;
        SL_TRY(sl_checkpoint_load(training->run, training->task_hash, &training->n_checkpoint, &checkpoint));
        bool whole = false, more = false;
        if (resume && !checkpoint) SL_TRY(sl_policy_files_are_whole(training, &whole));
        sl_status status = checkpoint || whole ? go_on(training, checkpoint, &more) : SL_OK;
        if (status == SL_OK && whole && !more)
            SL_WARN("the checkpoints are gone, but the policies are whole: there is nothing left to train");
        if (status == SL_OK && checkpoint && !more) {
            const char *stage = sl_tensors_meta(checkpoint, "stage");
            SL_INFO("going on from checkpoint %lld (%s)", (long long)training->n_checkpoint, stage ? stage : "?");
        }
        if (status == SL_OK && !whole && !more) status = run_from(training, checkpoint);
        sl_tensors_destroy(&checkpoint);
        if (status == SL_OK && more) continue;
        if (status != SL_TIMEOUT) return status;
        SL_WARN("%s: going back to the last checkpoint", sl_error_what());
    }
}
