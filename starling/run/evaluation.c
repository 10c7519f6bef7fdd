/* evaluation.c - see evaluation.h. Called by crew.c, and by the commands when they are done with an answer. */
#include "starling/run/evaluation.h"

#include "common/alloc.h"

#include <string.h>

void sl_flown_fini(sl_flown *self) {
    sl_free(self->returns);
    sl_free(self->lengths);
    sl_free(self->won);
    sl_free(self->tick_ns);
    memset(self, 0, sizeof *self);
}

// a tensor of that role and type with n elements
static const sl_wire_tensor *want(const sl_learn_message *answer, sl_tensor_role role, sl_wire_type type, int64_t n) {
    const sl_wire_tensor *tensor = sl_learn_tensor(answer, role);
    if (!tensor || tensor->type != type) return NULL;
    int64_t elements = 1;
    for (int d = 0; d < tensor->n_dims; d++) elements *= tensor->dims[d];
    return n < 0 || elements == n ? tensor : NULL;
}

sl_status sl_flown_read(const sl_learn_message *answer, int n_agents, int n_episodes, sl_flown *out) {
    int64_t episodes = n_episodes;
    const sl_wire_tensor *returns = want(answer, SL_TENSOR_EPISODE_RETURN, SL_WIRE_F64, episodes * (int64_t)n_agents);
    const sl_wire_tensor *lengths = want(answer, SL_TENSOR_EPISODE_LENGTH, SL_WIRE_I32, episodes);
    const sl_wire_tensor *won = want(answer, SL_TENSOR_EPISODE_WON, SL_WIRE_U8, episodes);
    const sl_wire_tensor *ticks = want(answer, SL_TENSOR_TICK_NS, SL_WIRE_I64, -1);
    const sl_wire_tensor *incidents = want(answer, SL_TENSOR_INCIDENTS, SL_WIRE_I64, SL_INCIDENTS);
    const sl_wire_tensor *latency = want(answer, SL_TENSOR_LATENCY, SL_WIRE_F64, 4);
    if (!returns || !lengths || (sl_learn_tensor(answer, SL_TENSOR_EPISODE_WON) && !won)) {
        return sl_fail(SL_MISMATCH, NULL, "the coordinator's answer does not hold %d episodes of %d agents",
                       n_episodes, n_agents);
    }
    sl_flown flown = {.n_episodes = n_episodes, .n_agents = n_agents};
    flown.returns = sl_alloc_copy(returns->data, returns->n_bytes);
    flown.lengths = sl_alloc_copy(lengths->data, lengths->n_bytes);
    if (won) flown.won = sl_alloc_copy(won->data, won->n_bytes);
    if (ticks) flown.tick_ns = sl_alloc_copy(ticks->data, ticks->n_bytes);
    if (ticks) flown.n_ticks = (int64_t)(ticks->n_bytes / sizeof *flown.tick_ns);
    if (!flown.returns || !flown.lengths || (won && !flown.won) || (ticks && !flown.tick_ns)) {
        sl_flown_fini(&flown);
        return sl_fail(SL_MEMORY, NULL, "no memory for %d episodes", n_episodes);
    }
    if (incidents) memcpy(flown.incidents, incidents->data, sizeof flown.incidents);
    if (latency) {
        memcpy(flown.round_trip_ns, latency->data, sizeof flown.round_trip_ns);
        memcpy(flown.residence_ns, (const uint8_t *)latency->data + sizeof flown.round_trip_ns,
               sizeof flown.residence_ns);
    }
    *out = flown;
    return SL_OK;
}
