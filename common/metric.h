/* metric.h - what a number that Starling counts or measures is called, what it means, and where it lies in its
 * owner's struct. A struct of counters has one table of these beside it; whatever tells the numbers (an event, a row
 * of a CSV file) and what documents them has names and order from the table. Plain data; any thread. */
#ifndef SL_COMMON_METRIC_H
#define SL_COMMON_METRIC_H

#include "common/latency.h"

#include <stddef.h>
#include <stdint.h>

typedef enum sl_metric_kind {
    SL_METRIC_COUNTER, /* only grows while its owner lives */
    SL_METRIC_GAUGE,   /* as it is now, or was in the last update */
    SL_METRIC_SUMMARY  /* a histogram, told by its percentiles: an sl_latency */
} sl_metric_kind;

typedef enum sl_metric_type { SL_METRIC_U64, SL_METRIC_I64, SL_METRIC_F64, SL_METRIC_LATENCY } sl_metric_type;

typedef struct sl_metric {
    const char *name; /* snake_case, unique in its table */
    const char *unit; /* "actions", "steps", "seconds"; "" = a bare number */
    const char *help; /* one line, as in docs/ */
    sl_metric_kind kind;
    sl_metric_type type;
    size_t offset; /* of the number in its owner's struct */
} sl_metric;

/* An entry for a member of owner that is a uint64_t, an int64_t, a double or an sl_latency. */
#define SL_METRIC(name, owner, member, kind, unit, help)                                                             \
    { name, unit, help, kind, SL_METRIC_TYPE(((owner *)0)->member), offsetof(owner, member) }
// clang-format off
#define SL_METRIC_TYPE(number)                                                                                       \
    _Generic(number, uint64_t: SL_METRIC_U64, int64_t: SL_METRIC_I64, double: SL_METRIC_F64, sl_latency: SL_METRIC_LATENCY)
// clang-format on

/* {n, metrics} of a static array. */
typedef struct sl_metric_table {
    int n;
    const sl_metric *metrics;
} sl_metric_table;
#define SL_METRIC_TABLE(array)                                                                                       \
    { (int)(sizeof(array) / sizeof *(array)), array }

/* The number in owner, exact up to 2^53; NaN: there is none. Of a summary, how many times it holds. */
double sl_metric_get(const sl_metric *self, const void *owner);
/* What it is called on a page for Prometheus: starling_<prefix>_<name>, then its unit where that is one of time or
 * memory, in base units and unless the name ends with it, then _total of a counter. */
enum { SL_METRIC_NAME = 96 };
void sl_metric_page_name(const sl_metric *self, const char *prefix, char name[SL_METRIC_NAME]);
/* One of its unit in the base unit: 1e-9 of "ns". */
double sl_metric_scale(const sl_metric *self);
/* Takes from now's counters and summaries what they were in earlier; gauges stay. */
void sl_metric_subtract(const sl_metric_table *table, void *now, const void *earlier);

#endif
