/* learn_message.c - the learn link's codec: prefix and protobuf header in the first frame, tensors raw in the others.
 * One thread owns a codec. */
#include "net/learn_message.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "common/sha256.h"
#include "net/pb_arena.h"
#include "proto/learn.pb-c.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    MAX_HEADER = 8 * 1024 + SL_LEARN_MAX_LINKS,
    MAX_EPISODES = 1 << 30,
    MAX_WATCH_US = 60000000,
    ARENA_BYTES = 64 * 1024 + 2 * SL_LEARN_MAX_LINKS
};

struct sl_learn_codec {
    sl_pb_arena arena;
    uint8_t header[SL_PREFIX_BYTES + MAX_HEADER];
    uint8_t block[ARENA_BYTES];
};

typedef Starling__Learn__Header pb_header;
typedef Starling__Learn__Tensor pb_tensor;

static const char magic[4] = {'S', 'L', 'L', 'N'};

// what a kind cannot go without
enum {
    EPISODES = 1,
    SOURCE = 2,
    POLICY = 4,
    COUNT = 8,
    CODE = 16,
    TEXT = 32,
    REQUEST = 64,
    SNAPSHOT = 128,
    FILES = 256
};
static const struct {
    const char *name;
    unsigned needs;
} kinds[SL_LEARN_KINDS] = {
    [SL_LEARN_HELLO] = {"HELLO", 0},
    [SL_LEARN_WELCOME] = {"WELCOME", 0},
    [SL_LEARN_REJECT] = {"REJECT", TEXT},
    [SL_LEARN_COLLECT] = {"COLLECT", REQUEST},
    [SL_LEARN_RECORD] = {"RECORD", REQUEST | EPISODES},
    [SL_LEARN_SAMPLE] = {"SAMPLE", REQUEST | EPISODES | SOURCE},
    [SL_LEARN_EVALUATE] = {"EVALUATE", REQUEST | EPISODES | POLICY},
    [SL_LEARN_FLY] = {"FLY", REQUEST | EPISODES},
    [SL_LEARN_RESTORE] = {"RESTORE", REQUEST | SNAPSHOT},
    [SL_LEARN_STOP] = {"STOP", REQUEST},
    [SL_LEARN_BATCH] = {"BATCH", REQUEST},
    [SL_LEARN_PROGRESS] = {"PROGRESS", REQUEST | COUNT},
    [SL_LEARN_DONE] = {"DONE", REQUEST},
    [SL_LEARN_ERROR] = {"ERROR", REQUEST | CODE | TEXT},
    [SL_LEARN_MODELS] = {"MODELS", REQUEST | FILES},
};

sl_status sl_learn_codec_create(sl_learn_codec **out) {
    sl_learn_codec *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for the learn codec");
    sl_pb_arena_init(&self->arena, self->block, sizeof self->block);
    *out = self;
    return SL_OK;
}

void sl_learn_codec_destroy(sl_learn_codec **self) {
    sl_free(*self);
    *self = NULL;
}

const sl_wire_tensor *sl_learn_tensor(const sl_learn_message *message, sl_tensor_role role) {
    for (int i = 0; i < message->n_tensors; i++)
        if (message->tensors[i].role == role) return &message->tensors[i];
    return NULL;
}

void sl_learn_add(sl_learn_message *message, sl_tensor_role role, const void *data, sl_wire_shape shape) {
    SL_ASSERT(message->n_tensors < SL_LEARN_MAX_TENSORS && shape.n_dims >= 1 && shape.n_dims <= 4);
    SL_ASSERT(!sl_learn_tensor(message, role));
    sl_wire_tensor *tensor = &message->tensors[message->n_tensors++];
    *tensor = (sl_wire_tensor){.role = role, .type = sl_tensor_role_type(role), .n_dims = shape.n_dims, .data = data};
    tensor->n_bytes = sl_wire_type_bytes(tensor->type);
    for (int i = 0; i < shape.n_dims; i++) {
        SL_ASSERT(shape.dims[i] >= 0);
        tensor->dims[i] = shape.dims[i];
        tensor->n_bytes *= (size_t)shape.dims[i];
    }
    sl_wire_shape own = sl_tensor_role_shape(role);
    SL_ASSERT(own.n_dims == 0 || sl_wire_tensor_fits(tensor, &own));
    SL_ASSERT(data || tensor->n_bytes == 0);
}

