/* team.c - the lines of a team, its copies' state and its counts. See team.h; steps are in onboard.c and remote.c. */
#include "links/team_impl.h"

#include "common/alloc.h"

#include <math.h>
#include <string.h>

static const uint32_t state_version = 1;

static const sl_metric metrics[] = {
    SL_METRIC("sent", sl_link_counts, sent, SL_METRIC_COUNTER, "messages", "messages that left over the links"),
    SL_METRIC("lost", sl_link_counts, lost, SL_METRIC_COUNTER, "messages", "of them, lost on the way"),
    SL_METRIC("duplicated", sl_link_counts, duplicated, SL_METRIC_COUNTER, "messages", "of them, doubled on the way"),
    SL_METRIC("skipped", sl_link_counts, skipped, SL_METRIC_COUNTER, "messages",
              "messages and copies that came after something newer, or too late to count"),
    SL_METRIC("decisions", sl_link_counts, decisions, SL_METRIC_COUNTER, "decisions", "decisions of agents"),
    SL_METRIC("misses", sl_link_counts, misses, SL_METRIC_COUNTER, "steps",
              "steps in which a block (onboard) or an action (remote) had nothing newer"),
    SL_METRIC("longest_run", sl_link_counts, longest_run, SL_METRIC_GAUGE, "steps", "most misses of one in a row"),
    SL_METRIC("fallbacks", sl_link_counts, fallbacks, SL_METRIC_COUNTER, "actions", "actions of the fallback"),
    SL_METRIC("divergent", sl_link_counts, divergent, SL_METRIC_COUNTER, "decisions",
              "compared decisions that fresh information would have changed"),
    SL_METRIC("compared", sl_link_counts, compared, SL_METRIC_COUNTER, "decisions",
              "decisions that were compared with those on fresh information"),
};
const sl_metric_table sl_link_count_metrics = SL_METRIC_TABLE(metrics);

// no message of this channel is longer under way, in steps; at most n
static int slots_of(const sl_links *links, const sl_channel_def *def, int n) {
    double most = sl_delay_most(&def->delay) / (def->delay.in_steps ? 1.0 : links->step_ms);
    // one step for what is sent within a step, one for rounding down
    return def->rate == 0.0 && most < (double)(n - 2) ? (int)most + 2 : n;
}

static void add_line(sl_link_team *self, sl_line line, int channel, int capacity) {
    line.def = &self->links->channels[channel];
    line.is_ideal = sl_channel_is_ideal(line.def);
    line.queue = self->n_queued;
    line.capacity = capacity;
    self->n_queued += capacity;
    self->lines[self->n_lines++] = line;
}

static void add_lines(sl_link_team *self) {
    const sl_links *links = self->links;
    for (int i = 0; i < links->N; i++) {
        const sl_linked_agent *agent = &links->agents[i];
        for (int b = 0; b < agent->n_blocks; b++) {
            const sl_linked_block *block = &agent->blocks[b];
            sl_line line = {.key = sl_line_key(i, SL_DIRECTION_OBSERVATION, block->place), .agent = i};
            line.begin = block->begin, line.len = block->len, line.age = block->age, line.offset = self->L;
            self->L += block->len;
            add_line(self, line, block->channel, self->n_slots);
        }
    }
    if (links->execution == SL_EXECUTION_ONBOARD) return;
    for (int i = 0; i < links->N; i++)
        add_line(self, (sl_line){.key = sl_line_key(i, SL_DIRECTION_OBSERVATION, SL_LINE_WHOLE), .agent = i},
                 links->agents[i].observation, self->n_slots);
    // answers to observations as old as n_slots, that many steps under way
    for (int i = 0; i < links->N; i++)
        add_line(self, (sl_line){.key = sl_line_key(i, SL_DIRECTION_ACTION, SL_LINE_WHOLE), .agent = i},
                 links->agents[i].action, 2 * self->n_slots);
}

static size_t lay(size_t *n_bytes, size_t n, size_t size) {
    size_t begin = *n_bytes;
    *n_bytes += (n * size + 7) / 8 * 8;
    return begin;
}

