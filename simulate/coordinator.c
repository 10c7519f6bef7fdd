/* coordinator.c - the coordinator's life in a simulated fleet: it opens its log, waits for agents, flies episodes one
 * after the other, appends each to the log, and is killed and started again, until the faults have stopped and the
 * fleet has flown a whole episode. */
#include "simulate/coordinator.h"

#include "common/alloc.h"
#include "common/clock.h"
#include "simulate/director.h"
#include "simulate/expert_log.h"
#include "simulate/liars.h"
#include "simulate/pilots.h"
#include "simulate/referee.h"
#include "simulate/watch.h"

#include <malloc.h>

enum { WHOLE_EPISODES = 2, MEASURED_EPISODES = 20, WAIT_MS = 1500 };

// it takes long to ask, so only who measures does
static double heap_bytes(const sl_world *self) {
    if (self->def->faults->seconds > 0) return 0;
    struct mallinfo2 info = mallinfo2();
    return (double)info.uordblks + (double)info.hblkhd;
}

static sl_status start(sl_world *self) {
    SL_TRY(sl_expert_log_open(self));
    double before = heap_bytes(self);
    SL_TRY(sl_fleet_create(&self->fleet_def, &self->fleet));
    self->result->fleet_bytes = (heap_bytes(self) - before) / self->N;
    self->coordinator = sl_sim_newest(self->sim);
    self->life++;
    self->tick = 0;
    self->answered = self->missed = self->absent = 0;
    self->crash = false, self->stop = 0;
    sl_world_tell(self, "coordinator %d starts", self->life);
    return SL_OK;
}

static sl_status crash(sl_world *self) {
    sl_world_tell(self, "coordinator %d %s", self->life, self->says_goodbye ? "says goodbye" : "is killed");
    if (self->says_goodbye) sl_fleet_goodbye(self->fleet);
    SL_TRY(sl_expert_log_crash(self));
    sl_fleet_destroy(&self->fleet);
    sl_watch_forget(self);
    self->says_goodbye = false;
    double down_ms = self->calm ? 1 : sl_world_spread(self, 1, self->faults.coordinator_restart_ms);
    sl_transport_wait(self->strangers[0], sl_world_now(self) + (int64_t)(down_ms * SL_WORLD_MS));
    self->asleep_until = 0;
    return start(self);
}

static sl_status tick(sl_world *self) {
    sl_referee_begin(self, self->t == 0);
    if (self->t == 0) sl_fleet_begin(self->fleet);
    int64_t begin_ns = sl_clock_ns();
    SL_TRY(sl_fleet_tick(self->fleet, self->obs, self->avail, self->active, self->actions, self->acts));
    self->result->tick_seconds += (double)(sl_clock_ns() - begin_ns) * 1e-9;
    sl_referee_judge(self);
    self->tick++;
    self->state = sl_toy_step(self->state, self->N, self->actions);
    // what an environment takes for a step; nobody listens meanwhile
    if (self->def->faults->seconds > 0 && !self->is_realtime)
        sl_fleet_sleep(self->fleet, sl_world_now(self) + self->step_ns);
    return SL_OK;
}

// an agent is killed in the middle of a calm episode, and its successor comes within the patience
static void drill(sl_world *self) {
    int slot = (int)sl_rng_below(&self->rng, (uint32_t)self->N);
    for (int i = 0; i < self->n_pilots; i++) {
        sl_pilot *pilot = &self->pilots[i];
        if (!pilot->session || pilot->run_id != self->holders[slot].run_id) continue;
        sl_pilot_crash(pilot);
        // a slot whose agent is dead waits for one that names it
        pilot->def.slot = slot;
        double late_ms = sl_rng_between(&self->rng, 0, self->fleet_def.patience_ms / 4.0);
        pilot->restart_ns = sl_world_now(self) + (int64_t)(late_ms * SL_WORLD_MS);
        return;
    }
}

static sl_status fly(sl_world *self) {
    bool is_drill = self->n_whole == 1 && !self->is_realtime && self->def->faults->seconds > 0;
    self->state = self->seed * 1000003 + self->episode;
    for (self->t = 0; self->t < self->T; self->t++) {
        if (is_drill && self->t == self->T / 2) drill(self);
        SL_TRY(tick(self));
    }
    if (is_drill && self->fell_back)
        sl_world_break(self, SL_PROMISE_SAME, "the fallback acted in episode %llu, though a successor came in time",
                       (unsigned long long)self->episode);
    sl_referee_end(self);
    SL_TRY(sl_expert_log_append(self));
    self->result->episodes++;
    return SL_OK;
}

static sl_status wait_for_agents(sl_world *self) {
    int64_t limit_ns = sl_referee_patience_ns(self);
    sl_status status = sl_fleet_wait(self->fleet, self->calm ? (int)(limit_ns / SL_WORLD_MS) : WAIT_MS);
    if (status != SL_TIMEOUT) return status;
    if (self->calm && sl_world_now(self) >= self->calm_ns + limit_ns)
        sl_world_break(self, SL_PROMISE_ALIVE, "%s", sl_error_what());
    return SL_OK;
}

// the agents come one after the other, some while the coordinator is not there yet
static sl_status gather(sl_world *self) {
    SL_TRY(sl_liars_open(self));
    sl_sim_attach(self->sim, (int64_t)5 * SL_WORLD_MS, sl_director_turn, self);
    SL_TRY(start(self));
    double before = heap_bytes(self);
    for (int i = 0; i < self->N; i++) {
        double late_ms = self->def->faults->seconds > 0 ? sl_rng_between(&self->rng, 0, 200) : 0;
        self->pilots[i].restart_ns = sl_world_now(self) + (int64_t)(late_ms * SL_WORLD_MS);
        if (self->def->faults->seconds > 0) continue;
        SL_TRY(sl_pilot_start(&self->pilots[i]));
    }
    self->result->session_bytes = (heap_bytes(self) - before) / self->N;
    return SL_OK;
}

sl_status sl_world_run(sl_world *self) {
    SL_TRY(gather(self));
    int n_needed = self->def->faults->seconds > 0 ? WHOLE_EPISODES : MEASURED_EPISODES;
    while (self->n_whole < n_needed && !self->result->broken) {
        sl_status status = wait_for_agents(self);
        bool began_calm = self->calm;
        if (status == SL_OK && !self->result->broken) status = fly(self);
        if (status == SL_INTERRUPTED) {
            if (self->result->broken) break;
            SL_TRY(crash(self));
            continue;
        }
        SL_TRY(status);
        self->n_whole = began_calm && !self->fell_back ? self->n_whole + 1 : 0;
        if (self->n_whole == 1) self->result->recovery = (double)(sl_world_now(self) - self->calm_ns) * 1e-9;
        self->episode++;
        if (self->calm && self->n_whole == 0 && sl_world_now(self) > self->calm_ns + 2 * sl_referee_patience_ns(self))
            sl_world_break(self, SL_PROMISE_ALIVE, "no whole episode for %lld s after the faults",
                           (long long)(sl_world_now(self) - self->calm_ns) / SL_WORLD_MS / 1000);
    }
    self->result->seconds = (double)sl_world_now(self) * 1e-9;
    return SL_OK;
}
