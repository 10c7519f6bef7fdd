/* evaluation.c - see evaluation.h. */
#include "starling/run/evaluation.h"

#include "common/alloc.h"
#include "experiment/choices.h"
#include "net/batch.h"

#include <string.h>

void sl_evaluation_fini(sl_evaluation *self) {
    sl_free(self->returns);
    sl_free(self->lengths);
    sl_free(self->won);
    sl_free(self->tick_ns);
    sl_free(self->link_counts);
    memset(self, 0, sizeof *self);
}

static sl_status take_clock(const sl_learn_message *answer, sl_flight_clock *out) {
    const sl_wire_tensor *clock = sl_learn_find(answer, SL_TENSOR_CLOCK, SL_SHAPE(SL_FLIGHT_CLOCK));
    sl_flight_clock kept = {0};
    if (clock) memcpy(&kept, clock->data, sizeof kept);
    if (kept.kind != SL_EXP_LOCKSTEP && kept.kind != SL_EXP_VIRTUAL && kept.kind != SL_EXP_REALTIME)
        return sl_fail(SL_MISMATCH, NULL, "the coordinator's answer names no clock that is known");
    *out = kept;
    return SL_OK;
}

static sl_status take_link_counts(const sl_learn_message *answer, sl_evaluation *out) {
    bool found = false;
    out->link_counts = sl_alloc(sizeof *out->link_counts);
    if (!out->link_counts) return sl_fail(SL_MEMORY, NULL, "no memory for what links did");
    sl_status status = sl_link_counts_take(answer, &found, out->link_counts);
    if (found) return SL_OK;
    sl_free(out->link_counts);
    out->link_counts = NULL;
    return status;
}

sl_status sl_evaluation_read(const sl_learn_message *answer, int n_agents, int n_episodes, sl_evaluation *out) {
    sl_batch batch = {.N = n_agents};
    SL_TRY(sl_batch_take(&batch, answer, SL_ROLE(EPISODE_RETURN) | SL_ROLE(EPISODE_LENGTH), SL_ROLE(EPISODE_WON)));
    if (batch.n_episodes != n_episodes)
        return sl_fail(SL_MISMATCH, NULL, "the coordinator's answer holds %d episodes, %d were asked for",
                       batch.n_episodes, n_episodes);
    const sl_wire_tensor *ticks = sl_learn_find(answer, SL_TENSOR_TICK_NS, SL_SHAPE(SL_ANY_LENGTH));
    const sl_wire_tensor *incidents = sl_learn_find(answer, SL_TENSOR_INCIDENTS, SL_SHAPE(SL_INCIDENTS));
    const sl_wire_tensor *latency = sl_learn_find(answer, SL_TENSOR_LATENCY, SL_SHAPE(2, 2));
    size_t E = (size_t)n_episodes;
    sl_evaluation results = {.n_episodes = n_episodes, .n_agents = n_agents};
    results.returns = sl_alloc_copy(batch.episode_return, E * (size_t)n_agents * sizeof *results.returns);
    results.lengths = sl_alloc_copy(batch.episode_length, E * sizeof *results.lengths);
    if (batch.episode_won) results.won = sl_alloc_copy(batch.episode_won, E);
    if (ticks) results.tick_ns = sl_alloc_copy(ticks->data, ticks->n_bytes);
    if (ticks) results.n_ticks = (int64_t)(ticks->n_bytes / sizeof *results.tick_ns);
    if (!results.returns || !results.lengths || (batch.episode_won && !results.won) || (ticks && !results.tick_ns)) {
        sl_evaluation_fini(&results);
        return sl_fail(SL_MEMORY, NULL, "no memory for %d episodes", n_episodes);
    }
    sl_status status = take_clock(answer, &results.clock);
    if (status == SL_OK) status = take_link_counts(answer, &results);
    if (status != SL_OK) {
        sl_evaluation_fini(&results);
        return status;
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
