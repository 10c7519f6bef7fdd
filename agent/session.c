/* session.c - the agent's state machine over the transport. One thread owns a session. */
#include "agent/session.h"

#include "agent/newest.h"
#include "common/alloc.h"
#include "common/assert.h"
#include "common/log.h"
#include "common/plant.h"
#include "common/run_id.h"
#include "common/vitals.h"
#include "net/fleet_message.h"
#include "net/transport.h"
#include "storage/file.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

enum {
    MS = 1000000,
    UNSENT_MS = 20,
    HELLO_MS = 250,
    NEXT_FLIGHT_MS = 500,
    REJECTED_MS = 500,
    UNAUTHORISED_MS = 3000,
    CHUNK_MS = 500,
    SLICE_MS = 250,
    AWAY_MS = 1000,
    NOBODY_MS = 3000,
    RECONNECT_FIRST_MS = 2000,
    RECONNECT_LAST_MS = 5000,
    RUSH = 256
};

struct sl_session {
    sl_session_def def;
    sl_transport *transport;
    sl_fleet_codec *codec;
    char build[32], arch[16], device[64];
    sl_session_state state;
    uint64_t run_id, session;
    int slot, heartbeat_ms, lease_ms;
    int64_t next_ns; /* when the state's message is due again: HELLO, MODEL_REQUEST or HEARTBEAT */

    // of realtime: messages are taken until none is left, then the newest observation is decided
    bool is_realtime;
    sl_newest newest;

    // the last observation answered, for repeats of it
    uint64_t sequence;
    int32_t action;
    int64_t tick;

    // the model being fetched
    uint8_t *model;
    int64_t model_bytes, model_have;
    char model_sha256[65];

    int64_t told_ns;    /* at which silence of a coordinator that is none yet that is told */
    int64_t clock_ns;   /* when the last message came or was answered; each look at the clock costs */
    int64_t looked_ns;  /* the last step */
    int64_t silence_ns; /* how long this agent has listened to the coordinator in vain */
    int64_t retry_ns;   /* at which silence it connects anew */
    uint64_t n_dropped; /* messages that no coordinator says */

    sl_session_stats stats;
};

#define COUNTER(member, unit, help) SL_METRIC(#member, sl_session_stats, member, SL_METRIC_COUNTER, unit, help)
static const sl_metric metrics[] = {
    COUNTER(decided, "observations", "new ones, each answered with a decision"),
    COUNTER(repeated, "observations", "answered before; they got the same action again"),
    COUNTER(ignored, "messages", "malformed, of another session or out of order"),
    COUNTER(skipped, "observations", "that came with a newer one; realtime, where the newest is decided"),
    COUNTER(welcomes, "messages", "a coordinator took the agent"),
    COUNTER(resets, "messages", "the coordinator did not know the session; the agent joined anew"),
    COUNTER(rejects, "messages", "a coordinator refused the agent, or had no slot yet"),
    COUNTER(reconnects, "connections", "made anew after a silence of the coordinator"),
};
const sl_metric_table sl_session_metrics = SL_METRIC_TABLE(metrics);

sl_session_def sl_session_default_def(sl_link_def link) {
    return (sl_session_def){.link = link, .slot = -1, .max_model_bytes = 4 * 1024 * 1024};
}

/* a new incarnation, as it is to the coordinator: nothing of an earlier session counts for it */
static sl_status start_over(sl_session *self) {
    SL_TRY(sl_run_id_draw(&self->run_id));
    self->state = SL_SESSION_HELLO;
    self->session = 0;
    self->slot = -1;
    self->sequence = 0;
    self->newest.is_there = false;
    self->next_ns = 0;
    self->retry_ns = (int64_t)RECONNECT_FIRST_MS * MS;
    self->silence_ns = 0;
    self->told_ns = (int64_t)NOBODY_MS * MS;
    sl_free(self->model);
    self->model = NULL;
    sl_vitals_say(SL_VITALS_WAITING, "looking for a coordinator");
    return SL_OK;
}

