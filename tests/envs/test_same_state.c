/* test_same_state.c - same seed, same bits: battles end in the recorded state, whatever the compiler, its
 * optimisation, the vectors of the machine and the number of threads. The checks build this test at -O0 and for any
 * machine, too. */
#include "common/alloc.h"
#include "common/fnv1a.h"
#include "common/pool.h"
#include "envs/env.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { V = 64, STEPS = 100, MAX_N = 8, MAX_O = 128, MAX_S = 216, MAX_A = 14 };

/* Copies of a battle, a stream of actions for each. */
typedef struct field {
    sl_env *env;
    int N, A;
    sl_rng players[V];
    float obs[V * MAX_N * MAX_O], state[V * MAX_S];
    uint8_t avail[V * MAX_N * MAX_A], terminated[V], truncated[V], alive[V * MAX_N], won[V];
    double reward[V * MAX_N];
    int32_t actions[V * MAX_N];
    sl_env_out out;
} field;

// an opponent policy that goes to and fro and shoots the last that it may
static int32_t wander(const void *context, int unit, const float *obs, const uint8_t *avail, float *memory) {
    (void)context, (void)obs;
    int32_t action = 2 + ((int)memory[0] + unit) % 4;
    memory[0] += 1.0f;
    for (int a = 6; a < 11; a++) {
        if (avail[a]) action = a;
    }
    return avail[action] ? action : 1;
}

static field *open_field(const char *name, const sl_env_options *options) {
    field *f = sl_alloc(sizeof *f);
    assert_non_null(f);
    sl_rng stream = sl_rng_seed(3);
    if (sl_env_create(name, options, V, &stream, &f->env) != SL_OK) fail_msg("%s", sl_error_what());
    const sl_env_spec *spec = sl_env_get_spec(f->env);
    f->N = spec->n_agents;
    f->A = spec->n_actions;
    assert_true(f->N <= MAX_N && f->A <= MAX_A && spec->obs_dim <= MAX_O && spec->state_dim <= MAX_S);
    for (int v = 0; v < V; v++) f->players[v] = sl_rng_split(&stream, 1000000u + (uint64_t)v);
    f->out = (sl_env_out){f->obs, f->state, f->avail, f->reward, f->terminated, f->truncated, f->alive, f->won};
    sl_env_reset(f->env, 0, V, NULL, &f->out);
    return f;
}

// the first half of a tile plays at random, the other half shoots at the nearest: walks and fights
static void choose(field *f, int begin, int end) {
    sl_env_heuristic(f->env, begin, end, f->actions);
    for (int k = begin * f->N; k < end * f->N; k++) {
        int n = 0, list[MAX_A] = {0}, v = k / f->N;
        if (v % SL_ENV_LANES >= SL_ENV_LANES / 2) continue;
        for (int a = 0; a < f->A; a++) {
            if (f->avail[k * f->A + a]) list[n++] = a;
        }
        f->actions[k] = list[sl_rng_below(&f->players[v], (uint32_t)n)];
    }
}

static void play_slice(void *context, int slice, int thread) {
    (void)thread;
    field *f = context;
    int begin = slice * SL_ENV_LANES, end = begin + SL_ENV_LANES;
    choose(f, begin, end);
    sl_env_step(f->env, begin, end, f->actions, &f->out);
    for (int v = begin; v < end; v++) f->truncated[v] |= f->terminated[v];
    sl_env_reset(f->env, begin, end, f->truncated, &f->out);
}

// the state of all copies, and everything that was ever written of them
static void play(const char *name, const sl_env_options *options, int n_threads, uint64_t *state, uint64_t *written) {
    field *f = open_field(name, options);
    sl_pool *pool = NULL;
    assert_int_equal(sl_pool_create(n_threads, &pool), SL_OK);
    *written = SL_FNV1A;
    for (int t = 0; t < STEPS; t++) {
        sl_pool_run(pool, V / SL_ENV_LANES, play_slice, f);
        *written = sl_fnv1a(*written, f->obs, sizeof f->obs);
        *written = sl_fnv1a(*written, f->state, sizeof f->state);
        *written = sl_fnv1a(*written, f->reward, sizeof f->reward);
        *written = sl_fnv1a(*written, f->avail, sizeof f->avail);
        *written = sl_fnv1a(*written, f->alive, sizeof f->alive);
        *written = sl_fnv1a(*written, f->won, sizeof f->won);
    }
    *state = sl_env_hash(f->env);
    sl_pool_destroy(&pool);
    sl_env_destroy(&f->env);
    sl_free(f);
}

static void battles_end_in_the_recorded_state(void **state) {
    (void)state;
    sl_env_options plain = sl_env_default_options(), switched = plain, with_policy = plain;
    sl_env_at(&switched, "full")->yes = sl_env_at(&switched, "wall_offset_fix")->yes =
        sl_env_at(&switched, "clamp_to_map")->yes = sl_env_at(&switched, "clear_last_actions")->yes = true;
    sl_env_at(&switched, "corpse_attack")->yes = false;
    sl_env_at(&switched, "spawn_shift")->real = 4.0;
    sl_env_at(&with_policy, "opponent")->text = SL_OPPONENT_POLICY;
    with_policy.policy = (sl_opponent_policy){.act = wander, .memory = 1};
    const struct {
        const char *name;
        const sl_env_options *options;
        uint64_t state, written;
    } rows[] = {
        {"combat/3m", &plain, 0x2f7d190fb7905e23u, 0xfeee66ff9714c87bu},
        {"combat/5m_vs_6m", &plain, 0x88583c03c117b65au, 0x5ebf957581ab41d3u},
        {"combat/8m", &plain, 0x68ec8eb52e415f46u, 0x92fc25edf0d599c2u},
        {"combat/3s5z", &plain, 0x4be1573a1a5f95ceu, 0x8d35339392b8ca33u},
        {"combat/3s5z", &switched, 0x8cebe3db31cd328du, 0x04f0f9b0b7c9686eu},
        {"combat/5m_vs_6m", &with_policy, 0x3a4ddb0ce0d5b496u, 0xb03d6eb497f109c8u},
    };
    static const int n_threads[] = {1, 2, 4};
    int n_wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int k = 0; k < 3; k++) {
            uint64_t got = 0, written = 0;
            play(rows[i].name, rows[i].options, n_threads[k], &got, &written);
            if (got == rows[i].state && written == rows[i].written) continue;
            print_message("%s, row %zu, %d threads: 0x%016" PRIx64 "u, 0x%016" PRIx64 "u\n", rows[i].name, i,
                          n_threads[k], got, written);
            n_wrong++;
        }
    }
    assert_int_equal(n_wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(battles_end_in_the_recorded_state),
    };
    return cmocka_run_group_tests_name("same_state", tests, NULL, NULL);
}
