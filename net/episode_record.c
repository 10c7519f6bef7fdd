/* episode_record.c - a recorded episode to and from its protobuf record. Any thread. */
#include "net/episode_record.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "net/pb_arena.h"
#include "proto/buffer.pb-c.h"

#include <math.h>
#include <string.h>

enum { FORMAT = 1, SLACK_BYTES = 16 * 1024 };
enum { MAX_T = 1000000, MAX_N = 1024, MAX_DIM = 65536, MAX_S = 1048576 };

typedef Starling__Buffer__Episode pb_episode;

/* the lengths of the arrays, by the shapes */
typedef struct lengths {
    size_t obs, obs_mask, state, avail, action, value, logits, z;
} lengths;

static lengths count(const sl_episode *e) {
    size_t T = (size_t)e->T, N = (size_t)e->N;
    return (lengths){.obs = (T + 1) * N * (size_t)e->O,
                     .obs_mask = N * (size_t)e->O,
                     .state = e->state ? (T + 1) * (size_t)e->S : 0,
                     .avail = e->avail ? T * N * (size_t)e->A : 0,
                     .action = T * N,
                     .value = (T + 1) * (size_t)e->M,
                     .logits = T * N * (size_t)e->A,
                     .z = T * N * (size_t)e->H};
}

static void fill(const sl_episode *e, pb_episode *r) {
    lengths n = count(e);
    r->has_format = 1, r->format = FORMAT;
    r->has_steps = 1, r->steps = (uint32_t)e->T;
    r->has_agents = 1, r->agents = (uint32_t)e->N;
    r->has_obs_dim = 1, r->obs_dim = (uint32_t)e->O;
    r->has_actions = 1, r->actions = (uint32_t)e->A;
    r->has_state_dim = e->state != NULL, r->state_dim = (uint32_t)e->S;
    r->has_embedding = 1, r->embedding = (uint32_t)e->H;
    r->has_values = 1, r->values = (uint32_t)e->M;
    r->has_index = 1, r->index = e->index;
    r->has_terminated = 1, r->terminated = e->terminated;
    r->has_episode_return = 1, r->episode_return = e->ret;
    r->has_won = e->knows_won, r->won = e->won;
    // packing reads these arrays and never writes them
    r->n_obs = n.obs, r->obs = (float *)e->obs;
    r->n_obs_mask = n.obs_mask, r->obs_mask = (float *)e->obs_mask;
    r->n_state = n.state, r->state = (float *)e->state;
    r->has_avail = e->avail != NULL, r->avail = (ProtobufCBinaryData){n.avail, (uint8_t *)e->avail};
    r->n_action = n.action, r->action = (int32_t *)e->action;
    r->n_logp = n.action, r->logp = (float *)e->logp;
    r->n_value = n.value, r->value = (float *)e->value;
    r->n_reward = n.action, r->reward = (float *)e->reward;
    r->n_alive = e->alive ? n.action : 0, r->alive = (float *)e->alive;
    r->n_logits = n.logits, r->logits = (float *)e->logits;
    r->n_z = n.z, r->z = (float *)e->z;
}

size_t sl_episode_most_bytes(const sl_episode *shape) {
    enum { VARINT_BYTES = 5, REST_BYTES = 256 };
    lengths n = count(shape);
    size_t floats = n.obs + n.obs_mask + n.state + n.value + n.logits + n.z + (shape->alive ? 3 : 2) * n.action;
    return sizeof(float) * floats + n.avail + VARINT_BYTES * n.action + REST_BYTES;
}

sl_status sl_episode_encode(const sl_episode *episode, uint8_t **bytes, size_t *n_bytes) {
    SL_ASSERT(episode->T > 0 && episode->N > 0 && episode->O > 0 && episode->A > 0 && episode->H > 0);
    SL_ASSERT(episode->M == 1 || episode->M == episode->N);
    pb_episode record = STARLING__BUFFER__EPISODE__INIT;
    fill(episode, &record);
    size_t n = starling__buffer__episode__get_packed_size(&record);
    uint8_t *packed = sl_alloc(n);
    if (!packed) return sl_fail(SL_MEMORY, NULL, "no memory for an episode of %zu bytes", n);
    *n_bytes = starling__buffer__episode__pack(&record, packed);
    *bytes = packed;
    return SL_OK;
}

static sl_status bad(const char *field) {
    return sl_fail(SL_CORRUPT, NULL, "episode record: missing or bad field '%s'", field);
}

static bool all_finite(const float *x, size_t n) {
    // x - x is 0 for all but NaN and infinity; summed without a branch so that the loop vectorises
    float sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i] - x[i];
    return sum == 0;
}

static bool all_flags(const float *x, size_t n) {
    bool good = true;
    for (size_t i = 0; i < n; i++) good &= x[i] == 0 || x[i] == 1;
    return good;
}

