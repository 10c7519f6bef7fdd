/* check.h - what an experiment asks for and what there is: said before anything is trained. main thread only. */
#ifndef SL_STARLING_RUN_CHECK_H
#define SL_STARLING_RUN_CHECK_H

#include "experiment/experiment.h"
#include "starling/run/members.h"

#include <stdbool.h>

/* What would only show when a program starts or a stage begins, hours later for the agents: the endpoint, the
 * environment with its masks and networks, the programs of the agents that are started
 * here, the buffer's bounds and, unless the run goes on,
 * another run's buffer. SL_CONFIG names the key; SL_MEMORY. */
SL_MUST_CHECK sl_status sl_check_experiment(const sl_experiment *experiment, const sl_members *members, bool resume);

#endif
