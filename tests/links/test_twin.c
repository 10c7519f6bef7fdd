/* test_twin.c - teams against their naive twin: all fates of an episode are drawn first, and each step looks through
 * all of them. Sixteen kinds of links, many seeds, both executions. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "links/team_impl.h"
#include "team.h"

enum { N_SEEDS = 200, MAX_ARRIVALS = 2 * RIG_T };

/* What arrives on a line: when, and the step that made it. */
typedef struct arrival {
    double at;
    int made;
} arrival;

static int compare(const void *a, const void *b) {
    const arrival *x = a, *y = b;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    return x->made - y->made;
}

static sl_channel begin_line(const sl_channel_def *def, uint64_t seed, int agent, sl_direction direction, int place) {
    sl_rng stream = sl_rng_seed(seed), own = sl_rng_split(&stream, sl_line_key(agent, direction, place));
    sl_channel channel;
    sl_channel_begin(def, &own, &channel);
    return channel;
}

static void add(const sl_channel_def *def, sl_channel *channel, double sent, int made, arrival *out, int *n) {
    sl_fate fate = sl_channel_send(def, channel, rig_team.step_ms, sent);
    for (int k = 0; k < fate.n; k++) out[(*n)++] = (arrival){fate.at[k], made};
}

/* the newest-made of what has arrived by the end of step t; -1 = nothing has */
static int newest_by(const arrival *all, int n, int t) {
    int newest = -1;
    for (int k = 0; k < n; k++)
        if (all[k].at < t + 1 && all[k].made > newest) newest = all[k].made;
    return newest;
}

static const sl_link_words kinds[] = {
    {.delay = "fixed 0 steps", .loss = "0.3"},
    {.delay = "fixed 3 steps"},
    {.delay = "fixed 0.7 steps"},
    {.delay = "uniform 0 6 steps"},
    {.delay = "uniform 0 6 steps", .order = "reorder"},
    {.delay = "normal 6 3 steps", .order = "reorder", .duplicate = 0.5},
    {.delay = "normal 6 3 steps", .duplicate = 0.5, .loss = "0.2"},
    {.delay = "lognormal 80 1265 ms", .order = "reorder"},
    {.delay = "pareto 1 0.8 steps", .order = "reorder", .loss = "gilbert-elliott 0.1 0.3"},
    {.delay = "pareto 1 0.8 steps", .loss = "gilbert-elliott 0.2 0.2 0.1 0.9"},
    {.delay = "histogram 20:.3 140:.5 460:.2 ms", .order = "reorder"},
    {.delay = "uniform 0 2 steps", .rate = 0.7},
    {.delay = "uniform 0 9 steps", .rate = 0.9, .order = "reorder", .duplicate = 0.3},
    {.delay = "uniform 0 3 steps", .outages = "3..6 9..15", .order = "reorder"},
    {.preset = "4g", .loss = "0.4"},
    {.preset = "satellite", .duplicate = 1},
};
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

static void onboard(const sl_links *links, sl_link_team *team, uint64_t seed) {
    const sl_channel_def *def = &links->channels[0];
    arrival all[RIG_N][3][MAX_ARRIVALS];
    int n[RIG_N][3] = {{0}};
    for (int i = 0; i < RIG_N; i++)
        for (int b = 1; b < rig_agents[i].n_blocks; b++) {
            sl_channel channel = begin_line(def, seed, i, SL_DIRECTION_OBSERVATION, b);
            for (int t = 0; t < RIG_T; t++) add(def, &channel, t, t, all[i][b], &n[i][b]);
        }
    sl_rng stream = sl_rng_seed(seed);
    sl_link_team_begin(team, 0, &stream);
    for (int t = 0; t < RIG_T; t++) {
        float obs[RIG_N * RIG_O], seen[RIG_N * RIG_P];
        rig_observe(1, t, obs);
        for (int k = 0; k < RIG_N * RIG_O; k++) obs[k] += obs[k] != 0.0f || t == 0 ? 1.0f : 0.0f;
        sl_link_team_show(team, 0, 1, obs, seen);
        for (int i = 0; i < RIG_N; i++)
            for (int b = 1; b < rig_agents[i].n_blocks; b++) {
                int f = rig_blocks[b].begin, from = newest_by(all[i][b], n[i][b], t);
                assert_true(seen[i * RIG_P + f] == (from < 0 ? 0.0f : (float)(100 * from + 10 * i + f + 1)));
                float age = (float)(t - from) * SL_LINKS_AGE_UNIT;
                assert_true(seen[i * RIG_P + rig_agents[i].obs_dim + b - 1] == age);
            }
    }
}

