/* chosen_policy.c - see chosen_policy.h. */
#include "starling/view/chosen_policy.h"

#include "common/alloc.h"
#include "rollout/view.h"
#include "starling/run/shipped.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sl_chosen_policy {
    sl_policy_kind kind;
    char text[SL_RUN_PATH];
    sl_run *run;   /* of the folder, or of the teacher's folder; or NULL */
    bool has_file; /* the teacher came from a file of its own */
    sl_policy file;
    const sl_env_spec *spec;
    sl_mask *masks;     /* NULL: everything is seen */
    sl_policy_set *set; /* of teacher and students */
    sl_actor *actor;
};

static const char MISFIT[] = "a policy for another map or layout";

// ---------------------------------------------------------------------------------------------------------- files

// the run that a file lies in, if it does: a teacher sees as it was trained to
static sl_status open_run_of(sl_chosen_policy *self, const char *path) {
    char folder[SL_RUN_PATH], experiment[SL_RUN_PATH];
    const char *slash = strrchr(path, '/');
    int n = slash ? snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path)
                  : snprintf(folder, sizeof folder, ".");
    if (n <= 0 || n >= (int)sizeof folder) return SL_OK;
    SL_TRY(sl_run_path(folder, "experiment.yaml", experiment));
    return access(experiment, R_OK) == 0 ? sl_run_open(folder, &self->run) : SL_OK;
}

static sl_status check_env(const char *text, const char *made_for, const char *env) {
    if (strcmp(made_for, env) == 0) return SL_OK;
    return sl_fail(SL_MISMATCH, MISFIT, "'%s' was made for %s, not for %s", text, made_for, env);
}

static sl_status open_file(sl_chosen_policy *self, const char *env, sl_env_options *options) {
    SL_TRY(sl_policy_load(self->text, &self->file));
    self->has_file = true;
    const sl_profile *profile = &self->file.profile;
    SL_TRY(check_env(self->text, profile->env, env));
    if (strcmp(profile->kind, "teacher") != 0)
        return sl_fail(SL_MISMATCH, "name the folder: its students play together",
                       "'%s' is the student of agent %d alone", self->text, profile->agent);
    SL_TRY(open_run_of(self, self->text));
    if (!self->run) {
        // what it observes is a part of it, whatever else is chosen
        sl_env_read_observed(profile->env_options, options);
        return SL_OK;
    }
    SL_TRY(check_env(self->text, self->run->experiment->env.name, env));
    *options = self->run->setup->options;
    return SL_OK;
}

static sl_status open_folder(sl_chosen_policy *self, const char *env, sl_env_options *options) {
    SL_TRY(sl_run_open(self->text, &self->run));
    SL_TRY(check_env(self->text, self->run->experiment->env.name, env));
    SL_TRY(sl_run_load_policies(self->run, true, true));
    *options = self->run->setup->options;
    return SL_OK;
}

static sl_status open_policy(sl_chosen_policy *self, const char *env, sl_env_options *options) {
    struct stat info;
    if (strcmp(self->text, "random") == 0) {
        self->kind = SL_POLICY_RANDOM;
        return SL_OK;
    }
    bool is_heuristic;
    SL_TRY(sl_env_heuristic_named(env, self->text, &is_heuristic));
    if (is_heuristic) {
        self->kind = SL_POLICY_HEURISTIC;
        return SL_OK;
    }
    char hint[SL_SHIPPED_HINT];
    if (stat(self->text, &info) != 0)
        return sl_fail(SL_NOT_FOUND,
                       sl_shipped_hint("models",
                                       "random, nearest, heuristic, a teacher.safetensors, or a run or model folder",
                                       hint),
                       "there is no policy '%s'", self->text);
    self->kind = S_ISDIR(info.st_mode) ? SL_POLICY_STUDENTS : SL_POLICY_TEACHER;
    return self->kind == SL_POLICY_STUDENTS ? open_folder(self, env, options) : open_file(self, env, options);
}

sl_status sl_chosen_policy_open(const char *text, const char *env, sl_env_options *options, sl_chosen_policy **out) {
    sl_chosen_policy *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for a policy");
    sl_status status = sl_shipped_find("models", text, self->text);
    if (status == SL_OK) status = open_policy(self, env, options);
    if (status != SL_OK)
        sl_chosen_policy_close(&self);
    else
        *out = self;
    return status;
}

void sl_chosen_policy_close(sl_chosen_policy **self_pointer) {
    sl_chosen_policy *self = *self_pointer;
    if (!self) return;
    sl_actor_destroy(&self->actor);
    sl_policy_set_destroy(&self->set);
    sl_mask_destroy(&self->masks);
    if (self->has_file) sl_policy_fini(&self->file);
    sl_run_close(&self->run);
    sl_free(self);
    *self_pointer = NULL;
}

