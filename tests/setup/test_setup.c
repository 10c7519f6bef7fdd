/* test_setup.c - what an experiment means: sizes, networks, masks and profiles against numbers worked out by hand,
 * and the experiments that mean nothing. */
#include "setup/setup.h"
#include "support/torture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Spread with three agents: 18 features (self_vel 2, self_pos 2, landmarks 6, others 4, comm 4), 5 actions. */
static const char spread[] = "name: unit\n"
                             "seed: 11\n"
                             "env: {name: mpe/simple_spread_v3, max_steps: 9}\n"
                             "teacher:\n"
                             "  actor: {cell: gru, hidden: 40, layers: 2, activation: tanh, layer_norm: true}\n"
                             "  critic: {cell: none, hidden: 48, layers: 1, activation: relu, layer_norm: false}\n";
static const char own_students[] = "students:\n"
                                   "- {net: {cell: none, hidden: 16, layers: 1}, blocks: [landmarks, comm]}\n"
                                   "- {net: {cell: gru, hidden: 32, layers: 1}, blocks: [self_vel]}\n"
                                   "- {net: {cell: none, hidden: 64, layers: 2}, blocks: [others]}\n";
static const char one_student[] = "students:\n- {net: {cell: gru, hidden: 32, layers: 1}, blocks: [self_pos]}\n";

typedef struct world {
    sl_experiment *experiment;
    sl_setup *setup;
} world;

static sl_experiment *parse(const char *text, const char *students, int n_sets, const char *const *sets) {
    char yaml[2048];
    sl_experiment *experiment = NULL;
    (void)snprintf(yaml, sizeof yaml, "%s%s", text, students);
    assert_int_equal(sl_experiment_parse("unit.yaml", yaml, strlen(yaml), sets, n_sets, &experiment), SL_OK);
    return experiment;
}

static world make(const char *students, int n_sets, const char *const *sets) {
    world w = {.experiment = parse(spread, students, n_sets, sets)};
    assert_int_equal(sl_setup_create(w.experiment, &w.setup), SL_OK);
    return w;
}

static void fini(world *w) {
    sl_setup_destroy(&w->setup);
    assert_null(w->setup);
    sl_experiment_destroy(&w->experiment);
}

static void check_net(const sl_net_def *net, int in_dim, int hidden, int out_dim, int n_layers, sl_cell cell) {
    assert_int_equal(net->in_dim, in_dim);
    assert_int_equal(net->hidden, hidden);
    assert_int_equal(net->out_dim, out_dim);
    assert_int_equal(net->n_layers, n_layers);
    assert_int_equal(net->cell, cell);
}

static void test_sizes_and_networks(void **state) {
    (void)state;
    world w = make(own_students, 2, (const char *[]){"teacher.agent_id=true", "teacher.ppo.reward=sum"});
    const sl_setup *s = w.setup;
    assert_true(s->N == 3 && s->O == 18 && s->A == 5 && s->S == 54 && s->M == 1);
    assert_int_equal(s->spec.max_steps, 9);
    assert_false(s->direct || s->masked || s->uses_avail);
    assert_true(s->teacher_agent_id);
    check_net(&s->teacher, 18 + 3, 40, 5, 2, SL_CELL_GRU);
    assert_true(s->teacher.activation == SL_ACT_TANH && s->teacher.layer_norm);
    check_net(&s->critic, 54, 48, 1, 1, SL_CELL_NONE);
    assert_true(s->critic.activation == SL_ACT_RELU && !s->critic.layer_norm);
    check_net(&s->students[0], 18, 16, 5, 1, SL_CELL_NONE);
    check_net(&s->students[1], 18, 32, 5, 1, SL_CELL_GRU);
    check_net(&s->students[2], 18, 64, 5, 2, SL_CELL_NONE);
    sl_rng root = sl_rng_seed(11);
    assert_memory_equal(&s->root, &root, sizeof root);
    fini(&w);
}

