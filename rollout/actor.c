/* actor.c - see actor.h. */
#include "rollout/actor.h"

#include "common/alloc.h"
#include "common/array_pool.h"

struct sl_actor {
    sl_actor_def def;
    const sl_env_spec *spec;
    sl_behaviour behaviour;
    sl_rng *rngs;         /* (V, N); the random policy draws from an episode's first alone */
    float *logits, *logp; /* (V, N, A) */
    sl_array_pool arrays;
};

sl_status sl_actor_create(const sl_actor_def *def, sl_actor **out) {
    const sl_env_spec *spec = sl_env_get_spec(def->env);
    if (def->policy == SL_POLICY_HEURISTIC) SL_TRY(sl_env_check_heuristic(spec));
    sl_actor *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for who acts");
    self->def = *def;
    self->spec = spec;
    self->behaviour = def->behaviour ? *def->behaviour : (sl_behaviour){"greedy", sl_behaviour_greedy};
    int64_t rows = (int64_t)def->V * spec->n_agents, n = def->set ? rows * spec->n_actions : 0;
    self->rngs = sl_array_pool_take(&self->arrays, rows, sizeof(sl_rng));
    self->logits = SL_TAKE_FLOATS(&self->arrays, n);
    self->logp = SL_TAKE_FLOATS(&self->arrays, n);
    if (self->arrays.failed) {
        sl_actor_destroy(&self);
        return sl_fail(SL_MEMORY, NULL, "no memory for who acts in %d copies", def->V);
    }
    *out = self;
    return SL_OK;
}

void sl_actor_destroy(sl_actor **self) {
    if (!*self) return;
    sl_array_pool_fini(&(*self)->arrays);
    sl_free(*self);
    *self = NULL;
}

void sl_actor_begin(sl_actor *self, int v, const sl_streams *streams) {
    sl_rng *rngs = self->rngs + (int64_t)v * self->spec->n_agents;
    if (self->def.set) {
        for (int n = 0; n < self->spec->n_agents; n++) rngs[n] = sl_rng_split(&streams->action, (uint64_t)n);
        sl_policy_set_reset(self->def.set, v);
    } else {
        rngs[0] = streams->action;
    }
}

static void act_randomly(sl_actor *self, const sl_step *step) {
    int N = self->spec->n_agents, A = self->spec->n_actions;
    for (int v = step->begin; v < step->end; v++) {
        sl_rng *rng = &self->rngs[(int64_t)v * N];
        for (int n = 0; n < N; n++) {
            int64_t row = (int64_t)v * N + n;
            if (!step->vectors)
                step->actions[row] = sl_streams_choose(rng, A, step->avail ? step->avail + row * A : NULL);
            for (int a = 0; a < A && step->vectors; a++)
                step->vectors[row * A + a] = (float)(sl_rng_u64(rng) >> 40) * 0x1p-24f;
        }
    }
}

void sl_actor_act(sl_actor *self, const sl_runner *runner, const sl_step *step) {
    if (self->def.policy == SL_POLICY_RANDOM) {
        act_randomly(self, step);
    } else if (self->def.policy == SL_POLICY_HEURISTIC) {
        sl_env_heuristic(self->def.env, step->begin, step->end, step->actions);
    } else {
        sl_policy_set_decide(self->def.set, step->slice, step->active, step->seen, self->logits);
        sl_runner_choose(runner, step, &self->behaviour, self->logits, self->rngs, self->logp);
    }
}
