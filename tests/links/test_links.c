/* test_links.c - from a section to a team's channels: who gets which, and what is refused of a team. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "links/links.h"
#include "team.h"

#include "support/torture.h"

static sl_link_rule rule(const char *agents, sl_direction direction, const char *blocks, const char *delay) {
    return (sl_link_rule){.words = {.delay = (char *)delay, .duplicate = NAN, .rate = NAN},
                          .agents = (char *)agents,
                          .blocks = (char *)blocks,
                          .direction = direction};
}

/* the fixed delay in steps of a channel; 0 where it is ideal */
static double delay_of(const sl_links *links, int channel) {
    return links->channels[channel].delay.a;
}

static void told_blocks_have_channels_sensed_ones_where_a_rule_names_them(void **state) {
    (void)state;
    sl_link_rule rules[] = {
        rule("0", SL_DIRECTION_BOTH, "ally", "fixed 5 steps"),
        rule("", SL_DIRECTION_OBSERVATION, "comm", "fixed 6 steps"),
        rule("1", SL_DIRECTION_OBSERVATION, "", "fixed 7 steps"),
        rule("1", SL_DIRECTION_OBSERVATION, "own", "fixed 8 steps"),
        rule("0..1", SL_DIRECTION_ACTION, "", "fixed 9 steps"),
    };
    sl_links_def def = rig_def(SL_EXECUTION_ONBOARD, "fixed 3 steps");
    def.rules = rules;
    sl_links *links = rig_links(&def);
    assert_int_equal(links->agents[0].n_blocks, 3 - 1);
    assert_int_equal(links->agents[0].n_told, 2);
    assert_true(delay_of(links, links->agents[0].blocks[0].channel) == 3.0);
    // without rules all share one channel
    assert_int_equal(links->n_channels, 1);
    assert_string_equal(links->text, "fixed 3 steps");
    sl_links_destroy(&links);

    def.n_rules = 5, def.words.loss = "0.1";
    links = rig_links(&def);
    const sl_linked_agent *first = &links->agents[0], *second = &links->agents[1];
    assert_int_equal(first->n_blocks, 2);
    assert_int_equal(second->n_blocks, 2);
    assert_true(first->blocks[0].begin == 1 && first->blocks[0].len == 2 && first->blocks[0].age == 0);
    assert_true(delay_of(links, first->blocks[0].channel) == 5.0);
    assert_true(first->blocks[1].begin == 3 && first->blocks[1].age == 1);
    assert_true(delay_of(links, first->blocks[1].channel) == 6.0);
    // a sensed block has no age that is shown, and only the words of the rule
    assert_true(second->blocks[0].begin == 0 && second->blocks[0].age == -1);
    assert_true(delay_of(links, second->blocks[0].channel) == 8.0);
    assert_true(links->channels[second->blocks[0].channel].loss.lose_good == 0.0);
    assert_true(links->channels[second->blocks[1].channel].loss.lose_good == 0.1);
    assert_true(delay_of(links, second->blocks[1].channel) == 7.0);
    assert_string_equal(links->text, "fixed 3 steps, loss 0.1, 5 rules");
    assert_false(sl_links_is_none(links));
    sl_links_destroy(&links);
    assert_null(links);
}

static void later_rules_override_earlier_ones_word_by_word(void **state) {
    (void)state;
    sl_link_rule rules[] = {rule("", SL_DIRECTION_BOTH, "", ""), rule("1", SL_DIRECTION_ACTION, "", "fixed 4 steps"),
                            rule("1", SL_DIRECTION_BOTH, "", "")};
    rules[0].words.loss = "0.1";
    rules[1].words.loss = "0.3";
    rules[2].words.loss = "0.2";
    sl_links_def def = rig_def(SL_EXECUTION_REMOTE, "fixed 3 steps");
    def.rules = rules, def.n_rules = 3;
    sl_links *links = rig_links(&def);
    static const struct { double delay, loss; } want[2][2] = {{{3, 0.1}, {3, 0.1}}, {{3, 0.2}, {4, 0.2}}};
    for (int i = 0; i < RIG_N; i++) {
        int channels[2] = {links->agents[i].observation, links->agents[i].action};
        assert_int_equal(links->agents[i].n_blocks, 0);
        for (int k = 0; k < 2; k++) {
            assert_true(delay_of(links, channels[k]) == want[i][k].delay);
            assert_true(links->channels[channels[k]].loss.lose_good == want[i][k].loss);
        }
    }
    sl_links_destroy(&links);
}