/* Each agent's own reward: a critic row for each agent, which is told whose it is. */
static void test_own_rewards(void **state) {
    (void)state;
    const char *sets[] = {"teacher.agent_id=false", "teacher.ppo.reward=own", "method=direct"};
    world w = make(own_students, 3, sets);
    assert_int_equal(w.setup->M, 3);
    assert_true(w.setup->direct);
    check_net(&w.setup->teacher, 18, 40, 5, 2, SL_CELL_GRU);
    check_net(&w.setup->critic, 54 + 3, 48, 1, 1, SL_CELL_NONE);
    const double reward[] = {1, -2, 4};
    float own[3] = {0}, team = 0;
    sl_setup_reward(w.setup, reward, own);
    assert_true(own[0] == 1 && own[1] == -2 && own[2] == 4);
    fini(&w);
    w = make(own_students, 1, (const char *[]){"teacher.ppo.reward=sum"});
    sl_setup_reward(w.setup, reward, &team);
    assert_true(team == 3);
    fini(&w);
    // one row for the team as well, but what all are paid counts once
    w = make(own_students, 1, (const char *[]){"teacher.ppo.reward=mean"});
    assert_int_equal(w.setup->M, 1);
    check_net(&w.setup->critic, 54, 48, 1, 1, SL_CELL_NONE);
    sl_setup_reward(w.setup, reward, &team);
    assert_true(team == 1);
    sl_setup_reward(w.setup, (const double[]){5, 5, 5}, &team);
    assert_true(team == 5);
    fini(&w);
}

static void test_one_student_stands_for_all(void **state) {
    (void)state;
    world w = make(one_student, 1, (const char *[]){"mask.kind=blocks"});
    assert_true(w.setup->masked);
    for (int i = 0; i < 3; i++) {
        assert_ptr_equal(sl_setup_student(w.setup, i), &w.experiment->students[0]);
        check_net(&w.setup->students[i], 18, 32, 5, 1, SL_CELL_GRU);
        assert_string_equal(w.setup->mask.blocks[i].names[0], "self_pos");
        assert_string_equal(w.setup->mask.blocks[i].names[1], "");
    }
    fini(&w);
}

static int kept(const float *keep) {
    int n = 0;
    for (int o = 0; o < 18; o++) n += keep[o] == 1.0f;
    return n;
}

static void test_masks(void **state) {
    (void)state;
    sl_mask *mask = NULL;
    world w = make(own_students, 1, (const char *[]){"mask.kind=blocks"});
    assert_int_equal(sl_setup_masks(w.setup, 2, &mask), SL_OK);
    const float *keep = sl_mask_get(mask, 1);
    assert_int_equal(kept(keep), 6 + 4);
    assert_int_equal(kept(keep + 18), 2);
    assert_int_equal(kept(keep + 36), 4);
    sl_mask_destroy(&mask);
    fini(&w);
    w = make(own_students, 3, (const char *[]){"mask.kind=random", "mask.k_min=7", "mask.k_max=7"});
    assert_int_equal(sl_setup_masks(w.setup, 1, &mask), SL_OK);
    sl_rng stream = w.setup->root;
    sl_mask_draw(mask, 0, &stream);
    for (int i = 0; i < 3; i++) assert_int_equal(kept(sl_mask_get(mask, 0) + 18 * i), 7);
    sl_mask_destroy(&mask);
    fini(&w);
}

/* The speaker has 3 features and 3 actions, the listener 11 and 5. */
static void test_agents_that_differ(void **state) {
    (void)state;
    static const char text[] = "name: unit\nenv: {name: mpe/simple_speaker_listener_v4}\n";
    world w = {.experiment = parse(text, one_student, 0, NULL)};
    assert_int_equal(sl_setup_create(w.experiment, &w.setup), SL_OK);
    assert_true(w.setup->uses_avail);
    check_net(&w.setup->students[0], 3, 32, 3, 1, SL_CELL_GRU);
    check_net(&w.setup->students[1], 11, 32, 5, 1, SL_CELL_GRU);
    uint8_t avail[2][2][5];
    static const uint8_t legal[2][5] = {{1, 1, 1, 0, 0}, {1, 1, 1, 1, 1}};
    memset(avail, 7, sizeof avail);
    sl_setup_fill_avail(&w.setup->spec, 2, &avail[0][0][0]);
    for (int row = 0; row < 2; row++) assert_memory_equal(avail[row], legal, sizeof legal);
    fini(&w);
}

