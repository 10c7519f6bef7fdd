/* test_past.c - what an environment did before never shows: an episode that is named by its seed begins and goes on
 * alike in one that has lived and in a new one, and so does what follows a snapshot. Of every name there is. */
#include "common/alloc.h"
#include "envs/env.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { V = SL_ENV_LANES };

/* An environment with room for all that it writes, and the actions that are next. */
typedef struct world {
    sl_env *env;
    const sl_env_spec *spec;
    size_t n_obs, n_state, n_avail, n_rewards;
    float *obs, *state;
    uint8_t *avail, *alive, terminated[V], truncated[V], won[V];
    double *reward;
    int32_t *actions;
    sl_env_out out;
} world;

static void *room(size_t n, size_t size) {
    void *memory = sl_alloc_array(n, size);
    assert_non_null(memory);
    return memory;
}

static world *open_world(const char *name, const sl_env_options *options, uint64_t seed) {
    world *w = room(1, sizeof *w);
    sl_rng stream = sl_rng_seed(seed);
    if (sl_env_create(name, options, V, &stream, &w->env) != SL_OK) fail_msg("%s", sl_error_what());
    w->spec = sl_env_get_spec(w->env);
    size_t N = (size_t)w->spec->n_agents;
    w->n_rewards = V * N;
    w->n_obs = V * N * (size_t)w->spec->obs_dim;
    w->n_avail = V * N * (size_t)w->spec->n_actions;
    w->n_state = V * (size_t)w->spec->state_dim;
    w->obs = room(w->n_obs, sizeof *w->obs);
    w->state = room(w->n_state, sizeof *w->state);
    w->avail = room(w->n_avail, 1);
    w->alive = room(w->n_rewards, 1);
    w->reward = room(w->n_rewards, sizeof *w->reward);
    w->actions = room(w->n_rewards, sizeof *w->actions);
    w->out = (sl_env_out){.obs = w->obs,
                          .state = w->state,
                          .avail = w->avail,
                          .reward = w->reward,
                          .terminated = w->terminated,
                          .truncated = w->truncated,
                          .alive = w->alive,
                          .won = w->won};
    return w;
}

static void close_world(world *w) {
    sl_env_destroy(&w->env);
    sl_free(w->obs);
    sl_free(w->state);
    sl_free(w->avail);
    sl_free(w->alive);
    sl_free(w->reward);
    sl_free(w->actions);
    sl_free(w);
}

// random, and legal where that is told
static void choose(world *w, sl_rng *players) {
    int A = w->spec->n_actions;
    for (size_t k = 0; k < w->n_rewards; k++) {
        const uint8_t *avail = w->spec->masks_actions ? w->avail + k * (size_t)A : NULL;
        int n = w->spec->agents[k % (size_t)w->spec->n_agents].n_actions;
        do {
            w->actions[k] = (int32_t)sl_rng_below(players, (uint32_t)n);
        } while (avail && !avail[w->actions[k]]);
    }
}

static void step(world *w) {
    sl_env_step(w->env, 0, V, w->actions, &w->out);
    for (int v = 0; v < V; v++) w->truncated[v] |= w->terminated[v];
    sl_env_reset(w->env, 0, V, w->truncated, &w->out);
}

static void live(world *w, int n_steps, uint64_t seed) {
    sl_rng players = sl_rng_seed(seed);
    sl_env_reset(w->env, 0, V, NULL, &w->out);
    for (int t = 0; t < n_steps; t++) {
        choose(w, &players);
        step(w);
    }
}

