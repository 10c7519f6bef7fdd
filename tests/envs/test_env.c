/* test_env.c - what env.h promises of every environment: streams, snapshots, ranges, threads, no allocation. */
#include "common/pool.h"
#include "envs/bench.h"
#include "envs/picture.h"
#include "support/heap_count.h"
#include "support/torture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "envs/field.h"

/* An environment with room for all that it writes. */
// the particle environments; and with them one small and one mixed battle, which stand for their family
static bool is_mpe(int e) {
    return strncmp(sl_env_name(e), "mpe/", 4) == 0;
}
static bool is_tested(int e) {
    return is_mpe(e) || strcmp(sl_env_name(e), "combat/3m") == 0 || strcmp(sl_env_name(e), "combat/3s5z") == 0;
}

static field *open_field(const char *name, bool continuous, int V, uint64_t seed) {
    sl_env_options options = sl_env_default_options();
    sl_env_at(&options, "continuous")->yes = continuous;
    return field_open(name, &options, V, seed);
}

static void choose(field *w) {
    int N = w->spec->n_agents, A = w->spec->n_actions;
    for (int k = 0; k < w->V * N; k++) {
        w->actions[k] = (int32_t)sl_rng_below(&w->players, (uint32_t)w->spec->agents[k % N].n_actions);
    }
    for (int k = 0; k < w->V * N * A; k++) w->forces[k] = (float)sl_rng_uniform(&w->players);
}

static void play(field *w, int n_steps) {
    for (int t = 0; t < n_steps; t++) {
        choose(w);
        field_step(w, 0, w->V);
    }
}

// blocks cover the observation one behind the other, and none is empty
static void check_blocks(const sl_agent_spec *agent) {
    int next = 0;
    for (int b = 0; b < agent->n_blocks; b++) {
        assert_int_equal(agent->blocks[b].begin, next);
        if (agent->blocks[b].len < 1) fail_msg("block '%s' of %s is empty", agent->blocks[b].name, agent->name);
        assert_true(agent->blocks[b].name[0]);
        next += agent->blocks[b].len;
    }
    assert_int_equal(next, agent->obs_dim);
}

static void specs_are_sound(void **state) {
    (void)state;
    assert_true(sl_env_n_names() >= 17);
    for (int e = 0; e < sl_env_n_names(); e++) {
        assert_true(strlen(sl_env_summary(e)) > 10);
        if (!is_mpe(e)) continue;
        for (int continuous = 0; continuous < 2; continuous++) {
            field *w = open_field(sl_env_name(e), continuous, 5, 1);
            const sl_env_spec *spec = w->spec;
            assert_int_equal(spec->state_dim, spec->n_agents * spec->obs_dim);
            int most = 0;
            for (int i = 0; i < spec->n_agents; i++) {
                const sl_agent_spec *agent = &spec->agents[i];
                check_blocks(agent);
                if (agent->n_actions > most) most = agent->n_actions;
                for (int a = 0; a < spec->n_actions; a++) {
                    assert_int_equal(w->avail[i * spec->n_actions + a], a < agent->n_actions);
                    if (a >= agent->n_actions) assert_true(spec->masks_actions);
                }
            }
            assert_int_equal(most, spec->n_actions);
            field_close(w);
        }
    }
}

static void the_smallest_and_the_largest_team(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int low, high, more; /* of n_agents; agents that are there besides */
    } teams[] = {{"mpe/simple_spread_v3", 1, SL_MAX_AGENTS, 0}, {"mpe/simple_adversary_v3", 1, SL_MAX_AGENTS - 1, 1}};
    for (size_t k = 0; k < sizeof teams / sizeof teams[0]; k++) {
        for (int n = teams[k].low;; n = teams[k].high) {
            sl_env_options options = sl_env_default_options();
            sl_env_at(&options, "n_agents")->whole = n;
            sl_rng stream = sl_rng_seed(1);
            sl_env *env = NULL;
            assert_int_equal(sl_env_create(teams[k].name, &options, 2, &stream, &env), SL_OK);
            const sl_env_spec *spec = sl_env_get_spec(env);
            assert_int_equal(spec->n_agents, n + teams[k].more);
            for (int i = 0; i < spec->n_agents; i++) check_blocks(&spec->agents[i]);
            sl_env_destroy(&env);
            if (n == teams[k].high) break;
        }
    }
}