sl_status sl_session_create(const sl_session_def *def, sl_session **out) {
    SL_ASSERT(def->decide != NULL);
    sl_session *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for a session");
    self->def = *def;
    struct utsname machine;
    if (uname(&machine) == 0) {
        (void)snprintf(self->arch, sizeof self->arch, "%.15s", machine.machine);
        (void)snprintf(self->device, sizeof self->device, "%.63s", machine.nodename);
    }
    (void)snprintf(self->build, sizeof self->build, "%s", SL_VERSION);
    sl_status status = start_over(self);
    if (status == SL_OK) status = sl_fleet_codec_create(&self->codec);
    if (status == SL_OK) status = sl_transport_connect(&def->link, &self->transport);
    if (status != SL_OK) {
        sl_session_destroy(&self);
        return status;
    }
    *out = self;
    return SL_OK;
}

void sl_session_destroy(sl_session **self) {
    if (!*self) return;
    sl_transport_close(&(*self)->transport);
    sl_fleet_codec_destroy(&(*self)->codec);
    sl_free((*self)->model);
    sl_newest_fini(&(*self)->newest);
    sl_free(*self);
    *self = NULL;
}

static sl_fleet_message message_of(const sl_session *self, sl_fleet_kind kind) {
    return (sl_fleet_message){
        .kind = kind, .run_id = self->run_id, .session = self->session, .slot = self->slot, .tick = -1};
}

/* SL_FULL when there is no connection: the timers try again */
static sl_status send_message(sl_session *self, const sl_fleet_message *message) {
    sl_frame frame;
    sl_fleet_encode(self->codec, message, &frame.bytes, &frame.n_bytes);
    return sl_transport_send(self->transport, NULL, 1, &frame);
}

static sl_status send_hello(sl_session *self) {
    sl_fleet_message hello = message_of(self, SL_FLEET_HELLO);
    hello.slot = self->def.slot;
    hello.hidden = self->def.hidden;
    hello.obs_dim = self->def.obs_dim;
    hello.n_actions = self->def.n_actions;
    memcpy(hello.build, self->build, sizeof hello.build);
    memcpy(hello.arch, self->arch, sizeof hello.arch);
    memcpy(hello.device, self->device, sizeof hello.device);
    memcpy(hello.model_sha256, self->def.model_sha256, sizeof hello.model_sha256);
    return send_message(self, &hello);
}

static sl_status send_request(sl_session *self) {
    sl_fleet_message request = message_of(self, SL_FLEET_MODEL_REQUEST);
    request.offset = self->model_have;
    return send_message(self, &request);
}

static sl_status send_heartbeat(sl_session *self) {
    sl_fleet_message heartbeat = message_of(self, SL_FLEET_HEARTBEAT);
    heartbeat.sequence = self->sequence;
    return send_message(self, &heartbeat);
}

/* each state has one message that it says when nothing else happens */
static sl_status keep_timer(sl_session *self, int64_t now_ns) {
    if (now_ns < self->next_ns || self->state == SL_SESSION_OVER) return SL_OK;
    sl_status status = SL_OK;
    int interval_ms = 0;
    switch (self->state) {
    case SL_SESSION_HELLO:
        status = send_hello(self), interval_ms = HELLO_MS;
        break;
    case SL_SESSION_FETCHING:
        status = send_request(self), interval_ms = CHUNK_MS;
        break;
    case SL_SESSION_LIVE:
        status = send_heartbeat(self), interval_ms = self->heartbeat_ms;
        break;
    case SL_SESSION_OVER:
        break;
    }
    bool unsent = status == SL_FULL || status == SL_NOT_FOUND;
    self->next_ns = now_ns + (int64_t)(unsent ? UNSENT_MS : interval_ms) * MS;
    return unsent ? SL_OK : status;
}

/* A link that was down, an address that changed: the connection may lead nowhere long before TCP notices, and libzmq
 * waits ever longer between its attempts. One more connection costs a stopped coordinator nothing. */
static void connect_anew(sl_session *self) {
    const int64_t first_ns = (int64_t)RECONNECT_FIRST_MS * MS, last_ns = (int64_t)RECONNECT_LAST_MS * MS;
    if (self->silence_ns < self->retry_ns) return;
    int64_t pause_ns = self->silence_ns / 4;
    if (pause_ns < first_ns) pause_ns = first_ns;
    self->retry_ns = self->silence_ns + (pause_ns < last_ns ? pause_ns : last_ns);
    self->stats.reconnects++;
    sl_transport_reconnect(self->transport);
}

