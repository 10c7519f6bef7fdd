/* extend.h - whether a run may be resumed under an experiment: the one that it was started with, or one that only
 * asks for more steps or updates, or has other threads or checkpoint_seconds, which change no result. Main thread,
 * before any program is started. */
#ifndef SL_STARLING_RUN_EXTEND_H
#define SL_STARLING_RUN_EXTEND_H

#include "experiment/experiment.h"

#include <stdbool.h>

/* *differs: wanted is not the run's experiment.yaml to the letter. SL_MISMATCH: it asks for fewer, for more of what
 * cannot go on, or differs in anything else. */
SL_MUST_CHECK sl_status sl_extend_check(const sl_experiment *wanted, const char *folder, bool *differs);
/* Of a locked run that may: wanted becomes its experiment, its report goes. Says what is done again. A kill on the
 * way leaves a run that can be asked again. */
SL_MUST_CHECK sl_status sl_extend_run(const sl_experiment *wanted, const char *folder);

#endif
