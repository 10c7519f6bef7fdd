/* test_onboard.c - what agents that sense on board see of what others tell them, by hand. */
#include "common/alloc.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "links/team.h"
#include "team.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fixed_delay_shows_what_was_true_then),
        cmocka_unit_test(a_delay_shorter_than_a_step_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
