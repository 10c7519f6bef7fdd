/* turn.c - see turn.h. */
#include "fleet/turn.h"

#include "common/vitals.h"
#include "fleet/messages.h"
#include "fleet/slots.h"

enum { CHECK_MS = 10 };

sl_status sl_fleet_turn(sl_fleet *self, int timeout_ms) {
    SL_TRY(sl_fleet_receive(self, timeout_ms));
    sl_vitals_beat(self->clock_ns);
    if (self->now_ns < self->next_check_ns) return SL_OK;
    self->next_check_ns = self->now_ns + (int64_t)CHECK_MS * SL_FLEET_MS;
    sl_fleet_check(self);
    if (self->def.pulse) self->def.pulse(self->def.pulse_context);
    if (self->def.stop && *self->def.stop) return sl_fail(SL_INTERRUPTED, NULL, "asked to stop");
    return SL_OK;
}
