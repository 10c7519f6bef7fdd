/* test_experiment.c - experiments: defaults, overrides, every kind of refusal with its words, round trips, mutations,
 * failed memory, the files that ship, and that the documentation names every key. */
#include "common/alloc.h"
#include "common/rng.h"
#include "experiment/impl.h"
#include "support/temp_folder.h"
#include "support/torture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ENV "env: {name: mpe/simple_spread_v3}\n"
#define X61 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const char full[] = ENV "name: test\nseed: 18446744073709551615\nmethod: direct\n"
                               "teacher:\n  actor: {cell: none, hidden: 256}\n  ppo: {lr: 1e-3, total_steps: 12}\n"
                               "mask: {kind: blocks}\n"
                               "students:\n- net: {hidden: 32, activation: tanh}\n  blocks: [landmarks, others]\n"
                               "- blocks: [self_vel]\n"
                               "distill: {tau: 0.1, w_ppo: 0, source: mixed}\n"
                               "links:\n  delay: fixed 3 steps\n  rules:\n  - {agents: 0, loss: 1}\n"
                               "  - {blocks: others, rate: 2}\n";

static sl_experiment *parse(const char *text, const char *set) {
    sl_experiment *out = NULL;
    if (sl_experiment_parse("test.yaml", text, strlen(text), &set, set ? 1 : 0, &out) != SL_OK) {
        fail_msg("%s", sl_error_what());
    }
    return out;
}

static void assert_refused(const char *text, const char *set, sl_status code, const char *what, const char *hint) {
    sl_experiment *out = NULL;
    assert_int_equal(sl_experiment_parse("test.yaml", text, strlen(text), &set, set ? 1 : 0, &out), code);
    assert_null(out);
    assert_string_equal(sl_error_what(), what);
    if (hint) {
        assert_non_null(sl_error_hint());
        assert_string_equal(sl_error_hint(), hint);
    }
}

static void only_the_environment_has_no_default(void **state) {
    (void)state;
    sl_experiment *e = parse(ENV, NULL);
    assert_string_equal(e->env.name, "mpe/simple_spread_v3");
    assert_int_equal(e->seed, 1);
    assert_int_equal(e->method, SL_EXP_KD_MARL);
    assert_true(sl_env_at(&e->env.options, "local_ratio")->real < 0);
    assert_string_equal(e->teacher.from, "");
    assert_int_equal(e->teacher.actor.cell, SL_CELL_GRU);
    assert_true(e->teacher.agent_id && e->teacher.ppo.reward == SL_EXP_SUM && e->teacher.ppo.value_norm);
    assert_true(e->teacher.ppo.gamma == 0.99 && e->teacher.ppo.lambda == 0.95 && e->teacher.ppo.lr == 7e-4);
    assert_true(e->teacher.ppo.adam_eps == 1e-5 && e->teacher.ppo.clip == 0.2 && e->teacher.ppo.huber_delta == 10);
    assert_int_equal(e->teacher.ppo.n_envs, 128);
    assert_int_equal(e->teacher.ppo.epochs, 10);
    assert_int_equal(e->students_count, 1);
    assert_int_equal(e->students[0].net.hidden, 16);
    assert_int_equal(e->students[0].blocks_count, 0);
    assert_true(e->distill.w_kl == 1 && e->distill.w_ce == 0.1 && e->distill.entropy == 0);
    assert_true(sl_env_at(&e->env.options, "corpse_attack")->yes && !sl_env_at(&e->env.options, "full")->yes &&
                !sl_env_at(&e->env.options, "clear_last_actions")->yes);
    assert_true(sl_env_at(&e->env.options, "spawn_shift")->real == 0);
    assert_string_equal(sl_env_at(&e->env.options, "opponent")->text, "reference");
    assert_int_equal(e->teacher.critic_input, SL_EXP_CRITIC_STATE);
    assert_int_equal(e->mask.sight, SL_EXP_SIGHT_LIMITED);
    assert_true(e->mask.movement == SL_EXP_VISIBLE && e->mask.avail_actions == SL_EXP_VISIBLE);
    assert_string_equal(e->fleet.endpoint, "tcp://127.0.0.1:*");
    assert_int_equal(e->fleet.lease_ms, 10000);
    sl_experiment_destroy(&e);
    assert_null(e);
    assert_refused("", NULL, SL_CONFIG, "test.yaml: key 'env.name' is missing", NULL);
    assert_refused("name: x\n", NULL, SL_CONFIG, "test.yaml: key 'env.name' is missing", NULL);
}

