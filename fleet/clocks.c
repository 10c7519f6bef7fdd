/* clocks.c - the clocks by name. */
#include "fleet/clock.h"

#include <string.h>

static const sl_fleet_clock *const clocks[] = {&sl_fleet_lockstep, &sl_fleet_virtual, &sl_fleet_realtime};

const sl_fleet_clock *sl_fleet_find_clock(const char *name) {
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++)
        if (strcmp(clocks[i]->name, name) == 0) return clocks[i];
    return NULL;
}
