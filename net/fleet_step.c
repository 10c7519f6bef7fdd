/* fleet_step.c - see fleet_step.h. Fields and their numbers: proto/fleet.proto. */
#include "net/fleet_step.h"

#include <string.h>

/* a field's number and how it is coded (protobuf's wire types) make its tag */
enum { VARINT = 0, FIXED64 = 1, BYTES = 2 };
#define TAG(number, type) ((unsigned)(number) << 3 | (type))

enum {
    RUN_ID = TAG(1, FIXED64),
    SESSION = TAG(2, FIXED64),
    SLOT = TAG(3, VARINT),
    TICK = TAG(4, VARINT),
    SEQUENCE = TAG(5, VARINT),
    EPISODE_START = TAG(19, VARINT),
    REPLAY = TAG(20, VARINT),
    OBS = TAG(21, BYTES),
    AVAIL = TAG(22, BYTES),
    ACTION = TAG(23, VARINT),
    RESIDENCE_NS = TAG(24, VARINT)
};

bool sl_fleet_step_is(sl_fleet_kind kind) {
    return kind == SL_FLEET_OBSERVATION || kind == SL_FLEET_ACTION;
}

// ------------------------------------------------------------------------------------------------------- writing

static uint8_t *put_varint(uint8_t *at, uint64_t value) {
    for (; value >= 0x80; value >>= 7) *at++ = (uint8_t)(value | 0x80);
    *at++ = (uint8_t)value;
    return at;
}

static uint8_t *put_whole(uint8_t *at, unsigned tag, uint64_t value) {
    return put_varint(put_varint(at, tag), value);
}

static uint8_t *put_id(uint8_t *at, unsigned tag, uint64_t id) {
    *at++ = (uint8_t)tag;
    memcpy(at, &id, sizeof id);
    return at + sizeof id;
}

static uint8_t *put_bytes(uint8_t *at, unsigned tag, const void *bytes, size_t n) {
    at = put_whole(at, tag, n);
    memcpy(at, bytes, n);
    return at + n;
}

size_t sl_fleet_step_write(const sl_fleet_message *m, uint8_t *body) {
    uint8_t *at = body;
    if (m->run_id != 0) at = put_id(at, RUN_ID, m->run_id);
    at = put_id(at, SESSION, m->session);
    if (m->slot >= 0) at = put_whole(at, SLOT, (uint64_t)m->slot);
    if (m->tick >= 0) at = put_whole(at, TICK, (uint64_t)m->tick);
    if (m->sequence != 0) at = put_whole(at, SEQUENCE, m->sequence);
    if (m->kind == SL_FLEET_OBSERVATION) {
        if (m->episode_start) at = put_whole(at, EPISODE_START, 1);
        if (m->replay) at = put_whole(at, REPLAY, 1);
        if (m->n_obs > 0) at = put_bytes(at, OBS, m->obs, (size_t)m->n_obs * sizeof *m->obs);
        if (m->n_avail > 0) at = put_bytes(at, AVAIL, m->avail, (size_t)m->n_avail);
    } else {
        at = put_whole(at, ACTION, (uint32_t)m->action);
        at = put_whole(at, RESIDENCE_NS, (uint64_t)m->residence_ns);
    }
    return (size_t)(at - body);
}

// ------------------------------------------------------------------------------------------------------- reading

typedef struct cursor {
    const uint8_t *at, *end;
} cursor;

// of at most 63 bits
static bool take_varint(cursor *c, uint64_t *out) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 63 && c->at < c->end; shift += 7) {
        uint8_t byte = *c->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = value;
            return true;
        }
    }
    return false;
}

// tags of fields up to 15 have one byte, the others that are known here two
static bool take_tag(cursor *c, unsigned tag) {
    const size_t n = tag < 0x80 ? 1 : 2;
    if ((size_t)(c->end - c->at) < n || c->at[0] != (uint8_t)(n == 1 ? tag : (tag | 0x80))) return false;
    if (n == 2 && c->at[1] != (uint8_t)(tag >> 7)) return false;
    c->at += n;
    return true;
}

static bool take_whole(cursor *c, unsigned tag, uint64_t *out) {
    return take_tag(c, tag) && take_varint(c, out);
}

