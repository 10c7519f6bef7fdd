/* fleet_message.c - the fleet's codec: prefix and one protobuf message of which each kind uses its own fields. What a
 * tick is made of takes the short way of fleet_step.c where it can. One thread owns a codec. */
#include "net/fleet_message.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "common/sha256.h"
#include "net/fleet_step.h"
#include "net/pb_arena.h"
#include "proto/fleet.pb-c.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    MAX_SMALL = 32 * 1024, /* every message but a chunk is shorter */
    MAX_BODY = SL_FLEET_CHUNK + 1024,
    ARENA_BYTES = SL_FLEET_CHUNK + 64 * 1024,
    MAX_MS = 3600000,
    MAX_HIDDEN = 65536
};

struct sl_fleet_codec {
    sl_pb_arena arena;
    float obs[SL_FLEET_MAX_OBS];
    uint8_t bytes[SL_PREFIX_BYTES + MAX_BODY];
    uint8_t block[ARENA_BYTES];
};

typedef Starling__Fleet__Message pb_message;

static const char magic[4] = {'S', 'L', 'F', 'T'};

/* what a kind carries */
enum {
    RUN = 1,
    SESSION = 2,
    SLOT = 4,
    TICK = 8,
    SEQUENCE = 16,
    IDENTITY = 32, /* build, arch, hidden, obs_dim, n_actions */
    SHA = 64,
    TERMS = 128, /* lease, heartbeat, mode, config_hash */
    SIZE = 256,
    REASON = 512,
    OBS = 1024,
    ACT = 2048,
    OFFSET = 4096,
    CHUNK = 8192,
    WHY = 16384, /* text that may be absent */
    HIDDEN = 32768
};
static const struct {
    const char *name;
    unsigned has;
} kinds[SL_FLEET_KINDS] = {
    [SL_FLEET_HELLO] = {"HELLO", RUN | SLOT | IDENTITY | SHA},
    [SL_FLEET_WELCOME] = {"WELCOME", RUN | SESSION | SLOT | TICK | SHA | TERMS | SIZE},
    [SL_FLEET_REJECT] = {"REJECT", RUN | REASON},
    [SL_FLEET_RESET] = {"RESET", RUN | SESSION},
    [SL_FLEET_OBSERVATION] = {"OBSERVATION", RUN | SESSION | SLOT | TICK | SEQUENCE | OBS},
    [SL_FLEET_ACTION] = {"ACTION", RUN | SESSION | SLOT | TICK | SEQUENCE | ACT},
    [SL_FLEET_HEARTBEAT] = {"HEARTBEAT", RUN | SESSION | SLOT | SEQUENCE},
    [SL_FLEET_MODEL_REQUEST] = {"MODEL_REQUEST", RUN | SESSION | SLOT | OFFSET},
    [SL_FLEET_MODEL_CHUNK] = {"MODEL_CHUNK", RUN | SESSION | SLOT | SIZE | OFFSET | CHUNK},
    [SL_FLEET_GOODBYE] = {"GOODBYE", RUN | SESSION | SLOT | WHY},
    [SL_FLEET_ASK] = {"ASK", RUN | SLOT},
    [SL_FLEET_OFFER] = {"OFFER", RUN | SLOT | HIDDEN | WHY},
};
static const char *const reject_names[SL_REJECTS] = {
    "none", "version", "shape", "slot taken", "unauthorised", "full", "model unknown",
};

sl_status sl_fleet_codec_create(sl_fleet_codec **out) {
    sl_fleet_codec *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for the fleet codec");
    sl_pb_arena_init(&self->arena, self->block, sizeof self->block);
    *out = self;
    return SL_OK;
}

void sl_fleet_codec_destroy(sl_fleet_codec **self) {
    sl_free(*self);
    *self = NULL;
}

const char *sl_fleet_kind_name(sl_fleet_kind kind) {
    return kind > 0 && kind < SL_FLEET_KINDS ? kinds[kind].name : "unknown";
}

const char *sl_reject_name(sl_reject reject) {
    return (unsigned)reject < SL_REJECTS ? reject_names[reject] : "unknown";
}

static void fill_ids(const sl_fleet_message *m, unsigned has, pb_message *p) {
    p->has_run_id = m->run_id != 0, p->run_id = m->run_id;
    p->has_session = (has & SESSION) != 0, p->session = m->session;
    p->has_slot = (has & SLOT) && m->slot >= 0, p->slot = (uint32_t)m->slot;
    p->has_tick = (has & TICK) && m->tick >= 0, p->tick = m->tick;
    p->has_sequence = (has & SEQUENCE) && m->sequence != 0, p->sequence = m->sequence;
}