const sl_wire_tensor *sl_learn_find(const sl_learn_message *message, sl_tensor_role role, sl_wire_shape shape) {
    const sl_wire_tensor *tensor = sl_learn_tensor(message, role);
    return tensor && sl_wire_tensor_fits(tensor, &shape) ? tensor : NULL;
}

sl_status sl_learn_take(const sl_learn_message *message, sl_tensor_role role, sl_wire_shape shape,
                        const sl_wire_tensor **out) {
    const char *kind = kinds[message->kind].name, *name = sl_tensor_role_name(role);
    const sl_wire_tensor *tensor = sl_learn_tensor(message, role);
    if (!tensor) return sl_fail(SL_MISMATCH, NULL, "learn message %s lacks %s", kind, name);
    if (!sl_wire_tensor_fits(tensor, &shape)) {
        char wanted[SL_WIRE_TEXT], found[SL_WIRE_TEXT];
        sl_wire_text(sl_tensor_role_type(role), shape.n_dims, shape.dims, wanted);
        sl_wire_text(tensor->type, tensor->n_dims, tensor->dims, found);
        return sl_fail(SL_MISMATCH, "do both programs read the same experiment?",
                       "learn message %s: %s is %s where %s is wanted", kind, name, found, wanted);
    }
    *out = tensor;
    return SL_OK;
}

// the requests that may name who chooses actions
static bool has_behaviour(sl_learn_kind kind) {
    return kind == SL_LEARN_COLLECT || kind == SL_LEARN_EVALUATE;
}

static bool has_links(sl_learn_kind kind) {
    return kind == SL_LEARN_EVALUATE || kind == SL_LEARN_FLY;
}

// what ends the work on a request
static bool is_answer(sl_learn_kind kind) {
    return kind == SL_LEARN_BATCH || kind == SL_LEARN_DONE;
}

// zero is "absent" for all that the kind does not need
static void fill_header(const sl_learn_message *m, pb_header *h) {
    unsigned needs = kinds[m->kind].needs;
    h->has_run_id = 1, h->run_id = m->run_id;
    h->has_request_id = m->request_id != 0, h->request_id = m->request_id;
    h->has_version = m->version != 0, h->version = m->version;
    h->config_hash = m->config_hash[0] ? (char *)m->config_hash : NULL;
    h->text = m->text[0] || (needs & TEXT) ? (char *)m->text : NULL;
    h->has_code = (needs & CODE) != 0, h->code = (uint32_t)m->code;
    h->has_n_episodes = (needs & EPISODES) != 0, h->n_episodes = (uint32_t)m->n_episodes;
    h->has_seed = m->seed != 0, h->seed = m->seed;
    h->has_source = (needs & SOURCE) != 0, h->source = (uint32_t)m->source;
    h->has_policy = (needs & POLICY) != 0, h->policy = (uint32_t)m->policy;
    h->behaviour = has_behaviour(m->kind) && m->behaviour[0] ? (char *)m->behaviour : NULL;
    h->has_value_mean = h->has_value_std = m->value_std != 0 || m->value_mean != 0;
    h->value_mean = m->value_mean, h->value_std = m->value_std;
    h->has_want_snapshot = m->want_snapshot, h->want_snapshot = m->want_snapshot;
    h->has_done = h->has_total = (needs & COUNT) != 0;
    h->done = m->done, h->total = m->total;
    h->has_wait_ms = m->kind == SL_LEARN_FLY && m->wait_ms != 0, h->wait_ms = m->wait_ms;
    h->has_watch_us = m->kind == SL_LEARN_FLY && m->watch_us != 0, h->watch_us = (uint32_t)m->watch_us;
    h->links = has_links(m->kind) ? (char *)m->links : NULL;
    h->has_worked_ns = is_answer(m->kind) && m->worked_ns != 0, h->worked_ns = m->worked_ns;
    h->has_want_divergence = m->kind == SL_LEARN_EVALUATE && m->want_divergence, h->want_divergence = true;
}