static void test_profiles(void **state) {
    (void)state;
    world w = make(own_students, 2, (const char *[]){"mask.kind=blocks", "teacher.agent_id=true"});
    sl_profile student = sl_setup_profile(w.setup, 0), teacher = sl_setup_profile(w.setup, -1);
    assert_string_equal(student.kind, "student");
    assert_string_equal(student.env, "mpe/simple_spread_v3");
    assert_non_null(strstr(student.env_options, "max_steps=9"));
    assert_string_equal(student.mask, "blocks: landmarks comm");
    assert_string_equal(student.role, "agent");
    assert_string_equal(student.run, "unit");
    assert_true(student.agent == 0 && student.n_agents == 3 && student.obs_dim == 18 && student.n_actions == 5);
    assert_true(student.seed == 11 && !student.agent_id);
    assert_int_equal(student.n_blocks, w.setup->spec.agents[0].n_blocks);
    assert_string_equal(student.blocks[0].name, w.setup->spec.agents[0].blocks[0].name);
    assert_string_equal(teacher.kind, "teacher");
    assert_string_equal(teacher.mask, "none");
    assert_true(teacher.agent == -1 && teacher.agent_id);
    fini(&w);
    w = make(one_student, 3, (const char *[]){"mask.kind=random", "mask.k_min=8", "mask.k_max=10"});
    student = sl_setup_profile(w.setup, 2);
    assert_string_equal(student.mask, "random 8-10");
    fini(&w);
}

static world make_combat(int n_sets, const char *const *sets) {
    static const char text[] = "name: unit\nenv: {name: combat/3m}\n";
    world w = {.experiment = parse(text, "students:\n- {net: {hidden: 16}, blocks: [enemy]}\n", n_sets, sets)};
    if (sl_setup_create(w.experiment, &w.setup) != SL_OK) fail_msg("%s", sl_error_what());
    return w;
}

/* 3m: three agents that can die, 30 features, 9 actions, a state of 48. */
static void test_combat(void **state) {
    (void)state;
    world w = make_combat(0, NULL);
    assert_true(w.setup->spec.mortal && w.setup->uses_avail && w.setup->S == 48);
    assert_false(w.setup->masked || w.setup->hides_avail || w.setup->critic_own);
    assert_string_equal(w.setup->spec.name, "combat/3m");
    assert_null(strstr(sl_setup_profile(w.setup, 0).env_options, "spawn_shift"));
    fini(&w);
    const char *sets[] = {"env.full=true",
                          "env.opponent=hold",
                          "env.corpse_attack=false",
                          "env.wall_offset_fix=true",
                          "env.clamp_to_map=true",
                          "env.clear_last_actions=true",
                          "env.spawn_shift=0.5",
                          "mask.avail_actions=hidden",
                          "teacher.critic_input=agent",
                          "teacher.ppo.reward=own"};
    w = make_combat(10, sets);
    assert_non_null(strstr(w.setup->spec.name, "[spawn_shift=0.5,full,hold,no_corpse_attack,wall_offset_fix,cl"));
    assert_true(sl_env_at(&w.setup->options, "clear_last_actions")->yes &&
                sl_env_at(&w.setup->options, "spawn_shift")->real == 0.5);
    assert_true(w.setup->masked && w.setup->hides_avail && w.setup->critic_own);
    check_net(&w.setup->critic, 48 + 30 + 3, 64, 1, 2, SL_CELL_GRU);
    sl_profile student = sl_setup_profile(w.setup, 0), teacher = sl_setup_profile(w.setup, -1);
    assert_string_equal(student.mask, "none, sight limited, avail_actions hidden");
    assert_string_equal(teacher.mask, "none");
    assert_non_null(strstr(student.env_options,
                           " full=1 opponent=hold corpse_attack=0 wall_offset_fix=1 clamp_to_map=1 clear_last_act"));
    assert_non_null(strstr(student.env_options, "clear_last_actions=1 spawn_shift=0.5"));
    fini(&w);
    // nothing is hidden from students of a teacher who sees as far as they do
    w = make_combat(2, (const char *[]){"env.full=true", "mask.sight=full"});
    assert_false(w.setup->masked || w.setup->mask.sight);
    fini(&w);
    w = make_combat(3, (const char *[]){"env.full=true", "mask.kind=blocks", "mask.movement=hidden"});
    assert_true(w.setup->mask.sight && w.setup->mask.hides_movement);
    student = sl_setup_profile(w.setup, 0);
    assert_string_equal(student.mask, "blocks: enemy, movement hidden, sight limited");
    fini(&w);
}