static void fill_meeting(const sl_fleet_message *m, unsigned has, pb_message *p) {
    // packing reads the strings and never writes them
    if (has & IDENTITY) {
        p->build = (char *)m->build, p->arch = (char *)m->arch;
        p->device = m->device[0] ? (char *)m->device : NULL;
        p->has_obs_dim = 1, p->obs_dim = (uint32_t)m->obs_dim;
        p->has_n_actions = 1, p->n_actions = (uint32_t)m->n_actions;
    }
    p->has_hidden = (has & (IDENTITY | HIDDEN)) != 0, p->hidden = (uint32_t)m->hidden;
    if ((has & SHA) && m->model_sha256[0]) p->model_sha256 = (char *)m->model_sha256;
    if (has & TERMS) {
        p->has_lease_ms = 1, p->lease_ms = (uint32_t)m->lease_ms;
        p->has_heartbeat_ms = 1, p->heartbeat_ms = (uint32_t)m->heartbeat_ms;
        p->mode = (char *)m->mode;
        if (m->config_hash[0]) p->config_hash = (char *)m->config_hash;
        p->has_signature = m->n_signature > 0;
        p->signature = (ProtobufCBinaryData){m->n_signature, (uint8_t *)m->signature};
    }
    p->has_reject = (has & REASON) != 0, p->reject = m->reject;
    if ((has & REASON) || ((has & WHY) && m->text[0])) p->text = (char *)m->text;
    p->has_model_bytes = (has & SIZE) != 0, p->model_bytes = (uint64_t)m->model_bytes;
    p->has_offset = (has & OFFSET) != 0, p->offset = (uint64_t)m->offset;
    p->has_chunk = (has & CHUNK) != 0, p->chunk = (ProtobufCBinaryData){m->n_chunk, (uint8_t *)m->chunk};
}

static size_t pack(const sl_fleet_message *message, uint8_t *body) {
    if (sl_fleet_step_is(message->kind)) return sl_fleet_step_write(message, body);
    unsigned has = kinds[message->kind].has;
    pb_message p = STARLING__FLEET__MESSAGE__INIT;
    fill_ids(message, has, &p);
    fill_meeting(message, has, &p);
    return starling__fleet__message__pack(&p, body);
}

void sl_fleet_encode(sl_fleet_codec *self, const sl_fleet_message *message, const void **bytes, size_t *n_bytes) {
    SL_ASSERT(message->kind > 0 && message->kind < SL_FLEET_KINDS);
    SL_ASSERT(message->n_obs <= SL_FLEET_MAX_OBS && message->n_avail <= SL_FLEET_MAX_ACTIONS);
    SL_ASSERT(message->n_chunk <= SL_FLEET_CHUNK && message->n_signature <= SL_FLEET_SIGNATURE);
    sl_prefix prefix = {.major = SL_PROTOCOL_MAJOR, .minor = SL_PROTOCOL_MINOR, .kind = (uint8_t)message->kind};
    memcpy(prefix.magic, magic, sizeof magic);
    memcpy(self->bytes, &prefix, sizeof prefix);
    // the bounds above keep it inside: strings are arrays of the struct
    *n_bytes = sizeof prefix + pack(message, self->bytes + sizeof prefix);
    *bytes = self->bytes;
}

static sl_status bad(unsigned kind, const char *field) {
    return sl_fail(SL_CORRUPT, NULL, "fleet message %s: missing or bad field '%s'", kinds[kind].name, field);
}

/* printable ASCII of less than size bytes: it goes into logs */
static bool is_text(const char *text, size_t size) {
    if (!text) return false;
    size_t n = 0;
    for (; text[n]; n++)
        if (n + 1 == size || text[n] < 0x20 || text[n] > 0x7e) return false;
    return true;
}

