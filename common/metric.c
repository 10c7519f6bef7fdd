/* metric.c - see metric.h. */
#include "common/metric.h"

#include "common/assert.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

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

// the suffix of its base unit; "" when the unit is a noun, which the name says already
static const char *suffix_of(const sl_metric *self) {
    if (strcmp(self->unit, "ns") == 0 || strcmp(self->unit, "seconds") == 0) return "_seconds";
    return strcmp(self->unit, "bytes") == 0 ? "_bytes" : "";
}

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), n_end = strlen(end);
    return n >= n_end && strcmp(text + n - n_end, end) == 0;
}

void sl_metric_page_name(const sl_metric *self, const char *prefix, char name[SL_METRIC_NAME]) {
    const char *suffix = suffix_of(self);
    int n = snprintf(name, SL_METRIC_NAME, "starling_%s_%s%s%s", prefix, self->name,
                     ends_with(self->name, suffix) ? "" : suffix, self->kind == SL_METRIC_COUNTER ? "_total" : "");
    SL_ASSERT(n < SL_METRIC_NAME);
}

double sl_metric_scale(const sl_metric *self) {
    return strcmp(self->unit, "ns") == 0 ? 1e-9 : 1;
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