/* Agent i's whole episode: which observations it gets in which step, and what answers they apply. */
typedef struct remote_twin {
    int n_got[RIG_T], got[RIG_T][MAX_ARRIVALS], applied[RIG_T]; /* applied: the step answered; -1 = none yet */
} remote_twin;

static void fly_twin(const sl_links *links, uint64_t seed, int i, remote_twin *out) {
    const sl_channel_def *def = &links->channels[0];
    arrival up[MAX_ARRIVALS], down[MAX_ARRIVALS];
    int n_up = 0, n_down = 0, used = -1;
    sl_channel channel = begin_line(def, seed, i, SL_DIRECTION_OBSERVATION, SL_LINE_WHOLE);
    for (int t = 0; t < RIG_T; t++) add(def, &channel, t, t, up, &n_up);
    qsort(up, (size_t)n_up, sizeof *up, compare);
    channel = begin_line(def, seed, i, SL_DIRECTION_ACTION, SL_LINE_WHOLE);
    for (int t = 0; t < RIG_T; t++) out->n_got[t] = 0;
    for (int k = 0; k < n_up; k++) {
        if (up[k].made <= used || up[k].at >= RIG_T) continue;
        int t = (int)up[k].at;
        used = up[k].made;
        out->got[t][out->n_got[t]++] = used;
        add(def, &channel, up[k].at, used, down, &n_down);
    }
    for (int t = 0; t < RIG_T; t++) out->applied[t] = newest_by(down, n_down, t);
}

static void remote(const sl_links *links, sl_link_team *team, uint64_t seed) {
    remote_twin twin[RIG_N];
    for (int i = 0; i < RIG_N; i++) fly_twin(links, seed, i, &twin[i]);
    sl_rng stream = sl_rng_seed(seed);
    sl_link_team_begin(team, 0, &stream);
    for (int t = 0; t < RIG_T; t++) {
        float obs[RIG_N * RIG_O], seen[RIG_N * RIG_P];
        uint8_t active[RIG_N];
        int32_t actions[RIG_N] = {0}, applied[RIG_N];
        int n_got[RIG_N] = {0};
        rig_observe(1, t, obs);
        sl_link_team_send(team, 0, 1, obs, NULL);
        while (sl_link_team_deliver(team, 0, 1, seen, NULL, active)) {
            for (int i = 0; i < RIG_N; i++) {
                if (!active[i]) continue;
                assert_true(n_got[i] < twin[i].n_got[t]);
                int made = twin[i].got[t][n_got[i]++];
                assert_true(seen[i * RIG_P + 1] == (float)(100 * made + 10 * i + 1));
                actions[i] = made + 1;
            }
            sl_link_team_act(team, 0, 1, active, actions);
        }
        sl_link_team_apply(team, 0, 1, applied);
        for (int i = 0; i < RIG_N; i++) {
            assert_int_equal(n_got[i], twin[i].n_got[t]);
            // hold: what answers -1 is the first action, no-op
            assert_int_equal(applied[i], twin[i].applied[t] + 1);
        }
    }
}

static void teams_do_as_their_naive_twins(void **state) {
    (void)state;
    for (int kind = 0; kind < N_KINDS; kind++) {
        for (int execution = 0; execution < 2; execution++) {
            sl_links_def def = {.execution = (sl_execution)execution, .words = kinds[kind]};
            sl_links *links = rig_links(&def);
            sl_link_team *team = NULL;
            assert_int_equal(sl_link_team_create(links, 1, true, &team), SL_OK);
            for (uint64_t seed = 0; seed < N_SEEDS; seed++) (execution ? remote : onboard)(links, team, seed);
            sl_link_team_destroy(&team);
            sl_links_destroy(&links);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(teams_do_as_their_naive_twins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
