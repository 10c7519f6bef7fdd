/* liars.c - strangers of a simulated fleet, and what comes over its own connections though nobody says it: recorded
 * messages said again, messages of which one word is changed, garbled bytes, HELLOs with a copied run id. What could
 * only be told from the truth by a key, all words right but from somebody else, is said where links have keys. */
#include "simulate/liars.h"

#include "simulate/pilots.h"

#include <string.h>

static sl_status open_line(sl_world *self, const sl_keyring *keys) {
    sl_link_def link = sl_link_fleet_def(SL_WORLD_ENDPOINT);
    link.keys = keys;
    SL_TRY(sl_transport_connect(&link, &self->strangers[self->n_strangers]));
    self->stranger_members[self->n_strangers++] = sl_sim_newest(self->sim);
    return SL_OK;
}

sl_status sl_liars_open(sl_world *self) {
    SL_TRY(open_line(self, NULL));
    if (!self->has_keys) return SL_OK;
    SL_TRY(open_line(self, &self->def->keys->stranger));
    SL_TRY(open_line(self, &self->def->keys->agents[0]));
    self->keys[self->stranger_members[2]] = 0;
    return SL_OK;
}

void sl_liars_close(sl_world *self) {
    for (int i = 0; i < self->n_strangers; i++) sl_transport_close(&self->strangers[i]);
}

void sl_liars_record(sl_world *self, uint32_t from, uint32_t to, const sl_frame *frame) {
    if (frame->n_bytes > SL_WORLD_RECORD) return;
    sl_record *record = &self->records[self->next_record];
    record->from = from, record->to = to;
    record->is_coordinators = from == self->coordinator;
    record->n_bytes = frame->n_bytes;
    memcpy(record->bytes, frame->bytes, frame->n_bytes);
    self->next_record = (self->next_record + 1) % SL_WORLD_RECORDS;
    if (self->n_records < SL_WORLD_RECORDS) self->n_records++;
}

static sl_record *draw_record(sl_world *self) {
    if (self->n_records == 0) return NULL;
    return &self->records[sl_rng_below(&self->rng, (uint32_t)self->n_records)];
}

// over a line of a stranger's, or as if from had said it
static void say(sl_world *self, bool as_stranger, uint32_t from, const void *bytes, size_t n_bytes) {
    sl_frame frame = {bytes, n_bytes};
    sl_status status = SL_OK;
    int64_t delay_ns = (int64_t)sl_rng_between(&self->rng, 0, self->faults.delay_ms * SL_WORLD_MS);
    if (as_stranger)
        status = sl_transport_send(self->strangers[sl_rng_below(&self->rng, (uint32_t)self->n_strangers)], NULL, 1,
                                   &frame);
    else if (self->coordinator)
        status = sl_sim_inject(self->sim, from, self->coordinator, delay_ns, 1, &frame);
    (void)status; // who is not there hears nothing
}

// to the agent's process behind a transport
static void say_to(sl_world *self, uint32_t to, const void *bytes, size_t n_bytes) {
    sl_frame frame = {bytes, n_bytes};
    sl_status status = sl_sim_inject(self->sim, self->coordinator, to, 0, 1, &frame);
    (void)status;
}

void sl_liars_replay(sl_world *self) {
    const sl_record *record = draw_record(self);
    bool as_stranger = sl_rng_uniform(&self->rng) < 0.5;
    if (!record) return;
    sl_world_tell(self, "a recorded message of %zu bytes is said again%s", record->n_bytes,
                  as_stranger ? " by a stranger" : "");
    if (as_stranger || !record->is_coordinators)
        say(self, as_stranger, record->from, record->bytes, record->n_bytes);
    else
        say_to(self, record->to, record->bytes, record->n_bytes);
}

// ------------------------------------------------------------------------------------------------------------
// forgeries

typedef enum lie { LIE_SESSION, LIE_RUN, LIE_SLOT, LIE_TICK, LIE_SEQUENCE, LIE_NOTHING, LIES } lie;

static void encode_and_say(sl_world *self, bool as_stranger, uint32_t from, const sl_fleet_message *message) {
    const void *bytes = NULL;
    size_t n_bytes = 0;
    sl_fleet_encode(self->codec, message, &bytes, &n_bytes);
    uint8_t copy[SL_WORLD_RECORD];
    if (n_bytes > sizeof copy) return;
    memcpy(copy, bytes, n_bytes);
    say(self, as_stranger, from, copy, n_bytes);
}

