/* mpe.h - the multi-agent particle environments. From the bottom: state.h is the entity table, build.c puts a
 * scenario together, world.c moves, observe.c writes; mpe.c binds them to env.h. Inside envs/ only. */
#ifndef SL_ENVS_MPE_MPE_H
#define SL_ENVS_MPE_MPE_H

#include "envs/mpe/state.h"
#include "envs/option.h"

sl_status sl_mpe_create(const char *name, const sl_env_options *options, int V, const sl_rng *stream, sl_env **out);
/* Starts an episode of copy v at given positions (E, 2) and goals; for recordings. */
void sl_mpe_place(sl_env *self, int v, const double *positions, const int *goals);
/* The goals that copy v's next reset will draw; for recordings. */
void sl_mpe_next_goals(const sl_mpe *m, int v, int goals[SL_MPE_MAX_GOALS]);

#endif