static void the_file_overrides_the_defaults(void **state) {
    (void)state;
    sl_experiment *e = parse(full, NULL);
    assert_true(e->seed == UINT64_MAX);
    assert_int_equal(e->method, SL_EXP_DIRECT);
    assert_int_equal(e->teacher.actor.cell, SL_CELL_NONE);
    assert_int_equal(e->teacher.actor.hidden, 256);
    assert_int_equal(e->teacher.actor.layers, 2);
    assert_true(e->teacher.ppo.lr == 1e-3);
    assert_int_equal(e->teacher.ppo.total_steps, 12);
    assert_int_equal(e->students_count, 2);
    assert_int_equal(e->students[0].net.hidden, 32);
    assert_int_equal(e->students[0].net.activation, SL_ACT_TANH);
    assert_int_equal(e->students[0].blocks_count, 2);
    assert_string_equal(e->students[0].blocks[1], "others");
    assert_int_equal(e->students[1].net.hidden, 16);
    assert_string_equal(e->students[1].blocks[0], "self_vel");
    // an explicit zero is not a missing key
    assert_true(e->distill.w_ppo == 0);
    assert_true(e->distill.tau == 0.1);
    assert_int_equal(e->distill.source, SL_EXP_SOURCE_MIXED);
    sl_experiment_destroy(&e);
    e = parse(ENV "teacher: {critic_input: agent, ppo: {reward: own}}\n"
                  "mask: {sight: full, movement: hidden, avail_actions: hidden}\n",
              "env.corpse_attack=false");
    assert_int_equal(e->teacher.critic_input, SL_EXP_CRITIC_AGENT);
    assert_int_equal(e->mask.sight, SL_EXP_SIGHT_FULL);
    assert_true(e->mask.movement == SL_EXP_HIDDEN && e->mask.avail_actions == SL_EXP_HIDDEN);
    assert_false(sl_env_at(&e->env.options, "corpse_attack")->yes);
    sl_experiment_destroy(&e);
}

static void sets_override_the_file_in_order(void **state) {
    (void)state;
    static const char *const sets[] = {"distill.tau=2",
                                       "distill.tau=3",
                                       "name=a = b",
                                       "students[1].net.hidden=64",
                                       "students[0].blocks=[self_pos, landmarks]",
                                       "students[1].blocks=others",
                                       "env.name=mpe/simple_v3",
                                       "env.continuous=true"};
    sl_experiment *e = NULL;
    assert_int_equal(sl_experiment_parse("t", full, strlen(full), sets, 8, &e), SL_OK);
    assert_true(e->distill.tau == 3);
    assert_string_equal(e->name, "a = b");
    assert_int_equal(e->students[0].net.hidden, 32);
    assert_int_equal(e->students[1].net.hidden, 64);
    assert_int_equal(e->students[0].blocks_count, 2);
    assert_string_equal(e->students[0].blocks[0], "self_pos");
    assert_string_equal(e->students[1].blocks[0], "others");
    assert_string_equal(e->env.name, "mpe/simple_v3");
    assert_true(sl_env_at(&e->env.options, "continuous")->yes);
    sl_experiment_destroy(&e);
}

static void an_index_past_the_only_student_copies_it(void **state) {
    (void)state;
    sl_experiment *e = parse(ENV "students:\n- net: {hidden: 24}\n  blocks: [others]\n", "students[2].net.hidden=32");
    assert_int_equal(e->students_count, 3);
    assert_int_equal(e->students[0].net.hidden, 24);
    assert_int_equal(e->students[1].net.hidden, 24);
    assert_string_equal(e->students[1].blocks[0], "others");
    assert_int_equal(e->students[2].net.hidden, 32);
    sl_experiment_destroy(&e);
}

// what is just inside
static void a_limiter_that_works_is_taken(void **state) {
    (void)state;
    static const char text[] = ENV "name: " X61 "\u00e9\n"
                                   "record: {samples_per_insert: 4, error_buffer: 4}\n";
    sl_experiment *e = NULL;
    assert_int_equal(sl_experiment_parse("t", text, strlen(text), NULL, 0, &e), SL_OK);
    assert_true(e->record.samples_per_insert == 4 && e->record.error_buffer == 4);
    sl_experiment_destroy(&e);
}

typedef struct refusal {
    const char *text, *what, *hint;
} refusal;

