/* assert.c - the end of a process that found its own bug. */
#include "common/assert.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void sl_assert_fail(const char *file, int line, const char *text) {
    fprintf(stderr, "%s:%d: internal error: %s\n", file, line, text);
    abort();
}
