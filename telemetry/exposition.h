/* exposition.h - metrics as Prometheus reads them (text format 0.0.4), from the tables of common/metric.h: HELP, TYPE
 * and the samples of each, in base units. A number that is NaN is left out. Any thread. */
#ifndef SL_TELEMETRY_EXPOSITION_H
#define SL_TELEMETRY_EXPOSITION_H

#include "common/metric.h"
#include "telemetry/page_text.h"

/* Some structs of one kind that lie behind each other, each the owner of a table's metrics. */
typedef struct sl_exposition_rows {
    const char *label; /* by which they differ, "slot": its value is their index */
    int n;
    const void *first;
    size_t stride; /* bytes from one to the next */
} sl_exposition_rows;

/* One sample of each metric: label NULL, or a label and its value, which is one of ours. */
void sl_exposition_add(sl_page_text *out, const char *prefix, const sl_metric_table *table, const void *owner,
                       const char *label, const char *value);
/* Of each metric n samples. */
void sl_exposition_add_rows(sl_page_text *out, const char *prefix, const sl_metric_table *table,
                            const sl_exposition_rows *rows);
/* One metric whose number lies nowhere, or a family of several: begin, then its samples. */
void sl_exposition_begin(sl_page_text *out, const char *name, const char *type, const char *help);
void sl_exposition_sample(sl_page_text *out, const char *name, const char *label, const char *value, double number);

#endif