static const refusal bad_files[] = {
    {ENV "distil: {}\n", "test.yaml: unknown key 'distil'", "did you mean 'distill'?"},
    {ENV "distill: {tua: 1}\n", "test.yaml: unknown key 'distill.tua'", "did you mean 'distill.tau'?"},
    {ENV "lr: 1\n", "test.yaml: unknown key 'lr'", "did you mean 'teacher.ppo.lr'?"},
    {ENV "colour: red\n", "test.yaml: unknown key 'colour'", "docs/experiments.md lists the keys"},
    {ENV "students:\n- net: {}\n- net: {hiden: 2}\n", "test.yaml: unknown key 'students[1].net.hiden'",
     "did you mean 'students[].net.hidden'?"},
    {ENV "name: a\nname: b\n", "test.yaml: key 'name' is there twice", "near line 2"},
    {ENV "distill: {tau: 1, tau: 2}\n", "test.yaml: key 'distill.tau' is there twice", NULL},
    {ENV "distill: 3\n", "test.yaml: key 'distill': must be a section of keys", "near line 2"},
    {ENV "distill: [3]\n", "test.yaml: key 'distill': must be a section of keys", NULL},
    {ENV "name: [a]\n", "test.yaml: key 'name': must be a single value", NULL},
    {ENV "name: {a: b}\n", "test.yaml: key 'name': must be a single value", NULL},
    {ENV "students: 3\n", "test.yaml: key 'students': must be a list", NULL},
    {ENV "students: []\n", "test.yaml: key 'students[0]': needs at least one entry", NULL},
    {ENV "students:\n- 3\n", "test.yaml: key 'students[0]': must be a section of keys", NULL},
    {ENV "students:\n- blocks: [{a: b}]\n", "test.yaml: key 'students[0].blocks[0]': must be a single value", NULL},
    {ENV "students:\n- blocks: ['Bad Name']\n",
     "test.yaml: key 'students[0].blocks': 'Bad Name' is not a block's name", NULL},
    {ENV "students:\n- blocks: [a, a]\n", "test.yaml: key 'students[0].blocks': block 'a' is there twice", NULL},
    {ENV "students:\n- blocks: [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q]\n",
     "test.yaml: key 'students[0].blocks[15]': too many entries", NULL},
    {ENV "name: &x a\nmethod: *x\n", "test.yaml: aliases are not supported", "near line 2"},
    {ENV "name: &x a\n", "test.yaml: aliases are not supported", "near line 2"},
    {ENV "distill: &x {tau: 1}\n", "test.yaml: aliases are not supported", NULL},
    {ENV "distill: {<<: {tau: 1}}\n", "test.yaml: unknown key 'distill.<<'", NULL},
    {ENV "seed: !!int 3\n", "test.yaml: the tag 'tag:yaml.org,2002:int': tags are not supported", "near line 2"},
    {ENV "name: !mine a\n", "test.yaml: the tag '!mine': tags are not supported", "near line 2"},
    {ENV "name: ! a\n", "test.yaml: the tag '!': tags are not supported", NULL},
    {ENV "students: !set\n- blocks: []\n", "test.yaml: the tag '!set': tags are not supported", NULL},
    {ENV "distill: !!map {tau: 1}\n", "test.yaml: the tag 'tag:yaml.org,2002:map': tags are not supported", NULL},
    {ENV "name: \"a\\0b\"\n", "test.yaml: a zero byte in 'a'", "near line 2"},
    {ENV "\"na\\0me\": a\n", "test.yaml: a zero byte in 'na'", "near line 2"},
    {ENV "seed: \"3\\x00\"\n", "test.yaml: a zero byte in '3'", NULL},
    {ENV "---\nname: b\n", "test.yaml holds several YAML documents", NULL},
    {ENV "name: \"a\n", "test.yaml is not YAML: found unexpected end of stream", NULL},
    {"- a\n", "test.yaml: key 'the whole file': must be a section of keys", NULL},
    {"words\n", "test.yaml: key 'the whole file': must be a section of keys", NULL},
    {ENV "name: \"a\\u001bb\"\n", "test.yaml: key 'name': holds a control character", NULL},
    {ENV "name: \"a\\u009bb\"\n", "test.yaml: key 'name': holds a control character", NULL},
    {ENV "name: \"a\\u202eb\"\n", "test.yaml: key 'name': holds a control character", NULL},
    {ENV "name: a\u202e\n", "test.yaml: key 'name': holds a control character", NULL},
    {ENV "fleet: {endpoint: \"tcp://\\u20661:2\"}\n", "test.yaml: key 'fleet.endpoint': holds a control character",
     NULL},
    {ENV "seed: \"\\e[31m1\"\n", "test.yaml: key 'seed': '?[31m1' is not a whole number of 64 bits", NULL},
    {ENV "\"\\u202ename\": a\n", "test.yaml: unknown key '???name'", NULL},
    {"env: {name: ''}\n", "test.yaml: key 'env.name' is missing", NULL},
    {ENV "threads: 0\n", "test.yaml: key 'threads': 0 is outside [1, 256]", NULL},
    {ENV "threads:\n", "test.yaml: key 'threads': '' is not a whole number", NULL},
    {ENV "threads: 1.0\n", "test.yaml: key 'threads': '1.0' is not a whole number", NULL},
    {ENV "threads: 0x10\n", "test.yaml: key 'threads': '0x10' is not a whole number", NULL},
    {ENV "threads: two\n", "test.yaml: key 'threads': 'two' is not a whole number", NULL},
    {ENV "threads: 2147483648\n", "test.yaml: key 'threads': 2147483648 is outside [1, 256]", NULL},
    {ENV "seed: -1\n", "test.yaml: key 'seed': '-1' is not a whole number of 64 bits", NULL},
    {ENV "seed: 18446744073709551616\n",
     "test.yaml: key 'seed': '18446744073709551616' is not a whole number of 64 bits", NULL},
    {ENV "record: {max_bytes: 9223372036854775808}\n",
     "test.yaml: key 'record.max_bytes': '9223372036854775808' is not a whole number", NULL},
    {ENV "distill: {tau: 0}\n", "test.yaml: key 'distill.tau': 0 is outside (0, 100]", NULL},
    {ENV "distill: {tau: 100.1}\n", "test.yaml: key 'distill.tau': 100.1 is outside (0, 100]", NULL},
    {ENV "distill: {tau: .nan}\n", "test.yaml: key 'distill.tau': '.nan' is not a number", NULL},
    {ENV "distill: {tau: nan}\n", "test.yaml: key 'distill.tau': 'nan' is not a number", NULL},
    {ENV "distill: {tau: inf}\n", "test.yaml: key 'distill.tau': 'inf' is not a number", NULL},
    {ENV "distill: {tau: 1e999}\n", "test.yaml: key 'distill.tau': 1e999 is outside (0, 100]", NULL},
    // 0 in single precision, of which a gradient of 0 makes a NaN
    {ENV "distill: {adam_eps: 1e-300}\n", "test.yaml: key 'distill.adam_eps': 1e-300 is outside [1e-12, 1]", NULL},
    {ENV "distill: {tau: 1 2}\n", "test.yaml: key 'distill.tau': '1 2' is not a number", NULL},
    {ENV "distill: {source: teacher}\n",
     "test.yaml: key 'distill.source': 'teacher' is not one of expert student mixed", NULL},
    {ENV "distill: {source: expert student}\n",
     "test.yaml: key 'distill.source': 'expert student' is not one of expert student mixed", NULL},
    {"env: {name: a, continuous: yes}\n", "test.yaml: key 'env.continuous': 'yes' is not true or false", NULL},
    {ENV "teacher: {actor: {hidden: 1025}}\n", "test.yaml: key 'teacher.actor.hidden': 1025 is outside [1, 1024]",
     NULL},
    {ENV "students:\n- net: {hidden: 0}\n", "test.yaml: key 'students[0].net.hidden': 0 is outside [1, 1024]", NULL},
    {ENV "teacher: {ppo: {n_envs: 65536, rollout_steps: 1000}}\n",
     "test.yaml: key 'teacher.ppo.n_envs': 65536 times rollout_steps, 1000, is more than 16777216", NULL},
    {ENV "name: ../../esc\n", "test.yaml: key 'name': '../../esc' is not a plain file name",
     "a folder below runs/ gets this name; --out chooses another place"},
    {ENV "name: /tmp/x\n", "test.yaml: key 'name': '/tmp/x' is not a plain file name", NULL},
    {ENV "name: a/b\n", "test.yaml: key 'name': 'a/b' is not a plain file name", NULL},
    {ENV "name: ..\n", "test.yaml: key 'name': '..' is not a plain file name", NULL},
    {ENV "name: .hidden\n", "test.yaml: key 'name': '.hidden' is not a plain file name", NULL},
    {ENV "name: ''\n", "test.yaml: key 'name': '' is not a plain file name", NULL},
    // 63 bytes fit a student's file
    {ENV "name: " X61 "x\u00e9\n", "test.yaml: key 'name': is longer than 63 bytes", NULL},
    {ENV "record: {samples_per_insert: 1}\n",
     "test.yaml: key 'record.error_buffer': with 0 sampling and recording could wait for ever",
     "at least 1 and at least record.samples_per_insert; or switch that off by 0"},
    {ENV "record: {samples_per_insert: 0.25, error_buffer: 0.5}\n",
     "test.yaml: key 'record.error_buffer': with 0.5 sampling and recording could wait for ever", NULL},
    {ENV "record: {samples_per_insert: 4, error_buffer: 3.5}\n",
     "test.yaml: key 'record.error_buffer': with 3.5 sampling and recording could wait for ever", NULL},
    {ENV "eval: {episodes: 1000001}\n", "test.yaml: key 'eval.episodes': 1000001 is outside [1, 1000000]", NULL},
    {ENV "fleet: {episodes: 1000001}\n", "test.yaml: key 'fleet.episodes': 1000001 is outside [1, 1000000]", NULL},
    {ENV "fleet: {heartbeat_ms: 60001}\n", "test.yaml: key 'fleet.heartbeat_ms': 60001 is outside [10, 60000]", NULL},
    {ENV "record: {max_items: 5, min_size: 6}\n",
     "test.yaml: key 'record.min_size': 6 is more than record.max_items, 5", NULL},
    {ENV "mask: {k_min: 11}\n", "test.yaml: key 'mask.k_min': 11 is more than mask.k_max, 10", NULL},
    {ENV "mask: {kind: blocks}\n", "test.yaml: key 'students[0].blocks': must name at least one block", NULL},
    {ENV "mask: {sight: far}\n", "test.yaml: key 'mask.sight': 'far' is not one of limited full", NULL},
    {ENV "mask: {avail_actions: no}\n", "test.yaml: key 'mask.avail_actions': 'no' is not one of visible hidden",
     NULL},
    {ENV "teacher: {critic_input: agent}\n",
     "test.yaml: key 'teacher.critic_input': 'agent' needs a critic row for each agent",
     "set teacher.ppo.reward to own"},
    {ENV "teacher: {init: a, from: b}\n", "test.yaml: key 'teacher.init': given together with 'teacher.from'",
     "teacher.from takes a teacher as it is, teacher.init trains it on"},
    {ENV "method: direct\nteacher: {init: a}\n",
     "test.yaml: key 'teacher.init': with method 'direct' there is no teacher",
     "leave teacher.init out, or set method to kd-marl"},
    {ENV "teacher: {ppo: {team_reward: false}}\n",
     "test.yaml: key 'teacher.ppo.team_reward' is of an earlier version",
     "write teacher.ppo.reward: sum for true, own for false"},
    {ENV "teacher: {ppo: {reward: total}}\n",
     "test.yaml: key 'teacher.ppo.reward': 'total' is not one of sum mean own", NULL},
    {ENV "links: {execution: central}\n", "test.yaml: key 'links.execution': 'central' is not one of onboard remote",
     NULL},
    {ENV "links: {teacher: true}\n", "test.yaml: key 'links.teacher': 'true' is not one of fresh stale", NULL},
    {ENV "links: {fallback: zero}\n", "test.yaml: key 'links.fallback': 'zero' is not one of hold noop decay", NULL},
    {ENV "links: {duplicate: -0.1}\n", "test.yaml: key 'links.duplicate': -0.1 is outside [0, 1]", NULL},
    {ENV "links: {duplicate: nan}\n", "test.yaml: key 'links.duplicate': 'nan' is not a number", NULL},
    {ENV "links: {duplicate: ''}\n", "test.yaml: key 'links.duplicate': '' is not a number", NULL},
    {ENV "links: {rate: 1e10}\n", "test.yaml: key 'links.rate': 1e10 is outside [0, 1e9]", NULL},
    {ENV "links: {dely: x}\n", "test.yaml: unknown key 'links.dely'", "did you mean 'links.delay'?"},
    {ENV "links: {rules: 3}\n", "test.yaml: key 'links.rules': must be a list", NULL},
    {ENV "links: {rules: [3]}\n", "test.yaml: key 'links.rules[0]': must be a section of keys", NULL},
    {ENV "links:\n  rules:\n  - {loss: 1}\n  - {lost: 1}\n", "test.yaml: unknown key 'links.rules[1].lost'",
     "did you mean 'links.rules[].loss'?"},
    {ENV "links:\n  rules:\n  - {loss: 1, duplicate: 2}\n",
     "test.yaml: key 'links.rules[0].duplicate': 2 is outside [0, 1]", NULL},
    {ENV "links:\n  rules:\n  - {direction: up}\n",
     "test.yaml: key 'links.rules[0].direction': 'up' is not one of both observation action", NULL},
    {ENV "mask: {age: yes}\n", "test.yaml: key 'mask.age': 'yes' is not true or false", NULL},
    {ENV "fleet: {clock: wall}\n", "test.yaml: key 'fleet.clock': 'wall' is not one of lockstep virtual realtime",
     NULL},
    {ENV "fleet: {hz: -50}\n", "test.yaml: key 'fleet.hz': -50 is outside [0, 10000]", NULL},
    {ENV "fleet: {lease_ms: 500}\n", "test.yaml: key 'fleet.heartbeat_ms': 500 is not less than fleet.lease_ms, 500",
     NULL},
};

