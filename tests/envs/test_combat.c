/* test_combat.c - battles: maps, spawns, rules by hand, switches, baselines against the published reference. */
#include "envs/bench.h"
#include "envs/picture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "envs/field.h"

enum { MAX_V = 128 };

/* Some copies of a battle with room for all that they write. */
static sl_env_options defaults(void) {
    return sl_env_default_options();
}

static void order(field *f, int32_t action) {
    for (int k = 0; k < f->V * f->spec->n_agents; k++) f->actions[k] = action;
}

static void step(field *f) {
    sl_env_step(f->env, 0, f->V, f->actions, &f->out);
}

static void attack_nearest(field *f) {
    sl_env_heuristic(f->env, 0, f->V, f->actions);
    step(f);
}

static void sizes_are_those_of_smac(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int agents, obs, state, actions, limit;
    } maps[] = {
        {"combat/3m", 3, 30, 48, 9, 60},
        {"combat/8m", 8, 80, 168, 14, 120},
        {"combat/5m_vs_6m", 5, 55, 98, 12, 70},
        {"combat/3s5z", 8, 128, 216, 14, 150},
        {"combat/2s3z", 5, 80, 120, 11, 120},
        {"combat/10m_vs_11m", 10, 105, 243, 17, 150},
        {"combat/3s5z_vs_3s6z", 8, 136, 230, 15, 170},
        {"combat/27m_vs_30m", 27, 285, 1170, 36, 180},
    };
    sl_env_options options = defaults();
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
        field *f = field_open(maps[i].name, &options, 1, 5);
        assert_string_equal(f->spec->name, maps[i].name);
        assert_int_equal(f->spec->n_agents, maps[i].agents);
        assert_int_equal(f->spec->obs_dim, maps[i].obs);
        assert_int_equal(f->spec->state_dim, maps[i].state);
        assert_int_equal(f->spec->n_actions, maps[i].actions);
        assert_int_equal(f->spec->max_steps, maps[i].limit);
        assert_true(f->spec->masks_actions && !f->spec->state_is_obs && f->spec->has_heuristic && f->spec->can_win);
        const sl_agent_spec *agent = &f->spec->agents[0];
        static const char *const names[] = {"move", "enemy", "ally", "own"};
        int next = 0;
        assert_int_equal(agent->n_blocks, 4);
        for (int b = 0; b < 4; b++) {
            assert_string_equal(agent->blocks[b].name, names[b]);
            assert_int_equal(agent->blocks[b].begin, next);
            next += agent->blocks[b].len;
        }
        assert_int_equal(next, f->spec->obs_dim);
        field_close(f);
    }
}

// positions that the reference's rule of rows gives, read from the picture
static void assert_spawns(const char *map, const float (*at)[2], int n) {
    sl_env_options options = defaults();
    char name[64];
    (void)snprintf(name, sizeof name, "combat/%s", map);
    field *f = field_open(name, &options, 1, 5);
    sl_shape shapes[128];
    int n_shapes = sl_env_draw(f->env, 0, shapes, 128);
    assert_int_equal(n_shapes, 8 + n);
    for (int u = 0; u < n; u++) {
        assert_close((double)shapes[8 + u].x, (double)at[u][0], 1e-5);
        assert_close((double)shapes[8 + u].y, (double)at[u][1], 1e-5);
        assert_int_equal(shapes[8 + u].kind, SL_SHAPE_CIRCLE);
    }
    field_close(f);
}

static void units_start_in_rows(void **state) {
    (void)state;
    static const float m3[][2] = {{8.625f, 15.6f},  {9.425f, 15.6f},  {8.625f, 16.4f},
                                  {23.375f, 16.4f}, {22.575f, 16.4f}, {23.375f, 15.6f}};
    static const float m5[][2] = {{8.25f, 15.575f},  {9.05f, 15.575f},  {9.85f, 15.575f},  {8.25f, 16.375f},
                                  {9.05f, 16.375f},  {23.75f, 16.425f}, {22.95f, 16.425f}, {22.15f, 16.425f},
                                  {23.75f, 15.625f}, {22.95f, 15.625f}, {22.15f, 15.625f}};
    static const float s3[][2] = {{7.75f, 14.95f},    {9.05f, 14.95f},    {10.35f, 14.95f},   {7.625f, 16.125f},
                                  {8.675f, 16.125f},  {9.725f, 16.125f},  {7.625f, 17.175f},  {8.675f, 17.175f},
                                  {24.25f, 17.05f},   {22.95f, 17.05f},   {21.65f, 17.05f},   {24.375f, 15.875f},
                                  {23.325f, 15.875f}, {22.275f, 15.875f}, {24.375f, 14.825f}, {23.325f, 14.825f}};
    assert_spawns("3m", m3, 6);
    assert_spawns("5m_vs_6m", m5, 11);
    assert_spawns("3s5z", s3, 16);
}

