/* parameter_group.h - one network in training: its parameters, its gradient in one part per learner slice, its Adam.
 * The parameters may lie inside a longer vector that is sent as a whole. Owner: one learner; slice s is written by
 * the thread that works on slice s only. */
#ifndef SL_TRAINER_PARAMETER_GROUP_H
#define SL_TRAINER_PARAMETER_GROUP_H

#include "nn/optim.h"
#include "storage/tensors.h"

typedef struct sl_parameter_group {
    size_t n;
    float *params; /* (n), borrowed */
    float *grads;  /* (n_slices, n), owned */
    int n_slices;
    sl_adam adam;
    double norm;     /* gradient norm of the last step, before clipping */
    int64_t skipped; /* steps not done because the gradient was not finite */
} sl_parameter_group;

SL_MUST_CHECK sl_status sl_parameter_group_init(sl_parameter_group *self, size_t n, float *params,
                                                int n_slices); /* SL_MEMORY */
void sl_parameter_group_fini(sl_parameter_group *self);
float *sl_parameter_group_slice(const sl_parameter_group *self, int slice);
void sl_parameter_group_zero(sl_parameter_group *self, int slice); /* that slice's gradient */
/* The slices' sum without a step, for tests: grads (n). Returns n. */
size_t sl_parameter_group_sum(const sl_parameter_group *self, float *grads);
/* Sums the slices in their order, clips to max_norm, does one Adam step. A gradient that is not finite is counted,
 * logged the first time, and the step is skipped. */
void sl_parameter_group_step(sl_parameter_group *self, const char *name, double lr, double adam_eps, double max_norm);
/* Parameters and optimiser state as "<name>.params", ".m", ".v", ".t". load: SL_MISMATCH. */
SL_MUST_CHECK sl_status sl_parameter_group_save(const sl_parameter_group *self, const char *name, sl_tensors *file);
SL_MUST_CHECK sl_status sl_parameter_group_load(sl_parameter_group *self, const char *name, const sl_tensors *file);

#endif
