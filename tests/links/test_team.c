/* test_team.c - many copies of a team: apart from one another, saved and loaded, counted, without an allocation. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "links/team_impl.h"
#include "team.h"

#include "common/alloc.h"
#include "support/torture.h"

enum { V = 5 };

typedef struct fleet {
    sl_links *links;
    sl_link_team *team;
    float obs[V * RIG_N * RIG_O], seen[V * RIG_N * RIG_P];
    uint8_t avail[V * RIG_N * RIG_A], shown[V * RIG_N * RIG_A], active[V * RIG_N];
    int32_t actions[V * RIG_N], applied[V * RIG_N];
} fleet;

static const sl_links_def wild[2] = {
    {.execution = SL_EXECUTION_ONBOARD,
     .words = {.delay = "normal 3 2 steps", .loss = "gilbert-elliott 0.1 0.3", .order = "reorder", .duplicate = 0.2}},
    {.execution = SL_EXECUTION_REMOTE,
     .words = {.delay = "uniform 0 3 steps", .loss = "0.2", .order = "reorder", .duplicate = 0.2}},
};

static void open_fleet(fleet *self, const sl_links_def *def) {
    memset(self, 0, sizeof *self);
    self->links = rig_links(def);
    assert_int_equal(sl_link_team_create(self->links, V, true, &self->team), SL_OK);
    for (int v = 0; v < V; v++) {
        sl_rng stream = sl_rng_seed((uint64_t)v + 1);
        sl_link_team_begin(self->team, v, &stream);
    }
}

static void close_fleet(fleet *self) {
    sl_link_team_destroy(&self->team);
    sl_links_destroy(&self->links);
}

// of a state that was broken any number may come
static int32_t answer_to(float seen) {
    return seen > -1e6f && seen < 1e6f ? (int32_t)seen % 997 : 0;
}

/* A step t of copies [begin, end); the actions answer what is seen. */
static void step(fleet *self, int begin, int end, int t) {
    rig_observe(V, t, self->obs);
    if (self->links->execution == SL_EXECUTION_ONBOARD) {
        sl_link_team_show(self->team, begin, end, self->obs, self->seen);
        return;
    }
    sl_link_team_send(self->team, begin, end, self->obs, self->avail);
    while (sl_link_team_deliver(self->team, begin, end, self->seen, self->shown, self->active)) {
        for (int k = begin * RIG_N; k < end * RIG_N; k++) self->actions[k] = answer_to(self->seen[k * RIG_P + 1]);
        sl_link_team_act(self->team, begin, end, self->active, self->actions);
    }
    sl_link_team_apply(self->team, begin, end, self->applied);
}

static void copies_are_apart_from_one_another(void **state) {
    (void)state;
    for (int e = 0; e < 2; e++) {
        static fleet all, alone;
        open_fleet(&all, &wild[e]);
        open_fleet(&alone, &wild[e]);
        // copy 3 by itself, five steps behind a fresh begin of another
        for (int t = 0; t < RIG_T; t++) {
            step(&all, 0, V, t);
            step(&alone, 3, 4, t);
            if (t == 7) {
                sl_rng stream = sl_rng_seed(99);
                sl_link_team_begin(all.team, 2, &stream);
                sl_link_team_begin(all.team, 4, &stream);
            }
            assert_memory_equal(all.seen + 3 * RIG_N * RIG_P, alone.seen + 3 * RIG_N * RIG_P,
                                RIG_N * RIG_P * sizeof(float));
            assert_memory_equal(all.applied + 3 * RIG_N, alone.applied + 3 * RIG_N, RIG_N * sizeof(int32_t));
        }
        // two that began the same are the same, in whatever copy
        for (int i = 0; i < RIG_N; i++)
            for (int f = rig_agents[i].obs_dim; f < RIG_P; f++)
                assert_true(all.seen[(2 * RIG_N + i) * RIG_P + f] == all.seen[(4 * RIG_N + i) * RIG_P + f]);
        static sl_link_counts three, own, some, others, sum;
        memset(&three, 0, sizeof three), memset(&own, 0, sizeof own);
        memset(&some, 0, sizeof some), memset(&others, 0, sizeof others), memset(&sum, 0, sizeof sum);
        sl_link_team_count(all.team, 3, 4, &three);
        sl_link_team_count(alone.team, 0, V, &own);
        assert_memory_equal(&three, &own, sizeof own);
        // counts add up; the longest run is the longest
        sl_link_team_count(all.team, 0, 2, &some);
        sl_link_team_count(all.team, 2, V, &others);
        sl_link_team_count(all.team, 0, V, &sum);
        assert_int_equal(some.sent + others.sent, sum.sent);
        assert_int_equal(some.observation_ages[2] + others.observation_ages[2], sum.observation_ages[2]);
        assert_int_equal(sum.longest_run,
                         some.longest_run > others.longest_run ? some.longest_run : others.longest_run);
        sl_link_team_clear(all.team, 0, 2);
        memset(&some, 0, sizeof some), memset(&others, 0, sizeof others);
        sl_link_team_count(all.team, 0, 2, &some);
        sl_link_team_count(all.team, 0, V, &others);
        assert_true(some.sent == 0 && some.longest_run == 0 && some.observation_ages[2] == 0 && others.sent > 0);
        close_fleet(&all);
        close_fleet(&alone);
    }
}