static void bad_files_are_refused_by_name(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof bad_files / sizeof bad_files[0]; i++) {
        assert_refused(bad_files[i].text, NULL, SL_CONFIG, bad_files[i].what, bad_files[i].hint);
    }
}

static void bad_sets_are_refused_by_name(void **state) {
    (void)state;
    static const refusal bad[] = {
        {"distill.taau=1", "--set: unknown key 'distill.taau'", "did you mean 'distill.tau'?"},
        {"distill.tau=0", "--set: key 'distill.tau': 0 is outside (0, 100]", NULL},
        {"env.spawn_shift=8.5", "--set: key 'env.spawn_shift': 8.5 is outside [0, 8]", NULL},
        {"distill=0", "--set: unknown key 'distill'", "it is a section: name one of its keys"},
        {"students=0", "--set: key 'students': is a list", NULL},
        {"students[2].net.hidden=16", "--set: key 'students[2].net.hidden': there are 2 students",
         "only a list of one grows: name its last index first"},
        {"students[1024].net.hidden=16", "--set: key 'students[1024].net.hidden': there are 2 students", NULL},
        {"students[-1].net.hidden=16", "--set: unknown key 'students[-1].net.hidden'", NULL},
        {"links.rules[3].loss=1", "--set: key 'links.rules[3].loss': there are 2 rules",
         "the first that is new has the next index"},
        {"links.rules[63].loss=1", "--set: key 'links.rules[63].loss': there are 2 rules", NULL},
        {"links.rules[0].lss=1", "--set: unknown key 'links.rules[0].lss'", "did you mean 'links.rules[].loss'?"},
        {"links.rules=1", "--set: key 'links.rules': is a list", NULL},
        {"links.delay[0].x=1", "--set: unknown key 'links.delay[0].x'", NULL},
        {"fleet.hz=nan", "--set: key 'fleet.hz': 'nan' is not a number", NULL},
        {"students[0]=16", "--set: unknown key 'students[0]'", NULL},
        {"students[0].net=16", "--set: unknown key 'students[0].net'", NULL},
        {"students[0].net.hidden=0", "--set: key 'students[0].net.hidden': 0 is outside [1, 1024]", NULL},
        {"students[0].blocks=a,a", "--set: key 'students[0].blocks': block 'a' is there twice", NULL},
        {"students[0].blocks=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", "--set: key 'students[0].blocks': too many entries",
         NULL},
        {"students[0].blocks=", "test.yaml: key 'students[0].blocks': must name at least one block", NULL},
        {"name=\xff", "--set: key 'name': is not UTF-8", NULL}, // argv may hold what a YAML file cannot
        {"name=\u2067", "--set: key 'name': holds a control character", NULL},
        {"na\u202eme=", "--set: unknown key 'na???me'", NULL},
        {"env.name=", "test.yaml: key 'env.name' is missing", NULL},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_refused(full, bad[i].text, SL_CONFIG, bad[i].what, bad[i].hint);
    }
    assert_refused(full, "distill.tau", SL_USAGE, "--set takes KEY=VALUE, not 'distill.tau'",
                   "as in --set distill.tau=2");
    assert_refused(full, "=1", SL_USAGE, "--set takes KEY=VALUE, not '=1'", NULL);
    char longest[400];
    memset(longest, 'x', sizeof longest);
    memcpy(longest, "name=", 5);
    longest[sizeof longest - 1] = '\0';
    assert_refused(full, longest, SL_CONFIG, "--set: key 'name': is longer than 255 bytes", NULL);
}

