/* flight_clock.h - how a flight kept time, as the coordinator tells it in a tensor of its answer and starling prints
 * it. Plain data. */
#ifndef SL_NET_FLIGHT_CLOCK_H
#define SL_NET_FLIGHT_CLOCK_H

#include "common/metric.h"

/* The tensor CLOCK, in this order. All but the first two are 0 unless it is realtime. */
typedef struct sl_flight_clock {
    double kind;    /* 0 lockstep, 1 virtual, 2 realtime: as fleet.clock counts its choices */
    double step_ms; /* length of a step */
    double late_p50_ms, late_p99_ms, late_max_ms, drift_ms, overruns;  /* of the timer */
    double late, skipped;                                              /* actions; observations */
    double observation_p50_ms, observation_p99_ms, observation_max_ms; /* ages on the coordinator's clock */
    double action_p50_ms, action_p99_ms, action_max_ms;
} sl_flight_clock;
enum { SL_FLIGHT_CLOCK = sizeof(sl_flight_clock) / sizeof(double), SL_FLIGHT_CLOCK_TIMER = 2 };
/* From member SL_FLIGHT_CLOCK_TIMER on. */
extern const sl_metric_table sl_flight_clock_metrics;

#endif
