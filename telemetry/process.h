/* process.h - what every page says of the program itself. Any thread. */
#ifndef SL_TELEMETRY_PROCESS_H
#define SL_TELEMETRY_PROCESS_H

#include "common/metric.h"

typedef struct sl_process_numbers {
    double cpu_seconds, resident_bytes, uptime_seconds;
    double snapshot_age; /* the caller's */
} sl_process_numbers;
extern const sl_metric_table sl_process_metrics;

/* As they are now; NaN where the system does not say, and of snapshot_age. start_ns: sl_clock_ns at the start. */
sl_process_numbers sl_process_measure(int64_t start_ns);

#endif
