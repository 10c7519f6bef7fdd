/* incident.h - what a flight counts besides its episodes, as the coordinator tells it in a tensor of its answer and
 * starling prints it. */
#ifndef SL_NET_INCIDENT_H
#define SL_NET_INCIDENT_H

/* Actions of the fallback for a late agent, and for an absent one; messages dropped; HELLOs rejected; agents
 * lost. */
typedef enum sl_incident {
    SL_INCIDENT_LATE,
    SL_INCIDENT_ABSENT,
    SL_INCIDENT_DROPPED,
    SL_INCIDENT_REJECTED,
    SL_INCIDENT_LOST,
    SL_INCIDENTS
} sl_incident;

#endif