static void write_students(int n, char *text, size_t size) {
    size_t at = (size_t)snprintf(text, size, ENV "students:\n");
    for (int i = 0; i < n; i++) at += (size_t)snprintf(text + at, size - at, "- net: {}\n");
}

static void many_students_are_bounded(void **state) {
    (void)state;
    static char text[1100 * 10];
    write_students(SL_EXP_MAX_AGENTS, text, sizeof text);
    sl_experiment *e = parse(text, NULL);
    assert_int_equal(e->students_count, 1024);
    sl_experiment_destroy(&e);
    write_students(SL_EXP_MAX_AGENTS + 1, text, sizeof text);
    assert_refused(text, NULL, SL_CONFIG, "test.yaml: key 'students[1023]': too many entries", NULL);
}

static void assert_round_trip(const sl_experiment *e) {
    char *text = NULL, *again = NULL;
    size_t n_bytes = 0, n_again = 0;
    sl_experiment *copy = NULL;
    assert_int_equal(sl_experiment_format(e, &text, &n_bytes), SL_OK);
    assert_int_equal(sl_experiment_parse("copy", text, n_bytes, NULL, 0, &copy), SL_OK);
    assert_int_equal(sl_experiment_format(copy, &again, &n_again), SL_OK);
    assert_int_equal(n_again, n_bytes);
    assert_memory_equal(again, text, n_bytes);
    // the text could hide what it does not hold: compare the structs key by key
    for (int i = 0; i < sl_exp_top()->n_keys; i++) {
        const sl_exp_key *key = &sl_exp_top()->keys[i];
        if (key->kind != SL_EXP_REAL) continue;
        const char *left = (const char *)e + key->offset, *right = (const char *)copy + key->offset;
        assert_memory_equal(left, right, sizeof(double));
    }
    assert_int_equal(copy->students_count, e->students_count);
    sl_free(text);
    sl_free(again);
    sl_experiment_destroy(&copy);
}