static void a_loaded_state_goes_on_as_the_saved_one(void **state) {
    (void)state;
    for (int e = 0; e < 2; e++) {
        static fleet first, second;
        open_fleet(&first, &wild[e]);
        open_fleet(&second, &wild[e]);
        for (int t = 0; t < 9; t++) step(&first, 0, V, t);
        for (int t = 0; t < 3; t++) step(&second, 1, 4, t);
        size_t n = sl_link_team_state_bytes(first.team);
        uint8_t *saved = sl_alloc(n), *again = sl_alloc(n);
        sl_link_team_save(first.team, saved);
        assert_int_equal(sl_link_team_load(second.team, saved, n), SL_OK);
        sl_link_team_save(second.team, again);
        assert_memory_equal(saved, again, n);
        for (int t = 9; t < RIG_T; t++) {
            step(&first, 0, V, t);
            step(&second, 0, V, t);
            // of remote agents only the rows of the delivered are written
            if (e == 0) assert_memory_equal(first.seen, second.seen, sizeof first.seen);
            assert_memory_equal(first.applied, second.applied, sizeof first.applied);
        }
        sl_link_team_save(first.team, saved);
        sl_link_team_save(second.team, again);
        assert_memory_equal(saved, again, n);
        sl_free(saved);
        sl_free(again);
        close_fleet(&first);
        close_fleet(&second);
    }
}

static void a_state_of_others_is_refused(void **state) {
    (void)state;
    static fleet onboard, remote;
    open_fleet(&onboard, &wild[0]);
    open_fleet(&remote, &wild[1]);
    size_t n = sl_link_team_state_bytes(onboard.team);
    uint8_t *saved = sl_alloc(n + sl_link_team_state_bytes(remote.team));
    sl_link_team_save(onboard.team, saved);
    assert_int_equal(sl_link_team_load(remote.team, saved, n), SL_MISMATCH);
    assert_int_equal(sl_link_team_load(onboard.team, saved, n - 1), SL_MISMATCH);
    saved[0] ^= 1;
    assert_int_equal(sl_link_team_load(onboard.team, saved, n), SL_MISMATCH);
    saved[0] ^= 1;
    assert_int_equal(sl_link_team_load(onboard.team, saved, n), SL_OK);
    sl_free(saved);
    close_fleet(&onboard);
    close_fleet(&remote);
}

/* what a step relies on, broken one by one in copy 0 */
static void a_state_of_places_that_are_none_is_refused(void **state) {
    (void)state;
    static fleet self;
    open_fleet(&self, &wild[0]);
    for (int t = 0; t < 9; t++) step(&self, 0, V, t);
    size_t n = sl_link_team_state_bytes(self.team), head = n - V * self.team->at.n_bytes;
    uint8_t *saved = sl_alloc(n), *broken = sl_alloc(n);
    sl_link_team_save(self.team, saved);
    const size_t line = head + self.team->at.lines;
    // the line's next one under way; what has left its ring does not count
    const sl_line_state *state_of_line = SL_COPY(sl_line_state, self.team, 0, lines);
    assert_true(state_of_line->n > 0);
    const size_t queue = head + self.team->at.queues + (size_t)state_of_line->head * sizeof(sl_parcel);
    const struct {
        size_t at;
        int32_t value;
    } rows[] = {
        {head + self.team->at.step, -1},
        {head + self.team->at.step, INT32_MAX},
        {head + self.team->at.step, 3}, // lines of the future
        {line + offsetof(sl_line_state, head), -1},
        {line + offsetof(sl_line_state, head), RIG_T},
        {line + offsetof(sl_line_state, n), -1},
        {line + offsetof(sl_line_state, n), RIG_T + 1},
        {line + offsetof(sl_line_state, newest), -2},
        {line + offsetof(sl_line_state, newest), 10},
        {line + offsetof(sl_line_state, run), -1},
        {line + offsetof(sl_line_state, channel.is_bad), 2},
        {line + offsetof(sl_line_state, channel.next), 1},
        {queue + offsetof(sl_parcel, made), -1},
        {queue + offsetof(sl_parcel, made), 10},
    };
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        memcpy(broken, saved, n);
        memcpy(broken + rows[k].at, &rows[k].value, sizeof rows[k].value);
        if (sl_link_team_load(self.team, broken, n) != SL_CORRUPT) fail_msg("row %zu is taken", k);
    }
    assert_int_equal(sl_link_team_load(self.team, saved, n), SL_OK);
    sl_free(saved);
    sl_free(broken);
    close_fleet(&self);
}