static void outputs_are_consistent(void **state) {
    (void)state;
    for (int e = 0; e < sl_env_n_names(); e++) {
        if (!is_mpe(e)) continue;
        field *w = open_field(sl_env_name(e), false, 37, 2);
        const sl_env_spec *spec = w->spec;
        for (int t = 1; t <= 60; t++) {
            play(w, 1);
            assert_memory_equal(w->obs, w->state, sizeof(float) * (size_t)(37 * spec->state_dim));
            for (int v = 0; v < 37; v++) {
                assert_int_equal(w->truncated[v], t % 25 == 0);
                assert_int_equal(w->terminated[v], 0);
                assert_int_equal(w->won[v], 0);
                for (int k = 0; k < spec->state_dim; k++) {
                    float x = w->obs[v * spec->state_dim + k];
                    assert_true(isfinite(x));
                    // behind a short observation there are zeros
                    if (k % spec->obs_dim >= spec->agents[k / spec->obs_dim].obs_dim) assert_true(x == 0.0f);
                }
            }
            for (int k = 0; k < 37 * spec->n_agents; k++) {
                assert_true(isfinite(w->reward[k]));
                assert_int_equal(w->alive[k], 1);
            }
        }
        field_close(w);
    }
}

/* Chunks of copies over a pool. */
typedef struct job {
    field *w;
    int chunk;
} job;

static void run_chunk(void *context, int task, int thread) {
    (void)thread;
    job *j = context;
    int begin = task * j->chunk, end = begin + j->chunk < j->w->V ? begin + j->chunk : j->w->V;
    field_step(j->w, begin, end);
}

static uint64_t hash_after(const char *name, bool continuous, int n_threads, int chunk) {
    field *w = open_field(name, continuous, 90, 3);
    sl_pool *pool = NULL;
    assert_int_equal(sl_pool_create(n_threads, &pool), SL_OK);
    job j = {w, chunk};
    for (int t = 0; t < 60; t++) {
        choose(w);
        sl_pool_run(pool, (w->V + chunk - 1) / chunk, run_chunk, &j);
    }
    uint64_t hash = sl_env_hash(w->env);
    sl_pool_destroy(&pool);
    field_close(w);
    return hash;
}

static void threads_and_ranges_change_nothing(void **state) {
    (void)state;
    for (int e = 0; e < sl_env_n_names(); e++) {
        if (!is_tested(e)) continue;
        for (int continuous = 0; continuous < 1 + is_mpe(e); continuous++) {
            uint64_t one = hash_after(sl_env_name(e), continuous, 1, 96);
            assert_true(one == hash_after(sl_env_name(e), continuous, 1, 16));
            assert_true(one == hash_after(sl_env_name(e), continuous, 2, 16));
            assert_true(one == hash_after(sl_env_name(e), continuous, 3, 32));
        }
    }
}

// an episode does not depend on how many copies run beside it, nor on its index
static void a_seed_names_an_episode(void **state) {
    (void)state;
    for (int e = 0; e < sl_env_n_names(); e++) {
        if (!is_mpe(e)) continue;
        field *few = open_field(sl_env_name(e), false, 3, 4), *many = open_field(sl_env_name(e), false, 50, 5);
        int N = few->spec->n_agents, S = few->spec->state_dim;
        sl_rng stream = sl_rng_seed(99);
        sl_env_seed(few->env, 2, &stream);
        sl_env_seed(many->env, 33, &stream);
        sl_env_reset(few->env, 0, 3, NULL, &few->out);
        sl_env_reset(many->env, 0, 50, NULL, &many->out);
        for (int t = 0; t < 25; t++) {
            assert_memory_equal(few->obs + 2 * S, many->obs + 33 * S, sizeof(float) * (size_t)S);
            choose(few);
            choose(many);
            memcpy(many->actions + 33 * N, few->actions + 2 * N, sizeof(int32_t) * (size_t)N);
            sl_env_step(few->env, 0, 3, few->actions, &few->out);
            sl_env_step(many->env, 0, 50, many->actions, &many->out);
            assert_memory_equal(few->reward + 2 * N, many->reward + 33 * N, sizeof(double) * (size_t)N);
        }
        // and other copies are other episodes
        assert_memory_not_equal(few->obs, few->obs + S, sizeof(float) * (size_t)S);
        field_close(few);
        field_close(many);
    }
}