// one marine walks north for a step: eight ticks of 3.15 / 16
static void a_walk_by_hand(void **state) {
    (void)state;
    sl_env_options options = defaults();
    field *f = field_open("combat/3m", &options, 1, 5);
    order(f, 1);
    f->actions[2] = 2;
    step(f);
    // the state: health, cooldown, x, y of each ally
    assert_close((double)f->state[2], (8.625 - 16) / 32, 1e-6);
    assert_close((double)f->state[8 + 3], (16.4 + 1.575 - 16) / 32, 1e-6);
    // its last action is the third's row of nine, behind 3 * 4 + 3 * 3 numbers
    assert_close((double)f->state[21 + 2 * 9 + 2], 1, 0);
    assert_close((double)f->state[21 + 1], 1, 0);
    assert_close(f->reward[0], 0, 0);
    // far from everyone but its own: enemies are unseen, allies are seen
    for (int k = 4; k < 19; k++) assert_true(f->obs[k] == 0.0f);
    assert_close((double)f->obs[19], 1, 0);
    assert_close((double)f->obs[20], 0.8 / 9, 1e-6);
    field_close(f);
    // without the sight limit the enemies show, and are no less out of range
    sl_env_at(&options, "full")->yes = true;
    f = field_open("combat/3m", &options, 1, 5);
    assert_close((double)f->obs[4], 0, 0);
    assert_close((double)f->obs[6], (23.375 - 8.625) / 9, 1e-6);
    assert_close((double)f->obs[8], 1, 0);
    field_close(f);
}

static void illegal_actions_do_nothing(void **state) {
    (void)state;
    sl_env_options options = defaults();
    field *a = field_open("combat/3m", &options, 3, 5), *b = field_open("combat/3m", &options, 3, 5);
    static const int32_t illegal[] = {6, 7, 8, 9, -1, INT32_MIN, INT32_MAX, 0, 100};
    for (int k = 0; k < 9; k++) a->actions[k] = illegal[k];
    order(b, 0);
    step(a);
    step(b);
    assert_true(sl_env_hash(a->env) == sl_env_hash(b->env));
    field_close(a);
    field_close(b);
}

// the mask of a marine that stands at the southern wall forbids the way south only
static void walls_are_in_the_mask(void **state) {
    (void)state;
    sl_env_options options = defaults();
    field *f = field_open("combat/3m", &options, 1, 5);
    static const uint8_t open[] = {0, 1, 1, 1, 1, 1, 0, 0, 0}, wall[] = {0, 1, 1, 0, 1, 1};
    assert_memory_equal(f->avail, open, sizeof open);
    order(f, 3);
    for (int t = 0; t < 8; t++) step(f);
    assert_memory_equal(f->avail, wall, sizeof wall);
    assert_true(f->obs[0] == 1.0f && f->obs[1] == 0.0f);
    field_close(f);
}

static void battles_end(void **state) {
    (void)state;
    sl_env_options options = defaults();
    field *f = field_open("combat/3m", &options, 2, 5);
    // standing still is death: terminated, lost, and the dead have one action and see nothing
    order(f, 1);
    int t = 0;
    while (!f->terminated[0] && t++ < 60) step(f);
    assert_true(f->terminated[0] && !f->truncated[0] && !f->won[0]);
    assert_true(t > 10 && t < 40);
    static const uint8_t dead[] = {1, 0, 0, 0, 0, 0, 0, 0, 0};
    assert_memory_equal(f->avail, dead, sizeof dead);
    for (int k = 0; k < 30; k++) assert_true(f->obs[k] == 0.0f);
    for (int i = 0; i < 3; i++) assert_int_equal(f->alive[i], 0);
    sl_env_reset(f->env, 0, 2, NULL, &f->out);
    for (int i = 0; i < 3; i++) assert_int_equal(f->alive[i], 1);
    field_close(f);
    // nobody comes: the step limit truncates
    sl_env_at(&options, "opponent")->text = SL_OPPONENT_HOLD;
    f = field_open("combat/3m", &options, 1, 5);
    order(f, 1);
    for (t = 1; t <= 60; t++) {
        step(f);
        assert_int_equal(f->truncated[0], t == 60);
        assert_int_equal(f->terminated[0], 0);
    }
    field_close(f);
}

