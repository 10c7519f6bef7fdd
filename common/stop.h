/* stop.h - SIGTERM and SIGINT of a program that looks at a flag between its pieces of work and ends in order. Main
 * thread. */
#ifndef SL_COMMON_STOP_H
#define SL_COMMON_STOP_H

#include "common/status.h"

#include <signal.h>

/* From now on the two signals cut waits short and set the flag, which is 0 until then. SIGXFSZ is ignored, so that
 * ulimit -f gives an error to report, as a full disk does. */
const volatile sig_atomic_t *sl_stop_catch(void);
/* What main returns: SL_INTERRUPTED is no failure, 130 after SIGINT and else 0; any other is printed. */
int sl_stop_exit_code(const char *program, sl_status status);

#endif
