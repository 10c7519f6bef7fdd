/* teacher_file.c - the teacher's file: where it lies, whether it fits this experiment, and another run's. */
#include "trainer/teacher.h"

#include "common/log.h"
#include "storage/manifest.h"
#include "trainer/kept.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

void sl_teacher_path(const sl_session *session, char path[1024]) {
    (void)snprintf(path, 1024, "%s/teacher.safetensors", session->run);
}

static bool same_shape(const sl_net_def *a, const sl_net_def *b) {
    return a->in_dim == b->in_dim && a->hidden == b->hidden && a->out_dim == b->out_dim &&
           a->n_layers == b->n_layers && a->cell == b->cell && a->activation == b->activation &&
           a->layer_norm == b->layer_norm;
}

static const char *reward_of(const sl_policy *policy) {
    return !policy->critic_team ? "own" : policy->critic_mean ? "mean" : "sum";
}

// the shape does not tell a critic of the mean from one of the sum; of one agent both are its own
static sl_status check(const sl_setup *setup, const sl_policy *policy, const char *path) {
    static const char *const words[] = {[SL_EXP_SUM] = "sum", [SL_EXP_MEAN] = "mean", [SL_EXP_OWN] = "own"};
    const char *wanted = words[setup->experiment->teacher.ppo.reward];
    if (!policy->has_critic || !same_shape(&policy->def, &setup->teacher) ||
        !same_shape(&policy->critic_def, &setup->critic)) {
        return sl_fail(SL_MISMATCH, "give teacher.actor and teacher.critic as in the run that trained it",
                       "the teacher %s is of another shape than this experiment's", path);
    }
    if (setup->N == 1 || strcmp(reward_of(policy), wanted) == 0) return SL_OK;
    return sl_fail(SL_MISMATCH, "give teacher.ppo.reward as in the run that trained it",
                   "the teacher %s learned from the reward '%s', this experiment's from '%s'", path,
                   reward_of(policy), wanted);
}

sl_status sl_teacher_load(const sl_session *session, const char *path, sl_policy *out) {
    sl_policy policy = {0};
    SL_TRY(sl_policy_load(path, &policy));
    sl_status status = check(session->setup, &policy, path);
    if (status != SL_OK)
        sl_policy_fini(&policy);
    else
        *out = policy;
    return status;
}

// a file, or a folder whose teacher must be the one that its run trained
static sl_status find(const char *given, char path[1024]) {
    struct stat info;
    bool folder = stat(given, &info) == 0 && S_ISDIR(info.st_mode);
    (void)snprintf(path, 1024, "%s%s", given, folder ? "/teacher.safetensors" : "");
    return folder ? sl_manifest_check_in(given, "teacher.safetensors") : SL_OK;
}

sl_status sl_teacher_take(sl_session *session) {
    char from[1024], path[1024];
    sl_policy policy = {0};
    SL_TRY(find(session->experiment->teacher.from, from));
    SL_TRY(sl_teacher_load(session, from, &policy));
    sl_teacher_path(session, path);
    sl_status status = sl_policy_save(&policy, path);
    sl_policy_fini(&policy);
    return status == SL_OK ? sl_kept_note(session, true, false) : status;
}

sl_status sl_teacher_init(const sl_session *session, sl_policy *out) {
    char path[1024];
    sl_policy policy = {0};
    SL_TRY(find(session->experiment->teacher.init, path));
    SL_TRY(sl_teacher_load(session, path, &policy));
    bool normalised = policy.value_mean != 0 || policy.value_std != 1;
    if (normalised && !session->experiment->teacher.ppo.value_norm) {
        sl_policy_fini(&policy);
        return sl_fail(SL_MISMATCH, "set teacher.ppo.value_norm to true",
                       "the critic of %s was trained with value_norm, this experiment is without", path);
    }
    SL_INFO("the teacher starts from '%s', of run '%s' on %s", path, policy.profile.run, policy.profile.env);
    *out = policy;
    return SL_OK;
}
