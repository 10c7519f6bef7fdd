/* test_opponent.c - an opponent policy that commands the enemies: what it sees, what its actions do, what it
 * remembers. */
#include "common/alloc.h"
#include "common/pool.h"
#include "envs/combat/combat.h"
#include "envs/combat/observe.h"
#include "envs/env.h"
#include "support/heap_count.h"
#include "support/torture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "envs/field.h"

enum { MAX_V = 64, MAX_N = 10, MAX_O = 128, MAX_A = 20 };

/* A battle with room for all that it writes. */
static const sl_combat *battle_of(const field *f) {
    return (const sl_combat *)f->env;
}

static sl_env_options with_policy(int32_t (*act)(const void *, int, const float *, const uint8_t *, float *),
                                  const void *context, int memory) {
    sl_env_options options = sl_env_default_options();
    sl_env_at(&options, "opponent")->text = SL_OPPONENT_POLICY;
    options.policy = (sl_opponent_policy){act, context, memory};
    return options;
}

typedef struct recorder {
    int O, A;
    const int32_t *say;
    float obs[MAX_N][MAX_O];
    uint8_t avail[MAX_N][MAX_A];
    uint64_t asked;
} recorder;

static int32_t act_and_record(const void *context, int unit, const float *obs, const uint8_t *avail, float *memory) {
    (void)memory;
    recorder *r = (recorder *)(uintptr_t)context;
    assert_false(sl_combat_has(r->asked, unit));
    r->asked |= (uint64_t)1 << unit;
    memcpy(r->obs[unit], obs, (size_t)r->O * sizeof *obs);
    memcpy(r->avail[unit], avail, (size_t)r->A);
    return r->say ? r->say[unit] : 1;
}

// the same for every unit: shoot at the nearest that may be shot at, or else go east
static int32_t act_bravely(const void *context, int unit, const float *obs, const uint8_t *avail, float *memory) {
    (void)unit, (void)memory;
    const int *n_targets = context;
    float nearest = INFINITY;
    int32_t best = avail[4] ? 4 : 1;
    for (int k = 0; k < *n_targets; k++) {
        float distance = obs[4 + 5 * k + 1];
        if (!avail[SL_COMBAT_ATTACK + k] || distance >= nearest) continue;
        nearest = distance;
        best = SL_COMBAT_ATTACK + k;
    }
    return best;
}

// any legal action, by a generator that lives in the unit's memory
static int32_t act_from_memory(const void *context, int unit, const float *obs, const uint8_t *avail, float *memory) {
    (void)obs;
    const int *A = context;
    int n = 0, list[MAX_A] = {0};
    for (int a = 0; a < *A; a++) {
        if (avail[a]) list[n++] = a;
    }
    assert_true(n > 0 && avail[0] == 0);
    memory[0] += 1.0f;
    memory[1] = (float)(((int)memory[1] * 75 + 74 + unit) % 65537);
    return list[(int)memory[1] / 7 % n];
}

// ------------------------------------------------------------------------------------------------ what a opponent
// policy sees

/* A map without any symmetry, and the same with its sides swapped and turned about its centre. */
static const char HERE[] =
    "{\"step_limit\": 50, \"width\": 24, \"height\": 20, \"walls\": [[0, 0, 24, 2], [10, 14, 12, 16]],"
    " \"allies\": [{\"at\": [6, 7], \"units\": {\"marine\": 3}}, {\"at\": [6, 12], \"units\": {\"stalker\": 1}}],"
    " \"enemies\": [{\"at\": [18, 9], \"units\": {\"zealot\": 2, \"marine\": 3}}], \"goal\": [6, 9]}";
static const char THERE[] =
    "{\"step_limit\": 50, \"width\": 24, \"height\": 20, \"walls\": [[0, 18, 24, 20], [12, 4, 14, 6]],"
    " \"enemies\": [{\"at\": [18, 13], \"units\": {\"marine\": 3}}, {\"at\": [18, 8], \"units\": {\"stalker\": 1}}],"
    " \"allies\": [{\"at\": [6, 11], \"units\": {\"zealot\": 2, \"marine\": 3}}], \"goal\": [18, 11]}";

