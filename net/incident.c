/* incident.c - the incidents by name, as `starling fly --json` has them. */
#include "net/incident.h"

#define COUNTER(name, member, unit, help) SL_METRIC(name, sl_incidents, member, SL_METRIC_COUNTER, unit, help)
static const sl_metric metrics[] = {
    COUNTER("late", late, "actions", "of the fallback for a late agent"),
    COUNTER("absent", absent, "actions", "of the fallback for an absent agent"),
    COUNTER("messages_dropped", dropped, "messages", "of agents, that could not be taken"),
    COUNTER("agents_rejected", rejected, "messages", "HELLOs that were refused"),
    COUNTER("agents_lost", lost, "agents", "whose slot was taken from them"),
};
const sl_metric_table sl_incident_metrics = SL_METRIC_TABLE(metrics);
