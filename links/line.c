/* line.c - the messages of one line: what is under way, in the order in which it arrives. See team_impl.h. */
#include "links/team_impl.h"

static sl_parcel *place(const sl_line *line, const sl_line_state *state, sl_parcel *queue, int k) {
    int at = state->head + k;
    return &queue[at < line->capacity ? at : at - line->capacity];
}

void sl_line_send(const sl_link_team *self, const sl_line *line, sl_line_state *state, sl_parcel *queue, double sent,
                  int now, sl_parcel parcel, sl_tally *tally) {
    sl_fate fate = sl_channel_send(line->def, &state->channel, self->links->step_ms, sent);
    tally->sent++;
    tally->lost += fate.n == 0;
    tally->duplicated += fate.n == 2;
    tally->skipped += fate.n == 2;
    if (fate.n == 0) return;
    parcel.at = fate.n == 2 && fate.at[1] < fate.at[0] ? fate.at[1] : fate.at[0];
    // what is overtaken is never used
    for (; state->n > 0 && place(line, state, queue, state->n - 1)->at > parcel.at; state->n--) tally->skipped++;
    if (parcel.at >= (double)(now + self->n_slots) || state->n == line->capacity) {
        tally->skipped++;
        return;
    }
    *place(line, state, queue, state->n++) = parcel;
}

bool sl_line_receive(const sl_line *line, sl_line_state *state, const sl_parcel *queue, int now, sl_parcel *out) {
    if (state->n == 0 || queue[state->head].at >= (double)(now + 1)) return false;
    *out = queue[state->head];
    state->head = state->head + 1 < line->capacity ? state->head + 1 : 0;
    state->n--;
    state->newest = out->made;
    return true;
}

int32_t sl_fallback_act(sl_fallback fallback, int32_t last, int32_t run) {
    if (fallback == SL_FALLBACK_HOLD) return last;
    return fallback == SL_FALLBACK_DECAY && run <= SL_LINKS_DECAY ? last : 0;
}