// any battle on the map of here, and the same on the map of there
static void draw_battle(const field *here, const field *there, sl_rng *stream) {
    int n = battle_of(here)->map.n_allies, e = battle_of(here)->map.n_enemies;
    sl_battle a = sl_combat_copy(battle_of(here), 0), b = sl_combat_copy(battle_of(there), 0);
    *a.alive = *b.alive = 0;
    for (int u = 0; u < n + e; u++) {
        int at = u < n ? e + u : u - n;
        uint64_t alive = u == 0 || u == n || sl_rng_below(stream, 4) > 0;
        *a.alive |= alive << u;
        *b.alive |= alive << at;
        // quarters of cells, so that many stand on a border; or anywhere
        bool round = sl_rng_below(stream, 2);
        double x = sl_rng_between(stream, 0, 24), y = sl_rng_between(stream, 0, 20);
        a.x[u] = (float)(round ? floor(x * 4) / 4 : x);
        a.y[u] = (float)(round ? floor(y * 4) / 4 : y);
        b.x[at] = 24.0f - a.x[u];
        b.y[at] = 20.0f - a.y[u];
        a.hp[u] = b.hp[at] = sl_rng_between(stream, 1, 45);
        a.shield[u] = b.shield[at] = battle_of(here)->type[u]->shield > 0 ? sl_rng_between(stream, 0, 50) : 0;
    }
}

static void enemies_see_what_allies_would(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char name[512], mirrored[512];
    (void)field_map(&folder, "here.json", HERE, name);
    (void)field_map(&folder, "there.json", THERE, mirrored);
    for (int full = 0; full < 2; full++) {
        recorder seen = {0};
        sl_env_options options = with_policy(act_and_record, &seen, 0), plain = sl_env_default_options();
        sl_env_at(&options, "full")->yes = sl_env_at(&plain, "full")->yes = full;
        sl_env_spec spec;
        assert_int_equal(sl_env_opponent_spec(name, &plain, &spec), SL_OK);
        field *here = field_open(name, &options, 1, 5), *there = field_open(mirrored, &plain, 1, 5);
        seen.O = spec.obs_dim;
        seen.A = spec.n_actions;
        // the layout is that of the other map
        assert_int_equal(spec.n_agents, 5);
        assert_int_equal(spec.obs_dim, there->spec->obs_dim);
        assert_int_equal(spec.n_actions, there->spec->n_actions);
        assert_int_equal(spec.state_dim, there->spec->state_dim);
        for (int i = 0; i < 5; i++) {
            assert_string_equal(spec.agents[i].role, there->spec->agents[i].role);
            assert_memory_equal(spec.agents[i].blocks, there->spec->agents[i].blocks, sizeof spec.agents[i].blocks);
        }
        sl_free(spec.agents);
        sl_rng stream = sl_rng_seed(9);
        for (int trial = 0; trial < 2000; trial++) {
            draw_battle(here, there, &stream);
            uint64_t alive = *sl_combat_copy(battle_of(there), 0).alive & sl_combat_range(0, 5);
            sl_battle b = sl_combat_copy(battle_of(there), 0);
            sl_combat_write(battle_of(there), &b, 0, &there->out);
            seen.asked = 0;
            sl_env_step(here->env, 0, 1, here->actions, &here->out);
            assert_true(seen.asked == alive);
            while (alive) {
                int j = sl_combat_next(&alive);
                assert_memory_equal(seen.obs[j], there->obs + j * seen.O, (size_t)seen.O * sizeof(float));
                assert_memory_equal(seen.avail[j], there->avail + j * seen.A, (size_t)seen.A);
            }
        }
        field_close(here);
        field_close(there);
    }
    sl_temp_folder_remove(&folder);
}