static void lay_out(sl_link_team *self) {
    const sl_links *links = self->links;
    sl_copy_layout *at = &self->at;
    size_t n_slots = (size_t)self->n_slots, L = (size_t)self->L, N = (size_t)links->N;
    bool remote = links->execution == SL_EXECUTION_REMOTE;
    at->step = lay(&at->n_bytes, 1, sizeof(int32_t));
    at->lines = lay(&at->n_bytes, (size_t)self->n_lines, sizeof(sl_line_state));
    at->queues = lay(&at->n_bytes, (size_t)self->n_queued, sizeof(sl_parcel));
    at->held = lay(&at->n_bytes, L, sizeof(float));
    at->made = lay(&at->n_bytes, n_slots * L, sizeof(float));
    if (remote) {
        at->arrived = lay(&at->n_bytes, N, sizeof(double));
        at->applied = lay(&at->n_bytes, N, sizeof(int32_t));
        at->obs = lay(&at->n_bytes, n_slots * N * (size_t)links->O, sizeof(float));
        at->avail = lay(&at->n_bytes, n_slots * N * (size_t)links->A, sizeof(uint8_t));
    }
    // copies of distinct threads share no cache line
    at->n_bytes = (at->n_bytes + 63) / 64 * 64;
}

static sl_status build(sl_link_team *self) {
    const sl_links *links = self->links;
    int n_lines = 0, horizon = links->max_steps < SL_LINKS_HORIZON ? links->max_steps : SL_LINKS_HORIZON;
    self->n_slots = 1;
    for (int c = 0; c < links->n_channels; c++) {
        int n = slots_of(links, &links->channels[c], horizon);
        if (n > self->n_slots) self->n_slots = n;
    }
    self->n_ages = horizon + 2;
    self->P = links->O;
    for (int i = 0; i < links->N; i++) {
        const sl_linked_agent *agent = &links->agents[i];
        n_lines += agent->n_blocks + 2;
        if (self->shows_ages && agent->obs_dim + agent->n_told > self->P) self->P = agent->obs_dim + agent->n_told;
    }
    self->lines = sl_alloc_array((size_t)n_lines, sizeof *self->lines);
    if (!self->lines) return sl_fail(SL_MEMORY, NULL, "no memory for a team's links");
    add_lines(self);
    lay_out(self);
    self->copies = sl_alloc_array((size_t)self->V, self->at.n_bytes);
    self->tally = sl_alloc_array((size_t)self->V, sizeof *self->tally);
    self->ages = sl_alloc_array((size_t)self->V * 2 * (size_t)self->n_ages, sizeof *self->ages);
    if (self->copies && self->tally && self->ages) return SL_OK;
    return sl_fail(SL_MEMORY, NULL, "no memory for a team's links: %d copies of %zu bytes", self->V,
                   self->at.n_bytes);
}

sl_status sl_link_team_create(const sl_links *links, int V, bool shows_ages, sl_link_team **out) {
    sl_link_team *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for a team's links");
    self->links = links;
    self->V = V;
    self->shows_ages = shows_ages;
    sl_status status = build(self);
    if (status != SL_OK) {
        sl_link_team_destroy(&self);
        return status;
    }
    sl_rng stream = sl_rng_seed(0);
    for (int v = 0; v < V; v++) sl_link_team_begin(self, v, &stream);
    *out = self;
    return SL_OK;
}

void sl_link_team_destroy(sl_link_team **self) {
    if (!*self) return;
    sl_free((*self)->lines);
    sl_free((*self)->copies);
    sl_free((*self)->tally);
    sl_free((*self)->ages);
    sl_free(*self);
    *self = NULL;
}

void sl_link_team_begin(sl_link_team *self, int v, const sl_rng *stream) {
    *SL_COPY(int32_t, self, v, step) = 0;
    sl_line_state *states = SL_COPY(sl_line_state, self, v, lines);
    for (int k = 0; k < self->n_lines; k++) {
        sl_rng own = sl_rng_split(stream, self->lines[k].key);
        states[k] = (sl_line_state){.newest = -1};
        sl_channel_begin(self->lines[k].def, &own, &states[k].channel);
    }
    memset(SL_COPY(float, self, v, held), 0, (size_t)self->L * sizeof(float));
    if (self->links->execution == SL_EXECUTION_REMOTE)
        memset(SL_COPY(int32_t, self, v, applied), 0, (size_t)self->links->N * sizeof(int32_t));
}

void sl_link_team_count(const sl_link_team *self, int begin, int end, sl_link_counts *out) {
    int last = self->n_ages - 1;
    for (int v = begin; v < end; v++) {
        const sl_tally *tally = &self->tally[v];
        out->sent += tally->sent;
        out->lost += tally->lost;
        out->duplicated += tally->duplicated;
        out->skipped += tally->skipped;
        out->decisions += tally->decisions;
        out->misses += tally->misses;
        out->fallbacks += tally->fallbacks;
        if (tally->longest_run > out->longest_run) out->longest_run = tally->longest_run;
        const uint64_t *observations = sl_copy_ages(self, v, 0), *actions = sl_copy_ages(self, v, 1);
        for (int a = 0; a < last; a++) {
            out->observation_ages[a] += observations[a];
            out->action_ages[a] += actions[a];
        }
        out->observation_ages[SL_LINKS_AGES - 1] += observations[last];
        out->action_ages[SL_LINKS_AGES - 1] += actions[last];
    }
}

