/* world.h - the physics of a tile. Inside envs/mpe only; any thread, one tile each. */
#ifndef SL_ENVS_MPE_WORLD_H
#define SL_ENVS_MPE_WORLD_H

#include "envs/mpe/state.h"

/* One step: fx and fy (N) are the agents' own forces, to which contacts are added. */
void sl_mpe_move(const sl_mpe *m, sl_mpe_row *rows, sl_mpe_row *fx, sl_mpe_row *fy);

#endif
