/* replay.h - a replay of one environment, as far as all families share it. A family embeds it as the first member of
 * what it needs besides (recording_class.h). Inside envs/; one thread. */
#ifndef SL_ENVS_RECORDING_REPLAY_H
#define SL_ENVS_RECORDING_REPLAY_H

#include "envs/recording/lines.h"
#include "envs/recording/recording.h"

enum { SL_REPLAY_MIN_NUMBERS = 512 };

typedef struct sl_replay {
    const sl_recording_lines *lines;
    sl_env *env; /* one copy */
    const sl_env_spec *spec;
    bool in_episode;
    double step_obs, step_state, step_reward; /* the largest differences of this step */
    float *obs, *state;                       /* (N, O), (S) */
    uint8_t *avail;                           /* (N, A) */
    double *numbers;                          /* what is read: O + S, SL_REPLAY_MIN_NUMBERS at least */
    double *reward;                           /* (N) */
    int32_t *choices;                         /* (N) what was chosen, or: */
    float *vectors;                           /* (N, A) of a continuous environment */
    uint8_t terminated, truncated, won;
    sl_recording_result result;
} sl_replay;

/* With env set. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_replay_prepare(sl_replay *self);
void sl_replay_finish(sl_replay *self); /* and the environment */
/* A difference of this step, when it is the largest. */
static inline void sl_replay_note(double *largest, double difference) {
    if (difference > *largest) *largest = difference;
}
/* A recorded list of n float32 against own ones, noted. SL_CORRUPT. */
SL_MUST_CHECK sl_status sl_replay_compare(sl_replay *self, const json_t *list, const char *what, int n,
                                          const float *own, double limit, double *largest);
/* The same of every agent's observation: a list, or by_name an object, against obs. */
SL_MUST_CHECK sl_status sl_replay_compare_obs(sl_replay *self, const json_t *table, bool by_name, double limit);
/* The differences of one step go into the result; others_equal: what else the family compares. The first observation
 * of an episode counts with its first step. */
void sl_replay_settle(sl_replay *self, bool flags_equal, bool others_equal);

#endif
