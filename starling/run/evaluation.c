/* evaluation.c - see evaluation.h. */
#include "starling/run/evaluation.h"

#include "common/alloc.h"

#include <string.h>

void sl_evaluation_fini(sl_evaluation *self) {
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

sl_status sl_evaluation_read(const sl_learn_message *answer, int n_agents, int n_episodes, sl_evaluation *out) {
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
    sl_evaluation results = {.n_episodes = n_episodes, .n_agents = n_agents};
    results.returns = sl_alloc_copy(returns->data, returns->n_bytes);
    results.lengths = sl_alloc_copy(lengths->data, lengths->n_bytes);
    if (won) results.won = sl_alloc_copy(won->data, won->n_bytes);
    if (ticks) results.tick_ns = sl_alloc_copy(ticks->data, ticks->n_bytes);
    if (ticks) results.n_ticks = (int64_t)(ticks->n_bytes / sizeof *results.tick_ns);
    if (!results.returns || !results.lengths || (won && !results.won) || (ticks && !results.tick_ns)) {
        sl_evaluation_fini(&results);
        return sl_fail(SL_MEMORY, NULL, "no memory for %d episodes", n_episodes);
    }
    if (incidents) memcpy(&results.incidents, incidents->data, sizeof results.incidents);
    if (latency) {
        memcpy(results.round_trip_ns, latency->data, sizeof results.round_trip_ns);
        memcpy(results.residence_ns, (const uint8_t *)latency->data + sizeof results.round_trip_ns,
               sizeof results.residence_ns);
    }
    *out = results;
    return SL_OK;
}
