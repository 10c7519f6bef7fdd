/* clock.c - see clock.h. */
#include "experiment/clock.h"

#include "common/assert.h"

#include <string.h>

static const char *const names[] = {"lockstep", "virtual", "realtime"};
enum { N_CLOCKS = sizeof names / sizeof *names };

const char *sl_exp_clock_name(sl_exp_clock clock) {
    SL_ASSERT((int)clock >= 0 && (int)clock < N_CLOCKS);
    return names[clock];
}

sl_status sl_exp_clock_parse(const char *text, sl_exp_clock *out) {
    for (int k = 0; k < N_CLOCKS; k++) {
        if (strcmp(names[k], text) != 0) continue;
        *out = (sl_exp_clock)k;
        return SL_OK;
    }
    return sl_fail(SL_USAGE, "lockstep, virtual or realtime", "--clock cannot be '%s'", text);
}