/* A coordinator that is stopped, or whose host is gone, is waited for. But it is said, once. */
static void count_silence(sl_session *self, int64_t now_ns) {
    int64_t gap_ns = now_ns - self->looked_ns, limit_ns = (int64_t)self->lease_ms * MS, before_ns = self->silence_ns;
    self->looked_ns = now_ns;
    // an agent that was away itself did not listen
    if (gap_ns > (int64_t)AWAY_MS * MS) return;
    self->silence_ns += gap_ns;
    if (self->session != 0 && before_ns < limit_ns && self->silence_ns >= limit_ns)
        SL_WARN("the coordinator has said nothing for %d s; waiting for it", self->lease_ms / 1000);
    // after 3 s, 12 s, 48 s, ...
    if (self->session == 0 && self->silence_ns >= self->told_ns) {
        SL_WARN("nobody answers at %s; waiting for a coordinator", self->def.link.endpoint);
        self->told_ns *= 4;
    }
    connect_anew(self);
}

static void note_heard(sl_session *self) {
    if (self->session != 0 && self->silence_ns >= (int64_t)self->lease_ms * MS)
        SL_INFO("the coordinator is heard again");
    self->silence_ns = 0;
    self->retry_ns = (int64_t)RECONNECT_FIRST_MS * MS;
}

static sl_status go_live(sl_session *self) {
    if (self->is_realtime) SL_TRY(sl_newest_reserve(&self->newest, self->def.obs_dim, self->def.n_actions));
    self->state = SL_SESSION_LIVE;
    SL_INFO("flying slot %d", self->slot);
    char text[32];
    (void)snprintf(text, sizeof text, "flying slot %d", self->slot);
    sl_vitals_say(SL_VITALS_READY, text);
    if (self->def.live) self->def.live(self->def.context, self->slot);
    // the first heartbeat says that the model is ready, so it does not wait
    self->next_ns = 0;
    return keep_timer(self, sl_transport_now_ns(self->transport));
}

static sl_status start_fetching(sl_session *self, const sl_fleet_message *welcome) {
    if (!self->def.load)
        return sl_fail(SL_MISMATCH, "start the agent with that slot's model, or with a cache and no model",
                       "slot %d flies another model (SHA-256 %.12s...)", self->slot, welcome->model_sha256);
    if (welcome->model_bytes == 0 || (uint64_t)welcome->model_bytes > self->def.max_model_bytes)
        return sl_fail(SL_MISMATCH, NULL,
                       "the model of slot %d has %lld bytes, more than 0 and at most %zu are taken", self->slot,
                       (long long)welcome->model_bytes, self->def.max_model_bytes);
    self->model = sl_alloc((size_t)welcome->model_bytes);
    if (!self->model) return sl_fail(SL_MEMORY, NULL, "no memory for a model");
    self->model_bytes = welcome->model_bytes;
    self->model_have = 0;
    memcpy(self->model_sha256, welcome->model_sha256, sizeof self->model_sha256);
    self->state = SL_SESSION_FETCHING;
    sl_vitals_say(SL_VITALS_WAITING, "fetching its model");
    self->next_ns = 0;
    return keep_timer(self, sl_transport_now_ns(self->transport));
}

static sl_status on_welcome(sl_session *self, const sl_fleet_message *message) {
    // a repeated one changes nothing
    if (self->state != SL_SESSION_HELLO) return SL_OK;
    self->is_realtime = strcmp(message->mode, SL_FLEET_REALTIME) == 0;
    bool is_exact = strcmp(message->mode, SL_FLEET_LOCKSTEP) == 0 || strcmp(message->mode, SL_FLEET_VIRTUAL) == 0;
    if (!self->is_realtime && !is_exact)
        return sl_fail(SL_MISMATCH, "run the same version of Starling on both sides",
                       "the coordinator's clock is '%s', this agent knows " SL_FLEET_LOCKSTEP ", " SL_FLEET_VIRTUAL
                       " and " SL_FLEET_REALTIME,
                       message->mode);
    self->session = message->session;
    self->slot = message->slot;
    self->heartbeat_ms = message->heartbeat_ms;
    self->lease_ms = message->lease_ms;
    self->stats.welcomes++;
    if (self->def.welcome)
        SL_TRY(self->def.welcome(self->def.context, self->slot, message->model_sha256, message->signature,
                                 message->n_signature));
    bool has_model = self->def.model_sha256[0] != 0;
    bool is_its = message->model_sha256[0] == 0 || strcmp(message->model_sha256, self->def.model_sha256) == 0;
    if (has_model && is_its) return go_live(self);
    if (self->def.recall && message->model_sha256[0]) {
        sl_status status =
            self->def.recall(self->def.context, message->model_sha256, &self->def.obs_dim, &self->def.n_actions);
        if (status == SL_OK) memcpy(self->def.model_sha256, message->model_sha256, sizeof self->def.model_sha256);
        if (status == SL_OK) return go_live(self);
        if (status != SL_NOT_FOUND) return status;
    }
    return start_fetching(self, message);
}

