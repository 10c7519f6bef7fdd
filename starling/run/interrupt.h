/* interrupt.h - SIGINT and SIGTERM for commands that start no programs (supervise.h is for those that do): the work
 * looks at a flag between its pieces and ends in order. main thread only. */
#ifndef SL_STARLING_RUN_INTERRUPT_H
#define SL_STARLING_RUN_INTERRUPT_H

#include "common/status.h"

/* From now on the two signals set the flag and cut waits short; a second one ends the program as ever. */
void sl_interrupt_watch(void);
/* SL_INTERRUPTED once one came. */
SL_MUST_CHECK sl_status sl_interrupt_check(void);
/* The signal that came, 0 = none: decides main's exit code. */
int sl_interrupt_signal(void);
/* Until so many seconds have passed, or a signal comes. */
SL_MUST_CHECK sl_status sl_interrupt_wait(double seconds);

#endif
