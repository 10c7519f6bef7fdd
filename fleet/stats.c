/* stats.c - the fleet's counters by name. */
#include "fleet/stats.h"

#define COUNTER(member, unit, help) SL_METRIC(#member, sl_fleet_stats, member, SL_METRIC_COUNTER, unit, help)
#define SUMMARY(member, unit, help) SL_METRIC(#member, sl_fleet_stats, member, SL_METRIC_SUMMARY, unit, help)
static const sl_metric metrics[] = {
    COUNTER(ticks, "steps", "exchanges with agents: one for each environment step, but where links deliver late"),
    COUNTER(answered, "actions", "of a tick, the agent's own"),
    COUNTER(missed, "actions", "of a tick, the fallback's, as the agent was late"),
    COUNTER(absent, "actions", "of a tick, the fallback's, as there was no agent"),
    COUNTER(stale, "actions", "not applied: of a past step or a past incarnation"),
    COUNTER(duplicate, "actions", "not applied: they came again"),
    COUNTER(late, "actions",
            "that came when their tick was over; realtime, where the newest one is applied all the same"),
    COUNTER(skipped, "observations", "never sent: a newer one came before the agent was free; realtime"),
    COUNTER(overruns, "steps", "left out, as the coordinator was busy for longer than one takes; realtime"),
    COUNTER(malformed, "messages", "dropped by the transport or the codec, and what only a coordinator says"),
    COUNTER(other_version, "messages", "dropped: of another version of the protocol"),
    COUNTER(unusable, "messages",
            "dropped for what they say: an action that the slot does not have or of another "
            "tick or sequence, a part that no file has"),
    COUNTER(unaddressed, "messages", "dropped: session, slot and run id never belonged together"),
    COUNTER(unauthorised, "messages", "dropped or refused: their key is not allowed, or not for that slot"),
    COUNTER(joined, "agents", "welcomed, each incarnation once"),
    COUNTER(lost, "agents",
            "in flight, whose slot was taken from them: silent for too long, gone, or with a goodbye"),
    COUNTER(declined, "agents", "that said goodbye and why: they could not fly what they were given"),
    COUNTER(rejected, "messages", "HELLOs that were refused"),
    COUNTER(resets, "messages", "of who holds no slot (any more), answered with RESET"),
    COUNTER(resent, "observations", "sent again, as no answer came"),
    COUNTER(replayed, "observations", "of steps that are past, sent to who replaces an agent or was late"),
    SUMMARY(round_trip, "ns", "from an observation's departure to its answer; of those sent once"),
    SUMMARY(residence, "ns", "from its arrival at the agent to the answer's departure, by the agent's clock"),
    SUMMARY(observation_age, "ns", "of what an agent decided on, when it began; realtime"),
    SUMMARY(action_age, "ns", "of what an action was decided on, when it was applied; realtime"),
    SUMMARY(timer_late, "ns", "from when a step was due to end to when it did; realtime"),
};
const sl_metric_table sl_fleet_metrics = SL_METRIC_TABLE(metrics);

uint64_t sl_fleet_count_dropped(const sl_fleet_stats *stats) {
    return stats->malformed + stats->other_version + stats->unusable + stats->unaddressed + stats->unauthorised;
}