static void what_is_saved_loads_as_the_same(void **state) {
    (void)state;
    static const char *const names[] = {"name=~",
                                        "name=null",
                                        "name=123",
                                        "name=a: b",
                                        "name= x ",
                                        "name=#no",
                                        "name=[a]",
                                        "name=\"q",
                                        "name='",
                                        "name=- x",
                                        "name=true",
                                        "name=a #b",
                                        "teacher.from=",
                                        "name=!x",
                                        "name=&a",
                                        "name=\xc3\xa4 \xf0\x9f\x90\xa6",
                                        "distill.tau=0.1",
                                        "distill.tau=0.30000000000000004",
                                        "distill.tau=1e-300",
                                        "distill.lr=3.3333333333333335e-05"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        sl_experiment *e = parse(full, names[i]);
        assert_round_trip(e);
        sl_experiment_destroy(&e);
    }
    // through a file
    sl_temp_folder folder = sl_temp_folder_create();
    const char *path = sl_temp_folder_file(&folder, "experiment.yaml");
    sl_experiment *e = parse(full, "name=saved"), *loaded = NULL;
    assert_int_equal(sl_experiment_save(e, path), SL_OK);
    assert_int_equal(sl_experiment_load(path, NULL, 0, &loaded), SL_OK);
    assert_string_equal(loaded->name, "saved");
    assert_int_equal(loaded->students[0].blocks_count, 2);
    sl_experiment_destroy(&loaded);
    assert_int_equal(sl_experiment_load(sl_temp_folder_file(&folder, "none"), NULL, 0, &loaded), SL_NOT_FOUND);
    assert_int_equal(sl_experiment_load(folder.path, NULL, 0, &loaded), SL_IO);
    assert_int_equal(sl_experiment_load("/dev/zero", NULL, 0, &loaded), SL_CONFIG);
    assert_int_equal(sl_experiment_save(e, sl_temp_folder_file(&folder, "no/such")), SL_IO);
    sl_experiment_destroy(&e);
    sl_temp_folder_remove(&folder);
}

