/* test_links_choice.c - --links and --execution: presets, files, none, and what each refuses with which words. */
#include "experiment/links_text.h"
#include "starling/run/links_choice.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SPREAD "env: {name: mpe/simple_spread_v3}\n"

typedef struct world {
    sl_experiment *experiment;
    sl_setup *setup;
    sl_temp_folder folder;
    const char *file;
} world;

static world make(const char *text) {
    world w = {.folder = sl_temp_folder_create()};
    if (sl_experiment_parse("unit.yaml", text, strlen(text), NULL, 0, &w.experiment) != SL_OK ||
        sl_setup_create(w.experiment, &w.setup) != SL_OK)
        fail_msg("%s", sl_error_what());
    w.file = sl_temp_folder_file(&w.folder, "l.yaml");
    return w;
}

static void fini(world *w) {
    sl_setup_destroy(&w->setup);
    sl_experiment_destroy(&w->experiment);
    sl_temp_folder_remove(&w->folder);
}

static void write_file(const world *w, const char *text) {
    FILE *file = fopen(w->file, "wb");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static sl_chosen_links choose(const world *w, const char *links, const char *execution, sl_policy_kind policy) {
    const sl_links_choice choice = {links, execution, 0};
    sl_chosen_links out = {0};
    if (sl_links_choose(&choice, w->setup, policy, &out) != SL_OK) fail_msg("%s", sl_error_what());
    return out;
}

// what a coordinator would make of the text
static void assert_says(const world *w, const sl_chosen_links *chosen, const char *text, sl_execution execution) {
    sl_links *read = NULL;
    assert_non_null(chosen->links);
    assert_string_equal(chosen->links->text, text);
    assert_int_equal(chosen->links->execution, execution);
    assert_int_equal(sl_setup_links(w->setup, "request", chosen->text, &read), SL_OK);
    assert_string_equal(read->text, text);
    assert_int_equal(read->execution, execution);
    sl_links_destroy(&read);
}

static void presets_files_and_none_are_taken(void **state) {
    (void)state;
    world w = make(SPREAD);
    sl_chosen_links c = choose(&w, "4g", NULL, SL_POLICY_STUDENTS);
    assert_says(&w, &c, "4g", SL_EXECUTION_ONBOARD);
    sl_chosen_links_fini(&c);
    c = choose(&w, "4g", "remote", SL_POLICY_STUDENTS);
    assert_says(&w, &c, "4g", SL_EXECUTION_REMOTE);
    sl_chosen_links_fini(&c);
    // a teacher is executed centrally, unless somebody says otherwise
    c = choose(&w, "4g", NULL, SL_POLICY_TEACHER);
    assert_says(&w, &c, "4g", SL_EXECUTION_REMOTE);
    sl_chosen_links_fini(&c);
    c = choose(&w, "4g", "onboard", SL_POLICY_TEACHER);
    assert_says(&w, &c, "4g", SL_EXECUTION_ONBOARD);
    sl_chosen_links_fini(&c);
    write_file(&w, "name: other\nlinks: {delay: fixed 3 steps, execution: remote}\n");
    c = choose(&w, w.file, NULL, SL_POLICY_STUDENTS);
    assert_says(&w, &c, "fixed 3 steps", SL_EXECUTION_REMOTE);
    sl_chosen_links_fini(&c);
    // none is told, so that a run's own links do not count
    c = choose(&w, "none", NULL, SL_POLICY_STUDENTS);
    assert_true(c.text && !c.links);
    sl_chosen_links_fini(&c);
    fini(&w);
}

static void without_flags_the_runs_own_count(void **state) {
    (void)state;
    world w = make(SPREAD "links: {delay: fixed 3 steps}\n");
    sl_chosen_links c = choose(&w, NULL, NULL, SL_POLICY_STUDENTS);
    assert_true(!c.text && !c.made && c.links == w.setup->links);
    // its teacher knew nothing of them
    c = choose(&w, NULL, NULL, SL_POLICY_TEACHER);
    assert_true(!c.text && !c.links);
    c = choose(&w, NULL, NULL, SL_POLICY_RANDOM);
    assert_true(!c.text && !c.links);
    c = choose(&w, NULL, "remote", SL_POLICY_STUDENTS);
    assert_says(&w, &c, "fixed 3 steps", SL_EXECUTION_REMOTE);
    sl_chosen_links_fini(&c);
    fini(&w);
    w = make(SPREAD "links: {delay: fixed 3 steps, teacher: stale}\n");
    c = choose(&w, NULL, NULL, SL_POLICY_TEACHER);
    assert_true(!c.text && c.links == w.setup->links);
    fini(&w);
}

static void a_step_has_the_length_of_the_rate(void **state) {
    (void)state;
    world w = make(SPREAD "links: {delay: fixed 100 ms}\n");
    // 100 ms are five steps of 50 a second, also of the run's own links
    sl_links_choice choice = {.hz = 50};
    sl_chosen_links c = {0};
    assert_int_equal(sl_links_choose(&choice, w.setup, SL_POLICY_STUDENTS, &c), SL_OK);
    assert_true(c.text && c.links->step_ms == 20 && w.setup->links->step_ms == 100);
    sl_chosen_links_fini(&c);
    // of which an episode has 25
    choice.hz = 300;
    assert_int_equal(sl_links_choose(&choice, w.setup, SL_POLICY_STUDENTS, &c), SL_CONFIG);
    fini(&w);
}

static void links_need_a_clock_that_knows_delay(void **state) {
    (void)state;
    world w = make(SPREAD "links: {delay: fixed 3 steps}\n");
    const sl_links *late = sl_links_own(w.setup);
    sl_exp_clock clock = SL_EXP_REALTIME;
    assert_int_equal(sl_links_clock(w.experiment, late), SL_EXP_VIRTUAL);
    assert_int_equal(sl_links_clock(w.experiment, NULL), SL_EXP_LOCKSTEP);
    assert_int_equal(sl_links_choose_clock("lockstep", late, &clock), SL_USAGE);
    assert_non_null(strstr(sl_error_what(), "--clock cannot be 'lockstep' under links"));
    assert_int_equal(sl_links_choose_clock("wall", NULL, &clock), SL_USAGE);
    assert_int_equal(clock, SL_EXP_REALTIME);
    assert_int_equal(sl_links_choose_clock("lockstep", NULL, &clock), SL_OK);
    assert_int_equal(clock, SL_EXP_LOCKSTEP);
    w.experiment->fleet.clock = SL_EXP_REALTIME;
    assert_int_equal(sl_links_clock(w.experiment, late), SL_EXP_REALTIME);
    fini(&w);
}

static void assert_refused(const world *w, const char *links, const char *execution, sl_policy_kind policy,
                           sl_status code, const char *what, const char *hint) {
    const sl_links_choice choice = {links, execution, 0};
    sl_chosen_links out = {0};
    assert_int_equal(sl_links_choose(&choice, w->setup, policy, &out), code);
    assert_true(!out.text && !out.links && !out.made);
    if (!strstr(sl_error_what(), what)) fail_msg("%s does not say %s", sl_error_what(), what);
    assert_non_null(sl_error_hint());
    if (hint) assert_string_equal(sl_error_hint(), hint);
}

static void what_is_wrong_is_refused_by_name(void **state) {
    (void)state;
    world w = make(SPREAD);
    const sl_policy_kind students = SL_POLICY_STUDENTS;
    assert_refused(&w, "4h", NULL, students, SL_USAGE, "--links cannot be '4h'",
                   "did you mean '4g'? 'starling links list' has the presets");
    assert_refused(&w, "what is this", NULL, students, SL_USAGE, "--links cannot be 'what is this'", NULL);
    assert_refused(&w, "", NULL, students, SL_USAGE, "--links cannot be ''", NULL);
    assert_refused(&w, "no/such.yaml", NULL, students, SL_NOT_FOUND, "--links: there is no file 'no/such.yaml'",
                   NULL);
    assert_refused(&w, "4g", "central", students, SL_USAGE, "--execution cannot be 'central'",
                   "one of onboard, remote");
    assert_refused(&w, "4g", NULL, SL_POLICY_RANDOM, SL_USAGE, "--links is for policies with networks", NULL);
    assert_refused(&w, NULL, "remote", SL_POLICY_HEURISTIC, SL_USAGE, "--execution is for policies", NULL);
    // a file's faults name it and the key
    static const char *const bad[][2] = {
        {"links: {dely: fixed 3 steps}\n", "unknown key 'links.dely'"},
        {"links: {delay: fixed 25 steps}\n", "key 'links.delay'"},
        {"links: {delay: fixed nan ms}\n", "key 'links.delay'"},
        {"links: {duplicate: 2}\n", "key 'links.duplicate'"},
        {"links: {rules: [{agents: 3, loss: 1}]}\n", "key 'links.rules[0].agents'"},
        {"links: {rules: [{blocks: ally, loss: 1}]}\n", "key 'links.rules[0].blocks'"},
        {"links: {outages: 9..3}\n", "key 'links.outages'"},
        {"seed: 2\n", "has no section 'links'"},
        {"links: \"a\n", "is not YAML"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_file(&w, bad[i][0]);
        const sl_links_choice choice = {w.file, NULL, 0};
        sl_chosen_links out = {0};
        assert_int_equal(sl_links_choose(&choice, w.setup, students, &out), SL_CONFIG);
        if (!strstr(sl_error_what(), w.file) || !strstr(sl_error_what(), bad[i][1]))
            fail_msg("%s does not say %s and %s", sl_error_what(), w.file, bad[i][1]);
    }
    fini(&w);
}

// as much as a request can carry, and more
static void a_section_that_is_too_long_is_refused(void **state) {
    (void)state;
    world w = make(SPREAD);
    FILE *file = fopen(w.file, "wb");
    assert_non_null(file);
    fputs("links:\n  rules:\n", file);
    for (int i = 0; i < 63; i++) {
        fputs("  - agents: '0", file);
        for (int k = 0; k < 120; k++) fputs(" 0", file);
        fputs("'\n    outages: '", file);
        for (int k = 0; k < 14; k++) fprintf(file, " %d..%d", 1000000 + k, 1000001 + k);
        fputs("'\n    blocks: 'comm", file);
        for (int k = 0; k < 48; k++) fputs(" comm", file);
        fputs("'\n    loss: '1                                                                              "
              "                                                                                        '\n"
              "    delay: 'fixed                                                                    "
              "                                                                                 1 steps'\n",
              file);
    }
    fclose(file);
    const sl_links_choice choice = {w.file, NULL, 0};
    sl_chosen_links out = {0};
    sl_status status = sl_links_choose(&choice, w.setup, SL_POLICY_STUDENTS, &out);
    if (status != SL_CONFIG || !strstr(sl_error_what(), "can be sent")) fail_msg("%d %s", status, sl_error_what());
    fini(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(presets_files_and_none_are_taken),  cmocka_unit_test(without_flags_the_runs_own_count),
        cmocka_unit_test(a_step_has_the_length_of_the_rate), cmocka_unit_test(links_need_a_clock_that_knows_delay),
        cmocka_unit_test(what_is_wrong_is_refused_by_name),  cmocka_unit_test(a_section_that_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