// ----------------------------------------------------------------------------------------------------- meeting

static const sl_policy *policy_of(const sl_chosen_policy *self, int agent) {
    return self->kind == SL_POLICY_TEACHER ? &self->file : &self->run->students[agent];
}

static int input_of(const sl_chosen_policy *self, int agent) {
    const sl_env_spec *spec = self->spec;
    if (self->kind == SL_POLICY_STUDENTS) {
        const sl_setup *setup = self->run->setup;
        return spec->agents[agent].obs_dim + (setup->ages ? sl_setup_n_told(setup, agent) : 0);
    }
    return spec->obs_dim + (self->file.profile.agent_id ? spec->n_agents : 0);
}

static sl_status check_layout(const sl_chosen_policy *self) {
    const sl_env_spec *spec = self->spec;
    if (self->kind == SL_POLICY_STUDENTS && self->run->n_students != spec->n_agents)
        return sl_fail(SL_MISMATCH, MISFIT, "'%s' has %d students, %s has %d agents", self->text,
                       self->run->n_students, spec->name, spec->n_agents);
    for (int i = 0; i < spec->n_agents; i++) {
        const sl_policy *policy = policy_of(self, i);
        int n_actions = self->kind == SL_POLICY_STUDENTS ? spec->agents[i].n_actions : spec->n_actions;
        if (policy->profile.n_agents == spec->n_agents && policy->def.in_dim == input_of(self, i) &&
            policy->def.out_dim == n_actions) {
            continue;
        }
        return sl_fail(SL_MISMATCH, MISFIT,
                       "'%s' reads %d numbers and knows %d actions in a team of %d; agent %d of %s has %d and %d in "
                       "one of %d",
                       self->text, policy->def.in_dim, policy->def.out_dim, policy->profile.n_agents, i, spec->name,
                       input_of(self, i), n_actions, spec->n_agents);
    }
    return SL_OK;
}

static bool sees_ages(const sl_chosen_policy *self) {
    return self->kind == SL_POLICY_STUDENTS && self->run->setup->ages;
}

// the policies side by side, for one copy; nets is scratch for what they are
static sl_status make_set(sl_chosen_policy *self, int n_nets, sl_net_def *nets) {
    const sl_env_spec *spec = self->spec;
    int P = sl_view_of(spec, NULL, false, sees_ages(self)).P;
    sl_policy_set_def def = {.V = 1, .N = spec->n_agents, .O = P, .A = spec->n_actions, .nets = nets};
    def.shared = self->kind == SL_POLICY_TEACHER;
    def.agent_id = def.shared && self->file.profile.agent_id;
    for (int k = 0; k < n_nets; k++) nets[k] = policy_of(self, k)->def;
    SL_TRY(sl_policy_set_create(&def, &self->set));
    float *params = sl_policy_set_params(self->set);
    for (int k = 0; k < n_nets; k++) {
        size_t n = sl_net_n_params(&nets[k]);
        memcpy(params, policy_of(self, k)->params, n * sizeof *params);
        params += n;
    }
    return SL_OK;
}

static sl_status prepare(sl_chosen_policy *self, sl_runner_def *runner) {
    if (self->spec->continuous)
        return sl_fail(SL_CONFIG, "leave 'continuous' out", "'%s' chooses among discrete actions", self->text);
    SL_TRY(check_layout(self));
    int n_nets = self->kind == SL_POLICY_TEACHER ? 1 : self->spec->n_agents;
    sl_net_def *nets = sl_alloc_array((size_t)n_nets, sizeof *nets);
    if (!nets) return sl_fail(SL_MEMORY, NULL, "no memory for the policies of '%s'", self->text);
    sl_status status = make_set(self, n_nets, nets);
    sl_free(nets);
    SL_TRY(status);
    if (self->kind != SL_POLICY_STUDENTS || !self->run->setup->masked) return SL_OK;
    SL_TRY(sl_setup_masks(self->run->setup, 1, &self->masks));
    runner->masks = self->masks;
    runner->ages = sees_ages(self); // all of them 0: nothing is late here
    runner->hides_avail = self->run->setup->hides_avail;
    return SL_OK;
}

sl_status sl_chosen_policy_meet(sl_chosen_policy *self, const sl_env *env, sl_runner_def *runner, sl_actor **actor) {
    self->spec = sl_env_get_spec(env);
    if (self->kind == SL_POLICY_TEACHER || self->kind == SL_POLICY_STUDENTS) SL_TRY(prepare(self, runner));
    sl_actor_def def = {.policy = self->kind, .V = 1, .env = env, .set = self->set};
    SL_TRY(sl_actor_create(&def, &self->actor));
    *actor = self->actor;
    return SL_OK;
}
