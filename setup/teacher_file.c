/* teacher_file.c - see teacher_file.h. */
#include "setup/teacher_file.h"

#include "storage/manifest.h"

#include <string.h>

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

sl_status sl_teacher_file_find(const char *given, char path[SL_POLICY_PATH]) {
    SL_TRY(sl_policy_path_find_teacher(given, path));
    return strcmp(path, given) == 0 ? SL_OK : sl_manifest_check_in(given, SL_TEACHER_FILE);
}

sl_status sl_teacher_file_load(const sl_setup *setup, const char *path, sl_policy *out) {
    sl_policy policy = {0};
    SL_TRY(sl_policy_load(path, &policy));
    sl_status status = check(setup, &policy, path);
    if (status != SL_OK)
        sl_policy_fini(&policy);
    else
        *out = policy;
    return status;
}

sl_status sl_teacher_file_load_init(const sl_setup *setup, const char *path, sl_policy *out) {
    sl_policy policy = {0};
    SL_TRY(sl_teacher_file_load(setup, path, &policy));
    bool normalised = policy.value_mean != 0 || policy.value_std != 1;
    if (normalised && !setup->experiment->teacher.ppo.value_norm) {
        sl_policy_fini(&policy);
        return sl_fail(SL_MISMATCH, "set teacher.ppo.value_norm to true",
                       "the critic of %s was trained with value_norm, this experiment is without", path);
    }
    *out = policy;
    return SL_OK;
}