static void nothing_late_is_none_whatever_the_execution(void **state) {
    (void)state;
    sl_link_rule rules[] = {rule("", SL_DIRECTION_BOTH, "", "fixed 0 steps")};
    for (int remote = 0; remote < 2; remote++) {
        sl_links_def def = rig_def(remote ? SL_EXECUTION_REMOTE : SL_EXECUTION_ONBOARD, "fixed 2 steps");
        def.rules = rules, def.n_rules = 1;
        sl_links *links = rig_links(&def);
        assert_true(sl_links_is_none(links));
        assert_string_equal(links->text, "none");
        sl_links_destroy(&links);
        def = rig_def(remote ? SL_EXECUTION_REMOTE : SL_EXECUTION_ONBOARD, NULL);
        links = rig_links(&def);
        assert_true(sl_links_is_none(links));
        sl_links_destroy(&links);
    }
}

static void the_text_says_what_the_words_say(void **state) {
    (void)state;
    sl_links_def def = {.words = {.preset = "4g", .loss = "0.2", .order = "reorder", .duplicate = 0.1, .rate = 10}};
    sl_links *links = rig_links(&def);
    assert_string_equal(links->text, "4g, loss 0.2, duplicate 0.1, reorder, rate 10");
    sl_links_destroy(&links);
    // what is too long is cut
    char outages[200] = "0..1";
    for (int i = 0; i < 15; i++) (void)snprintf(outages + strlen(outages), 16, " 1000..1001");
    def.words.outages = outages;
    links = rig_links(&def);
    assert_int_equal(strlen(links->text), SL_LINKS_TEXT - 1);
    sl_links_destroy(&links);
}

typedef struct refusal {
    sl_execution execution;
    sl_link_words words;
    sl_link_rule rule;
    const char *what, *hint;
} refusal;

