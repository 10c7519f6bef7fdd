/* exposition.c - see exposition.h. A summary goes out as a histogram, so that Prometheus can take percentiles of any
 * stretch of time and of several coordinators together, which it cannot of percentiles. */
#include "telemetry/exposition.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

// bounds of a histogram's buckets, two for each power of two: from 16 us to 17 s
enum { FIRST_POWER = 14, LAST_POWER = 34 };

void sl_exposition_begin(sl_page_text *out, const char *name, const char *type, const char *help) {
    sl_page_text_add(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void sl_exposition_sample(sl_page_text *out, const char *name, const char *label, const char *value, double number) {
    char text[48];
    if (isnan(number)) return;
    // whole numbers are exact up to 2^53
    if (isinf(number))
        (void)snprintf(text, sizeof text, number > 0 ? "+Inf" : "-Inf");
    else
        (void)snprintf(text, sizeof text,
                       fabs(number) <= 9007199254740992.0 && number == floor(number) ? "%.0f" : "%.9g", number);
    if (label)
        sl_page_text_add(out, "%s{%s=\"%s\"} %s\n", name, label, value, text);
    else
        sl_page_text_add(out, "%s %s\n", name, text);
}

static void add_buckets(sl_page_text *out, const char *name, const sl_latency *times) {
    for (int power = FIRST_POWER; power <= LAST_POWER; power++) {
        for (int half = 2; half <= 3; half++) {
            int64_t ns = (INT64_C(1) << power) / 2 * half;
            sl_page_text_add(out, "%s_bucket{le=\"%.9g\"} %" PRIu64 "\n", name, (double)ns / 1e9,
                             sl_latency_count_below(times, ns));
        }
    }
    sl_page_text_add(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum %.9g\n%s_count %" PRIu64 "\n", name, times->n,
                     name, (double)times->sum_ns / 1e9, name, times->n);
}

static void begin(sl_page_text *out, const sl_metric *metric, const char *name) {
    static const char *const types[] = {
        [SL_METRIC_COUNTER] = "counter", [SL_METRIC_GAUGE] = "gauge", [SL_METRIC_SUMMARY] = "histogram"};
    sl_page_text_add(out, "# HELP %s %s%s%s\n# TYPE %s %s\n", name, metric->unit, *metric->unit ? ": " : "",
                     metric->help, name, types[metric->kind]);
}

void sl_exposition_add(sl_page_text *out, const char *prefix, const sl_metric_table *table, const void *owner,
                       const char *label, const char *value) {
    for (int k = 0; k < table->n; k++) {
        const sl_metric *metric = &table->metrics[k];
        double number = sl_metric_get(metric, owner);
        char name[SL_METRIC_NAME];
        if (isnan(number)) continue;
        sl_metric_page_name(metric, prefix, name);
        begin(out, metric, name);
        if (metric->type == SL_METRIC_LATENCY)
            add_buckets(out, name, (const void *)((const char *)owner + metric->offset));
        else
            sl_exposition_sample(out, name, label, value, number * sl_metric_scale(metric));
    }
}

void sl_exposition_add_rows(sl_page_text *out, const char *prefix, const sl_metric_table *table,
                            const sl_exposition_rows *rows) {
    for (int k = 0; k < table->n; k++) {
        const sl_metric *metric = &table->metrics[k];
        char name[SL_METRIC_NAME];
        sl_metric_page_name(metric, prefix, name);
        begin(out, metric, name);
        for (int i = 0; i < rows->n; i++) {
            const char *owner = (const char *)rows->first + (size_t)i * rows->stride;
            char index[16];
            (void)snprintf(index, sizeof index, "%d", i);
            sl_exposition_sample(out, name, rows->label, index,
                                 sl_metric_get(metric, owner) * sl_metric_scale(metric));
        }
    }
}
