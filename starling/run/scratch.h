/* scratch.h - a run folder for a benchmark, below $TMPDIR or /tmp, removed afterwards. main thread only. */
#ifndef SL_STARLING_RUN_SCRATCH_H
#define SL_STARLING_RUN_SCRATCH_H

#include "starling/run/run.h"

typedef struct sl_scratch {
    char folder[SL_RUN_PATH]; /* "" = none */
} sl_scratch;

/* Makes the folder and writes the experiment into it; NULL: nothing. SL_IO, SL_NO_SPACE. */
SL_MUST_CHECK sl_status sl_scratch_create(const sl_experiment *experiment, sl_scratch *out);
void sl_scratch_remove(sl_scratch *self); /* with all it holds; nothing for an empty one */

#endif
