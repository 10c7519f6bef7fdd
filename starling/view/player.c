/* player.c - see player.h. */
#include "starling/view/player.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "envs/recording/recorder.h"
#include "setup/opponent.h"
#include "starling/view/actor.h"

#include <string.h>

struct sl_player {
    uint64_t seed;
    sl_env *env;
    const sl_env_spec *spec;
    sl_actor *actor;
    sl_opponent_network *opponent;
    sl_env_recorder *writer; /* NULL: nothing is recorded */
    float *obs, *vectors;    /* (N, O), (N, A) */
    uint8_t *avail, terminated, truncated, won;
    int32_t actions[SL_MAX_AGENTS];
    double reward[SL_MAX_AGENTS], returns[SL_MAX_AGENTS];
    sl_player_state state;
};

static sl_status allocate(sl_player *self) {
    size_t N = (size_t)self->spec->n_agents, A = (size_t)self->spec->n_actions;
    self->obs = sl_alloc_array(N * (size_t)self->spec->obs_dim, sizeof *self->obs);
    self->vectors = sl_alloc_array(N * A, sizeof *self->vectors);
    self->avail = sl_alloc_array(N, A);
    if (self->obs && self->vectors && self->avail) return SL_OK;
    return sl_fail(SL_MEMORY, NULL, "no memory to play %s", self->spec->name);
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
    SL_TRY(sl_actor_open(def->policy, def->env, &options, &self->actor));
    SL_TRY(choose(self, def, &options));
    SL_TRY(sl_env_create(def->env, &options, 1, &stream, &self->env));
    self->spec = sl_env_get_spec(self->env);
    SL_TRY(sl_actor_meet(self->actor, self->env));
    SL_TRY(allocate(self));
    if (!def->record) return SL_OK;
    sl_env_recorder_def writer = {def->record, def->env, &options, def->policy, def->seed};
    return sl_env_recorder_open(&writer, self->env, &self->writer);
}

// all but the writer
static void destroy(sl_player **self_pointer) {
    sl_player *self = *self_pointer;
    sl_env_destroy(&self->env);
    sl_actor_close(&self->actor);
    sl_opponent_network_destroy(&self->opponent);
    sl_free(self->obs);
    sl_free(self->vectors);
    sl_free(self->avail);
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
    sl_status status = sl_env_recorder_close(&(*self)->writer);
    destroy(self);
    return status;
}

static sl_env_out outputs(sl_player *self) {
    return (sl_env_out){.obs = self->obs,
                        .avail = self->spec->masks_actions ? self->avail : NULL,
                        .reward = self->reward,
                        .terminated = &self->terminated,
                        .truncated = &self->truncated,
                        .won = &self->won};
}

sl_status sl_player_begin(sl_player *self, int64_t episode) {
    sl_env_out out = outputs(self);
    sl_streams streams = sl_streams_of_episode(self->seed, episode);
    sl_env_seed(self->env, 0, &streams.env);
    sl_actor_begin(self->actor, &streams);
    memset(self->returns, 0, sizeof self->returns);
    self->state = (sl_player_state){.episode = episode};
    if (self->writer) return sl_env_recorder_reset(self->writer, episode, &out);
    sl_env_reset(self->env, 0, 1, NULL, &out);
    return SL_OK;
}

static sl_status step(sl_player *self, sl_env_out *out) {
    if (self->spec->continuous) {
        if (self->writer) return sl_env_recorder_step_continuous(self->writer, self->vectors, out);
        sl_env_step_continuous(self->env, 0, 1, self->vectors, out);
    } else {
        if (self->writer) return sl_env_recorder_step(self->writer, self->actions, out);
        sl_env_step(self->env, 0, 1, self->actions, out);
    }
    return SL_OK;
}

sl_status sl_player_step(sl_player *self) {
    sl_env_out out = outputs(self);
    sl_player_state *state = &self->state;
    SL_ASSERT(!state->terminated && !state->truncated);
    sl_actor_act(self->actor, self->obs, self->avail, self->actions, self->vectors);
    SL_TRY(step(self, &out));
    for (int i = 0; i < self->spec->n_agents; i++) self->returns[i] += self->reward[i];
    state->step++;
    state->reward = sl_env_return(self->spec, self->reward);
    state->total = sl_env_return(self->spec, self->returns);
    state->actions = self->spec->continuous ? NULL : self->actions;
    state->terminated = self->terminated;
    state->truncated = self->truncated;
    state->won = self->spec->can_win && self->won;
    return SL_OK;
}

const sl_player_state *sl_player_get_state(const sl_player *self) {
    return &self->state;
}

const sl_env *sl_player_env(const sl_player *self) {
    return self->env;
}
