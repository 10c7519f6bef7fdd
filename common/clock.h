/* clock.h - monotonic time. Wall-clock dates appear only in logs. Any thread. */
#ifndef SL_COMMON_CLOCK_H
#define SL_COMMON_CLOCK_H

#include <stdint.h>

int64_t sl_clock_ns(void);     /* nanoseconds of CLOCK_MONOTONIC */
double sl_clock_seconds(void); /* the same in seconds */

#endif
