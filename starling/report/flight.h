/* flight.h - what a flight came to, as JSON: the result of `starling fly --json` and of each flight of `starling
 * serve`, and the event before it that says where agents connect. main thread only. */
#ifndef SL_STARLING_REPORT_FLIGHT_H
#define SL_STARLING_REPORT_FLIGHT_H

#include "starling/report/report.h"
#include "starling/run/evaluation.h"
#include "starling/run/process_group.h"
#include "starling/run/run.h"

#include <jansson.h>

/* links: flown under; NULL = none. restarts: as sl_process_group_restarts says, borrowed. *out is the caller's.
 * SL_MEMORY. */
SL_MUST_CHECK sl_status sl_flight_result(const sl_run *run, uint64_t seed, const sl_links *links,
                                         const sl_evaluation *results, json_t *restarts, json_t **out);
/* How realtime kept its time, in a line; nothing by other clocks. */
void sl_flight_print_clock(const sl_evaluation *results);
/* {"event":"ready","endpoint":"tcp://0.0.0.0:5555","slots":[1,2]}, for whoever starts the agents of these slots. */
SL_MUST_CHECK sl_status sl_flight_print_ready(const sl_process_group *group, const sl_members *members);

#endif
