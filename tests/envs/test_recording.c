/* test_recording.c - the reference's recordings replay, and damaged ones are refused with their line. */
#include "common/alloc.h"
#include "envs/recording/recording.h"
#include "support/temp_folder.h"
#include "support/torture.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#define GOLDEN SL_SOURCE_DIR "/tests/golden/"

static void recordings_replay(void **state) {
    (void)state;
    DIR *folder = opendir(GOLDEN);
    assert_non_null(folder);
    int n_files = 0;
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        if (!strstr(entry->d_name, ".jsonl")) continue;
        char path[1024];
        (void)snprintf(path, sizeof path, GOLDEN "%s", entry->d_name);
        sl_recording_result result;
        assert_int_equal(sl_recording_check(path, &result), SL_OK);
        // the tolerances asked for are 1e-6 and 1e-9; these are what the arithmetic gives: battles repeat bit for bit
        bool combat = strncmp(result.env, "combat/", 7) == 0;
        assert_true(result.max_abs_obs <= (combat ? 0.0 : 1e-12));
        assert_true(result.max_abs_state <= (combat ? 0.0 : 1e-12));
        assert_true(result.max_abs_reward <= 1e-12);
        assert_int_equal(result.mismatched_steps, 0);
        assert_true(result.flags_equal && result.within_tolerance);
        assert_true(combat ? result.steps >= 1 : result.steps == 25 || result.steps == 50);
        n_files++;
    }
    closedir(folder);
    assert_int_equal(n_files, 20);
}

static const char HEADER[] =
    "{\"kind\":\"header\",\"env\":\"simple_v3\",\"continuous\":false,\"options\":{},\"max_cycles\":25}\n";
static const char RESET[] =
    "{\"kind\":\"reset\",\"agents\":[\"agent_0\"],\"entities\":2,\"goals\":[[-1,-1]],\"key\":null,\"pos\":[0,0,3,4],"
    "\"obs\":{\"agent_0\":[0,0,3,4]}}\n";
// one push to the right: the agent has not moved yet, but will
static const char STEP[] = "{\"kind\":\"step\",\"actions\":[2],\"obs\":[[0.5,0,3,4]],\"rewards\":[-25.0],"
                           "\"truncated\":false,\"pos\":[0,0,3,4],\"vel\":[0.5,0]}\n";

// a recording of the three lines with text instead of every occurrence of old
static char *edited(const char *old, const char *text) {
    static char whole[4096], result[8192];
    (void)snprintf(whole, sizeof whole, "%s%s%s", HEADER, RESET, STEP);
    result[0] = '\0';
    const char *from = whole;
    if (old) assert_non_null(strstr(whole, old));
    for (const char *hit = old ? strstr(from, old) : NULL; hit; hit = strstr(from, old)) {
        size_t len = strlen(result);
        (void)snprintf(result + len, sizeof result - len, "%.*s%s", (int)(hit - from), from, text);
        from = hit + strlen(old);
    }
    size_t len = strlen(result);
    (void)snprintf(result + len, sizeof result - len, "%s", from);
    return result;
}

static sl_status check(const char *text, sl_recording_result *result) {
    sl_temp_folder folder = sl_temp_folder_create();
    sl_status status = sl_recording_check(sl_temp_folder_write_text(&folder, "lines", text), result);
    sl_temp_folder_remove(&folder);
    return status;
}

static void one_step_by_hand(void **state) {
    (void)state;
    sl_recording_result result;
    assert_int_equal(check(edited(NULL, NULL), &result), SL_OK);
    assert_string_equal(result.env, "mpe/simple_v3");
    assert_int_equal(result.steps, 1);
    assert_true(result.within_tolerance);
}

