/* onboard.c - a step of agents that sense on board and are told the rest: what each sees. See team.h. */
#include "links/team_impl.h"

#include <string.h>

// everything fresh, ages 0
static void show_fresh(const sl_link_team *self, const float *obs, float *seen) {
    const sl_links *links = self->links;
    if (!self->shows_ages) {
        memcpy(seen, obs, (size_t)links->N * (size_t)links->O * sizeof *seen);
        return;
    }
    for (int i = 0; i < links->N; i++) {
        size_t n = (size_t)links->agents[i].obs_dim;
        memcpy(seen + (size_t)i * (size_t)self->P, obs + (size_t)i * (size_t)links->O, n * sizeof *seen);
        memset(seen + (size_t)i * (size_t)self->P + n, 0, ((size_t)self->P - n) * sizeof *seen);
    }
}

// the newest of the messages that arrive in this step takes the place of what is held
static bool take(const sl_link_team *self, int v, const sl_line *line, sl_line_state *state, int now) {
    const sl_parcel *queue = SL_COPY(sl_parcel, self, v, queues) + line->queue;
    sl_parcel parcel;
    int n = 0;
    while (sl_line_receive(line, state, queue, now, &parcel)) n++;
    if (n == 0) return false;
    self->tally[v].skipped += (uint64_t)n - 1;
    const float *made = SL_COPY(float, self, v, made) + (size_t)(parcel.made % self->n_slots) * (size_t)self->L;
    memcpy(SL_COPY(float, self, v, held) + line->offset, made + line->offset, (size_t)line->len * sizeof *made);
    return true;
}

static void show_line(const sl_link_team *self, int v, int k, int now, const float *obs, float *seen) {
    const sl_line *line = &self->lines[k];
    sl_line_state *state = SL_COPY(sl_line_state, self, v, lines) + k;
    sl_tally *tally = &self->tally[v];
    uint64_t *ages = sl_copy_ages(self, v, 0);
    if (line->is_ideal) {
        tally->sent++;
        sl_age_count(ages, self->n_ages, 0);
        return;
    }
    size_t n_bytes = (size_t)line->len * sizeof *obs;
    const float *fresh = obs + (size_t)line->agent * (size_t)self->links->O + line->begin;
    float *made = SL_COPY(float, self, v, made) + (size_t)(now % self->n_slots) * (size_t)self->L + line->offset;
    float *row = seen + (size_t)line->agent * (size_t)self->P;
    memcpy(made, fresh, n_bytes);
    sl_line_send(self, line, state, SL_COPY(sl_parcel, self, v, queues) + line->queue, now, now,
                 (sl_parcel){.made = now}, tally);
    sl_line_count(state, take(self, v, line, state, now), tally);
    memcpy(row + line->begin, SL_COPY(float, self, v, held) + line->offset, n_bytes);
    // what never came is as old as the episode and one step
    int age = now - state->newest;
    sl_age_count(ages, self->n_ages, state->newest < 0 ? -1 : age);
    if (self->shows_ages && line->age >= 0)
        row[self->links->agents[line->agent].obs_dim + line->age] = (float)age * SL_LINKS_AGE_UNIT;
}

void sl_link_team_show(sl_link_team *self, int begin, int end, const float *obs, float *seen) {
    const sl_links *links = self->links;
    SL_ASSERT(links->execution == SL_EXECUTION_ONBOARD);
    for (int v = begin; v < end; v++) {
        const float *obs_v = obs + (size_t)v * (size_t)links->N * (size_t)links->O;
        float *seen_v = seen + (size_t)v * (size_t)links->N * (size_t)self->P;
        int32_t *now = SL_COPY(int32_t, self, v, step);
        show_fresh(self, obs_v, seen_v);
        for (int k = 0; k < self->n_lines; k++) show_line(self, v, k, *now, obs_v, seen_v);
        self->tally[v].decisions += (uint64_t)links->N;
        ++*now;
    }
}