static void random_mutations_are_refused_or_read(void **state) {
    (void)state;
    static const char letters[] = ":-,{}[]'\"\n #&*|>%@!\t\x80 09az";
    char text[sizeof full];
    sl_rng rng = sl_rng_seed(4);
    int n_ok = 0;
    for (int i = 0; i < 20000; i++) {
        memcpy(text, full, sizeof full);
        uint32_t n_changes = 1 + sl_rng_below(&rng, 3);
        for (uint32_t k = 0; k < n_changes; k++) {
            text[sl_rng_below(&rng, sizeof full - 1)] = letters[sl_rng_below(&rng, sizeof letters - 1)];
        }
        size_t n_bytes = sl_rng_below(&rng, 4) ? sizeof full - 1 : sl_rng_below(&rng, sizeof full);
        sl_experiment *e = NULL;
        sl_status status = sl_experiment_parse("mutant", text, n_bytes, NULL, 0, &e);
        if (status == SL_OK) {
            if (n_ok++ % 16 == 0) assert_round_trip(e);
        } else {
            assert_int_equal(status, SL_CONFIG);
            assert_null(strchr(sl_error_what(), '\n'));
        }
        sl_experiment_destroy(&e);
    }
    assert_in_range(n_ok, 200, 19000);
}

static sl_status parse_and_format(void *context) {
    static const char *const sets[] = {"name=x", "students[0].blocks=a,b", "links.rules[2].loss=1"};
    sl_experiment *e = NULL;
    char *text;
    size_t n_bytes;
    SL_TRY(sl_experiment_parse("torture", context, strlen(context), sets, 3, &e));
    sl_status status = sl_experiment_format(e, &text, &n_bytes);
    if (status == SL_OK) sl_free(text);
    sl_experiment_destroy(&e);
    return status;
}