static void differences_are_measured(void **state) {
    (void)state;
    sl_recording_result result;
    assert_int_equal(check(edited("-25.0", "-25.5"), &result), SL_OK);
    assert_true(result.max_abs_reward == 0.5 && result.mismatched_steps == 1 && !result.within_tolerance);
    assert_int_equal(check(edited("-25.0", "-25.00000001"), &result), SL_OK);
    assert_false(result.within_tolerance);
    assert_int_equal(check(edited("[[0.5,", "[[0.500002,"), &result), SL_OK);
    assert_true(result.max_abs_obs > 1e-6 && result.mismatched_steps == 1 && !result.within_tolerance);
    // the observation of the reset counts too
    assert_int_equal(check(edited("\"agent_0\":[0,", "\"agent_0\":[0.25,"), &result), SL_OK);
    assert_true(result.max_abs_obs == 0.25 && result.mismatched_steps == 1);
    assert_int_equal(check(edited("\"vel\":[0.5", "\"vel\":[0.6"), &result), SL_OK);
    assert_true(result.max_abs_state > 0.09 && !result.within_tolerance);
    assert_int_equal(check(edited("\"truncated\":false", "\"truncated\":true"), &result), SL_OK);
    assert_true(!result.flags_equal && !result.within_tolerance);
}

