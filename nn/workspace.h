/* workspace.h - the saved activations of one forward; one thread owns one workspace. */
#ifndef SL_NN_WORKSPACE_H
#define SL_NN_WORKSPACE_H

#include "nn/layout.h"

typedef struct sl_net_workspace sl_net_workspace;
SL_MUST_CHECK sl_status sl_net_workspace_create(const sl_net_def *def, int max_T, int max_B, sl_net_workspace **out);
void sl_net_workspace_destroy(sl_net_workspace **self);
/* How many sequences of T steps fit the cache (without a cell: rows, T 1). Training runs a quarter faster when
 * forward, loss and backward go slice by slice through one workspace of this size, gradients adding up, than over a
 * whole batch whose activations go out to memory and come back. */
int sl_net_slice_B(const sl_net_def *def, int T);

#endif
