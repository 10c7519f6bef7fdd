/* wait.h - how long somebody is waited for, as command lines and messages say it. Any thread. */
#ifndef SL_COMMON_WAIT_H
#define SL_COMMON_WAIT_H

#include "common/status.h"

enum { SL_WAIT_FOREVER = -1, SL_WAIT_MOST_MS = 604800000 };

/* The value of a flag: whole seconds from 1 to 604800, or "forever". SL_USAGE names the flag. */
SL_MUST_CHECK sl_status sl_wait_parse(const char *flag, const char *text, int *ms);

#endif