static size_t pack_header(sl_learn_codec *self, const sl_learn_message *m) {
    pb_header h = STARLING__LEARN__HEADER__INIT;
    pb_tensor tensors[SL_LEARN_MAX_TENSORS], *pointers[SL_LEARN_MAX_TENSORS];
    fill_header(m, &h);
    for (int i = 0; i < m->n_tensors; i++) {
        const sl_wire_tensor *from = &m->tensors[i];
        starling__learn__tensor__init(&tensors[i]);
        tensors[i].has_role = 1, tensors[i].role = from->role;
        tensors[i].has_type = 1, tensors[i].type = (Starling__Learn__Type)from->type;
        tensors[i].n_dims = (size_t)from->n_dims, tensors[i].dims = (int64_t *)from->dims;
        pointers[i] = &tensors[i];
    }
    h.n_tensors = (size_t)m->n_tensors, h.tensors = pointers;

    sl_prefix prefix = {.major = SL_LEARN_MAJOR, .minor = SL_LEARN_MINOR, .kind = (uint8_t)m->kind};
    memcpy(prefix.magic, magic, sizeof magic);
    memcpy(self->header, &prefix, sizeof prefix);
    SL_ASSERT(starling__learn__header__get_packed_size(&h) <= MAX_HEADER);
    return sizeof prefix + starling__learn__header__pack(&h, self->header + sizeof prefix);
}

sl_status sl_learn_send(sl_learn_codec *self, sl_transport *transport, const sl_peer *peer,
                        const sl_learn_message *message) {
    SL_ASSERT(message->kind > 0 && message->kind < SL_LEARN_KINDS && message->run_id != 0);
    SL_ASSERT(message->n_tensors >= 0 && message->n_tensors <= SL_LEARN_MAX_TENSORS);
    sl_frame frames[SL_MAX_FRAMES] = {{self->header, pack_header(self, message)}};
    for (int i = 0; i < message->n_tensors; i++)
        frames[i + 1] = (sl_frame){message->tensors[i].data, message->tensors[i].n_bytes};
    return sl_transport_send(transport, peer, message->n_tensors + 1, frames);
}

static sl_status bad(sl_learn_kind kind, const char *field) {
    return sl_fail(SL_CORRUPT, NULL, "learn message %s: missing or bad field '%s'", kinds[kind].name, field);
}

static sl_status bad_tensor(sl_learn_kind kind, const char *field, sl_tensor_role role) {
    return sl_fail(SL_CORRUPT, NULL, "learn message %s: missing or bad field '%s' of %s", kinds[kind].name, field,
                   sl_tensor_role_name(role));
}

static sl_status read_prefix(const sl_frame *frame, sl_prefix *prefix) {
    if (frame->n_bytes < sizeof *prefix || memcmp(frame->bytes, magic, sizeof magic) != 0)
        return sl_fail(SL_CORRUPT, "is the peer a Starling trainer or coordinator?", "not a learn message");
    memcpy(prefix, frame->bytes, sizeof *prefix);
    if (prefix->major != SL_LEARN_MAJOR)
        return sl_fail(SL_MISMATCH, "run the same version of Starling on both sides",
                       "learn message of protocol %d.%d, this is %d.%d", prefix->major, prefix->minor, SL_LEARN_MAJOR,
                       SL_LEARN_MINOR);
    if (prefix->kind == 0 || prefix->kind >= SL_LEARN_KINDS)
        return sl_fail(SL_CORRUPT, NULL, "learn message of unknown kind %d", prefix->kind);
    return SL_OK;
}

