/* incident.h - what a flight counts besides its episodes, as the coordinator tells it in a tensor of its answer and
 * starling prints it. Plain data. */
#ifndef SL_NET_INCIDENT_H
#define SL_NET_INCIDENT_H

#include "common/metric.h"

/* The tensor INCIDENTS, in this order. The first two changed actions, so they belong to the result. */
typedef struct sl_incidents {
    int64_t late, absent, dropped, rejected, lost;
} sl_incidents;
enum { SL_INCIDENTS = sizeof(sl_incidents) / sizeof(int64_t), SL_INCIDENT_FALLBACKS = 2 };
extern const sl_metric_table sl_incident_metrics;

#endif
