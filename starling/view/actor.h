/* actor.h - who plays one copy of an environment in this process: the random policy, the built-in heuristic, a
 * teacher's file, or the students of a run or model folder under their masks. Decides as the coordinator's evaluation
 * and the flown agents do, to the bit. One thread. */
#ifndef SL_STARLING_VIEW_ACTOR_H
#define SL_STARLING_VIEW_ACTOR_H

#include "envs/env.h"
#include "envs/streams.h"

typedef struct sl_actor sl_actor;

/* text: "random", "heuristic", "nearest" (the heuristic of battles), a policy file or a folder. env: the
 * environment's name; *options becomes what the policy was trained with, where a folder tells. SL_NOT_FOUND,
 * SL_CORRUPT; SL_MISMATCH: a policy for another environment, or a single student; SL_CONFIG, SL_MEMORY. */
SL_MUST_CHECK sl_status sl_actor_open(const char *text, const char *env, sl_env_options *options, sl_actor **out);
void sl_actor_close(sl_actor **self); /* after the environment: its options may borrow from here */
/* Before the first episode, once. SL_MISMATCH: another layout; SL_CONFIG: no heuristic, or continuous actions for a
 * policy of discrete ones; SL_MEMORY. */
SL_MUST_CHECK sl_status sl_actor_meet(sl_actor *self, const sl_env *env);
/* An episode begins. */
void sl_actor_begin(sl_actor *self, const sl_streams *streams);
/* obs (N, O) and avail (N, A) of the only copy -> actions (N), or vectors (N, A) when the environment is continuous.
 */
void sl_actor_act(sl_actor *self, const float *obs, const uint8_t *avail, int32_t *actions, float *vectors);

#endif
