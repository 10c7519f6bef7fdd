/* test_setup_links.c - what the section links means for a team: what students see, the length of a step, and every
 * key's bad input from a file, from --set and from a text of its own. */
#include "common/alloc.h"
#include "setup/setup.h"
#include "support/temp_folder.h"
#include "support/torture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* 18 features of each of three agents, of which others tell it 4 (others) and 4 (comm); a step is 0.1 s. */
#define SPREAD "name: unit\nenv: {name: mpe/simple_spread_v3, max_steps: 25}\n"
/* 30 features, of which others tell one block, ally. */
#define COMBAT "name: unit\nenv: {name: combat/3m}\n"

typedef struct world {
    sl_experiment *experiment;
    sl_setup *setup;
} world;

static world make(const char *text, int n_sets, const char *const *sets) {
    world w = {0};
    if (sl_experiment_parse("unit.yaml", text, strlen(text), sets, n_sets, &w.experiment) != SL_OK ||
        sl_setup_create(w.experiment, &w.setup) != SL_OK)
        fail_msg("%s", sl_error_what());
    return w;
}

static void fini(world *w) {
    sl_setup_destroy(&w->setup);
    sl_experiment_destroy(&w->experiment);
}

static void without_keys_nothing_changes(void **state) {
    (void)state;
    world w = make(SPREAD, 0, NULL);
    const sl_setup *s = w.setup;
    assert_true(sl_links_is_none(s->links) && !s->ages && !s->masked && s->P == 18 && s->step_ms == 100);
    assert_string_equal(s->links->text, "none");
    assert_int_equal(s->links->execution, SL_EXECUTION_ONBOARD);
    assert_int_equal(s->students[0].in_dim, 18);
    assert_int_equal(sl_setup_profile(s, 0).n_blocks, s->spec.agents[0].n_blocks);
    fini(&w);
}

static void ages_stand_behind_the_features(void **state) {
    (void)state;
    world w = make(SPREAD, 1, (const char *[]){"mask.age=true"});
    assert_true(w.setup->ages && w.setup->masked && w.setup->P == 20 && w.setup->O == 18);
    assert_int_equal(sl_setup_n_told(w.setup, 0), 2);
    assert_int_equal(w.setup->students[2].in_dim, 20);
    // the teacher's shape is as it was
    assert_int_equal(w.setup->teacher.in_dim, 18 + 3);
    sl_profile student = sl_setup_profile(w.setup, 2), teacher = sl_setup_profile(w.setup, -1);
    int last = student.n_blocks - 1;
    assert_int_equal(student.n_blocks, w.setup->spec.agents[2].n_blocks + 1);
    assert_string_equal(student.blocks[last].name, "age");
    assert_true(student.obs_dim == 20 && student.blocks[last].begin == 18 && student.blocks[last].len == 2);
    assert_true(teacher.obs_dim == 18 && teacher.n_blocks == last);
    fini(&w);
    w = make(COMBAT, 1, (const char *[]){"mask.age=true"});
    assert_true(w.setup->O == 30 && w.setup->P == 31 && sl_setup_n_told(w.setup, 1) == 1);
    fini(&w);
    // who is told nothing is shown no ages, and its rows are as long as they were
    w = make("env: {name: mpe/simple_v3}\n", 1, (const char *[]){"mask.age=true"});
    assert_true(w.setup->P == w.setup->O && sl_setup_n_told(w.setup, 0) == 0);
    assert_int_equal(sl_setup_profile(w.setup, 0).n_blocks, w.setup->spec.agents[0].n_blocks);
    fini(&w);
}

