/* test_active.c - ticks that concern some slots only: no others are waited for, and a killed agent's successor is
 * given what its own slot was, however often that was. Over the simulated network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fleet/hall.h"

/* slot n at step t: the first of them every step, the others now and then, the last not at the start */
static bool is_concerned(int n, int t) {
    return n == 0 || (n == 1 && t % 3 != 1) || (n == 2 && t >= 4);
}

static const sl_sim_def hostile = SL_SIM_DEF(7, 0.01, 30, 0.2, 0.2);

static int setup(void **state) {
    *state = sl_alloc(sizeof(hall));
    return *state ? 0 : -1;
}

static int teardown(void **state) {
    close_hall(*state);
    return 0;
}

/* one episode with the fleet or, without one, in one room; the killed one's successor comes at once, or some ticks
 * later, when its slot may be at rest */
static void play_episode(hall *self, int kill_tick, int revive_after, int32_t *actions) {
    world w;
    toy_policy room[WORLD_N] = {{0}};
    bool began[WORLD_N] = {false};
    world_reset(&w, 5);
    if (self) sl_fleet_begin(self->fleet);
    for (int t = 0; t < WORLD_T; t++, actions += WORLD_N) {
        uint8_t active[WORLD_N];
        for (int n = 0; n < WORLD_N; n++) {
            active[n] = is_concerned(n, t);
            actions[n] = 77;
            if (self || !active[n]) continue;
            actions[n] = toy_decide(&room[n], w.obs[n], w.avail[n], !began[n]);
            began[n] = true;
        }
        if (self && t == kill_tick) kill_agent(self, 1);
        if (self && t == kill_tick + revive_after) (void)add_agent(self, agent_def(1));
        sl_act acts[WORLD_N] = {SL_ACT_ABSENT, SL_ACT_ABSENT, SL_ACT_ABSENT};
        if (self) {
            assert_int_equal(sl_fleet_tick(self->fleet, w.obs[0], w.avail[0], active, actions, acts), SL_OK);
            for (int n = 0; n < WORLD_N; n++) assert_int_equal(acts[n], active[n] ? SL_ACT_ANSWERED : SL_ACT_ABSENT);
        }
        world_step(&w, actions);
    }
}

static void check_kill(void **state, const sl_sim_def *net, int kill_tick, int revive_after) {
    hall *self = *state = sl_alloc(sizeof(hall));
    int32_t expected[2][WORLD_T * WORLD_N], got[WORLD_T * WORLD_N];
    open_hall(self, net);
    make_fleet(self);
    add_team(self);
    assert_int_equal(sl_fleet_wait(self->fleet, 60000), SL_OK);
    play_episode(NULL, 0, 0, expected[0]);
    play_episode(self, kill_tick, revive_after, got);
    assert_memory_equal(got, expected[0], sizeof got);
    // and nothing of it is left in the next one
    play_episode(self, -2, 1, got);
    assert_memory_equal(got, expected[0], sizeof got);
    assert_int_equal(sl_fleet_get_stats(self->fleet)->absent, 0);
    close_hall(self);
}

static void a_successor_is_given_its_slots_own_episode(void **state) {
    sl_free(*state);
    for (int kill_tick = 0; kill_tick < WORLD_T; kill_tick++) {
        check_kill(state, &ideal, kill_tick, 0);
        check_kill(state, &hostile, kill_tick, 0);
    }
    // killed where its slot rests: nobody waits for it meanwhile
    check_kill(state, &ideal, 4, 1);
    check_kill(state, &ideal, 7, 1);
    *state = sl_alloc(sizeof(hall));
}

static void nobody_waits_for_a_slot_at_rest(void **state) {
    hall *self = *state;
    open_hall(self, &ideal);
    make_fleet(self);
    add_team(self);
    assert_int_equal(sl_fleet_wait(self->fleet, 60000), SL_OK);
    self->agents[2].mute = true;
    world w;
    world_reset(&w, 1);
    const uint8_t active[WORLD_N] = {1, 0, 0};
    int32_t actions[WORLD_N] = {77, 77, 77};
    int64_t start_ns = sl_sim_now_ns(self->sim);
    sl_fleet_begin(self->fleet);
    for (int t = 0; t < WORLD_T; t++)
        assert_int_equal(sl_fleet_tick(self->fleet, w.obs[0], w.avail[0], active, actions, NULL), SL_OK);
    assert_true(sl_sim_now_ns(self->sim) - start_ns < 10 * MS);
    assert_true(actions[0] < TOY_A && actions[1] == 77 && actions[2] == 77);
    const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
    assert_true(stats->answered == WORLD_T && stats->missed == 0 && stats->absent == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_successor_is_given_its_slots_own_episode, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_waits_for_a_slot_at_rest, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