// 3m looks the same from both sides: at the start both see the same, by a road that has no mirror in it
static void both_sides_start_alike(void **state) {
    (void)state;
    recorder seen = {.O = 30, .A = 9};
    sl_env_options options = with_policy(act_and_record, &seen, 0);
    sl_env_at(&options, "full")->yes = true;
    field *f = field_open("combat/3m", &options, 1, 5);
    assert_string_equal(f->spec->name, "combat/3m[full,opponent=policy]");
    float first[3 * 30];
    memcpy(first, f->obs, sizeof first);
    sl_env_step(f->env, 0, 1, f->actions, &f->out);
    assert_int_equal(seen.asked, 7);
    for (int j = 0; j < 3; j++) {
        for (int k = 0; k < 30; k++) assert_close((double)seen.obs[j][k], (double)first[30 * j + k], 1e-6);
    }
    field_close(f);
    // five against six is six against five from over there
    sl_env_spec spec;
    options = sl_env_default_options();
    assert_int_equal(sl_env_opponent_spec("combat/5m_vs_6m", &options, &spec), SL_OK);
    assert_true(spec.n_agents == 6 && spec.obs_dim == 4 + 5 * 5 + 5 * 5 + 1 && spec.n_actions == 6 + 5);
    sl_free(spec.agents);
}

// ------------------------------------------------------------------------------------------- what its actions do

static void policies_walk_by_hand(void **state) {
    (void)state;
    // north is south, east is west; what is out of range or unknown is nothing
    static const int32_t orders[][3] = {{1, 4, 2}, {3, 6, 5}, {9, -1, 0}};
    static const double ways[][3][2] = {
        {{0, 0}, {-1.575, 0}, {0, -1.575}}, {{0, 1.575}, {0, 0}, {1.575, 0}}, {{0, 0}, {0, 0}, {0, 0}}};
    for (int k = 0; k < 3; k++) {
        recorder seen = {.O = 30, .A = 9, .say = orders[k]};
        sl_env_options options = with_policy(act_and_record, &seen, 0);
        field *f = field_open("combat/3m", &options, 1, 5);
        sl_battle b = sl_combat_copy(battle_of(f), 0);
        sl_env_step(f->env, 0, 1, f->actions, &f->out);
        for (int j = 0; j < 3; j++) {
            assert_close((double)b.x[3 + j] - (double)battle_of(f)->map.x[3 + j], ways[k][j][0], 1e-5);
            assert_close((double)b.y[3 + j] - (double)battle_of(f)->map.y[3 + j], ways[k][j][1], 1e-5);
            assert_int_equal(b.target[3 + j], -1);
        }
        field_close(f);
    }
}

static const char PLAIN[] = "{\"step_limit\": 50, \"width\": 32, \"height\": 32,"
                            " \"allies\": [{\"at\": [6, 16], \"units\": {\"marine\": 4}}],"
                            " \"enemies\": [{\"at\": [26, 16], \"units\": {\"marine\": 5}}], \"goal\": [6, 16]}";
static const char TURNED[] = "{\"step_limit\": 50, \"width\": 32, \"height\": 32,"
                             " \"allies\": [{\"at\": [6, 16], \"units\": {\"marine\": 5}}],"
                             " \"enemies\": [{\"at\": [26, 16], \"units\": {\"marine\": 4}}], \"goal\": [26, 16]}";

// nine marines four cells apart, too far to touch one another within a step
static void spread_out(const field *here, const field *there, sl_rng *stream) {
    sl_battle a = sl_combat_copy(battle_of(here), 0), b = sl_combat_copy(battle_of(there), 0);
    uint8_t place[9] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    *a.alive = *b.alive = sl_combat_range(0, 9);
    for (int u = 0; u < 9; u++) {
        int at = u < 4 ? 5 + u : u - 4, k = u + (int)sl_rng_below(stream, (uint32_t)(9 - u));
        uint8_t p = place[k];
        place[k] = place[u];
        a.x[u] = 12.0f + 4.0f * (float)(p % 3);
        a.y[u] = 12.0f + 4.0f * (float)(p / 3);
        b.x[at] = 32.0f - a.x[u];
        b.y[at] = 32.0f - a.y[u];
        a.vx[u] = a.vy[u] = b.vx[at] = b.vy[at] = 0.0;
        a.hp[u] = b.hp[at] = 3 + sl_rng_below(stream, 8);
        a.cooldown[u] = b.cooldown[at] = sl_rng_below(stream, 8) / 16.0;
        a.target[u] = b.target[at] = -1;
    }
}

