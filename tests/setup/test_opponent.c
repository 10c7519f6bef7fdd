/* test_opponent.c - a policy file as the opponent: it plays what its network says, and what does not fit is refused.
 */
#include "nn/dist.h"
#include "nn/policy.h"
#include "setup/setup.h"
#include "storage/file.h"
#include "support/temp_folder.h"
#include "support/torture.h"

#include "common/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { TOLD = sizeof((sl_profile *)NULL)->env_options };
static const char KEY[] = "key 'env.opponent'";
static sl_experiment *parse(const char *env, const char *const sets[2], const char *opponent) {
    char yaml[1024];
    sl_experiment *experiment = NULL;
    int n = snprintf(yaml, sizeof yaml,
                     "name: unit\nseed: 3\nenv: {name: \"%s\", opponent: \"%s\"}\n"
                     "teacher: {actor: {hidden: 16, layers: 1}}\nstudents:\n- {net: {hidden: 16, layers: 1}}\n",
                     env, opponent);
    assert_true(n > 0 && n < (int)sizeof yaml);
    if (sl_experiment_parse("unit.yaml", yaml, (size_t)n, sets, sets ? 2 : 0, &experiment) != SL_OK)
        fail_msg("%s", sl_error_what());
    return experiment;
}

// writes a teacher of env with random weights, or student agent; forge alters its profile
static void write_policy(const char *path, const char *env, const char *const sets[2], int agent,
                         void (*forge)(sl_profile *)) {
    sl_experiment *experiment = parse(env, sets, "reference");
    sl_setup *setup = NULL;
    if (sl_setup_create(experiment, &setup) != SL_OK) fail_msg("%s", sl_error_what());
    sl_policy policy = {.profile = sl_setup_profile(setup, agent),
                        .def = agent < 0 ? setup->teacher : setup->students[agent]};
    policy.params = sl_alloc_array(sl_net_n_params(&policy.def), sizeof *policy.params);
    assert_non_null(policy.params);
    sl_rng rng = sl_rng_seed(8);
    sl_net_init(&policy.def, 1.0f, &rng, policy.params);
    if (forge) forge(&policy.profile);
    if (sl_policy_save(&policy, path) != SL_OK) fail_msg("%s", sl_error_what());
    sl_policy_fini(&policy);
    sl_setup_destroy(&setup);
    sl_experiment_destroy(&experiment);
}

// what the opponent policy answers, against the network asked by hand
static void check_answers(const sl_opponent_policy *opponent, const char *path, bool agent_id, int memory) {
    sl_policy policy = {0};
    assert_int_equal(sl_policy_load(path, &policy), SL_OK);
    assert_int_equal(opponent->memory, memory);
    assert_int_equal(policy.def.in_dim, 30 + 3 * agent_id);
    float theirs[16] = {0}, h[16] = {0}, x[33], logits[9], scratch[8 * 16];
    int n_kinds = 0;
    uint32_t kinds = 0;
    sl_rng rng = sl_rng_seed(1);
    for (int t = 0; t < 200; t++) {
        int unit = t % 3;
        uint8_t avail[9] = {0, 1};
        int32_t want;
        memset(x, 0, sizeof x);
        for (int k = 0; k < 30; k++) x[k] = (float)sl_rng_between(&rng, -2, 2);
        for (int a = 2; a < 9; a++) avail[a] = (uint8_t)sl_rng_below(&rng, 2);
        int32_t got = opponent->act(opponent->context, unit, x, avail, theirs);
        if (agent_id) x[30 + unit] = 1.0f;
        sl_net_decide(&policy.def, policy.params, 1, x, h, logits, scratch);
        sl_categorical_argmax(1, 9, logits, avail, &want);
        assert_int_equal(got, want);
        assert_memory_equal(theirs, h, (size_t)memory * sizeof *h);
        kinds |= 1u << got;
    }
    for (; kinds; kinds &= kinds - 1) n_kinds++;
    assert_true(n_kinds > 4);
    sl_policy_fini(&policy);
}

static void policies_decide_as_their_networks(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    const char *path = sl_temp_folder_file(&folder, "teacher.safetensors");
    for (int k = 0; k < 4; k++) {
        bool agent_id = k % 2, recurrent = k / 2;
        const char *sets[] = {agent_id ? "teacher.agent_id=true" : "teacher.agent_id=false",
                              recurrent ? "teacher.actor.cell=gru" : "teacher.actor.cell=none"};
        write_policy(path, "combat/3m", sets, -1, NULL);
        // the file, and the folder that holds it
        for (int whole = 0; whole < 2; whole++) {
            sl_env_options options = sl_env_default_options();
            sl_opponent_network *policy = NULL;
            const char *text = whole ? folder.path : path;
            if (sl_opponent_network_create(KEY, text, "combat/3m", &options, &policy) != SL_OK)
                fail_msg("%s", sl_error_what());
            assert_string_equal(sl_env_at(&options, "opponent")->text, SL_OPPONENT_POLICY);
            check_answers(&options.policy, path, agent_id, recurrent ? 16 : 0);
            sl_opponent_network_destroy(&policy);
            assert_null(policy);
        }
    }
    sl_temp_folder_remove(&folder);
}