static const char SIEGE[] = "{\"step_limit\": 200, \"width\": 20, \"height\": 20, \"goal\": [2, 10],\n"
                            " \"allies\": [{\"at\": [7, 10], \"units\": {\"marine\": 5}}],\n"
                            " \"enemies\": [{\"at\": [12, 10], \"units\": {\"zealot\": 1}}]}\n";

static const char EDGE[] = "{\"step_limit\": 200, \"width\": 20, \"height\": 20, \"goal\": [2, 10],\n"
                           " \"allies\": [{\"at\": [2.75, 10], \"units\": {\"marine\": 1}}],\n"
                           " \"enemies\": [{\"at\": [18, 10], \"units\": {\"marine\": 1}}]}\n";

// five marines bring down a zealot that holds its ground: 150 of shields and health, each point paid once
static void a_map_of_ones_own_is_won(void **state) {
    (void)state;
    char name[FIELD_NAME];
    sl_temp_folder folder = sl_temp_folder_create();
    sl_env_options options = defaults();
    sl_env_at(&options, "opponent")->text = SL_OPPONENT_HOLD;
    field *f = field_open(field_map(&folder, "map.json", SIEGE, name), &options, 1, 5);
    // two types, shields on the enemy's side only
    assert_int_equal(f->spec->obs_dim, 4 + (5 + 1 + 2) + 4 * (5 + 2) + 3);
    double sum = 0.0;
    int t = 0;
    while (!f->terminated[0] && t++ < 200) {
        attack_nearest(f);
        sum += f->reward[0];
    }
    assert_true(f->won[0] && f->terminated[0] && !f->truncated[0]);
    // what the shields regained would be paid too, but shots come faster than the delay of ten seconds
    assert_close(sum, 20.0, 1e-9);
    field_close(f);
    sl_temp_folder_remove(&folder);
}

static uint64_t hash_after(const sl_env_options *options, bool fight) {
    field *f = field_open("combat/3s5z", options, 16, 5);
    for (int t = 0; t < 40; t++) {
        if (fight) {
            attack_nearest(f);
        } else {
            order(f, 3);
            step(f);
        }
    }
    uint64_t hash = sl_env_hash(f->env);
    field_close(f);
    return hash;
}

static void switches_change_what_they_say(void **state) {
    (void)state;
    sl_env_options options = defaults();
    // last actions outlive the episode, unless they are cleared
    for (int clear = 0; clear < 2; clear++) {
        sl_env_at(&options, "clear_last_actions")->yes = clear;
        field *f = field_open("combat/3m", &options, 1, 5);
        for (int k = 21; k < 48; k++) assert_true(f->state[k] == 0.0f);
        order(f, 1);
        step(f);
        sl_env_reset(f->env, 0, 1, NULL, &f->out);
        assert_true(f->state[21 + 1] == (clear ? 0.0f : 1.0f));
        field_close(f);
    }
    sl_env_at(&options, "clear_last_actions")->yes = false;
    // a move goes as far as 1.575, but is legal with a single cell of ground ahead: so units leave the map
    sl_temp_folder folder = sl_temp_folder_create();
    for (int clamp = 0; clamp < 2; clamp++) {
        sl_env_at(&options, "clamp_to_map")->yes = clamp;
        sl_env_at(&options, "opponent")->text = SL_OPPONENT_HOLD;
        char name[FIELD_NAME];
        field *f = field_open(field_map(&folder, "map.json", EDGE, name), &options, 1, 5);
        assert_int_equal(f->spec->agents[0].n_blocks, 3);
        order(f, 5);
        step(f);
        step(f);
        assert_close((double)f->state[2] * 20.0 + 10.0, clamp ? 0.0 : 2.75 - 2 * 1.575, 1e-5);
        field_close(f);
    }
    sl_temp_folder_remove(&folder);
    // the other two show in the state after a while: of a fight, and of a walk into the southern wall
    for (int fight = 0; fight < 2; fight++) {
        options = defaults();
        uint64_t reference = hash_after(&options, fight);
        if (fight) sl_env_at(&options, "corpse_attack")->yes = true;
        assert_true(hash_after(&options, fight) == reference);
        if (fight) sl_env_at(&options, "corpse_attack")->yes = false;
        if (!fight) sl_env_at(&options, "wall_offset_fix")->yes = true;
        assert_true(hash_after(&options, fight) != reference);
    }
}