static void only_the_chosen_are_reset(void **state) {
    (void)state;
    field *w = open_field("mpe/simple_tag_v3", false, 20, 6);
    play(w, 3);
    size_t row = (size_t)w->spec->state_dim;
    float *before = sl_alloc_copy(w->obs, 20 * row * sizeof *before);
    assert_non_null(before);
    uint8_t which[20] = {0};
    which[4] = which[17] = 1;
    sl_env_reset(w->env, 0, 20, which, &w->out);
    for (size_t v = 0; v < 20; v++) {
        int differs = memcmp(before + v * row, w->obs + v * row, row * sizeof(float)) != 0;
        assert_int_equal(differs, which[v]);
    }
    sl_free(before);
    // their time starts anew: after 22 more steps the others are through, these two are not
    for (int t = 0; t < 22; t++) sl_env_step(w->env, 0, 20, w->actions, &w->out);
    for (int v = 0; v < 20; v++) assert_int_equal(w->truncated[v], !which[v]);
    field_close(w);
}

static void a_state_of_another_shape_is_told(void **state) {
    (void)state;
    static const char *const rows[][2] = {{"combat/3m", "1 copies, 2 allies, 3 enemies"},
                                          {"mpe/simple_v3", "1 copies, 6 rows, 16 lanes"}};
    for (int k = 0; k < 2; k++) {
        field *w = open_field(rows[k][0], false, 1, 7);
        size_t n = sl_env_state_bytes(w->env);
        uint8_t *bytes = sl_alloc(n);
        sl_env_save(w->env, bytes);
        // the lowest byte of the head's third number
        bytes[8] ^= 1;
        assert_int_equal(sl_env_load(w->env, bytes, n), SL_MISMATCH);
        if (!strstr(sl_error_what(), rows[k][1])) fail_msg("%s", sl_error_what());
        sl_free(bytes);
        field_close(w);
    }
}

static void snapshots_continue(void **state) {
    (void)state;
    for (int e = 0; e < sl_env_n_names(); e++) {
        if (!is_tested(e)) continue;
        field *a = open_field(sl_env_name(e), false, 21, 7), *b = open_field(sl_env_name(e), false, 21, 8);
        play(a, 33);
        size_t n = sl_env_state_bytes(a->env);
        uint8_t *bytes = sl_alloc(n);
        sl_env_save(a->env, bytes);
        assert_true(sl_env_hash(a->env) != sl_env_hash(b->env));
        assert_int_equal(sl_env_load(b->env, bytes, n), SL_OK);
        assert_true(sl_env_hash(a->env) == sl_env_hash(b->env));
        b->players = a->players;
        play(a, 40);
        play(b, 40);
        assert_true(sl_env_hash(a->env) == sl_env_hash(b->env));
        // of another size, version or number of copies: refused, and nothing is changed
        uint64_t hash = sl_env_hash(b->env);
        assert_int_equal(sl_env_load(b->env, bytes, n - 1), SL_MISMATCH);
        field *other = open_field(sl_env_name(e), false, 22, 7);
        assert_int_equal(sl_env_load(other->env, bytes, n), SL_MISMATCH);
        bytes[0] ^= 1;
        assert_int_equal(sl_env_load(b->env, bytes, n), SL_MISMATCH);
        assert_non_null(strstr(sl_error_what(), ": a saved state of version 0, 21 copies, "));
        assert_true(sl_env_hash(b->env) == hash);
        sl_free(bytes);
        field_close(a);
        field_close(b);
        field_close(other);
    }
}