static sl_status check_ids(unsigned kind, const pb_message *p) {
    unsigned has = kinds[kind].has;
    bool may_lack_run = kind == SL_FLEET_REJECT && p->reject == SL_REJECT_VERSION;
    if (p->run_id == 0 && !may_lack_run) return bad(kind, "run_id");
    if ((has & SESSION) && p->session == 0) return bad(kind, "session");
    bool may_lack_slot = kind == SL_FLEET_HELLO || kind == SL_FLEET_ASK || kind == SL_FLEET_OFFER;
    if ((has & SLOT) && !p->has_slot && !may_lack_slot) return bad(kind, "slot");
    if (p->has_slot && p->slot >= SL_FLEET_MAX_SLOTS) return bad(kind, "slot");
    if ((has & TICK) && p->has_tick && p->tick < 0) return bad(kind, "tick");
    if ((has & TICK) && !p->has_tick && kind != SL_FLEET_WELCOME) return bad(kind, "tick");
    if ((has & SEQUENCE) && p->sequence == 0 && kind != SL_FLEET_HEARTBEAT) return bad(kind, "sequence");
    return SL_OK;
}

static sl_status check_meeting(unsigned kind, const pb_message *p) {
    unsigned has = kinds[kind].has;
    if (has & IDENTITY) {
        if (!is_text(p->build, sizeof((sl_fleet_message *)0)->build)) return bad(kind, "build");
        if (!is_text(p->arch, sizeof((sl_fleet_message *)0)->arch)) return bad(kind, "arch");
        if (p->device && !is_text(p->device, sizeof((sl_fleet_message *)0)->device)) return bad(kind, "device");
        if (!p->has_obs_dim || p->obs_dim > SL_FLEET_MAX_OBS) return bad(kind, "obs_dim");
        if (!p->has_n_actions || p->n_actions > SL_FLEET_MAX_ACTIONS) return bad(kind, "n_actions");
    }
    if ((has & (IDENTITY | HIDDEN)) && (!p->has_hidden || p->hidden > MAX_HIDDEN)) return bad(kind, "hidden");
    if ((has & SHA) && p->model_sha256 && !sl_sha256_is_text(p->model_sha256)) return bad(kind, "model_sha256");
    if (has & TERMS) {
        if (p->lease_ms == 0 || p->lease_ms > MAX_MS) return bad(kind, "lease_ms");
        if (p->heartbeat_ms == 0 || p->heartbeat_ms > 60000) return bad(kind, "heartbeat_ms");
        if (!is_text(p->mode, sizeof((sl_fleet_message *)0)->mode)) return bad(kind, "mode");
        if (p->config_hash && !sl_sha256_is_text(p->config_hash)) return bad(kind, "config_hash");
        bool is_sized = p->signature.len > 0 && p->signature.len <= SL_FLEET_SIGNATURE;
        if (p->has_signature && !is_sized) return bad(kind, "signature");
    }
    if ((has & REASON) && (p->reject == SL_REJECT_NONE || p->reject >= SL_REJECTS)) return bad(kind, "reject");
    bool needs_text = (has & REASON) || ((has & WHY) && p->text);
    if (needs_text && !is_text(p->text, sizeof((sl_fleet_message *)0)->text)) return bad(kind, "text");
    if ((has & SIZE) && (!p->has_model_bytes || p->model_bytes > SL_FLEET_MAX_MODEL)) return bad(kind, "model_bytes");
    if ((has & OFFSET) && (!p->has_offset || p->offset > SL_FLEET_MAX_MODEL)) return bad(kind, "offset");
    if ((has & CHUNK) && (p->chunk.len == 0 || p->chunk.len > SL_FLEET_CHUNK)) return bad(kind, "chunk");
    if ((has & CHUNK) && p->offset + p->chunk.len > p->model_bytes) return bad(kind, "chunk");
    return SL_OK;
}

static sl_status check_step(unsigned kind, const pb_message *p) {
    unsigned has = kinds[kind].has;
    if (has & OBS) {
        if (p->n_obs == 0 || p->n_obs > SL_FLEET_MAX_OBS) return bad(kind, "obs");
        for (size_t i = 0; i < p->n_obs; i++)
            if (!isfinite(p->obs[i])) return bad(kind, "obs");
        if (p->has_avail && (p->avail.len == 0 || p->avail.len > SL_FLEET_MAX_ACTIONS)) return bad(kind, "avail");
        for (size_t i = 0; p->has_avail && i < p->avail.len; i++)
            if (p->avail.data[i] > 1) return bad(kind, "avail");
    }
    if (has & ACT) {
        if (!p->has_action || p->action >= SL_FLEET_MAX_ACTIONS) return bad(kind, "action");
        if (!p->has_residence_ns || p->residence_ns < 0) return bad(kind, "residence_ns");
    }
    return SL_OK;
}

static void copy_text(char *to, size_t size, const char *from) {
    (void)snprintf(to, size, "%s", from ? from : "");
}

