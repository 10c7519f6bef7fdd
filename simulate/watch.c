/* watch.c - what passes on the wire of a simulated fleet: who was given which slot, whether that one before was
 * really gone, and whether anything was said to those who have no key for it. */
#include "simulate/watch.h"

#include "simulate/liars.h"
#include "simulate/pilots.h"

#include <string.h>

static sl_pilot *find_pilot(const sl_world *self, uint32_t member) {
    int i = member < SL_WORLD_IDS ? self->who[member] : -1;
    return i >= 0 ? &self->pilots[i] : NULL;
}

static bool decode(sl_world *self, int n_frames, const sl_frame *frames, sl_fleet_message *out) {
    if (n_frames != 1) return false;
    return sl_fleet_decode(self->codec, frames[0].bytes, frames[0].n_bytes, out) == SL_OK;
}

static void name_member(const sl_world *self, uint32_t member, char text[32]) {
    const sl_pilot *pilot = find_pilot(self, member);
    if (member == self->coordinator)
        (void)snprintf(text, 32, "coordinator.%d", self->life);
    else if (pilot)
        (void)snprintf(text, 32, "agent %d.%d", pilot->index, pilot->life);
    else
        (void)snprintf(text, 32, "stranger");
}

static void tell_message(const sl_world *self, const char *verb, uint32_t from, uint32_t to,
                         const sl_fleet_message *message) {
    char a[32], b[32], more[80] = "";
    if (!self->def->trace) return;
    name_member(self, from, a), name_member(self, to, b);
    if (message->kind == SL_FLEET_OBSERVATION || message->kind == SL_FLEET_ACTION)
        (void)snprintf(more, sizeof more, " tick %lld, sequence %llu", (long long)message->tick,
                       (unsigned long long)message->sequence);
    if (message->kind == SL_FLEET_REJECT) (void)snprintf(more, sizeof more, " (%s)", sl_reject_name(message->reject));
    sl_world_tell(self, "%s -> %s %s: %s slot %d%s", a, b, verb, sl_fleet_kind_name(message->kind), message->slot,
                  more);
}

// ------------------------------------------------------------------------------------------- what the coordinator
// says

// whether the slot may go to another: its holder has left, is gone, or was silent for as long as it takes
static bool is_over(const sl_world *self, const sl_holder *holder) {
    if (holder->run_id == 0 || holder->left || holder->member >= SL_WORLD_IDS) return true;
    int64_t dead_ms = 6 * (int64_t)self->fleet_def.heartbeat_ms;
    if (dead_ms > self->fleet_def.lease_ms) dead_ms = self->fleet_def.lease_ms;
    if (sl_world_now(self) - holder->heard_ns >= dead_ms * SL_WORLD_MS) return true;
    const sl_pilot *pilot = find_pilot(self, holder->member);
    // a stranger is promised nothing
    return !pilot || !pilot->session;
}

static bool has_key(const sl_world *self, uint32_t member, int slot) {
    return !self->has_keys || (member < SL_WORLD_IDS && self->keys[member] == slot);
}

// whose run id it is; a stranger may have said it first
static uint32_t find_member(const sl_world *self, uint64_t run_id, uint32_t to) {
    for (int i = 0; i < self->n_pilots; i++)
        if (self->pilots[i].session && self->pilots[i].run_id == run_id) return self->pilots[i].member;
    return to;
}

static void on_welcome(sl_world *self, uint32_t to, const sl_fleet_message *message) {
    sl_holder *holder = &self->holders[message->slot];
    self->session = message->session;
    if (message->run_id == holder->run_id) return;
    int64_t now_ns = sl_world_now(self);
    if (!is_over(self, holder))
        sl_world_break(self, SL_PROMISE_CONTROLLER,
                       "slot %d was given to another while its holder was there, heard %lld ms ago", message->slot,
                       (long long)(now_ns - holder->heard_ns) / SL_WORLD_MS);
    for (int i = 0; i < self->N; i++)
        if (i != message->slot && self->holders[i].run_id == message->run_id && !is_over(self, &self->holders[i]))
            sl_world_break(self, SL_PROMISE_CONTROLLER, "one agent was given slots %d and %d", i, message->slot);
    uint64_t former = holder->run_id ? holder->run_id : holder->former;
    *holder = (sl_holder){.run_id = message->run_id,
                          .former = former,
                          .member = find_member(self, message->run_id, to),
                          .heard_ns = now_ns,
                          .acted_tick = -1,
                          .acted_ns = holder->acted_ns,
                          .tick = -1};
    self->joins++;
}

