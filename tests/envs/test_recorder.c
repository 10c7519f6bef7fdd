/* test_recorder.c - what is recorded replays without a difference, and recording changes nothing. */
#include "common/alloc.h"
#include "envs/family.h"
#include "envs/recording/recorder.h"
#include "envs/recording/recording.h"
#include "envs/streams.h"
#include "support/temp_folder.h"
#include "support/torture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

enum { MAX_N = 8, MAX_A = 64, EPISODES = 3 };

static const char OWN_MAP[] =
    "{\"step_limit\": 9, \"width\": 20, \"height\": 10, \"allies\": [{\"at\": [5, 5], \"units\": {\"marine\": 2, "
    "\"zealot\": 1}}], \"enemies\": [{\"at\": [12, 5], \"units\": {\"marauder\": 2}}], \"goal\": [5, 5]}\n";

/* A copy that plays at random, with or without a recording. */
typedef struct player {
    sl_env *env;
    const sl_env_spec *spec;
    uint8_t avail[MAX_N * MAX_A], terminated, truncated;
    double reward[MAX_N], total;
    long steps;
} player;

static sl_status act(player *p, sl_env_recorder *writer, sl_rng *stream, sl_env_out *out) {
    int32_t actions[MAX_N];
    float vectors[MAX_N * MAX_A];
    int N = p->spec->n_agents, A = p->spec->n_actions;
    for (int i = 0; i < N; i++) {
        const uint8_t *avail = p->spec->masks_actions ? p->avail + i * A : NULL;
        actions[i] = sl_streams_choose(stream, p->spec->agents[i].n_actions, avail);
        for (int a = 0; a < A; a++) vectors[i * A + a] = (float)sl_rng_uniform(stream);
    }
    if (p->spec->continuous) {
        if (writer) return sl_env_recorder_step_continuous(writer, vectors, out);
        sl_env_step_continuous(p->env, 0, 1, vectors, out);
    } else {
        if (writer) return sl_env_recorder_step(writer, actions, out);
        sl_env_step(p->env, 0, 1, actions, out);
    }
    return SL_OK;
}

static sl_status play(player *p, sl_env_recorder *writer) {
    sl_env_out out = {
        .avail = p->avail, .reward = p->reward, .terminated = &p->terminated, .truncated = &p->truncated};
    p->spec = sl_env_get_spec(p->env);
    assert_true(p->spec->n_agents <= MAX_N && p->spec->n_actions <= MAX_A);
    for (int e = 0; e < EPISODES; e++) {
        sl_streams streams = sl_streams_of_episode(3, e);
        sl_env_seed(p->env, 0, &streams.env);
        if (writer) {
            SL_TRY(sl_env_recorder_reset(writer, e, &out));
        } else {
            sl_env_reset(p->env, 0, 1, NULL, &out);
        }
        do {
            SL_TRY(act(p, writer, &streams.action, &out));
            p->total += sl_env_return(p->spec, p->reward);
            p->steps++;
        } while (!p->terminated && !p->truncated);
    }
    return SL_OK;
}

static void open_env(player *p, const char *name, const sl_env_options *options) {
    sl_rng stream = sl_rng_seed(1);
    if (sl_env_create(name, options, 1, &stream, &p->env) != SL_OK) fail_msg("%s: %s", name, sl_error_what());
}

// plays with and without a recording, and checks it
static void round_trip(const char *path, const char *name, const sl_env_options *options) {
    player with = {.steps = 0}, without = {.steps = 0};
    sl_env_recorder_def def = {path, name, options, "random \"at\" random", 3};
    sl_env_recorder *writer = NULL;
    sl_recording_result result;
    open_env(&with, name, options);
    open_env(&without, name, options);
    assert_int_equal(sl_env_recorder_open(&def, with.env, &writer), SL_OK);
    assert_int_equal(play(&with, writer), SL_OK);
    assert_int_equal(sl_env_recorder_close(&writer), SL_OK);
    assert_null(writer);
    assert_int_equal(play(&without, NULL), SL_OK);
    assert_true(with.total == without.total && with.steps == without.steps);
    assert_true(sl_env_hash(with.env) == sl_env_hash(without.env));
    if (sl_recording_check(path, &result) != SL_OK) fail_msg("%s", sl_error_what());
    assert_string_equal(result.env, with.spec->name);
    assert_int_equal(result.steps, with.steps);
    assert_int_equal(result.mismatched_steps, 0);
    assert_true(result.max_abs_obs == 0.0 && result.max_abs_state == 0.0 && result.max_abs_reward == 0.0);
    assert_true(result.max_abs_units == 0.0 && result.flags_equal && result.within_tolerance);
    sl_env_destroy(&with.env);
    sl_env_destroy(&without.env);
}