/* Bytes that are flipped are refused, or are a state that can be stepped: no place beyond a ring (asan looks on). */
static void a_corrupt_state_does_no_harm(void **state) {
    (void)state;
    for (int e = 0; e < 2; e++) {
        static fleet self;
        open_fleet(&self, &wild[e]);
        for (int t = 0; t < 9; t++) step(&self, 0, V, t);
        size_t n = sl_link_team_state_bytes(self.team);
        uint8_t *saved = sl_alloc(n), *broken = sl_alloc(n);
        sl_link_team_save(self.team, saved);
        sl_rng rng = sl_rng_seed(5);
        int n_refused = 0;
        for (int trial = 0; trial < 3000; trial++) {
            memcpy(broken, saved, n);
            size_t at = sl_rng_below(&rng, (uint32_t)n);
            // a step's lines and queues come first in a copy: there it hurts
            if (trial % 2) at = 24 + (size_t)sl_rng_below(&rng, (uint32_t)self.team->at.held);
            broken[at] = (uint8_t)sl_rng_u64(&rng);
            sl_status status = sl_link_team_load(self.team, broken, n);
            assert_true(status == SL_OK || status == SL_CORRUPT || status == SL_MISMATCH);
            n_refused += status != SL_OK;
            if (status == SL_OK)
                for (int t = 9; t < 14; t++) step(&self, 0, V, t);
        }
        assert_true(n_refused > 100);
        sl_free(saved);
        sl_free(broken);
        close_fleet(&self);
    }
}

static void a_step_allocates_nothing(void **state) {
    (void)state;
    for (int e = 0; e < 2; e++) {
        static fleet self;
        static sl_link_counts counts;
        open_fleet(&self, &wild[e]);
        uint64_t before = sl_alloc_count();
        for (int t = 0; t < 10000; t++) {
            step(&self, 0, V, t);
            if (t % RIG_T) continue;
            sl_rng stream = sl_rng_seed((uint64_t)t);
            for (int v = 0; v < V; v++) sl_link_team_begin(self.team, v, &stream);
        }
        sl_link_team_count(self.team, 0, V, &counts);
        sl_link_team_clear(self.team, 0, V);
        assert_int_equal(sl_alloc_count(), before);
        close_fleet(&self);
    }
}

static void without_links_all_is_fresh_and_counted_so(void **state) {
    (void)state;
    for (int e = 0; e < 2; e++) {
        static fleet self;
        static sl_link_counts counts;
        memset(&counts, 0, sizeof counts);
        sl_links_def def = {.execution = (sl_execution)e};
        open_fleet(&self, &def);
        for (int t = 0; t < RIG_T; t++) {
            step(&self, 0, V, t);
            for (int k = 0; k < V * RIG_N; k++) {
                int i = k % RIG_N, n = rig_agents[i].obs_dim;
                assert_memory_equal(self.seen + k * RIG_P, self.obs + k * RIG_O, (size_t)n * sizeof(float));
                for (int f = n; f < RIG_P; f++) assert_true(self.seen[k * RIG_P + f] == 0.0f);
                if (e == 1) assert_int_equal(self.applied[k], (int32_t)self.obs[k * RIG_O + 1] % 997);
            }
        }
        sl_link_team_count(self.team, 0, V, &counts);
        assert_int_equal(counts.decisions, V * RIG_N * RIG_T);
        assert_int_equal(counts.sent, V * RIG_T * (e == 0 ? 3 : 4));
        assert_int_equal(counts.observation_ages[0], V * RIG_T * (e == 0 ? 3 : 2));
        assert_int_equal(counts.action_ages[0], e == 0 ? 0 : V * RIG_T * 2);
        assert_int_equal(counts.misses + counts.lost + counts.skipped + counts.fallbacks, 0);
        close_fleet(&self);
    }
}

