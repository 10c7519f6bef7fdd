/* profile.c - what the files of a setup's policies say of themselves. */
#include "setup/setup.h"

#include <stdio.h>
#include <string.h>

static void append(char *text, size_t size, const char *more) {
    size_t n = strlen(text);
    snprintf(text + n, size - n, "%s", more);
}

static void write_mask(const sl_setup *self, int agent, char *text, size_t size) {
    const sl_exp_mask_def *mask = &self->experiment->mask;
    snprintf(text, size, "none");
    if (mask->kind == SL_MASK_RANDOM) snprintf(text, size, "random %d-%d", mask->k_min, mask->k_max);
    if (mask->kind == SL_MASK_BLOCKS) {
        const sl_exp_student *student = sl_setup_student(self, agent);
        snprintf(text, size, "blocks:");
        for (unsigned b = 0; b < student->blocks_count; b++) {
            append(text, size, " ");
            append(text, size, student->blocks[b]);
        }
        if (self->mask.hides_movement) append(text, size, ", movement hidden");
    }
    if (self->mask.sight) append(text, size, ", sight limited");
    if (self->mask.hides_avail) append(text, size, ", avail_actions hidden");
}

static void write_options(const sl_setup *self, char *text, size_t size) {
    const sl_exp_env *env = &self->experiment->env;
    snprintf(text, size, "n_agents=%d max_steps=%d local_ratio=%g continuous=%d legacy_physics=%d", env->n_agents,
             env->max_steps, env->local_ratio, env->continuous, env->legacy_physics);
    // combat's: only what is not the default
    if (env->full) append(text, size, " full=1");
    // a file by its content: paths are long, and change
    if (self->opponent) {
        char digits[13];
        snprintf(digits, sizeof digits, "%s", sl_opponent_network_sha256(self->opponent));
        append(text, size, " opponent=sha256:");
        append(text, size, digits);
    } else if (strcmp(env->opponent, "reference") != 0) {
        append(text, size, " opponent=");
        append(text, size, env->opponent);
    }
    if (!env->corpse_attack) append(text, size, " corpse_attack=0");
    if (env->wall_offset_fix) append(text, size, " wall_offset_fix=1");
    if (env->clamp_to_map) append(text, size, " clamp_to_map=1");
    if (env->clear_last_actions) append(text, size, " clear_last_actions=1");
    if (env->spawn_shift > 0.0) {
        size_t n = strlen(text);
        snprintf(text + n, size - n, " spawn_shift=%g", env->spawn_shift);
    }
}

sl_profile sl_setup_profile(const sl_setup *self, int agent) {
    const sl_experiment *experiment = self->experiment;
    // the teacher is described by agent 0's layout: its observations are padded to the longest
    const sl_agent_spec *spec = &self->spec.agents[agent < 0 ? 0 : agent];
    sl_profile profile = {.agent = agent, .n_agents = self->N, .n_blocks = spec->n_blocks, .seed = experiment->seed};
    profile.obs_dim = agent < 0 ? self->O : spec->obs_dim;
    profile.n_actions = agent < 0 ? self->A : spec->n_actions;
    profile.agent_id = agent < 0 && self->teacher_agent_id;
    snprintf(profile.kind, sizeof profile.kind, agent < 0 ? "teacher" : "student");
    snprintf(profile.env, sizeof profile.env, "%s", experiment->env.name);
    write_options(self, profile.env_options, sizeof profile.env_options);
    snprintf(profile.role, sizeof profile.role, "%s", agent < 0 ? "team" : spec->role);
    snprintf(profile.run, sizeof profile.run, "%s", experiment->name);
    snprintf(profile.mask, sizeof profile.mask, "none");
    if (agent >= 0) write_mask(self, agent, profile.mask, sizeof profile.mask);
    for (int b = 0; b < spec->n_blocks; b++) {
        snprintf(profile.blocks[b].name, sizeof profile.blocks[b].name, "%s", spec->blocks[b].name);
        profile.blocks[b].begin = spec->blocks[b].begin;
        profile.blocks[b].len = spec->blocks[b].len;
    }
    return profile;
}
