/* teacher.c - roll out, learn, again: one update a COLLECT. */
#include "trainer/teacher.h"

#include "common/clock.h"
#include "common/log.h"
#include "storage/file.h"
#include "trainer/checkpoint.h"
#include "trainer/kept.h"
#include "trainer/learners/mappo.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// the won column only where there is something to win
#define COLUMNS(won)                                                                                                 \
    "update,env_steps,return,episode_length," won "episodes,policy_loss,value_loss,entropy,kl,clip_fraction,"        \
    "actor_norm,critic_norm,lr,skipped,collect_seconds,learn_seconds"
enum { MAX_COLUMNS = 20 };

typedef struct stage {
    sl_training *training;
    const char *name, *next;
    bool direct;
    sl_mappo *mappo;
    sl_metrics *metrics;
    sl_meter meter;
    int64_t update, n_updates, steps_per_update;
    sl_batch_score score; /* of the last batch that finished an episode */
} stage;

/* Asks for a roll-out with the current parameters until one comes that is new enough. */
static sl_status collect(stage *self, bool want_snapshot, const sl_learn_message **answer) {
    size_t n_actor, n_critic;
    const float *actor = sl_mappo_actor(self->mappo, &n_actor), *critic = sl_mappo_critic(self->mappo, &n_critic);
    for (;;) {
        sl_learn_message request = {
            .kind = SL_LEARN_COLLECT, .version = self->update, .want_snapshot = want_snapshot};
        sl_mappo_value_stats(self->mappo, &request.value_mean, &request.value_std);
        sl_learn_add(&request, SL_TENSOR_PARAMS, actor, SL_SHAPE((int64_t)n_actor));
        sl_learn_add(&request, SL_TENSOR_CRITIC, critic, SL_SHAPE((int64_t)n_critic));
        SL_TRY(sl_learn_client_ask(self->training->client, &request, false, answer));
        if ((*answer)->kind != SL_LEARN_BATCH)
            return sl_fail(SL_MISMATCH, NULL, "the coordinator answered a roll-out with something else");
        int64_t lag = self->update - (*answer)->version;
        if (lag >= 0 && lag <= self->training->experiment->teacher.ppo.max_policy_lag) return SL_OK;
        SL_WARN("a batch of parameter version %lld was dropped at version %lld", (long long)(*answer)->version,
                (long long)self->update);
    }
}

static sl_status checkpoint(stage *self, const char *stage_name, const sl_learn_message *answer) {
    sl_tensors *file = NULL;
    bool goes_on = stage_name == self->name;
    SL_TRY(sl_checkpoint_begin(stage_name, goes_on ? self->update : 0, answer, &file));
    sl_status status =
        goes_on ? sl_mappo_save(self->mappo, file) : sl_kept_carry(self->training, !self->direct, self->direct, file);
    if (status == SL_OK) return sl_training_checkpoint(self->training, &file);
    sl_tensors_destroy(&file);
    return status;
}

static sl_status report(stage *self, const sl_batch *batch, const sl_mappo_stats *s, double collect, double learn) {
    sl_batch_score score = sl_batch_get_score(batch, &self->training->setup->spec);
    if (batch->n_episodes > 0) self->score = score;
    int64_t steps = self->update * self->steps_per_update;
    double row[MAX_COLUMNS] = {(double)steps, score.mean_return, score.length};
    int n = 3;
    if (self->training->setup->spec.can_win) row[n++] = score.won;
    const double rest[] = {(double)batch->n_episodes,
                           s->policy_loss,
                           s->value_loss,
                           s->entropy,
                           s->kl,
                           s->clip_fraction,
                           s->actor_norm,
                           s->critic_norm,
                           s->lr,
                           (double)s->skipped,
                           collect,
                           learn};
    memcpy(row + n, rest, sizeof rest);
    n += (int)(sizeof rest / sizeof *rest);
    SL_TRY(sl_metrics_row(self->metrics, self->update, n, row));
    sl_meter_report(&self->meter, steps, self->score.mean_return, self->score.won);
    return SL_OK;
}

static sl_status one_update(stage *self, bool want_snapshot, const sl_learn_message **answer) {
    double start = sl_clock_seconds();
    SL_TRY(collect(self, want_snapshot, answer));
    double collected = sl_clock_seconds();
    sl_batch batch;
    SL_TRY(sl_batch_read(*answer, self->training->setup, sl_mappo_need(self->mappo), &batch));
    sl_mappo_stats stats;
    sl_mappo_update(self->mappo, &batch, (double)self->update / (double)self->n_updates, &stats);
    self->update++;
    return report(self, &batch, &stats, collected - start, sl_clock_seconds() - collected);
}

sl_status sl_students_write(const sl_training *training, const float *params) {
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/students", training->run);
    SL_TRY(sl_file_make_folder(path));
    for (int i = 0; i < training->setup->N; i++) {
        sl_policy policy = {.def = training->setup->students[i], .params = (float *)params};
        policy.profile = sl_setup_profile(training->setup, i);
        (void)snprintf(path, sizeof path, "%s/students/agent-%d.safetensors", training->run, i);
        SL_TRY(sl_policy_save(&policy, path));
        params += sl_net_n_params(&policy.def);
    }
    return SL_OK;
}