static void every_environment_comes_back(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    for (int i = 0; i < sl_env_n_names(); i++) {
        sl_env_options options = sl_env_default_options();
        const char *name = sl_env_name(i), *path = sl_temp_folder_file(&folder, i % 2 ? "r.jsonl" : "r.jsonl.gz");
        if (strstr(name, "10m") || strstr(name, "27m") || !sl_env_family_of(name)->recording) continue;
        round_trip(path, name, &options);
        if (strncmp(name, "mpe/", 4) != 0) continue;
        sl_env_at(&options, "continuous")->yes = sl_env_at(&options, "legacy_physics")->yes = true;
        sl_env_at(&options, "max_steps")->whole = 7;
        round_trip(path, name, &options);
    }
    sl_temp_folder_remove(&folder);
}

// the first line behind the version of the program, byte for byte
static void headers_are_as_ever(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"mpe/simple_spread_v3",
         "\"env\":\"simple_spread_v3\",\"policy\":\"p\",\"seed\":3,\"options\":{\"switches\":[\"legacy_physics\"],"
         "\"N\":4},\"continuous\":true,\"max_cycles\":9}\n"},
        {"combat/3m",
         "\"env\":\"combat/3m\",\"policy\":\"p\",\"seed\":3,\"options\":{\"switches\":[\"full\",\"hold\"],"
         "\"spawn_shift\":2.5,\"max_steps\":9},\"n_agents\":3,\"n_enemies\":3,\"n_actions\":9,\"obs_size\":30,"
         "\"state_size\":48,\"unit_fields\":[\"alive\",\"hp\",\"shield\",\"x\",\"y\",\"vx\",\"vy\",\"cooldown\","
         "\"shield_cooldown\",\"target_id\"]}\n"},
    };
    sl_temp_folder folder = sl_temp_folder_create();
    const char *path = sl_temp_folder_file(&folder, "r.jsonl");
    for (int k = 0; k < 2; k++) {
        sl_env_options options = sl_env_default_options();
        sl_env_recorder_def def = {path, rows[k][0], &options, "p", 3};
        sl_env_recorder *writer = NULL;
        player p = {.steps = 0};
        char line[1024];
        sl_env_at(&options, "max_steps")->whole = 9;
        if (k == 0) {
            sl_env_at(&options, "n_agents")->whole = 4;
            sl_env_at(&options, "continuous")->yes = sl_env_at(&options, "legacy_physics")->yes = true;
        } else {
            assert_int_equal(sl_env_set_switch(&options, "hold"), SL_OK);
            assert_int_equal(sl_env_set_switch(&options, "full"), SL_OK);
            assert_int_equal(sl_env_set_switch(&options, "spawn_shift=2.5"), SL_OK);
        }
        open_env(&p, rows[k][0], &options);
        assert_int_equal(sl_env_recorder_open(&def, p.env, &writer), SL_OK);
        assert_int_equal(sl_env_recorder_close(&writer), SL_OK);
        FILE *file = fopen(path, "r");
        assert_non_null(fgets(line, sizeof line, file));
        (void)fclose(file);
        const char *env = strstr(line, "\"env\"");
        assert_string_equal(env, rows[k][1]);
        sl_env_destroy(&p.env);
    }
    sl_temp_folder_remove(&folder);
}