static void compare(const char *when, const world *a, const world *b) {
    const char *name = a->spec->name;
    if (memcmp(a->obs, b->obs, a->n_obs * sizeof *a->obs) != 0) fail_msg("%s, %s: observations", name, when);
    if (memcmp(a->state, b->state, a->n_state * sizeof *a->state) != 0) fail_msg("%s, %s: joint states", name, when);
    if (memcmp(a->avail, b->avail, a->n_avail) != 0) fail_msg("%s, %s: legal actions", name, when);
    if (memcmp(a->alive, b->alive, a->n_rewards) != 0) fail_msg("%s, %s: who is alive", name, when);
    if (sl_env_hash(a->env) != sl_env_hash(b->env)) fail_msg("%s, %s: the states' hashes", name, when);
}

static void play_both(world *a, world *b, int n_steps) {
    sl_rng players = sl_rng_seed(77), same = players;
    for (int t = 0; t < n_steps; t++) {
        choose(a, &players);
        choose(b, &same);
        step(a);
        step(b);
        assert_memory_equal(a->reward, b->reward, a->n_rewards * sizeof *a->reward);
        compare("later", a, b);
    }
}

static void check_seeded(const char *name, const sl_env_options *options) {
    world *lived = open_world(name, options, 1), *fresh = open_world(name, options, 2);
    sl_rng root = sl_rng_seed(3);
    live(lived, 12, 4);
    for (int v = 0; v < V; v++) {
        sl_rng stream = sl_rng_split(&root, (uint64_t)v);
        sl_env_seed(lived->env, v, &stream);
        sl_env_seed(fresh->env, v, &stream);
    }
    sl_env_reset(lived->env, 0, V, NULL, &lived->out);
    sl_env_reset(fresh->env, 0, V, NULL, &fresh->out);
    compare("seeded", lived, fresh);
    play_both(lived, fresh, 4);
    close_world(lived);
    close_world(fresh);
}

static void check_restored(const char *name, const sl_env_options *options) {
    world *lived = open_world(name, options, 1), *fresh = open_world(name, options, 2);
    live(lived, 12, 4);
    size_t n = sl_env_state_bytes(lived->env);
    uint8_t *bytes = room(n, 1);
    sl_env_save(lived->env, bytes);
    assert_int_equal(sl_env_load(fresh->env, bytes, n), SL_OK);
    sl_env_reset(lived->env, 0, V, NULL, &lived->out);
    sl_env_reset(fresh->env, 0, V, NULL, &fresh->out);
    compare("restored", lived, fresh);
    play_both(lived, fresh, 4);
    sl_free(bytes);
    close_world(lived);
    close_world(fresh);
}

// an opponent policy that remembers how often it was asked
static int32_t count(const void *context, int unit, const float *obs, const uint8_t *avail, float *memory) {
    (void)context, (void)obs;
    int32_t action = 2 + ((int)memory[0] + unit) % 4;
    memory[0] += 1.0f;
    return avail[action] ? action : 1;
}

static void each_setting(void (*check)(const char *name, const sl_env_options *options)) {
    sl_env_options plain = sl_env_default_options();
    for (int e = 0; e < sl_env_n_names(); e++) check(sl_env_name(e), &plain);
    sl_env_options shifted = plain, with_policy = plain, legacy = plain;
    sl_env_at(&shifted, "spawn_shift")->real = 4.0;
    sl_env_at(&shifted, "full")->yes = true;
    sl_env_at(&with_policy, "opponent")->text = SL_OPPONENT_POLICY;
    with_policy.policy = (sl_opponent_policy){.act = count, .memory = 1};
    sl_env_at(&legacy, "legacy_physics")->yes = true;
    check("combat/3m", &shifted);
    check("combat/5m_vs_6m", &with_policy);
    check("mpe/simple_spread_v3", &legacy);
}

static void a_seeded_episode_knows_no_past(void **state) {
    (void)state;
    each_setting(check_seeded);
}

static void a_restored_one_goes_on_as_the_other(void **state) {
    (void)state;
    each_setting(check_restored);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seeded_episode_knows_no_past),
        cmocka_unit_test(a_restored_one_goes_on_as_the_other),
    };
    return cmocka_run_group_tests_name("past", tests, NULL, NULL);
}
