/* teacher.c - what is asked for in the first stage, and what it leaves. */
#include "trainer/teacher.h"

#include "common/log.h"
#include "setup/teacher_file.h"
#include "trainer/checkpoint.h"
#include "trainer/policy_files.h"
#include "trainer/stage.h"

static sl_status collect(sl_stage *self) {
    self->asked.request.kind = SL_LEARN_COLLECT;
    sl_stage_add_params(self);
    return sl_stage_begin(self);
}

static sl_status start_from(sl_stage *self) {
    const sl_training *training = self->training;
    const char *init = training->experiment->teacher.init;
    if (training->setup->direct || !init || !init[0]) return SL_OK;
    char path[SL_POLICY_PATH];
    sl_policy policy = {0};
    SL_TRY(sl_teacher_file_find(init, path));
    SL_TRY(sl_teacher_file_load_init(training->setup, path, &policy));
    SL_INFO("the teacher starts from '%s', of run '%s' on %s", path, policy.profile.run, policy.profile.env);
    sl_status status = sl_learner_start_from(self->learner, &policy);
    sl_policy_fini(&policy);
    return status;
}

static sl_status write_policies(const sl_stage *self) {
    const sl_training *training = self->training;
    const sl_exp_ppo *ppo = &training->experiment->teacher.ppo;
    sl_learner_params params = self->learner->class->get_params(self->learner);
    if (training->setup->direct) return sl_policy_files_write_students(training, params.actor);
    sl_policy policy = {.profile = sl_setup_profile(training->setup, -1),
                        .def = training->setup->teacher,
                        .params = params.actor,
                        .has_critic = true,
                        .critic_team = ppo->reward != SL_EXP_OWN,
                        .critic_mean = ppo->reward == SL_EXP_MEAN,
                        .critic_def = training->setup->critic,
                        .critic_params = params.critic,
                        .value_mean = params.value_mean,
                        .value_std = params.value_std};
    char path[SL_POLICY_PATH];
    sl_policy_files_teacher(training, path);
    return sl_policy_save(&policy, path);
}

// what the stage needs to go on to more updates later
static sl_status keep_end(const sl_stage *self, const sl_learn_message *answer) {
    const sl_training *training = self->training;
    sl_tensors *file = NULL;
    SL_TRY(sl_stage_save(self, self->def->name, answer, &file));
    sl_status status = sl_checkpoint_save_end(training->run, self->def->name, training->task_hash, file);
    sl_tensors_destroy(&file);
    return status;
}

/* The next stage begins with the policies and at no update; its name is the context. */
static sl_status finish(sl_stage *self, const sl_learn_message *answer) {
    sl_training *training = self->training;
    bool direct = training->setup->direct;
    sl_tensors *file = NULL;
    SL_TRY(keep_end(self, answer));
    SL_TRY(write_policies(self));
    SL_TRY(sl_policy_files_note(training, !direct, direct));
    SL_TRY(sl_checkpoint_begin(self->def->context, 0, answer, &file));
    sl_status status = sl_policy_files_carry(training, !direct, direct, file);
    if (status == SL_OK) return sl_training_checkpoint(training, &file);
    sl_tensors_destroy(&file);
    return status;
}

static int64_t steps_per_update(const sl_training *training) {
    const sl_exp_ppo *ppo = &training->experiment->teacher.ppo;
    return (int64_t)ppo->n_envs * ppo->rollout_steps;
}

int64_t sl_teacher_n_updates(const sl_training *training) {
    int64_t steps = steps_per_update(training);
    return (training->experiment->teacher.ppo.total_steps + steps - 1) / steps;
}

static const sl_metric before[] = {
    SL_METRIC("env_steps", sl_stage_row, env_steps, SL_METRIC_COUNTER, "steps", "so far, over all copies"),
    SL_METRIC("return", sl_stage_row, mean_return, SL_METRIC_GAUGE, "", "mean of the episodes that ended"),
    SL_METRIC("episode_length", sl_stage_row, episode_length, SL_METRIC_GAUGE, "steps", "their mean length"),
    SL_METRIC("won", sl_stage_row, won, SL_METRIC_GAUGE, "", "the share of them that was won"),
    SL_METRIC("episodes", sl_stage_row, episodes, SL_METRIC_GAUGE, "episodes", "that ended in this roll-out"),
};
static const sl_metric after[] = {
    SL_METRIC("collect_seconds", sl_stage_row, work_seconds, SL_METRIC_GAUGE, "seconds",
              "wall time of the roll-out, as the coordinator says"),
    SL_METRIC("wait_seconds", sl_stage_row, wait_seconds, SL_METRIC_GAUGE, "seconds",
              "in which the learner waited for it"),
    SL_METRIC("learn_seconds", sl_stage_row, learn_seconds, SL_METRIC_GAUGE, "seconds", "wall time of the epochs"),
    SL_METRIC("overlap_seconds", sl_stage_row, overlap_seconds, SL_METRIC_GAUGE, "seconds",
              "of the roll-out, in which the learner was at work too"),
};

// every agent's actor and the critic, in every epoch
static double flops_per_row(const sl_training *training) {
    const sl_setup *setup = training->setup;
    double sum = setup->M * sl_net_epoch_products(&setup->critic);
    for (int i = 0; i < setup->N; i++)
        sum += sl_net_epoch_products(setup->direct ? &setup->students[i] : &setup->teacher);
    return training->experiment->teacher.ppo.epochs * sum;
}

sl_status sl_teacher_run(sl_training *training, const char *name, const char *next_stage, const sl_tensors *resume) {
    const sl_stage_def def = {.name = name,
                              .learner = "mappo",
                              .unit = "steps",
                              .before = SL_METRIC_TABLE(before),
                              .after = SL_METRIC_TABLE(after),
                              .n_updates = sl_teacher_n_updates(training),
                              .unit_per_update = steps_per_update(training),
                              .flops_per_row = flops_per_row(training),
                              .max_lag = training->experiment->teacher.ppo.max_policy_lag,
                              .begin = collect,
                              .take = sl_stage_take,
                              .finish = finish,
                              .start = start_from,
                              .context = (void *)next_stage};
    return sl_stage_run(&def, training, resume);
}

sl_status sl_teacher_take(sl_training *training) {
    char from[SL_POLICY_PATH], path[SL_POLICY_PATH];
    sl_policy policy = {0};
    SL_TRY(sl_teacher_file_find(training->experiment->teacher.from, from));
    SL_TRY(sl_teacher_file_load(training->setup, from, &policy));
    sl_policy_files_teacher(training, path);
    sl_status status = sl_policy_save(&policy, path);
    sl_policy_fini(&policy);
    return status == SL_OK ? sl_policy_files_note(training, true, false) : status;
}
