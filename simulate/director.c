/* director.c - what goes wrong in a simulated fleet, and when: each kind of fault has a rate that the seed draws, and
 * comes after times that are exponentially distributed. */
#include "simulate/director.h"

#include "simulate/liars.h"
#include "simulate/pilots.h"
#include "simulate/referee.h"

#include <math.h>

// a kind is there or not, so that few come together in some seeds; then it is as frequent as it may be, or less
static void thin(sl_world *self, double *rate) {
    double chance = sl_rng_uniform(&self->rng), share = sl_rng_between(&self->rng, 0.1, 1);
    *rate = chance < 0.6 ? *rate * share : 0;
}

static double rate_of(const sl_world *self, sl_fault_kind kind) {
    const sl_faults *f = &self->faults;
    const double rates[SL_FAULT_KINDS] = {
        [SL_FAULT_AGENT_CRASH] = f->agent_crash,
        [SL_FAULT_HOST_LOSS] = f->host_loss,
        [SL_FAULT_AGENT_LEAVE] = f->agent_leave,
        [SL_FAULT_COORDINATOR_CRASH] = f->coordinator_crash,
        [SL_FAULT_AGENT_PAUSE] = f->agent_pause,
        [SL_FAULT_COORDINATOR_PAUSE] = f->coordinator_pause,
        [SL_FAULT_PARTITION] = f->partition,
        [SL_FAULT_REPLAY] = f->replay,
        [SL_FAULT_FORGE] = f->forge,
        [SL_FAULT_MALFORMED] = f->malformed,
        [SL_FAULT_TWIN] = f->twin,
        [SL_FAULT_STRANGER] = f->stranger,
    };
    return rates[kind];
}

static void plan(sl_world *self, sl_fault_kind kind) {
    double rate = rate_of(self, kind);
    double wait_s = rate > 0 ? -log(1 - sl_rng_uniform(&self->rng)) / rate : 1e6;
    self->next_ns[kind] = sl_world_now(self) + (int64_t)(wait_s * 1e9);
}

void sl_director_draw(sl_world *self) {
    sl_faults *f = &self->faults;
    double *const rates[] = {&f->drop,
                             &f->duplicate,
                             &f->agent_crash,
                             &f->host_loss,
                             &f->agent_leave,
                             &f->agent_pause,
                             &f->coordinator_pause,
                             &f->coordinator_crash,
                             &f->slow,
                             &f->partition,
                             &f->replay,
                             &f->forge,
                             &f->malformed,
                             &f->twin,
                             &f->stranger};
    *f = *self->def->faults;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) thin(self, rates[i]);
    f->delay_ms = sl_world_spread(self, 0.01, f->delay_ms);
    self->end_ns = (int64_t)(f->seconds * 1e9);
    for (int kind = 0; kind < SL_FAULT_KINDS; kind++) plan(self, (sl_fault_kind)kind);
    for (int i = 0; i < self->N; i++) {
        bool slow = sl_rng_uniform(&self->rng) < f->slow;
        double think_ms = sl_rng_between(&self->rng, 0, f->think_ms);
        self->pilots[i].think_ns = slow ? (int64_t)(think_ms * SL_WORLD_MS) : 0;
    }
}

// every second seed loses messages one by one, the others in bursts
sl_channel_def sl_director_channel(sl_world *self) {
    const sl_faults *f = &self->faults;
    double bursts = sl_rng_uniform(&self->rng), leave = sl_rng_between(&self->rng, 0.02, 0.5);
    sl_channel_def made = SL_SIM_CHANNEL(f->delay_ms / 10, f->delay_ms, f->drop, f->duplicate);
    // the same share in the long run: p_bad / (p_bad + p_good) = drop
    if (bursts < 0.5 && f->drop > 0)
        made.loss = (sl_loss){.p_bad = leave * f->drop / (1 - f->drop), .p_good = leave, .lose_bad = 1};
    if (made.loss.p_bad > 1) made.loss.p_bad = 1;
    made.reorders = sl_rng_uniform(&self->rng) < f->overtake;
    return made;
}

static int64_t in_ms(sl_world *self, double low, double high) {
    return sl_world_now(self) + (int64_t)(sl_world_spread(self, low, high) * SL_WORLD_MS);
}

static void end_agent(sl_world *self, sl_pilot *pilot, sl_fault_kind kind) {
    if (kind == SL_FAULT_AGENT_LEAVE)
        sl_pilot_leave(pilot);
    else
        sl_pilot_crash(pilot);
    pilot->restart_ns = in_ms(self, 1, self->faults.restart_ms);
}

// a successor comes on another host; the old connection looks open for ever
static void lose_host(sl_world *self, sl_pilot *pilot) {
    sl_pilot *successor = sl_pilots_new(self, pilot->slot);
    if (!successor) return;
    sl_world_tell(self, "the host of agent %d.%d is gone", pilot->index, pilot->life);
    pilot->lost = true;
    // where keys say which slot it may hold it names none: that has to fall free by its lease
    if (self->has_keys) successor->def.slot = -1;
    successor->restart_ns = in_ms(self, 1, self->faults.restart_ms);
}