static void options_and_switches_come_back(void **state) {
    (void)state;
    static const char *const switches[] = {
        "full", "hold", "no_corpse_attack", "wall_offset_fix", "clamp_to_map", "clear_last_actions"};
    sl_temp_folder folder = sl_temp_folder_create();
    const char *path = sl_temp_folder_file(&folder, "r.jsonl.gz");
    sl_env_options all = sl_env_default_options();
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++) {
        sl_env_options options = sl_env_default_options();
        assert_int_equal(sl_env_set_switch(&options, switches[i]), SL_OK);
        assert_int_equal(sl_env_set_switch(&all, switches[i]), SL_OK);
        round_trip(path, "combat/3s5z", &options);
    }
    sl_env_options shifted = sl_env_default_options();
    sl_env_at(&shifted, "spawn_shift")->real = 4.0;
    round_trip(path, "combat/3m", &shifted);
    sl_env_at(&shifted, "spawn_shift")->real = 0.1;
    round_trip(path, "combat/3s5z", &shifted);
    sl_env_at(&all, "max_steps")->whole = 11;
    round_trip(path, "combat/5m_vs_6m", &all);
    sl_env_options spread = sl_env_default_options();
    sl_env_at(&spread, "n_agents")->whole = 5;
    sl_env_at(&spread, "local_ratio")->real = 0.1;
    round_trip(path, "mpe/simple_spread_v3", &spread);
    sl_temp_folder_remove(&folder);
}

// an opponent that remembers, so that asking it twice would show
static int32_t wander(const void *context, int unit, const float *obs, const uint8_t *avail, float *memory) {
    (void)context;
    int n = 0, wanted = (unit + (int)memory[0] + (obs[3] > 0.5f)) % 7;
    memory[0] += 3.0f;
    for (int a = 0; a < 14; a++) {
        if (avail[a] && n++ == wanted) return a;
    }
    return 1;
}

static void an_opponent_policy_comes_back(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    sl_env_options options = sl_env_default_options();
    sl_env_at(&options, "opponent")->text = SL_OPPONENT_POLICY;
    options.policy = (sl_opponent_policy){wander, NULL, 1};
    round_trip(sl_temp_folder_file(&folder, "r.jsonl.gz"), "combat/8m", &options);
    round_trip(sl_temp_folder_file(&folder, "r.jsonl.gz"), "combat/3s5z", &options);
    sl_temp_folder_remove(&folder);
}

static void a_map_of_ones_own_comes_back(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char map[512], name[544], path[512];
    (void)snprintf(map, sizeof map, "%s", sl_temp_folder_file(&folder, "m.json"));
    (void)snprintf(name, sizeof name, "combat/%s", map);
    (void)snprintf(path, sizeof path, "%s", sl_temp_folder_file(&folder, "r.jsonl"));
    FILE *file = fopen(map, "w");
    assert_true(file && fputs(OWN_MAP, file) >= 0 && fclose(file) == 0);
    sl_env_options options = sl_env_default_options();
    round_trip(path, name, &options);
    // without its map it is nothing
    assert_int_equal(remove(map), 0);
    sl_recording_result result;
    assert_int_equal(sl_recording_check(path, &result), SL_NOT_FOUND);
    assert_non_null(strstr(sl_error_what(), "m.json: No such file"));
    assert_non_null(strstr(sl_error_what(), "r.jsonl: a battle on the map"));
    sl_temp_folder_remove(&folder);
}

static sl_status write_to(const char *path) {
    player p = {.steps = 0};
    sl_env_options options = sl_env_default_options();
    sl_env_recorder_def def = {path, "combat/3s5z", &options, NULL, 3};
    sl_env_recorder *writer = NULL;
    open_env(&p, def.name, &options);
    sl_status status = sl_env_recorder_open(&def, p.env, &writer);
    if (status == SL_OK) status = play(&p, writer);
    sl_status closed = sl_env_recorder_close(&writer);
    sl_env_destroy(&p.env);
    return status != SL_OK ? status : closed;
}

static void what_cannot_be_written_is_said(void **state) {
    (void)state;
    assert_int_equal(write_to("/nonexistent/r.jsonl"), SL_NOT_FOUND);
    assert_non_null(strstr(sl_error_what(), "cannot write /nonexistent/r.jsonl"));
    assert_int_equal(write_to("/tmp"), SL_IO);
    assert_int_equal(write_to("/dev/full"), SL_NO_SPACE);
    assert_non_null(strstr(sl_error_what(), "/dev/full"));
}

