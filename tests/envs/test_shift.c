/* test_shift.c - starts that differ: whole groups move, as far as the ground lets them, and nothing else changes. */
#include "envs/env.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "envs/field.h"

enum { V = 64, MAX_UNITS = 64, MAX_OUT = V * 27 * 36 };

/* Where the units of one copy stand. */
typedef struct starts {
    int n;
    sl_shape unit[MAX_UNITS];
} starts;

static uint8_t avail[MAX_OUT];

static sl_env *open_env(const char *name, double spawn_shift, uint64_t seed) {
    sl_env_options options = sl_env_default_options();
    sl_rng stream = sl_rng_seed(seed);
    sl_env *env = NULL;
    sl_env_at(&options, "spawn_shift")->real = spawn_shift;
    if (sl_env_create(name, &options, V, &stream, &env) != SL_OK) fail_msg("%s", sl_error_what());
    assert_true(V * sl_env_get_spec(env)->n_agents * sl_env_get_spec(env)->n_actions <= MAX_OUT);
    return env;
}

static void reset(sl_env *env) {
    sl_env_reset(env, 0, V, NULL, &(sl_env_out){.avail = avail});
}

static starts look(const sl_env *env, int v) {
    sl_shape shapes[SL_MAX_SHAPES];
    starts s = {.n = 0};
    int n = sl_env_draw(env, v, shapes, SL_MAX_SHAPES);
    for (int k = 0; k < n; k++) {
        if (shapes[k].kind == SL_SHAPE_CIRCLE) s.unit[s.n++] = shapes[k];
    }
    return s;
}

// where the map has them
static starts look_at_map(const char *name) {
    sl_env *env = open_env(name, 0.0, 1);
    reset(env);
    starts s = look(env, V - 1);
    sl_env_destroy(&env);
    return s;
}

static double across(const sl_shape *a, const sl_shape *b) {
    return hypot((double)a->x - (double)b->x, (double)a->y - (double)b->y);
}

// inside the box, clear of one another
static void assert_sound(const starts *s, sl_box box) {
    for (int u = 0; u < s->n; u++) {
        const sl_shape *a = &s->unit[u];
        double x = (double)a->x, y = (double)a->y, r = (double)a->r - 1e-4;
        if (x - r < (double)box.x0 || x + r > (double)box.x1 || y - r < (double)box.y0 || y + r > (double)box.y1) {
            fail_msg("unit %d at (%g, %g) is outside", u, x, y);
        }
        for (int j = 0; j < u; j++) {
            if (across(a, &s->unit[j]) < r + (double)s->unit[j].r - 1e-4) fail_msg("units %d and %d overlap", j, u);
        }
    }
}

// units [begin, end) have all moved by (dx, dy), but for the rounding of float32
static void assert_moved(const starts *from, const starts *to, int begin, int end, double *dx, double *dy) {
    *dx = (double)to->unit[begin].x - (double)from->unit[begin].x;
    *dy = (double)to->unit[begin].y - (double)from->unit[begin].y;
    for (int u = begin; u < end; u++) {
        assert_true(fabs((double)to->unit[u].x - (double)from->unit[u].x - *dx) < 1e-5);
        assert_true(fabs((double)to->unit[u].y - (double)from->unit[u].y - *dy) < 1e-5);
    }
}

static void stretch(double value, double *low, double *high) {
    if (value < *low) *low = value;
    if (value > *high) *high = value;
}

/* Both sides move, each for itself, over the whole of what the option and the walls (rows 8 to 24) allow. */
static void groups_move_as_a_whole(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int n_allies, n_enemies;
        double shift, north; /* what is left to go in the north */
    } rows[] = {{"combat/3m", 3, 3, 0.5, 0.5},       {"combat/3m", 3, 3, 4, 4},
                {"combat/3m", 3, 3, 8, 7.225},       {"combat/3s5z", 8, 8, 4, 4},
                {"combat/27m_vs_30m", 27, 30, 2, 2}, {"combat/27m_vs_30m", 27, 30, 8, 6}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        starts map = look_at_map(rows[i].name);
        sl_env *env = open_env(rows[i].name, rows[i].shift, 7);
        double low[4] = {0}, high[4] = {0}, sum = 0.0, apart = 0.0;
        int n = rows[i].n_allies + rows[i].n_enemies;
        for (int k = 0; k < 20 * V; k++) {
            double d[4];
            if (k % V == 0) reset(env);
            starts now = look(env, k % V);
            assert_int_equal(now.n, n);
            assert_sound(&now, (sl_box){0, 8, 32, 24});
            assert_moved(&map, &now, 0, rows[i].n_allies, &d[0], &d[1]);
            assert_moved(&map, &now, rows[i].n_allies, n, &d[2], &d[3]);
            for (int a = 0; a < 4; a++) stretch(d[a], &low[a], &high[a]);
            sum += d[1];
            apart = fmax(apart, fabs(d[1] - d[3]));
        }
        for (int a = 0; a < 4; a++) {
            double most = a % 2 ? rows[i].north : rows[i].shift;
            assert_true(low[a] >= -rows[i].shift - 1e-5 && high[a] <= rows[i].shift + 1e-5);
            if (a % 2) assert_true(low[a] < -0.97 * most && high[a] > 0.97 * most);
            assert_true(high[a] > 0.9 * fmin(most, 5.0) && low[a] < -0.9 * fmin(most, 5.0));
        }
        assert_true(fabs(sum) / (20 * V) < 0.1 * rows[i].shift && apart > rows[i].shift);
        sl_env_destroy(&env);
    }
}