static sl_status write_policies(const stage *self) {
    const sl_training *training = self->training;
    size_t n;
    if (self->direct) return sl_students_write(training, sl_mappo_actor(self->mappo, &n));
    sl_policy policy = {.def = training->setup->teacher,
                        .params = sl_mappo_actor(self->mappo, &n),
                        .has_critic = true,
                        .critic_team = training->experiment->teacher.ppo.reward != SL_EXP_OWN,
                        .critic_mean = training->experiment->teacher.ppo.reward == SL_EXP_MEAN,
                        .critic_def = training->setup->critic,
                        .critic_params = sl_mappo_critic(self->mappo, &n)};
    policy.profile = sl_setup_profile(training->setup, -1);
    sl_mappo_value_stats(self->mappo, &policy.value_mean, &policy.value_std);
    char path[1024];
    sl_teacher_path(training, path);
    return sl_policy_save(&policy, path);
}

// what the stage needs to go on to more updates later
static sl_status keep_end(const stage *self, const sl_learn_message *answer) {
    const sl_training *training = self->training;
    sl_tensors *file = NULL;
    SL_TRY(sl_checkpoint_begin(self->name, self->update, answer, &file));
    sl_status status = sl_mappo_save(self->mappo, file);
    if (status == SL_OK) status = sl_checkpoint_save_end(training->run, self->name, training->task_hash, file);
    sl_tensors_destroy(&file);
    return status;
}

static sl_status run_updates(stage *self) {
    sl_training *training = self->training;
    while (self->update < self->n_updates) {
        const sl_learn_message *answer = NULL;
        bool last = self->update + 1 == self->n_updates;
        bool want_snapshot = last || sl_training_wants_checkpoint(training);
        SL_TRY(one_update(self, want_snapshot, &answer));
        if (last) {
            SL_TRY(keep_end(self, answer));
            SL_TRY(write_policies(self));
            SL_TRY(sl_kept_note(training, !self->direct, self->direct));
            return checkpoint(self, self->next, answer);
        }
        if (want_snapshot) {
            SL_TRY(checkpoint(self, self->name, answer));
            if (*training->stop) return sl_fail(SL_INTERRUPTED, NULL, "interrupted; checkpointed");
        }
    }
    return SL_OK;
}

int64_t sl_teacher_n_updates(const sl_training *training) {
    const sl_exp_ppo *ppo = &training->experiment->teacher.ppo;
    int64_t steps = (int64_t)ppo->n_envs * ppo->rollout_steps;
    return (ppo->total_steps + steps - 1) / steps;
}

static sl_status start_from(const stage *self) {
    const char *init = self->training->experiment->teacher.init;
    if (self->direct || !init || !init[0]) return SL_OK;
    sl_policy policy = {0};
    SL_TRY(sl_teacher_init(self->training, &policy));
    sl_mappo_start_from(self->mappo, &policy);
    sl_policy_fini(&policy);
    return SL_OK;
}

static sl_status open_stage(stage *self, const sl_tensors *resume) {
    sl_training *training = self->training;
    const sl_exp_ppo *ppo = &training->experiment->teacher.ppo;
    sl_mappo_def def = {.setup = training->setup, .ppo = ppo, .separate = self->direct};
    def.init = sl_rng_split_name(&training->setup->root, self->direct ? "students/init" : "teacher/init");
    def.minibatch = sl_rng_split_name(&training->setup->root, "minibatch");
    SL_TRY(sl_mappo_create(&def, training->pool, &self->mappo));
    if (resume) {
        const sl_tensor *update;
        SL_TRY(sl_tensors_find(resume, "update", SL_I64, 1, &update));
        self->update = *(const int64_t *)update->data;
        if (self->update > 0) SL_TRY(sl_mappo_load(self->mappo, resume));
    }
    if (self->update == 0) SL_TRY(start_from(self));
    self->steps_per_update = (int64_t)ppo->n_envs * ppo->rollout_steps;
    self->n_updates = sl_teacher_n_updates(training);
    const char *columns = training->setup->spec.can_win ? COLUMNS("won,") : COLUMNS("");
    SL_TRY(sl_metrics_open(training->run, self->name, columns, self->update, &self->metrics));
    self->meter = sl_meter_start(self->name, "steps", self->update * self->steps_per_update,
                                 self->n_updates * self->steps_per_update);
    return SL_OK;
}

sl_status sl_teacher_run(sl_training *training, const char *name, const char *next_stage, const sl_tensors *resume) {
    const double unknown = (double)NAN;
    stage self = {.training = training, .name = name, .next = next_stage, .score = {unknown, unknown, unknown}};
    self.direct = training->experiment->method == SL_EXP_DIRECT;
    sl_status status = open_stage(&self, resume);
    if (status == SL_OK) status = run_updates(&self);
    sl_metrics_close(&self.metrics);
    sl_mappo_destroy(&self.mappo);
    return status;
}
