/* metric.c - see metric.h. */
#include "common/metric.h"

#include "common/assert.h"

#include <stdbool.h>

double sl_metric_get(const sl_metric *self, const void *owner) {
    const char *at = (const char *)owner + self->offset;
    switch (self->type) {
    case SL_METRIC_U64:
        return (double)*(const uint64_t *)(const void *)at;
    case SL_METRIC_I64:
        return (double)*(const int64_t *)(const void *)at;
    case SL_METRIC_F64:
        return *(const double *)(const void *)at;
    }
    SL_ASSERT(false);
    return 0;
}
