/* referee.h - what each tick of a simulated fleet has come to. On the seed's thread. */
#ifndef SL_SIMULATE_REFEREE_H
#define SL_SIMULATE_REFEREE_H

#include "simulate/world.h"

void sl_referee_begin(sl_world *self, bool episode_start); /* before a tick */
void sl_referee_judge(sl_world *self);                     /* behind it */
void sl_referee_end(sl_world *self);                       /* of an episode */
int64_t sl_referee_patience_ns(const sl_world *self);      /* that a fleet without faults may take to be whole */

#endif
