/* referee.c - what each tick of a simulated fleet has come to, against what the slots' policies decide in one room.
 */
#include "simulate/referee.h"

#include <string.h>

/* what the slots' policies decide where nothing lies between: of those that are concerned, no-op of the others. A
 * slot's episode begins with the first observation that it is given. */
static void decide(sl_world *self, uint64_t state, int t) {
    sl_rng root = sl_rng_seed(self->seed), stream = sl_rng_split(&root, self->episode * SL_WORLD_STEPS + (uint64_t)t);
    sl_toy_observe(state, self->N, self->obs, self->avail);
    for (int n = 0; n < self->N; n++) {
        if (t == 0) self->has_begun[n] = false;
        self->active[n] = sl_rng_uniform(&stream) >= self->idle;
        self->expected[n] = 0;
        if (!self->active[n]) continue;
        self->expected[n] = sl_toy_decide(&self->oracles[n], self->obs + (size_t)n * SL_TOY_O,
                                          self->avail + (size_t)n * SL_TOY_A, !self->has_begun[n]);
        self->has_begun[n] = true;
    }
}

void sl_referee_begin(sl_world *self, bool episode_start) {
    memcpy(self->last_acts, self->acts, (size_t)self->N * sizeof *self->acts);
    decide(self, self->state, self->t);
    for (int n = 0; n < self->N; n++) self->actions[n] = 0, self->acts[n] = SL_ACT_ABSENT;
    self->tick_ns = sl_world_now(self);
    self->tick_away_ns = self->away_ns;
    self->joins = 0;
    for (int n = 0; episode_start && n < self->N; n++) self->applied[n] = self->tick - 1;
    if (episode_start) self->fell_back = false;
}

// in real time it is what the holder said for this tick or an earlier one of the episode, and no older than the last
static void judge_newest(sl_world *self, int n) {
    for (int64_t tick = self->applied[n] + 1; tick <= self->tick; tick++) {
        const sl_said *said = &self->said[n][tick % SL_WORLD_SAID];
        if (said->tick != tick || said->action != self->actions[n]) continue;
        self->applied[n] = tick;
        return;
    }
    sl_world_break(self, SL_PROMISE_DEAD,
                   "slot %d did %d in tick %lld, which its agent has not said since the last one", n,
                   self->actions[n], (long long)self->tick);
}

// an action that is applied is what the slot's own agent said, and that is what the slot's policy decides
static void judge_action(sl_world *self, int n) {
    const sl_holder *holder = &self->holders[n];
    if (self->is_realtime) {
        judge_newest(self, n);
        return;
    }
    if (self->actions[n] == self->expected[n]) return;
    bool is_own = holder->acted_tick == self->tick && holder->acted == self->actions[n];
    sl_world_break(self, is_own ? SL_PROMISE_SAME : SL_PROMISE_DEAD,
                   is_own ? "slot %d did %d in tick %lld where an undisturbed fleet does %d"
                          : "slot %d did %d in tick %lld, which its agent did not say: it decides %d",
                   n, self->actions[n], (long long)self->tick, self->expected[n]);
}

// the fallback acts where it may: an agent that has acted a tick ago is waited for
static void judge_fallback(sl_world *self, int n) {
    const sl_fleet_def *def = &self->fleet_def;
    // one that was late may be gone at the end, and one that is back too late for the patience be there
    int wait_ms = def->deadline_ms < def->patience_ms ? def->deadline_ms : def->patience_ms;
    self->fell_back = true;
    if (self->actions[n] != 0)
        sl_world_break(self, SL_PROMISE_SAME, "slot %d did %d in tick %lld as a fallback, which is 0", n,
                       self->actions[n], (long long)self->tick);
    if (self->calm && self->tick_ns > self->calm_ns + sl_referee_patience_ns(self))
        sl_world_break(self, SL_PROMISE_ALIVE, "slot %d has no agent in tick %lld, long after the faults", n,
                       (long long)self->tick);
    if (self->is_realtime) return;
    bool acted_before = self->t > 0 && self->last_acts[n] == SL_ACT_ANSWERED;
    if (!acted_before) return;
    // it answered in the tick before, which ended no earlier
    int64_t since_ns = sl_world_now(self) - self->holders[n].acted_ns;
    if (since_ns + (int64_t)20 * SL_WORLD_MS < (int64_t)wait_ms * SL_WORLD_MS)
        sl_world_break(self, SL_PROMISE_SAME, "the fallback acted for slot %d in tick %lld after %lld ms, not %d", n,
                       (long long)self->tick, (long long)since_ns / SL_WORLD_MS, wait_ms);
}

