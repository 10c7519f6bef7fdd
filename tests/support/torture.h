/* torture.h - fails the first allocation of a run, then the second, and so on until a run succeeds, as SQLite and
 * curl do. Leaks on the failing paths are LeakSanitizer's to find. One thread. */
#ifndef SL_TESTS_SUPPORT_TORTURE_H
#define SL_TESTS_SUPPORT_TORTURE_H

#include "common/status.h"

/* run does a whole life (create, use, destroy) and cleans up when it fails. Asserts that every failing run says
 * SL_MEMORY. Returns how many runs failed before one succeeded: 0 means that nothing allocated. */
int sl_torture(sl_status (*run)(void *context), void *context);

#endif
