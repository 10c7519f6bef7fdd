/* clock.h - monotonic time, and time at work. Wall-clock dates appear only in logs. Any thread. */
#ifndef SL_COMMON_CLOCK_H
#define SL_COMMON_CLOCK_H

#include <stdint.h>

int64_t sl_clock_ns(void);     /* nanoseconds of CLOCK_MONOTONIC */
double sl_clock_seconds(void); /* the same in seconds */
double sl_clock_cpu(void);     /* seconds that this process has worked, all threads together */

#endif
