/* slices.h - how V copies are cut for the threads. The cut depends on V alone, never on the number of threads: a
 * slice is one batch for BLAS, and its sums have the same bits whichever thread runs it. */
#ifndef SL_ROLLOUT_SLICES_H
#define SL_ROLLOUT_SLICES_H

#include "envs/env.h"

typedef struct sl_slices {
    int V, width, n;
} sl_slices;

/* Four slices or more where there are enough copies; each but the last is a multiple of SL_ENV_LANES wide. */
static inline sl_slices sl_slices_of(int V) {
    int width = V >= 8 * SL_ENV_LANES ? 2 * SL_ENV_LANES : SL_ENV_LANES;
    return (sl_slices){V, width, (V + width - 1) / width};
}

static inline int sl_slices_begin(sl_slices self, int slice) {
    return slice * self.width;
}

static inline int sl_slices_end(sl_slices self, int slice) {
    int end = (slice + 1) * self.width;
    return end < self.V ? end : self.V;
}

#endif
