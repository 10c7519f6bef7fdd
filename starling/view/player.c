/* player.c - see player.h. */
#include "starling/view/player.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "setup/opponent.h"
#include "starling/view/chosen_policy.h"

#include <string.h>

struct sl_player {
    uint64_t seed;
    sl_env *env;
    const sl_env_spec *spec;
    sl_chosen_policy *policy;
    sl_actor *actor; /* of policy */
    sl_opponent_network *opponent;
    sl_env_recorder *recorder; /* NULL: nothing is recorded */
    sl_runner *runner;
    sl_step step;    /* of the runner's, the same arrays for life */
    double *returns; /* (N) */
    sl_player_state state;
};

static sl_status act(void *context, const sl_step *step) {
    sl_player *self = context;
    sl_actor_act(self->actor, self->runner, step);
    return SL_OK;
}

// what is said on the command line goes over what the policy was trained with
static sl_status choose(sl_player *self, const sl_player_def *def, sl_env_options *options) {
    for (int i = 0; i < def->switches->n; i++) SL_TRY(sl_env_set_switch(options, def->switches->items[i]));
    if (def->n_agents) sl_env_at(options, "n_agents")->whole = def->n_agents;
    if (!def->opponent) return SL_OK;
    SL_TRY(sl_opponent_network_create("--opponent", def->opponent, def->env, options, &self->opponent));
    sl_opponent_network_announce(self->opponent);
    return SL_OK;
}

static sl_status prepare(sl_player *self, const sl_player_def *def) {
    sl_env_options options = sl_env_default_options();
    sl_rng stream = sl_rng_seed(def->seed);
    self->seed = def->seed;
    SL_TRY(sl_chosen_policy_open(def->policy, def->env, &options, &self->policy));
    SL_TRY(choose(self, def, &options));
    SL_TRY(sl_env_create(def->env, &options, 1, &stream, &self->env));
    self->spec = sl_env_get_spec(self->env);
    self->returns = sl_alloc_array((size_t)self->spec->n_agents, sizeof *self->returns);
    if (!self->returns) return sl_fail(SL_MEMORY, NULL, "no memory to play %s", def->env);
    sl_runner_def runner = {.V = 1, .env = self->env, .context = self, .act = act};
    SL_TRY(sl_chosen_policy_meet(self->policy, self->env, &runner, &self->actor));
    SL_TRY(sl_runner_create(&runner, &self->runner));
    self->step = sl_runner_get(self->runner, 0);
    if (!def->record) return SL_OK;
    sl_env_recorder_def recorder = {def->record, def->env, &options, def->policy, def->seed};
    SL_TRY(sl_env_recorder_open(&recorder, self->env, &self->recorder));
    sl_runner_record(self->runner, self->recorder);
    return SL_OK;
}

// all but the recorder
static void destroy(sl_player **self_pointer) {
    sl_player *self = *self_pointer;
    sl_runner_destroy(&self->runner);
    sl_env_destroy(&self->env);
    sl_chosen_policy_close(&self->policy);
    sl_opponent_network_destroy(&self->opponent);
    sl_free(self->returns);
    sl_free(self);
    *self_pointer = NULL;
}

sl_status sl_player_open(const sl_player_def *def, sl_player **out) {
    sl_player *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory to play %s", def->env);
    sl_status status = prepare(self, def);
    if (status != SL_OK)
        destroy(&self);
    else
        *out = self;
    return status;
}

sl_status sl_player_close(sl_player **self) {
    if (!*self) return SL_OK;
    sl_status status = sl_env_recorder_close(&(*self)->recorder);
    destroy(self);
    return status;
}

sl_status sl_player_begin(sl_player *self, int64_t episode) {
    sl_streams streams = sl_streams_of_episode(self->seed, episode);
    sl_runner_seed(self->runner, 0, &streams);
    sl_actor_begin(self->actor, 0, &streams);
    memset(self->returns, 0, (size_t)self->spec->n_agents * sizeof *self->returns);
    self->state = (sl_player_state){.episode = episode};
    return sl_runner_reset(self->runner, 0);
}

sl_status sl_player_step(sl_player *self) {
    const sl_env_out *out = &self->step.next;
    sl_player_state *state = &self->state;
    SL_ASSERT(!state->terminated && !state->truncated);
    SL_TRY(sl_runner_step(self->runner, 0));
    for (int i = 0; i < self->spec->n_agents; i++) self->returns[i] += out->reward[i];
    state->step++;
    state->reward = sl_env_return(self->spec, out->reward);
    state->total = sl_env_return(self->spec, self->returns);
    state->actions = self->spec->continuous ? NULL : self->step.actions;
    state->terminated = out->terminated[0];
    state->truncated = out->truncated[0];
    state->won = out->won && out->won[0];
    return SL_OK;
}

const sl_player_state *sl_player_get_state(const sl_player *self) {
    return &self->state;
}

const sl_env *sl_player_env(const sl_player *self) {
    return self->env;
}