static void damage_is_named(void **state) {
    (void)state;
    static const struct {
        const char *old, *text, *line;
        sl_status status;
    } cases[] = {
        {"{\"kind\":\"header\"", "{\"kind\":\"step\"", "lines:1:", SL_CORRUPT},
        {"\"simple_v3\"", "7", "lines:1:", SL_CORRUPT},
        {"\"simple_v3\"", "\"combat/4m\"", "combat/4m", SL_MISMATCH},
        {"\"simple_v3\"", "\"combat/3m\"", "lines:1: key 'n_agents'", SL_CORRUPT},
        {"\"options\":{}", "\"options\":{\"N\":3}", "n_agents", SL_MISMATCH},
        {"\"options\":{}", "\"options\":{\"M\":3}", "'M'", SL_MISMATCH},
        {"\"options\":{}", "\"options\":{\"N\":1e9}", "lines:1:", SL_CORRUPT},
        {"\"options\":{}", "\"options\":{\"N\":99999999999999999999999}", "lines:1:", SL_CORRUPT},
        {"\"max_cycles\":25", "\"max_cycles\":0", "lines:1:", SL_CORRUPT},
        {"\"kind\":\"reset\"", "\"kind\":\"rest\"", "lines:2: unknown kind 'rest'", SL_CORRUPT},
        {"\"kind\":\"reset\"", "\"kind\":\"step\"", "lines:2: a step outside", SL_CORRUPT},
        {"\"kind\":\"reset\"", "\"kind\":\"header\"", "lines:2: a second header", SL_CORRUPT},
        {"[\"agent_0\"]", "[\"agent_1\"]", "lines:2: agent 0", SL_CORRUPT},
        {"[\"agent_0\"]", "[\"agent_0\",\"agent_1\"]", "lines:2:", SL_CORRUPT},
        {"\"entities\":2", "\"entities\":3", "lines:2:", SL_CORRUPT},
        {"\"key\":null,\"pos\":[0,0,3,4]", "\"pos\":[0,0,3]", "lines:2:", SL_CORRUPT},
        {"\"key\":null,\"pos\":[0,0,3,4]", "\"pos\":[0,0,3,1e300]", "lines:2:", SL_CORRUPT},
        {"\"key\":null,\"pos\":[0,0,3,4]", "\"pos\":[0,0,3,\"4\"]", "lines:2:", SL_CORRUPT},
        {"{\"agent_0\":[0,0,3,4]}", "{}", "lines:2: an observation", SL_CORRUPT},
        {"\"actions\":[2]", "\"actions\":[5]", "lines:3: an action", SL_CORRUPT},
        {"\"actions\":[2]", "\"actions\":[-1]", "lines:3: an action", SL_CORRUPT},
        {"\"actions\":[2]", "\"actions\":[]", "lines:3:", SL_CORRUPT},
        {"\"truncated\":false", "\"truncated\":0", "lines:3:", SL_CORRUPT},
        {"\"rewards\":[-25.0]", "\"rewards\":[1e999]", "lines:3: not JSON", SL_CORRUPT},
        {"\"rewards\":[-25.0]", "\"rewards\":null", "lines:3:", SL_CORRUPT},
        {"[0.5,0]}\n", "[0.5,0]", "lines:3: not JSON", SL_CORRUPT},
        {"[0.5,0]}\n", "[0.5,0]}\n[]\n", "lines:4: not a JSON object", SL_CORRUPT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sl_recording_result result = {.steps = 77};
        assert_int_equal(check(edited(cases[i].old, cases[i].text), &result), cases[i].status);
        if (!strstr(sl_error_what(), cases[i].line)) fail_msg("case %zu says: %s", i, sl_error_what());
        assert_int_equal(result.steps, 77);
    }
}

// the recorded battle of the samples, line by line as it is but for one edit
static sl_status check_battle(const char *old, const char *text, sl_recording_result *result) {
    enum { SIZE = 1 << 17 };
    char *whole = sl_alloc(SIZE), *edit = sl_alloc(SIZE);
    gzFile file = gzopen(GOLDEN "smaclite_3m_wall.jsonl.gz", "rb");
    assert_true(whole && edit && file);
    int n = gzread(file, whole, SIZE - 1);
    assert_true(n > 0 && n < SIZE - 1);
    (void)gzclose(file);
    char *hit = strstr(whole, old);
    assert_non_null(hit);
    (void)snprintf(edit, SIZE, "%.*s%s%s", (int)(hit - whole), whole, text, hit + strlen(old));
    sl_status status = check(edit, result);
    sl_free(whole);
    sl_free(edit);
    return status;
}

static void battles_are_compared(void **state) {
    (void)state;
    static const struct {
        const char *old, *text;
        bool flags;
    } cases[] = {
        {"\"reward\":0.0", "\"reward\":0.5", true},
        {"\"done\":false", "\"done\":true", false},
        {"\"battle_won\":false", "\"battle_won\":true", false},
        {"\"avail\":[[0,1,1", "\"avail\":[[0,1,0", false},
        {"\"obs\":[[1.0", "\"obs\":[[0.999", true},
        {"\"state\":[1.0", "\"state\":[0.999", true},
        {"\"done\":false", "\"truncated\":true,\"done\":false", false},
        {"\"post\":[[1,45.0", "\"post\":[[1,44.9", true},
        {"\"post\":[[1,45.0,0.0,2.3", "\"post\":[[1,45.0,0.0,2.4", true},
        {"\"post\":[[1,45.0", "\"post\":[[0,0.0", true},
        {"0.61,0.0,2]", "0.61,0.0,1]", true},
    };
    sl_recording_result result;
    assert_int_equal(check_battle("\"kind\"", "\"kind\"", &result), SL_OK);
    assert_true(result.within_tolerance && result.mismatched_steps == 0 && result.steps == 12);
    assert_string_equal(result.env, "combat/3m");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        // a battle that is said to be over has no next step
        sl_status status = check_battle(cases[i].old, cases[i].text, &result);
        if (strstr(cases[i].old, "done")) {
            assert_int_equal(status, SL_CORRUPT);
            continue;
        }
        assert_int_equal(status, SL_OK);
        assert_true(result.flags_equal == cases[i].flags && result.mismatched_steps == 1);
        assert_false(result.within_tolerance);
    }
}