/* What episodes of one policy came to. */
typedef struct summary {
    double mean, sd, length, length_sd;
    int n, wins;
} summary;

static summary play(const char *name, bool random, int n) {
    sl_env_options options = defaults();
    field *f = field_open(name, &options, MAX_V, 5);
    sl_rng stream = sl_rng_seed(21);
    int left[MAX_V];
    for (int v = 0; v < MAX_V; v++) left[v] = n / MAX_V;
    double returns[MAX_V] = {0}, lengths[MAX_V] = {0}, sum = 0.0, squares = 0.0, steps = 0.0, step_squares = 0.0;
    summary s = {0};
    while (s.n < n) {
        if (random) {
            field_choose(f, &stream);
        } else {
            sl_env_heuristic(f->env, 0, f->V, f->actions);
        }
        step(f);
        for (int v = 0; v < f->V; v++) {
            returns[v] += f->reward[v * f->spec->n_agents];
            lengths[v]++;
            f->truncated[v] |= f->terminated[v];
            if (!f->truncated[v]) continue;
            // as many episodes of every copy, or short ones would count too often
            if (left[v]-- > 0) {
                sum += returns[v];
                squares += returns[v] * returns[v];
                steps += lengths[v];
                step_squares += lengths[v] * lengths[v];
                s.wins += f->won[v];
                s.n++;
            }
            returns[v] = lengths[v] = 0.0;
        }
        sl_env_reset(f->env, 0, f->V, f->truncated, &f->out);
    }
    s.mean = sum / s.n;
    s.sd = sqrt(fmax(squares / s.n - s.mean * s.mean, 0.0));
    s.length = steps / s.n;
    s.length_sd = sqrt(fmax(step_squares / s.n - s.length * s.length, 0.0));
    field_close(f);
    return s;
}

// how many standard errors lie between the reference's mean of 100 episodes and ours, which are rounded by that much
static double errors_apart(double ours, double reference, double sd, int n, double rounding) {
    return fmax(fabs(ours - reference) - rounding, 0.0) / (sd * sqrt(1.0 / 100 + 1.0 / n) + 1e-12);
}

/* The published means of 100 episodes: return and length are met within two standard errors of the difference, or to
 * the digits given where every episode is alike; nobody wins. */
static void baselines_play_as_in_the_reference(void **state) {
    (void)state;
    static const struct {
        const char *name;
        bool random;
        double mean, sd, length;
    } rows[] = {
        {"combat/3m", false, 3.945, 0.000, 15.0}, {"combat/5m_vs_6m", false, 4.892, 0.112, 18.0},
        {"combat/8m", false, 7.276, 0.094, 22.0}, {"combat/3s5z", false, 9.775, 0.000, 44.0},
        {"combat/3m", true, 1.52, 0.57, 26.8},    {"combat/5m_vs_6m", true, 1.50, 0.49, 27.7},
        {"combat/8m", true, 2.06, 0.59, 36.3},    {"combat/3s5z", true, 4.10, 0.77, 48.6},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        summary s = play(rows[i].name, rows[i].random, rows[i].random ? 16 * MAX_V : MAX_V);
        double by_return = errors_apart(s.mean, rows[i].mean, s.sd, s.n, 0.0006);
        double by_length = errors_apart(s.length, rows[i].length, s.length_sd, s.n, 0.051);
        print_message("%s %s: %.3f (sd %.3f), %.1f steps (sd %.1f), %d wins of %d; %.1f and %.1f errors off\n",
                      rows[i].name, rows[i].random ? "random" : "nearest", s.mean, s.sd, s.length, s.length_sd,
                      s.wins, s.n, by_return, by_length);
        assert_true(by_return < 2 && by_length < 2);
        assert_close(s.sd, rows[i].sd, 0.2 * rows[i].sd + 0.0006);
        assert_int_equal(s.wins, 0);
    }
}

