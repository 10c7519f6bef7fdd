/* coordinator.h - the coordinator's life, until the fleet has recovered from all faults. Of a simulated fleet; for
 * seed.c. On the seed's thread. */
#ifndef SL_SIMULATE_COORDINATOR_H
#define SL_SIMULATE_COORDINATOR_H

#include "simulate/world.h"

sl_status sl_world_run(sl_world *self);

#endif
