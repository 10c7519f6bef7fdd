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

// an opponent's file by its content: paths are long, and change
static void write_options(const sl_setup *self, char *text, size_t size) {
    sl_env_options told = self->options;
    char opponent[] = "sha256:0123456789ab";
    if (self->opponent) {
        snprintf(opponent, sizeof opponent, "sha256:%.12s", sl_opponent_network_sha256(self->opponent));
        sl_env_at(&told, "opponent")->text = opponent;
    }
    sl_env_write_profile(&told, text, size);
}

// a last block behind the environment's
static void add_ages(sl_profile *profile, int n_told) {
    if (!n_told) return;
    int b = profile->n_blocks++;
    snprintf(profile->blocks[b].name, sizeof profile->blocks[b].name, "age");
    profile->blocks[b].begin = profile->obs_dim;
    profile->blocks[b].len = n_told;
    profile->obs_dim += n_told;
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
    if (agent >= 0 && self->ages) add_ages(&profile, sl_setup_n_told(self, agent));
    for (int b = 0; b < spec->n_blocks; b++) {
        snprintf(profile.blocks[b].name, sizeof profile.blocks[b].name, "%s", spec->blocks[b].name);
        profile.blocks[b].begin = spec->blocks[b].begin;
        profile.blocks[b].len = spec->blocks[b].len;
    }
    return profile;
}