static void the_same_seed_starts_the_same(void **state) {
    (void)state;
    sl_env *a = open_env("combat/8m", 4.0, 3), *b = open_env("combat/8m", 4.0, 4);
    sl_rng episode = sl_rng_seed(17);
    for (int v = 0; v < V; v += 5) {
        sl_env_seed(a, v, &episode);
        sl_env_seed(b, V - 1 - v, &episode);
    }
    reset(a);
    reset(b);
    for (int v = 0; v < V; v += 5) {
        starts one = look(a, v), two = look(b, V - 1 - v);
        assert_memory_equal(one.unit, two.unit, sizeof one.unit);
    }
    // and the next episode another
    starts before = look(a, 0);
    reset(a);
    starts after = look(a, 0);
    assert_true(across(&before.unit[0], &after.unit[0]) > 1e-3);
    sl_env_destroy(&a);
    sl_env_destroy(&b);
}

// without a shift nothing is drawn; with one, a copy that is not reset draws nothing
static void nothing_is_drawn_without_need(void **state) {
    (void)state;
    sl_env *none = open_env("combat/3m", 0.0, 5), *some = open_env("combat/3m", 1.0, 5);
    uint64_t created = sl_env_hash(none);
    assert_true(sl_env_hash(some) == created);
    reset(none);
    assert_true(sl_env_hash(none) == created);
    const uint8_t nobody[V] = {0};
    sl_env_reset(some, 0, V, nobody, &(sl_env_out){.avail = avail});
    assert_true(sl_env_hash(some) == created);
    reset(some);
    assert_true(sl_env_hash(some) != created);
    sl_env_destroy(&none);
    sl_env_destroy(&some);
}

static void play(sl_env *env, int steps) {
    static int32_t actions[V * 27];
    static uint8_t over[V], late[V];
    for (int t = 0; t < steps; t++) {
        sl_env_heuristic(env, 0, V, actions);
        sl_env_step(env, 0, V, actions, &(sl_env_out){.terminated = over, .truncated = late});
        for (int v = 0; v < V; v++) over[v] |= late[v];
        sl_env_reset(env, 0, V, over, &(sl_env_out){.avail = avail});
    }
}

static void a_snapshot_resumes(void **state) {
    (void)state;
    sl_env *env = open_env("combat/3m", 6.0, 9);
    reset(env);
    play(env, 30);
    size_t n = sl_env_state_bytes(env);
    uint8_t *bytes = sl_alloc(n);
    assert_non_null(bytes);
    sl_env_save(env, bytes);
    play(env, 50);
    uint64_t hash = sl_env_hash(env);
    sl_env_destroy(&env);
    env = open_env("combat/3m", 6.0, 10);
    assert_int_equal(sl_env_load(env, bytes, n), SL_OK);
    play(env, 50);
    assert_true(sl_env_hash(env) == hash);
    sl_env_destroy(&env);
    sl_free(bytes);
}

// from every compiler at every optimisation
static void the_same_starts_everywhere(void **state) {
    (void)state;
    sl_env *env = open_env("combat/3s5z", 4.0, 5);
    reset(env);
    play(env, 40);
    assert_true(sl_env_hash(env) == 0x66a62764972e0fb3u);
    sl_env_destroy(&env);
}

static double into(const sl_box *wall, const sl_shape *unit) {
    double x = (double)unit->x, y = (double)unit->y;
    double dx = fmax(fmax((double)wall->x0 - x, x - (double)wall->x1), 0.0);
    double dy = fmax(fmax((double)wall->y0 - y, y - (double)wall->y1), 0.0);
    return (double)unit->r - hypot(dx, dy);
}

