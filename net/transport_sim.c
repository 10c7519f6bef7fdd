/* transport_sim.c - the simulated backend: messages are events of a seeded virtual clock, and links/channel.h says
 * what becomes of each. One thread plays all ends. */
#include "net/transport_sim.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "common/rng.h"
#include "net/keyring.h"

#include <stdio.h>
#include <string.h>

enum { MAX_EVENTS = 1 << 20, FIRST_EVENTS = 256, MAX_MEMBERS = 4096 };
static const int64_t refresh_every_ns = 250000000;
static const double never_ms = 1e12; /* what arrives later is lost: the clock's nanoseconds have room for it */

typedef struct sim_parcel {
    struct sim_parcel *next; /* in an inbox */
    uint32_t from;
    char key[SL_KEY_TEXT]; /* the sender's; "" = none */
    int n_frames;
    size_t n_bytes[SL_MAX_FRAMES], offset[SL_MAX_FRAMES];
    uint8_t *bytes;
} sim_parcel;

typedef struct sim_event {
    int64_t due_ns;
    uint64_t order;     /* ties are served in the order they were made */
    uint32_t to;        /* a member's id; a member that has left is skipped */
    sim_parcel *parcel; /* NULL: a wake of the handler */
} sim_event;

typedef struct sim_transport {
    sl_transport base;
    sl_sim *sim;
    uint32_t id;
    char key[SL_KEY_TEXT];
    uint32_t server;                 /* a client's, as it was found last */
    sl_channel to_server, to_client; /* a client's */
    int64_t refresh_ns;
    sim_parcel *first, **last; /* the inbox */
    sim_parcel *held;          /* what the owner borrows */
    sl_sim_handler handler;
    void *context;
    int64_t wake_ns;
} sim_transport;

struct sl_sim {
    sl_sim_def def;
    sl_rng rng;
    uint64_t n_changes;
    int64_t now_ns;
    uint64_t n_events_made;
    uint32_t last_id;
    int n_events, room; /* a binary heap by (due_ns, order), which grows */
    sim_event *events;
    int n_members; /* by id */
    sim_transport *members[MAX_MEMBERS];
    sl_sim_wire wire;
};

static _Thread_local sl_sim *installed;

sl_status sl_sim_create(const sl_sim_def *def, sl_sim **out) {
    sl_sim *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for a simulated network");
    self->events = sl_alloc_array(FIRST_EVENTS, sizeof *self->events);
    if (!self->events) {
        sl_free(self);
        return sl_fail(SL_MEMORY, NULL, "no memory for a simulated network");
    }
    self->room = FIRST_EVENTS;
    self->def = *def;
    self->rng = sl_rng_seed(def->seed);
    *out = self;
    return SL_OK;
}

static void free_parcel(sim_parcel *parcel) {
    if (parcel) sl_free(parcel->bytes);
    sl_free(parcel);
}

void sl_sim_destroy(sl_sim **self) {
    if (!*self) return;
    SL_ASSERT((*self)->n_members == 0);
    for (int i = 0; i < (*self)->n_events; i++) free_parcel((*self)->events[i].parcel);
    if (installed == *self) installed = NULL;
    sl_free((*self)->events);
    sl_free(*self);
    *self = NULL;
}

void sl_sim_install(sl_sim *self) {
    installed = self;
}

int64_t sl_sim_now_ns(const sl_sim *self) {
    return self->now_ns;
}

// the streams of a client's channels; what was sent before is not overtaken where none may be
static void begin_channels(sim_transport *client) {
    sl_sim *sim = client->sim;
    sl_rng own = sl_rng_split(&sim->rng, (uint64_t)client->id << 32 | sim->n_changes);
    sl_rng up = sl_rng_split_name(&own, "to server"), down = sl_rng_split_name(&own, "to client");
    double last[2] = {client->to_server.last, client->to_client.last};
    sl_channel_begin(&sim->def.to_server, &up, &client->to_server);
    sl_channel_begin(&sim->def.to_clients, &down, &client->to_client);
    client->to_server.last = last[0];
    client->to_client.last = last[1];
}

