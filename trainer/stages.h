/* stages.h - the order of a run: teacher, record, distill; or direct. Goes back to the newest checkpoint when it
 * starts again, and whenever the coordinator was restarted, so that the end is the same. Main thread. */
#ifndef SL_TRAINER_STAGES_H
#define SL_TRAINER_STAGES_H

#include "trainer/training.h"

/* SL_OK: everything is written. resume: go on from the run's newest checkpoint, else those there are removed. */
SL_MUST_CHECK sl_status sl_stages_run(sl_training *training, bool resume);

#endif
