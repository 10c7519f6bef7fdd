/* test_remote.c - observations and actions over a link, both ways, by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "team.h"
#include "traced.h"

/* One copy played: how many observations agent i got in step t and the newest of them, and the step whose observation
 * the applied action answers; its action is always that step, 1 at least. */
typedef struct played {
    int n_got[RIG_T][RIG_N], newest[RIG_T][RIG_N];
    int32_t applied[RIG_T][RIG_N];
    sl_link_counts counts;
} played;

static void play(const sl_links_def *def, uint64_t seed, played *out) {
    sl_links *links = rig_links(def);
    sl_link_team *team = NULL;
    assert_int_equal(sl_link_team_create(links, 1, false, &team), SL_OK);
    sl_rng stream = sl_rng_seed(seed);
    sl_link_team_begin(team, 0, &stream);
    memset(out, 0, sizeof *out);
    for (int t = 0; t < RIG_T; t++) {
        float obs[RIG_N * RIG_O], seen[RIG_N * RIG_O];
        uint8_t avail[RIG_N * RIG_A], shown[RIG_N * RIG_A], active[RIG_N];
        rig_observe(1, t, obs);
        memset(avail, t, sizeof avail);
        sl_link_team_send(team, 0, 1, obs, avail);
        int32_t actions[RIG_N];
        for (int i = 0; i < RIG_N; i++) out->newest[t][i] = -1;
        while (sl_link_team_deliver(team, 0, 1, seen, shown, active)) {
            for (int i = 0; i < RIG_N; i++) {
                if (!active[i]) continue;
                int made = (int)(seen[i * RIG_O + 1] / 100.0f);
                assert_true(made > out->newest[t][i]);
                assert_int_equal(shown[i * RIG_A + 2], made);
                out->newest[t][i] = made;
                out->n_got[t][i]++;
                actions[i] = made + 1;
            }
            sl_link_team_act(team, 0, 1, active, actions);
        }
        sl_link_team_apply(team, 0, 1, out->applied[t]);
    }
    sl_link_team_count(team, 0, 1, &out->counts);
    sl_link_team_destroy(&team);
    sl_links_destroy(&links);
}

static void a_delay_is_paid_in_both_directions(void **state) {
    (void)state;
    played p;
    sl_links_def def = rig_def(SL_EXECUTION_REMOTE, "fixed 2 steps");
    play(&def, 1, &p);
    for (int t = 0; t < RIG_T; t++) {
        for (int i = 0; i < RIG_N; i++) {
            assert_int_equal(p.n_got[t][i], t >= 2);
            assert_int_equal(p.newest[t][i], t >= 2 ? t - 2 : -1);
            assert_int_equal(p.applied[t][i], t >= 4 ? t - 4 + 1 : 0);
        }
    }
    assert_int_equal(p.counts.sent, RIG_N * (RIG_T + RIG_T - 2));
    assert_int_equal(p.counts.decisions, RIG_N * (RIG_T - 2));
    assert_int_equal(p.counts.misses, RIG_N * 4);
    assert_int_equal(p.counts.fallbacks, RIG_N * 4);
    assert_int_equal(p.counts.longest_run, 4);
    assert_int_equal(p.counts.observation_ages[2], RIG_N * (RIG_T - 2));
    assert_int_equal(p.counts.action_ages[4], RIG_N * (RIG_T - 4));
    assert_int_equal(p.counts.action_ages[SL_LINKS_AGES - 1], RIG_N * 4);
}

static void two_parts_of_a_step_add_to_one(void **state) {
    (void)state;
    static const char *const delays[] = {"fixed 0.6 steps", "fixed 60 ms", "fixed 0.4 steps", ""};
    for (int d = 0; d < 4; d++) {
        played p;
        sl_links_def def = rig_def(SL_EXECUTION_REMOTE, delays[d]);
        play(&def, 1, &p);
        int late = d < 2;
        for (int t = 0; t < RIG_T; t++) {
            assert_int_equal(p.newest[t][0], t);
            assert_int_equal(p.applied[t][0], t < late ? 0 : t - late + 1);
        }
    }
}

