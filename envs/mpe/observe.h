/* observe.h - what agents see of a tile. Inside envs/mpe only; any thread, one tile each. */
#ifndef SL_ENVS_MPE_OBSERVE_H
#define SL_ENVS_MPE_OBSERVE_H

#include "envs/mpe/state.h"

/* obs, state, avail and alive of one tile to the caller's rows, for lanes whose bit is set. */
void sl_mpe_write(const sl_mpe *m, int tile, unsigned lanes, const sl_env_out *out);

#endif