static void links_follow_from_the_section(void **state) {
    (void)state;
    world w = make(SPREAD "links:\n  delay: fixed 3 steps\n  rules:\n  - {agents: 1, blocks: self_pos, loss: 1}\n", 0,
                   NULL);
    const sl_links *links = w.setup->links;
    assert_false(sl_links_is_none(links));
    assert_true(w.setup->masked && w.setup->P == 18 && links->N == 3 && links->max_steps == 25);
    assert_true(links->agents[0].n_blocks == 2 && links->agents[1].n_blocks == 3);
    fini(&w);
    // a step's length: of the environment, or of fleet.hz
    w = make(SPREAD, 2, (const char *[]){"links.delay=fixed 100 ms", "fleet.hz=50"});
    assert_true(w.setup->step_ms == 20 && w.setup->links->step_ms == 20);
    fini(&w);
    w = make(COMBAT, 0, NULL);
    assert_true(w.setup->step_ms == 500);
    // other links for the same team
    sl_links *other = NULL;
    assert_int_equal(sl_setup_links(w.setup, "request", "links: {delay: fixed 2 steps, execution: remote}\n", &other),
                     SL_OK);
    assert_true(other->execution == SL_EXECUTION_REMOTE && !sl_links_is_none(other));
    sl_links_destroy(&other);
    fini(&w);
}

/* What is wrong with one key, whoever says it: its line in the section, and what the refusal says. */
typedef struct refusal {
    const char *key, *value, *what;
} refusal;

static const refusal bad[] = {
    {"preset", "5g", "'links.preset'"},
    {"delay", "fixed -1 steps", "'links.delay'"},
    {"delay", "fixed nan ms", "'links.delay'"},
    {"delay", "normal 3 -1 steps", "'links.delay'"},
    {"delay", "often", "'links.delay'"},
    {"delay", "fixed 3 hours", "'links.delay'"},
    {"delay", "fixed 25 steps", "'links.delay'"}, // an episode has 25
    {"delay", "fixed 2500 ms", "'links.delay'"},  // the same
    {"delay", "uniform 5 2 steps", "'links.delay'"},
    {"delay", "histogram 20:-1 ms", "'links.delay'"},
    {"delay", "trace /no/such/trace ms", "'links.delay'"},
    {"delay", "trace /dev/zero ms", "'links.delay'"}, // has no end
    {"loss", "-0.1", "'links.loss'"},
    {"loss", "nan", "'links.loss'"},
    {"loss", "1.5", "'links.loss'"},
    {"loss", "gilbert-elliott 0.1", "'links.loss'"},
    {"order", "random", "'links.order'"},
    {"outages", "20..10", "'links.outages'"},
    {"outages", "ten", "'links.outages'"},
    {"duplicate", "-1", "'links.duplicate'"},
    {"duplicate", "nan", "'links.duplicate'"},
    {"rate", "-3", "'links.rate'"},
    {"rate", ".nan", "'links.rate'"},
    {"execution", "central", "'links.execution'"},
    {"fallback", "zero", "'links.fallback'"},
    {"teacher", "late", "'links.teacher'"},
};
static const refusal bad_rules[] = {
    {"agents", "3", "'links.rules[0].agents'"},        {"agents", "2..1", "'links.rules[0].agents'"},
    {"agents", "all", "'links.rules[0].agents'"},      {"blocks", "ally", "'links.rules[0].blocks'"},
    {"direction", "up", "'links.rules[0].direction'"}, {"delay", "fixed 99 steps", "'links.rules[0].delay'"},
    {"preset", "wifi", "'links.rules[0].preset'"},     {"loss", "2", "'links.rules[0].loss'"},
    {"rate", "nan", "'links.rules[0].rate'"},          {"outages", "3..3", "'links.rules[0].outages'"},
};

// the status of text with one set, through experiment and setup
static sl_status of_experiment(const char *text, const char *set) {
    sl_experiment *experiment = NULL;
    sl_setup *setup = NULL;
    SL_TRY(sl_experiment_parse("unit.yaml", text, strlen(text), &set, set ? 1 : 0, &experiment));
    sl_status status = sl_setup_create(experiment, &setup);
    sl_setup_destroy(&setup);
    sl_experiment_destroy(&experiment);
    return status;
}