static uint64_t hash_after_a_fight(const char *opponent, char profile[static TOLD]) {
    sl_experiment *experiment = parse("combat/3m", NULL, opponent);
    sl_setup *setup = NULL;
    if (sl_setup_create(experiment, &setup) != SL_OK) fail_msg("%s", sl_error_what());
    sl_env *env = NULL;
    assert_int_equal(sl_setup_env(setup, 4, &setup->root, &env), SL_OK);
    assert_non_null(strstr(sl_env_get_spec(env)->name, setup->opponent ? "opponent=policy" : "combat/3m"));
    int32_t actions[4 * 3];
    sl_env_out out = {0};
    sl_env_reset(env, 0, 4, NULL, &out);
    for (int t = 0; t < 15; t++) {
        for (int k = 0; k < 12; k++) actions[k] = t < 5 ? 4 : 6 + (t + k) % 3;
        sl_env_step(env, 0, 4, actions, &out);
    }
    uint64_t hash = sl_env_hash(env);
    sl_profile told = sl_setup_profile(setup, -1);
    memcpy(profile, told.env_options, TOLD);
    sl_env_destroy(&env);
    sl_setup_destroy(&setup);
    sl_experiment_destroy(&experiment);
    return hash;
}

static void experiments_name_an_opponent(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    const char *path = sl_temp_folder_file(&folder, "teacher.safetensors");
    write_policy(path, "combat/3m", NULL, -1, NULL);
    char told[TOLD], sha256[65], want[40];
    uint8_t *bytes = NULL;
    size_t n = 0;
    uint64_t hash = hash_after_a_fight(path, told);
    assert_int_equal(sl_file_read(path, 1 << 20, &bytes, &n), SL_OK);
    sl_file_sha256(bytes, n, sha256);
    sl_free(bytes);
    (void)snprintf(want, sizeof want, " opponent=sha256:%.12s", sha256);
    assert_non_null(strstr(told, want));
    assert_true(hash_after_a_fight(path, told) == hash);
    assert_true(hash_after_a_fight("hold", told) != hash);
    assert_non_null(strstr(told, " opponent=hold"));
    assert_true(hash_after_a_fight("reference", told) != hash);
    assert_null(strstr(told, "opponent"));
    sl_temp_folder_remove(&folder);
}

static const char *write_map(const sl_temp_folder *folder, const char *unit, int n_allies, int n_enemies,
                             char name[static 300]) {
    const char *path = sl_temp_folder_file(folder, "map.json");
    char text[512];
    int n = snprintf(text, sizeof text,
                     "{\"step_limit\": 70, \"width\": 32, \"height\": 32, \"goal\": [9, 16],"
                     " \"allies\": [{\"at\": [9, 16], \"units\": {\"%s\": %d}}],"
                     " \"enemies\": [{\"at\": [23, 16], \"units\": {\"%s\": %d}}]}",
                     unit, n_allies, unit, n_enemies);
    assert_int_equal(sl_file_replace(path, text, (size_t)n), SL_OK);
    (void)snprintf(name, 300, "combat/%s", path);
    return name;
}

// six against five is the other side of five against six
static void sides_may_differ_in_number(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    const char *path = sl_temp_folder_file(&folder, "teacher.safetensors");
    char name[300];
    write_policy(path, write_map(&folder, "marine", 6, 5, name), NULL, -1, NULL);
    sl_env_options options = sl_env_default_options();
    sl_opponent_network *policy = NULL;
    if (sl_opponent_network_create(KEY, path, "combat/5m_vs_6m", &options, &policy) != SL_OK)
        fail_msg("%s", sl_error_what());
    sl_rng stream = sl_rng_seed(1);
    sl_env *env = NULL;
    assert_int_equal(sl_env_create("combat/5m_vs_6m", &options, 1, &stream, &env), SL_OK);
    int32_t actions[5] = {1, 1, 1, 1, 1};
    sl_env_out out = {0};
    for (int t = 0; t < 5; t++) sl_env_step(env, 0, 1, actions, &out);
    sl_env_destroy(&env);
    sl_opponent_network_destroy(&policy);
    sl_temp_folder_remove(&folder);
}

static void forge_blocks(sl_profile *profile) {
    profile->blocks[1].len -= 5;
    profile->blocks[2].begin -= 5;
    profile->blocks[2].len += 5;
}

static void forge_team(sl_profile *profile) {
    profile->n_agents = 3;
}

static void refused(const char *text, const char *env, sl_status code, const char *what, const char *hint) {
    sl_env_options options = sl_env_default_options();
    sl_opponent_network *policy = NULL;
    assert_int_equal(sl_opponent_network_create(KEY, text, env, &options, &policy), code);
    assert_null(policy);
    assert_string_equal(sl_env_at(&options, "opponent")->text, SL_OPPONENT_REFERENCE);
    const char *line = sl_error_what();
    if (strncmp(line, KEY, sizeof KEY - 1) != 0 || !strstr(line, what) || strchr(line, '\n'))
        fail_msg("%s does not say '%s'", line, what);
    assert_non_null(sl_error_hint());
    if (!strstr(sl_error_hint(), hint)) fail_msg("the hint of '%s' is '%s'", line, sl_error_hint());
}

