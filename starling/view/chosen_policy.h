/* chosen_policy.h - the policy that the command line names, with the one copy of an environment that it plays: the
 * random policy, the built-in heuristic, a teacher's file, or the students of a run or model folder under their
 * masks. One thread. */
#ifndef SL_STARLING_VIEW_CHOSEN_POLICY_H
#define SL_STARLING_VIEW_CHOSEN_POLICY_H

#include "rollout/actor.h"

typedef struct sl_chosen_policy sl_chosen_policy;

/* text: "random", "heuristic", "nearest" (the heuristic of battles), a policy file or a folder. env: the
 * environment's name; *options becomes what the policy was trained with, where a folder tells. SL_NOT_FOUND,
 * SL_CORRUPT; SL_MISMATCH: a policy for another environment, or a single student; SL_CONFIG, SL_MEMORY. */
SL_MUST_CHECK sl_status sl_chosen_policy_open(const char *text, const char *env, sl_env_options *options,
                                              sl_chosen_policy **out);
void sl_chosen_policy_close(sl_chosen_policy **self); /* after the environment: its options may borrow from here */
/* Before the first episode, once: fills in the masks of runner's def, and *actor, borrowed for life. SL_MISMATCH:
 * another layout; SL_CONFIG: no heuristic, or continuous actions for a policy of discrete ones; SL_MEMORY. */
SL_MUST_CHECK sl_status sl_chosen_policy_meet(sl_chosen_policy *self, const sl_env *env, sl_runner_def *runner,
                                              sl_actor **actor);

#endif
