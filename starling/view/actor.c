/* actor.c - see actor.h. */
#include "starling/view/actor.h"

#include "common/alloc.h"
#include "nn/dist.h"
#include "starling/run/run.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef enum kind { RANDOM, HEURISTIC, TEACHER, STUDENTS } kind;

struct sl_actor {
    kind kind;
    const char *text; /* borrowed */
    sl_run *run;      /* of the folder, or of the teacher's folder; or NULL */
    bool has_file;    /* the teacher came from a file of its own */
    sl_policy file;
    const sl_env *env;
    const sl_env_spec *spec;
    sl_mask *mask;                                   /* NULL: everything is seen */
    sl_rng stream;                                   /* the random policy's */
    int H;                                           /* the widest network */
    float *seen, *input, *logits, *hidden, *scratch; /* (N, O), (O + N), (A), (N, H), (8, H) */
    uint8_t *shown;                                  /* (N, A), where it is hidden what is legal */
};

static const char MISFIT[] = "a policy for another map or layout";

// ---------------------------------------------------------------------------------------------------------- files

// the run that a file lies in, if it does: a teacher sees as it was trained to
static sl_status open_run_of(sl_actor *self, const char *path) {
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

static sl_status open_file(sl_actor *self, const char *env, sl_env_options *options) {
    SL_TRY(sl_policy_load(self->text, &self->file));
    self->has_file = true;
    const sl_profile *profile = &self->file.profile;
    SL_TRY(check_env(self->text, profile->env, env));
    if (strcmp(profile->kind, "teacher") != 0) {
        return sl_fail(SL_MISMATCH, "name the folder: its students play together",
                       "'%s' is the student of agent %d alone", self->text, profile->agent);
    }
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

static sl_status open_folder(sl_actor *self, const char *env, sl_env_options *options) {
    SL_TRY(sl_run_open(self->text, &self->run));
    SL_TRY(check_env(self->text, self->run->experiment->env.name, env));
    SL_TRY(sl_run_load_policies(self->run, true));
    *options = self->run->setup->options;
    return SL_OK;
}

static sl_status open_policy(sl_actor *self, const char *env, sl_env_options *options) {
    struct stat info;
    if (strcmp(self->text, "random") == 0) {
        self->kind = RANDOM;
        return SL_OK;
    }
    if (strcmp(self->text, "heuristic") == 0 || strcmp(self->text, "nearest") == 0) {
        self->kind = HEURISTIC;
        if (self->text[0] == 'h' || strncmp(env, "combat/", 7) == 0) return SL_OK;
        return sl_fail(SL_CONFIG, "heuristic, where there is one", "%s has nothing to attack", env);
    }
    if (stat(self->text, &info) != 0) {
        return sl_fail(SL_NOT_FOUND, "random, nearest, heuristic, a teacher.safetensors, or a run or model folder",
                       "there is no policy '%s'", self->text);
    }
    self->kind = S_ISDIR(info.st_mode) ? STUDENTS : TEACHER;
    return self->kind == STUDENTS ? open_folder(self, env, options) : open_file(self, env, options);
}

sl_status sl_actor_open(const char *text, const char *env, sl_env_options *options, sl_actor **out) {
    sl_actor *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for a policy");
    self->text = text;
    sl_status status = open_policy(self, env, options);
    if (status != SL_OK)
        sl_actor_close(&self);
    else
        *out = self;
    return status;
}

void sl_actor_close(sl_actor **self_pointer) {
    sl_actor *self = *self_pointer;
    if (!self) return;
    sl_mask_destroy(&self->mask);
    if (self->has_file) sl_policy_fini(&self->file);
    sl_run_close(&self->run);
    sl_free(self->seen);
    sl_free(self->input);
    sl_free(self->logits);
    sl_free(self->hidden);
    sl_free(self->scratch);
    sl_free(self->shown);
    sl_free(self);
    *self_pointer = NULL;
}

// ----------------------------------------------------------------------------------------------------- meeting

static const sl_policy *policy_of(const sl_actor *self, int agent) {
    return self->kind == TEACHER ? &self->file : &self->run->students[agent];
}

static int input_of(const sl_actor *self, int agent) {
    const sl_env_spec *spec = self->spec;
    if (self->kind == STUDENTS) return spec->agents[agent].obs_dim;
    return spec->obs_dim + (self->file.profile.agent_id ? spec->n_agents : 0);
}

static sl_status check_layout(const sl_actor *self) {
    const sl_env_spec *spec = self->spec;
    if (self->kind == STUDENTS && self->run->n_students != spec->n_agents) {
        return sl_fail(SL_MISMATCH, MISFIT, "'%s' has %d students, %s has %d agents", self->text,
                       self->run->n_students, spec->name, spec->n_agents);
    }
    for (int i = 0; i < spec->n_agents; i++) {
        const sl_policy *policy = policy_of(self, i);
        int n_actions = self->kind == STUDENTS ? spec->agents[i].n_actions : spec->n_actions;
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

static sl_status prepare(sl_actor *self) {
    const sl_env_spec *spec = self->spec;
    size_t N = (size_t)spec->n_agents, O = (size_t)spec->obs_dim, A = (size_t)spec->n_actions;
    for (int i = 0; i < spec->n_agents; i++) {
        int H = policy_of(self, i)->def.hidden;
        if (H > self->H) self->H = H;
    }
    self->seen = sl_alloc_array(N * O, sizeof *self->seen);
    self->input = sl_alloc_array(O + N, sizeof *self->input);
    self->logits = sl_alloc_array(A, sizeof *self->logits);
    self->hidden = sl_alloc_array(N * (size_t)self->H, sizeof *self->hidden);
    self->scratch = sl_alloc_array(8 * (size_t)self->H, sizeof *self->scratch);
    self->shown = sl_alloc_array(N, A);
    if (!self->seen || !self->input || !self->logits || !self->hidden || !self->scratch || !self->shown) {
        return sl_fail(SL_MEMORY, NULL, "no memory for a policy of %s", spec->name);
    }
    if (self->kind != STUDENTS) return SL_OK;
    const sl_setup *setup = self->run->setup;
    return setup->masked ? sl_setup_masks(setup, 1, &self->mask) : SL_OK;
}

sl_status sl_actor_meet(sl_actor *self, const sl_env *env) {
    self->env = env;
    self->spec = sl_env_get_spec(env);
    if (self->kind == RANDOM) return SL_OK;
    if (self->kind == HEURISTIC) {
        if (self->spec->has_heuristic) return SL_OK;
        return sl_fail(SL_CONFIG, "mpe/simple_spread_v3 has one", "%s has no built-in heuristic", self->spec->name);
    }
    if (self->spec->continuous) {
        return sl_fail(SL_CONFIG, "leave 'continuous' out", "'%s' chooses among discrete actions", self->text);
    }
    SL_TRY(check_layout(self));
    return prepare(self);
}

// ---------------------------------------------------------------------------------------------------------- acting

void sl_actor_begin(sl_actor *self, const sl_streams *streams) {
    sl_rng mask = streams->mask;
    self->stream = streams->action;
    if (self->mask) sl_mask_draw(self->mask, 0, &mask);
    if (self->hidden) memset(self->hidden, 0, (size_t)self->spec->n_agents * (size_t)self->H * sizeof *self->hidden);
}

static void act_randomly(sl_actor *self, const uint8_t *avail, int32_t *actions, float *vectors) {
    const sl_env_spec *spec = self->spec;
    for (int i = 0; i < spec->n_agents; i++) {
        const uint8_t *legal = spec->masks_actions ? avail + (size_t)i * (size_t)spec->n_actions : NULL;
        if (!spec->continuous) actions[i] = sl_streams_choose(&self->stream, spec->agents[i].n_actions, legal);
        for (int a = 0; a < spec->n_actions && spec->continuous; a++) {
            vectors[i * spec->n_actions + a] = (float)(sl_rng_u64(&self->stream) >> 40) * 0x1p-24f;
        }
    }
}

static void decide(sl_actor *self, int i, const float *obs, const uint8_t *legal, int32_t *action) {
    const sl_env_spec *spec = self->spec;
    const sl_policy *policy = policy_of(self, i);
    size_t O = (size_t)spec->obs_dim;
    memset(self->input, 0, (O + (size_t)spec->n_agents) * sizeof *self->input);
    memcpy(self->input, obs, O * sizeof *self->input);
    if (self->kind == TEACHER && policy->profile.agent_id) self->input[O + (size_t)i] = 1.0f;
    sl_net_decide(&policy->def, policy->params, 1, self->input, self->hidden + (size_t)i * (size_t)self->H,
                  self->logits, self->scratch);
    // a teacher's row is as long as the most actions that any agent has
    sl_categorical_argmax(1, spec->agents[i].n_actions, self->logits, legal, action);
}

void sl_actor_act(sl_actor *self, const float *obs, const uint8_t *avail, int32_t *actions, float *vectors) {
    const sl_env_spec *spec = self->spec;
    if (self->kind == RANDOM) {
        act_randomly(self, avail, actions, vectors);
        return;
    }
    if (self->kind == HEURISTIC) {
        sl_env_heuristic(self->env, 0, 1, actions);
        return;
    }
    if (self->mask) {
        sl_mask_apply(self->mask, 0, 1, obs, self->seen);
        obs = self->seen;
        sl_mask_avail(self->mask, spec->n_agents, avail, self->shown);
        avail = self->shown;
    }
    for (int i = 0; i < spec->n_agents; i++) {
        const uint8_t *legal = spec->masks_actions ? avail + (size_t)i * (size_t)spec->n_actions : NULL;
        decide(self, i, obs + (size_t)i * (size_t)spec->obs_dim, legal, &actions[i]);
    }
}
