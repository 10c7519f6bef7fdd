/* remote.c - a step of agents whose observations come over the link and whose actions go back over it. See team.h. */
#include "links/team_impl.h"

#include <string.h>

void sl_link_team_send(sl_link_team *self, int begin, int end, const float *obs, const uint8_t *avail) {
    const sl_links *links = self->links;
    SL_ASSERT(links->execution == SL_EXECUTION_REMOTE);
    size_t n_obs = (size_t)links->N * (size_t)links->O, n_avail = (size_t)links->N * (size_t)links->A;
    for (int v = begin; v < end; v++) {
        int now = *SL_COPY(int32_t, self, v, step);
        size_t slot = (size_t)(now % self->n_slots);
        memcpy(SL_COPY(float, self, v, obs) + slot * n_obs, obs + (size_t)v * n_obs, n_obs * sizeof *obs);
        if (avail) memcpy(SL_COPY(uint8_t, self, v, avail) + slot * n_avail, avail + (size_t)v * n_avail, n_avail);
        for (int i = 0; i < links->N; i++) {
            const sl_line *line = &self->lines[i];
            sl_line_send(self, line, SL_COPY(sl_line_state, self, v, lines) + i,
                         SL_COPY(sl_parcel, self, v, queues) + line->queue, now, now, (sl_parcel){.made = now},
                         &self->tally[v]);
        }
    }
}

// row: agent i's of seen, from what was made then
static void write_row(const sl_link_team *self, int v, int i, int made, int age, float *row) {
    const sl_links *links = self->links;
    size_t slot = (size_t)(made % self->n_slots);
    const float *obs = SL_COPY(float, self, v, obs) + (slot * (size_t)links->N + (size_t)i) * (size_t)links->O;
    if (!self->shows_ages) {
        memcpy(row, obs, (size_t)links->O * sizeof *row);
        return;
    }
    int n = links->agents[i].obs_dim, n_told = links->agents[i].n_told;
    memcpy(row, obs, (size_t)n * sizeof *row);
    for (int k = 0; k < n_told; k++) row[n + k] = (float)age * SL_LINKS_AGE_UNIT;
    memset(row + n + n_told, 0, (size_t)(self->P - n - n_told) * sizeof *row);
}

static bool deliver_to(const sl_link_team *self, int v, int i, float *seen, uint8_t *shown) {
    const sl_line *line = &self->lines[i];
    int now = *SL_COPY(int32_t, self, v, step), A = self->links->A;
    size_t agent = (size_t)v * (size_t)self->links->N + (size_t)i;
    sl_parcel parcel;
    if (!sl_line_receive(line, SL_COPY(sl_line_state, self, v, lines) + i,
                         SL_COPY(sl_parcel, self, v, queues) + line->queue, now, &parcel))
        return false;
    SL_COPY(double, self, v, arrived)[i] = parcel.at;
    write_row(self, v, i, parcel.made, now - parcel.made, seen + agent * (size_t)self->P);
    if (shown) {
        const uint8_t *avail = SL_COPY(uint8_t, self, v, avail);
        size_t slot = (size_t)(parcel.made % self->n_slots) * (size_t)self->links->N + (size_t)i;
        memcpy(shown + agent * (size_t)A, avail + slot * (size_t)A, (size_t)A);
    }
    sl_age_count(sl_copy_ages(self, v, 0), self->n_ages, now - parcel.made);
    return true;
}

bool sl_link_team_deliver(sl_link_team *self, int begin, int end, float *seen, uint8_t *shown, uint8_t *active) {
    bool any = false;
    int N = self->links->N;
    for (int v = begin; v < end; v++) {
        for (int i = 0; i < N; i++) {
            bool got = deliver_to(self, v, i, seen, shown);
            active[(size_t)v * (size_t)N + (size_t)i] = got;
            any |= got;
        }
    }
    return any;
}

void sl_link_team_act(sl_link_team *self, int begin, int end, const uint8_t *active, const int32_t *actions) {
    int N = self->links->N;
    for (int v = begin; v < end; v++) {
        int now = *SL_COPY(int32_t, self, v, step);
        sl_line_state *states = SL_COPY(sl_line_state, self, v, lines);
        for (int i = 0; i < N; i++) {
            size_t agent = (size_t)v * (size_t)N + (size_t)i;
            if (!active[agent]) continue;
            const sl_line *line = &self->lines[N + i];
            sl_parcel parcel = {.made = states[i].newest, .action = actions[agent]};
            // one that was decided for longer than the step leaves now
            double arrived = SL_COPY(double, self, v, arrived)[i], sent = arrived > now ? arrived : now;
            sl_line_send(self, line, &states[N + i], SL_COPY(sl_parcel, self, v, queues) + line->queue, sent, now,
                         parcel, &self->tally[v]);
            self->tally[v].decisions++;
        }
    }
}

static int32_t apply_to(const sl_link_team *self, int v, int i, int now) {
    const sl_line *line = &self->lines[self->links->N + i];
    sl_line_state *state = SL_COPY(sl_line_state, self, v, lines) + self->links->N + i;
    const sl_parcel *queue = SL_COPY(sl_parcel, self, v, queues) + line->queue;
    sl_tally *tally = &self->tally[v];
    int32_t *applied = SL_COPY(int32_t, self, v, applied) + i;
    sl_parcel parcel;
    int n = 0;
    while (sl_line_receive(line, state, queue, now, &parcel)) n++;
    sl_line_count(state, n > 0, tally);
    sl_age_count(sl_copy_ages(self, v, 1), self->n_ages, state->newest < 0 ? -1 : now - state->newest);
    if (n > 0) {
        tally->skipped += (uint64_t)n - 1;
        *applied = parcel.action;
        return parcel.action;
    }
    tally->fallbacks++;
    return sl_fallback_act(self->links->fallback, *applied, state->run);
}

void sl_link_team_apply(sl_link_team *self, int begin, int end, int32_t *applied) {
    int N = self->links->N;
    for (int v = begin; v < end; v++) {
        int32_t *now = SL_COPY(int32_t, self, v, step);
        // an observation that nobody took
        sl_parcel parcel;
        for (int i = 0; i < N; i++)
            while (sl_line_receive(&self->lines[i], SL_COPY(sl_line_state, self, v, lines) + i,
                                   SL_COPY(sl_parcel, self, v, queues) + self->lines[i].queue, *now, &parcel))
                self->tally[v].skipped++;
        for (int i = 0; i < N; i++) applied[(size_t)v * (size_t)N + (size_t)i] = apply_to(self, v, i, *now);
        ++*now;
    }
}