/* Observation m takes delays[m] steps up, actions none down; of agent 0. */
static void play_traced(const char *order, const double *delays, played *out) {
    char words[400];
    sl_temp_folder folder = sl_temp_folder_create();
    traced_words(&folder, "trace", RIG_T, delays, words);
    sl_link_rule down = {{.delay = "fixed 0 steps", .duplicate = NAN, .rate = NAN}, "", "", SL_DIRECTION_ACTION};
    sl_links_def def = rig_def(SL_EXECUTION_REMOTE, words);
    def.words.order = (char *)order;
    def.rules = &down, def.n_rules = 1;
    sl_links *links = rig_links(&def);
    uint64_t key = sl_line_key(0, SL_DIRECTION_OBSERVATION, SL_LINE_WHOLE);
    uint64_t seed = traced_seed(&links->channels[links->agents[0].observation], key, 0);
    sl_links_destroy(&links);
    play(&def, seed, out);
    sl_temp_folder_remove(&folder);
}

static void an_agent_steps_once_for_each_that_arrives_and_skips_older_ones(void **state) {
    (void)state;
    played p;
    // 0 comes at 2.0 and 1 at 1.0: skipped. 2 at 5.9, 3 at 5.5, 4 at 5.7: three in a step, of which 3, then 4. The
    // others never
    static const double delays[RIG_T] = {2,  0,  3.9, 2.5, 1.7, 30, 30, 30, 30, 30,
                                         30, 30, 30,  30,  30,  30, 30, 30, 30, 30};
    static const int n_got[RIG_T] = {[1] = 1, [5] = 2};
    play_traced("reorder", delays, &p);
    for (int t = 0; t < RIG_T; t++) {
        assert_int_equal(p.n_got[t][0], n_got[t]);
        assert_int_equal(p.newest[t][0], t == 1 ? 1 : t == 5 ? 4 : -1);
        // the action that answers 3 comes in the same step as that which answers 4
        assert_int_equal(p.applied[t][0], t < 1 ? 0 : t < 5 ? 2 : 5);
    }
    // in order: 1 waits for 0, and 3 and 4 for 2
    static const int ordered_got[RIG_T] = {[2] = 2, [5] = 3};
    play_traced("fifo", delays, &p);
    for (int t = 0; t < RIG_T; t++) {
        assert_int_equal(p.n_got[t][0], ordered_got[t]);
        assert_int_equal(p.newest[t][0], t == 2 ? 1 : t == 5 ? 4 : -1);
        assert_int_equal(p.applied[t][0], t < 2 ? 0 : t < 5 ? 2 : 5);
    }
}

/* actions that are made in steps 5 to 14 are lost */
static void where_no_action_comes_the_fallback_acts(void **state) {
    (void)state;
    sl_link_rule down = {{.outages = "5..15", .duplicate = NAN, .rate = NAN}, "", "", SL_DIRECTION_ACTION};
    for (int fallback = 0; fallback < 3; fallback++) {
        played p;
        sl_links_def def = rig_def(SL_EXECUTION_REMOTE, NULL);
        def.rules = &down, def.n_rules = 1, def.fallback = (sl_fallback)fallback;
        play(&def, 1, &p);
        for (int t = 0; t < RIG_T; t++) {
            int held = fallback == SL_FALLBACK_HOLD ? 5 : fallback == SL_FALLBACK_DECAY && t < 5 + 5 ? 5 : 0;
            assert_int_equal(p.newest[t][1], t);
            assert_int_equal(p.applied[t][1], t < 5 || t >= 15 ? t + 1 : held);
        }
        assert_int_equal(p.counts.fallbacks, 2 * 10);
        assert_int_equal(p.counts.misses, 2 * 10);
        assert_int_equal(p.counts.longest_run, 10);
        assert_int_equal(p.counts.lost, 2 * 10);
        assert_int_equal(p.counts.action_ages[0], 2 * 10);
        assert_int_equal(p.counts.action_ages[10], 2);
    }
}

static void copies_are_delivered_once(void **state) {
    (void)state;
    played p;
    sl_links_def def = rig_def(SL_EXECUTION_REMOTE, "uniform 0 5 steps");
    def.words.order = "reorder", def.words.duplicate = 1;
    play(&def, 1, &p);
    int n_got = 0;
    for (int t = 0; t < RIG_T; t++) n_got += p.n_got[t][0] + p.n_got[t][1];
    assert_int_equal(p.counts.decisions, n_got);
    assert_int_equal(p.counts.duplicated, p.counts.sent);
    assert_true(p.counts.skipped > p.counts.duplicated && n_got <= 2 * RIG_T);
}

