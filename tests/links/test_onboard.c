/* test_onboard.c - what agents that sense on board see of what others tell them, by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "team.h"
#include "traced.h"

/* One copy played for so many steps; from[t][i]: the step that agent i's ally block is of, -1 = zeros. */
typedef struct played {
    int from[RIG_T][RIG_N], comm_from[RIG_T], own_from[RIG_T];
    float ages[RIG_T][RIG_N][2];
    sl_link_counts counts;
} played;

static int made_at(float feature, int i, int f) {
    return feature == 0.0f ? -1 : (int)((feature - (float)(10 * i + f)) / 100.0f);
}

static void play(const sl_links_def *def, uint64_t seed, played *out) {
    sl_links *links = rig_links(def);
    sl_link_team *team = NULL;
    assert_int_equal(sl_link_team_create(links, 1, true, &team), SL_OK);
    sl_rng stream = sl_rng_seed(seed);
    sl_link_team_begin(team, 0, &stream);
    memset(out, 0, sizeof *out);
    for (int t = 0; t < RIG_T; t++) {
        float obs[RIG_N * RIG_O], seen[RIG_N * RIG_P];
        memset(seen, 0x7f, sizeof seen);
        rig_observe(1, t, obs);
        sl_link_team_show(team, 0, 1, obs, seen);
        for (int i = 0; i < RIG_N; i++) {
            const float *row = seen + i * RIG_P;
            int n = rig_agents[i].obs_dim;
            out->from[t][i] = made_at(row[1], i, 1);
            assert_int_equal(out->from[t][i], made_at(row[2], i, 2));
            if (i == 0) out->comm_from[t] = made_at(row[3], 0, 3);
            if (i == 0) out->own_from[t] = t == 0 ? 0 : made_at(row[0], 0, 0);
            out->ages[t][i][0] = row[n];
            if (i == 0) out->ages[t][i][1] = row[n + 1];
            // behind the ages there is nothing
            for (int f = n + (i == 0 ? 2 : 1); f < RIG_P; f++) assert_true(row[f] == 0.0f);
        }
    }
    sl_link_team_count(team, 0, 1, &out->counts);
    sl_link_team_destroy(&team);
    sl_links_destroy(&links);
}

static void a_fixed_delay_shows_what_was_true_then(void **state) {
    (void)state;
    played p;
    sl_links_def def = rig_def(SL_EXECUTION_ONBOARD, "fixed 3 steps");
    play(&def, 1, &p);
    for (int t = 0; t < RIG_T; t++) {
        // never came: zeros, as old as the episode and one step
        int from = t < 3 ? -1 : t - 3;
        assert_int_equal(p.from[t][0], from);
        assert_int_equal(p.from[t][1], from);
        assert_int_equal(p.comm_from[t], from);
        assert_int_equal(p.own_from[t], t);
        assert_true(fabsf(p.ages[t][0][0] - 0.1f * (float)(t - from)) < 1e-6f);
        assert_true(p.ages[t][0][1] == p.ages[t][0][0] && p.ages[t][1][0] == p.ages[t][0][0]);
    }
    // three blocks, three steps each without any
    assert_int_equal(p.counts.sent, 3 * RIG_T);
    assert_int_equal(p.counts.lost, 0);
    assert_int_equal(p.counts.decisions, 2 * RIG_T);
    assert_int_equal(p.counts.misses, 9);
    assert_int_equal(p.counts.longest_run, 3);
    assert_int_equal(p.counts.observation_ages[SL_LINKS_AGES - 1], 9);
    assert_int_equal(p.counts.observation_ages[3], 3 * (RIG_T - 3));
    assert_true(sl_link_age_percentile(p.counts.observation_ages, 0.5) == 3.0);
    assert_true(isinf(sl_link_age_percentile(p.counts.observation_ages, 0.99)));
    assert_true(isnan(sl_link_age_percentile(p.counts.action_ages, 0.5)));
}

