/* expert_log.h - the expert episodes of a simulated fleet, in a log that survives its coordinator. On the seed's
 * thread. */
#ifndef SL_SIMULATE_EXPERT_LOG_H
#define SL_SIMULATE_EXPERT_LOG_H

#include "simulate/world.h"

sl_status sl_expert_log_open(sl_world *self);
sl_status sl_expert_log_append(sl_world *self);
sl_status sl_expert_log_crash(sl_world *self);

#endif