/* Its key is not for that slot, or not for any: from one who flies too, when it was revoked. An operator may change
 * that, so it goes on asking. */
static sl_status on_unauthorised(sl_session *self, const char *text) {
    uint64_t n = ++self->stats.rejects;
    if ((n & (n - 1)) == 0) {
        SL_WARN("the coordinator refused this agent's key, asked %llu time%s: %s", (unsigned long long)n,
                n == 1 ? "" : "s", text);
        if (n == 1) SL_WARN("'starling keys list' there shows who may hold which slots; this agent goes on asking");
    }
    SL_TRY(start_over(self));
    self->next_ns = sl_transport_now_ns(self->transport) + (int64_t)UNAUTHORISED_MS * MS;
    // a coordinator that is not asked is not silent
    self->silence_ns = -(int64_t)UNAUTHORISED_MS * MS;
    return SL_OK;
}

/* what to do about a refusal that waiting does not mend */
static const char *hint_for(sl_reject reject) {
    switch (reject) {
    case SL_REJECT_VERSION:
        return "run the same version of Starling on both sides";
    case SL_REJECT_SHAPE:
        return "another slot, the student of this experiment, or 'starling agent', which picks the program of the "
               "size";
    case SL_REJECT_MODEL_UNKNOWN:
        return "start it with its student, --model FILE";
    default:
        return NULL;
    }
}

sl_status sl_session_refusal(sl_reject reject, const char *text) {
    bool differs = reject == SL_REJECT_VERSION || reject == SL_REJECT_SHAPE;
    return sl_fail(differs ? SL_MISMATCH : SL_NETWORK, hint_for(reject),
                   "the coordinator refused this agent (%s): %s", sl_reject_name(reject), text);
}

static sl_status on_reject(sl_session *self, const sl_fleet_message *message) {
    if (message->reject == SL_REJECT_UNAUTHORISED) return on_unauthorised(self, message->text);
    if (self->state != SL_SESSION_HELLO) return SL_OK;
    self->stats.rejects++;
    bool passes = message->reject == SL_REJECT_SLOT_TAKEN || message->reject == SL_REJECT_FULL;
    // who fetches its student may be there before the students are
    passes |= message->reject == SL_REJECT_MODEL_UNKNOWN && self->def.load != NULL;
    if (passes && self->def.is_impatient) return sl_fail(SL_FULL, NULL, "no slot: %s", message->text);
    if (passes) {
        // the slot may come free: its agent may just have died
        // the first, second, fourth, ...: one that stands by for hours fills no log
        if ((self->stats.rejects & (self->stats.rejects - 1)) == 0)
            SL_WARN("the coordinator has no slot yet: %s", message->text);
        self->next_ns = sl_transport_now_ns(self->transport) + (int64_t)REJECTED_MS * MS;
        return SL_OK;
    }
    return sl_session_refusal(message->reject, message->text);
}

static sl_status finish_model(sl_session *self) {
    char sha256[65];
    sl_file_sha256(self->model, (size_t)self->model_bytes, sha256);
    if (strcmp(sha256, self->model_sha256) != 0)
        return sl_fail(SL_CORRUPT, NULL, "the model of slot %d came with another SHA-256 than announced", self->slot);
    SL_TRY(self->def.load(self->def.context, self->model, (size_t)self->model_bytes, sha256, &self->def.obs_dim,
                          &self->def.n_actions));
    memcpy(self->def.model_sha256, sha256, sizeof sha256);
    sl_free(self->model);
    self->model = NULL;
    return go_live(self);
}

static sl_status on_chunk(sl_session *self, const sl_fleet_message *message) {
    // only the next piece is taken: one asked for twice may come twice
    bool is_next = self->state == SL_SESSION_FETCHING && message->offset == self->model_have &&
                   message->model_bytes == self->model_bytes;
    if (!is_next) {
        self->stats.ignored++;
        return SL_OK;
    }
    memcpy(self->model + self->model_have, message->chunk, message->n_chunk);
    self->model_have += (int64_t)message->n_chunk;
    if (self->model_have == self->model_bytes) return finish_model(self);
    self->next_ns = 0;
    return keep_timer(self, sl_transport_now_ns(self->transport));
}