static void a_delay_shorter_than_a_step_costs_nothing(void **state) {
    (void)state;
    static const char *const delays[] = {"fixed 0.9 steps", "fixed 99 ms", "uniform 0 1 steps", ""};
    for (int d = 0; d < 4; d++) {
        played p;
        sl_links_def def = rig_def(SL_EXECUTION_ONBOARD, delays[d]);
        play(&def, 1, &p);
        for (int t = 0; t < RIG_T; t++) assert_int_equal(p.from[t][0], t == 0 && d == 3 ? 0 : t);
        assert_int_equal(p.counts.misses, 0);
        assert_int_equal(p.counts.observation_ages[0], 3 * RIG_T);
        assert_int_equal(p.counts.sent, 3 * RIG_T);
    }
}

static void check_traced(const char *order, const double *delays, const int *from, int n_skipped) {
    char words[400];
    sl_temp_folder folder = sl_temp_folder_create();
    traced_words(&folder, "trace", RIG_T, delays, words);
    sl_links_def def = rig_def(SL_EXECUTION_ONBOARD, words);
    def.words.order = (char *)order;
    sl_links *links = rig_links(&def);
    uint64_t key = sl_line_key(0, SL_DIRECTION_OBSERVATION, 1), other = sl_line_key(1, SL_DIRECTION_OBSERVATION, 1);
    uint64_t seed = traced_seed(&links->channels[0], key, other);
    sl_links_destroy(&links);
    played p;
    play(&def, seed, &p);
    for (int t = 0; t < RIG_T; t++) {
        if (p.from[t][0] != from[t]) print_message("step %d: of %d, not %d\n", t, p.from[t][0], from[t]);
        assert_int_equal(p.from[t][0], from[t]);
        assert_int_equal(p.from[t][1], from[t]);
    }
    assert_true((int)p.counts.skipped >= 2 * n_skipped);
    sl_temp_folder_remove(&folder);
}

/* message m takes delays[m] steps; what is shown is the newest that has come */
static void the_newest_that_has_arrived_is_shown(void **state) {
    (void)state;
    static const double delays[RIG_T] = {2, 0, 3, 1, 0.5, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9};
    // 0 comes at 2 and is skipped, 3 and 4 both at 4, 2 at 5 and is skipped
    static const int loose[RIG_T] = {-1, 1, 1, 1, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 6, 7, 8, 9, 10};
    // 1 waits for 0, 3 and 4 for 2
    static const int ordered[RIG_T] = {-1, -1, 1, 1, 1, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 6, 7, 8, 9, 10};
    check_traced("reorder", delays, loose, 3);
    check_traced("fifo", delays, ordered, 3);
}

static void what_is_sent_in_an_outage_is_never_seen(void **state) {
    (void)state;
    played p;
    sl_links_def def = rig_def(SL_EXECUTION_ONBOARD, "fixed 1 steps");
    def.words.outages = "5..10";
    play(&def, 1, &p);
    static const int from[RIG_T] = {-1, 0, 1, 2, 3, 4, 4, 4, 4, 4, 4, 10, 11, 12, 13, 14, 15, 16, 17, 18};
    for (int t = 0; t < RIG_T; t++) {
        assert_int_equal(p.from[t][0], from[t]);
        assert_true(fabsf(p.ages[t][0][0] - 0.1f * (float)(t - from[t])) < 1e-6f);
    }
    assert_int_equal(p.counts.lost, 3 * 5);
    assert_int_equal(p.counts.misses, 3 * 6);
    assert_int_equal(p.counts.longest_run, 5);
    assert_int_equal(p.counts.observation_ages[6], 3);
}

