/* metrics.h - what a run says of itself: a CSV row an update, and events on stdout, one JSON object a line, progress
 * at most twice a second. Columns and events: docs/glossary.md and docs/processes.md. Main thread. */
#ifndef SL_TRAINER_METRICS_H
#define SL_TRAINER_METRICS_H

#include "common/metric.h"
#include "common/status.h"

#include <stdint.h>

typedef struct sl_metrics sl_metrics;

/* A number of the row, and the struct that it lies in: both borrowed until close. */
typedef struct sl_metrics_column {
    const sl_metric *metric;
    const void *owner;
} sl_metrics_column;
enum { SL_METRICS_MAX_COLUMNS = 32 };

/* Opens run/metrics/<stage>.csv for appending. Its columns are the update and these n, of which the header has the
 * names. Rows after update `keep` are cut: they belong to what is done again (0 = start anew). SL_IO. */
SL_MUST_CHECK sl_status sl_metrics_open(const char *run, const char *stage, int n, const sl_metrics_column *columns,
                                        int64_t keep, sl_metrics **out);
void sl_metrics_close(sl_metrics **self);
/* One row: the update, then the columns' numbers as they are now; NaN is an empty field. SL_NO_SPACE, SL_IO. */
SL_MUST_CHECK sl_status sl_metrics_row(sl_metrics *self, int64_t update);

void sl_event_ready(const char *endpoint, const char *metrics); /* metrics: its page's address, NULL: none */
void sl_event_finished(void); /* the run is complete: exit code 0 alone may also be a stop that was asked for */
void sl_event_stage_start(const char *stage);
void sl_event_stage_done(const char *stage, double seconds);

/* A stage's progress. */
typedef struct sl_meter {
    const char *stage, *unit;
    int64_t done, total;
    double start_seconds, last_seconds; /* clock at start and at the last line */
    int64_t start_done;                 /* where this training began */
    double overlap_seconds;             /* since the start, of both programs at work; the caller adds them up */
} sl_meter;
sl_meter sl_meter_start(const char *stage, const char *unit, int64_t done, int64_t total);
/* Prints a line, unless the last one is younger than half a second and this is not the end. mean_return and won, the
 * share of the episodes: NaN = not known. */
void sl_meter_report(sl_meter *self, int64_t done, double mean_return, double won);

#endif