/* an episode that is longer than the horizon: ages stop there, and what is later than it is lost */
static void long_episodes_have_a_horizon(void **state) {
    (void)state;
    static sl_link_counts counts;
    sl_links_team team_def = rig_team;
    team_def.max_steps = 5000;
    sl_links *links = NULL;
    sl_links_def def = rig_def(SL_EXECUTION_ONBOARD, "histogram 0:1 1100:1 steps");
    def.words.order = "reorder", def.words.outages = "100..1400";
    assert_int_equal(sl_links_create(&def, &team_def, &links), SL_OK);
    sl_link_team *team = NULL;
    assert_int_equal(sl_link_team_create(links, 1, true, &team), SL_OK);
    sl_rng stream = sl_rng_seed(2);
    sl_link_team_begin(team, 0, &stream);
    float obs[RIG_N * RIG_O], seen[RIG_N * RIG_P];
    int made[2] = {0};
    for (int t = 0; t < 1400; t++) {
        rig_observe(1, t % 100, obs);
        sl_link_team_show(team, 0, 1, obs, seen);
        // of the last ones before the outage some would come at 1100 and later
        for (int k = 0; k < 2; k++) {
            if (t == 100) made[k] = t - (int)lroundf(seen[RIG_O + k] * 10.0f);
            if (t > 100) assert_int_equal(lroundf(seen[RIG_O + k] * 10.0f), t - made[k]);
        }
    }
    assert_true(made[0] < 99 || made[1] < 99);
    sl_link_team_count(team, 0, 1, &counts);
    assert_in_range(counts.observation_ages[SL_LINKS_HORIZON], 3 * 270, 3 * 280);
    assert_true(counts.skipped > 100 && counts.lost == 3 * 1300);
    sl_link_team_destroy(&team);
    sl_links_destroy(&links);
    // and no delay that is always longer is taken
    def = rig_def(SL_EXECUTION_ONBOARD, "fixed 1024 steps");
    assert_int_equal(sl_links_create(&def, &team_def, &links), SL_CONFIG);
    def = rig_def(SL_EXECUTION_ONBOARD, "fixed 1023 steps");
    assert_int_equal(sl_links_create(&def, &team_def, &links), SL_OK);
    sl_links_destroy(&links);
}

static sl_status live(void *context) {
    sl_link_team *team = NULL;
    SL_TRY(sl_link_team_create(context, V, true, &team));
    sl_link_team_destroy(&team);
    return SL_OK;
}

static void creation_survives_every_failed_allocation(void **state) {
    (void)state;
    for (int e = 0; e < 2; e++) {
        sl_links *links = rig_links(&wild[e]);
        assert_int_equal(sl_torture(live, links), 5);
        sl_links_destroy(&links);
    }
}

static void percentiles_of_ages_are_of_whole_steps(void **state) {
    (void)state;
    static uint64_t ages[SL_LINKS_AGES];
    memset(ages, 0, sizeof ages);
    ages[0] = 50, ages[2] = 40, ages[7] = 9, ages[SL_LINKS_AGES - 1] = 1;
    assert_true(sl_link_age_percentile(ages, 0.5) == 0.0);
    assert_true(sl_link_age_percentile(ages, 0.51) == 2.0);
    assert_true(sl_link_age_percentile(ages, 0.9) == 2.0);
    assert_true(sl_link_age_percentile(ages, 0.99) == 7.0);
    assert_true(isinf(sl_link_age_percentile(ages, 1.0)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_are_apart_from_one_another),
        cmocka_unit_test(a_loaded_state_goes_on_as_the_saved_one),
        cmocka_unit_test(a_state_of_others_is_refused),
        cmocka_unit_test(a_state_of_places_that_are_none_is_refused),
        cmocka_unit_test(a_corrupt_state_does_no_harm),
        cmocka_unit_test(a_step_allocates_nothing),
        cmocka_unit_test(without_links_all_is_fresh_and_counted_so),
        cmocka_unit_test(long_episodes_have_a_horizon),
        cmocka_unit_test(creation_survives_every_failed_allocation),
        cmocka_unit_test(percentiles_of_ages_are_of_whole_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
