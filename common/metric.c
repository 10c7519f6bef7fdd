/* metric.c - see metric.h. */
#include "common/metric.h"

#include "common/assert.h"

#include <stdbool.h>

double sl_metric_get(const sl_metric *self, const void *owner) {
    const void *at = (const char *)owner + self->offset;
    switch (self->type) {
    case SL_METRIC_U64:
        return (double)*(const uint64_t *)at;
    case SL_METRIC_I64:
        return (double)*(const int64_t *)at;
    case SL_METRIC_F64:
        return *(const double *)at;
    case SL_METRIC_LATENCY:
        return (double)((const sl_latency *)at)->n;
    }
    SL_ASSERT(false);
    return 0;
}

static void subtract(const sl_metric *self, void *now, const void *earlier) {
    void *to = (char *)now + self->offset;
    const void *from = (const char *)earlier + self->offset;
    switch (self->type) {
    case SL_METRIC_U64:
        *(uint64_t *)to -= *(const uint64_t *)from;
        return;
    case SL_METRIC_I64:
        *(int64_t *)to -= *(const int64_t *)from;
        return;
    case SL_METRIC_F64:
        *(double *)to -= *(const double *)from;
        return;
    case SL_METRIC_LATENCY:
        sl_latency_subtract(to, from);
    }
}

void sl_metric_subtract(const sl_metric_table *table, void *now, const void *earlier) {
    for (int k = 0; k < table->n; k++) {
        if (table->metrics[k].kind != SL_METRIC_GAUGE) subtract(&table->metrics[k], now, earlier);
    }
}
