/* evaluation.h - the episodes that a coordinator answered a question with, in process or by the fleet. One owner. */
#ifndef SL_STARLING_RUN_EVALUATION_H
#define SL_STARLING_RUN_EVALUATION_H

#include "net/flight_clock.h"
#include "net/incident.h"
#include "net/link_counts.h"

/* Returns of finished episodes, in order. */
typedef struct sl_evaluation {
    int n_episodes, n_agents;
    double *returns;           /* (E, N) */
    int32_t *lengths;          /* (E) */
    uint8_t *won;              /* (E), or NULL where the environment knows no winning */
    int64_t n_ticks, *tick_ns; /* FLY: wall time of each environment step; NULL otherwise */
    /* FLY: median and 99th percentile of an observation's round trip, and of the time from its arrival at the agent
     * to the action's departure, by the agent's clock; 0 when not said */
    double round_trip_ns[2], residence_ns[2];
    sl_incidents incidents;      /* FLY; 0 when not said */
    sl_flight_clock clock;       /* FLY; 0 when not said */
    sl_link_counts *link_counts; /* NULL: nothing was late or lost */
    double seconds;
} sl_evaluation;

/* Checks and copies an answer's episodes; seconds stays 0. SL_MISMATCH: not what was asked for; SL_MEMORY. */
SL_MUST_CHECK sl_status sl_evaluation_read(const sl_learn_message *answer, int n_agents, int n_episodes,
                                           sl_evaluation *out);
void sl_evaluation_fini(sl_evaluation *self); /* all zero: nothing to do */

#endif
