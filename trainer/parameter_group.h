/* parameter_group.h - one network in training: its parameters, its gradient in one part per learner slice, its Adam.
 * The parameters may lie inside a longer vector that is sent as a whole. Owner: one learner; slice s is written by
 * the thread that works on slice s only. group_step.h moves the parameters. */
#ifndef SL_TRAINER_PARAMETER_GROUP_H
#define SL_TRAINER_PARAMETER_GROUP_H

#include "nn/optim.h"
#include "storage/tensors.h"

#include <stdbool.h>

typedef struct sl_parameter_group {
    const char *name; /* borrowed: in warnings and checkpoints */
    size_t n;
    float *params; /* (n), borrowed */
    float *grads;  /* (n_slices, n), owned */
    int n_slices;
    bool moves; /* false: its next steps leave it out, and its slices may hold anything */
    sl_adam adam;
    double norm;     /* gradient norm of the last step, before clipping */
    int64_t skipped; /* steps not done because the gradient was not finite */
} sl_parameter_group;

/* It moves. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_parameter_group_init(sl_parameter_group *self, const char *name, size_t n, float *params,
                                                int n_slices);
void sl_parameter_group_fini(sl_parameter_group *self);
float *sl_parameter_group_slice(const sl_parameter_group *self, int slice);
void sl_parameter_group_zero(sl_parameter_group *self, int slice); /* that slice's gradient */
/* The slices' sum without a step, for tests: grads (n), 0 where it does not move. Returns n. */
size_t sl_parameter_group_sum(const sl_parameter_group *self, float *grads);
/* Parameters and optimiser state as "<name>.params", ".m", ".v", ".t". load: SL_MISMATCH. */
SL_MUST_CHECK sl_status sl_parameter_group_save(const sl_parameter_group *self, sl_tensors *file);
SL_MUST_CHECK sl_status sl_parameter_group_load(sl_parameter_group *self, const sl_tensors *file);

#endif
