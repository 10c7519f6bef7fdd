/* wait.c - see wait.h. */
#include "common/wait.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SECONDS = SL_WAIT_MOST_MS / 1000 };

sl_status sl_wait_parse(const char *flag, const char *text, int *ms) {
    if (strcmp(text, "forever") == 0) {
        *ms = SL_WAIT_FOREVER;
        return SL_OK;
    }
    char *end, hint[64];
    errno = 0;
    long seconds = strtol(text, &end, 10);
    (void)snprintf(hint, sizeof hint, "whole seconds from 1 to %d, or forever", MOST_SECONDS);
    if (errno || end == text || *end || seconds < 1 || seconds > MOST_SECONDS)
        return sl_fail(SL_USAGE, hint, "%s cannot be '%s'", flag, text);
    *ms = (int)seconds * 1000;
    return SL_OK;
}