static void decide(sl_session *self, uint64_t sequence, int64_t tick, const float *obs, const uint8_t *avail,
                   bool episode_start) {
    self->action = self->def.decide(self->def.context, obs, avail, episode_start);
    self->sequence = sequence;
    self->tick = tick;
    self->stats.decided++;
}

/* the last decision, or a repeat of it */
static sl_status send_action(sl_session *self, int64_t received_ns) {
    sl_fleet_message action = message_of(self, SL_FLEET_ACTION);
    int64_t now_ns = sl_transport_now_ns(self->transport);
    action.tick = self->tick;
    action.sequence = self->sequence;
    action.action = self->action;
    action.residence_ns = now_ns - received_ns;
    self->clock_ns = now_ns;
    sl_status status = send_message(self, &action);
    // what could not be sent is asked for again
    if (status == SL_FULL || status == SL_NOT_FOUND) return SL_OK;
    self->next_ns = now_ns + (int64_t)self->heartbeat_ms * MS;
    return status;
}

static sl_status on_observation(sl_session *self, const sl_fleet_message *message, int64_t received_ns) {
    bool is_repeat = message->sequence == self->sequence, is_newer = message->sequence > self->sequence;
    // an observation may be skipped only in real time, or where a new episode makes it meaningless
    bool is_next =
        is_newer && (self->is_realtime || message->sequence == self->sequence + 1 || message->episode_start);
    if (self->state != SL_SESSION_LIVE || !(is_repeat || is_next)) {
        self->stats.ignored++;
        return SL_OK;
    }
    if (message->n_obs != self->def.obs_dim || (message->n_avail && message->n_avail != self->def.n_actions))
        return sl_fail(SL_MISMATCH, NULL, "slot %d sent %d features and %d legal flags, the model takes %d and %d",
                       self->slot, message->n_obs, message->n_avail, self->def.obs_dim, self->def.n_actions);
    if (is_repeat && !SL_PLANTED(decides_twice)) {
        self->stats.repeated++;
        return send_action(self, received_ns);
    }
    if (self->is_realtime) {
        self->stats.skipped += sl_newest_put(&self->newest, message, received_ns);
        return SL_OK;
    }
    decide(self, message->sequence, message->tick, message->obs, message->avail, message->episode_start);
    return send_action(self, received_ns);
}

static sl_status on_goodbye(sl_session *self) {
    self->state = SL_SESSION_OVER;
    self->newest.is_there = false;
    if (!self->def.stays) return SL_OK;
    SL_INFO("the flight is over; waiting for the next one");
    SL_TRY(start_over(self));
    // whoever said goodbye is about to leave, and welcomes nobody any more
    self->next_ns = sl_transport_now_ns(self->transport) + (int64_t)NEXT_FLIGHT_MS * MS;
    return SL_OK;
}

/* what no coordinator says: told the first, second, fourth, ... time, as it comes again every few milliseconds */
static void drop(sl_session *self, const char *why) {
    self->stats.ignored++;
    uint64_t n = ++self->n_dropped;
    if ((n & (n - 1)) == 0)
        SL_WARN("what the coordinator said was dropped, %llu so far: %s", (unsigned long long)n, why);
}

/* Whether it arrives is the network's: the lease ends either way. why: NULL, or what the coordinator logs. */
static void say_goodbye(sl_session *self, const char *why) {
    sl_fleet_message goodbye = message_of(self, SL_FLEET_GOODBYE);
    if (!self->session) return;
    for (size_t i = 0; why && why[i] && i < sizeof goodbye.text - 1; i++)
        goodbye.text[i] = why[i] >= ' ' && why[i] <= '~' ? why[i] : '?';
    sl_error last;
    sl_error_save(&last);
    if (send_message(self, &goodbye) != SL_OK) SL_WARN("leaving without a goodbye");
    sl_error_restore(&last);
}

