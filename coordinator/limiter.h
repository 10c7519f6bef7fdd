/* limiter.h - Reverb's rate limiter: holds sampling back until enough was inserted, and inserting until enough was
 * sampled. Plain data; the counters are part of the coordinator's snapshot. */
#ifndef SL_COORDINATOR_LIMITER_H
#define SL_COORDINATOR_LIMITER_H

#include "common/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct sl_limiter {
    double samples_per_insert, min_diff, max_diff;
    int64_t min_size;
    int64_t inserts, samples, deletes;
} sl_limiter;

/* With samples_per_insert > 0: the ratio samples / inserts, counted from min_size on, stays within error_buffer. With
 * 0 only min_size counts. The checks are those of Reverb's constructors: SL_CONFIG for min_size < 1, a negative
 * ratio, or an error_buffer below max(1, samples_per_insert), which could block sampling and inserting for ever. */
SL_MUST_CHECK sl_status sl_limiter_init(sl_limiter *self, double samples_per_insert, int64_t min_size,
                                        double error_buffer);
bool sl_limiter_may_sample(const sl_limiter *self); /* one more */
bool sl_limiter_may_insert(const sl_limiter *self); /* one more */

#endif