static void a_failed_allocation_is_an_error_and_no_leak(void **state) {
    (void)state;
    char text[sizeof full];
    memcpy(text, full, sizeof full);
    assert_true(sl_torture(parse_and_format, text) > 50);
}

static void the_files_that_ship_are_valid(void **state) {
    (void)state;
    static const char *const files[] = {"mpe/spread",
                                        "mpe/spread-random",
                                        "mpe/spread-blocks",
                                        "mpe/spread-direct-random",
                                        "mpe/spread-direct-blocks",
                                        "mpe/spread-smoke",
                                        "mpe/reference-mappo",
                                        "mpe/five-agents",
                                        "combat/3m",
                                        "combat/3m-lh",
                                        "combat/3m-lha",
                                        "combat/3m-direct-lh",
                                        "combat/3m-direct-lha",
                                        "combat/8m"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/experiments/%s.yaml", SL_SOURCE_DIR, files[i]);
        sl_experiment *e = NULL;
        if (sl_experiment_load(path, NULL, 0, &e) != SL_OK) fail_msg("%s", sl_error_what());
        assert_string_equal(e->name, strchr(files[i], '/') + 1);
        assert_round_trip(e);
        sl_experiment_destroy(&e);
    }
}

static void assert_documented(const char *document, const sl_exp_table *table, const char *prefix) {
    for (int i = 0; i < table->n_keys; i++) {
        const sl_exp_key *key = &table->keys[i];
        char row[200];
        if (key->list)
            snprintf(row, sizeof row, "| `%s%s` |", prefix, key->path);
        else
            snprintf(row, sizeof row, "| `%s%s` | %s |", prefix, key->path,
                     !key->standard     ? "(needed)"
                     : key->standard[0] ? key->standard
                                        : "(empty)");
        if (!strstr(document, row)) fail_msg("docs/experiments.md has no row that starts %s", row);
        if (key->kind == SL_EXP_ENTRIES) {
            snprintf(row, sizeof row, "%s%s[].", prefix, key->path);
            assert_documented(document, key->list->table, row);
        }
        if (!key->range || key->range[0] == '\0' || !strchr("[(", key->range[0])) continue;
        // the range stands in the same line
        const char *line = strstr(document, row), *range = strstr(line, key->range);
        assert_non_null(range);
        assert_true(range < strchr(line, '\n'));
    }
}

static void every_key_is_documented_with_its_default(void **state) {
    (void)state;
    static char document[65536];
    FILE *file = fopen(SL_SOURCE_DIR "/docs/experiments.md", "rb");
    assert_non_null(file);
    size_t n = fread(document, 1, sizeof document - 1, file);
    fclose(file);
    assert_in_range(n, 1000, sizeof document - 2);
    assert_documented(document, sl_exp_top(), "");
    // an option's row says what its table does
    for (int k = 0; k < sl_env_n_options(); k++) {
        char row[80];
        (void)snprintf(row, sizeof row, "| `env.%s` |", sl_env_option_at(k)->name);
        const char *line = strstr(document, row), *help = line ? strstr(line, sl_env_option_at(k)->help) : NULL;
        if (!help || help > strchr(line, '\n')) fail_msg("%s does not say: %s", row, sl_env_option_at(k)->help);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_environment_has_no_default),
        cmocka_unit_test(the_file_overrides_the_defaults),
        cmocka_unit_test(sets_override_the_file_in_order),
        cmocka_unit_test(an_index_past_the_only_student_copies_it),
        cmocka_unit_test(bad_files_are_refused_by_name),
        cmocka_unit_test(a_limiter_that_works_is_taken),
        cmocka_unit_test(bad_sets_are_refused_by_name),
        cmocka_unit_test(many_students_are_bounded),
        cmocka_unit_test(what_is_saved_loads_as_the_same),
        cmocka_unit_test(random_mutations_are_refused_or_read),
        cmocka_unit_test(a_failed_allocation_is_an_error_and_no_leak),
        cmocka_unit_test(the_files_that_ship_are_valid),
        cmocka_unit_test(every_key_is_documented_with_its_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