void sl_sim_change(sl_sim *self, const sl_sim_def *def) {
    self->def = *def;
    self->n_changes++;
    for (int i = 0; i < self->n_members; i++) begin_channels(self->members[i]);
}

void sl_sim_watch(sl_sim *self, const sl_sim_wire *wire) {
    self->wire = *wire;
}

uint32_t sl_sim_newest(const sl_sim *self) {
    return self->last_id;
}

static bool is_before(const sim_event *a, const sim_event *b) {
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static bool make_room(sl_sim *self) {
    if (self->n_events < self->room) return true;
    if (self->room == MAX_EVENTS) return false;
    sim_event *larger = sl_alloc_array((size_t)self->room * 2, sizeof *larger);
    if (!larger) return false;
    memcpy(larger, self->events, (size_t)self->room * sizeof *larger);
    sl_free(self->events);
    self->events = larger;
    self->room *= 2;
    return true;
}

static bool push_event(sl_sim *self, int64_t due_ns, uint32_t to, sim_parcel *parcel) {
    if (!make_room(self)) return false;
    sim_event event = {due_ns, self->n_events_made++, to, parcel};
    int i = self->n_events++;
    // sift up
    for (; i > 0 && is_before(&event, &self->events[(i - 1) / 2]); i = (i - 1) / 2)
        self->events[i] = self->events[(i - 1) / 2];
    self->events[i] = event;
    return true;
}

static sim_event pop_event(sl_sim *self) {
    sim_event top = self->events[0], moved = self->events[--self->n_events];
    int i = 0;
    // sift down the last one from the root
    for (int child; (child = 2 * i + 1) < self->n_events; i = child) {
        if (child + 1 < self->n_events && is_before(&self->events[child + 1], &self->events[child])) child++;
        if (!is_before(&self->events[child], &moved)) break;
        self->events[i] = self->events[child];
    }
    self->events[i] = moved;
    return top;
}

// where the member stands, or would stand
static int find_place(const sl_sim *self, uint32_t id) {
    int low = 0, high = self->n_members;
    while (low < high) {
        int middle = (low + high) / 2;
        if (self->members[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static sim_transport *find_member(const sl_sim *self, uint32_t id) {
    int i = find_place(self, id);
    return i < self->n_members && self->members[i]->id == id ? self->members[i] : NULL;
}

static sim_transport *find_server(const sl_sim *self, const char *endpoint) {
    for (int i = 0; i < self->n_members; i++)
        if (self->members[i]->base.serves && strcmp(self->members[i]->base.endpoint, endpoint) == 0)
            return self->members[i];
    return NULL;
}

// a client's; it is found anew when it has gone
static sim_transport *find_own_server(sim_transport *self) {
    sim_transport *server = find_member(self->sim, self->server);
    if (!server) server = find_server(self->sim, self->base.endpoint);
    self->server = server ? server->id : 0;
    return server;
}

static sim_parcel *pack(const sl_sim *sim, uint32_t from, int n_frames, const sl_frame *frames) {
    size_t total = 0;
    sim_parcel *parcel = sl_alloc(sizeof *parcel);
    if (!parcel) return NULL;
    const sim_transport *sender = find_member(sim, from);
    parcel->from = from;
    if (sender) memcpy(parcel->key, sender->key, sizeof parcel->key);
    parcel->n_frames = n_frames;
    for (int i = 0; i < n_frames; i++) {
        parcel->offset[i] = total;
        parcel->n_bytes[i] = frames[i].n_bytes;
        total += (frames[i].n_bytes + 7) / 8 * 8;
    }
    parcel->bytes = sl_alloc(total);
    if (!parcel->bytes) {
        sl_free(parcel);
        return NULL;
    }
    for (int i = 0; i < n_frames; i++)
        if (frames[i].n_bytes) memcpy(parcel->bytes + parcel->offset[i], frames[i].bytes, frames[i].n_bytes);
    return parcel;
}

static sl_status send_sim(sl_transport *base, const sl_peer *peer, int n_frames, const sl_frame *frames) {
    sim_transport *self = (sim_transport *)base;
    sl_sim *sim = self->sim;
    uint32_t id = 0;
    if (base->serves && peer->len == sizeof id) memcpy(&id, peer->bytes, sizeof id);
    sim_transport *to = base->serves ? find_member(sim, id) : find_own_server(self);
    if (!to && !base->serves) return SL_FULL;
    const sl_sim_wire *wire = &sim->wire;
    bool cut = wire->leaves && !wire->leaves(wire->context, self->id, to ? to->id : id, n_frames, frames);
    if (!to) return SL_NOT_FOUND;

    sim_transport *client = base->serves ? to : self;
    sl_fate fate =
        sl_channel_send(base->serves ? &sim->def.to_clients : &sim->def.to_server,
                        base->serves ? &client->to_client : &client->to_server, 1.0, (double)sim->now_ns / 1e6);
    for (int i = 0; i < fate.n && !cut; i++) {
        if (fate.at[i] > never_ms) continue;
        sim_parcel *parcel = pack(sim, self->id, n_frames, frames);
        if (!parcel) return sl_fail(SL_MEMORY, NULL, "no memory for a simulated message");
        if (!push_event(sim, (int64_t)(fate.at[i] * 1e6 + 0.5), to->id, parcel)) {
            free_parcel(parcel);
            return SL_FULL;
        }
    }
    return SL_OK;
}

sl_status sl_sim_inject(sl_sim *self, uint32_t from, uint32_t to, int64_t delay_ns, int n_frames,
                        const sl_frame *frames) {
    SL_ASSERT(n_frames > 0 && n_frames <= SL_MAX_FRAMES && delay_ns >= 0);
    sim_parcel *parcel = pack(self, from, n_frames, frames);
    if (!parcel) return sl_fail(SL_MEMORY, NULL, "no memory for a simulated message");
    if (push_event(self, self->now_ns + delay_ns, to, parcel)) return SL_OK;
    free_parcel(parcel);
    return SL_FULL;
}

static void deliver(sim_transport *to, sim_parcel *parcel) {
    parcel->next = NULL;
    *to->last = parcel;
    to->last = &parcel->next;
}

// brings the clock to the next event and lets it happen; false when none is due by deadline_ns
static bool advance(sl_sim *sim, int64_t deadline_ns) {
    if (sim->n_events == 0 || sim->events[0].due_ns > deadline_ns) return false;
    sim_event event = pop_event(sim);
    sim->now_ns = event.due_ns > sim->now_ns ? event.due_ns : sim->now_ns;
    sim_transport *to = find_member(sim, event.to);
    if (!to) {
        free_parcel(event.parcel);
        return true;
    }
    if (event.parcel)
        deliver(to, event.parcel);
    else
        (void)push_event(sim, sim->now_ns + to->wake_ns, to->id, NULL);
    if (to->handler) to->handler(to->context);
    return true;
}

static void refresh_keys(sim_transport *self) {
    if (!self->base.list || self->sim->now_ns < self->refresh_ns) return;
    sl_allow_list_refresh(self->base.list);
    self->refresh_ns = self->sim->now_ns + refresh_every_ns;
}

static sl_status receive_sim(sl_transport *base, int timeout_ms, sl_message *out) {
    sim_transport *self = (sim_transport *)base;
    sl_sim *sim = self->sim;
    refresh_keys(self);
    int64_t deadline_ns = timeout_ms < 0 ? INT64_MAX : sim->now_ns + (int64_t)timeout_ms * 1000000;
    // a handler that polls must not play other members' events inside its own
    while (!self->first && timeout_ms != 0 && advance(sim, deadline_ns)) continue;
    if (!self->first) {
        SL_ASSERT(timeout_ms >= 0);
        // a handler may have waited longer
        if (deadline_ns > sim->now_ns) sim->now_ns = deadline_ns;
        return SL_TIMEOUT;
    }
    free_parcel(self->held);
    self->held = self->first;
    self->first = self->held->next;
    if (!self->first) self->last = &self->first;

    out->peer = (sl_peer){0};
    if (base->serves) {
        out->peer.len = sizeof self->held->from;
        memcpy(out->peer.bytes, &self->held->from, sizeof self->held->from);
    }
    out->n_frames = self->held->n_frames;
    for (int i = 0; i < out->n_frames; i++)
        out->frames[i] = (sl_frame){self->held->bytes + self->held->offset[i], self->held->n_bytes[i]};
    const sl_sim_wire *wire = &sim->wire;
    if (wire->arrives) wire->arrives(wire->context, self->held->from, self->id, out->n_frames, out->frames);
    return SL_OK;
}

static void close_sim(sl_transport *base) {
    sim_transport *self = (sim_transport *)base;
    sl_sim *sim = self->sim;
    int place = find_place(sim, self->id);
    sim->n_members--;
    memmove(&sim->members[place], &sim->members[place + 1],
            (size_t)(sim->n_members - place) * sizeof sim->members[0]);
    free_parcel(self->held);
    for (sim_parcel *parcel = self->first, *next; parcel; parcel = next) {
        next = parcel->next;
        free_parcel(parcel);
    }
    sl_free(self);
}

static int64_t now_sim(const sl_transport *base) {
    return ((const sim_transport *)base)->sim->now_ns;
}

static const char *sender_sim(const sl_transport *base) {
    (void)base;
    return "";
}

static const char *key_sim(const sl_transport *base) {
    const sim_transport *self = (const sim_transport *)base;
    return self->held && self->held->key[0] ? self->held->key : NULL;
}

static void count_sim(sl_transport *base) {
    (void)base;
}

static void wait_sim(sl_transport *base, int64_t until_ns) {
    sl_sim *sim = ((sim_transport *)base)->sim;
    while (advance(sim, until_ns)) continue;
    // a handler may have waited longer
    if (until_ns > sim->now_ns) sim->now_ns = until_ns;
}

/* it has no connections: only messages are lost */
static void reconnect_sim(sl_transport *base) {
    (void)base;
}

static const sl_transport_ops sim_ops = {close_sim, reconnect_sim, send_sim, receive_sim, now_sim,
                                         wait_sim,  sender_sim,    key_sim,  count_sim};

sl_status sl_sim_open(const sl_link_def *link, bool serves, sl_transport **out) {
    const char *endpoint = link->endpoint;
    if (!installed) return sl_fail(SL_CONFIG, "use tcp://HOST:PORT", "no simulated network for '%s'", endpoint);
    if (installed->n_members == MAX_MEMBERS) return sl_fail(SL_FULL, NULL, "the simulated network is full");
    if (serves && find_server(installed, endpoint))
        return sl_fail(SL_NETWORK, "choose another name", "cannot serve on '%s': address in use", endpoint);
    sim_transport *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for a transport");
    self->base.ops = &sim_ops;
    self->base.serves = serves;
    (void)snprintf(self->base.endpoint, sizeof self->base.endpoint, "%s", endpoint);
    if (link->keys) memcpy(self->key, link->keys->own.public_key, sizeof self->key);
    self->sim = installed;
    self->id = ++installed->last_id;
    self->last = &self->first;
    begin_channels(self);
    installed->members[installed->n_members++] = self;
    *out = &self->base;
    return SL_OK;
}

void sl_sim_attach(sl_sim *self, int64_t wake_ns, sl_sim_handler handler, void *context) {
    sim_transport *newest = find_member(self, self->last_id);
    SL_ASSERT(newest && wake_ns > 0);
    newest->handler = handler;
    newest->context = context;
    newest->wake_ns = wake_ns;
    (void)push_event(self, self->now_ns + wake_ns, newest->id, NULL);
}