static sl_status check_header(sl_learn_kind kind, const pb_header *h) {
    unsigned needs = kinds[kind].needs;
    if (!h->has_run_id || h->run_id == 0) return bad(kind, "run_id");
    if ((needs & REQUEST) && (!h->has_request_id || h->request_id == 0)) return bad(kind, "request_id");
    if (h->version < 0) return bad(kind, "version");
    if (h->config_hash && !sl_sha256_is_text(h->config_hash)) return bad(kind, "config_hash");
    if (((needs & TEXT) && !h->text) || (h->text && strlen(h->text) > 255)) return bad(kind, "text");
    if ((needs & CODE) && (h->code == SL_OK || h->code >= SL_STATUS_COUNT)) return bad(kind, "code");
    if ((needs & EPISODES) && (h->n_episodes == 0 || h->n_episodes > MAX_EPISODES)) return bad(kind, "n_episodes");
    if ((needs & SOURCE) && (!h->has_source || h->source > 1)) return bad(kind, "source");
    if ((needs & POLICY) && (h->policy < SL_POLICY_TEACHER || h->policy > SL_POLICY_HEURISTIC))
        return bad(kind, "policy");
    if (has_behaviour(kind) && h->behaviour && strlen(h->behaviour) > 31) return bad(kind, "behaviour");
    if (!isfinite(h->value_mean)) return bad(kind, "value_mean");
    if (!isfinite(h->value_std) || h->value_std < 0) return bad(kind, "value_std");
    if ((needs & COUNT) && (!h->has_done || h->done < 0 || h->done > h->total)) return bad(kind, "done");
    if (kind == SL_LEARN_FLY && h->has_watch_us && (h->watch_us == 0 || h->watch_us > MAX_WATCH_US))
        return bad(kind, "watch_us");
    bool waits = h->wait_ms == SL_WAIT_FOREVER || (h->wait_ms > 0 && h->wait_ms <= SL_WAIT_MOST_MS);
    if (kind == SL_LEARN_FLY && h->has_wait_ms && !waits) return bad(kind, "wait_ms");
    if (is_answer(kind) && h->worked_ns < 0) return bad(kind, "worked_ns");
    if (has_links(kind) && h->links && strlen(h->links) > SL_LEARN_MAX_LINKS) return bad(kind, "links");
    return SL_OK;
}

static sl_status read_tensor(sl_learn_kind kind, const pb_tensor *from, const sl_frame *frame, sl_wire_tensor *out) {
    if (!from->has_role || from->role == 0 || from->role >= SL_TENSOR_ROLES) return bad(kind, "tensors.role");
    sl_tensor_role role = (sl_tensor_role)from->role;
    if (!from->has_type || (int)from->type < SL_WIRE_F32 || (int)from->type > SL_WIRE_U8)
        return bad_tensor(kind, "tensors.type", role);
    if (from->n_dims < 1 || from->n_dims > 4) return bad_tensor(kind, "tensors.dims", role);
    *out = (sl_wire_tensor){.role = role,
                            .type = (sl_wire_type)from->type,
                            .n_dims = (int)from->n_dims,
                            .data = frame->bytes,
                            .n_bytes = frame->n_bytes};
    // the product must come out at the frame's size without wrapping on the way
    uint64_t n = sl_wire_type_bytes(out->type);
    bool wraps = false;
    for (int i = 0; i < out->n_dims; i++) {
        int64_t dim = out->dims[i] = from->dims[i];
        if (dim < 0) return bad_tensor(kind, "tensors.dims", role);
        wraps |= __builtin_mul_overflow(n, (uint64_t)dim, &n);
    }
    if (wraps || n != frame->n_bytes) return bad_tensor(kind, "tensors.dims", role);
    return SL_OK;
}

