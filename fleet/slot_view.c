/* slot_view.c - see slot_view.h. */
#include "fleet/slot_view.h"

#include "common/assert.h"
#include "fleet/state.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const int64_t window_ns = INT64_C(10000000000);

#define NUMBER(member, kind, unit, help) SL_METRIC(#member, sl_slot_view, member, kind, unit, help)
static const sl_metric metrics[] = {
    NUMBER(live, SL_METRIC_GAUGE, "", "1 while its agent is, else 0"),
    NUMBER(joined, SL_METRIC_COUNTER, "agents", "welcomed in it: restarts are one less"),
    NUMBER(missed, SL_METRIC_COUNTER, "actions", "of the fallback, as its agent was late"),
    NUMBER(absent, SL_METRIC_COUNTER, "actions", "of the fallback, as it had no agent"),
    NUMBER(misses, SL_METRIC_GAUGE, "steps", "since its agent last answered in time"),
    NUMBER(age, SL_METRIC_GAUGE, "seconds", "since its agent's last message"),
    NUMBER(round_trip_p50, SL_METRIC_GAUGE, "seconds", "the median of ten seconds"),
    NUMBER(round_trip_p99, SL_METRIC_GAUGE, "seconds", "the 99th percentile of ten seconds"),
};
const sl_metric_table sl_slot_metrics = SL_METRIC_TABLE(metrics);

const char *sl_slot_state_name(sl_slot_state state) {
    static const char *const names[] = {[SL_SLOT_FREE] = "free",
                                        [SL_SLOT_JOINING] = "joining",
                                        [SL_SLOT_LIVE] = "live",
                                        [SL_SLOT_SUSPECT] = "suspect",
                                        [SL_SLOT_DEAD] = "dead"};
    SL_ASSERT((size_t)state < sizeof names / sizeof *names);
    return names[state];
}

// the codec has let through printed characters only
static void copy_text(const char *from, char to[SL_SLOT_TEXT]) {
    (void)snprintf(to, SL_SLOT_TEXT, "%s", from);
}

void sl_fleet_note_holder(const sl_fleet *self, sl_slot *slot, const sl_fleet_message *hello) {
    sl_slot_holder *holder = &slot->holder;
    copy_text(hello->device, holder->device);
    copy_text(hello->arch, holder->arch);
    copy_text(hello->build, holder->build);
    copy_text(sl_transport_sender(self->transport), holder->address);
    const sl_allowed *allowed = sl_transport_sender_key(self->transport);
    copy_text(allowed ? allowed->name : "", holder->key);
    (void)snprintf(holder->model, sizeof holder->model, "%s", slot->sha256[0] ? slot->sha256 : hello->model_sha256);
    holder->hidden = slot->def.hidden ? slot->def.hidden : hello->hidden;
    holder->round_trip[0] = holder->round_trip[1] = (double)NAN;
    slot->window = (sl_latency){.n = 0};
    slot->window_ns = self->now_ns;
    slot->joined++;
}

static void measure(const sl_latency *times, double out[2]) {
    out[0] = times->n ? sl_latency_percentile(times, 0.5) / 1e9 : (double)NAN;
    out[1] = times->n ? sl_latency_percentile(times, 0.99) / 1e9 : (double)NAN;
}

void sl_fleet_turn_window(const sl_fleet *self, sl_slot *slot) {
    if (self->now_ns - slot->window_ns < window_ns) return;
    measure(&slot->window, slot->holder.round_trip);
    slot->window = (sl_latency){.n = 0};
    slot->window_ns = self->now_ns;
}

void sl_fleet_view(const sl_fleet *self, int index, sl_slot_view *out) {
    SL_ASSERT(index >= 0 && index < self->def.n_slots);
    const sl_slot *slot = &self->slots[index];
    const sl_slot_holder *holder = &slot->holder;
    bool held = slot->state != SL_SLOT_FREE;
    double trip[2] = {holder->round_trip[0], holder->round_trip[1]};
    // the first ten seconds are not over
    if (slot->joined > 0 && isnan(trip[0])) measure(&slot->window, trip);
    *out = (sl_slot_view){.state = slot->state,
                          .hidden = holder->hidden,
                          .joined = slot->joined,
                          .missed = slot->missed,
                          .absent = slot->absent,
                          .live = slot->state == SL_SLOT_LIVE,
                          .misses = slot->misses,
                          .age = held ? (double)(self->now_ns - slot->heard_ns) / 1e9 : (double)NAN,
                          .round_trip_p50 = held ? trip[0] : (double)NAN,
                          .round_trip_p99 = held ? trip[1] : (double)NAN};
    memcpy(out->device, holder->device, sizeof out->device);
    memcpy(out->arch, holder->arch, sizeof out->arch);
    memcpy(out->build, holder->build, sizeof out->build);
    memcpy(out->address, holder->address, sizeof out->address);
    memcpy(out->key, holder->key, sizeof out->key);
    memcpy(out->model, holder->model, sizeof out->model);
}