static void assert_refused(sl_status status, const refusal *r) {
    if (status == SL_OK || !strstr(sl_error_what(), r->what) || !sl_error_hint())
        fail_msg("%s: %s: status %d, %s (%s)", r->key, r->value, status, sl_error_what(),
                 sl_error_hint() ? sl_error_hint() : "no hint");
    if (status != SL_CONFIG) assert_int_equal(status, SL_NOT_FOUND);
}

static void check_bad(const refusal *r, bool in_rule, const sl_setup *setup) {
    char section[200], text[400], set[200];
    const char *at = in_rule ? "links:\n  rules:\n  - %s: %s\n" : "links:\n  %s: %s\n";
    (void)snprintf(section, sizeof section, at, r->key, r->value);
    (void)snprintf(text, sizeof text, SPREAD "%s", section);
    (void)snprintf(set, sizeof set, in_rule ? "links.rules[0].%s=%s" : "links.%s=%s", r->key, r->value);
    assert_refused(of_experiment(text, NULL), r);
    assert_refused(of_experiment(SPREAD, set), r);
    sl_links *links = NULL;
    assert_refused(sl_setup_links(setup, "request", section, &links), r);
    assert_null(links);
}

static void bad_input_is_refused_wherever_it_comes_from(void **state) {
    (void)state;
    world w = make(SPREAD, 0, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) check_bad(&bad[i], false, w.setup);
    for (size_t i = 0; i < sizeof bad_rules / sizeof bad_rules[0]; i++) check_bad(&bad_rules[i], true, w.setup);
    fini(&w);
}

static void bad_traces_are_refused_by_file(void **state) {
    (void)state;
    static const char *const traces[] = {
        "", "# nothing\n", "0 20\n2 30\n1 30\n", "0 20\n1 -3\n", "0 20\n1 nan\n", "0 words\n"};
    sl_temp_folder folder = sl_temp_folder_create();
    const char *path = sl_temp_folder_file(&folder, "trace.txt");
    char set[512];
    (void)snprintf(set, sizeof set, "links.delay=trace %s ms", path);
    for (size_t i = 0; i < sizeof traces / sizeof traces[0]; i++) {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        fputs(traces[i], file);
        fclose(file);
        const refusal r = {"trace", traces[i], path};
        assert_refused(of_experiment(SPREAD, set), &r);
    }
    sl_temp_folder_remove(&folder);
}

static void remote_is_not_trained(void **state) {
    (void)state;
    const refusal r = {"execution", "remote", "key 'links.execution'"};
    assert_refused(of_experiment(SPREAD "links: {delay: fixed 3 steps, execution: remote}\n", NULL), &r);
    assert_string_equal(sl_error_hint(),
                        "train onboard; --links with --execution remote is for 'starling eval' and fly");
    // where nothing is late it makes no difference
    assert_int_equal(of_experiment(SPREAD "links: {execution: remote}\n", NULL), SL_OK);
}

static sl_status live(void *context) {
    sl_setup *setup = NULL;
    sl_links *links = NULL;
    SL_TRY(sl_setup_create(context, &setup));
    sl_status status = sl_setup_links(setup, "request", "links: {preset: 4g}\n", &links);
    sl_links_destroy(&links);
    sl_setup_destroy(&setup);
    return status;
}

static void test_no_memory(void **state) {
    (void)state;
    world w = make(SPREAD "links:\n  preset: rlrd-wifi\n  rules:\n  - {agents: 0, loss: 1}\n", 0, NULL);
    assert_true(sl_torture(live, w.experiment) > 20);
    fini(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_keys_nothing_changes),
        cmocka_unit_test(ages_stand_behind_the_features),
        cmocka_unit_test(links_follow_from_the_section),
        cmocka_unit_test(bad_input_is_refused_wherever_it_comes_from),
        cmocka_unit_test(bad_traces_are_refused_by_file),
        cmocka_unit_test(remote_is_not_trained),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