static void refused(const char *students, const char *set, const char *key) {
    sl_experiment *experiment = parse(spread, students, set ? 1 : 0, &set);
    sl_setup *setup = NULL;
    assert_int_equal(sl_setup_create(experiment, &setup), SL_CONFIG);
    assert_null(setup);
    assert_non_null(strstr(sl_error_what(), key));
    assert_non_null(sl_error_hint());
    sl_experiment_destroy(&experiment);
}

static void test_refusals(void **state) {
    (void)state;
    static const char two[] = "students:\n- {net: {hidden: 16}}\n- {net: {hidden: 16}}\n";
    static const char large_batch[] = "distill: {episodes: 65536}\nstudents:\n- {net: {hidden: 16}}\n";
    static const char strange[] = "mask: {kind: blocks}\nstudents:\n- {net: {hidden: 16}, blocks: [moon]}\n";
    refused(two, NULL, "2 entries");
    refused(own_students, "env.n_agents=4", "4 agents");
    // 105 agents of 630 features are one too many for a critic that reads the state
    refused(one_student, "env.n_agents=105", "key 'teacher.critic': it would read 66150 numbers");
    refused(one_student, "env.n_agents=1024", "its 1024 agents, 65536 at most");
    refused(one_student, "env.continuous=true", "env.continuous");
    // 1 GiB is what can be sent at a time, with 3 agents and 18 features or 40 units
    refused(one_student, "teacher.ppo.rollout_steps=65536", "keys 'teacher.ppo.n_envs' and 'rollout_steps': a batch");
    refused(large_batch, "env.max_steps=40", "key 'distill.episodes': a batch of so many");
    refused(one_student, "env.name=mpe/simple_sprd_v3", "simple_sprd");
    refused(strange, NULL, "moon");
    refused(one_student, "env.opponent=refrence", "there is no opponent 'refrence'");
    refused(one_student, "env.full=true", "no battle");
    refused(one_student, "env.opponent=hold", "no battle");
    refused(one_student, "env.corpse_attack=false", "no battle");
    refused(one_student, "env.spawn_shift=1", "no battle");
}

static sl_status live(void *context) {
    sl_setup *setup = NULL;
    SL_TRY(sl_setup_create(context, &setup));
    sl_setup_destroy(&setup);
    return SL_OK;
}

static void test_no_memory(void **state) {
    (void)state;
    sl_experiment *experiment = parse(spread, one_student, 0, NULL);
    assert_true(sl_torture(live, experiment) > 2);
    sl_experiment_destroy(&experiment);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_and_networks),
        cmocka_unit_test(test_own_rewards),
        cmocka_unit_test(test_one_student_stands_for_all),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_agents_that_differ),
        cmocka_unit_test(test_profiles),
        cmocka_unit_test(test_combat),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
