/* test_study.c - the points of a study, its store and its numbers, on results made up here. */
#include "starling/study/study.h"

#include "common/alloc.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void assert_near(double a, double b) {
    if (fabs(a - b) > 1e-9) fail_msg("%.17g is not %.17g", a, b);
}

// ------------------------------------------------------------------------------------------------------------- the
// plan

static void expect_delays(const char *text, int n, const double *delays) {
    sl_study_choice c = {0};
    assert_int_equal(sl_study_parse_delays(text, &c), SL_OK);
    assert_int_equal(c.n_delays, n);
    for (int i = 0; i < n; i++) assert_near(c.delays[i], delays[i]);
}

static void test_delays(void **state) {
    (void)state;
    const double to_twelve[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    // half a step each way makes a round trip of one: what happens below one step is looked at
    const double by_quarters[] = {0, 0.25, 0.5, 0.75, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    expect_delays(NULL, 16, by_quarters);
    expect_delays("0,0.25,0.5,0.75,1..12", 16, by_quarters);
    expect_delays("0..12", 13, to_twelve);
    // in any order, and twice is once
    expect_delays("6, 0,3", 3, (const double[]){0, 3, 6});
    expect_delays("3,0..2,2,1..3", 4, to_twelve);
    expect_delays("0.5,1.25", 2, (const double[]){0.5, 1.25});
    expect_delays("7..7", 1, (const double[]){7});
    const char *const wrong[] = {"",          "-1",      "nan",   "inf",  "1..",   "..3",    "3..1", "1,,2",
                                 "1,",        "1;2",     "1e3",   "0x10", "a",     "1 2",    "1.",   "0.5..2.5",
                                 "0..999999", "1234567", "0..64", "-0",   "1...3", "0.00001"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        sl_study_choice c = {0};
        if (sl_study_parse_delays(wrong[i], &c) != SL_USAGE) fail_msg("--delays '%s' is taken", wrong[i]);
        assert_non_null(strstr(sl_error_what(), "--delays"));
        assert_non_null(sl_error_hint());
    }
}

static void test_choices(void **state) {
    (void)state;
    sl_study_choice c = {0};
    assert_int_equal(sl_study_parse_sweeps("loss,delay", &c), SL_OK);
    assert_true(c.sweeps[SL_STUDY_DELAY] && c.sweeps[SL_STUDY_LOSS] && !c.sweeps[SL_STUDY_DEAD]);
    assert_int_equal(sl_study_parse_executions(NULL, &c), SL_OK);
    assert_true(c.executions[SL_STUDY_ONBOARD] && c.executions[SL_STUDY_FRESH]);
    assert_int_equal(sl_study_parse_sweeps("delays", &c), SL_USAGE);
    assert_string_equal(sl_error_what(), "--sweeps cannot be 'delays'");
    assert_string_equal(sl_error_hint(), "some of delay, jitter, presets, loss, dead");
    assert_int_equal(sl_study_parse_executions("onboard,", &c), SL_USAGE);
    assert_string_equal(sl_error_hint(), "some of onboard, remote, central, fresh");
}

static sl_study_choice all_of(const char *delays) {
    sl_study_choice c = {0};
    assert_int_equal(sl_study_parse_delays(delays, &c), SL_OK);
    assert_int_equal(sl_study_parse_sweeps(NULL, &c), SL_OK);
    assert_int_equal(sl_study_parse_executions(NULL, &c), SL_OK);
    return c;
}

static void test_points(void **state) {
    (void)state;
    sl_study_choice c = all_of("0..12");
    sl_study_team team = {.n_agents = 3, .max_steps = 25, .has_students = true, .has_teacher = true};
    sl_study_point *points = NULL;
    int n = 0, n_presets = 0, n_none = 0;
    while (sl_links_preset(n_presets)) n_presets++;
    assert_int_equal(sl_study_plan(&c, &team, false, &points, &n), SL_OK);
    assert_int_equal(n, 3 * (13 + 2 + n_presets + 5 + 4) + 1);
    // no delay, the ideal preset, no loss and no dead link ask for the same
    for (int i = 0; i < n; i++) n_none += strcmp(points[i].links, "links: {execution: remote}\n") == 0;
    assert_int_equal(n_none, 2 * 4);
    assert_string_equal(points[3].links, "links: {execution: onboard, delay: \"fixed 3 steps\"}\n");
    assert_string_equal(points[13].setting, "6 +- 3");
    assert_string_equal(points[13].links,
                        "links: {execution: onboard, delay: \"uniform 3 10 steps\", order: reorder}\n");
    assert_string_equal(points[n - 2].setting, "3 of 3");
    assert_string_equal(points[n - 2].links,
                        "links: {execution: remote, rules: [{agents: \"0..2\", loss: \"1\"}]}\n");
    assert_int_equal(points[n - 1].execution, SL_STUDY_FRESH);
    sl_free(points);
    // who is not there does not act
    team.has_teacher = false;
    assert_int_equal(sl_study_plan(&c, &team, false, &points, &n), SL_OK);
    assert_int_equal(n, 2 * (13 + 2 + n_presets + 5 + 4));
    sl_free(points);
    // of a thousand agents some
    team = (sl_study_team){.n_agents = 1000, .max_steps = 25, .has_students = false, .has_teacher = true};
    c.sweeps[SL_STUDY_DELAY] = c.sweeps[SL_STUDY_JITTER] = c.sweeps[SL_STUDY_PRESETS] = c.sweeps[SL_STUDY_LOSS] =
        false;
    assert_int_equal(sl_study_plan(&c, &team, false, &points, &n), SL_OK);
    assert_int_equal(n, SL_STUDY_MAX_DEAD + 1);
    assert_string_equal(points[1].setting, "125 of 1000");
    assert_string_equal(points[8].setting, "1000 of 1000");
    sl_free(points);
}

static void test_longer_than_an_episode(void **state) {
    (void)state;
    sl_study_choice c = all_of("0,8,25");
    sl_study_team team = {.n_agents = 3, .max_steps = 25, .has_students = true, .has_teacher = true};
    sl_study_point *points = NULL;
    int n = 0;
    assert_int_equal(sl_study_plan(&c, &team, false, &points, &n), SL_USAGE);
    assert_non_null(strstr(sl_error_what(), "25 steps are no less than an episode has, 25"));
    // those that nobody asked for are left out
    c = all_of(NULL);
    team.max_steps = 5;
    c.sweeps[SL_STUDY_JITTER] = c.sweeps[SL_STUDY_PRESETS] = c.sweeps[SL_STUDY_LOSS] = c.sweeps[SL_STUDY_DEAD] =
        false;
    assert_int_equal(sl_study_plan(&c, &team, true, &points, &n), SL_OK);
    assert_int_equal(n, 3 * 8 + 1);
    sl_free(points);
}

// ------------------------------------------------------------------------------------------------------------ the
// store

static const char key_a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char key_b[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

static sl_study_result *make_result(int E, double base) {
    sl_study_result *r = NULL;
    assert_int_equal(sl_study_result_create(E, true, &r), SL_OK);
    for (int e = 0; e < E; e++) {
        r->returns[e] = base + e / 3.0;
        r->won[e] = (uint8_t)(e % 2);
    }
    r->length = 17.25;
    r->seconds = 0.1;
    r->counts.decisions = 100, r->counts.misses = 25, r->counts.longest_run = 7, r->counts.fallbacks = 10;
    r->counts.divergent = 3, r->counts.compared = 60;
    r->counts.observation_ages[0] = 89, r->counts.observation_ages[4] = 10;
    r->counts.observation_ages[SL_LINKS_AGES - 1] = 1;
    return r;
}

static void expect_same(const sl_study_result *a, const sl_study_result *b) {
    assert_non_null(a);
    assert_non_null(b);
    assert_int_equal(a->n_episodes, b->n_episodes);
    assert_memory_equal(a->returns, b->returns, (size_t)a->n_episodes * sizeof *a->returns);
    assert_memory_equal(a->won, b->won, (size_t)a->n_episodes);
    assert_memory_equal(&a->counts, &b->counts, sizeof a->counts);
    assert_true(a->length >= b->length && a->length <= b->length);
}

static sl_study_store *open_store(const char *folder, bool fresh) {
    sl_study_store *store = NULL;
    if (sl_study_store_open(folder, fresh, &store) != SL_OK) fail_msg("%s", sl_error_what());
    return store;
}

static void add(sl_study_store *store, const char *key, double base) {
    sl_study_result *r = make_result(10, base);
    assert_int_equal(sl_study_store_add(store, key, &r), SL_OK);
    assert_null(r);
}

static void test_store(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char path[1024], log[1100];
    (void)snprintf(path, sizeof path, "%s/study/of mine", folder.path);
    (void)snprintf(log, sizeof log, "%s/points.log", path);
    sl_study_store *store = open_store(path, false);
    assert_null(sl_study_store_find(store, key_a));
    add(store, key_a, -20);
    add(store, key_b, 1e-300);
    // one study a folder
    sl_study_store *second = NULL;
    assert_int_equal(sl_study_store_open(path, false, &second), SL_IO);
    assert_int_equal(sl_study_store_open(path, true, &second), SL_IO);
    sl_study_store_close(&store);
    store = open_store(path, false);
    sl_study_result *a = make_result(10, -20), *b = make_result(10, 1e-300);
    expect_same(sl_study_store_find(store, key_a), a);
    expect_same(sl_study_store_find(store, key_b), b);
    sl_study_store_close(&store);
    // killed while it wrote the second: the first stays, and the log can be added to
    FILE *file = fopen(log, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    assert_int_equal(ftruncate(fileno(file), ftell(file) - 5), 0);
    assert_int_equal(fclose(file), 0);
    store = open_store(path, false);
    expect_same(sl_study_store_find(store, key_a), a);
    assert_null(sl_study_store_find(store, key_b));
    add(store, key_b, 1e-300);
    sl_study_store_close(&store);
    store = open_store(path, false);
    expect_same(sl_study_store_find(store, key_b), b);
    sl_study_store_close(&store);
    store = open_store(path, true);
    assert_null(sl_study_store_find(store, key_a));
    sl_study_store_close(&store);
    sl_study_result_destroy(&a);
    sl_study_result_destroy(&b);
    sl_temp_folder_remove(&folder);
}

static void test_other_folders(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    sl_study_store *store = NULL;
    sl_temp_folder_write_text(&folder, "experiment.yaml", "name: x\n");
    assert_int_equal(sl_study_store_open(folder.path, false, &store), SL_USAGE);
    assert_non_null(strstr(sl_error_what(), "holds something else than a study"));
    // nor with --fresh
    assert_int_equal(sl_study_store_open(folder.path, true, &store), SL_USAGE);
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/experiment.yaml", folder.path);
    assert_int_not_equal(sl_study_store_open(path, false, &store), SL_OK);
    // a log of something else
    sl_temp_folder_write_text(&folder, "points.log", "this is no log of frames at all, however long it may be");
    assert_int_equal(sl_study_store_open(folder.path, false, &store), SL_CORRUPT);
    sl_temp_folder_remove(&folder);
}

static void test_full_disk(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/study", folder.path);
    sl_study_store *store = open_store(path, false);
    add(store, key_a, -20);
    struct rlimit old, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 700;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    sl_study_result *r = make_result(10, 3);
    sl_status status = sl_study_store_add(store, key_b, &r);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(status, SL_NO_SPACE);
    assert_null(r);
    assert_null(sl_study_store_find(store, key_b));
    // room was made
    add(store, key_b, 3);
    sl_study_store_close(&store);
    store = open_store(path, false);
    assert_non_null(sl_study_store_find(store, key_a));
    assert_non_null(sl_study_store_find(store, key_b));
    sl_study_store_close(&store);
    sl_temp_folder_remove(&folder);
}

static void test_same(void **state) {
    (void)state;
    sl_study_result *a = make_result(5, 0), *b = make_result(5, 0);
    assert_int_equal(sl_study_result_same(a, b), 5);
    b->returns[2] = nextafter(b->returns[2], 9);
    // bit for bit
    a->returns[0] = 0.0, b->returns[0] = -0.0;
    assert_int_equal(sl_study_result_same(a, b), 3);
    sl_study_result_destroy(&a);
    sl_study_result_destroy(&b);
}

// a record whose sum is right and whose content is not
static void test_odd_records(void **state) {
    (void)state;
    sl_study_result *r = make_result(3, 0), *back = NULL;
    json_t *good = sl_study_result_encode(r, key_a);
    assert_int_equal(sl_study_result_decode(good, &back), SL_OK);
    expect_same(r, back);
    sl_study_result_destroy(&back);
    const struct {
        const char *key, *value;
    } odd[] = {
        {"returns", "[]"},
        {"returns", "[1,2,\"x\"]"},
        {"returns", "{}"},
        {"won", "\"01\""},
        {"won", "\"012\""},
        {"length", "-1"},
        {"seconds", "\"long\""},
        {"counts", "{}"},
        {"counts", "[]"},
        {"action_ages", "[]"},
        {"action_ages", "{\"-1\":3}"},
        {"action_ages", "{\"1025\":3}"},
        {"action_ages", "{\"x\":3}"},
        {"action_ages", "{\"\":3}"},
        {"observation_ages", "{\"3\":-3}"},
        {"observation_ages", "{\"3\":0}"},
        {"observation_ages", "{\"3\":\"4\"}"},
    };
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        json_t *object = json_deep_copy(good);
        assert_int_equal(json_object_set_new(object, odd[i].key, json_loads(odd[i].value, JSON_DECODE_ANY, NULL)), 0);
        if (sl_study_result_decode(object, &back) != SL_CORRUPT)
            fail_msg("%s: %s is taken", odd[i].key, odd[i].value);
        json_decref(object);
    }
    json_decref(good);
    sl_study_result_destroy(&r);
}

// ---------------------------------------------------------------------------------------------------------- the
// numbers

static void test_numbers(void **state) {
    (void)state;
    sl_study_result *r = make_result(10, -20);
    sl_study_numbers n, again;
    assert_int_equal(sl_study_numbers_of(r, &n), SL_OK);
    assert_int_equal(sl_study_numbers_of(r, &again), SL_OK);
    assert_memory_equal(&n, &again, sizeof n);
    assert_near(n.mean_return.mean, -18.5);
    assert_true(n.mean_return.low < -18.6 && n.mean_return.low > -19.5);
    assert_true(n.mean_return.high > -18.4 && n.mean_return.high < -17.5);
    assert_near(n.won.mean, 0.5);
    assert_near(n.miss_rate, 0.25);
    assert_near(n.longest_run, 7);
    // on board the action is always there
    assert_true(isnan(n.fallback_rate));
    assert_near(n.divergence, 0.05);
    // 89 of age 0, 10 of age 4, one that never came
    assert_near(n.observation.p50, 0);
    assert_near(n.observation.p90, 4);
    assert_near(n.observation.p99, 4);
    assert_true(isinf(n.observation.p999));
    assert_near(n.observation.max, 4);
    assert_near(n.observation.never, 0.01);
    assert_true(isnan(n.action.p50) && isnan(n.action.max) && isnan(n.action.never));
    // remote: 80 agent-steps had an action or not, though decisions were fewer
    r->counts.action_ages[2] = 60, r->counts.action_ages[SL_LINKS_AGES - 1] = 20;
    assert_int_equal(sl_study_numbers_of(r, &n), SL_OK);
    assert_near(n.miss_rate, 25 / 80.0);
    assert_near(n.fallback_rate, 10 / 80.0);
    assert_near(n.action.p50, 2);
    assert_near(n.action.never, 0.25);
    sl_study_result_destroy(&r);
}

// K results of E episodes each, all of them with the same return, but for noise of mean 0
static void make_curve(int K, const double *values, double noise, sl_study_result **out) {
    for (int k = 0; k < K; k++) {
        assert_int_equal(sl_study_result_create(100, true, &out[k]), SL_OK);
        for (int e = 0; e < 100; e++) {
            out[k]->returns[e] = values[k] + (e % 2 ? noise : -noise);
            out[k]->won[e] = e < values[k];
        }
    }
}

static sl_study_crossover cross(int K, const double *upper, double noise, const double *lower, bool wins) {
    const double x[] = {0, 2, 3, 7};
    sl_study_result *u[4], *l[4];
    sl_study_crossover c;
    make_curve(K, upper, noise, u);
    make_curve(K, lower, 0, l);
    assert_int_equal(
        sl_study_cross(K, x, (const sl_study_result *const *)u, (const sl_study_result *const *)l, wins, &c), SL_OK);
    for (int k = 0; k < K; k++) {
        sl_study_result_destroy(&u[k]);
        sl_study_result_destroy(&l[k]);
    }
    assert_true(c.is_known == (K > 0));
    return c;
}

static void test_crossover(void **state) {
    (void)state;
    const double level[] = {10, 10, 10, 10};
    // 4 above at 2, 1 below at 3: at 2.8
    sl_study_crossover c = cross(4, (const double[]){15, 14, 9, 2}, 0, level, false);
    assert_near(c.at, 2.8);
    assert_near(c.low, 2.8);
    assert_near(c.high, 2.8);
    // the first time counts
    assert_near(cross(4, (const double[]){12, 8, 12, 2}, 0, level, false).at, 1);
    // what is equal is not below
    c = cross(4, level, 0, level, false);
    assert_true(isinf(c.at) && isinf(c.low) && isinf(c.high));
    // below from the start
    c = cross(4, (const double[]){9, 12, 12, 12}, 0, level, false);
    assert_near(c.at, 0);
    // a standard error of 0.2 on a slope of 1 a step: 2 of them on each side, which reaches into the next piece
    c = cross(4, (const double[]){11, 10.5, 9.5, 5.5}, 2, level, false);
    assert_near(c.at, 2.5);
    assert_true(c.low > 2 && c.low < 2.2 && c.high > 2.8 && c.high <= 3);
    // whose interval goes beyond the delays
    c = cross(4, (const double[]){13, 12, 11, 9.9}, 2, level, false);
    assert_true(c.at > 6 && c.low > 4 && c.low < 7 && isinf(c.high));
    assert_near(cross(3, (const double[]){60, 55, 45}, 0, (const double[]){50, 50, 50}, true).at, 2.5);
    assert_false(cross(0, level, 0, level, false).is_known);
}

// ------------------------------------------------------------------------------------------------------------ the
// files

// one run of two agents whose teacher falls by 2 a step, its students by a half
static void fill(sl_study *study, sl_study_result **results) {
    sl_study_choice c = all_of("0..3");
    sl_study_team team = {.n_agents = 2, .max_steps = 25, .has_students = true, .has_teacher = true};
    sl_study_section *section = &study->sections[0];
    *study = (sl_study){.command = "starling study latency x", .n_episodes = 10, .seed = 1, .seconds = 2};
    study->n_sections = 1;
    (void)snprintf(section->label, sizeof section->label, "it's");
    section->env = "mpe/simple_spread_v3";
    section->n_agents = 2, section->max_steps = 25, section->step_ms = 100, section->can_win = true;
    assert_int_equal(sl_study_plan(&c, &team, false, &section->points, &section->n), SL_OK);
    section->rows = sl_alloc_array((size_t)section->n, sizeof *section->rows);
    assert_non_null(section->rows);
    for (int i = 0; i < section->n; i++) {
        const sl_study_point *p = &section->points[i];
        bool is_central = p->execution == SL_STUDY_CENTRAL;
        double base = p->sweep != SL_STUDY_DELAY ? 0 : p->x * (is_central ? -2 : -0.5);
        results[i] = make_result(10, base + (p->execution == SL_STUDY_ONBOARD ? -1 : 0));
        results[i]->counts.action_ages[i % 7] = is_central ? 5 : 0;
        section->rows[i].result = results[i];
    }
    section->rows[1].flown = 10, section->rows[1].equal = 9;
    assert_int_equal(sl_study_settle(study), SL_OK);
}

static bool has(const sl_temp_folder *folder, const char *name) {
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", folder->path, name);
    return access(path, R_OK) == 0;
}

// the script of a picture says that
static void assert_drawn_with(const sl_temp_folder *folder, const char *script, const char *words) {
    static char text[65536];
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder->path, script);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
    assert_non_null(strstr(text, words));
}

static void test_files(void **state) {
    (void)state;
    static sl_study study;
    sl_study_result *results[128];
    sl_temp_folder folder = sl_temp_folder_create();
    fill(&study, results);
    const sl_study_section *section = &study.sections[0];
    int n = section->n;
    // 1 above at 0, a half below at 1
    assert_near(section->by_return.at, 2.0 / 3);
    char text[SL_STUDY_TEXT];
    assert_string_equal(sl_study_crossover_text(section, &section->by_return, "return", text),
                        "crossover of the return: 0.67 steps [0.67, 0.67]");
    assert_string_equal(
        sl_study_crossover_text(section, &(sl_study_crossover){true, INFINITY, 2.5, INFINITY}, "win rate", text),
        "crossover of the win rate: none within 0..3 steps [2.50, > 3]");
    assert_int_equal(section->n_fresh, 10);
    assert_int_equal(section->n_same, 10);
    assert_int_equal(sl_study_write(&study, folder.path, true), SL_OK);
    bool drawn = false;
    assert_int_equal(sl_study_draw(&study, folder.path, &drawn), SL_OK);
    assert_true(has(&folder, "study.csv") && has(&folder, "study.json") && has(&folder, "study.md"));
    // every picture that study.md shows is there, in both kinds
    char *page = NULL;
    size_t size = 0;
    int n_pictures = 0;
    FILE *file = open_memstream(&page, &size);
    assert_non_null(file);
    sl_study_markdown(&study, true, file);
    assert_int_equal(fclose(file), 0);
    for (char *at = strstr(page, "]("); drawn && at; at = strstr(at, "](")) {
        char name[128];
        at += 2;
        (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(at, ")"), at);
        assert_true(has(&folder, name));
        memcpy(strstr(name, ".svg"), ".png", 4);
        assert_true(has(&folder, name));
        memcpy(strstr(name, ".png"), ".gp", 4);
        if (strstr(name, "-ages")) assert_drawn_with(&folder, name, "6 \u00b1 3");
        if (strstr(name, "-presets")) assert_drawn_with(&folder, name, "preset; a step is ");
        n_pictures++;
    }
    if (drawn) assert_int_equal(n_pictures, 10);
    assert_non_null(strstr(page, "- crossover of the return: 0.67 steps [0.67, 0.67]\n"));
    // whoever has this file alone knows what it says
    static const char *const words[] = {"on board",    "remote",   "central",  "crossover", "age", "missed",
                                        "longest run", "fallback", "diverged", "`never`",   "`-`"};
    const char *legend = strstr(page, "\n## How to read it\n");
    assert_true(legend && legend < strstr(page, "\n## it's\n"));
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        char item[64];
        (void)snprintf(item, sizeof item, "\n- **%s**: ", words[i]);
        if (!strstr(legend, item)) fail_msg("study.md does not say what %s is", words[i]);
    }
    assert_non_null(strstr(page, "| onboard | delay 1 | 10 | 9 |\n"));
    free(page);
    sl_study_fini(&study);
    for (int i = 0; i < n; i++) sl_study_result_destroy(&results[i]);
    sl_temp_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delays),    cmocka_unit_test(test_choices),
        cmocka_unit_test(test_points),    cmocka_unit_test(test_longer_than_an_episode),
        cmocka_unit_test(test_store),     cmocka_unit_test(test_other_folders),
        cmocka_unit_test(test_full_disk), cmocka_unit_test(test_odd_records),
        cmocka_unit_test(test_same),      cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_crossover), cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