static void bend(sl_world *self, lie what, sl_fleet_message *message, const sl_holder *holder) {
    uint32_t draw = sl_rng_below(&self->rng, 4);
    switch (what) {
    case LIE_SESSION:
        message->session = draw < 2 && self->former_session ? self->former_session : self->session + 1 + draw;
        break;
    case LIE_RUN:
        message->run_id = draw < 3 && holder->former && holder->former != holder->run_id ? holder->former
                                                                                         : holder->run_id + 1 + draw;
        break;
    case LIE_SLOT:
        message->slot = (message->slot + 1) % (self->N + 1);
        break;
    case LIE_TICK:
        message->tick += draw < 2 ? -1 : 1;
        if (message->tick < 0) message->tick = 2;
        break;
    case LIE_SEQUENCE:
        // the next one could come true before it is heard
        message->sequence += draw < 2 && message->sequence > 1 ? (uint64_t)-1 : (uint64_t)2;
        break;
    default:
        break;
    }
}

// to the coordinator, in the name of a slot's agent
static void forge_agents(sl_world *self) {
    static const sl_fleet_kind kinds[] = {SL_FLEET_ACTION,    SL_FLEET_ACTION,        SL_FLEET_ACTION,
                                          SL_FLEET_HEARTBEAT, SL_FLEET_MODEL_REQUEST, SL_FLEET_GOODBYE};
    int slot = (int)sl_rng_below(&self->rng, (uint32_t)self->N);
    const sl_holder *holder = &self->holders[slot];
    lie what = (lie)sl_rng_below(&self->rng, self->has_keys ? LIES : LIE_NOTHING);
    sl_fleet_message message = {.kind = kinds[sl_rng_below(&self->rng, 6)],
                                .run_id = holder->run_id,
                                .session = self->session,
                                .slot = slot,
                                .tick = holder->tick,
                                .sequence = holder->sequence};
    message.action = (self->expected[slot] + 1 + (int32_t)sl_rng_below(&self->rng, SL_TOY_A - 1)) % SL_TOY_A;
    bool as_stranger = what == LIE_NOTHING || sl_rng_uniform(&self->rng) < 0.5;
    // only the words of an ACTION tell these from the truth
    if (what == LIE_TICK || what == LIE_SEQUENCE) message.kind = SL_FLEET_ACTION;
    if (holder->run_id == 0 || holder->sequence == 0 || !self->session) return;
    bend(self, what, &message, holder);
    // what nobody told it to say it may say of its own slot
    if (what == LIE_NOTHING && slot == 0) return;
    sl_world_tell(self, "somebody forges %s of slot %d%s", sl_fleet_kind_name(message.kind), slot,
                  as_stranger ? "" : ", over its own connection");
    encode_and_say(self, as_stranger, holder->member, &message);
}

// to an agent, in the name of a coordinator before this one or of a slot's earlier agent
static void forge_coordinators(sl_world *self) {
    static const sl_fleet_kind kinds[] = {SL_FLEET_OBSERVATION, SL_FLEET_OBSERVATION, SL_FLEET_GOODBYE,
                                          SL_FLEET_RESET};
    int slot = (int)sl_rng_below(&self->rng, (uint32_t)self->N);
    const sl_holder *holder = &self->holders[slot];
    float obs[SL_TOY_O];
    const void *bytes = NULL;
    size_t n_bytes = 0;
    for (int i = 0; i < SL_TOY_O; i++) obs[i] = (float)sl_rng_uniform(&self->rng);
    sl_fleet_message message = {.kind = kinds[sl_rng_below(&self->rng, 4)],
                                .run_id = holder->run_id,
                                .session = self->session,
                                .slot = slot,
                                .tick = holder->tick + 1,
                                .sequence = holder->sequence + 1,
                                .episode_start = sl_rng_uniform(&self->rng) < 0.3,
                                .n_obs = SL_TOY_O,
                                .obs = obs};
    lie what = sl_rng_uniform(&self->rng) < 0.5 ? LIE_SESSION : LIE_RUN;
    if (holder->run_id == 0 || !self->session) return;
    bend(self, what, &message, holder);
    sl_world_tell(self, "somebody forges %s to slot %d", sl_fleet_kind_name(message.kind), slot);
    sl_fleet_encode(self->codec, &message, &bytes, &n_bytes);
    say_to(self, holder->member, bytes, n_bytes);
}

