/* group_step.h - the step at the end of a minibatch: each network's slices are summed in their order, the sum is
 * clipped to a norm, and Adam moves the parameters. All networks of a learner step together, in blocks of parameters
 * that the pool's threads take as they come; norms are summed in the order of blocks, so that no bit depends on the
 * threads. Owner: the learner, between two minibatches. */
#ifndef SL_TRAINER_GROUP_STEP_H
#define SL_TRAINER_GROUP_STEP_H

#include "common/pool.h"
#include "trainer/parameter_group.h"

typedef struct sl_group_step sl_group_step;

/* Of groups that have been initialised; they and the pool are borrowed for the life of self. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_group_step_create(sl_pool *pool, int n_groups, sl_parameter_group *const *groups,
                                             sl_group_step **out);
void sl_group_step_destroy(sl_group_step **self);

typedef struct sl_group_step_options {
    double lr, adam_eps, max_norm; /* max_norm 0: no clipping; the norm is each group's own */
} sl_group_step_options;
/* Once for each group that moves. A gradient that is not finite is counted, logged the first time, and that group's
 * step is skipped. What is in the slices is lost. */
void sl_group_step_run(sl_group_step *self, const sl_group_step_options *options);

#endif
