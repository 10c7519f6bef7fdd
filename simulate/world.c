/* world.c - see world.h: names, the clock, the trace and the verdict. */
#include "simulate/world.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

static const char *const promise_names[SL_PROMISES] = {
    [SL_PROMISE_CONTROLLER] = "at most one controller per slot",
    [SL_PROMISE_DEAD] = "no action of a dead incarnation is applied",
    [SL_PROMISE_STALE] = "staleness is bounded and measured",
    [SL_PROMISE_LOG] = "an acknowledged expert episode survives kill -9",
    [SL_PROMISE_SAME] = "any process may be killed, to the same result",
    [SL_PROMISE_KEY] = "a peer without a key costs a handshake and nothing more",
    [SL_PROMISE_ALIVE] = "once the faults stop the fleet flies again",
};

const char *sl_promise_name(sl_promise promise) {
    return promise_names[promise];
}

static const char *const kind_names[SL_FAULT_KINDS] = {
    [SL_FAULT_LOST] = "lost_messages",
    [SL_FAULT_AGENT_CRASH] = "agent_crash",
    [SL_FAULT_HOST_LOSS] = "host_loss",
    [SL_FAULT_AGENT_LEAVE] = "agent_leave",
    [SL_FAULT_COORDINATOR_CRASH] = "coordinator_crash",
    [SL_FAULT_AGENT_PAUSE] = "agent_pause",
    [SL_FAULT_COORDINATOR_PAUSE] = "coordinator_pause",
    [SL_FAULT_PARTITION] = "partition",
    [SL_FAULT_REPLAY] = "replay",
    [SL_FAULT_FORGE] = "forge",
    [SL_FAULT_MALFORMED] = "malformed",
    [SL_FAULT_TWIN] = "twin",
    [SL_FAULT_STRANGER] = "stranger",
};

const char *sl_fault_kind_name(sl_fault_kind kind) {
    return kind_names[kind];
}

int64_t sl_world_now(const sl_world *self) {
    return sl_sim_now_ns(self->sim);
}

void sl_world_tell(const sl_world *self, const char *format, ...) {
    if (!self->def->trace) return;
    va_list args;
    fprintf(self->def->trace, "%12.6f  ", (double)sl_world_now(self) * 1e-9);
    va_start(args, format);
    (void)vfprintf(self->def->trace, format, args);
    va_end(args);
    fputc('\n', self->def->trace);
}

void sl_world_break(sl_world *self, sl_promise promise, const char *format, ...) {
    char text[200];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sl_world_tell(self, "BROKEN: %s: %s", promise_names[promise], text);
    if (self->result->broken) return;
    self->result->broken = true;
    self->result->promise = promise;
    (void)snprintf(self->result->text, sizeof self->result->text, "at %.3f s %s", (double)sl_world_now(self) * 1e-9,
                   text);
}

double sl_world_spread(sl_world *self, double low, double high) {
    if (high <= low) return high;
    return low * exp(sl_rng_uniform(&self->rng) * log(high / low));
}
