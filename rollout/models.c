/* models.c - see models.h. */
#include "rollout/models.h"

#include "common/alloc.h"
#include "nn/policy.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_readable(const char *folder, const char *name, char *path, size_t size) {
    int n = snprintf(path, size, "%s/%s", folder, name);
    return n > 0 && (size_t)n < size && access(path, R_OK) == 0;
}

// what was looked for in the folder that was named, or in the run's when none was: never in another one
static sl_status not_found(const char *what, const char *folder) {
    if (access(folder, F_OK) != 0)
        return sl_fail(SL_NOT_FOUND, "name a run's folder or one of models", "there is no folder '%s'", folder);
    return sl_fail(SL_NOT_FOUND, "train and distill first, or name a folder of models", "no %s in '%s'", what,
                   folder);
}

sl_status sl_models_find_student(const char *folder, const char *run, int agent, char *path, size_t size) {
    bool named = folder && folder[0];
    char name[64], below[80], what[64];
    (void)snprintf(name, sizeof name, "agent-%d.safetensors", agent);
    (void)snprintf(below, sizeof below, "students/%s", name);
    if (is_readable(named ? folder : run, below, path, size)) return SL_OK;
    if (named && is_readable(folder, name, path, size)) return SL_OK;
    (void)snprintf(what, sizeof what, "student of agent %d", agent);
    return not_found(what, named ? folder : run);
}

static sl_status find_teacher(const char *folder, const char *run, char *path, size_t size) {
    bool named = folder && folder[0];
    if (is_readable(named ? folder : run, "teacher.safetensors", path, size)) return SL_OK;
    return not_found("teacher.safetensors", named ? folder : run);
}

sl_status sl_models_check_profile(const sl_setup *setup, const sl_profile *profile, const char *path, int agent) {
    const char *env = setup->experiment->env.name;
    if (strcmp(profile->env, env) != 0)
        return sl_fail(SL_MISMATCH, NULL, "%s: made for %s, not for %s", path, profile->env, env);
    if (profile->n_agents != setup->N || profile->agent != agent)
        return sl_fail(SL_MISMATCH, NULL, "%s: agent %d of %d, expected %d of %d", path, profile->agent,
                       profile->n_agents, agent, setup->N);
    return SL_OK;
}

static sl_status load_policies(const sl_setup *setup, const char *folder, const char *run, sl_policy_set_def *def,
                               sl_policy *policies) {
    char path[4096];
    if (def->shared) {
        SL_TRY(find_teacher(folder, run, path, sizeof path));
        SL_TRY(sl_policy_load(path, &policies[0]));
        SL_TRY(sl_models_check_profile(setup, &policies[0].profile, path, -1));
        def->agent_id = policies[0].profile.agent_id;
        def->nets[0] = policies[0].def;
        return SL_OK;
    }
    for (int i = 0; i < def->N; i++) {
        SL_TRY(sl_models_find_student(folder, run, i, path, sizeof path));
        SL_TRY(sl_policy_load(path, &policies[i]));
        SL_TRY(sl_models_check_profile(setup, &policies[i].profile, path, i));
        def->nets[i] = policies[i].def;
    }
    return SL_OK;
}

sl_status sl_models_load(const sl_setup *setup, sl_policy_kind policy, const char *folder, const char *run, int V,
                         sl_policy_set **out) {
    sl_policy_set_def def =
        policy == SL_POLICY_TEACHER ? sl_policy_set_teacher_def(setup, V) : sl_policy_set_students_def(setup, V);
    int n_policies = def.shared ? 1 : def.N;
    sl_policy *policies = sl_alloc_array((size_t)n_policies, sizeof *policies);
    if (!policies) return sl_fail(SL_MEMORY, NULL, "cannot allocate %d policies", n_policies);
    sl_policy_set *set = NULL;
    sl_status status = load_policies(setup, folder, run, &def, policies);
    if (status == SL_OK) status = sl_policy_set_create(&def, &set);
    if (status == SL_OK) {
        float *to = sl_policy_set_params(set);
        for (int k = 0; k < n_policies; k++) {
            size_t n = sl_net_n_params(&policies[k].def);
            memcpy(to, policies[k].params, n * sizeof(float));
            to += n;
        }
        *out = set;
    }
    for (int k = 0; k < n_policies; k++) sl_policy_fini(&policies[k]);
    sl_free(policies);
    return status;
}