static int compare_sides(const field *here, const field *there) {
    sl_battle a = sl_combat_copy(battle_of(here), 0), b = sl_combat_copy(battle_of(there), 0);
    for (int u = 0; u < 9; u++) {
        int at = u < 4 ? 5 + u : u - 4, target = a.target[u];
        assert_int_equal(sl_combat_has(*a.alive, u), sl_combat_has(*b.alive, at));
        assert_true(a.hp[u] == b.hp[at] && a.cooldown[u] == b.cooldown[at]);
        assert_int_equal(target < 0 ? -1 : (target < 4 ? 5 + target : target - 4), b.target[at]);
        assert_close((double)a.x[u], 32.0 - (double)b.x[at], 1e-5);
        assert_close((double)a.y[u], 32.0 - (double)b.y[at], 1e-5);
    }
    return 9 - __builtin_popcountll(*a.alive);
}

/* A step of a battle and of the same battle with the sides swapped: what allies did there enemies do here. */
static void enemies_act_as_allies_would(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char name[512], turned[512];
    (void)field_map(&folder, "plain.json", PLAIN, name);
    (void)field_map(&folder, "turned.json", TURNED, turned);
    int32_t first[5] = {0}, second[5] = {0};
    recorder in_first = {.O = 1, .A = 1, .say = second}, in_second = {.O = 1, .A = 1, .say = first};
    sl_rng stream = sl_rng_seed(77);
    for (int corpses = 0; corpses < 2; corpses++) {
        sl_env_options options = with_policy(act_and_record, &in_first, 0);
        sl_env_at(&options, "corpse_attack")->yes = corpses;
        field *here = field_open(name, &options, 1, 5);
        options.policy.context = &in_second;
        field *there = field_open(turned, &options, 1, 5);
        int n_dead = 0;
        for (int trial = 0; trial < 500; trial++) {
            spread_out(here, there, &stream);
            sl_combat_order order[SL_COMBAT_TICKS], swapped[SL_COMBAT_TICKS];
            for (int t = 0; t < SL_COMBAT_TICKS; t++) {
                order[t].n = swapped[t].n = 9;
                int from = (int)sl_rng_below(&stream, 9), by = (int)sl_rng_below(&stream, 2) ? 2 : 7;
                for (int k = 0; k < 9; k++) {
                    int u = (from + k * by) % 9;
                    order[t].unit[k] = (uint8_t)u;
                    swapped[t].unit[k] = (uint8_t)(u < 4 ? 5 + u : u - 4);
                }
            }
            for (int i = 0; i < 5; i++) {
                first[i] = (int32_t)sl_rng_below(&stream, 11);
                second[i] = (int32_t)sl_rng_below(&stream, 10);
            }
            in_first.asked = in_second.asked = 0;
            sl_combat_replay(here->env, 0, first, order, &here->out);
            sl_combat_replay(there->env, 0, second, swapped, &there->out);
            n_dead += compare_sides(here, there);
        }
        print_message("%d dead\n", n_dead);
        assert_true(n_dead > 300);
        field_close(here);
        field_close(there);
    }
    sl_temp_folder_remove(&folder);
}

static int count_wins(const char *name, int n_allies, int n_enemies, int n, int *losses) {
    sl_env_options options = with_policy(act_bravely, &n_allies, 0);
    field *f = field_open(name, &options, MAX_V, 5);
    int wins = 0, N = f->spec->n_agents, O = f->spec->obs_dim, A = f->spec->n_actions;
    *losses = 0;
    while (wins + *losses < n) {
        for (int k = 0; k < f->V * N; k++) {
            f->actions[k] = f->avail[k * A] ? 0 : act_bravely(&n_enemies, 0, f->obs + k * O, f->avail + k * A, NULL);
        }
        sl_env_step(f->env, 0, f->V, f->actions, &f->out);
        for (int v = 0; v < f->V; v++) {
            assert_false(f->truncated[v]);
            wins += f->won[v];
            *losses += f->terminated[v] && !f->won[v];
        }
        sl_env_reset(f->env, 0, f->V, f->terminated, &f->out);
    }
    field_close(f);
    return wins;
}

// the same policy on both sides: on 3m nobody is better, and six beat five
static void equals_are_even(void **state) {
    (void)state;
    int losses = 0, wins = count_wins("combat/3m", 3, 3, 2000, &losses);
    print_message("3m: %d won, %d lost\n", wins, losses);
    assert_true(wins > 0.4 * (wins + losses) && wins < 0.6 * (wins + losses));
    wins = count_wins("combat/5m_vs_6m", 5, 6, 500, &losses);
    print_message("5m_vs_6m: %d won, %d lost\n", wins, losses);
    assert_true(wins < 0.1 * losses);
}

