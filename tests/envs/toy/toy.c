/* toy.c - see toy.h. Actions: stay, go on by the option "stride". The agent observes where it is and is paid that. */
#include "toy/toy.h"

#include "common/alloc.h"
#include "envs/env_class.h"
#include "envs/options.h"

#include <stdio.h>

typedef struct toy {
    sl_env base;
    sl_agent_spec agent;
    int stride;
    int32_t *at, *steps; /* (V) */
} toy;

static toy *of(const sl_env *env) {
    return (toy *)(void *)env;
}

static void destroy(sl_env *env) {
    sl_free(of(env)->at);
    sl_free(of(env)->steps);
    sl_free(env);
}

static void seed(sl_env *env, int v, const sl_rng *stream) {
    (void)env, (void)v, (void)stream;
}

static void reset(sl_env *env, int begin, int end, const uint8_t *which, sl_env_out *out) {
    for (int v = begin; v < end; v++) {
        if (which && !which[v]) continue;
        of(env)->at[v] = of(env)->steps[v] = 0;
        if (out->obs) out->obs[v] = 0.0f;
    }
}

static void step(sl_env *env, int begin, int end, const int32_t *actions, sl_env_out *out) {
    for (int v = begin; v < end; v++) {
        of(env)->at[v] += actions[v] == 1 ? of(env)->stride : 0;
        of(env)->steps[v]++;
        if (out->obs) out->obs[v] = (float)of(env)->at[v];
        if (out->reward) out->reward[v] = of(env)->at[v];
        if (out->terminated) out->terminated[v] = 0;
        if (out->truncated) out->truncated[v] = of(env)->steps[v] >= env->spec.max_steps;
    }
}

static void list_state(const sl_env *env, sl_env_state *out) {
    out->head.version = 1;
    out->parts[0].memory = of(env)->at;
    out->parts[0].n_bytes = (size_t)env->V * sizeof *of(env)->at;
    out->parts[1].memory = of(env)->steps;
    out->parts[1].n_bytes = (size_t)env->V * sizeof *of(env)->steps;
}

static int draw(const sl_env *env, int v, sl_shape *shapes, int capacity) {
    (void)env, (void)v, (void)shapes, (void)capacity;
    return 0;
}

static void tell_action(const sl_env *env, int agent, int32_t action, char text[SL_NAME_SIZE]) {
    (void)env, (void)agent;
    (void)snprintf(text, SL_NAME_SIZE, action == 1 ? "go" : "stay");
}

static const sl_env_class toy_class = {.destroy = destroy,
                                       .seed = seed,
                                       .reset = reset,
                                       .step = step,
                                       .list_state = list_state,
                                       .shape_words = {"lines", "agents"},
                                       .draw = draw,
                                       .tell_action = tell_action};

static sl_status create(const char *name, const sl_env_options *options, int V, const sl_rng *stream, sl_env **out) {
    (void)stream;
    toy *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "%s: no memory", name);
    self->base.class = &toy_class;
    self->base.V = V;
    self->stride = sl_env_get(options, "stride").whole;
    self->at = sl_alloc_array((size_t)V, sizeof *self->at);
    self->steps = sl_alloc_array((size_t)V, sizeof *self->steps);
    if (!self->at || !self->steps) {
        destroy(&self->base);
        return sl_fail(SL_MEMORY, NULL, "%s: no memory", name);
    }
    sl_env_spec *spec = &self->base.spec;
    *spec = (sl_env_spec){.n_agents = 1, .obs_dim = 1, .n_actions = 2, .state_dim = 1, .max_steps = 10};
    sl_env_write_name(name, options, spec->name, sizeof spec->name);
    spec->state_is_obs = true;
    spec->agents = &self->agent;
    self->agent = (sl_agent_spec){.name = "agent_0",
                                  .role = "agent",
                                  .obs_dim = 1,
                                  .n_actions = 2,
                                  .n_blocks = 1,
                                  .blocks = {{.name = "place", .len = 1}}};
    *out = &self->base;
    return SL_OK;
}

static const sl_env_scenario scenarios[] = {{"toy/line", "an agent walks along a line"}};

static const sl_env_option options[] = {
    {.name = "stride",
     .kind = SL_ENV_INT,
     .standard = "1",
     .range = "[1, 9]",
     .is_switch = true,
     .help = "how far it goes"},
    {.name = "icy", .kind = SL_ENV_BOOL, .standard = "false", .is_switch = true, .help = "it slides"},
    {.name = "where", .kind = SL_ENV_TEXT, .standard = "here", .is_switch = true, .help = "where it is"},
    {.name = "wind", .kind = SL_ENV_REAL, .standard = "0", .range = "[-5, 5]", .help = "what it walks against"},
};

const sl_env_family sl_toy_family = {.prefix = "toy/",
                                     .scenarios = scenarios,
                                     .n_scenarios = 1,
                                     .options = options,
                                     .n_options = sizeof options / sizeof options[0],
                                     .matter = "line",
                                     .create = create};
