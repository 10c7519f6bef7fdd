/* limiter.c - see limiter.h. */
#include "coordinator/limiter.h"

#include <float.h>
#include <math.h>

sl_status sl_limiter_init(sl_limiter *self, double samples_per_insert, int64_t min_size, double error_buffer) {
    if (min_size < 1)
        return sl_fail(SL_CONFIG, "at least 1", "key 'record.min_size': %lld episodes", (long long)min_size);
    if (!(samples_per_insert >= 0) || isinf(samples_per_insert))
        return sl_fail(SL_CONFIG, "0 switches the ratio off", "key 'record.samples_per_insert': %g",
                       samples_per_insert);
    *self = (sl_limiter){.samples_per_insert = 1.0, .min_diff = -DBL_MAX, .max_diff = DBL_MAX, .min_size = min_size};
    if (samples_per_insert == 0) return SL_OK;
    double least = samples_per_insert > 1.0 ? samples_per_insert : 1.0;
    if (!(error_buffer >= least))
        return sl_fail(SL_CONFIG, "at least max(1, samples_per_insert)",
                       "key 'record.error_buffer': %g could block sampling and recording for ever", error_buffer);
    double offset = samples_per_insert * (double)min_size;
    self->samples_per_insert = samples_per_insert;
    self->min_diff = offset - error_buffer;
    self->max_diff = offset + error_buffer;
    return SL_OK;
}

bool sl_limiter_may_sample(const sl_limiter *self) {
    if (self->inserts - self->deletes < self->min_size) return false;
    return (double)self->inserts * self->samples_per_insert - (double)(self->samples + 1) >= self->min_diff;
}

bool sl_limiter_may_insert(const sl_limiter *self) {
    // until min_size is reached inserting is free
    if (self->inserts + 1 - self->deletes <= self->min_size) return true;
    return (double)(self->inserts + 1) * self->samples_per_insert - (double)self->samples <= self->max_diff;
}