static bool in_range(uint32_t value, uint32_t most) {
    return value >= 1 && value <= most;
}

static sl_status read_scalars(const pb_episode *r, sl_episode *out) {
    if (!r->has_format) return bad("format");
    if (r->format != FORMAT)
        return sl_fail(SL_MISMATCH, "record the buffer again with this version of Starling",
                       "episode record of format %u, this reads %d", r->format, FORMAT);
    if (!in_range(r->steps, MAX_T)) return bad("steps");
    if (!in_range(r->agents, MAX_N)) return bad("agents");
    if (!in_range(r->obs_dim, MAX_DIM)) return bad("obs_dim");
    if (!in_range(r->actions, MAX_DIM)) return bad("actions");
    if (!in_range(r->embedding, MAX_DIM)) return bad("embedding");
    if (r->has_state_dim && !in_range(r->state_dim, MAX_S)) return bad("state_dim");
    if (r->values != 1 && r->values != r->agents) return bad("values");
    if (!r->has_index) return bad("index");
    if (!r->has_terminated) return bad("terminated");
    if (!r->has_episode_return || !isfinite(r->episode_return)) return bad("episode_return");
    *out = (sl_episode){.T = (int)r->steps,
                        .N = (int)r->agents,
                        .O = (int)r->obs_dim,
                        .A = (int)r->actions,
                        .S = r->has_state_dim ? (int)r->state_dim : 0,
                        .H = (int)r->embedding,
                        .M = (int)r->values,
                        .index = r->index,
                        .terminated = r->terminated,
                        .knows_won = r->has_won,
                        .won = r->has_won && r->won,
                        .ret = r->episode_return};
    return SL_OK;
}

static sl_status read_arrays(const pb_episode *r, sl_episode *out) {
    out->state = r->has_state_dim ? r->state : NULL;
    out->avail = r->has_avail ? r->avail.data : NULL;
    out->alive = r->n_alive ? r->alive : NULL;
    lengths n = count(out);
    if (r->n_obs != n.obs || !all_finite(r->obs, n.obs)) return bad("obs");
    if (r->n_obs_mask != n.obs_mask || !all_flags(r->obs_mask, n.obs_mask)) return bad("obs_mask");
    if (r->n_state != n.state || (r->has_state_dim && !r->state) || !all_finite(r->state, n.state))
        return bad("state");
    if (r->has_avail && (r->avail.len != n.avail || !r->avail.data)) return bad("avail");
    for (size_t i = 0; i < n.avail; i++)
        if (r->avail.data[i] > 1) return bad("avail");
    if (r->n_action != n.action) return bad("action");
    for (size_t i = 0; i < n.action; i++)
        if (r->action[i] < 0 || r->action[i] >= out->A) return bad("action");
    if (r->n_logp != n.action || !all_finite(r->logp, n.action)) return bad("logp");
    if (r->n_value != n.value || !all_finite(r->value, n.value)) return bad("value");
    if (r->n_reward != n.action || !all_finite(r->reward, n.action)) return bad("reward");
    if (r->n_alive && (r->n_alive != n.action || !all_flags(r->alive, n.action))) return bad("alive");
    if (r->n_logits != n.logits || !all_finite(r->logits, n.logits)) return bad("logits");
    if (r->n_z != n.z || !all_finite(r->z, n.z)) return bad("z");
    out->obs = r->obs, out->obs_mask = r->obs_mask, out->action = r->action, out->logp = r->logp,
    out->value = r->value;
    out->reward = r->reward, out->logits = r->logits, out->z = r->z;
    return SL_OK;
}

sl_status sl_episode_decode(const uint8_t *bytes, size_t n_bytes, sl_episode *out, void **memory) {
    // unpacked, the record takes its own size and a little, all in the one block that the caller gets
    if (n_bytes > SIZE_MAX / 2) return bad("size");
    uint8_t *block = sl_alloc(n_bytes + SLACK_BYTES);
    if (!block) return sl_fail(SL_MEMORY, NULL, "no memory for an episode of %zu bytes", n_bytes);
    sl_pb_arena arena;
    sl_pb_arena_init(&arena, block, n_bytes + SLACK_BYTES);
    const pb_episode *record =
        (const void *)sl_pb_unpack(&arena, &starling__buffer__episode__descriptor, bytes, n_bytes);
    sl_episode episode = {0};
    sl_status status =
        record ? read_scalars(record, &episode) : sl_fail(SL_CORRUPT, NULL, "episode record: not protobuf");
    if (status == SL_OK) status = read_arrays(record, &episode);
    if (status != SL_OK) {
        sl_free(block);
        return status;
    }
    *out = episode;
    *memory = block;
    return SL_OK;
}
