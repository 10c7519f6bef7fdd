/* test_links_text.c - the section links of an experiment: its keys, its rules, --set, and the section alone. */
#include "common/alloc.h"
#include "experiment/links_text.h"
#include "support/temp_folder.h"
#include "support/torture.h"

#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ENV   "env: {name: mpe/simple_spread_v3}\n"
#define RULES "links:\n  preset: 4g\n  rules:\n  - {agents: 0 2..3, direction: observation, blocks: ally, loss: 1}\n"

static sl_experiment *parse(const char *text, const char *set) {
    sl_experiment *out = NULL;
    if (sl_experiment_parse("test.yaml", text, strlen(text), &set, set ? 1 : 0, &out) != SL_OK)
        fail_msg("%s", sl_error_what());
    return out;
}

static void links_and_their_rules_are_read(void **state) {
    (void)state;
    sl_experiment *e = parse(ENV, NULL);
    const sl_links_def *links = &e->links;
    assert_true(links->execution == SL_EXECUTION_ONBOARD && links->fallback == SL_FALLBACK_HOLD);
    assert_true(!links->teaches_stale && links->n_rules == 0 && !links->rules);
    assert_string_equal(links->words.preset, "");
    assert_string_equal(links->words.delay, "");
    assert_true(links->words.duplicate == 0 && links->words.rate == 0);
    assert_true(!e->mask.age && e->fleet.clock == SL_EXP_LOCKSTEP && e->fleet.hz == 0);
    sl_experiment_destroy(&e);
    e = parse(ENV RULES "mask: {age: true}\nfleet: {clock: virtual, hz: 50}\n", "links.teacher=stale");
    links = &e->links;
    assert_true(links->teaches_stale && e->mask.age && e->fleet.clock == SL_EXP_VIRTUAL && e->fleet.hz == 50);
    assert_string_equal(links->words.preset, "4g");
    assert_int_equal(links->n_rules, 1);
    assert_string_equal(links->rules[0].agents, "0 2..3");
    assert_int_equal(links->rules[0].direction, SL_DIRECTION_OBSERVATION);
    assert_string_equal(links->rules[0].blocks, "ally");
    assert_string_equal(links->rules[0].words.loss, "1");
    // what a rule does not say is told from what it says
    assert_true(isnan(links->rules[0].words.duplicate) && isnan(links->rules[0].words.rate));
    assert_string_equal(links->rules[0].words.order, "");
    sl_experiment_destroy(&e);
}

static void sets_change_rules_and_append_them(void **state) {
    (void)state;
    static const char *const sets[] = {"links.delay=fixed 3 steps", "links.rules[0].duplicate=0.5",
                                       "links.rules[1].loss=1", "links.rules[1].direction=action",
                                       "links.rules[2].rate=3"};
    sl_experiment *e = NULL;
    assert_int_equal(sl_experiment_parse("t", ENV RULES, strlen(ENV RULES), sets, 5, &e), SL_OK);
    assert_string_equal(e->links.words.delay, "fixed 3 steps");
    assert_int_equal(e->links.n_rules, 3);
    assert_true(e->links.rules[0].words.duplicate == 0.5 && e->links.rules[2].words.rate == 3);
    assert_string_equal(e->links.rules[0].words.loss, "1");
    // a new one is the defaults, no copy
    assert_string_equal(e->links.rules[1].agents, "");
    assert_int_equal(e->links.rules[1].direction, SL_DIRECTION_ACTION);
    assert_true(isnan(e->links.rules[1].words.rate));
    sl_experiment_destroy(&e);
}

static void free_words(sl_link_words *words) {
    sl_free(words->preset);
    sl_free(words->delay);
    sl_free(words->loss);
    sl_free(words->order);
    sl_free(words->outages);
}

static void free_links(sl_links_def *links) {
    free_words(&links->words);
    for (unsigned i = 0; i < links->n_rules; i++) {
        free_words(&links->rules[i].words);
        sl_free(links->rules[i].agents);
        sl_free(links->rules[i].blocks);
    }
    sl_free(links->rules);
}