static void fill_message(const sl_prefix *prefix, const pb_header *h, sl_learn_message *out) {
    out->kind = (sl_learn_kind)prefix->kind;
    out->major = prefix->major, out->minor = prefix->minor;
    out->run_id = h->run_id;
    out->request_id = h->request_id;
    out->version = h->version;
    (void)snprintf(out->config_hash, sizeof out->config_hash, "%s", h->config_hash ? h->config_hash : "");
    (void)snprintf(out->text, sizeof out->text, "%s", h->text ? h->text : "");
    // fields that the kind does not name are ignored, so that nobody acts on unchecked ones
    unsigned needs = kinds[out->kind].needs;
    out->code = needs & CODE ? (sl_status)h->code : SL_OK;
    out->n_episodes = needs & EPISODES ? (int)h->n_episodes : 0;
    out->seed = h->seed;
    out->source = needs & SOURCE ? (int)h->source : 0;
    out->policy = needs & POLICY ? (sl_policy_kind)h->policy : (sl_policy_kind)0;
    if (has_behaviour(out->kind) && h->behaviour)
        (void)snprintf(out->behaviour, sizeof out->behaviour, "%s", h->behaviour);
    out->value_mean = h->value_mean;
    out->value_std = h->has_value_std ? h->value_std : 1;
    out->want_snapshot = h->want_snapshot;
    out->done = needs & COUNT ? h->done : 0;
    out->total = needs & COUNT ? h->total : 0;
    out->wait_ms = out->kind == SL_LEARN_FLY && h->has_wait_ms ? h->wait_ms : 0;
    out->watch_us = out->kind == SL_LEARN_FLY && h->has_watch_us ? h->watch_us : 0;
    out->links = has_links(out->kind) ? h->links : NULL;
    out->worked_ns = is_answer(out->kind) ? h->worked_ns : 0;
    out->want_divergence = out->kind == SL_LEARN_EVALUATE && h->has_want_divergence && h->want_divergence;
}

sl_status sl_learn_decode(sl_learn_codec *self, const sl_message *frames, sl_learn_message *out) {
    sl_prefix prefix;
    SL_ASSERT(frames->n_frames > 0);
    SL_TRY(read_prefix(&frames->frames[0], &prefix));
    sl_learn_kind kind = (sl_learn_kind)prefix.kind;
    size_t n_bytes = frames->frames[0].n_bytes - sizeof prefix;
    const uint8_t *body = (const uint8_t *)frames->frames[0].bytes + sizeof prefix;
    const pb_header *h = NULL;
    if (n_bytes <= MAX_HEADER)
        h = (const void *)sl_pb_unpack(&self->arena, &starling__learn__header__descriptor, body, n_bytes);
    if (!h) return sl_fail(SL_CORRUPT, NULL, "learn message %s: not protobuf, or too long", kinds[kind].name);
    SL_TRY(check_header(kind, h));
    if (h->n_tensors != (size_t)(frames->n_frames - 1) || h->n_tensors > SL_LEARN_MAX_TENSORS)
        return bad(kind, "tensors");

    sl_learn_message message = {.n_tensors = 0};
    for (size_t i = 0; i < h->n_tensors; i++) {
        sl_wire_tensor tensor;
        SL_TRY(read_tensor(kind, h->tensors[i], &frames->frames[i + 1], &tensor));
        if (sl_learn_tensor(&message, tensor.role)) return bad_tensor(kind, "tensors.role", tensor.role);
        message.tensors[message.n_tensors++] = tensor;
    }
    if ((kinds[kind].needs & SNAPSHOT) && !sl_learn_tensor(&message, SL_TENSOR_SNAPSHOT))
        return bad_tensor(kind, "tensors", SL_TENSOR_SNAPSHOT);
    if ((kinds[kind].needs & FILES) && !sl_learn_tensor(&message, SL_TENSOR_POLICY_FILES))
        return bad_tensor(kind, "tensors", SL_TENSOR_POLICY_FILES);
    fill_message(&prefix, h, &message);
    *out = message;
    return SL_OK;
}