static void on_coordinators(sl_world *self, uint32_t to, const sl_fleet_message *message) {
    if (message->slot < 0 || message->slot >= self->N) return;
    bool gives = message->kind == SL_FLEET_WELCOME || message->kind == SL_FLEET_OBSERVATION ||
                 message->kind == SL_FLEET_MODEL_CHUNK;
    if (gives && !has_key(self, to, message->slot))
        sl_world_break(self, SL_PROMISE_KEY, "a %s of slot %d went to one without the slot's key",
                       sl_fleet_kind_name(message->kind), message->slot);
    sl_holder *holder = &self->holders[message->slot];
    if (message->kind == SL_FLEET_WELCOME) on_welcome(self, to, message);
    if (message->kind == SL_FLEET_OBSERVATION && message->run_id == holder->run_id)
        holder->sequence = message->sequence, holder->tick = message->tick;
}

// an agent answers: what it says counts while it holds its slot
static void on_answer(sl_world *self, const sl_fleet_message *message) {
    if (message->slot < 0 || message->slot >= self->N || message->session != self->session) return;
    if (message->run_id != self->holders[message->slot].run_id || message->tick < 0) return;
    self->said[message->slot][message->tick % SL_WORLD_SAID] = (sl_said){message->tick, message->action};
}

static bool is_cut(const sl_world *self, uint32_t from, uint32_t to) {
    const sl_pilot *pilot = find_pilot(self, from == self->coordinator ? to : from);
    return pilot && (pilot->lost || sl_world_now(self) < pilot->cut_until);
}

static bool on_leaving(void *context, uint32_t from, uint32_t to, int n_frames, const sl_frame *frames) {
    sl_world *self = context;
    sl_fleet_message message = {0};
    bool cut = is_cut(self, from, to);
    if (cut) self->result->faults[SL_FAULT_LOST]++;
    if (!decode(self, n_frames, frames, &message)) return !cut;
    tell_message(self, cut ? "(lost)" : "says", from, to, &message);
    sl_pilot *pilot = find_pilot(self, from);
    if (pilot && message.kind == SL_FLEET_HELLO) pilot->run_id = message.run_id;
    if (pilot && message.kind == SL_FLEET_ACTION) on_answer(self, &message);
    if (from == self->coordinator) on_coordinators(self, to, &message);
    if (pilot || from == self->coordinator) sl_liars_record(self, from, to, &frames[0]);
    return !cut;
}

// ------------------------------------------------------------------------------------------- what the coordinator
// hears

static void on_arriving(void *context, uint32_t from, uint32_t to, int n_frames, const sl_frame *frames) {
    sl_world *self = context;
    sl_fleet_message message = {0};
    if (to != self->coordinator || !decode(self, n_frames, frames, &message)) return;
    bool is_members = message.kind == SL_FLEET_ACTION || message.kind == SL_FLEET_HEARTBEAT ||
                      message.kind == SL_FLEET_MODEL_REQUEST || message.kind == SL_FLEET_GOODBYE;
    if (!is_members) return;
    if (message.session != self->session || message.slot < 0 || message.slot >= self->N) return;
    sl_holder *holder = &self->holders[message.slot];
    // of the incarnation that holds the slot, over its own connection
    if (message.run_id != holder->run_id || from != holder->member) return;
    // once the slot is free it is nobody's, and what was its agent joins anew
    sl_slot_state state = sl_fleet_slot(self->fleet, message.slot);
    if (state == SL_SLOT_FREE || (state != SL_SLOT_JOINING && message.kind == SL_FLEET_MODEL_REQUEST)) return;
    // a past step's ACTION may be a replay, which is no sign of life
    bool is_action = message.kind == SL_FLEET_ACTION;
    if (is_action && (message.sequence != holder->sequence || message.tick != holder->tick)) return;
    holder->heard_ns = sl_world_now(self);
    if (message.kind == SL_FLEET_GOODBYE) holder->left = true;
    // the first answer to the tick at work counts, not one to a step that is caught up with
    if (!is_action || state == SL_SLOT_DEAD || message.tick != self->tick || message.tick == holder->acted_tick)
        return;
    holder->acted_tick = message.tick;
    holder->acted_ns = holder->heard_ns;
    holder->acted = message.action;
}

void sl_watch_begin(sl_world *self) {
    sl_watch_forget(self);
    sl_sim_watch(self->sim, &(sl_sim_wire){self, on_leaving, on_arriving});
}

void sl_watch_forget(sl_world *self) {
    for (int i = 0; i < self->N; i++)
        self->holders[i] = (sl_holder){.former = self->holders[i].run_id, .acted_tick = -1, .tick = -1};
    self->former_session = self->session;
    self->session = 0;
    self->coordinator = 0;
}
