/* stats.h - what a fleet counts, from its start on. Plain data. */
#ifndef SL_FLEET_STATS_H
#define SL_FLEET_STATS_H

#include "common/metric.h"

/* answered + missed + absent = ticks * slots. What each of them means: sl_fleet_metrics. */
typedef struct sl_fleet_stats {
    uint64_t ticks, answered, missed, absent;
    uint64_t stale, duplicate, late, skipped, overruns;
    uint64_t malformed, other_version, unusable, unaddressed, unauthorised;
    uint64_t joined, lost, declined, rejected, resets;
    uint64_t resent, replayed;
    sl_latency round_trip, residence, observation_age, action_age, timer_late;
} sl_fleet_stats;
extern const sl_metric_table sl_fleet_metrics;

/* Messages that could not be taken, whatever was wrong with them. */
uint64_t sl_fleet_count_dropped(const sl_fleet_stats *stats);

#endif
