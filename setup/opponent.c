/* opponent.c - see opponent.h. Created and announced at start by the programs; act is called from their worker
 * threads. */
#include "setup/opponent.h"

#include "common/alloc.h"
#include "common/log.h"
#include "nn/dist.h"
#include "nn/policy.h"
#include "storage/file.h"
#include "storage/policy_path.h"
#include "storage/tensors_file.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_BYTES = 1 << 30, MAX_HIDDEN = 1024, MAX_INPUT = 1024, MAX_ACTIONS = 256 };
static const char HINT[] = "reference, hold, a teacher's .safetensors file, or a run's folder";

struct sl_opponent_network {
    sl_policy policy;
    char path[SL_POLICY_PATH], sha256[65];
    bool full; /* what it plays with */
};

// the network of one enemy for one step
static int32_t act(const void *context, int unit, const float *obs, const uint8_t *avail, float *memory) {
    const sl_policy *policy = &((const sl_opponent_network *)context)->policy;
    float input[MAX_INPUT], logits[MAX_ACTIONS], scratch[8 * MAX_HIDDEN];
    size_t obs_dim = (size_t)policy->profile.obs_dim;
    memcpy(input, obs, obs_dim * sizeof *input);
    for (int k = 0; k < policy->def.in_dim - policy->profile.obs_dim; k++) {
        input[obs_dim + (size_t)k] = k == unit ? 1.0f : 0.0f;
    }
    int32_t action;
    sl_net_decide(&policy->def, policy->params, 1, input, memory, logits, scratch);
    sl_categorical_argmax(1, policy->def.out_dim, logits, avail, &action);
    return action;
}

// a name that is neither a word nor anything like a file
static bool is_misspelt(const char *text) {
    struct stat info;
    return !strchr(text, '/') && !strstr(text, ".safetensors") && stat(text, &info) != 0;
}

static sl_status read_policy(sl_opponent_network *self) {
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    sl_tensors *file = NULL;
    SL_TRY(sl_file_read(self->path, MAX_BYTES, &bytes, &n_bytes));
    sl_file_sha256(bytes, n_bytes, self->sha256);
    sl_status status = sl_tensors_decode(self->path, bytes, n_bytes, &file);
    sl_free(bytes);
    if (status == SL_OK) status = sl_policy_read(file, &self->policy);
    sl_tensors_destroy(&file);
    return status;
}

static sl_status check_sizes(const sl_opponent_network *self, const char *env, const sl_env_spec *side) {
    const sl_profile *p = &self->policy.profile;
    if (p->agent >= 0)
        return sl_fail(SL_MISMATCH, "give the run's teacher.safetensors: one network plays the whole side",
                       "'%s' is the policy of student %d", self->path, p->agent);
    if (p->obs_dim != side->obs_dim || p->n_actions != side->n_actions || p->n_agents != side->n_agents)
        return sl_fail(SL_MISMATCH, "it has to be trained on this map with the sides swapped",
                       "'%s' is a team of %d that maps %d features to %d actions, the enemies of %s are %d with %d "
                       "and %d",
                       self->path, p->n_agents, p->obs_dim, p->n_actions, env, side->n_agents, side->obs_dim,
                       side->n_actions);
    return SL_OK;
}

// the same number of features may still be others
static sl_status check_blocks(const sl_opponent_network *self, const char *env, const sl_env_spec *side) {
    const sl_profile *p = &self->policy.profile;
    const sl_agent_spec *unit = &side->agents[0];
    for (int b = 0; b < unit->n_blocks; b++) {
        const sl_block *block = &unit->blocks[b];
        if (b < p->n_blocks && strcmp(p->blocks[b].name, block->name) == 0 && p->blocks[b].begin == block->begin &&
            p->blocks[b].len == block->len) {
            continue;
        }
        return sl_fail(SL_MISMATCH, "it has to be trained on this map with the sides swapped",
                       "'%s' does not observe what the enemies of %s do: '%s' as features %d to %d", self->path, env,
                       block->name, block->begin, block->begin + block->len - 1);
    }
    return SL_OK;
}

static sl_status check(const sl_opponent_network *self, const char *env, const sl_env_options *options) {
    sl_env_spec *side = sl_alloc(sizeof *side);
    if (!side) return sl_fail(SL_MEMORY, NULL, "no memory for an opponent");
    sl_status status = sl_env_opponent_spec(env, options, side);
    if (status == SL_OK) status = check_sizes(self, env, side);
    if (status == SL_OK) status = check_blocks(self, env, side);
    sl_free(side->agents);
    sl_free(side);
    if (status != SL_OK) return status;
    const sl_net_def *def = &self->policy.def;
    if (def->in_dim <= MAX_INPUT && def->out_dim <= MAX_ACTIONS && def->hidden <= MAX_HIDDEN) return SL_OK;
    return sl_fail(SL_MISMATCH, NULL, "'%s' is too large for an opponent", self->path);
}

static sl_status open_policy(sl_opponent_network *self, const char *text, const char *env,
                             const sl_env_options *options) {
    SL_TRY(sl_policy_path_find_teacher(text, self->path));
    SL_TRY(read_policy(self));
    SL_TRY(check(self, env, options));
    self->full = sl_env_get(options, "full").yes;
    return SL_OK;
}

sl_status sl_opponent_network_create(const char *key, const char *text, const char *env, sl_env_options *options,
                                     sl_opponent_network **out) {
    static char *const words[] = {SL_OPPONENT_REFERENCE, SL_OPPONENT_HOLD};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i], text) != 0) continue;
        sl_env_at(options, "opponent")->text = words[i];
        *out = NULL;
        return SL_OK;
    }
    if (is_misspelt(text)) return sl_fail(SL_CONFIG, HINT, "%s: there is no opponent '%.60s'", key, text);
    sl_opponent_network *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for an opponent");
    sl_status status = open_policy(self, text, env, options);
    if (status != SL_OK) {
        sl_opponent_network_destroy(&self);
        const char *hint = sl_error_hint();
        return sl_fail(status, hint ? hint : HINT, "%s: %s", key, sl_error_what());
    }
    sl_env_at(options, "opponent")->text = SL_OPPONENT_POLICY;
    options->policy =
        (sl_opponent_policy){act, self, self->policy.def.cell == SL_CELL_GRU ? self->policy.def.hidden : 0};
    *out = self;
    return SL_OK;
}

void sl_opponent_network_destroy(sl_opponent_network **self) {
    if (!*self) return;
    sl_policy_fini(&(*self)->policy);
    sl_free(*self);
    *self = NULL;
}

const char *sl_opponent_network_sha256(const sl_opponent_network *self) {
    return self->sha256;
}

void sl_opponent_network_announce(const sl_opponent_network *self) {
    if (!self) return;
    const sl_profile *p = &self->policy.profile;
    SL_INFO("the opponent is '%s', the teacher of run '%s' on %s, SHA-256 %s", self->path, p->run, p->env,
            self->sha256);
    bool full = strstr(p->env_options, " full=1") != NULL;
    if (full == self->full) return;
    SL_WARN("the opponent was trained %s a sight limit and plays %s one: env.full holds for both sides",
            full ? "without" : "with", self->full ? "without" : "with");
}