/* an action leaves when the observation came, not when the step began */
static void rules_are_of_agents_and_directions(void **state) {
    (void)state;
    sl_link_rule rules[] = {
        {{.delay = "fixed 1.5 steps", .duplicate = NAN, .rate = NAN}, "1", "", SL_DIRECTION_OBSERVATION},
        {{.delay = "fixed 2.5 steps", .duplicate = NAN, .rate = NAN}, "1", "", SL_DIRECTION_ACTION},
    };
    played p;
    sl_links_def def = rig_def(SL_EXECUTION_REMOTE, NULL);
    def.rules = rules, def.n_rules = 2;
    play(&def, 1, &p);
    for (int t = 0; t < RIG_T; t++) {
        assert_int_equal(p.applied[t][0], t + 1);
        assert_int_equal(p.newest[t][1], t < 1 ? -1 : t - 1);
        assert_int_equal(p.applied[t][1], t < 4 ? 0 : t - 4 + 1);
    }
}

/* ages: all told blocks of a whole observation are as old as it is */
static void an_observations_age_is_that_of_its_told_blocks(void **state) {
    (void)state;
    sl_links_def def = rig_def(SL_EXECUTION_REMOTE, "fixed 4 steps");
    sl_links *links = rig_links(&def);
    sl_link_team *team = NULL;
    assert_int_equal(sl_link_team_create(links, 1, true, &team), SL_OK);
    for (int t = 0; t < 6; t++) {
        float obs[RIG_N * RIG_O], seen[RIG_N * RIG_P];
        uint8_t active[RIG_N];
        int32_t applied[RIG_N];
        rig_observe(1, t, obs);
        memset(seen, 0x7f, sizeof seen);
        sl_link_team_send(team, 0, 1, obs, NULL);
        bool got = sl_link_team_deliver(team, 0, 1, seen, NULL, active);
        assert_int_equal(got, t >= 4);
        // what is not taken is gone with the step
        sl_link_team_apply(team, 0, 1, applied);
        if (!got) continue;
        for (int f = 0; f < RIG_P; f++) {
            float of_first = f < 4 ? (float)(100 * (t - 4) + f) : 0.4f;
            float of_second = f < 3 ? (float)(100 * (t - 4) + 10 + f) : f == 3 ? 0.4f : 0.0f;
            assert_true(seen[f] == of_first && seen[RIG_P + f] == of_second);
        }
    }
    sl_link_team_destroy(&team);
    sl_links_destroy(&links);
}

static void what_nobody_takes_is_gone_with_its_step(void **state) {
    (void)state;
    sl_links_def def = rig_def(SL_EXECUTION_REMOTE, NULL);
    sl_links *links = rig_links(&def);
    sl_link_team *team = NULL;
    static sl_link_counts counts;
    assert_int_equal(sl_link_team_create(links, 1, false, &team), SL_OK);
    float obs[RIG_N * RIG_O], seen[RIG_N * RIG_O];
    uint8_t active[RIG_N];
    int32_t applied[RIG_N];
    for (int t = 0; t < 4; t++) {
        rig_observe(1, t, obs);
        sl_link_team_send(team, 0, 1, obs, NULL);
        if (t == 3) {
            assert_true(sl_link_team_deliver(team, 0, 1, seen, NULL, active));
            assert_true(active[0] && active[1] && seen[1] == 301.0f);
            assert_false(sl_link_team_deliver(team, 0, 1, seen, NULL, active));
        }
        sl_link_team_apply(team, 0, 1, applied);
    }
    sl_link_team_count(team, 0, 1, &counts);
    assert_int_equal(counts.skipped, 3 * RIG_N);
    sl_link_team_destroy(&team);
    sl_links_destroy(&links);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delay_is_paid_in_both_directions),
        cmocka_unit_test(two_parts_of_a_step_add_to_one),
        cmocka_unit_test(an_agent_steps_once_for_each_that_arrives_and_skips_older_ones),
        cmocka_unit_test(where_no_action_comes_the_fallback_acts),
        cmocka_unit_test(copies_are_delivered_once),
        cmocka_unit_test(rules_are_of_agents_and_directions),
        cmocka_unit_test(what_nobody_takes_is_gone_with_its_step),
        cmocka_unit_test(an_observations_age_is_that_of_its_told_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