static void what_the_team_lacks_is_refused(void **state) {
    (void)state;
    static const refusal rows[] = {
        {SL_EXECUTION_ONBOARD,
         {.delay = "fixed 20 steps"},
         {.agents = ""},
         "key 'links.delay': 'fixed 20 steps': always longer than the episode",
         "the episode has 20 steps of 100 ms; delays below 20 steps arrive"},
        {SL_EXECUTION_REMOTE, {.delay = "fixed 2001 ms"}, {.agents = ""}, "always longer than the episode", NULL},
        {SL_EXECUTION_ONBOARD, {.delay = "uniform 30 40 steps"}, {.agents = ""}, "always longer", NULL},
        {SL_EXECUTION_ONBOARD, {.delay = "normal 400 30 steps"}, {.agents = ""}, "always longer", NULL},
        {SL_EXECUTION_ONBOARD, {.delay = "lognormal 10000 10001 ms"}, {.agents = ""}, "always longer", NULL},
        {SL_EXECUTION_ONBOARD,
         {0},
         {.words = {.delay = "fixed 99 steps"}},
         "key 'links.rules[0].delay': 'fixed 99 steps': always longer",
         NULL},
        {SL_EXECUTION_ONBOARD, {0}, {.words = {.loss = "7"}}, "key 'links.rules[0].loss': '7'", NULL},
        {SL_EXECUTION_ONBOARD, {.preset = "4g", .delay = "fixed x ms"}, {.agents = ""}, "key 'links.delay'", NULL},
        {SL_EXECUTION_ONBOARD,
         {0},
         {.agents = "2"},
         "key 'links.rules[0].agents': '2': the team has no such agent",
         "agents 0 to 1"},
        {SL_EXECUTION_ONBOARD, {0}, {.agents = "0..2"}, "the team has no such agent", NULL},
        {SL_EXECUTION_ONBOARD, {0}, {.agents = "1..0"}, "a range ends before it starts", NULL},
        {SL_EXECUTION_ONBOARD, {0}, {.agents = "-1"}, "one word is no agent", NULL},
        {SL_EXECUTION_ONBOARD, {0}, {.agents = "all"}, "one word is no agent", NULL},
        {SL_EXECUTION_ONBOARD,
         {0},
         {.blocks = "enemy"},
         "key 'links.rules[0].blocks': 'enemy': an agent has no such block",
         "there are own, ally (told), comm (told)"},
        // agent 1 has no comm
        {SL_EXECUTION_ONBOARD,
         {0},
         {.agents = "1", .blocks = "ally comm"},
         "an agent has no such block",
         "there are own, ally (told)"},
        {SL_EXECUTION_REMOTE, {0}, {.blocks = "ally"}, "remote agents get whole observations", "--execution"},
        {SL_EXECUTION_ONBOARD,
         {0},
         {.blocks = "ally", .direction = SL_DIRECTION_ACTION},
         "actions have no blocks",
         NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sl_link_rule copy = rows[i].rule;
        sl_links_def def = {.execution = rows[i].execution, .words = rows[i].words, .rules = &copy, .n_rules = 1};
        sl_links *links = NULL;
        sl_status status = sl_links_create(&def, &rig_team, &links);
        if (status != SL_CONFIG) print_message("%s\n", rows[i].what);
        assert_int_equal(status, SL_CONFIG);
        assert_null(links);
        if (!strstr(sl_error_what(), rows[i].what)) fail_msg("'%s' not '%s'", sl_error_what(), rows[i].what);
        if (rows[i].hint && !strstr(sl_error_hint(), rows[i].hint))
            fail_msg("'%s' not '%s'", sl_error_hint(), rows[i].hint);
    }
    // rules beyond the last bit of a mask
    static sl_link_rule many[SL_LINKS_MAX_RULES + 1];
    sl_links_def def = {.rules = many, .n_rules = SL_LINKS_MAX_RULES + 1};
    sl_links *links = NULL;
    assert_int_equal(sl_links_create(&def, &rig_team, &links), SL_CONFIG);
    assert_string_equal(sl_error_what(), "key 'links.rules': 64 rules, more than 63");
    def.n_rules--;
    assert_int_equal(sl_links_create(&def, &rig_team, &links), SL_OK);
    sl_links_destroy(&links);
}

/* delays that are longer than an episode now and then are what networks do */
static void some_delays_may_be_longer_than_the_episode(void **state) {
    (void)state;
    static const char *const delays[] = {"pareto 1 0.5 steps", "normal 30 10 steps", "fixed 19.9 steps",
                                         "uniform 19 100 steps", "histogram 1:1 100:9 steps"};
    for (int i = 0; i < 5; i++) {
        sl_links_def def = rig_def(SL_EXECUTION_ONBOARD, delays[i]);
        sl_links *links = rig_links(&def);
        sl_links_destroy(&links);
    }
}

static void a_step_without_a_length_takes_steps_alone(void **state) {
    (void)state;
    sl_links_team team = rig_team;
    team.step_ms = 0;
    sl_links *links = NULL;
    sl_links_def def = rig_def(SL_EXECUTION_ONBOARD, "fixed 3 ms");
    assert_int_equal(sl_links_create(&def, &team, &links), SL_CONFIG);
    assert_string_equal(sl_error_what(), "key 'links.delay': 'fixed 3 ms': a step of this environment has no length");
    def.words.delay = NULL, def.words.preset = "satellite";
    assert_int_equal(sl_links_create(&def, &team, &links), SL_CONFIG);
    assert_true(strstr(sl_error_what(), "key 'links.preset'") != NULL);
    def.words.preset = "ideal";
    assert_int_equal(sl_links_create(&def, &team, &links), SL_OK);
    sl_links_destroy(&links);
    def = rig_def(SL_EXECUTION_ONBOARD, "fixed 3 steps");
    assert_int_equal(sl_links_create(&def, &team, &links), SL_OK);
    sl_links_destroy(&links);
}

static sl_status live(void *context) {
    sl_links *links = NULL;
    SL_TRY(sl_links_create(context, &rig_team, &links));
    sl_links_destroy(&links);
    return SL_OK;
}

static void creation_survives_every_failed_allocation(void **state) {
    (void)state;
    sl_link_rule rules[] = {rule("0", SL_DIRECTION_BOTH, "ally", "histogram 1:1 2:2 steps"),
                            rule("1", SL_DIRECTION_BOTH, "", "fixed 2 steps")};
    sl_links_def def = {.words = {.preset = "rlrd-wifi"}, .rules = rules, .n_rules = 2};
    assert_true(sl_torture(live, &def) > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(told_blocks_have_channels_sensed_ones_where_a_rule_names_them),
        cmocka_unit_test(later_rules_override_earlier_ones_word_by_word),
        cmocka_unit_test(nothing_late_is_none_whatever_the_execution),
        cmocka_unit_test(the_text_says_what_the_words_say),
        cmocka_unit_test(what_the_team_lacks_is_refused),
        cmocka_unit_test(some_delays_may_be_longer_than_the_episode),
        cmocka_unit_test(a_step_without_a_length_takes_steps_alone),
        cmocka_unit_test(creation_survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