// --------------------------------------------------------------------------------------- memory, copies, threads

// what holds in every battle, whoever commands
static void check_battle(const field *f, int v) {
    const sl_combat *m = battle_of(f);
    sl_battle b = sl_combat_copy(m, v);
    int n = m->map.n_allies + m->map.n_enemies;
    for (int u = 0; u < n; u++) {
        const sl_combat_type *type = m->type[u];
        assert_true(b.hp[u] >= 0 && b.hp[u] <= type->hp && b.shield[u] >= 0 && b.shield[u] <= type->shield);
        assert_true((b.hp[u] > 0) == sl_combat_has(*b.alive, u));
        assert_true(b.cooldown[u] >= 0 && b.cooldown[u] <= type->cooldown);
        assert_true(b.target[u] >= -1 && b.target[u] < n);
        // nobody aims at its own side
        if (b.target[u] >= 0) assert_true((b.target[u] < m->map.n_allies) != (u < m->map.n_allies));
        assert_true(b.x[u] > -3 && b.x[u] < 35 && b.y[u] > 7 && b.y[u] < 25);
    }
    // who is asked counts its steps; the dead are not
    for (int j = 0; j < m->map.n_enemies; j++) {
        float count = b.memory[j * m->policy.memory];
        assert_true(count >= 0 && count <= (float)*b.steps);
        if (sl_combat_has(*b.alive, m->map.n_allies + j)) assert_true(count == (float)*b.steps);
    }
}

static void legal_battles_stay_sound(void **state) {
    (void)state;
    static const char *const names[] = {"combat/3m", "combat/5m_vs_6m", "combat/3s5z"};
    static const int actions[] = {9, 11, 14};
    for (int k = 0; k < 3; k++) {
        sl_env_options options = with_policy(act_from_memory, &actions[k], 5);
        field *f = field_open(names[k], &options, 16, 5);
        sl_rng stream = sl_rng_seed(4);
        uint64_t gate = sl_alloc_count(), heap = sl_heap_count();
        long n_ended = 0;
        for (int t = 0; t < 1000; t++) {
            field_choose(f, &stream);
            field_step(f, 0, 16);
            for (int v = 0; v < 16; v++) {
                n_ended += f->truncated[v];
                check_battle(f, v);
            }
        }
        assert_true(n_ended > 16);
        assert_true(sl_alloc_count() == gate);
        if (sl_heap_is_counted()) assert_true(sl_heap_count() == heap);
        field_close(f);
    }
}

static void play(field *f, sl_rng *stream, int n) {
    for (int t = 0; t < n; t++) {
        field_choose(f, stream);
        field_step(f, 0, f->V);
    }
}

static void memories_are_saved(void **state) {
    (void)state;
    static const int A = 14;
    sl_env_options options = with_policy(act_from_memory, &A, 3);
    field *a = field_open("combat/3s5z", &options, 20, 5), *b = field_open("combat/3s5z", &options, 20, 5);
    sl_rng stream = sl_rng_seed(6);
    play(a, &stream, 30);
    size_t n = sl_env_state_bytes(a->env);
    uint8_t *bytes = sl_alloc(n);
    sl_env_save(a->env, bytes);
    assert_int_equal(sl_env_load(b->env, bytes, n), SL_OK);
    memcpy(b->avail, a->avail, (size_t)(20 * a->spec->n_agents * a->spec->n_actions));
    sl_rng same = stream;
    play(a, &stream, 40);
    play(b, &same, 40);
    assert_true(sl_env_hash(a->env) == sl_env_hash(b->env));
    // a number of the memory is a part of the state
    uint64_t hash = sl_env_hash(b->env);
    float *memory = sl_combat_copy(battle_of(b), 19).memory + 8 * 3 - 1;
    *memory = 1.0f;
    assert_true(sl_env_hash(b->env) != hash);
    *memory = 0.0f;
    // and has to be one; of another size it is another state
    memcpy(bytes + ((uint8_t *)memory - battle_of(b)->copies) + 16, &(float){NAN}, sizeof(float));
    assert_int_equal(sl_env_load(b->env, bytes, n), SL_CORRUPT);
    assert_non_null(strstr(sl_error_what(), "copy 19"));
    assert_true(sl_env_hash(b->env) == hash);
    options.policy.memory = 40;
    field *other = field_open("combat/3s5z", &options, 20, 5);
    assert_int_equal(sl_env_load(other->env, bytes, n), SL_MISMATCH);
    sl_free(bytes);
    field_close(a);
    field_close(b);
    field_close(other);
}