// bytes that pass the size check may hold anything: no crash, no index from them
static void a_damaged_snapshot_is_harmless(void **state) {
    (void)state;
    for (int e = 0; e < sl_env_n_names(); e++) {
        if (!is_mpe(e)) continue;
        field *w = open_field(sl_env_name(e), false, 16, 9);
        size_t n = sl_env_state_bytes(w->env);
        uint8_t *bytes = sl_alloc(n);
        sl_env_save(w->env, bytes);
        for (size_t i = 16; i < n; i++) bytes[i] = (uint8_t)sl_rng_u64(&w->players);
        assert_int_equal(sl_env_load(w->env, bytes, n), SL_OK);
        play(w, 2);
        if (w->spec->has_heuristic) sl_env_heuristic(w->env, 0, 16, w->actions);
        for (int k = 0; k < 16 * w->spec->n_agents; k++) assert_in_range(w->actions[k], 0, w->spec->n_actions - 1);
        sl_free(bytes);
        field_close(w);
    }
}

static void wrong_actions_are_no_ops(void **state) {
    (void)state;
    field *a = open_field("mpe/simple_reference_v3", false, 16, 10),
          *b = open_field("mpe/simple_reference_v3", false, 16, 10);
    for (int k = 0; k < 32; k++) a->actions[k] = k % 2 ? 50 : INT32_MIN + k;
    sl_env_step(a->env, 0, 16, a->actions, &a->out);
    memset(b->actions, 0, 32 * sizeof *b->actions);
    sl_env_step(b->env, 0, 16, b->actions, &b->out);
    assert_true(sl_env_hash(a->env) == sl_env_hash(b->env));
    field_close(a);
    field_close(b);
    // outside of the box: clipped; NaN: 0
    a = open_field("mpe/simple_reference_v3", true, 16, 10);
    b = open_field("mpe/simple_reference_v3", true, 16, 10);
    int n = 16 * 2 * a->spec->n_actions;
    for (int k = 0; k < n; k++) {
        a->forces[k] = k % 3 == 0 ? NAN : k % 3 == 1 ? 7.0f : -INFINITY;
        b->forces[k] = k % 3 == 1 ? 1.0f : 0.0f;
    }
    sl_env_step_continuous(a->env, 0, 16, a->forces, &a->out);
    sl_env_step_continuous(b->env, 0, 16, b->forces, &b->out);
    assert_true(sl_env_hash(a->env) == sl_env_hash(b->env));
    field_close(a);
    field_close(b);
}

static void coinciding_entities_stay_finite(void **state) {
    (void)state;
    // a snapshot of zeros: everyone in one point
    field *w = open_field("mpe/simple_world_comm_v3", false, 16, 11);
    size_t n = sl_env_state_bytes(w->env);
    uint8_t *bytes = sl_alloc(n);
    sl_env_save(w->env, bytes);
    memset(bytes + 16, 0, n - 16);
    assert_int_equal(sl_env_load(w->env, bytes, n), SL_OK);
    play(w, 5);
    for (int k = 0; k < 16 * w->spec->state_dim; k++) assert_true(isfinite(w->obs[k]));
    sl_free(bytes);
    field_close(w);
}

// what one side wins another loses: the five of MPE with adversaries
static void opposed_sides_are_told(void **state) {
    (void)state;
    const char *const opposed[] = {"adversary", "crypto", "push", "tag", "world_comm"};
    int n = 0;
    for (int e = 0; e < sl_env_n_names(); e++) {
        sl_rng stream = sl_rng_seed(1);
        sl_env_options options = sl_env_default_options();
        sl_env *env = NULL;
        bool wanted = false;
        for (int i = 0; i < 5; i++) wanted |= strstr(sl_env_name(e), opposed[i]) != NULL;
        assert_int_equal(sl_env_create(sl_env_name(e), &options, 1, &stream, &env), SL_OK);
        if (sl_env_get_spec(env)->opposed != wanted) fail_msg("%s", sl_env_name(e));
        n += wanted;
        sl_env_destroy(&env);
    }
    assert_int_equal(n, 5);
}

static void steps_do_not_allocate(void **state) {
    (void)state;
    for (int e = 0; e < sl_env_n_names(); e++) {
        if (!is_tested(e)) continue;
        field *w = open_field(sl_env_name(e), false, 16, 12);
        uint64_t gate = sl_alloc_count(), heap = sl_heap_count();
        for (int t = 0; t < (is_mpe(e) ? 10000 : 1000); t++) {
            play(w, 1);
            if (w->spec->has_heuristic && t % 64 == 0) sl_env_heuristic(w->env, 0, 16, w->actions);
        }
        assert_true(sl_alloc_count() == gate);
        if (sl_heap_is_counted()) assert_true(sl_heap_count() == heap);
        field_close(w);
    }
}