static void rules_are_of_agents_and_blocks(void **state) {
    (void)state;
    played p;
    sl_link_rule rules[] = {
        {{.delay = "fixed 5 steps", .duplicate = NAN, .rate = NAN}, "0", "ally", SL_DIRECTION_OBSERVATION},
        {{.delay = "fixed 2 steps", .duplicate = NAN, .rate = NAN}, "0", "own", SL_DIRECTION_BOTH},
        {{.loss = "1", .duplicate = NAN, .rate = NAN}, "1", "", SL_DIRECTION_OBSERVATION},
        {{.delay = "fixed 7 steps", .duplicate = NAN, .rate = NAN}, "", "", SL_DIRECTION_ACTION},
    };
    sl_links_def def = rig_def(SL_EXECUTION_ONBOARD, "fixed 3 steps");
    def.rules = rules, def.n_rules = 4;
    play(&def, 1, &p);
    for (int t = 0; t < RIG_T; t++) {
        assert_int_equal(p.from[t][0], t < 5 ? -1 : t - 5);
        assert_int_equal(p.comm_from[t], t < 3 ? -1 : t - 3);
        // a sensed block that a rule names is late, too; its age is not shown
        if (t > 2) assert_int_equal(p.own_from[t], t - 2);
        // a dead link: zeros for ever, older each step
        assert_int_equal(p.from[t][1], -1);
        assert_true(fabsf(p.ages[t][0][0] - 0.1f * (float)(t < 5 ? t + 1 : 5)) < 1e-6f);
        assert_true(fabsf(p.ages[t][0][1] - 0.1f * (float)(t < 3 ? t + 1 : 3)) < 1e-6f);
        assert_true(fabsf(p.ages[t][1][0] - 0.1f * (float)(t + 1)) < 1e-6f);
    }
    assert_int_equal(p.counts.lost, RIG_T);
    assert_int_equal(p.counts.longest_run, RIG_T);
}

static void a_copy_is_no_news(void **state) {
    (void)state;
    played once, twice;
    sl_links_def def = rig_def(SL_EXECUTION_ONBOARD, "fixed 2 steps");
    play(&def, 1, &once);
    def.words.duplicate = 1;
    play(&def, 1, &twice);
    assert_memory_equal(once.from, twice.from, sizeof once.from);
    assert_int_equal(twice.counts.duplicated, 3 * RIG_T);
    assert_int_equal(twice.counts.skipped, 3 * RIG_T);
    assert_int_equal(once.counts.skipped + once.counts.duplicated, 0);
}

/* the same blocks side by side, without ages: rows are as wide as the environment's */
static void rows_without_ages_are_the_environments(void **state) {
    (void)state;
    sl_links_def def = rig_def(SL_EXECUTION_ONBOARD, "fixed 1 steps");
    sl_links *links = rig_links(&def);
    sl_link_team *team = NULL;
    assert_int_equal(sl_link_team_create(links, 1, false, &team), SL_OK);
    float obs[RIG_N * RIG_O] = {0}, before[RIG_N * RIG_O], seen[RIG_N * RIG_O + 1];
    seen[RIG_N * RIG_O] = 7;
    for (int t = 0; t < 3; t++) {
        memcpy(before, obs, sizeof before);
        rig_observe(1, t, obs);
        sl_link_team_show(team, 0, 1, obs, seen);
        for (int i = 0; i < RIG_N; i++)
            for (int f = 0; f < RIG_O; f++) {
                int k = i * RIG_O + f;
                bool told = f >= 1 && f < rig_agents[i].obs_dim;
                assert_true(seen[k] == (!told ? obs[k] : t == 0 ? 0.0f : before[k]));
            }
    }
    assert_true(seen[RIG_N * RIG_O] == 7);
    sl_link_team_destroy(&team);
    sl_links_destroy(&links);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fixed_delay_shows_what_was_true_then),
        cmocka_unit_test(a_delay_shorter_than_a_step_costs_nothing),
        cmocka_unit_test(the_newest_that_has_arrived_is_shown),
        cmocka_unit_test(what_is_sent_in_an_outage_is_never_seen),
        cmocka_unit_test(rules_are_of_agents_and_blocks),
        cmocka_unit_test(a_copy_is_no_news),
        cmocka_unit_test(rows_without_ages_are_the_environments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