static void links_are_read_and_written_alone(void **state) {
    (void)state;
    static const char *const texts[] = {RULES, ENV RULES "name: x\n"};
    for (int i = 0; i < 2; i++) {
        sl_links_def links = {0}, copy = {0};
        char *text = NULL, *again = NULL;
        size_t n_bytes = 0, n_again = 0;
        assert_int_equal(sl_experiment_parse_links("l.yaml", texts[i], strlen(texts[i]), &links), SL_OK);
        assert_string_equal(links.words.preset, "4g");
        assert_int_equal(sl_experiment_format_links(&links, &text, &n_bytes), SL_OK);
        // every key of the section, and nothing else
        assert_memory_equal(text, "links:\n", 7);
        assert_non_null(strstr(text, "fallback: hold"));
        assert_null(strstr(text, "env"));
        assert_int_equal(sl_experiment_parse_links("again", text, n_bytes, &copy), SL_OK);
        assert_int_equal(sl_experiment_format_links(&copy, &again, &n_again), SL_OK);
        assert_int_equal(n_again, n_bytes);
        assert_memory_equal(text, again, n_bytes);
        assert_int_equal(copy.n_rules, 1);
        assert_true(isnan(copy.rules[0].words.rate));
        sl_free(text);
        sl_free(again);
        free_links(&links);
        free_links(&copy);
    }
    sl_links_def none = {0};
    static const char *const bad[][2] = {
        {"", "l.yaml: has no section 'links'"},
        {ENV, "l.yaml: has no section 'links'"},
        {"links: {dealy: x}\n", "l.yaml: unknown key 'links.dealy'"},
        {"links: {rate: -1}\n", "l.yaml: key 'links.rate': -1 is outside [0, 1e9]"},
        {"delay: fixed 3 steps\n", "l.yaml: unknown key 'delay'"},
        {"env: {name: links}\n", "l.yaml: has no section 'links'"},
        {"links:\n", "l.yaml: key 'links': must be a section of keys"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(sl_experiment_parse_links("l.yaml", bad[i][0], strlen(bad[i][0]), &none), SL_CONFIG);
        assert_string_equal(sl_error_what(), bad[i][1]);
    }
}

// it says that nothing is late, which is not the same as to say nothing
static void an_empty_section_is_none(void **state) {
    (void)state;
    static const char *const texts[] = {"links: {}\n", ENV "'links': {}\n", "{name: x, links: {}, threads: 2}\n"};
    for (int i = 0; i < 3; i++) {
        sl_links_def links = {0};
        assert_int_equal(sl_experiment_parse_links("l.yaml", texts[i], strlen(texts[i]), &links), SL_OK);
        assert_string_equal(links.words.delay, "");
        assert_int_equal(links.n_rules, 0);
        free_links(&links);
    }
}

// removes from begin to the end of that line, or to the end of the text
static void cut(char *text, const char *begin, bool all) {
    char *at = strstr(text, begin);
    assert_non_null(at);
    char *end = all ? at + strlen(at) : strchr(at + 1, '\n');
    memmove(at, end, strlen(end) + 1);
}

static char *identity(const char *text, const char *set) {
    sl_experiment *e = parse(text, set);
    char *out = NULL;
    size_t n_bytes = 0;
    assert_int_equal(sl_experiment_format_identity(e, &out, &n_bytes), SL_OK);
    assert_int_equal(strlen(out), n_bytes);
    sl_experiment_destroy(&e);
    return out;
}

// what checkpoints of older runs are known by is still the same
static void what_says_nothing_is_no_part_of_the_identity(void **state) {
    (void)state;
    sl_experiment *e = parse(ENV, NULL);
    char *whole = NULL, *own = identity(ENV, NULL);
    size_t n_bytes = 0;
    assert_int_equal(sl_experiment_format(e, &whole, &n_bytes), SL_OK);
    cut(whole, "\n  precision: f32", false);
    cut(whole, "\n  age: false", false);
    cut(whole, "\n  clock: lockstep", false);
    cut(whole, "\n  hz: 0", false);
    cut(whole, "links:\n", true);
    assert_string_equal(own, whole);
    // what says something is a part
    static const char *const sets[] = {"mask.age=true",        "teacher.precision=bf16", "fleet.hz=3",
                                       "fleet.clock=virtual",  "links.fallback=noop",    "links.delay=fixed 1 steps",
                                       "links.rules[0].loss=0"};
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        char *other = identity(ENV, sets[i]);
        assert_string_not_equal(other, own);
        sl_free(other);
    }
    sl_free(own);
    sl_free(whole);
    sl_experiment_destroy(&e);
}

static void a_section_is_read_from_a_file(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    const char *path = sl_temp_folder_file(&folder, "l.yaml");
    sl_links_def links = {0};
    assert_int_equal(sl_experiment_load_links(path, &links), SL_NOT_FOUND);
    assert_int_equal(sl_experiment_load_links(folder.path, &links), SL_IO);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(RULES, file);
    fclose(file);
    assert_int_equal(sl_experiment_load_links(path, &links), SL_OK);
    assert_string_equal(links.words.preset, "4g");
    free_links(&links);
    sl_temp_folder_remove(&folder);
}

#define TRACED                                                                                                       \
    "links:\n  delay: trace a b.txt ms\n  rules:\n  - {delay: trace /x/c.txt ms}\n  - {delay: trace d.txt steps}\n"

