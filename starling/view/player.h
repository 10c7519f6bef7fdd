/* player.h - plays episodes of one copy of an environment in this process, step by step, and records them when asked
 * to. Episode e of a seed is that of envs/streams.h, so it is the one that `starling eval` plays. One thread; steps
 * allocate nothing. */
#ifndef SL_STARLING_VIEW_PLAYER_H
#define SL_STARLING_VIEW_PLAYER_H

#include "envs/env.h"
#include "starling/run/options.h"

typedef struct sl_player_def {
    const char *env, *policy; /* borrowed for the player's life; policy as in chosen_policy.h */
    /* The defaults, or what the policy's folder tells; and over these: */
    const sl_text_list *switches;
    int n_agents;         /* 0 = not given */
    const char *opponent; /* as in setup/opponent.h; NULL = not given */
    uint64_t seed;
    const char *record; /* a file to record to, borrowed too; NULL = none */
} sl_player_def;

/* Where the episode is. */
typedef struct sl_player_state {
    int64_t episode, step;
    double reward, total;   /* of the last step and so far, as sl_env_return counts */
    const int32_t *actions; /* (N) of the last step; NULL before the first, and when they are continuous */
    bool terminated, truncated, won;
} sl_player_state;

typedef struct sl_player sl_player;

/* SL_USAGE, SL_CONFIG, SL_NOT_FOUND, SL_CORRUPT, SL_MISMATCH, SL_NO_SPACE, SL_IO, SL_MEMORY: see chosen_policy.h,
 * env.h and recorder.h. */
SL_MUST_CHECK sl_status sl_player_open(const sl_player_def *def, sl_player **out);
/* Finishes the recording and says whether all of it was written; the player is gone in any case. NULL-safe. */
SL_MUST_CHECK sl_status sl_player_close(sl_player **self);
SL_MUST_CHECK sl_status sl_player_begin(sl_player *self, int64_t episode);
SL_MUST_CHECK sl_status sl_player_step(sl_player *self); /* not after the end */
const sl_player_state *sl_player_get_state(const sl_player *self);
const sl_env *sl_player_env(const sl_player *self);

#endif
