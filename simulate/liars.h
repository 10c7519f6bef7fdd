/* liars.h - strangers of a simulated fleet, and what is said that nobody has said. On the seed's thread. */
#ifndef SL_SIMULATE_LIARS_H
#define SL_SIMULATE_LIARS_H

#include "simulate/world.h"

sl_status sl_liars_open(sl_world *self);
void sl_liars_close(sl_world *self);
void sl_liars_record(sl_world *self, uint32_t from, uint32_t to, const sl_frame *frame);
void sl_liars_replay(sl_world *self);
void sl_liars_forge(sl_world *self);
void sl_liars_garble(sl_world *self);
void sl_liars_knock(sl_world *self);
void sl_liars_turn(sl_world *self); /* strangers read what they are told */

#endif