void sl_liars_forge(sl_world *self) {
    if (sl_rng_uniform(&self->rng) < 0.7)
        forge_agents(self);
    else
        forge_coordinators(self);
}

// ---------------------------------------------------------------------------------------------------------------
// noise

// whether garbled bytes happen to be what an agent says
static bool speaks_for_one(sl_world *self, const uint8_t *bytes, size_t n_bytes) {
    sl_fleet_message message = {0};
    if (sl_fleet_decode(self->codec, bytes, n_bytes, &message) != SL_OK) return false;
    for (int i = 0; i < self->n_pilots; i++)
        if (self->pilots[i].run_id == message.run_id) return true;
    return false;
}

void sl_liars_garble(sl_world *self) {
    const sl_record *record = draw_record(self);
    if (!record) return;
    uint8_t bytes[SL_WORLD_RECORD];
    size_t n = record->n_bytes;
    memcpy(bytes, record->bytes, n);
    int n_changes = 1 + (int)sl_rng_below(&self->rng, 6);
    for (int i = 0; i < n_changes; i++)
        bytes[sl_rng_below(&self->rng, (uint32_t)n)] ^= (uint8_t)(1U << sl_rng_below(&self->rng, 8));
    // an agent ends for another version, as it should: no coordinator changes its own
    if (record->is_coordinators) bytes[4] = record->bytes[4];
    if (sl_rng_uniform(&self->rng) < 0.3) n = sl_rng_below(&self->rng, (uint32_t)n);
    bool as_stranger = sl_rng_uniform(&self->rng) < 0.5;
    if (speaks_for_one(self, bytes, n)) return;
    sl_world_tell(self, "%zu garbled bytes%s", n, as_stranger ? " of a stranger" : "");
    if (as_stranger || !record->is_coordinators)
        say(self, as_stranger, record->from, bytes, n);
    else
        say_to(self, record->to, bytes, n);
}

void sl_liars_knock(sl_world *self) {
    int slot = (int)sl_rng_below(&self->rng, (uint32_t)self->N);
    sl_fleet_message hello = {.kind = SL_FLEET_HELLO, .slot = slot, .hidden = 16};
    hello.obs_dim = SL_TOY_O, hello.n_actions = SL_TOY_A, hello.build[0] = 'x', hello.arch[0] = 'y';
    memset(hello.model_sha256, 'b', 64);
    const sl_holder *holder = &self->holders[slot];
    double chance = sl_rng_uniform(&self->rng);
    // a process of its own has a number of its own
    hello.run_id = 1 + (sl_rng_u64(&self->rng) >> 1);
    if (chance < 0.3 && holder->former) hello.run_id = holder->former;
    if (chance > 0.6 && holder->run_id) hello.run_id = holder->run_id;
    bool copies = hello.run_id == holder->run_id || hello.run_id == holder->former;
    sl_world_tell(self, "a stranger says HELLO for slot %d%s", slot, copies ? " with an agent's run id" : "");
    if (!copies) self->idler.run_id = hello.run_id;
    encode_and_say(self, true, 0, &hello);
}

// one stranger that is welcomed says that it is there, and never answers anything
static void idle(sl_world *self, int line, const sl_message *received) {
    sl_fleet_message message = {0};
    if (sl_fleet_decode(self->codec, received->frames[0].bytes, received->frames[0].n_bytes, &message) != SL_OK)
        return;
    if (message.run_id != self->idler.run_id || message.kind != SL_FLEET_WELCOME) return;
    self->idler = (sl_fleet_message){
        .kind = SL_FLEET_HEARTBEAT, .run_id = message.run_id, .session = message.session, .slot = message.slot};
    self->idler_line = line;
}

void sl_liars_turn(sl_world *self) {
    sl_message received;
    const void *bytes = NULL;
    sl_frame frame = {0};
    for (int i = 0; i < self->n_strangers; i++)
        while (sl_transport_receive(self->strangers[i], 0, &received) == SL_OK) idle(self, i, &received);
    int64_t now_ns = sl_world_now(self);
    if (self->calm || !self->idler.session || now_ns < self->idler_ns) return;
    self->idler_ns = now_ns + (int64_t)self->fleet_def.heartbeat_ms * SL_WORLD_MS;
    sl_fleet_encode(self->codec, &self->idler, &bytes, &frame.n_bytes);
    frame.bytes = bytes;
    sl_status status = sl_transport_send(self->strangers[self->idler_line], NULL, 1, &frame);
    (void)status; // who is not there hears nothing
}
