/* process.c - see process.h. */
#include "telemetry/process.h"

#include "common/clock.h"
#include "common/memory.h"

#include <math.h>
#include <stdbool.h>
#include <sys/resource.h>

#define NUMBER(name, member, kind, unit, help) SL_METRIC(name, sl_process_numbers, member, kind, unit, help)
static const sl_metric metrics[] = {
    NUMBER("cpu_seconds", cpu_seconds, SL_METRIC_COUNTER, "seconds", "of all threads, since the start"),
    NUMBER("resident_bytes", resident_bytes, SL_METRIC_GAUGE, "bytes", "of memory"),
    NUMBER("uptime_seconds", uptime_seconds, SL_METRIC_GAUGE, "seconds", "since the start"),
    NUMBER("snapshot_age", snapshot_age, SL_METRIC_GAUGE, "seconds", "since the work last told its numbers"),
};
const sl_metric_table sl_process_metrics = SL_METRIC_TABLE(metrics);

static double seconds_of(struct timeval time) {
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

sl_process_numbers sl_process_measure(int64_t start_ns) {
    struct rusage usage;
    bool known = getrusage(RUSAGE_SELF, &usage) == 0;
    return (sl_process_numbers){.cpu_seconds =
                                    known ? seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime) : (double)NAN,
                                .resident_bytes = sl_memory_resident(),
                                .uptime_seconds = (double)(sl_clock_ns() - start_ns) / 1e9,
                                .snapshot_age = (double)NAN};
}