static void damage_to_battles_is_named(void **state) {
    (void)state;
    static const struct {
        const char *old, *text, *line;
        sl_status status;
    } cases[] = {
        {"\"n_enemies\":3", "\"n_enemies\":4", "lines:1: n_enemies is 4, not 3", SL_MISMATCH},
        {"\"combat/3m\"", "\"combat/8m\"", "lines:1: n_agents is 3, not 8", SL_MISMATCH},
        {"\"combat/3m\"", "\"combat/no/such.json\"", "lines: a battle on the map no/such.json: No such",
         SL_NOT_FOUND},
        {"\"combat/3m\"", "\"combat/../x.jsn\"", "not here", SL_MISMATCH},
        {"\"map\":", "\"options\":[],\"map\":", "lines:1: key 'options' is not", SL_CORRUPT},
        {"\"map\":", "\"options\":{\"N\":3},\"map\":", "lines: combat/3m has no option n_agents", SL_MISMATCH},
        {"\"map\":", "\"options\":{\"max_steps\":0},\"map\":", "lines:1: option max_steps", SL_CORRUPT},
        {"\"map\":", "\"options\":{\"spawn_shift\":8.5},\"map\":", "lines:1: option spawn_shift is not", SL_CORRUPT},
        {"\"map\":", "\"options\":{\"spawn_shift\":\"4\"},\"map\":", "lines:1: option spawn_shift is not",
         SL_CORRUPT},
        {"\"map\":", "\"options\":{\"switches\":1},\"map\":", "lines:1: option switches", SL_CORRUPT},
        {"\"map\":", "\"options\":{\"switches\":[1]},\"map\":", "lines:1: entry 0 of option switches", SL_CORRUPT},
        {"\"map\":", "\"options\":{\"switches\":[\"no\"]},\"map\":", "lines:1: unknown switch 'no'", SL_MISMATCH},
        {"\"map\":", "\"options\":{\"switches\":[\"continuous\"]},\"map\":", "no option continuous", SL_MISMATCH},
        {"\"map\":", "\"options\":{\"opponent\":\"me\"},\"map\":", "lines:1: option opponent", SL_CORRUPT},
        {"\"map\":", "\"options\":{\"opponent\":\"policy\"},\"map\":", "lines:3: key 'enemy_actions'", SL_CORRUPT},
        {"\"post\":[[1", "\"post\":[[2", "lines:3: unit 0: 'alive' is 2", SL_CORRUPT},
        {"\"post\":[[", "\"post\":[[1],[", "lines:3: key 'post' has 7", SL_CORRUPT},
        {"\"post\":", "\"past\":", "lines:3: key 'post' is not an array", SL_CORRUPT},
        {"\"done\":", "\"truncated\":0,\"done\":", "lines:3: key 'truncated'", SL_CORRUPT},
        {"\"shield_cooldown\"", "\"delay\"", "lines:1: unit field 8", SL_CORRUPT},
        {"\"units\":[[1,", "\"units\":[[2,", "lines:2: unit 0: 'alive' is 2", SL_CORRUPT},
        {"\"units\":[[1,45.0", "\"units\":[[1,46.0", "lines:2: unit 0: 'hp' is 46", SL_CORRUPT},
        {"\"units\":[[1,45.0", "\"units\":[[0,45.0", "lines:2: unit 0: alive and health", SL_CORRUPT},
        {"\"units\":[[1,45.0,0.0,8", "\"units\":[[1,45.0,0.0,1e5,8", "lines:2: unit 0 has 11", SL_CORRUPT},
        {"\"units\":[[", "\"units\":[[1],[", "lines:2: key 'units' has 7", SL_CORRUPT},
        {",-1]", ",6]", "lines:2: unit 0: 'target_id' is 6", SL_CORRUPT},
        {",-1]", ",0.5]", "lines:2: unit 0: 'target_id' is 0.5", SL_CORRUPT},
        {"\"avail\":[[0", "\"avail\":[[2", "lines:2: an entry of 'avail'", SL_CORRUPT},
        {"\"avail\":[[0,", "\"avail\":[[", "lines:2: a row of 'avail'", SL_CORRUPT},
        {"\"actions\":[", "\"actions\":[9,", "lines:3: key 'actions'", SL_CORRUPT},
        {"\"perms\":[[", "\"perms\":[[6,", "lines:3: ", SL_CORRUPT},
        {"\"perms\":[[", "\"perms\":[[],[", "lines:3: key 'perms'", SL_CORRUPT},
        {"\"reward\":0.0", "\"reward\":null", "lines:3: key 'reward'", SL_CORRUPT},
        {"\"done\":false", "\"done\":0", "lines:3: key 'done'", SL_CORRUPT},
        {"\"state\":[", "\"state\":[1,", "lines:3: key 'state'", SL_CORRUPT},
        {"\"t\":12,", "\"t\":-1,", "lines:3: key 't' is not", SL_CORRUPT},
        {"\"pre\":", "\"single\":1,\"pre\":", "lines:3: key 'single' is not", SL_CORRUPT},
        {"\"pre\":", "\"single\":[6],\"pre\":", "lines:3: a unit of 'single'", SL_CORRUPT},
        {"\"kind\":\"reset\"", "\"kind\":\"step\"", "lines:2: a step outside", SL_CORRUPT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sl_recording_result result = {.steps = 77};
        sl_status status = check_battle(cases[i].old, cases[i].text, &result);
        if (status != cases[i].status || !strstr(sl_error_what(), cases[i].line)) {
            fail_msg("case %zu says: %s", i, sl_error_what());
        }
        assert_int_equal(result.steps, 77);
    }
}

static void a_recording_without_steps_is_refused(void **state) {
    (void)state;
    sl_recording_result result;
    assert_int_equal(check("", &result), SL_CORRUPT);
    assert_int_equal(check(HEADER, &result), SL_CORRUPT);
}

static void steps_after_the_end_are_refused(void **state) {
    (void)state;
    static char text[8192];
    (void)snprintf(text, sizeof text, "%s%s", edited("\"truncated\":false", "\"truncated\":true"), STEP);
    sl_recording_result result;
    assert_int_equal(check(text, &result), SL_CORRUPT);
    assert_non_null(strstr(sl_error_what(), "lines:4: a step outside an episode"));
}

static void copy_file(const char *from, const char *to, long n_bytes) {
    static char bytes[65536];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    assert_true(in && out);
    size_t n = fread(bytes, 1, sizeof bytes, in);
    if (n_bytes >= 0) n = (size_t)n_bytes;
    assert_int_equal(fwrite(bytes, 1, n, out), n);
    fclose(in);
    fclose(out);
}

static void bad_files_are_refused(void **state) {
    (void)state;
    sl_recording_result result;
    assert_int_equal(sl_recording_check(GOLDEN "no_such_file.jsonl", &result), SL_NOT_FOUND);
    assert_int_not_equal(sl_recording_check(GOLDEN, &result), SL_OK);
    sl_temp_folder folder = sl_temp_folder_create();
    const char *path = sl_temp_folder_file(&folder, "cut.jsonl.gz");
    copy_file(GOLDEN "simple_crypto_v3_cont.jsonl.gz", path, 2500);
    assert_int_equal(sl_recording_check(path, &result), SL_CORRUPT);
    assert_non_null(strstr(sl_error_what(), "cut"));
    // a line of two megabytes
    path = sl_temp_folder_file(&folder, "long.jsonl");
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (int i = 0; i < 1 << 21; i++) (void)fputc(' ', file);
    fclose(file);
    assert_int_equal(sl_recording_check(path, &result), SL_CORRUPT);
    assert_non_null(strstr(sl_error_what(), ":1: longer"));
    sl_temp_folder_remove(&folder);
}

static sl_status whole_life(void *context) {
    sl_recording_result result;
    return sl_recording_check(context, &result);
}

static void every_failed_allocation_is_survived(void **state) {
    (void)state;
    static char path[] = GOLDEN "simple_v3.jsonl";
    assert_true(sl_torture(whole_life, path) > 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recordings_replay),
        cmocka_unit_test(one_step_by_hand),
        cmocka_unit_test(differences_are_measured),
        cmocka_unit_test(damage_is_named),
        cmocka_unit_test(battles_are_compared),
        cmocka_unit_test(damage_to_battles_is_named),
        cmocka_unit_test(a_recording_without_steps_is_refused),
        cmocka_unit_test(steps_after_the_end_are_refused),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests_name("recording", tests, NULL, NULL);
}