static void cut(sl_world *self) {
    int64_t until_ns = in_ms(self, 10, self->faults.partition_ms);
    double share = sl_rng_uniform(&self->rng);
    int one = (int)sl_rng_below(&self->rng, (uint32_t)self->n_pilots);
    for (int i = 0; i < self->n_pilots; i++) {
        bool is_in = share < 0.4 ? i == one : share > 0.7 || sl_rng_uniform(&self->rng) < 0.5;
        if (!is_in) continue;
        self->pilots[i].cut_until = until_ns;
        sl_world_tell(self, "agent %d is cut off for %lld ms", i,
                      (long long)(until_ns - sl_world_now(self)) / SL_WORLD_MS);
    }
}

static void pause_agent(sl_world *self, sl_pilot *pilot) {
    pilot->asleep_until = in_ms(self, 10, self->faults.pause_ms);
    sl_world_tell(self, "agent %d.%d is stopped for %lld ms", pilot->index, pilot->life,
                  (long long)(pilot->asleep_until - sl_world_now(self)) / SL_WORLD_MS);
}

static void add_twin(sl_world *self) {
    sl_pilot *twin = sl_pilots_new(self, (int)sl_rng_below(&self->rng, (uint32_t)self->N));
    if (!twin) return;
    twin->is_twin = true;
    twin->restart_ns = sl_world_now(self);
}

static void happen(sl_world *self, sl_fault_kind kind) {
    sl_pilot *pilot = sl_pilots_draw(self);
    bool needs_pilot = kind == SL_FAULT_AGENT_CRASH || kind == SL_FAULT_HOST_LOSS || kind == SL_FAULT_AGENT_LEAVE ||
                       kind == SL_FAULT_AGENT_PAUSE;
    bool needs_fleet = kind == SL_FAULT_COORDINATOR_CRASH || kind == SL_FAULT_COORDINATOR_PAUSE;
    if ((needs_pilot && !pilot) || (needs_fleet && !self->fleet)) return;
    self->result->faults[kind]++;
    switch (kind) {
    case SL_FAULT_AGENT_CRASH:
    case SL_FAULT_AGENT_LEAVE:
        end_agent(self, pilot, kind);
        break;
    case SL_FAULT_HOST_LOSS:
        lose_host(self, pilot);
        break;
    case SL_FAULT_COORDINATOR_CRASH:
        self->crash = true;
        self->says_goodbye = sl_rng_uniform(&self->rng) < 0.25;
        self->stop = 1;
        break;
    case SL_FAULT_AGENT_PAUSE:
        pause_agent(self, pilot);
        break;
    case SL_FAULT_COORDINATOR_PAUSE:
        self->asleep_until = in_ms(self, 10, self->faults.pause_ms);
        break;
    case SL_FAULT_PARTITION:
        cut(self);
        break;
    case SL_FAULT_REPLAY:
        sl_liars_replay(self);
        break;
    case SL_FAULT_FORGE:
        sl_liars_forge(self);
        break;
    case SL_FAULT_MALFORMED:
        sl_liars_garble(self);
        break;
    case SL_FAULT_TWIN:
        add_twin(self);
        break;
    case SL_FAULT_STRANGER:
        sl_liars_knock(self);
        break;
    default:
        break;
    }
}

/* The faults stop: what is stopped goes on, what is cut is mended, who is dead comes back at once, twins and
 * strangers are gone. Hosts that were lost stay so. */
void sl_director_calm(sl_world *self) {
    int64_t now_ns = sl_world_now(self);
    sl_world_tell(self, "the faults stop");
    self->calm = true;
    self->calm_ns = now_ns;
    self->asleep_until = 0;
    self->net.to_server = self->net.to_clients = (sl_channel_def)SL_SIM_CHANNEL(0.1, 2, 0, 0);
    sl_sim_change(self->sim, &self->net);
    for (int i = 0; i < self->n_pilots; i++) {
        sl_pilot *pilot = &self->pilots[i];
        if (pilot->lost) continue;
        pilot->cut_until = pilot->asleep_until = pilot->think_ns = 0;
        if (pilot->is_twin) {
            if (pilot->session) sl_pilot_crash(pilot);
            pilot->restart_ns = 0;
        } else if (pilot->restart_ns) {
            pilot->restart_ns = now_ns;
        }
    }
}

void sl_director_turn(void *context) {
    sl_world *self = context;
    int64_t now_ns = sl_world_now(self);
    sl_liars_turn(self);
    if (!self->calm && now_ns >= self->end_ns) sl_director_calm(self);
    // a tick that never ends is left, too
    if (self->calm && !self->stop && now_ns > self->calm_ns + 3 * sl_referee_patience_ns(self)) {
        sl_world_break(self, SL_PROMISE_ALIVE, "tick %lld does not end", (long long)self->tick);
        self->stop = 1;
    }
    for (int i = 0; i < self->n_pilots; i++) {
        sl_pilot *pilot = &self->pilots[i];
        if (!pilot->session && pilot->restart_ns && now_ns >= pilot->restart_ns && sl_pilot_start(pilot) != SL_OK)
            sl_world_break(self, SL_PROMISE_ALIVE, "agent %d could not start: %s", i, sl_error_what());
    }
    for (int kind = 0; kind < SL_FAULT_KINDS && !self->calm; kind++) {
        if (now_ns < self->next_ns[kind]) continue;
        happen(self, (sl_fault_kind)kind);
        plan(self, (sl_fault_kind)kind);
    }
}
