/* combat.h - small-unit combat in the manner of SMAC, with the rules of SMAClite. From the bottom: a map says who
 * fights whom and where, state.h holds battles, avoid.c keeps units apart, observe.c writes, battle.c plays ticks;
 * combat.c binds them to env.h. Inside envs/ only. */
#ifndef SL_ENVS_COMBAT_COMBAT_H
#define SL_ENVS_COMBAT_COMBAT_H

#include "envs/combat/battle.h"
#include "envs/option.h"

SL_MUST_CHECK sl_status sl_combat_create(const char *name, const sl_env_options *options, int V, const sl_rng *stream,
                                         sl_env **out);
SL_MUST_CHECK sl_status sl_combat_opponent_spec(const char *name, const sl_env_options *options, sl_env_spec *out);
/* A step of copy v with its orders (SL_COMBAT_TICKS), written to out; for recordings. */
void sl_combat_replay(sl_env *self, int v, const int32_t *actions, sl_combat_order *orders, sl_env_out *out);

#endif
