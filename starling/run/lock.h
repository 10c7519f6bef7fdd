/* lock.h - one starling a run. The lock dies with its holder, however that ends. Main thread. */
#ifndef SL_STARLING_RUN_LOCK_H
#define SL_STARLING_RUN_LOCK_H

#include "common/status.h"

/* Locks a run's folder; *out is a descriptor that children inherit, so that programs which are still ending hold it
 * too. Those are waited for, a few seconds. SL_IO names the process that holds it. */
SL_MUST_CHECK sl_status sl_lock_folder(const char *folder, int *out);

#endif