static void shapes_are_drawn(void **state) {
    (void)state;
    field *w = open_field("mpe/simple_spread_v3", false, 20, 13);
    sl_shape shapes[6];
    assert_int_equal(sl_env_draw(w->env, 19, shapes, 6), 6);
    const float *obs = w->obs + 19 * 54;
    for (int k = 0; k < 3; k++) {
        // landmarks first: what agent 0 observes of them is relative to itself
        assert_int_equal(shapes[k].kind, SL_SHAPE_CIRCLE);
        assert_true(fabsf(shapes[k].x - obs[2] - obs[4 + 2 * k]) < 1e-6f);
        assert_true(fabsf(shapes[k].y - obs[3] - obs[5 + 2 * k]) < 1e-6f);
        assert_true(shapes[k].r == 0.05f && shapes[3 + k].r == 0.15f);
        assert_true(shapes[3 + k].x == obs[k * 18 + 2] && shapes[3 + k].y == obs[k * 18 + 3]);
    }
    assert_string_equal(shapes[0].label, "landmark_0");
    assert_string_equal(shapes[5].label, "agent_2");
    assert_true(shapes[0].unit == -1 && shapes[3].unit == 0 && shapes[5].unit == 2);
    assert_true(shapes[5].full_health == 0.0f && sl_env_get_camera(w->env)->step_seconds == 0.1);
    // a small buffer is not overrun
    shapes[2].r = 77.0f;
    assert_int_equal(sl_env_draw(w->env, 0, shapes, 2), 6);
    assert_true(shapes[2].r == 77.0f);
    field_close(w);
}

static void the_bench_measures(void **state) {
    (void)state;
    sl_env_options options = sl_env_default_options();
    sl_env_bench_result one, two;
    assert_int_equal(sl_env_bench("mpe/simple_spread_v3", &options, 100, 1, 0.0, &one), SL_OK);
    assert_int_equal(sl_env_bench("mpe/simple_spread_v3", &options, 100, 2, 0.0, &two), SL_OK);
    assert_int_equal(one.env_steps, 2500);
    assert_true(one.checksum == two.checksum);
    assert_true(one.mean_return == two.mean_return && one.mean_return > -95.0 && one.mean_return < -65.0);
    assert_true(one.env_steps_per_second > 0 && one.agent_steps_per_second == 3 * one.env_steps_per_second);
    assert_int_equal(sl_env_bench("mpe/simple_spread_v3", &options, 100, 0, 0.0, &one), SL_CONFIG);
    assert_int_equal(sl_env_bench("nothing", &options, 100, 1, 0.0, &one), SL_CONFIG);
}

static sl_status whole_life(void *context) {
    sl_env_options options = sl_env_default_options();
    sl_env_bench_result result;
    return sl_env_bench(context, &options, 17, 1, 0.0, &result);
}

static void every_failed_allocation_is_survived(void **state) {
    (void)state;
    for (int e = 0; e < sl_env_n_names(); e++) {
        if (!is_tested(e)) continue;
        char name[SL_ENV_NAME_SIZE];
        (void)snprintf(name, sizeof name, "%s", sl_env_name(e));
        assert_true(sl_torture(whole_life, name) > 10);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(specs_are_sound),
        cmocka_unit_test(the_smallest_and_the_largest_team),
        cmocka_unit_test(outputs_are_consistent),
        cmocka_unit_test(threads_and_ranges_change_nothing),
        cmocka_unit_test(a_seed_names_an_episode),
        cmocka_unit_test(only_the_chosen_are_reset),
        cmocka_unit_test(snapshots_continue),
        cmocka_unit_test(a_state_of_another_shape_is_told),
        cmocka_unit_test(a_damaged_snapshot_is_harmless),
        cmocka_unit_test(wrong_actions_are_no_ops),
        cmocka_unit_test(coinciding_entities_stay_finite),
        cmocka_unit_test(opposed_sides_are_told),
        cmocka_unit_test(steps_do_not_allocate),
        cmocka_unit_test(shapes_are_drawn),
        cmocka_unit_test(the_bench_measures),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests_name("env", tests, NULL, NULL);
}