static sl_status on_message(sl_session *self, const sl_message *received, int64_t received_ns) {
    sl_fleet_message message;
    sl_status status = sl_fleet_decode(self->codec, received->frames[0].bytes, received->frames[0].n_bytes, &message);
    if (status == SL_MISMATCH)
        return sl_fail(SL_MISMATCH, "run the same version of Starling on both sides",
                       "the coordinator speaks protocol %d.%d, this agent %d.%d", message.major, message.minor,
                       SL_PROTOCOL_MAJOR, SL_PROTOCOL_MINOR);
    if (status != SL_OK || received->n_frames != 1) {
        drop(self, received->n_frames != 1 ? "a message of more than one frame" : sl_error_what());
        return SL_OK;
    }
    bool is_ours = message.run_id == self->run_id || SL_PLANTED(any_run_to_agent);
    bool is_answer = message.kind == SL_FLEET_WELCOME || message.kind == SL_FLEET_REJECT;
    bool is_session = message.session == self->session || SL_PLANTED(any_session_to_agent);
    if (is_ours && !is_answer) is_ours = self->session != 0 && is_session;
    if (!is_ours) {
        self->stats.ignored++;
        return SL_OK;
    }
    note_heard(self);
    switch (message.kind) {
    case SL_FLEET_HEARTBEAT:
        return SL_OK;
    case SL_FLEET_WELCOME:
        return on_welcome(self, &message);
    case SL_FLEET_REJECT:
        return on_reject(self, &message);
    case SL_FLEET_OBSERVATION:
        return on_observation(self, &message, received_ns);
    case SL_FLEET_MODEL_CHUNK:
        return on_chunk(self, &message);
    case SL_FLEET_GOODBYE:
        return on_goodbye(self);
    case SL_FLEET_RESET:
        SL_INFO("the coordinator does not know this session; joining anew");
        self->stats.resets++;
        return start_over(self);
    default:
        drop(self, "what only an agent says");
        return SL_OK;
    }
}

/* realtime: whatever else has come is taken first, so that an observation that waited is not decided on */
static sl_status decide_newest(sl_session *self) {
    sl_newest *newest = &self->newest;
    sl_status status = SL_OK;
    for (int i = 0; i < RUSH && newest->is_there && status == SL_OK; i++) {
        sl_message received;
        status = sl_transport_receive(self->transport, 0, &received);
        if (status == SL_OK) SL_TRY(on_message(self, &received, sl_transport_now_ns(self->transport)));
    }
    // a goodbye may have been among it
    if (!newest->is_there) return SL_OK;
    newest->is_there = false;
    decide(self, newest->sequence, newest->tick, newest->obs, newest->n_avail ? newest->avail : NULL,
           newest->episode_start);
    return send_action(self, newest->received_ns);
}

static sl_status step(sl_session *self, int64_t now_ns, int timeout_ms) {
    sl_vitals_beat(now_ns);
    count_silence(self, now_ns);
    SL_TRY(keep_timer(self, now_ns));
    // rounded up to a millisecond, so that a timer is due when the wait ends
    int64_t wait_ms = (self->next_ns - now_ns + MS - 1) / MS;
    if (self->state != SL_SESSION_OVER && wait_ms < timeout_ms) timeout_ms = (int)(wait_ms > 0 ? wait_ms : 0);
    sl_message received;
    SL_TRY(sl_transport_receive(self->transport, timeout_ms, &received));
    self->clock_ns = sl_transport_now_ns(self->transport);
    sl_status status = on_message(self, &received, self->clock_ns);
    if (status == SL_OK && self->newest.is_there) status = decide_newest(self);
    if (status != SL_OK) say_goodbye(self, sl_error_what());
    return status;
}

sl_status sl_session_step(sl_session *self, int timeout_ms) {
    return step(self, sl_transport_now_ns(self->transport), timeout_ms);
}

sl_status sl_session_run(sl_session *self) {
    int64_t now_ns = sl_transport_now_ns(self->transport);
    while (self->state != SL_SESSION_OVER) {
        if (self->def.stop && *self->def.stop) {
            say_goodbye(self, NULL);
            return sl_fail(SL_INTERRUPTED, NULL, "asked to stop");
        }
        sl_status status = step(self, now_ns, SLICE_MS);
        if (status != SL_OK && status != SL_TIMEOUT && status != SL_INTERRUPTED) return status;
        // who has just answered knows what the time is
        now_ns = status == SL_OK ? self->clock_ns : sl_transport_now_ns(self->transport);
    }
    return SL_OK;
}

sl_session_state sl_session_get_state(const sl_session *self) {
    return self->state;
}

int sl_session_slot(const sl_session *self) {
    return self->slot;
}

sl_session_stats sl_session_get_stats(const sl_session *self) {
    return self->stats;
}