/* Two groups side by side, which get in each other's way; a marine with a pillar at its corner; a zealot at a
 * crossing of two corridors as wide as itself, with next to no other place. */
static void crowded_ground_is_respected(void **state) {
    (void)state;
    static const char text[] =
        "{\"step_limit\": 50, \"width\": 24, \"height\": 12, \"goal\": [3, 6],\n"
        " \"walls\": [[12, 0, 20, 6], [21, 0, 24, 6], [12, 7, 20, 12], [21, 7, 24, 12], [7, 5, 9, 7]],\n"
        " \"allies\": [{\"at\": [2, 6], \"units\": {\"zealot\": 4}}, {\"at\": [4.2, 6], \"units\": {\"zealot\": "
        "4}}],\n"
        " \"enemies\": [{\"at\": [20.5, 6.5], \"units\": {\"zealot\": 1}},\n"
        "   {\"at\": [11, 10], \"units\": {\"marine\": 1}}]}\n";
    static const sl_box walls[] = {{12, 0, 20, 6}, {21, 0, 24, 6}, {12, 7, 20, 12}, {21, 7, 24, 12}, {7, 5, 9, 7}};
    sl_temp_folder folder = sl_temp_folder_create();
    char name[FIELD_NAME];
    (void)field_map(&folder, "map.json", text, name);
    starts map = look_at_map(name);
    sl_env *env = open_env(name, 8.0, 11);
    double low[6] = {0}, high[6] = {0};
    int stayed = 0;
    for (int k = 0; k < 30 * V; k++) {
        double d[6];
        if (k % V == 0) reset(env);
        starts now = look(env, k % V);
        assert_sound(&now, (sl_box){0, 0, 24, 12});
        assert_moved(&map, &now, 0, 4, &d[0], &d[1]);
        assert_moved(&map, &now, 4, 8, &d[2], &d[3]);
        assert_moved(&map, &now, 9, 10, &d[4], &d[5]);
        for (int a = 0; a < 6; a++) stretch(d[a], &low[a], &high[a]);
        stayed += now.unit[8].x == 20.5f && now.unit[8].y == 6.5f;
        for (int u = 0; u < now.n; u++) {
            for (int w = 0; w < 5; w++) assert_true(into(&walls[w], &now.unit[u]) < 1.1e-4);
        }
    }
    // the first group is at the edge, the second may pass it; the marine gets to the other side of the pillar
    assert_true(low[0] > -1.0 && high[1] > 4.0 && low[2] < -2.0 && high[2] > 1.0);
    assert_true(low[4] < -6.0 && low[5] < -6.0 && stayed > 15 * V);
    sl_env_destroy(&env);
    sl_temp_folder_remove(&folder);
}

// where there is little room, it is used, and not missed by draws over all that the option allows
static void little_room_is_used(void **state) {
    (void)state;
    static const char text[] = "{\"step_limit\": 50, \"width\": 2, \"height\": 14, \"goal\": [1, 3],\n"
                               " \"walls\": [[0, 0, 2, 1], [0, 5, 2, 6]],\n"
                               " \"allies\": [{\"at\": [1, 3], \"units\": {\"zealot\": 1}}],\n"
                               " \"enemies\": [{\"at\": [1, 10], \"units\": {\"zealot\": 1}}]}\n";
    sl_temp_folder folder = sl_temp_folder_create();
    char name[FIELD_NAME];
    (void)field_map(&folder, "map.json", text, name);
    sl_env *env = open_env(name, 8.0, 11);
    for (int k = 0; k < 10 * V; k++) {
        if (k % V == 0) reset(env);
        starts now = look(env, k % V);
        assert_sound(&now, (sl_box){0, 1, 2, 14});
        assert_true(now.unit[0].y < 4.5001f && now.unit[1].y > 6.4999f);
        for (int u = 0; u < 2; u++) assert_true(now.unit[u].x != 1.0f || now.unit[u].y != (u ? 10.0f : 3.0f));
    }
    sl_env_destroy(&env);
    sl_temp_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_move_as_a_whole),        cmocka_unit_test(the_same_seed_starts_the_same),
        cmocka_unit_test(nothing_is_drawn_without_need), cmocka_unit_test(a_snapshot_resumes),
        cmocka_unit_test(the_same_starts_everywhere),    cmocka_unit_test(crowded_ground_is_respected),
        cmocka_unit_test(little_room_is_used),
    };
    return cmocka_run_group_tests_name("shift", tests, NULL, NULL);
}