/* Everybody is paid the team's reward, so the bench's return is the team's: at random 1.5 on 3m, and not three times
 * that. The bench takes 25 steps, after which every battle is to end. */
static void the_team_is_paid_once(void **state) {
    (void)state;
    sl_env_options options = defaults();
    sl_env_bench_result result;
    sl_env_at(&options, "max_steps")->whole = SL_ENV_BENCH_STEPS;
    assert_int_equal(sl_env_bench("combat/3m", &options, 400, 1, 0.0, &result), SL_OK);
    assert_true(result.mean_return > 1.0 && result.mean_return < 2.0);
    field *f = field_open("combat/3m", &options, 1, 5);
    assert_true(f->spec->shared_reward);
    assert_close(sl_env_return(f->spec, (const double[]){2.5, 2.5, 2.5}), 2.5, 0.0);
    field_close(f);
}

static void seeds_name_battles(void **state) {
    (void)state;
    sl_env_options options = defaults();
    field *a = field_open("combat/8m", &options, 2, 5), *b = field_open("combat/8m", &options, 4, 5);
    sl_rng one = sl_rng_seed(1), two = sl_rng_seed(2);
    sl_env_seed(a->env, 0, &one);
    sl_env_seed(a->env, 1, &two);
    sl_env_seed(b->env, 3, &one);
    size_t S = (size_t)a->spec->state_dim;
    for (int t = 0; t < 20; t++) {
        attack_nearest(a);
        attack_nearest(b);
        assert_memory_equal(a->state, b->state + 3 * S, S * sizeof(float));
    }
    assert_memory_not_equal(a->state, a->state + S, S * sizeof(float));
    field_close(a);
    field_close(b);
}

static void damaged_snapshots_are_refused(void **state) {
    (void)state;
    sl_env_options options = defaults();
    field *f = field_open("combat/3s5z", &options, 16, 5);
    size_t n = sl_env_state_bytes(f->env);
    uint8_t *bytes = sl_alloc(n);
    sl_rng stream = sl_rng_seed(8);
    uint64_t hash = sl_env_hash(f->env);
    sl_env_save(f->env, bytes);
    int refused = 0;
    for (int trial = 0; trial < 2000; trial++) {
        size_t at = 16 + sl_rng_below(&stream, (uint32_t)(n - 16));
        uint8_t kept = bytes[at];
        bytes[at] ^= (uint8_t)(1u + sl_rng_below(&stream, 255));
        if (sl_env_load(f->env, bytes, n) == SL_OK) {
            // any number will do for the rules, as long as it addresses nothing
            attack_nearest(f);
            sl_shape shapes[16];
            (void)sl_env_draw(f->env, 0, shapes, 16);
        } else {
            refused++;
        }
        bytes[at] = kept;
    }
    assert_true(refused > 100 && refused < 1900);
    assert_int_equal(sl_env_load(f->env, bytes, n), SL_OK);
    assert_true(sl_env_hash(f->env) == hash);
    sl_free(bytes);
    field_close(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_those_of_smac),
        cmocka_unit_test(units_start_in_rows),
        cmocka_unit_test(a_walk_by_hand),
        cmocka_unit_test(illegal_actions_do_nothing),
        cmocka_unit_test(walls_are_in_the_mask),
        cmocka_unit_test(battles_end),
        cmocka_unit_test(a_map_of_ones_own_is_won),
        cmocka_unit_test(switches_change_what_they_say),
        cmocka_unit_test(baselines_play_as_in_the_reference),
        cmocka_unit_test(the_team_is_paid_once),
        cmocka_unit_test(seeds_name_battles),
        cmocka_unit_test(damaged_snapshots_are_refused),
    };
    return cmocka_run_group_tests_name("combat", tests, NULL, NULL);
}
