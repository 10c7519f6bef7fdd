/* divergence.h - policy divergence: the share of decisions that the links changed. In the states of an evaluation the
 * same networks, with recurrent states of their own, read fresh information under the same masks; what they would
 * choose greedily is compared with what is applied, for each living agent at each step. Nothing is allocated after
 * create; distinct slices may run on distinct threads. */
#ifndef SL_ROLLOUT_DIVERGENCE_H
#define SL_ROLLOUT_DIVERGENCE_H

#include "net/learn_message.h"
#include "rollout/policy_set.h"
#include "rollout/runner.h"

typedef struct sl_divergence_def {
    const sl_setup *setup;
    const sl_env *env;
    const sl_mask *masks;  /* of those who act, or NULL */
    sl_policy_kind policy; /* teacher or students */
    int V;
    sl_policy_set *set; /* who acts, for V copies; its parameters are read as they are at each step */
} sl_divergence_def;

typedef struct sl_divergence sl_divergence;

/* All of def is borrowed for life. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_divergence_create(const sl_divergence_def *def, sl_divergence **out);
void sl_divergence_destroy(sl_divergence **self);
/* An episode of copy v begins. */
void sl_divergence_begin(sl_divergence *self, int v);
/* What is applied in this step, as sl_runner_def.decided tells it. playing (V): copies below 0 are not counted. */
void sl_divergence_compare(sl_divergence *self, const sl_step *step, const int64_t *playing, uint64_t *divergent,
                           uint64_t *compared);

#endif
