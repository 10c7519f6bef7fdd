/* director.h - what goes wrong in a simulated fleet, and when. On the seed's thread. */
#ifndef SL_SIMULATE_DIRECTOR_H
#define SL_SIMULATE_DIRECTOR_H

#include "simulate/world.h"

void sl_director_draw(sl_world *self); /* which faults the seed has */
sl_channel_def sl_director_channel(sl_world *self);
void sl_director_turn(void *world);
void sl_director_calm(sl_world *self);

#endif
