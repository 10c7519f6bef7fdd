/* heuristic.h - full-information hand-made policies, a lane at a time. Inside envs/mpe only. */
#ifndef SL_ENVS_MPE_HEURISTIC_H
#define SL_ENVS_MPE_HEURISTIC_H

#include "envs/mpe/state.h"

/* The move (0..4) that brings agent i soonest to x, y, braking in time. */
int32_t sl_mpe_heuristic_move(const sl_mpe *m, sl_mpe_row *rows, int lane, int i, double x, double y);
/* Every agent to its landmark in the assignment of least summed squared distance. */
void sl_mpe_heuristic_cover(const sl_mpe *m, sl_mpe_row *rows, int lane, void *plan, int32_t *actions);
size_t sl_mpe_plan_bytes(int n); /* of the scratch for n agents, a multiple of a double's */
/* cost (n, n), row-major, of plan; and the match in it that minimises the summed cost: of each row its column,
 * borrowed until the next. n > 0. */
double *sl_mpe_plan_costs(void *plan);
const int *sl_mpe_assign(int n, void *plan);

#endif
