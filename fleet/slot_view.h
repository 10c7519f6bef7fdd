/* slot_view.h - a slot of the fleet as whoever looks on sees it: who holds it, from where, and how it fares. Numbers
 * and texts only, copied; on the fleet's thread, without allocation. */
#ifndef SL_FLEET_SLOT_VIEW_H
#define SL_FLEET_SLOT_VIEW_H

#include "common/metric.h"
#include "fleet/fleet.h"

enum { SL_SLOT_TEXT = 64 };

/* What is said of the agent is of the one that holds the slot, or was the last to do so; "" and NaN: nothing is
 * known. device, arch and build are the agent's own words, kept to what is printed; nothing of these three is proven.
 */
typedef struct sl_slot_view {
    sl_slot_state state;
    char device[SL_SLOT_TEXT], arch[SL_SLOT_TEXT], build[SL_SLOT_TEXT];
    char address[SL_SLOT_TEXT]; /* "10.0.0.7" */
    char key[SL_SLOT_TEXT];     /* the name of its certificate in the allow-list: this is proven */
    char model[65];             /* SHA-256 of the file that it flies */
    int hidden;                 /* units of that; 0: not known */
    uint64_t joined, missed, absent;
    int64_t live, misses;
    double age;                            /* seconds */
    double round_trip_p50, round_trip_p99; /* seconds, of the last full ten */
} sl_slot_view;
extern const sl_metric_table sl_slot_metrics;

void sl_fleet_view(const sl_fleet *self, int slot, sl_slot_view *out);
const char *sl_slot_state_name(sl_slot_state state); /* "live" */

#endif
