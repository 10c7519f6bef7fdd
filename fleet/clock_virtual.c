/* clock_virtual.c - lockstep's exchange with time that is counted, not waited for: a step is as long as it is said to
 * be, and what is late, is so by the links that the runner draws from (rollout/runner.h), by the seed alone. So a
 * tick is over when the agents that something has arrived for have answered, however fast they are. */
#include "fleet/clock_lockstep.h"

const sl_fleet_clock sl_fleet_virtual = {
    .name = SL_FLEET_VIRTUAL,
    .keeps_episodes = true,
    .begin = sl_lockstep_begin,
    .feed = sl_lockstep_feed,
    .repeat = sl_lockstep_repeat,
    .answer = sl_lockstep_answer,
    .awaits = sl_lockstep_awaits,
    .tick = sl_lockstep_tick,
};