static void assert_traced(const char *delay, const char *folder, const char *rest) {
    char expected[PATH_MAX + 32];
    (void)snprintf(expected, sizeof expected, "trace %s/%s", folder, rest);
    assert_string_equal(delay, expected);
}

// what is trained in one folder flies from another
static void a_trace_is_beside_the_file_that_names_it(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    const char *path = sl_temp_folder_file(&folder, "l.yaml");
    char beside[PATH_MAX], here[PATH_MAX];
    assert_non_null(realpath(folder.path, beside));
    assert_non_null(getcwd(here, sizeof here));
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(TRACED ENV, file);
    assert_int_equal(fclose(file), 0);
    sl_links_def links = {0};
    assert_int_equal(sl_experiment_load_links(path, &links), SL_OK);
    assert_traced(links.words.delay, beside, "a b.txt ms");
    assert_string_equal(links.rules[0].words.delay, "trace /x/c.txt ms");
    assert_traced(links.rules[1].words.delay, beside, "d.txt steps");
    free_links(&links);
    // what is said by --set is said from here
    sl_experiment *e = NULL;
    assert_int_equal(sl_experiment_load(path, (const char *const[]){"links.delay=trace e.txt ms"}, 1, &e), SL_OK);
    assert_traced(e->links.words.delay, here, "e.txt ms");
    assert_traced(e->links.rules[1].words.delay, beside, "d.txt steps");
    sl_experiment_destroy(&e);
    // as is a text that is no file's
    assert_int_equal(sl_experiment_parse_links("l.yaml", TRACED, strlen(TRACED), &links), SL_OK);
    assert_traced(links.words.delay, here, "a b.txt ms");
    free_links(&links);
    sl_temp_folder_remove(&folder);
}

static sl_status read_and_write(void *context) {
    sl_links_def links = {0};
    char *text = NULL;
    size_t n_bytes = 0;
    SL_TRY(sl_experiment_parse_links("torture", context, strlen(context), &links));
    sl_status status = sl_experiment_format_links(&links, &text, &n_bytes);
    if (status == SL_OK) sl_free(text);
    free_links(&links);
    return status;
}

/* a histogram of a thousand bins is a long word; no other is */
static void a_delay_may_be_long(void **state) {
    (void)state;
    static char text[20000];
    sl_links_def links = {0}, copy = {0};
    char *saved = NULL;
    size_t n = (size_t)snprintf(text, sizeof text, "links: {delay: \"histogram"), n_saved = 0;
    for (int i = 0; i < 1000; i++) n += (size_t)snprintf(text + n, sizeof text - n, " %d.25:0.001", i);
    n += (size_t)snprintf(text + n, sizeof text - n, " steps\"}");
    assert_int_equal(sl_experiment_parse_links("l.yaml", text, n, &links), SL_OK);
    assert_int_equal(sl_experiment_format_links(&links, &saved, &n_saved), SL_OK);
    assert_int_equal(sl_experiment_parse_links("again", saved, n_saved, &copy), SL_OK);
    assert_string_equal(copy.words.delay, links.words.delay);
    sl_free(saved);
    free_links(&links);
    free_links(&copy);
    // a name that no file has stays as it is, so that what was read can be written and read
    n = (size_t)snprintf(text, sizeof text, "links: {delay: \"trace %.5000d ms\"}", 1);
    assert_int_equal(sl_experiment_parse_links("l.yaml", text, n, &links), SL_OK);
    assert_int_equal(strlen(links.words.delay), 6 + 5000 + 3);
    free_links(&links);
    n = (size_t)snprintf(text, sizeof text, "links: {loss: \"%300d\"}", 1);
    assert_int_equal(sl_experiment_parse_links("l.yaml", text, n, &links), SL_CONFIG);
    assert_string_equal(sl_error_what(), "l.yaml: key 'links.loss': is longer than 255 bytes");
}

static void a_failed_allocation_is_an_error_and_no_leak(void **state) {
    (void)state;
    char text[] = RULES;
    assert_true(sl_torture(read_and_write, text) > 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_and_their_rules_are_read),
        cmocka_unit_test(sets_change_rules_and_append_them),
        cmocka_unit_test(links_are_read_and_written_alone),
        cmocka_unit_test(an_empty_section_is_none),
        cmocka_unit_test(what_says_nothing_is_no_part_of_the_identity),
        cmocka_unit_test(a_section_is_read_from_a_file),
        cmocka_unit_test(a_trace_is_beside_the_file_that_names_it),
        cmocka_unit_test(a_delay_may_be_long),
        cmocka_unit_test(a_failed_allocation_is_an_error_and_no_leak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