static void step_slice(void *context, int slice, int thread) {
    (void)thread;
    field_step(context, slice * SL_ENV_LANES, (slice + 1) * SL_ENV_LANES);
}

static void threads_change_nothing(void **state) {
    (void)state;
    static const int A = 11, counts[] = {1, 2, 4};
    uint64_t hash[3];
    for (int k = 0; k < 3; k++) {
        sl_env_options options = with_policy(act_from_memory, &A, 2);
        field *f = field_open("combat/5m_vs_6m", &options, MAX_V, 5);
        sl_pool *pool = NULL;
        assert_int_equal(sl_pool_create(counts[k], &pool), SL_OK);
        sl_rng stream = sl_rng_seed(2);
        for (int t = 0; t < 60; t++) {
            field_choose(f, &stream);
            sl_pool_run(pool, MAX_V / SL_ENV_LANES, step_slice, f);
        }
        hash[k] = sl_env_hash(f->env);
        sl_pool_destroy(&pool);
        field_close(f);
    }
    assert_true(hash[0] == hash[1] && hash[0] == hash[2]);
}

// ------------------------------------------------------------------------------------------------------- refusals

static void refused(const char *name, const sl_env_options *options, const char *what) {
    sl_rng stream = sl_rng_seed(1);
    sl_env *env = NULL;
    assert_int_equal(sl_env_create(name, options, 1, &stream, &env), SL_CONFIG);
    assert_null(env);
    if (!strstr(sl_error_what(), what)) fail_msg("'%s' does not say '%s'", sl_error_what(), what);
    assert_non_null(sl_error_hint());
}

static void bad_policies_are_refused(void **state) {
    (void)state;
    sl_env_options options = with_policy(act_and_record, NULL, -1);
    refused("combat/3m", &options, "of -1 numbers of memory");
    options.policy.memory = SL_OPPONENT_MAX_MEMORY + 1;
    refused("combat/3m", &options, "of 4097 numbers of memory");
    options.policy = (sl_opponent_policy){0};
    refused("combat/3m", &options, "does nothing");
    refused("mpe/simple_spread_v3", &options, "no battle");
    sl_env_at(&options, "opponent")->text = "7";
    refused("combat/3m", &options, "unknown opponent '7'");
    sl_env_spec spec;
    options = sl_env_default_options();
    assert_int_equal(sl_env_opponent_spec("mpe/simple_tag_v3", &options, &spec), SL_CONFIG);
    assert_non_null(strstr(sl_error_what(), "mpe/simple_tag_v3 has no opponent"));
    assert_int_equal(sl_env_opponent_spec("combat/none.json", &options, &spec), SL_NOT_FOUND);
}

static sl_status live(void *context) {
    static const int A = 9;
    (void)context;
    sl_env_options options = with_policy(act_from_memory, &A, 2);
    sl_env_spec spec;
    sl_env *env = NULL;
    sl_rng stream = sl_rng_seed(1);
    SL_TRY(sl_env_opponent_spec("combat/3m", &options, &spec));
    sl_free(spec.agents);
    SL_TRY(sl_env_create("combat/3m", &options, 2, &stream, &env));
    sl_env_destroy(&env);
    return SL_OK;
}

static void no_memory(void **state) {
    (void)state;
    assert_true(sl_torture(live, NULL) >= 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enemies_see_what_allies_would),
        cmocka_unit_test(both_sides_start_alike),
        cmocka_unit_test(policies_walk_by_hand),
        cmocka_unit_test(enemies_act_as_allies_would),
        cmocka_unit_test(equals_are_even),
        cmocka_unit_test(legal_battles_stay_sound),
        cmocka_unit_test(memories_are_saved),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(bad_policies_are_refused),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests_name("opponent", tests, NULL, NULL);
}
