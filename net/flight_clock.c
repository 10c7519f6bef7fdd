/* flight_clock.c - how a flight kept time by name, as `starling fly --json` has it. */
#include "net/flight_clock.h"

#define NUMBER(member, kind, unit, help) SL_METRIC(#member, sl_flight_clock, member, kind, unit, help)
#define TIME(member, help)               NUMBER(member, SL_METRIC_GAUGE, "ms", help)
static const sl_metric metrics[] = {
    TIME(late_p50_ms, "from when a step was due to end to when it did: half of them less"),
    TIME(late_p99_ms, "the same: 99 % of them less"),
    TIME(late_max_ms, "the same: the most"),
    TIME(drift_ms, "by how much later the last step ended than the first, against the timer"),
    NUMBER(overruns, SL_METRIC_COUNTER, "steps", "left out, as the coordinator was busy for longer than one takes"),
    NUMBER(late, SL_METRIC_COUNTER, "actions", "that came when their step was over"),
    NUMBER(skipped, SL_METRIC_COUNTER, "observations", "never sent: a newer one came before the agent was free"),
    TIME(observation_p50_ms, "age of what an agent decided on when it began: half of them less"),
    TIME(observation_p99_ms, "the same: 99 % of them less"),
    TIME(observation_max_ms, "the same: the most"),
    TIME(action_p50_ms, "age of what an action was decided on when it was applied: half of them less"),
    TIME(action_p99_ms, "the same: 99 % of them less"),
    TIME(action_max_ms, "the same: the most"),
};
const sl_metric_table sl_flight_clock_metrics = SL_METRIC_TABLE(metrics);
