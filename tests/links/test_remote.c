/* test_remote.c - observations and actions over a link, both ways, by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "links/team.h"
#include "team.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delay_is_paid_in_both_directions),
        cmocka_unit_test(two_parts_of_a_step_add_to_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