void sl_link_team_clear(sl_link_team *self, int begin, int end) {
    size_t n = (size_t)(end - begin);
    memset(self->tally + begin, 0, n * sizeof *self->tally);
    memset(sl_copy_ages(self, begin, 0), 0, n * 2 * (size_t)self->n_ages * sizeof *self->ages);
}

static uint64_t sum(const uint64_t ages[SL_LINKS_AGES]) {
    uint64_t total = 0;
    for (int a = 0; a < SL_LINKS_AGES; a++) total += ages[a];
    return total;
}

double sl_link_miss_rate(const sl_link_counts *counts) {
    uint64_t looks = sum(counts->action_ages);
    if (!looks) looks = sum(counts->observation_ages);
    return looks ? (double)counts->misses / (double)looks : (double)NAN;
}

double sl_link_age_percentile(const uint64_t ages[SL_LINKS_AGES], double p) {
    uint64_t total = sum(ages), below = 0;
    if (total == 0) return (double)NAN;
    for (int a = 0; a < SL_LINKS_AGES - 1; a++)
        if ((double)(below += ages[a]) >= p * (double)total) return a;
    return (double)INFINITY;
}

/* before the copies in a saved state */
typedef struct state_head {
    uint32_t version, execution, copies, lines;
    uint64_t copy_bytes;
} state_head;

static state_head head_of(const sl_link_team *self) {
    return (state_head){state_version, self->links->execution, (uint32_t)self->V, (uint32_t)self->n_lines,
                        self->at.n_bytes};
}

size_t sl_link_team_state_bytes(const sl_link_team *self) {
    return sizeof(state_head) + (size_t)self->V * self->at.n_bytes;
}

void sl_link_team_save(const sl_link_team *self, uint8_t *bytes) {
    state_head head = head_of(self);
    memcpy(bytes, &head, sizeof head);
    memcpy(bytes + sizeof head, self->copies, (size_t)self->V * self->at.n_bytes);
}

// what a step relies on: places in rings, and steps that are none of the future
static bool is_sound(const sl_link_team *self, const uint8_t *copy) {
    int32_t step;
    memcpy(&step, copy + self->at.step, sizeof step);
    bool sound = step >= 0 && step < INT32_MAX - self->n_slots - 1;
    for (int k = 0; k < self->n_lines && sound; k++) {
        const sl_line *line = &self->lines[k];
        sl_line_state state;
        const uint8_t *saved = copy + self->at.lines + (size_t)k * sizeof state;
        if (saved[offsetof(sl_line_state, channel) + offsetof(sl_channel, is_bad)] > 1) return false;
        memcpy(&state, saved, sizeof state);
        sound = state.head >= 0 && state.head < line->capacity && state.n >= 0 && state.n <= line->capacity &&
                state.newest >= -1 && state.newest <= step && state.run >= 0 && state.run <= step &&
                state.channel.next >= 0 &&
                state.channel.next <= (line->def->delay.n > 0 ? line->def->delay.n - 1 : 0);
        // the rest of the queue is of earlier messages, or of an earlier episode
        for (int q = 0; sound && q < state.n; q++) {
            sl_parcel parcel;
            size_t place = (size_t)(line->queue + (state.head + q) % line->capacity);
            memcpy(&parcel, copy + self->at.queues + place * sizeof parcel, sizeof parcel);
            sound = parcel.made >= 0 && parcel.made <= step;
        }
    }
    return sound;
}

sl_status sl_link_team_load(sl_link_team *self, const uint8_t *bytes, size_t n_bytes) {
    static const char hint[] = "was it saved with the same links, environment and number of copies?";
    state_head want = head_of(self), got;
    if (n_bytes != sl_link_team_state_bytes(self))
        return sl_fail(SL_MISMATCH, hint, "links: a saved state of %zu bytes, not %zu", n_bytes,
                       sl_link_team_state_bytes(self));
    memcpy(&got, bytes, sizeof got);
    if (memcmp(&want, &got, sizeof want) != 0)
        return sl_fail(SL_MISMATCH, hint, "links: a saved state of version %u, %u copies, %u lines", got.version,
                       got.copies, got.lines);
    bytes += sizeof got;
    for (int v = 0; v < self->V; v++)
        if (!is_sound(self, bytes + (size_t)v * self->at.n_bytes))
            return sl_fail(SL_CORRUPT, hint, "links: the saved state of copy %d is not one", v);
    memcpy(self->copies, bytes, (size_t)self->V * self->at.n_bytes);
    return SL_OK;
}
