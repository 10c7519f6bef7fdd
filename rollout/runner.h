/* runner.h - episodes of V copies of an environment, played step by step and slice by slice: what those who act are
 * shown, who acts, the step, what is kept of it, what follows an episode's end. Roll-outs, episode batches,
 * evaluations, the fleet's flights and `starling env play` are all of them this loop with other callbacks. It owns
 * the arrays of a step, or of T steps behind each other. Nothing is allocated after create. Distinct slices may run
 * on distinct threads. Shapes as in envs/env.h. */
#ifndef SL_ROLLOUT_RUNNER_H
#define SL_ROLLOUT_RUNNER_H

#include "envs/mask.h"
#include "envs/recording/recorder.h"
#include "envs/streams.h"
#include "links/team.h"
#include "rollout/behaviour.h"
#include "rollout/slices.h"
#include "rollout/snapshot.h"

/* A step of the copies [begin, end) of a slice; arrays are whole vectors of V copies. */
typedef struct sl_step {
    int slice, begin, end, t; /* t: the row of the arrays, 0 with T = 0 */
    int n_ended;              /* episodes that ended with it; known when it is kept */
    const float *obs, *state; /* (V, N, O), (V, S) or NULL: what the step began with */
    const uint8_t *alive;     /* (V, N), or NULL where nobody dies, or it is not wanted */
    const float *seen;        /* (V, N, P): obs as those who act see it */
    const uint8_t *avail;     /* (V, N, A), or NULL: all is legal */
    const uint8_t *shown;     /* (V, N, A), or NULL: avail as those who act are told */
    const uint8_t *active;    /* (V, N): who acts now, or NULL: all; of the others actions are left or ignored */
    uint8_t *answered;        /* (V, N): at_once: written by act, whose actions have come; else NULL */
    int32_t *actions;         /* (V, N) */
    float *vectors;           /* (V, N, A) in their place where actions are continuous, else NULL */
    sl_env_out next;          /* what came of it, known when it is kept; won is NULL where nobody wins */
    uint8_t *ended;           /* (V): next.terminated or next.truncated */
} sl_step;

typedef struct sl_runner_def {
    int V, T;         /* T > 0: the arrays keep that many steps; row T of obs and so on is row 0 of the next T */
    sl_env *env;      /* both are borrowed for life */
    sl_mask *masks;   /* of those who act; NULL: they see everything */
    bool hides_avail; /* the masks hide what is legal, too */
    bool for_critic;  /* state and alive are wanted */
    /* Between the environment and those who act, borrowed for life; NULL: everything is fresh. remote: with T = 0 and
     * discrete actions alone. */
    const sl_links *links;
    /* remote, where a step waits for nobody: act is called once a step, with the newest observation of those that
     * have arrived for an agent, and says whose actions have come, of this step or an earlier one. */
    bool at_once;
    bool ages;        /* those who act see how old what they are told is: P of rollout/view.h, else P = O */
    bool counts_none; /* what came of the links is counted even where they do nothing: sl_runner_team */
    void *context;
    /* Before the step: writes actions, or vectors, of the slice. remote: called once for each round of observations
     * that arrive, never or more than once a step, for those that are active. Other than SL_OK: there is no step. */
    sl_status (*act)(void *context, const sl_step *step);
    /* What is applied stands in actions, obs is what the step begins with. NULL: nobody asks. */
    void (*decided)(void *context, const sl_step *step);
    /* After the step, before an episode that ended makes room for the next; NULL: nothing is kept. */
    void (*keep)(void *context, const sl_step *step);
    /* The episode of copy v has ended and was kept: true, the copy is reset, from the stream of sl_runner_seed if
     * that was called. False, or NULL: it rests, and sl_runner_reset comes before the next step. */
    bool (*next)(void *context, int slice, int v);
} sl_runner_def;

typedef struct sl_runner sl_runner;

/* SL_MEMORY. No copy has begun an episode yet. */
SL_MUST_CHECK sl_status sl_runner_create(const sl_runner_def *def, sl_runner **out);
void sl_runner_destroy(sl_runner **self);
/* The only copy is recorded from now on; borrowed for life. */
void sl_runner_record(sl_runner *self, sl_env_recorder *recorder);
sl_slices sl_runner_slices(const sl_runner *self);
/* The next episode of copy v is this one: environment, mask and links are seeded. A reset follows. */
void sl_runner_seed(sl_runner *self, int v, const sl_streams *streams);
/* Links alone: the next episode of copy v has the fates of this stream, and those after it streams that follow from
 * it, until it is seeded again. */
void sl_runner_link(sl_runner *self, int v, const sl_rng *stream);
/* The team under its links, for its counts; NULL: everything is fresh and nothing is counted. Borrowed. */
sl_link_team *sl_runner_team(sl_runner *self);
/* New episodes for all copies of the slice. What the recorder says. */
SL_MUST_CHECK sl_status sl_runner_reset(sl_runner *self, int slice);
/* One step of the slice. SL_OK, or what act or the recorder says. */
SL_MUST_CHECK sl_status sl_runner_step(sl_runner *self, int slice);
/* One episode of every copy of the slice, of callbacks that cannot fail: from a reset until keep has counted
 * *n_playing, which begins as their number, down to 0. A copy that is through plays on for nobody (next says true).
 */
void sl_runner_play_episodes(sl_runner *self, int slice, const int *n_playing);
/* The step that comes next, and what there is to act on; after T steps row T. With T = 0 for life, flags and rewards
 * of the last step in next (zero after a reset). */
sl_step sl_runner_get(sl_runner *self, int slice);
/* Row 0 of all arrays, for T steps: (T, V, ...), those of what a step begins with (T + 1, V, ...). */
sl_step sl_runner_rows(sl_runner *self);
/* For snapshots between T steps and the next: what the next step begins with, and what is under way. SL_MISMATCH,
 * SL_CORRUPT. */
SL_MUST_CHECK sl_status sl_runner_visit(sl_runner *self, sl_cursor *cursor);
/* For act: the actions of those who are active by a behaviour, from logits (V, N, A); rngs (V, N); logp (V, N, A) is
 * written. */
void sl_runner_choose(const sl_runner *self, const sl_step *step, const sl_behaviour *behaviour, const float *logits,
                      sl_rng *rngs, float *logp);

#endif