static bool take_id(cursor *c, unsigned tag, uint64_t *out) {
    if (!take_tag(c, tag) || c->end - c->at < 8) return false;
    memcpy(out, c->at, sizeof *out);
    c->at += sizeof *out;
    return *out != 0;
}

static bool take_bytes(cursor *c, unsigned tag, const uint8_t **bytes, size_t *n) {
    uint64_t length = 0;
    if (!take_whole(c, tag, &length) || length > (uint64_t)(c->end - c->at)) return false;
    *bytes = c->at;
    *n = (size_t)length;
    c->at += length;
    return true;
}

// true once it is there; absent is as good, any other number than 1 is not
static bool take_flag(cursor *c, unsigned tag, bool *flag) {
    uint64_t value = 0;
    *flag = take_tag(c, tag);
    return !*flag || (take_varint(c, &value) && value == 1);
}

// neither infinite nor NaN: not all bits of the exponent are set
static bool copy_finite(float *to, const uint8_t *from, size_t n) {
    const uint32_t exponent = 0x7f800000;
    uint32_t bad = 0;
    if (n > 0) memcpy(to, from, n * sizeof *to);
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &to[i], sizeof bits);
        bad |= (bits & exponent) == exponent;
    }
    return !bad;
}

static bool are_flags(const uint8_t *bytes, size_t n) {
    unsigned all = 0;
    for (size_t i = 0; i < n; i++) all |= bytes[i];
    return all <= 1;
}

/* what is read, until all of it is */
typedef struct step {
    uint64_t run_id, session, slot, tick, sequence;
    bool episode_start, replay;
    const uint8_t *obs, *avail; /* in the body */
    size_t n_obs, n_avail;
    uint64_t action, residence_ns;
} step;

static bool read_ids(cursor *c, step *s) {
    return take_id(c, RUN_ID, &s->run_id) && take_id(c, SESSION, &s->session) && take_whole(c, SLOT, &s->slot) &&
           s->slot < SL_FLEET_MAX_SLOTS && take_whole(c, TICK, &s->tick) && take_whole(c, SEQUENCE, &s->sequence) &&
           s->sequence != 0;
}

static bool read_observation(cursor *c, step *s) {
    size_t n_bytes = 0;
    if (!take_flag(c, EPISODE_START, &s->episode_start) || !take_flag(c, REPLAY, &s->replay)) return false;
    if (!take_bytes(c, OBS, &s->obs, &n_bytes) || n_bytes == 0 || n_bytes % sizeof(float) != 0) return false;
    s->n_obs = n_bytes / sizeof(float);
    if (s->n_obs > SL_FLEET_MAX_OBS) return false;
    if (c->at == c->end) return true;
    if (!take_bytes(c, AVAIL, &s->avail, &s->n_avail)) return false;
    return s->n_avail > 0 && s->n_avail <= SL_FLEET_MAX_ACTIONS && are_flags(s->avail, s->n_avail);
}

static bool read_action(cursor *c, step *s) {
    return take_whole(c, ACTION, &s->action) && s->action < SL_FLEET_MAX_ACTIONS &&
           take_whole(c, RESIDENCE_NS, &s->residence_ns);
}

bool sl_fleet_step_read(sl_fleet_kind kind, const uint8_t *body, size_t n_bytes, float *obs, sl_fleet_message *out) {
    if (!sl_fleet_step_is(kind)) return false;
    cursor c = {body, body + n_bytes};
    step s = {0};
    bool reads = read_ids(&c, &s) && (kind == SL_FLEET_ACTION ? read_action(&c, &s) : read_observation(&c, &s));
    // what follows may be good, and may replace what was read
    if (!reads || c.at != c.end || !copy_finite(obs, s.obs, s.n_obs)) return false;
    *out = (sl_fleet_message){.kind = kind,
                              .run_id = s.run_id,
                              .session = s.session,
                              .slot = (int)s.slot,
                              .tick = (int64_t)s.tick,
                              .sequence = s.sequence,
                              .episode_start = s.episode_start,
                              .replay = s.replay,
                              .n_obs = (int)s.n_obs,
                              .obs = s.n_obs > 0 ? obs : NULL,
                              .n_avail = (int)s.n_avail,
                              .avail = s.avail,
                              .action = (int32_t)s.action,
                              .residence_ns = (int64_t)s.residence_ns};
    return true;
}