static void judge_time(sl_world *self, int64_t took_ns) {
    const sl_fleet_def *def = &self->fleet_def;
    int64_t one_ms = 2 * (int64_t)def->patience_ms + 3 * (int64_t)def->deadline_ms + 6 * (int64_t)def->heartbeat_ms;
    int64_t most_ns = ((self->joins + 1) * one_ms + 1000) * SL_WORLD_MS;
    if (self->is_realtime) most_ns = 2 * def->period_ns + (int64_t)100 * SL_WORLD_MS;
    if (took_ns > most_ns)
        sl_world_break(self, SL_PROMISE_STALE, "tick %lld took %lld ms, which is more than %lld",
                       (long long)self->tick, (long long)took_ns / SL_WORLD_MS, (long long)most_ns / SL_WORLD_MS);
    if (!self->fell_back && (double)took_ns * 1e-9 > self->result->stalest)
        self->result->stalest = (double)took_ns * 1e-9;
}

static void judge_counters(sl_world *self) {
    const sl_fleet_stats *stats = sl_fleet_get_stats(self->fleet);
    if (stats->answered == self->answered && stats->missed == self->missed && stats->absent == self->absent) return;
    sl_world_break(self, SL_PROMISE_STALE,
                   "after tick %lld the counters say %llu answered, %llu missed and %llu absent",
                   (long long)self->tick, (unsigned long long)stats->answered, (unsigned long long)stats->missed,
                   (unsigned long long)stats->absent);
}

void sl_referee_judge(sl_world *self) {
    int64_t took_ns = sl_world_now(self) - self->tick_ns - (self->away_ns - self->tick_away_ns);
    uint64_t before[3] = {self->answered, self->missed, self->absent};
    for (int n = 0; n < self->N; n++) {
        if (!self->active[n])
            continue;
        else if (self->acts[n] == SL_ACT_ANSWERED)
            self->answered++, judge_action(self, n);
        else
            *(self->acts[n] == SL_ACT_MISSED ? &self->missed : &self->absent) += 1, judge_fallback(self, n);
    }
    judge_time(self, took_ns);
    judge_counters(self);
    self->result->ticks++;
    self->result->answered += self->answered - before[0];
    self->result->missed += self->missed - before[1];
    self->result->absent += self->absent - before[2];
    sl_world_tell(self, "tick %lld, step %d of episode %llu: %llu answered, %llu missed, %llu absent, %lld ms",
                  (long long)self->tick, self->t, (unsigned long long)self->episode,
                  (unsigned long long)(self->answered - before[0]), (unsigned long long)(self->missed - before[1]),
                  (unsigned long long)(self->absent - before[2]), (long long)took_ns / SL_WORLD_MS);
}

// the same episode where nothing lies between
void sl_referee_end(sl_world *self) {
    if (self->fell_back || self->is_realtime) return;
    uint64_t state = self->seed * 1000003 + self->episode;
    // the observations are made anew, so that nothing of the flight is trusted
    for (int t = 0; t < self->T; t++) {
        decide(self, state, t);
        state = sl_toy_step(state, self->N, self->expected);
    }
    if (state != self->state)
        sl_world_break(self, SL_PROMISE_SAME, "episode %llu ended elsewhere than undisturbed",
                       (unsigned long long)self->episode);
}

int64_t sl_referee_patience_ns(const sl_world *self) {
    const sl_fleet_def *def = &self->fleet_def;
    int64_t ms = def->lease_ms + 2 * (int64_t)def->patience_ms + 4 * (int64_t)def->deadline_ms +
                 6 * (int64_t)def->heartbeat_ms + 20000;
    return ms * SL_WORLD_MS;
}
