/* watch.h - what passes on the wire of a simulated fleet. On the seed's thread. */
#ifndef SL_SIMULATE_WATCH_H
#define SL_SIMULATE_WATCH_H

#include "simulate/world.h"

void sl_watch_begin(sl_world *self);
void sl_watch_forget(sl_world *self); /* the coordinator is gone */

#endif
