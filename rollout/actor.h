/* actor.h - who acts where nothing is learned, in evaluations and in `starling env play`: the random policy, the
 * environment's heuristic, or a policy set, which computes the same bits as the flown agents. Nothing is allocated
 * after create; distinct slices may run on distinct threads. */
#ifndef SL_ROLLOUT_ACTOR_H
#define SL_ROLLOUT_ACTOR_H

#include "net/learn_message.h"
#include "rollout/policy_set.h"
#include "rollout/runner.h"

typedef struct sl_actor_def {
    sl_policy_kind policy;
    int V;
    const sl_env *env;             /* borrowed for life, as is set */
    sl_policy_set *set;            /* teacher or students for V copies; NULL for random and heuristic */
    const sl_behaviour *behaviour; /* of the set; NULL: greedy */
} sl_actor_def;

typedef struct sl_actor sl_actor;

/* SL_CONFIG: the environment has no heuristic; SL_MEMORY. */
SL_MUST_CHECK sl_status sl_actor_create(const sl_actor_def *def, sl_actor **out);
void sl_actor_destroy(sl_actor **self);
/* An episode of copy v begins. */
void sl_actor_begin(sl_actor *self, int v, const sl_streams *streams);
/* Writes the step's actions, or vectors where actions are continuous (random alone). */
void sl_actor_act(sl_actor *self, const sl_runner *runner, const sl_step *step);

#endif