// a small recording that fits into what zlib holds back: the end is where it shows
static void a_full_disk_shows_at_the_end_too(void **state) {
    (void)state;
    player p = {.steps = 0};
    sl_env_options options = sl_env_default_options();
    sl_env_recorder_def def = {"/dev/full", "mpe/simple_v3", &options, NULL, 3};
    sl_env_recorder *writer = NULL;
    sl_env_out out = {0};
    open_env(&p, def.name, &options);
    assert_int_equal(sl_env_recorder_open(&def, p.env, &writer), SL_OK);
    assert_int_equal(sl_env_recorder_reset(writer, 0, &out), SL_OK);
    assert_int_equal(sl_env_recorder_close(&writer), SL_NO_SPACE);
    sl_env_destroy(&p.env);
}

static void numbers_that_json_lacks_are_refused(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    player p = {.steps = 0};
    sl_env_options options = sl_env_default_options();
    sl_env_at(&options, "continuous")->yes = true;
    sl_env_recorder_def def = {sl_temp_folder_file(&folder, "r.jsonl"), "mpe/simple_v3", &options, NULL, 3};
    sl_env_recorder *writer = NULL;
    sl_env_out out = {0};
    const float bad[5] = {0, 0, 0.0f / 0.0f, 0, 0};
    open_env(&p, def.name, &options);
    assert_int_equal(sl_env_recorder_open(&def, p.env, &writer), SL_OK);
    assert_int_equal(sl_env_recorder_reset(writer, 0, &out), SL_OK);
    assert_int_equal(sl_env_recorder_step_continuous(writer, bad, &out), SL_NOT_FINITE);
    assert_int_equal(sl_env_recorder_close(&writer), SL_OK);
    sl_env_destroy(&p.env);
    sl_temp_folder_remove(&folder);
}

// steps come without allocations of ours
static void steps_allocate_nothing(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    player p = {.steps = 0};
    sl_env_options options = sl_env_default_options();
    sl_env_recorder_def def = {sl_temp_folder_file(&folder, "r.jsonl"), "combat/3m", &options, NULL, 3};
    sl_env_recorder *writer = NULL;
    open_env(&p, def.name, &options);
    assert_int_equal(sl_env_recorder_open(&def, p.env, &writer), SL_OK);
    uint64_t before = sl_alloc_count();
    assert_int_equal(play(&p, writer), SL_OK);
    assert_true(sl_alloc_count() == before);
    assert_int_equal(sl_env_recorder_close(&writer), SL_OK);
    sl_env_destroy(&p.env);
    sl_temp_folder_remove(&folder);
}

static sl_status open_and_close(void *context) {
    sl_env_options options = sl_env_default_options();
    sl_env_recorder_def def = {context, "combat/3m", &options, NULL, 3};
    sl_env_recorder *writer = NULL;
    sl_env *env = NULL;
    sl_rng stream = sl_rng_seed(1);
    SL_TRY(sl_env_create(def.name, &options, 1, &stream, &env));
    sl_status status = sl_env_recorder_open(&def, env, &writer);
    if (status == SL_OK) status = sl_env_recorder_close(&writer);
    sl_env_destroy(&env);
    return status;
}

static void every_failed_allocation_is_survived(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char path[512];
    (void)snprintf(path, sizeof path, "%s", sl_temp_folder_file(&folder, "r.jsonl"));
    assert_true(sl_torture(open_and_close, path) > 4);
    sl_temp_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_as_ever),
        cmocka_unit_test(every_environment_comes_back),
        cmocka_unit_test(options_and_switches_come_back),
        cmocka_unit_test(an_opponent_policy_comes_back),
        cmocka_unit_test(a_map_of_ones_own_comes_back),
        cmocka_unit_test(what_cannot_be_written_is_said),
        cmocka_unit_test(a_full_disk_shows_at_the_end_too),
        cmocka_unit_test(numbers_that_json_lacks_are_refused),
        cmocka_unit_test(steps_allocate_nothing),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests_name("recorder", tests, NULL, NULL);
}
