/* shapes.c - from the experiment's words to network definitions. Called at start, and when policies are written. */
#include "trainer/shapes.h"

#include <stdio.h>
#include <string.h>

static sl_net_def net_def(const sl_exp_net *net, int in_dim, int out_dim) {
    return (sl_net_def){.in_dim = in_dim,
                        .hidden = net->hidden,
                        .out_dim = out_dim,
                        .n_layers = net->layers,
                        .cell = net->cell == SL_EXP_CELL_GRU ? SL_CELL_GRU : SL_CELL_NONE,
                        .activation = net->activation == SL_EXP_ACT_TANH ? SL_ACT_TANH : SL_ACT_RELU,
                        .layer_norm = net->layer_norm};
}

/* The entry of agent i: a single one is repeated for all. */
static const sl_exp_student *student_entry(const sl_experiment *experiment, int i) {
    return &experiment->students[experiment->students_count == 1 ? 0 : i];
}

static sl_status read_spec(const sl_experiment *experiment, sl_env_spec *out) {
    const sl_exp_env *env_def = &experiment->env;
    sl_env_options options = sl_env_default_options();
    options.n_agents = env_def->n_agents;
    options.max_steps = env_def->max_steps;
    options.local_ratio = env_def->local_ratio;
    options.continuous = env_def->continuous;
    options.legacy_physics = env_def->legacy_physics;
    sl_rng stream = sl_rng_seed(0);
    sl_env *env = NULL;
    SL_TRY(sl_env_create(env_def->name, &options, 1, &stream, &env));
    *out = *sl_env_get_spec(env);
    sl_env_destroy(&env);
    return SL_OK;
}

sl_status sl_shapes_init(const sl_experiment *experiment, sl_shapes *out) {
    SL_TRY(read_spec(experiment, &out->spec));
    const sl_env_spec *spec = &out->spec;
    if (spec->continuous)
        return sl_fail(SL_CONFIG, "set env.continuous: false", "policies are trained on discrete actions only");
    int N = spec->n_agents;
    if (experiment->students_count != 1 && experiment->students_count != (unsigned)N)
        return sl_fail(SL_CONFIG, "give one entry for all agents, or one an agent",
                       "students has %u entries, the environment %d agents", experiment->students_count, N);
    const sl_exp_teacher *teacher = &experiment->teacher;
    out->N = N;
    out->O = spec->obs_dim;
    out->A = spec->n_actions;
    out->S = spec->state_dim;
    out->M = teacher->ppo.team_reward ? 1 : N;
    out->agent_id = teacher->agent_id;
    out->state_is_obs = spec->state_is_obs;
    out->teacher = net_def(&teacher->actor, out->O + (teacher->agent_id ? N : 0), out->A);
    out->critic = net_def(&teacher->critic, out->S + (out->M == 1 ? 0 : N), 1);
    SL_TRY(sl_net_def_check(&out->teacher));
    SL_TRY(sl_net_def_check(&out->critic));
    for (int i = 0; i < N; i++) {
        const sl_agent_spec *agent = &spec->agents[i];
        out->students[i] = net_def(&student_entry(experiment, i)->net, agent->obs_dim, agent->n_actions);
        SL_TRY(sl_net_def_check(&out->students[i]));
    }
    return SL_OK;
}

static void write_mask(const sl_experiment *experiment, int agent, char *text, size_t size) {
    const sl_exp_mask_def *mask = &experiment->mask;
    snprintf(text, size, "none");
    if (mask->kind == SL_EXP_MASK_RANDOM) snprintf(text, size, "random %d-%d", mask->k_min, mask->k_max);
    if (mask->kind != SL_EXP_MASK_BLOCKS) return;
    const sl_exp_student *student = student_entry(experiment, agent);
    snprintf(text, size, "blocks:");
    for (unsigned b = 0; b < student->blocks_count; b++) {
        size_t n = strlen(text);
        snprintf(text + n, size - n, " %s", student->blocks[b]);
    }
}

static void write_options(const sl_exp_env *env, char *text, size_t size) {
    snprintf(text, size, "n_agents=%d max_steps=%d local_ratio=%g continuous=%d legacy_physics=%d", env->n_agents,
             env->max_steps, env->local_ratio, env->continuous, env->legacy_physics);
}

sl_profile sl_shapes_profile(const sl_shapes *self, const sl_experiment *experiment, int agent) {
    // the teacher is described by agent 0's layout: its observations are padded to the longest
    const sl_agent_spec *spec = &self->spec.agents[agent < 0 ? 0 : agent];
    sl_profile profile = {.agent = agent, .n_agents = self->N, .n_blocks = spec->n_blocks, .seed = experiment->seed};
    profile.obs_dim = agent < 0 ? self->O : spec->obs_dim;
    profile.n_actions = agent < 0 ? self->A : spec->n_actions;
    profile.agent_id = agent < 0 && self->agent_id;
    snprintf(profile.kind, sizeof profile.kind, agent < 0 ? "teacher" : "student");
    snprintf(profile.env, sizeof profile.env, "%s", experiment->env.name);
    write_options(&experiment->env, profile.env_options, sizeof profile.env_options);
    snprintf(profile.role, sizeof profile.role, "%s", agent < 0 ? "team" : spec->role);
    snprintf(profile.run, sizeof profile.run, "%s", experiment->name);
    snprintf(profile.mask, sizeof profile.mask, "none");
    if (agent >= 0) write_mask(experiment, agent, profile.mask, sizeof profile.mask);
    for (int b = 0; b < spec->n_blocks; b++) {
        snprintf(profile.blocks[b].name, sizeof profile.blocks[b].name, "%s", spec->blocks[b].name);
        profile.blocks[b].begin = spec->blocks[b].begin;
        profile.blocks[b].len = spec->blocks[b].len;
    }
    return profile;
}