static void read_fields(const pb_message *p, unsigned has, sl_fleet_message *out) {
    out->run_id = p->run_id;
    out->session = has & SESSION ? p->session : 0;
    out->slot = (has & SLOT) && p->has_slot ? (int)p->slot : -1;
    out->tick = (has & TICK) && p->has_tick ? p->tick : -1;
    out->sequence = has & SEQUENCE ? p->sequence : 0;
    if (has & IDENTITY) {
        copy_text(out->build, sizeof out->build, p->build);
        copy_text(out->arch, sizeof out->arch, p->arch);
        copy_text(out->device, sizeof out->device, p->device);
        out->obs_dim = (int)p->obs_dim, out->n_actions = (int)p->n_actions;
    }
    if (has & (IDENTITY | HIDDEN)) out->hidden = (int)p->hidden;
    if (has & SHA) copy_text(out->model_sha256, sizeof out->model_sha256, p->model_sha256);
    if (has & TERMS) {
        out->lease_ms = (int)p->lease_ms, out->heartbeat_ms = (int)p->heartbeat_ms;
        copy_text(out->mode, sizeof out->mode, p->mode);
        copy_text(out->config_hash, sizeof out->config_hash, p->config_hash);
        out->n_signature = p->has_signature ? p->signature.len : 0;
        out->signature = p->has_signature ? p->signature.data : NULL;
    }
    if (has & SIZE) out->model_bytes = (int64_t)p->model_bytes;
    if (has & REASON) out->reject = (sl_reject)p->reject;
    if (has & (REASON | WHY)) copy_text(out->text, sizeof out->text, p->text);
    if (has & OBS) {
        out->episode_start = p->episode_start, out->replay = p->replay;
        out->n_obs = (int)p->n_obs, out->obs = p->obs;
        out->n_avail = p->has_avail ? (int)p->avail.len : 0;
        out->avail = p->has_avail ? p->avail.data : NULL;
    }
    if (has & ACT) out->action = (int32_t)p->action, out->residence_ns = p->residence_ns;
    if (has & OFFSET) out->offset = (int64_t)p->offset;
    if (has & CHUNK) out->n_chunk = p->chunk.len, out->chunk = p->chunk.data;
}

sl_status sl_fleet_decode(sl_fleet_codec *self, const void *bytes, size_t n_bytes, sl_fleet_message *out) {
    sl_prefix prefix;
    if (n_bytes < sizeof prefix || memcmp(bytes, magic, sizeof magic) != 0)
        return sl_fail(SL_CORRUPT, "is the peer a Starling agent or coordinator?", "not a fleet message");
    memcpy(&prefix, bytes, sizeof prefix);
    if (prefix.major != SL_PROTOCOL_MAJOR) {
        out->major = prefix.major, out->minor = prefix.minor, out->kind = (sl_fleet_kind)prefix.kind;
        return sl_fail(SL_MISMATCH, "run the same version of Starling on both sides",
                       "fleet message of protocol %d.%d, this is %d.%d", prefix.major, prefix.minor,
                       SL_PROTOCOL_MAJOR, SL_PROTOCOL_MINOR);
    }
    unsigned kind = prefix.kind;
    if (kind == 0 || kind >= SL_FLEET_KINDS)
        return sl_fail(SL_CORRUPT, NULL, "fleet message of unknown kind %u", kind);
    size_t n_body = n_bytes - sizeof prefix, limit = kind == SL_FLEET_MODEL_CHUNK ? MAX_BODY : MAX_SMALL;
    const uint8_t *body = (const uint8_t *)bytes + sizeof prefix;
    const pb_message *p = NULL;
    if (n_body <= limit && sl_fleet_step_read((sl_fleet_kind)kind, body, n_body, self->obs, out)) {
        out->major = prefix.major, out->minor = prefix.minor;
        return SL_OK;
    }
    if (n_body <= limit)
        p = (const void *)sl_pb_unpack(&self->arena, &starling__fleet__message__descriptor, body, n_body);
    if (!p) return sl_fail(SL_CORRUPT, NULL, "fleet message %s: not protobuf, or too long", kinds[kind].name);
    SL_TRY(check_ids(kind, p));
    SL_TRY(check_meeting(kind, p));
    SL_TRY(check_step(kind, p));
    *out = (sl_fleet_message){.kind = (sl_fleet_kind)kind, .major = prefix.major, .minor = prefix.minor};
    read_fields(p, kinds[kind].has, out);
    return SL_OK;
}