static void words_and_paths_are_checked(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char longest[2000];
    memset(longest, 'a', sizeof longest);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    refused("refrence", "combat/3m", SL_CONFIG, "there is no opponent 'refrence'", "reference, hold");
    refused("", "combat/3m", SL_CONFIG, "there is no opponent ''", "reference, hold");
    refused("no/such.safetensors", "combat/3m", SL_NOT_FOUND, "no/such.safetensors", "reference, hold");
    refused("such.safetensors", "combat/3m", SL_NOT_FOUND, "such.safetensors", "reference, hold");
    refused(folder.path, "combat/3m", SL_NOT_FOUND, "/teacher.safetensors", "reference, hold");
    refused(longest, "combat/3m", SL_CONFIG, "is too long", "reference, hold");
    sl_temp_folder_remove(&folder);
}

static void files_that_do_not_fit_are_refused(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    const char *path = sl_temp_folder_file(&folder, "policy.safetensors");
    write_policy(path, "combat/8m", NULL, -1, NULL);
    refused(path, "combat/3m", SL_MISMATCH, "team of 8 that maps 80 features to 14 actions", "sides swapped");
    refused(path, "mpe/simple_tag_v3", SL_CONFIG, "mpe/simple_tag_v3 has no opponent", "combat/3m");
    write_policy(path, "combat/5m_vs_6m", NULL, -1, NULL);
    refused(path, "combat/5m_vs_6m", SL_MISMATCH, "the enemies of combat/5m_vs_6m are 6 with 55 and 11", "swapped");
    write_policy(path, "mpe/simple_spread_v3", NULL, -1, NULL);
    refused(path, "combat/3m", SL_MISMATCH, "18 features to 5 actions", "swapped");
    // what differs in one size only
    static const char *const no_id[] = {"teacher.agent_id=false", "seed=1"};
    char name[300];
    write_policy(path, write_map(&folder, "marine", 2, 4, name), no_id, -1, forge_team);
    refused(path, "combat/3m", SL_MISMATCH, "team of 3 that maps 30 features to 10 actions", "swapped");
    write_policy(path, write_map(&folder, "stalker", 3, 3, name), NULL, -1, NULL);
    refused(path, "combat/3m", SL_MISMATCH, "team of 3 that maps 36 features to 9 actions", "swapped");
    write_policy(path, "combat/3m", NULL, 2, NULL);
    refused(path, "combat/3m", SL_MISMATCH, "is the policy of student 2", "teacher.safetensors");
    write_policy(path, "combat/3m", NULL, -1, forge_blocks);
    refused(path, "combat/3m", SL_MISMATCH, "'enemy' as features 4 to 18", "swapped");
    sl_temp_folder_remove(&folder);
}

static void damaged_files_are_refused(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    const char *path = sl_temp_folder_file(&folder, "policy.safetensors");
    write_policy(path, "combat/3m", NULL, -1, NULL);
    uint8_t *bytes = NULL;
    size_t n = 0;
    assert_int_equal(sl_file_read(path, 1 << 20, &bytes, &n), SL_OK);
    assert_int_equal(sl_file_replace(path, bytes, n / 2), SL_OK);
    refused(path, "combat/3m", SL_CORRUPT, path, "");
    assert_int_equal(sl_file_replace(path, bytes, 0), SL_OK);
    refused(path, "combat/3m", SL_CORRUPT, path, "");
    assert_int_equal(sl_file_replace(path, "not a policy at all", 19), SL_OK);
    refused(path, "combat/3m", SL_CORRUPT, path, "");
    // a weight that is another number
    bytes[n - 5000] ^= 0x40;
    assert_int_equal(sl_file_replace(path, bytes, n), SL_OK);
    refused(path, "combat/3m", SL_CORRUPT, "has a wrong digest", "it was changed");
    sl_free(bytes);
    sl_temp_folder_remove(&folder);
}

static sl_status live(void *context) {
    sl_setup *setup = NULL;
    SL_TRY(sl_setup_create(context, &setup));
    sl_setup_destroy(&setup);
    return SL_OK;
}

static void no_memory(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    const char *path = sl_temp_folder_file(&folder, "teacher.safetensors");
    write_policy(path, "combat/3m", NULL, -1, NULL);
    sl_experiment *experiment = parse("combat/3m", NULL, path);
    assert_true(sl_torture(live, experiment) > 8);
    sl_experiment_destroy(&experiment);
    sl_temp_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policies_decide_as_their_networks),
        cmocka_unit_test(experiments_name_an_opponent),
        cmocka_unit_test(sides_may_differ_in_number),
        cmocka_unit_test(words_and_paths_are_checked),
        cmocka_unit_test(files_that_do_not_fit_are_refused),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests_name("opponent", tests, NULL, NULL);
}
