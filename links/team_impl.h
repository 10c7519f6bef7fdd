/* team_impl.h - what a team under links is made of: for team.c, onboard.c and remote.c. A line carries the messages
 * of one agent and one block (onboard) or one direction (remote). A copy's state is one piece of memory, so that
 * saving it is copying it; what does not change is beside it. Observations stay in rings of n_slots steps, which no
 * delay that counts outlasts. */
#ifndef SL_LINKS_TEAM_IMPL_H
#define SL_LINKS_TEAM_IMPL_H

#include "links/team.h"

#include "common/assert.h"

/* What does not change of a line. */
typedef struct sl_line {
    const sl_channel_def *def;
    bool is_ideal;
    uint64_t key;               /* names its stream among those of the copy */
    int queue, capacity;        /* its part of the copy's queues */
    int agent, begin, len, age; /* onboard: of the observation; age as in sl_linked_block */
    int offset;                 /* onboard: among the floats of all linked blocks */
} sl_line;

/* The stream of a line is split from the episode's by this. place: of the agent's blocks, or a whole message. */
enum { SL_LINE_WHOLE = 255 };
static inline uint64_t sl_line_key(int agent, sl_direction direction, int place) {
    return ((uint64_t)agent << 16) | ((uint64_t)direction << 8) | (uint64_t)place;
}

/* A message under way. */
typedef struct sl_parcel {
    double at;
    int32_t made;   /* the step of the observation that it is, or answers */
    int32_t action; /* remote, actions */
} sl_parcel;

/* What is under way of a line is a queue in which both at and made rise: whatever would arrive after something newer
 * is never used, and leaves as soon as the newer is sent. So that sending and arriving are O(1) in the mean. */
typedef struct sl_line_state {
    sl_channel channel;
    int32_t head, n; /* of its queue, a ring */
    int32_t newest;  /* the step that made what arrived last; -1: nothing has come */
    int32_t run;     /* steps in a row in which nothing newer came */
} sl_line_state;

/* The single numbers of sl_link_counts. */
typedef struct sl_tally {
    uint64_t sent, lost, duplicated, skipped, decisions, misses, longest_run, fallbacks;
} sl_tally;

/* Where the parts of a copy's state begin; those of the other execution are empty. */
typedef struct sl_copy_layout {
    size_t step, lines, queues; /* int32_t; sl_line_state (n_lines); sl_parcel (n_queued) */
    size_t made, held;          /* onboard: float (n_slots, L), (L) */
    size_t obs, avail;          /* remote: float (n_slots, N, O), uint8_t (n_slots, N, A) */
    size_t arrived, applied;    /* remote: double (N), when the observation came; int32_t (N) */
    size_t n_bytes;
} sl_copy_layout;

struct sl_link_team {
    const sl_links *links;
    int V, P, L; /* L: floats of all linked blocks */
    int n_lines; /* remote: the observations' (N), then the actions' (N) */
    int n_slots, n_queued, n_ages;
    bool shows_ages;
    sl_line *lines;
    sl_copy_layout at;
    uint8_t *copies; /* (V, at.n_bytes) */
    sl_tally *tally; /* (V) */
    uint64_t *ages;  /* (V, 2, n_ages): observations, actions; the last: never came */
};

static inline void *sl_copy_part(const sl_link_team *self, int v, size_t offset) {
    return self->copies + (size_t)v * self->at.n_bytes + offset;
}
#define SL_COPY(type, self, v, part) ((type *)sl_copy_part(self, v, (self)->at.part))

static inline uint64_t *sl_copy_ages(const sl_link_team *self, int v, int which) {
    return self->ages + ((size_t)v * 2 + (size_t)which) * (size_t)self->n_ages;
}

/* One more age in steps; negative = never came. */
static inline void sl_age_count(uint64_t *ages, int n_ages, int age) {
    int last = n_ages - 2;
    ages[age < 0 ? last + 1 : age < last ? age : last]++;
}

/* Something newer came, or not: misses and the run of them. */
static inline void sl_line_count(sl_line_state *state, bool came, sl_tally *tally) {
    state->run = came ? 0 : state->run + 1;
    tally->misses += !came;
    if ((uint64_t)state->run > tally->longest_run) tally->longest_run = (uint64_t)state->run;
}

/* A message leaves at time sent in step now; of two copies the first counts. queue (line's capacity). */
void sl_line_send(const sl_link_team *self, const sl_line *line, sl_line_state *state, sl_parcel *queue, double sent,
                  int now, sl_parcel parcel, sl_tally *tally);
/* The next one that has arrived by the end of step now; false: there is none. */
bool sl_line_receive(const sl_line *line, sl_line_state *state, const sl_parcel *queue, int now, sl_parcel *out);

#endif
