/* groups.h - reports of several runs grouped by experiment: for each policy the mean over seeds with its 95 %
 * interval: Student's for few seeds, else the bootstrap's. main thread only. */
#ifndef SL_STARLING_REPORT_GROUPS_H
#define SL_STARLING_REPORT_GROUPS_H

#include "starling/report/statistics.h"

#include <jansson.h>
#include <stdbool.h>

enum { SL_MAX_RUNS = 256, SL_GROUP_NAME = 64 };

/* What is measured of a policy, each a row of every report's table; retention is of the win rate where there is one.
 */
typedef enum sl_measure {
    SL_MEASURE_RETURN,
    SL_MEASURE_NORMALISED,
    SL_MEASURE_RETENTION,
    SL_MEASURE_WIN_RATE,
    SL_MEASURE_RETURN_RETENTION,
    SL_MEASURES
} sl_measure;

/* One line of the table: one policy of one experiment over its seeds. One seed has no intervals: low and high NaN. */
typedef struct sl_group {
    char experiment[SL_GROUP_NAME], env[SL_GROUP_NAME], policy[16];
    int n;                 /* runs (seeds) */
    bool has[SL_MEASURES]; /* for every seed */
    sl_interval measured[SL_MEASURES];
    /* why it is blank for one seed at least; NULL: nothing to say. Borrowed from the reports */
    const char *why_not[SL_MEASURES];
    double flops, bytes; /* of the first run; 0 = not known */
    bool opposed;        /* the return adds up sides that oppose one another */
} sl_group;

typedef struct sl_groups {
    int n;
    sl_group *items; /* owned */
} sl_groups;

/* Groups appear in the order of the first run of each experiment, policies in the order of the report. A run without
 * a teacher of its own (method direct) is normalised by the mean teacher and random returns of the given runs on the
 * same environment, when there are any. Where a run's teacher is not above its random play, nothing is
 * measured by it, also when its report says a number. The intervals draw from a stream of their own, named by
 * experiment and policy: the same reports give the same table. SL_MEMORY; SL_MISMATCH: the same experiment and seed
 * twice. */
SL_MUST_CHECK sl_status sl_groups_make(int n_reports, json_t *const *reports, sl_groups *out);
void sl_groups_fini(sl_groups *self);

#endif
